// SPDX-License-Identifier: MIT
/*
 * Damaged models, under AddressSanitizer and UndefinedBehaviorSanitizer: every one is refused with an error that this
 * library gives, or goes through all passes (and, where small, runs). Truncations leave nothing that could be run.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libaccel/cpu/cpu.h"
#include "libaccel/graph/build.h"
#include "libaccel/passes/passes.h"

#define SMALL_MODELS	"/usr/share/libonnx-testdata/data/node"
#define RUN_ELEMS	(1 << 16)	/* graphs with larger values are not run */
#define DENSE		4096		/* every length up to this one, and as far from the end, is tried */

static uint32_t seed = 12345;
static int number, failures;

static uint32_t next(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static void result(bool ok, const char *what, long count)
{
	printf("%s %d - %s (%ld)\n", ok ? "ok" : "not ok", ++number, what, count);
	failures += !ok;
}

static uint8_t *read_whole(const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint8_t *data = NULL;

	if (f && !fstat(fileno(f), &st) && S_ISREG(st.st_mode) && (data = malloc((size_t)st.st_size + 1)))
		*bytes = fread(data, 1, (size_t)st.st_size, f);
	if (f)
		fclose(f);
	return data;
}

/* Runs @g where it is small, on zeros. */
static void run(const struct accel_graph *g)
{
	static const char zeros[RUN_ELEMS * 8];
	const void *inputs[64];
	void *outputs[64] = { NULL };
	struct accel_cpu *cpu;

	if (g->num_inputs > 64 || g->num_outputs > 64)
		return;
	for (int v = 0; v < g->num_values; v++)
		if (accel_value_elems(&g->values[v]) > RUN_ELEMS)
			return;
	for (int i = 0; i < g->num_nodes; i++)
		if (g->nodes[i].attrs.kernel[0] > 64 || g->nodes[i].attrs.kernel[1] > 64)
			return;
	if (accel_cpu_new(g, ACCEL_CPU_STORE, &cpu))
		return;
	for (int i = 0; i < g->num_inputs; i++)
		inputs[i] = zeros;
	for (int i = 0; i < g->num_outputs; i++)
		outputs[i] = malloc((size_t)accel_value_bytes(&g->values[g->outputs[i]]) + 1);
	accel_cpu_run(cpu, inputs, outputs);
	for (int i = 0; i < g->num_outputs; i++)
		free(outputs[i]);
	accel_cpu_free(cpu);
}

static bool known_error(int ret)
{
	return (ret == -EBADMSG || ret == -EOPNOTSUPP || ret == -EINVAL || ret == -EOVERFLOW) && *accel_errmsg();
}

/* 0 refused as should be, 1 accepted, -1 an error that makes no sense. */
static int try_model(const uint8_t *data, size_t bytes)
{
	/* a copy of the exact size, so that one byte too far is seen */
	uint8_t *copy = malloc(bytes ? bytes : 1);
	struct accel_graph *g = NULL;
	int ret;

	memcpy(copy, data, bytes);
	ret = accel_graph_parse_onnx(copy, bytes, &g);
	free(copy);
	if (ret)
		return known_error(ret) ? 0 : -1;
	ret = accel_passes_run(g, NULL);
	if (!ret)
		run(g);
	accel_graph_unref(g);
	return ret && !known_error(ret) ? -1 : 1;
}

static void truncations(const char *path)
{
	size_t bytes = 0;
	uint8_t *data = read_whole(path, &bytes);
	long tried = 0, accepted = 0, odd = 0;
	char what[256];

	for (size_t n = 0; data && n < bytes; n += n < DENSE || n + DENSE >= bytes ? 1 : 4999) {
		int r = try_model(data, n);

		accepted += r == 1;
		odd += r < 0;
		tried++;
	}
	free(data);
	snprintf(what, sizeof(what), "%.200s cut short", path);
	result(tried > 0 && !accepted && !odd, what, tried);
}

static void flips(const char *path, int count)
{
	size_t bytes = 0;
	uint8_t *data = read_whole(path, &bytes);
	long refused = 0, odd = 0;
	char what[256];

	for (int i = 0; data && i < count; i++) {
		/* half of them where the structure is: at either end */
		uint32_t r = next(), near = r % DENSE < bytes ? r % DENSE : 0;
		size_t at = i % 4 == 0 ? near : i % 4 == 1 ? bytes - 1 - near : (size_t)r * 977 % bytes;
		uint8_t old = data[at];
		int ret;

		data[at] ^= (uint8_t)(1 + next() % 255);
		ret = try_model(data, bytes);
		refused += ret == 0;
		odd += ret < 0;
		data[at] = old;
	}
	free(data);
	snprintf(what, sizeof(what), "%.200s with a byte changed", path);
	result(data && !odd && refused, what, count);
}

#define STRIDE	16

/* One byte of every STRIDE of @path changed in turn. */
static bool some_bytes(const char *path, long *tried)
{
	size_t bytes = 0;
	uint8_t *data = read_whole(path, &bytes);
	bool ok = true;

	for (size_t i = next() % STRIDE; data && i < bytes; i += STRIDE) {
		uint8_t old = data[i];

		data[i] ^= (uint8_t)(1 + next() % 255);
		ok &= try_model(data, bytes) >= 0;
		data[i] = old;
		++*tried;
	}
	free(data);
	return ok;
}

/* Small models of every operator: nearly every byte is structure. */
static void small_models(void)
{
	struct dirent **entries;
	long tried = 0;
	bool ok = true;
	int n = scandir(SMALL_MODELS, &entries, NULL, alphasort);

	if (n < 0) {
		printf("ok %d - small models # SKIP libonnx-testdata is not installed\n", ++number);
		return;
	}
	for (int i = 0; i < n; i++) {
		char path[512];

		snprintf(path, sizeof(path), SMALL_MODELS "/%.200s/model.onnx", entries[i]->d_name);
		ok &= some_bytes(path, &tried);
		free(entries[i]);
	}
	free(entries);
	result(ok && tried > 1000, "small models with bytes changed", tried);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	truncations("models/digits-mlp.onnx");
	truncations("models/digits-cnn.onnx");
	flips("models/digits-mlp.onnx", 1500);
	flips("models/digits-cnn.onnx", 1500);
	small_models();
	printf("1..%d\n", number);
	return failures ? 1 : 0;
}
