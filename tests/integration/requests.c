// SPDX-License-Identifier: MIT
/*
 * requests DEVICE PROGRAM COUNT [FILE TEXT] - COUNT runs of PROGRAM on inputs of their own, all at once as requests of one
 * session, must give what they give one at a time.
 *
 * With FILE, TEXT is written to it while requests run: .../remove of a device in sysfs. Prints a line for each difference,
 * and how long both ways took on the device.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <accel/accel.h>

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "%s: %s\n", what, accel_errmsg());
	exit(1);
}

static void fill(float *in, size_t bytes, uint32_t seed)
{
	uint64_t s = seed * 2654435761u + 1;

	for (size_t i = 0; i < bytes / sizeof(*in); i++) {
		s = s * 6364136223846793005u + 1442695040888963407u;
		in[i] = (float)(s >> 40) / (1 << 24);
	}
}

static void poke(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(path);
		exit(1);
	}
	close(fd);
}

/* One at a time; their time in us. */
static double alone(const char *spec, struct accel_program *prog, int count, uint8_t *out)
{
	struct accel_device *dev;
	struct accel_session *s;
	size_t in_bytes, out_bytes;
	double us = 0;
	float *in;

	must(accel_open(spec, &dev), spec);
	must(accel_session_new(dev, prog, &s), "session");
	in = accel_input(s, 0, &in_bytes);
	for (int i = 0; i < count; i++) {
		struct accel_stats st;
		const void *p = accel_output(s, 0, &out_bytes);

		fill(in, in_bytes, (uint32_t)i);
		must(accel_run(s), "run");
		memcpy(out + (size_t)i * out_bytes, p, out_bytes);
		accel_session_stats(s, &st);
		us += (double)st.wall_ns / 1e3;
	}
	accel_session_free(s);
	accel_close(dev);
	return us;
}

int main(int argc, char **argv)
{
	struct accel_request **req;
	struct accel_program *prog;
	struct accel_device *dev;
	struct accel_session *s;
	size_t in_bytes, out_bytes;
	uint8_t *in, *want, *got;
	double one, many = 0;
	int count, wrong = 0;

	if (argc != 4 && argc != 6) {
		fprintf(stderr, "usage: requests DEVICE PROGRAM COUNT [FILE TEXT]\n");
		return 2;
	}
	count = atoi(argv[3]);
	must(accel_program_load(argv[2], &prog), argv[2]);
	must(accel_open(argv[1], &dev), argv[1]);
	must(accel_session_new(dev, prog, &s), "session");
	accel_input(s, 0, &in_bytes);
	accel_output(s, 0, &out_bytes);
	in = malloc((size_t)count * in_bytes);
	want = malloc((size_t)count * out_bytes);
	got = calloc((size_t)count, out_bytes);
	req = calloc((size_t)count, sizeof(struct accel_request *));
	if (!in || !want || !got || !req)
		return 1;
	one = alone(strcmp(argv[1], "all") ? argv[1] : "drm", prog, count, want);
	for (int i = 0; i < count; i++) {
		const void *from = in + (size_t)i * in_bytes;
		void *to = got + (size_t)i * out_bytes;

		fill((float *)(in + (size_t)i * in_bytes), in_bytes, (uint32_t)i);
		must(accel_session_submit(s, &from, &to, &req[i]), "submit");
		if (i == count / 8 && argc == 6)
			poke(argv[4], argv[5]);
	}
	for (int i = 0; i < count; i++) {
		struct accel_stats st;

		must(accel_request_wait(req[i], 120000), "request");
		accel_request_stats(req[i], &st);
		if ((double)st.wall_ns / 1e3 > many)
			many = (double)st.wall_ns / 1e3;
		accel_request_free(req[i]);
		if (memcmp(got + (size_t)i * out_bytes, want + (size_t)i * out_bytes, out_bytes)) {
			printf("request %d: another result\n", i);
			wrong++;
		}
	}
	accel_session_free(s);
	accel_program_unref(prog);
	accel_close(dev);
	printf("%d requests, %d wrong; one at a time %.0f us, at once %.0f us\n", count, wrong, one, many);
	free(in);
	free(want);
	free(got);
	free(req);
	return wrong != 0;
}
