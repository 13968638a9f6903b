// SPDX-License-Identifier: MIT
/*
 * The models that libonnx-testdata has from PyTorch, and its simple ones (tests/conformance has those of single
 * operators), each with inputs and expected outputs: every model either runs and is right, as imported and after all passes, or is refused by name.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "libaccel/cpu/cpu.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"
#include "libaccel/import/import.h"
#include "libaccel/passes/passes.h"

#define ROOT		"/usr/share/libonnx-testdata/data"
#define MAX_TENSORS	8
#define LEAST_RUN	9	/* as many ran when this was written: fewer means that something was lost */

static int number, failures, refused, refused_badly;

static void result(bool ok, const char *name, const char *why)
{
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++number, name);
	if (!ok)
		printf("# %s\n", why);
	failures += !ok;
}

static void *read_whole(const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	void *data = NULL;

	if (!f)
		return NULL;
	if (!fstat(fileno(f), &st) && S_ISREG(st.st_mode) && (data = malloc((size_t)st.st_size + 1)))
		*bytes = fread(data, 1, (size_t)st.st_size, f);
	fclose(f);
	return data;
}

/* Reads tensor files KIND_0.pb, KIND_1.pb, ... into the constants of @g, in order. Returns how many, or -1. */
static int read_tensors(const char *dir, const char *kind, struct accel_graph *g)
{
	for (int i = 0; i < MAX_TENSORS; i++) {
		char path[600], name[32];
		Onnx__TensorProto *t;
		size_t bytes = 0;
		void *data;
		int ret;

		snprintf(path, sizeof(path), "%s/test_data_set_0/%s_%d.pb", dir, kind, i);
		data = read_whole(path, &bytes);
		if (!data)
			return i;
		t = onnx__tensor_proto__unpack(NULL, bytes, data);
		free(data);
		if (!t)
			return -1;
		snprintf(name, sizeof(name), "%s%d", kind, i);
		ret = accel_import_tensor(g, NULL, name, t);
		onnx__tensor_proto__free_unpacked(t, NULL);
		if (ret < 0)
			return -1;
	}
	return MAX_TENSORS;
}

static bool close_to(float a, float b)
{
	return a == b || (isnan(a) && isnan(b)) || fabsf(a - b) <= 1e-5f + 1e-4f * fabsf(b);
}

/* Is @got what @want holds? */
static bool same(const struct accel_value *type, const void *got, const struct accel_value *want, char *why, size_t size)
{
	int64_t n = accel_value_elems(want);
	char ta[96], tb[96];

	if (type->dtype != want->dtype || type->rank != want->rank ||
	    memcmp(type->dims, want->dims, (size_t)want->rank * sizeof(*want->dims))) {
		snprintf(why, size, "shape %s, wanted %s", accel_dims_text(type, ta, sizeof(ta)),
			 accel_dims_text(want, tb, sizeof(tb)));
		return false;
	}
	if (!accel_dtype_is_float(want->dtype)) {
		snprintf(why, size, "integers differ");
		return !memcmp(got, want->data, (size_t)accel_value_bytes(want));
	}
	for (int64_t i = 0; i < n; i++) {
		size_t at = (size_t)i * accel_dtype_bytes(want->dtype);
		float a, b;

		accel_load_f32(want->dtype, (const char *)got + at, &a, 1);
		accel_load_f32(want->dtype, (const char *)want->data + at, &b, 1);
		if (close_to(a, b))
			continue;
		snprintf(why, size, "element %lld is %.9g, wanted %.9g", (long long)i, (double)a, (double)b);
		return false;
	}
	return true;
}

static bool run_and_compare(const struct accel_graph *g, const void *const *inputs, const struct accel_graph *want,
			    char *why, size_t size)
{
	void *outputs[MAX_TENSORS] = { NULL };
	struct accel_cpu *cpu;
	bool ok = false;

	if (g->num_outputs > MAX_TENSORS || g->num_outputs != want->num_values) {
		snprintf(why, size, "%d outputs, wanted %d", g->num_outputs, want->num_values);
		return false;
	}
	if (accel_cpu_new(g, 0, &cpu)) {
		snprintf(why, size, "%s", accel_errmsg());
		return false;
	}
	for (int i = 0; i < g->num_outputs; i++)
		outputs[i] = malloc((size_t)accel_value_bytes(&g->values[g->outputs[i]]) + 1);
	if (accel_cpu_run(cpu, inputs, outputs))
		snprintf(why, size, "%s", accel_errmsg());
	else
		ok = true;
	for (int i = 0; i < g->num_outputs; i++) {
		ok = ok && same(&g->values[g->outputs[i]], outputs[i], &want->values[i], why, size);
		free(outputs[i]);
	}
	accel_cpu_free(cpu);
	return ok;
}

/* Makes shape-like inputs (64-bit integers behind the first) constants; the rest stay inputs, with the given dims. */
static int bind(struct accel_graph *g, const struct accel_graph *given, const void **inputs)
{
	int kept = 0;

	for (int i = 0, at = 0; i < given->num_values && at < g->num_inputs; i++) {
		struct accel_value *v = &g->values[g->inputs[at]];

		if (v->rank != given->values[i].rank || v->dtype != given->values[i].dtype)
			return -EINVAL;
		memcpy(v->dims, given->values[i].dims, sizeof(v->dims));
		if (i && v->dtype == ACCEL_S64) {
			if (accel_graph_bind_input(g, at, given->values[i].data))
				return -ENOMEM;
			continue;
		}
		inputs[kept++] = given->values[i].data;
		at++;
	}
	return 0;
}

static void run_model(const char *name, struct accel_graph *g, const struct accel_graph *given,
		      const struct accel_graph *want)
{
	const void *inputs[MAX_TENSORS] = { NULL };
	char why[512] = "";
	bool ok;

	if (bind(g, given, inputs)) {
		result(false, name, "inputs do not fit the data");
		return;
	}
	if (accel_pass_shapes(g, 1) || accel_pass_shapes_known(g)) {
		result(false, name, accel_errmsg());
		return;
	}
	ok = run_and_compare(g, inputs, want, why, sizeof(why));
	if (ok && accel_passes_run(g, NULL)) {
		ok = false;
		snprintf(why, sizeof(why), "passes: %s", accel_errmsg());
	} else if (ok) {
		ok = run_and_compare(g, inputs, want, why, sizeof(why));
	}
	result(ok, name, why);
}

static void test_model(const char *dir, const char *name)
{
	struct accel_graph *g, *given, *want;
	char path[600];
	int ret;

	snprintf(path, sizeof(path), "%s/model.onnx", dir);
	ret = accel_graph_load_onnx(path, &g);
	if (ret) {
		refused++;
		if (getenv("VERBOSE"))
			printf("# %s: %s\n", name, accel_errmsg());
		if (ret != -EOPNOTSUPP) {
			refused_badly++;
			printf("# %s: refused with %d: %s\n", name, ret, accel_errmsg());
		}
		return;
	}
	if (accel_graph_new(&given) || accel_graph_new(&want))
		abort();
	if (read_tensors(dir, "input", given) < 0 || read_tensors(dir, "output", want) <= 0)
		result(false, name, "cannot read the test's data");
	else
		run_model(name, g, given, want);
	accel_graph_unref(g);
	accel_graph_unref(given);
	accel_graph_unref(want);
}

static void test_folder(const char *folder)
{
	struct dirent **entries;
	char dir[512];
	int n;

	snprintf(dir, sizeof(dir), ROOT "/%s", folder);
	n = scandir(dir, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.') {
			snprintf(dir, sizeof(dir), ROOT "/%s/%.200s", folder, entries[i]->d_name);
			test_model(dir, entries[i]->d_name);
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
}

int main(void)
{
	struct stat st;
	int run;

	if (stat(ROOT "/node", &st)) {
		printf("1..0 # SKIP libonnx-testdata is not installed\n");
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_folder("simple");
	test_folder("pytorch-operator");
	test_folder("pytorch-converted");
	run = number;
	printf("# %d models run, %d refused\n", run, refused);
	result(refused_badly == 0, "what is not run is refused as not supported", "see above");
	result(run >= LEAST_RUN, "as many models as before are run", "some are refused now");
	printf("1..%d\n", number);
	return failures ? 1 : 0;
}
