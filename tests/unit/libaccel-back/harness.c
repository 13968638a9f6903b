// SPDX-License-Identifier: MIT
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/codegen/checker.h"

const char *const geometries[] = {
	"sim:array=8,spm=65536,acc=16384", "sim:array=8", "sim:array=16,spm=131072,acc=65536", "sim", "sim:array=64,cores=4",
	"sim:array=128,spm=65536,acc=16384", "sim:array=128,spm=4194304,acc=1048576",
};
const int num_geometries = sizeof(geometries) / sizeof(geometries[0]);

void must_(int ret, const char *what, const char *file, int line)
{
	if (!ret)
		return;
	print_error("%s: %d: %s\n", what, ret, accel_errmsg());
	_fail(file, line);
}

uint32_t rng_next(struct rng *r)
{
	r->s = r->s * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(r->s >> 33);
}

int rng_range(struct rng *r, int lo, int hi)
{
	return lo + (int)(rng_next(r) % (uint32_t)(hi - lo + 1));
}

float rng_unit(struct rng *r)
{
	float v = (float)(int32_t)(rng_next(r) << 1) / 2147483648.0f;

	return r->positive ? fabsf(v) : v;
}

int add_const(struct accel_graph *g, struct rng *r, int rank, const int64_t *dims, float scale)
{
	int64_t n = 1;
	float *data;
	int v;

	for (int i = 0; i < rank; i++)
		n *= dims[i];
	data = malloc((size_t)n * sizeof(*data));
	assert_non_null(data);
	for (int64_t i = 0; i < n; i++)
		data[i] = scale * rng_unit(r);
	v = accel_graph_constant(g, NULL, ACCEL_F32, rank, dims, data);
	free(data);
	assert_true(v >= 0);
	return v;
}

/* A value under construction and its dims. */
struct cursor {
	struct accel_graph *g;
	struct rng *r;
	int v;
	int64_t n, c, h, w;
	bool flat;
};

static int op(struct cursor *k, const char *name, int num, const int *in, const struct accel_attr *attrs)
{
	int v = accel_graph_op(k->g, name, NULL, in, num, attrs);

	if (v < 0)
		print_error("%s: %s\n", name, accel_errmsg());
	assert_true(v >= 0);
	return v;
}

static void add_conv(struct cursor *k)
{
	int64_t group = k->c > 1 && rng_range(k->r, 0, 3) == 0 ? (k->c % 2 ? k->c : 2) : 1;
	int64_t oc = rng_range(k->r, 1, 40) * group, kh = rng_range(k->r, 1, 4), kw = rng_range(k->r, 1, 4);
	int64_t stride[2] = { rng_range(k->r, 1, 3), rng_range(k->r, 1, 3) };
	int64_t dil[2] = { rng_range(k->r, 1, 2), rng_range(k->r, 1, 2) };
	int64_t pad[4], wd[4] = { oc, k->c / group, kh, kw }, bd[1] = { oc };
	int64_t ey = (kh - 1) * dil[0] + 1, ex = (kw - 1) * dil[1] + 1, oh, ow;
	int in[3] = { k->v };
	struct accel_attr attrs[] = {
		{ .name = "strides", .ints = stride, .count = 2 }, { .name = "dilations", .ints = dil, .count = 2 },
		{ .name = "pads", .ints = pad, .count = 4 }, { .name = "group", .i = group }, { .name = NULL },
	};

	for (int i = 0; i < 4; i++)
		pad[i] = rng_range(k->r, 0, 3);
	oh = (k->h + pad[0] + pad[2] - ey) / stride[0] + 1;
	ow = (k->w + pad[1] + pad[3] - ex) / stride[1] + 1;
	if (k->h + pad[0] + pad[2] < ey || k->w + pad[1] + pad[3] < ex || (oc / group) * group != oc)
		return;
	in[1] = add_const(k->g, k->r, 4, wd, 1.0f / sqrtf((float)(wd[1] * kh * kw)));
	in[2] = add_const(k->g, k->r, 1, bd, 0.5f);
	k->v = op(k, "Conv", rng_range(k->r, 2, 3), in, attrs);
	k->c = oc;
	k->h = oh;
	k->w = ow;
}

static void add_pool(struct cursor *k)
{
	static const char *const name[] = { "MaxPool", "AveragePool" };
	int64_t kernel[2] = { rng_range(k->r, 1, 3), rng_range(k->r, 1, 3) };
	int64_t stride[2] = { rng_range(k->r, 1, 3), rng_range(k->r, 1, 3) };
	int64_t pad[4] = { 0 };
	int which = rng_range(k->r, 0, 1);
	struct accel_attr attrs[] = {
		{ .name = "kernel_shape", .ints = kernel, .count = 2 }, { .name = "strides", .ints = stride, .count = 2 },
		{ .name = "pads", .ints = pad, .count = 4 },
		{ .name = which ? "count_include_pad" : NULL, .i = rng_range(k->r, 0, 1) }, { .name = NULL },
	};

	if (k->h < kernel[0] || k->w < kernel[1])
		return;
	for (int i = 0; i < 4; i++)
		pad[i] = rng_range(k->r, 0, (int)kernel[i % 2] - 1);
	k->v = op(k, name[which], 1, &k->v, attrs);
	k->h = (k->h + pad[0] + pad[2] - kernel[0]) / stride[0] + 1;
	k->w = (k->w + pad[1] + pad[3] - kernel[1]) / stride[1] + 1;
}

/* With a constant: a number, one for each channel, or a full tensor. Or with itself through a Relu. */
static void add_binary(struct cursor *k)
{
	const char *const name[] = { "Add", k->r->positive ? "Add" : "Sub", "Mul", "Add" };
	int64_t dims[4] = { 1, k->c, 1, 1 };
	int kind = rng_range(k->r, 0, 4), in[2] = { k->v };
	bool swap = rng_range(k->r, 0, 1);

	if (k->flat)
		dims[0] = k->c, dims[1] = 1;
	if (kind == 0)
		dims[0] = dims[1] = 1;
	if (kind == 1 && !k->flat)
		dims[2] = k->h, dims[3] = k->w;
	if (kind < 3)
		in[1] = add_const(k->g, k->r, k->flat ? 1 : 4, dims, 1);
	else
		in[1] = op(k, kind == 3 || k->flat ? "Relu" : "GlobalAveragePool", 1, in, NULL);
	if (swap) {
		int t = in[0];

		in[0] = in[1];
		in[1] = t;
	}
	k->v = op(k, name[rng_range(k->r, 0, 3)], 2, in, NULL);
}

static void add_gemm(struct cursor *k)
{
	int64_t in_dim = k->flat ? k->c : k->c * k->h * k->w, n = rng_range(k->r, 1, 90);
	bool trans = rng_range(k->r, 0, 1);
	int64_t wd[2] = { trans ? n : in_dim, trans ? in_dim : n }, bd[1] = { n };
	struct accel_attr attrs[] = { { .name = "transB", .i = trans }, { .name = NULL } };
	int in[3];

	if (in_dim > 20000)
		return;
	if (!k->flat)
		k->v = op(k, "Flatten", 1, &k->v, NULL);
	in[0] = k->v;
	in[1] = add_const(k->g, k->r, 2, wd, 1.0f / sqrtf((float)in_dim));
	in[2] = add_const(k->g, k->r, 1, bd, 0.5f);
	k->v = op(k, "Gemm", rng_range(k->r, 2, 3), in, attrs);
	k->flat = true;
	k->c = n;
	k->h = k->w = 1;
}

static void add_transpose(struct cursor *k)
{
	static const int64_t perms[3][4] = { { 0, 2, 3, 1 }, { 0, 3, 1, 2 }, { 0, 1, 3, 2 } };
	const int64_t *perm = perms[rng_range(k->r, 0, 2)], dim[4] = { 0, k->c, k->h, k->w };
	const struct accel_attr attrs[] = { { .name = "perm", .ints = perm, .count = 4 }, { .name = NULL } };

	k->v = op(k, "Transpose", 1, &k->v, attrs);
	k->c = dim[perm[1]];
	k->h = dim[perm[2]];
	k->w = dim[perm[3]];
}

/* A convolution that keeps the shape, and the sum with what went into it, or with another of the kind. */
static void add_residual(struct cursor *k)
{
	int64_t wd[4] = { k->c, k->c, rng_range(k->r, 0, 1) ? 3 : 1, 1 }, pad[4] = { 0 };
	const struct accel_attr attrs[] = { { .name = "pads", .ints = pad, .count = 4 }, { .name = NULL } };
	int in[3] = { k->v }, sum[2] = { k->v, 0 };

	wd[3] = wd[2];
	for (int i = 0; i < 4; i++)
		pad[i] = wd[2] / 2;
	for (int i = rng_range(k->r, 0, 1); i < 2; i++) {
		in[1] = add_const(k->g, k->r, 4, wd, 1.0f / sqrtf((float)(wd[1] * wd[2] * wd[3])));
		in[2] = add_const(k->g, k->r, 1, wd, 0.5f);
		sum[i] = op(k, "Conv", rng_range(k->r, 2, 3), in, attrs);
	}
	if (rng_range(k->r, 0, 1)) {
		int t = sum[0];

		sum[0] = sum[1];
		sum[1] = t;
	}
	k->v = op(k, "Add", 2, sum, NULL);
}

/* The value beside others made of it, along any axis; sometimes what is joined has other readers, or is joined again. */
static void add_concat(struct cursor *k)
{
	int64_t *extent[4] = { NULL, &k->c, &k->h, &k->w }, axis = rng_range(k->r, 0, 3) ? 1 : rng_range(k->r, 2, 3);
	const struct accel_attr attrs[] = { { .name = "axis", .i = rng_range(k->r, 0, 1) ? axis : axis - 4 }, { .name = NULL } };
	int64_t wd[4] = { rng_range(k->r, 1, 12), k->c, 1, 1 }, one = *extent[axis];
	int in[3] = { k->v }, parts[3] = { k->v, k->v, k->v }, num = rng_range(k->r, 2, 3);

	parts[0] = op(k, "Relu", 1, &k->v, NULL);
	if (axis == 1) {
		in[1] = add_const(k->g, k->r, 4, wd, 1.0f / sqrtf((float)wd[1]));
		parts[1] = op(k, "Conv", 2, in, NULL);
	}
	if (rng_range(k->r, 0, 1))
		parts[2] = op(k, "Add", 2, (int[]){ k->v, parts[0] }, NULL);
	*extent[axis] = one * (num - 1) + (axis == 1 ? wd[0] : one);
	k->v = op(k, "Concat", num, parts, attrs);
}

static void add_any(struct cursor *k)
{
	switch (rng_range(k->r, 0, 9)) {
	case 0:
	case 1:
		if (!k->flat)
			add_conv(k);
		break;
	case 2:
		if (!k->flat)
			add_pool(k);
		break;
	case 3:
		k->v = op(k, "Relu", 1, &k->v, NULL);
		break;
	case 4:
	case 5:
		add_binary(k);
		break;
	case 6:
		if (k->flat || rng_range(k->r, 0, 1))
			add_gemm(k);
		break;
	case 7:
		if (!k->flat)
			add_residual(k);
		break;
	case 8:
		if (!k->flat && k->c < 200)
			add_concat(k);
		break;
	default:
		if (k->flat && k->r->positive)
			break;
		if (k->flat)
			k->v = op(k, "Softmax", 1, &k->v, NULL);
		else
			add_transpose(k);
		break;
	}
}

static struct accel_graph *make_graph(uint64_t seed, bool positive)
{
	struct rng r = { seed * 2654435761u + 17, positive };
	struct accel_graph *g;
	struct cursor k = { .r = &r };
	int64_t dims[4] = { -1, rng_range(&r, 1, 20), rng_range(&r, 1, 24), rng_range(&r, 1, 24) };
	int steps = rng_range(&r, 2, 7);

	must(accel_graph_new(&g));
	k.g = g;
	k.v = accel_graph_input(g, "x", ACCEL_F32, 4, dims);
	assert_true(k.v >= 0);
	k.c = dims[1];
	k.h = dims[2];
	k.w = dims[3];
	for (int i = 0; i < steps; i++)
		add_any(&k);
	k.v = op(&k, "Relu", 1, &k.v, NULL);
	assert_int_equal(accel_graph_output(g, k.v, "y"), 0);
	return g;
}

struct accel_graph *random_graph(uint64_t seed)
{
	return make_graph(seed, false);
}

struct accel_graph *random_magnitudes(uint64_t seed)
{
	return make_graph(seed, true);
}

struct accel_program *compile_on(struct accel_device *dev, struct accel_graph *g, const struct run_options *o)
{
	struct accel_compile_options co = {
		.size = sizeof(co), .precision = o->precision, .batch = o->batch, .calib_data = o->calib,
		.calib_count = o->calib_count,
	};
	struct accel_program *p;
	char why[256];

	must(accel_compile(g, dev, &co, &p));
	for (uint32_t i = 0; o->check && i < p->num_streams; i++)
		if (accel_check_stream(p, i, why, sizeof(why))) {
			print_error("stream %u: %s\n", i, why);
			fail();
		}
	return p;
}

struct result run_on(const char *spec, struct accel_graph *g, const struct run_options *o)
{
	struct accel_device *dev;
	struct accel_program *p;
	struct accel_session *s;
	struct rng r = { .s = o->seed + 99 };
	struct result res;
	const void *out;
	size_t bytes;
	float *in;

	must(accel_open(spec, &dev));
	p = compile_on(dev, g, o);
	must(accel_session_new(dev, p, &s));
	in = accel_input(s, 0, &bytes);
	for (size_t i = 0; i < bytes / sizeof(*in); i++)
		in[i] = 0.5f + 0.5f * rng_unit(&r);
	must(accel_run(s));
	out = accel_output(s, 0, &bytes);
	res.data = malloc(bytes);
	assert_non_null(res.data);
	memcpy(res.data, out, bytes);
	res.count = bytes / sizeof(float);
	accel_session_free(s);
	accel_program_unref(p);
	accel_close(dev);
	return res;
}

void assert_close(const struct result *got, const struct result *want, double tolerance, const char *what)
{
	double worst = 0, largest = 0;

	assert_int_equal(got->count, want->count);
	for (size_t i = 0; i < want->count; i++) {
		double d = fabs((double)got->data[i] - (double)want->data[i]);

		largest = fmax(largest, fabs((double)want->data[i]));
		if (!(d <= worst))
			worst = d;
	}
	if (!(worst <= tolerance * largest)) {
		print_error("%s: off by %g of %g\n", what, worst, largest);
		fail();
	}
}

void assert_within(const struct result *got, const struct result *want, const struct result *magnitudes,
		   double tolerance, const char *what)
{
	double worst = 0, largest = 0;

	assert_int_equal(got->count, want->count);
	assert_int_equal(got->count, magnitudes->count);
	for (size_t i = 0; i < want->count; i++) {
		double d = fabs((double)got->data[i] - (double)want->data[i]);

		largest = fmax(largest, fabs((double)magnitudes->data[i]));
		if (!(d <= worst))
			worst = d;
	}
	if (!(worst <= tolerance * largest)) {
		print_error("%s: off by %g, of sums of absolute terms up to %g\n", what, worst, largest);
		fail();
	}
}

void assert_same(const struct result *got, const struct result *want, const char *what)
{
	assert_int_equal(got->count, want->count);
	if (memcmp(got->data, want->data, got->count * sizeof(float))) {
		print_error("%s: other bytes\n", what);
		fail();
	}
}
