// SPDX-License-Identifier: MIT
/*
 * Weights that are 2:4, by pruning or by nature, run in the array's sparse mode: with the bytes of the dense mode, in fewer cycles. The
 * dense program comes from a device without the feature.
 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/backend/backend.h"
#include "libaccel/codegen/checker.h"
#include "uapi/loom/isa_table.h"
#include "uapi/loom/regs.h"

/**
 * struct layer - a convolution, or with @side 0 a product of @n rows; @pooled: of the flattened output of a convolution
 * @faster: the sparse mode is worth it
 */
struct layer {
	int64_t n, ic, side, oc, k, group;
	bool pooled, faster;
};

static const struct layer layers[] = {
	{ 1, 64, 14, 96, 3, 1, false, true }, { 2, 128, 9, 33, 1, 1, false, true }, { 1, 16, 20, 7, 5, 1, false, true },
	{ 1, 128, 12, 64, 3, 2, false, true }, { 1, 512, 7, 512, 3, 1, false, true }, { 1, 512, 0, 100, 1, 1, false, true },
	{ 1, 32, 6, 77, 3, 1, true, true }, { 4, 4, 5, 8, 1, 1, false, false }, { 1, 20, 11, 9, 3, 1, false, false },
	{ 1, 96, 13, 40, 7, 4, false, false },
};

/* @nature: two of each four weights are zero already. */
static struct accel_graph *network(const struct layer *l, bool nature, uint64_t seed)
{
	int64_t in[4] = { l->n, l->ic, l->side, l->side }, w[4] = { l->oc, l->ic / l->group, l->k, l->k }, pads[4], m[2];
	const struct accel_attr attrs[] = {
		{ .name = "pads", .ints = pads, .count = 4 }, { .name = "group", .i = l->group }, { .name = NULL },
	};
	int64_t taps = l->side ? l->k * l->k : 1, terms = w[1], count = l->oc * terms * taps;
	float *data = malloc((size_t)count * sizeof(*data));
	struct rng r = { .s = seed };
	struct accel_graph *g;
	int v[3];

	for (int i = 0; i < 4; i++)
		pads[i] = l->k / 2;
	/* Terms of a sum are @taps elements apart. */
	for (int64_t i = 0; i < count; i++)
		data[i] = nature && (i / taps % terms + i % taps) % 4 >= 2 ? 0 : rng_unit(&r);
	must(accel_graph_new(&g));
	v[0] = accel_graph_input(g, "x", ACCEL_F32, l->side ? 4 : 2, in);
	m[0] = l->oc;
	m[1] = l->ic;
	v[1] = accel_graph_constant(g, "w", ACCEL_F32, l->side ? 4 : 2, l->side ? w : m, data);
	v[2] = add_const(g, &r, 1, &l->oc, 0.3f);
	v[0] = l->side ? accel_graph_op(g, "Conv", "conv", v, 3, attrs) :
	       accel_graph_op(g, "Gemm", "gemm", v, 3, (const struct accel_attr[]){ { .name = "transB", .i = 1 }, { .name = NULL } });
	assert_true(v[0] >= 0);
	if (l->pooled) {
		m[0] = l->oc * l->side * l->side;
		m[1] = 24;
		v[0] = accel_graph_op(g, "Flatten", "flat", v, 1, NULL);
		v[1] = add_const(g, &r, 2, m, 0.1f);
		v[0] = accel_graph_op(g, "Gemm", "gemm", v, 2, NULL);
	}
	v[0] = accel_graph_op(g, "Relu", "relu", v, 1, NULL);
	assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
	free(data);
	return g;
}

static int count_sparse(const struct accel_program *p)
{
	int n = 0;

	for (uint32_t i = 0; i < p->num_streams; i++)
		for (uint32_t slot = 0; slot < p->streams[i].slots;) {
			const uint8_t *at = p->streams[i].data + (size_t)slot * LOOM_SLOT_BYTES;
			const struct loom_mm *mm = (const void *)at;
			const struct loom_conv *conv = (const void *)at;

			n += (at[0] == LOOM_OP_MM && (mm->flags & LOOM_MXU_SPARSE24)) ||
			     (at[0] == LOOM_OP_CONV && (conv->flags & LOOM_MXU_SPARSE24));
			slot += loom_op_find(at[0])->slots;
		}
	return n;
}

struct measured {
	struct result out;
	uint64_t cycles, bytes;
	int sparse;
};

static struct measured run(const char *spec, struct accel_graph *g, enum accel_precision precision, bool prune, bool feature)
{
	static float calib[4 * 512 * 64];
	struct accel_compile_options o = {
		.size = sizeof(o), .precision = precision, .calib_data = calib, .calib_count = 1,
		.prune = prune ? ACCEL_PRUNE_2_4 : ACCEL_PRUNE_NONE,
	};
	struct rng r = { .s = 5 };
	struct measured m;
	struct accel_stats stats;
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_session *s;
	char why[256];
	const void *out;
	size_t bytes;
	float *in;

	for (size_t i = 0; i < sizeof(calib) / sizeof(calib[0]); i++)
		calib[i] = rng_unit(&r);
	must(accel_open(spec, &dev));
	if (!feature)
		dev->info.features &= ~LOOM_FEAT_SPARSE24;
	must(accel_compile(g, dev, &o, &p));
	for (uint32_t i = 0; i < p->num_streams; i++)
		if (accel_check_stream(p, i, why, sizeof(why)))
			fail_msg("%s", why);
	must(accel_session_new(dev, p, &s));
	in = accel_input(s, 0, &bytes);
	for (size_t i = 0; i < bytes / sizeof(*in); i++)
		in[i] = rng_unit(&r);
	must(accel_run(s));
	out = accel_output(s, 0, &bytes);
	m.out = (struct result){ malloc(bytes), bytes / sizeof(float) };
	memcpy(m.out.data, out, bytes);
	accel_session_stats(s, &stats);
	m.cycles = stats.cycles;
	m.bytes = stats.bytes_in;
	m.sparse = count_sparse(p);
	assert_int_equal(!!(p->target.features & LOOM_FEAT_SPARSE24), m.sparse > 0);
	accel_session_free(s);
	accel_program_unref(p);
	accel_close(dev);
	return m;
}

static void sparse_is_dense_in_fewer_cycles(void **state)
{
	static const char *const specs[] = { "sim", "sim:array=16,spm=131072,acc=65536,bpc=32", "sim:array=128,spm=8388608,acc=1048576,bpc=256" };

	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++)
		for (int k = 0; k < 8; k++) {
			const char *spec = specs[(i + (size_t)k) % 3];
			bool prune = k < 4;
			struct accel_graph *g = network(&layers[i], !prune, i);
			struct measured a = run(spec, g, (enum accel_precision)(k % 4), prune, false);
			struct measured b = run(spec, g, (enum accel_precision)(k % 4), prune, true);
			char what[80];

			snprintf(what, sizeof(what), "layer %zu, precision %d, %s", i, k % 4, spec);
			assert_same(&b.out, &a.out, what);
			assert_int_equal(a.sparse, 0);
			if (k % 3 == 0)
				print_message("# %s: %llu cycles, %d sparse, %llu dense\n", what, (unsigned long long)b.cycles, b.sparse,
					      (unsigned long long)a.cycles);
			assert_true(b.cycles <= a.cycles);
			if (layers[i].faster && !strcmp(spec, "sim"))
				assert_true(b.sparse > 0 && b.cycles < a.cycles);
			free(a.out.data);
			free(b.out.data);
			accel_graph_unref(g);
		}
}

/* One weight too many, or a zero with a sign, and the dense mode it is. */
static void others_stay_dense(void **state)
{
	const int64_t in[4] = { 1, 64, 8, 8 }, w[4] = { 32, 64, 1, 1 };

	for (int k = 0; k < 3; k++) {
		struct accel_graph *g;
		float data[32 * 64];
		struct measured m;
		int v[2];

		for (int i = 0; i < 32 * 64; i++)
			data[i] = i % 4 < 2 ? 1 : 0;
		if (k)
			data[1234] = data[1235] = data[1236] = k == 1 ? 1 : -0.0f;
		must(accel_graph_new(&g));
		v[0] = accel_graph_input(g, "x", ACCEL_F32, 4, in);
		v[1] = accel_graph_constant(g, "w", ACCEL_F32, 4, w, data);
		v[0] = accel_graph_op(g, "Conv", "conv", v, 2, NULL);
		assert_int_equal(accel_graph_output(g, v[0], "y"), 0);
		m = run("sim", g, ACCEL_PREC_FP32, false, true);
		assert_int_equal(m.sparse > 0, k == 0);
		free(m.out.data);
		accel_graph_unref(g);
	}
}

/* A program for the sparse mode is refused where there is none. */
static void feature_is_needed(void **state)
{
	struct accel_graph *g = network(&layers[0], true, 1);
	const struct run_options o = { .batch = 1 };
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_session *s;

	must(accel_open("sim", &dev));
	p = compile_on(dev, g, &o);
	dev->info.features &= ~LOOM_FEAT_SPARSE24;
	assert_int_equal(accel_session_new(dev, p, &s), -EPROTO);
	assert_non_null(strstr(accel_errmsg(), "features 0x4"));
	accel_program_unref(p);
	accel_graph_unref(g);
	accel_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sparse_is_dense_in_fewer_cycles), cmocka_unit_test(others_stay_dense),
		cmocka_unit_test(feature_is_needed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("2:4 sparse weights", tests, NULL, NULL);
}
