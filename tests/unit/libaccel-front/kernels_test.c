// SPDX-License-Identifier: MIT
/* The CPU kernels against loops that follow ONNX's definitions literally, over random shapes and attributes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libaccel/cpu/cpu.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"

#define ROUNDS	200

static uint32_t seed = 1;

static uint32_t next(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static int64_t pick(int64_t lo, int64_t hi)
{
	return lo + next() % (hi - lo + 1);
}

static float *numbers(int64_t n)
{
	float *p = malloc((size_t)(n + 1) * sizeof(*p));

	assert_non_null(p);
	for (int64_t i = 0; i < n; i++)
		p[i] = (float)(next() % 2001) / 1000 - 1;
	return p;
}

static void assert_close(const float *got, const float *want, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (!(fabsf(got[i] - want[i]) <= 1e-5f + 1e-5f * fabsf(want[i])))
			fail_msg("element %lld is %.9g, wanted %.9g", (long long)i, (double)got[i], (double)want[i]);
}

/* A graph of one node, run once. */
struct run {
	struct accel_graph *g;
	float *y;
	int64_t n;
	int64_t dims[ACCEL_MAX_RANK];
};

static void run_op(struct run *r, const char *op, const struct accel_attr *attrs, int count, const int *ranks,
		   const int64_t (*dims)[ACCEL_MAX_RANK], float *const *data)
{
	int inputs[4], out;
	struct accel_cpu *cpu;
	void *outputs[1];

	assert_int_equal(accel_graph_new(&r->g), 0);
	for (int i = 0; i < count; i++) {
		inputs[i] = accel_graph_input(r->g, NULL, ACCEL_F32, ranks[i], dims[i]);
		assert_true(inputs[i] >= 0);
	}
	out = accel_graph_op(r->g, op, "tested", inputs, count, attrs);
	if (out < 0)
		fail_msg("%s", accel_errmsg());
	assert_int_equal(accel_graph_output(r->g, out, "y"), 0);
	r->n = accel_value_elems(&r->g->values[out]);
	memcpy(r->dims, r->g->values[out].dims, sizeof(r->dims));
	r->y = malloc((size_t)(r->n + 1) * sizeof(float));
	outputs[0] = r->y;
	assert_int_equal(accel_cpu_new(r->g, 0, &cpu), 0);
	assert_int_equal(accel_cpu_run(cpu, (const void *const *)data, outputs), 0);
	accel_cpu_free(cpu);
}

static void finish(struct run *r, float *want, float *const *data, int count)
{
	assert_close(r->y, want, r->n);
	free(want);
	free(r->y);
	accel_graph_unref(r->g);
	for (int i = 0; i < count; i++)
		free(data[i]);
}

struct window {
	int64_t k[2], s[2], d[2], p[4], in[2], out[2];
};

static struct window random_window(void)
{
	struct window w;

	for (int i = 0; i < 2; i++) {
		w.k[i] = pick(1, 4);
		w.s[i] = pick(1, 3);
		w.d[i] = pick(1, 2);
		w.p[i] = pick(0, w.k[i] - 1);
		w.p[i + 2] = pick(0, w.k[i] - 1);
		w.in[i] = pick((w.k[i] - 1) * w.d[i] + 1, 12);
		w.out[i] = (w.in[i] + w.p[i] + w.p[i + 2] - (w.k[i] - 1) * w.d[i] - 1) / w.s[i] + 1;
	}
	return w;
}

/* Input offset of tap (ky, kx) for output (oy, ox) in one plane, or -1 in the padding. */
static int64_t tap(const struct window *w, int64_t oy, int64_t ox, int64_t ky, int64_t kx)
{
	int64_t y = oy * w->s[0] - w->p[0] + ky * w->d[0], x = ox * w->s[1] - w->p[1] + kx * w->d[1];

	return y < 0 || x < 0 || y >= w->in[0] || x >= w->in[1] ? -1 : y * w->in[1] + x;
}

#define FOR_EACH(i, n)	for (int64_t i = 0; i < (n); i++)

static void conv(void **state)
{
	FOR_EACH(round, ROUNDS) {
		struct window w = random_window();
		int64_t n = pick(1, 2), g = pick(1, 3), ic = pick(1, 4), oc = pick(1, 4), at = 0;
		const int64_t dims[3][ACCEL_MAX_RANK] = {
			{ n, ic * g, w.in[0], w.in[1] }, { oc * g, ic, w.k[0], w.k[1] }, { oc * g },
		};
		float *data[] = { numbers(n * ic * g * w.in[0] * w.in[1]), numbers(oc * g * ic * w.k[0] * w.k[1]),
				  numbers(oc * g) };
		struct accel_attr attrs[] = {
			{ .name = "strides", .ints = w.s, .count = 2 }, { .name = "dilations", .ints = w.d, .count = 2 },
			{ .name = "pads", .ints = w.p, .count = 4 }, { .name = "group", .i = g }, { 0 },
		};
		float *want;
		struct run r;

		run_op(&r, "Conv", attrs, 3, (int[]){ 4, 4, 1 }, dims, data);
		assert_int_equal(r.dims[2], w.out[0]);
		assert_int_equal(r.dims[3], w.out[1]);
		want = numbers(r.n);
		FOR_EACH(b, n) FOR_EACH(o, oc * g) FOR_EACH(oy, w.out[0]) FOR_EACH(ox, w.out[1]) {
			double sum = data[2][o];

			FOR_EACH(c, ic) FOR_EACH(ky, w.k[0]) FOR_EACH(kx, w.k[1]) {
				int64_t t = tap(&w, oy, ox, ky, kx), plane = w.in[0] * w.in[1];

				if (t >= 0)
					sum += (double)data[0][(b * ic * g + o / oc * ic + c) * plane + t] *
					       data[1][((o * ic + c) * w.k[0] + ky) * w.k[1] + kx];
			}
			want[at++] = (float)sum;
		}
		finish(&r, want, data, 3);
	}
}

/* @kind: 0 maximum, 1 average, 2 average that counts padding. */
static void pool(int kind)
{
	FOR_EACH(round, ROUNDS) {
		struct window w = random_window();
		int64_t n = pick(1, 2), c = pick(1, 3), at = 0;
		const int64_t dims[1][ACCEL_MAX_RANK] = { { n, c, w.in[0], w.in[1] } };
		float *data[] = { numbers(n * c * w.in[0] * w.in[1]) }, *want;
		struct accel_attr attrs[] = {
			{ .name = "kernel_shape", .ints = w.k, .count = 2 }, { .name = "strides", .ints = w.s, .count = 2 },
			{ .name = "pads", .ints = w.p, .count = 4 },
			kind ? (struct accel_attr){ .name = "count_include_pad", .i = kind == 2 }
			     : (struct accel_attr){ .name = "dilations", .ints = w.d, .count = 2 },
			{ 0 },
		};
		struct run r;

		if (kind) {		/* the average has no dilation in this opset */
			w.d[0] = w.d[1] = 1;
			for (int i = 0; i < 2; i++)
				w.out[i] = (w.in[i] + w.p[i] + w.p[i + 2] - w.k[i]) / w.s[i] + 1;
		}
		run_op(&r, kind ? "AveragePool" : "MaxPool", attrs, 1, (int[]){ 4 }, dims, data);
		assert_int_equal(r.n, n * c * w.out[0] * w.out[1]);
		want = numbers(r.n);
		FOR_EACH(b, n * c) FOR_EACH(oy, w.out[0]) FOR_EACH(ox, w.out[1]) {
			double sum = 0, max = -INFINITY;
			int64_t count = 0;

			FOR_EACH(ky, w.k[0]) FOR_EACH(kx, w.k[1]) {
				int64_t t = tap(&w, oy, ox, ky, kx);
				float v = t < 0 ? 0 : data[0][b * w.in[0] * w.in[1] + t];

				sum += v;
				count += t >= 0 || kind == 2;
				max = t >= 0 && v > max ? v : max;
			}
			want[at++] = (float)(kind ? (count ? sum / (double)count : 0) : max);
		}
		finish(&r, want, data, 1);
	}
}

static void max_pool(void **state)
{
	pool(0);
}

static void average_pool(void **state)
{
	pool(1);
	pool(2);
}

static void gemm(void **state)
{
	FOR_EACH(round, ROUNDS) {
		int64_t m = pick(1, 9), n = pick(1, 9), k = pick(1, 9), ta = pick(0, 1), tb = pick(0, 1);
		int64_t cm = pick(0, 1) ? m : 1, cn = pick(0, 1) ? n : 1;
		const int64_t dims[3][ACCEL_MAX_RANK] = {
			{ ta ? k : m, ta ? m : k }, { tb ? n : k, tb ? k : n }, { cm, cn },
		};
		float *data[] = { numbers(m * k), numbers(k * n), numbers(cm * cn) }, *want = numbers(m * n);
		struct accel_attr attrs[] = {
			{ .name = "transA", .i = ta }, { .name = "transB", .i = tb },
			{ .name = "alpha", .is_float = 1, .f = 0.5f }, { .name = "beta", .is_float = 1, .f = 2 }, { 0 },
		};
		struct run r;

		run_op(&r, "Gemm", attrs, 3, (int[]){ 2, 2, 2 }, dims, data);
		FOR_EACH(i, m) FOR_EACH(j, n) {
			double sum = 0;

			FOR_EACH(l, k)
				sum += (double)data[0][ta ? l * m + i : i * k + l] * data[1][tb ? j * k + l : l * n + j];
			want[i * n + j] = (float)(0.5 * sum + 2 * (double)data[2][(cm > 1 ? i : 0) * cn + (cn > 1 ? j : 0)]);
		}
		finish(&r, want, data, 3);
	}
}

static void matmul(void **state)
{
	FOR_EACH(round, ROUNDS) {
		int64_t a = pick(1, 3), b = pick(1, 3), m = pick(1, 5), n = pick(1, 5), k = pick(1, 5);
		int64_t aa = pick(0, 1) ? a : 1, bb = pick(0, 1) ? b : 1;
		const int64_t dims[2][ACCEL_MAX_RANK] = { { aa, b, m, k }, { bb, k, n } };
		float *data[] = { numbers(aa * b * m * k), numbers(bb * k * n) }, *want;
		struct run r;

		run_op(&r, "MatMul", NULL, 2, (int[]){ 4, 3 }, dims, data);
		assert_int_equal(r.n, aa * b * m * n);
		want = numbers(r.n);
		FOR_EACH(o, aa) FOR_EACH(q, b) FOR_EACH(i, m) FOR_EACH(j, n) {
			double sum = 0;

			FOR_EACH(l, k)
				sum += (double)data[0][((o * b + q) * m + i) * k + l] *
				       data[1][((bb > 1 ? q : 0) * k + l) * n + j];
			want[((o * b + q) * m + i) * n + j] = (float)sum;
		}
		finish(&r, want, data, 2);
	}
}

static void arithmetic(void **state)
{
	static const char *const ops[] = { "Add", "Sub", "Mul", "Div" };

	FOR_EACH(round, ROUNDS) {
		int64_t full[3] = { pick(1, 4), pick(1, 4), pick(1, 4) }, op = pick(0, 3);
		int64_t dims[2][ACCEL_MAX_RANK], n[2] = { 1, 1 }, out[3];
		float *data[2], *want;
		struct run r;

		FOR_EACH(i, 3) FOR_EACH(v, 2) {
			dims[v][i] = pick(0, 1) ? full[i] : 1;
			n[v] *= dims[v][i];
		}
		FOR_EACH(i, 3)
			out[i] = dims[0][i] > dims[1][i] ? dims[0][i] : dims[1][i];
		data[0] = numbers(n[0]);
		data[1] = numbers(n[1]);
		FOR_EACH(i, n[1])
			data[1][i] = data[1][i] == 0 ? 1 : data[1][i];
		run_op(&r, ops[op], NULL, 2, (int[]){ 3, 3 }, (const int64_t (*)[ACCEL_MAX_RANK])dims, data);
		assert_int_equal(r.n, out[0] * out[1] * out[2]);
		want = numbers(r.n);
		FOR_EACH(i, out[0]) FOR_EACH(j, out[1]) FOR_EACH(k, out[2]) {
			float x[2];

			FOR_EACH(v, 2)
				x[v] = data[v][((dims[v][0] > 1 ? i : 0) * dims[v][1] + (dims[v][1] > 1 ? j : 0)) *
					       dims[v][2] + (dims[v][2] > 1 ? k : 0)];
			want[(i * out[1] + j) * out[2] + k] = op == 0 ? x[0] + x[1] : op == 1 ? x[0] - x[1]
							     : op == 2 ? x[0] * x[1] : x[0] / x[1];
		}
		finish(&r, want, data, 2);
	}
}

/* Before opset 13 Softmax ran over all axes from its own on; since then over one. */
static void softmax(void **state)
{
	const int64_t dims[1][ACCEL_MAX_RANK] = { { 2, 3, 4 } };
	float *data[] = { numbers(24) }, *want = numbers(24);
	struct run r;

	run_op(&r, "Softmax", (struct accel_attr[]){ { .name = "axis", .i = 1 }, { 0 } }, 1, (int[]){ 3 }, dims, data);
	FOR_EACH(i, 2) FOR_EACH(k, 4) {
		double sum = 0;

		FOR_EACH(j, 3)
			sum += exp((double)data[0][(i * 3 + j) * 4 + k]);
		FOR_EACH(j, 3)
			want[(i * 3 + j) * 4 + k] = (float)(exp((double)data[0][(i * 3 + j) * 4 + k]) / sum);
	}
	assert_close(r.y, want, 24);

	r.g->nodes[0].attrs.flat = true;
	FOR_EACH(i, 2) {
		double sum = 0;

		FOR_EACH(j, 12)
			sum += exp((double)data[0][i * 12 + j]);
		FOR_EACH(j, 12)
			want[i * 12 + j] = (float)(exp((double)data[0][i * 12 + j]) / sum);
	}
	assert_int_equal(accel_cpu_node(r.g, &r.g->nodes[0], (void *[]){ data[0], r.y }), 0);
	finish(&r, want, data, 1);
}

/* Rounding of halves by hand: conversions are compared with arithmetic on the numbers they stand for. */
static void half_floats(void **state)
{
	FOR_EACH(h, 0x10000) {
		float f = accel_f16_to_f32((uint16_t)h), up = accel_f16_to_f32((uint16_t)(h + 1));
		bool nan = (h & 0x7c00) == 0x7c00 && (h & 0x3ff);

		assert_int_equal(nan, isnan(f));
		if (nan)
			continue;
		assert_int_equal(accel_f32_to_f16(f), h);
		if ((h & 0x7fff) >= 0x7bff)
			continue;
		/* midway goes to the even neighbour; one bit to either side, to the nearer one */
		assert_int_equal(accel_f32_to_f16((f + up) / 2), h + (h & 1));
		assert_int_equal(accel_f32_to_f16(nextafterf((f + up) / 2, f)), h);
		assert_int_equal(accel_f32_to_f16(nextafterf((f + up) / 2, up)), h + 1);
	}
	assert_int_equal(accel_f32_to_f16(65519.996f), 0x7bff);
	assert_int_equal(accel_f32_to_f16(65520), 0x7c00);
	assert_int_equal(accel_f32_to_f16(-1e9f), 0xfc00);
	assert_int_equal(accel_f32_to_bf16(1 + 0x1p-8f), 0x3f80);
	assert_int_equal(accel_f32_to_bf16(1 + 3 * 0x1p-8f), 0x3f82);
	assert_int_equal(accel_f32_to_bf16(NAN), 0x7fc0);
}

static void quantise(void **state)
{
	assert_int_equal(accel_quantise(0.5f, 1, 0, ACCEL_S8), 0);
	assert_int_equal(accel_quantise(1.5f, 1, 0, ACCEL_S8), 2);
	assert_int_equal(accel_quantise(-2.5f, 1, 0, ACCEL_S8), -2);
	assert_int_equal(accel_quantise(1000, 1, -128, ACCEL_S8), 127);
	assert_int_equal(accel_quantise(INFINITY, 1, 3, ACCEL_U8), 255);
	assert_int_equal(accel_quantise(-INFINITY, 1, 3, ACCEL_U8), 0);
	assert_int_equal(accel_quantise(NAN, 1, 3, ACCEL_U8), 3);
	assert_int_equal(accel_quantise(1e30f, 1e-3f, 0, ACCEL_S32), INT32_MAX);
	assert_int_equal(accel_quantise(-1e30f, 1e-3f, 0, ACCEL_S32), INT32_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conv),
		cmocka_unit_test(max_pool),
		cmocka_unit_test(average_pool),
		cmocka_unit_test(gemm),
		cmocka_unit_test(matmul),
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(softmax),
		cmocka_unit_test(half_floats),
		cmocka_unit_test(quantise),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("libaccel: CPU kernels", tests, NULL, NULL);
}
