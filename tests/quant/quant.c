// SPDX-License-Identifier: MIT
/*
 * quant make DIR COUNT; quant compare DIR COUNT DEVICE... - quantised models (cases.c) for ONNX Runtime (oracle.js), and what each
 * device makes of them beside its answers. Where arithmetic before the last rounding is exact every byte must be the same; where floats
 * round on the way, one number in 2,000 may be another by one step: those that are a tie but for that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <accel/accel.h>

#include "cases.h"
#include "tests/conformance-nets/fill.h"
#include "tests/unit/libaccel-front/onnx_model.h"

#define FEW	0.0005	/* of the numbers of inexact models */

static bool write_file(const char *dir, unsigned int n, const char *what, const void *data, size_t bytes)
{
	char path[400];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s/%u.%s", dir, n, what);
	f = fopen(path, "wb");
	ok = f && fwrite(data, 1, bytes, f) == bytes;
	return f && !fclose(f) && ok;
}

static bool write_case(const char *dir, unsigned int n)
{
	struct made m = make_case(n);
	size_t bytes, count = 1;
	void *data = model_pack(m.model, &bytes);
	char dims[100] = "";
	bool ok;

	for (int i = 0; i < m.rank; i++) {
		count *= (size_t)m.dims[i];
		snprintf(dims + strlen(dims), sizeof(dims) - strlen(dims), "%lld ", (long long)m.dims[i]);
	}
	ok = write_file(dir, n, "onnx", data, bytes) && write_file(dir, n, "x", m.x, count * sizeof(float)) &&
	     write_file(dir, n, "dims", dims, strlen(dims));
	free(data);
	free(m.x);
	model_free(m.model);
	return ok;
}

/* Output y of @m on @dev, to be freed; NULL with a message. */
static void *answer(const struct made *m, struct accel_device *dev, size_t *bytes, enum accel_dtype *type)
{
	struct accel_tensor_info info;
	struct accel_program *p = NULL;
	struct accel_session *s = NULL;
	struct accel_graph *g = NULL;
	void *copy = NULL;
	const void *y;
	void *x;
	size_t room;

	if (!model_parse(m->model, &g) && !accel_compile(g, dev, NULL, &p) && !accel_session_new(dev, p, &s)) {
		x = accel_input(s, 0, &room);
		memcpy(x, m->x, room);
		if (!accel_run(s)) {
			y = accel_output(s, 0, bytes);
			copy = malloc(*bytes + 1);
			if (copy)
				memcpy(copy, y, *bytes);
			accel_program_output_info(p, 0, &info);
			*type = info.dtype;
		}
	}
	accel_session_free(s);
	accel_program_unref(p);
	accel_graph_unref(g);
	return copy;
}

struct tally {
	size_t elems, off_by_one, wrong;
};

static void count(struct tally *t, const void *got, const void *want, size_t bytes, enum accel_dtype type)
{
	for (size_t i = 0; type != ACCEL_S32 && i < bytes; i++) {
		int a = type == ACCEL_U8 ? ((const uint8_t *)got)[i] : ((const int8_t *)got)[i];
		int b = type == ACCEL_U8 ? ((const uint8_t *)want)[i] : ((const int8_t *)want)[i];

		t->elems++;
		t->off_by_one += abs(a - b) == 1;
		t->wrong += abs(a - b) > 1;
	}
	for (size_t i = 0; type == ACCEL_S32 && i < bytes / 4; i++) {
		t->elems++;
		t->wrong += ((const int32_t *)got)[i] != ((const int32_t *)want)[i];
	}
}

static bool compare(const char *dir, unsigned int n, struct accel_device *dev, struct tally *inexact, size_t *elems)
{
	struct made m = make_case(n);
	size_t bytes = 0, want_bytes = 0;
	enum accel_dtype type = ACCEL_NONE;
	void *got = answer(&m, dev, &bytes, &type), *want;
	struct tally t = { 0 };
	char path[400];
	bool ok;

	snprintf(path, sizeof(path), "%s/%u.y", dir, n);
	want = read_file(path, &want_bytes);
	ok = got && want && bytes == want_bytes;
	if (ok)
		count(&t, got, want, bytes, type);
	if (!got)
		printf("# model %u, %s: %s\n", n, m.what, accel_errmsg());
	else if (!ok)
		printf("# model %u, %s: %zu bytes, wanted %zu\n", n, m.what, bytes, want_bytes);
	ok = ok && !t.wrong && (!m.exact || !t.off_by_one);
	if (!ok && got)
		printf("# model %u, %s%s: of %zu numbers %zu are one step off, %zu more\n", n, m.what, m.exact ? ", exact" : "", t.elems,
		       t.off_by_one, t.wrong);
	*elems += t.elems;
	if (!m.exact) {
		inexact->elems += t.elems;
		inexact->off_by_one += t.off_by_one;
	}
	free(got);
	free(want);
	free(m.x);
	model_free(m.model);
	return ok;
}

static bool compare_all(const char *dir, unsigned int models, const char *device)
{
	struct tally inexact = { 0 };
	struct accel_device *dev;
	unsigned int good = 0;
	size_t elems = 0;

	if (accel_open(device, &dev)) {
		printf("# %s\n", accel_errmsg());
		return false;
	}
	for (unsigned int n = 0; n < models; n++)
		good += compare(dir, n, dev, &inexact, &elems);
	accel_close(dev);
	printf("# %s: %u of %u models, %zu numbers; where floats round on the way, %zu of %zu one step off\n", device, good, models, elems,
	       inexact.off_by_one, inexact.elems);
	return good == models && (double)inexact.off_by_one <= FEW * (double)inexact.elems;
}

int main(int argc, char **argv)
{
	unsigned int models = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 0;
	bool ok = models;

	if (argc == 4 && !strcmp(argv[1], "make")) {
		for (unsigned int n = 0; n < models && ok; n++)
			ok = write_case(argv[2], n);
		return ok ? 0 : 1;
	}
	if (argc < 5 || strcmp(argv[1], "compare"))
		return 2;
	for (int i = 4; i < argc; i++)
		ok &= compare_all(argv[2], models, argv[i]);
	return ok ? 0 : 1;
}
