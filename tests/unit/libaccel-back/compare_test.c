// SPDX-License-Identifier: MIT
/* Comparison by node: errors are small where they should be, and blamed on the node that makes them. */
#include "harness.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROWS 64

struct rows {
	struct accel_node_error row[MAX_ROWS];
	char name[MAX_ROWS][32];
	int num;
};

static void collect(void *ctx, const struct accel_node_error *e)
{
	struct rows *r = ctx;

	assert_in_range(r->num, 0, MAX_ROWS - 1);
	r->row[r->num] = *e;
	strncpy(r->name[r->num++], e->name, sizeof(r->name[0]) - 1);
}

static float *random_input(struct accel_graph *g, uint64_t seed, size_t *elems)
{
	struct accel_tensor_info info;
	struct rng r = { .s = seed, .positive = true };
	float *in;

	must(accel_graph_input_info(g, 0, &info));
	*elems = 1;
	for (int i = 0; i < info.rank; i++)
		*elems *= (size_t)(info.dims[i] < 1 ? 1 : info.dims[i]);
	in = calloc(*elems, sizeof(*in));
	for (size_t i = 0; i < *elems; i++)
		in[i] = rng_unit(&r);
	return in;
}

static void compare(struct accel_graph *g, const char *spec, enum accel_precision p, struct rows *r)
{
	struct accel_compile_options o = { .size = sizeof(o), .precision = p };
	struct accel_device *dev;
	size_t elems;
	float *in = random_input(g, 11, &elems);
	const void *inputs[1] = { in };

	o.calib_data = in;
	o.calib_count = 1;
	memset(r, 0, sizeof(*r));
	must(accel_open(spec, &dev));
	must(accel_compare(g, dev, &o, inputs, collect, r));
	accel_close(dev);
	free(in);
}

static void every_precision(void **state)
{
	static const struct {
		enum accel_precision p;
		double own;
	} cases[] = { { ACCEL_PREC_FP32, 1e-5 }, { ACCEL_PREC_FP16, 4e-3 }, { ACCEL_PREC_BF16, 3e-2 } };

	for (uint64_t seed = 1; seed <= 12; seed++) {
		struct accel_graph *g = random_magnitudes(seed);

		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct rows r;

			compare(g, "sim", cases[i].p, &r);
			assert_true(r.num > 0);
			for (int k = 0; k < r.num; k++) {
				if (!(r.row[k].own.relative <= cases[i].own))
					fail_msg("seed %d, %s: %g", (int)seed, r.name[k], r.row[k].own.relative);
				assert_true(r.row[k].total.cosine > 0.99);
				assert_true(r.row[k].total.sqnr_db > 25);
			}
		}
		accel_graph_unref(g);
	}
}

/* Three layers; the middle one's weights are of magnitudes that fp16 has only in part. */
static struct accel_graph *with_a_culprit(void)
{
	const int64_t dims[] = { 1, 16 }, square[] = { 16, 16 };
	struct rng r = { .s = 3, .positive = true };
	struct accel_graph *g;
	float w[256];
	int in[2];

	must(accel_graph_new(&g));
	in[0] = accel_graph_input(g, "x", ACCEL_F32, 2, dims);
	in[1] = add_const(g, &r, 2, square, 0.2f);
	in[0] = accel_graph_op(g, "MatMul", "good", in, 2, NULL);
	for (int i = 0; i < 256; i++)
		w[i] = 3e-8f * (1 + rng_unit(&r));
	in[1] = accel_graph_constant(g, "tiny", ACCEL_F32, 2, square, w);
	in[0] = accel_graph_op(g, "MatMul", "culprit", in, 2, NULL);
	for (int i = 0; i < 256; i++)
		w[i] = 1e6f / 64;
	in[1] = accel_graph_constant(g, "scale", ACCEL_F32, 2, square, w);
	in[0] = accel_graph_op(g, "MatMul", "innocent", in, 2, NULL);
	must(accel_graph_output(g, in[0], "y"));
	return g;
}

static void the_culprit_is_found(void **state)
{
	struct accel_graph *g = with_a_culprit();
	struct rows r;

	compare(g, "sim", ACCEL_PREC_FP32, &r);
	for (int k = 0; k < r.num; k++)
		assert_true(r.row[k].total.relative < 1e-5);
	compare(g, "sim", ACCEL_PREC_FP16, &r);
	assert_int_equal(r.num, 3);
	assert_string_equal(r.name[1], "culprit");
	assert_true(r.row[0].own.relative < 1e-2);
	assert_true(r.row[1].own.relative > 5e-2);
	/* It has the error at its input, and adds next to none. */
	assert_true(r.row[2].total.relative > 5e-2);
	assert_true(r.row[2].own.relative < 1e-2);
	accel_graph_unref(g);
}

static void int8_and_the_cpu(void **state)
{
	struct accel_graph *g = random_magnitudes(5);
	struct rows sim, cpu;

	compare(g, "sim", ACCEL_PREC_INT8, &sim);
	compare(g, "cpu", ACCEL_PREC_INT8, &cpu);
	assert_int_equal(sim.num, cpu.num);
	for (int k = 0; k < sim.num; k++) {
		assert_true(sim.row[k].total.relative < 0.1);
		assert_true(cpu.row[k].total.relative < 0.1);
	}
	assert_true(sim.row[sim.num - 1].total.max_abs > 0);
	assert_int_equal(cpu.row[0].on_npu, 0);
	compare(g, "cpu", ACCEL_PREC_FP32, &cpu);
	for (int k = 0; k < cpu.num; k++) {
		assert_true(cpu.row[k].total.max_abs == 0);
		assert_true(isinf(cpu.row[k].total.sqnr_db));
	}
	accel_graph_unref(g);
}

static void errors_come_through(void **state)
{
	struct accel_compile_options o = { .size = sizeof(o), .precision = ACCEL_PREC_INT8 };
	struct accel_graph *g = random_magnitudes(5);
	struct accel_device *dev;
	struct rows r = { .num = 0 };
	size_t elems;
	float *in = random_input(g, 1, &elems);
	const void *inputs[1] = { in };

	must(accel_open("sim", &dev));
	assert_true(accel_compare(g, dev, &o, inputs, collect, &r) < 0);
	assert_int_equal(r.num, 0);
	assert_non_null(strstr(accel_errmsg(), "calib"));
	accel_close(dev);
	accel_graph_unref(g);
	free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_precision), cmocka_unit_test(the_culprit_is_found),
		cmocka_unit_test(int8_and_the_cpu), cmocka_unit_test(errors_come_through),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
