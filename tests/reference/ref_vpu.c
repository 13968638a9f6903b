/* SPDX-License-Identifier: MIT */
/* REQUANT, EWISE, LUT, POOL, REDUCE. */
#include <string.h>

#include <loom/isa.h>

#include "ref.h"
#include "softfp.h"

/* Orders fp32 bits with -0 below +0. */
static int64_t key(uint32_t a)
{
	return a & 0x80000000 ? -1 - (int64_t)(a & 0x7fffffff) : (int64_t)a;
}

uint32_t ref_pick(uint32_t a, uint32_t b, bool larger)
{
	if (sf_is_nan(a) || sf_is_nan(b))
		return SF_NAN;
	return (key(a) > key(b)) == larger ? a : b;
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static int64_t q31(int32_t acc, int32_t mult, int32_t shift)
{
	int64_t x, sign;

	shift = (int32_t)clamp(shift, -31, 30);
	if (shift > 0)
		acc = (int32_t)((uint32_t)acc << shift);
	x = ((int64_t)acc * mult + (1ll << 30)) >> 31;
	x = x > INT32_MAX ? INT32_MAX : x;
	if (shift >= 0)
		return x;
	sign = x < 0 ? -1 : 1;
	return sign * ((sign * x + (1ll << (-shift - 1))) >> -shift);
}

void ref_requant(struct ref *r, const void *desc)
{
	struct loom_requant d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t i = 0; i < d.m; i++)
		for (uint64_t j = 0; j < d.n; j++) {
			bool vec = d.flags & LOOM_RQ_PER_CHANNEL;
			int32_t acc = (int32_t)ref_load_int(r, d.src, i * d.lds + 4 * j, LOOM_S32);
			uint32_t scale = vec ? (uint32_t)ref_get(r, REF_SPM, d.scale + 4 * j, 4) : d.scale;
			uint32_t shift = d.shift;
			int64_t v;

			if (d.mode == LOOM_RQ_F32) {
				v = sf_to_int(sf_mul(sf_of_int(acc), scale), d.zp, d.lo, d.hi);
			} else {
				if (vec)
					shift = (uint32_t)ref_get(r, REF_SPM, d.shift + 4 * j, 4);
				v = clamp(q31(acc, (int32_t)scale, (int32_t)shift) + d.zp, d.lo, d.hi);
			}
			ref_put(r, REF_SPM, d.dst + i * d.ldd + j, 1, (uint64_t)v);
		}
}

static uint32_t ew(unsigned int op, uint32_t v, uint32_t w, uint32_t u)
{
	bool nan = sf_is_nan(v) || sf_is_nan(w);

	switch (op) {
	case LOOM_EW_ADD: return sf_add(v, w);
	case LOOM_EW_SUB: return sf_sub(v, w);
	case LOOM_EW_RSUB: return sf_sub(w, v);
	case LOOM_EW_MUL: return sf_mul(v, w);
	case LOOM_EW_DIV: return sf_div(v, w);
	case LOOM_EW_RDIV: return sf_div(w, v);
	case LOOM_EW_MIN: return ref_pick(v, w, false);
	case LOOM_EW_MAX: return ref_pick(v, w, true);
	case LOOM_EW_ABS: return v & 0x7fffffff;
	case LOOM_EW_NEG: return v ^ 0x80000000;
	case LOOM_EW_SQRT: return sf_sqrt(v);
	case LOOM_EW_FLOOR: return sf_integral(v, 'd');
	case LOOM_EW_CEIL: return sf_integral(v, 'u');
	case LOOM_EW_RNE: return sf_integral(v, 'n');
	case LOOM_EW_GT: return !nan && sf_compare(v, w) > 0 ? SF_ONE : 0;
	case LOOM_EW_GE: return !nan && sf_compare(v, w) >= 0 ? SF_ONE : 0;
	case LOOM_EW_EQ: return !nan && sf_compare(v, w) == 0 ? SF_ONE : 0;
	case LOOM_EW_FMA: return sf_fma(v, w, u);
	case LOOM_EW_MAC: return sf_fma(w, u, v);
	case LOOM_EW_PRELU: return !sf_is_nan(v) && sf_compare(v, 0) < 0 ? sf_mul(v, w) : v;
	}
	return v;
}

static uint32_t source(struct ref *r, uint32_t addr, uint64_t offset, unsigned int type, int zp)
{
	return ref_is_int(type) ? sf_of_int(ref_load_int(r, addr, offset, type) - zp) :
	       ref_load(r, addr, offset, type);
}

static uint32_t ew_operand(struct ref *r, const struct loom_ewise *d, unsigned int which, uint32_t src0,
			   uint64_t i, uint64_t j)
{
	switch (which) {
	case LOOM_EWS_SRC0:
		return src0;
	case LOOM_EWS_SRC1:
		return source(r, d->src1, i * d->lds1 + j * ref_size(d->src1_type), d->src1_type, d->zp1);
	case LOOM_EWS_VEC0:
		return (uint32_t)ref_get(r, REF_SPM, d->vec0 + 4 * j, 4);
	case LOOM_EWS_VEC1:
		return (uint32_t)ref_get(r, REF_SPM, d->vec1 + 4 * j, 4);
	case LOOM_EWS_NONE:
		return 0;
	default:
		return d->imm[which - LOOM_EWS_IMM0];
	}
}

void ref_ewise(struct ref *r, const void *desc)
{
	struct loom_ewise d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t i = 0; i < d.m; i++)
		for (uint64_t j = 0; j < d.n; j++) {
			uint32_t src0 = source(r, d.src0, i * d.lds0 + j * ref_size(d.src0_type), d.src0_type,
					       d.zp0), v = src0;

			for (int s = 0; s < LOOM_EW_STAGES && d.stage[s].op; s++) {
				uint32_t a = ew_operand(r, &d, d.stage[s].operand % 16, src0, i, j);
				uint32_t b = ew_operand(r, &d, d.stage[s].operand / 16, src0, i, j);

				v = ew(d.stage[s].op, v, a, b);
			}
			ref_store(r, d.dst, i * d.ldd + j * ref_size(d.dst_type), d.dst_type, v, d.zpd);
		}
}

void ref_lut(struct ref *r, const void *desc)
{
	struct loom_lut d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t i = 0; i < d.m; i++)
		for (uint64_t j = 0; j < d.n; j++) {
			uint64_t byte = ref_get(r, REF_SPM, d.src + i * d.lds + j, 1);

			ref_put(r, REF_SPM, d.dst + i * d.ldd + j * d.elem, d.elem,
				ref_get(r, REF_SPM, d.table + byte * d.elem, d.elem));
		}
}

/* State of one window: how many taps, sums and maxima. */
struct window {
	uint32_t taps, sum_int, sum, max;
	int64_t max_int;
};

static void pool_tap(struct ref *r, const struct loom_pool *d, uint64_t offset, struct window *w)
{
	if (ref_is_int(d->type)) {
		int64_t x = ref_load_int(r, d->in, offset, d->type);

		w->max_int = !w->taps || x > w->max_int ? x : w->max_int;
		w->sum_int += (uint32_t)(x - d->zp_in);
	} else {
		uint32_t x = ref_load(r, d->in, offset, d->type);

		w->max = w->taps ? ref_pick(w->max, x, true) : x;
		w->sum = sf_add(w->sum, x);
	}
	w->taps++;
}

static void pool_output(struct ref *r, const struct loom_pool *d, uint64_t n, int64_t oy, int64_t ox, uint64_t c)
{
	uint64_t pixel = (n * d->oh + (uint64_t)oy) * d->ow + (uint64_t)ox, size = ref_size(d->type);
	struct window w = { .max = 0xff800000, .max_int = d->type == LOOM_S8 ? -128 : 0 };
	uint64_t at = pixel * d->out_stride + c * size;
	uint32_t divisor;

	for (int64_t ky = 0; ky < d->kh; ky++)
		for (int64_t kx = 0; kx < d->kw; kx++) {
			int64_t y = oy * d->sy + ky * d->dy - d->pad_y, x = ox * d->sx + kx * d->dx - d->pad_x;

			if (y >= 0 && y < d->ih && x >= 0 && x < d->iw)
				pool_tap(r, d, n * d->in_stride_n + (uint64_t)y * d->in_stride_y +
					 (uint64_t)x * d->in_stride_x + c * size, &w);
		}
	divisor = d->mode == LOOM_POOL_AVG ? w.taps : (uint32_t)d->kh * d->kw;
	if (d->mode == LOOM_POOL_MAX && ref_is_int(d->type))
		ref_put(r, REF_SPM, d->out + at, 1, (uint64_t)w.max_int);
	else if (d->mode == LOOM_POOL_MAX)
		ref_store(r, d->out, at, d->type, w.max, 0);
	else if (ref_is_int(d->type))
		ref_store(r, d->out, at, d->type, !divisor ? 0 :
			  sf_mul(sf_of_int((int32_t)w.sum_int), sf_div(d->scale, sf_of_int(divisor))),
			  d->zp_out);
	else
		ref_store(r, d->out, at, d->type, divisor ? sf_div(w.sum, sf_of_int(divisor)) : 0, 0);
}

void ref_pool(struct ref *r, const void *desc)
{
	struct loom_pool d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t n = 0; n < d.n; n++)
		for (int64_t oy = 0; oy < d.oh; oy++)
			for (int64_t ox = 0; ox < d.ow; ox++)
				for (uint64_t c = 0; c < d.c; c++)
					pool_output(r, &d, n, oy, ox, c);
}

static bool larger(bool ints, int64_t x, int64_t y)
{
	if (ints)
		return x > y;
	if (sf_is_nan((uint32_t)x) || sf_is_nan((uint32_t)y))
		return sf_is_nan((uint32_t)x) && !sf_is_nan((uint32_t)y);
	return sf_compare((uint32_t)x, (uint32_t)y) > 0;
}

static int64_t reduce_step(unsigned int op, bool ints, int64_t acc, int64_t x)
{
	if (op == LOOM_REDUCE_SUM || op == LOOM_REDUCE_MEAN)
		return ints ? (int64_t)(int32_t)((uint32_t)acc + (uint32_t)x) :
		       (int64_t)sf_add((uint32_t)acc, (uint32_t)x);
	if (ints)
		return (x > acc) == (op == LOOM_REDUCE_MAX) ? x : acc;
	return ref_pick((uint32_t)acc, (uint32_t)x, op == LOOM_REDUCE_MAX);
}

static void reduce_one(struct ref *r, const struct loom_reduce *d, uint64_t at)
{
	bool cols = d->flags & LOOM_REDUCE_COLUMNS, ints = ref_is_int(d->src_type);
	bool sums = d->op == LOOM_REDUCE_SUM || d->op == LOOM_REDUCE_MEAN;
	uint64_t count = cols ? d->m : d->n, best = 0;
	int64_t acc = 0;
	uint32_t v;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t offset = (cols ? i : at) * d->lds + (cols ? at : i) * ref_size(d->src_type);
		int64_t x = ints ? (int64_t)(int32_t)(ref_load_int(r, d->src, offset, d->src_type) - d->zp) :
			    (int64_t)ref_load(r, d->src, offset, d->src_type);

		if (d->op == LOOM_REDUCE_ARGMAX) {
			if (!i || larger(ints, x, acc)) {
				acc = x;
				best = i;
			}
		} else {
			acc = i || sums ? reduce_step(d->op, ints, acc, x) : x;
		}
	}
	if (d->op == LOOM_REDUCE_ARGMAX) {
		ref_put(r, REF_SPM, d->dst + at * d->ldd, 4, best);
		return;
	}
	v = ints ? sf_of_int(acc) : (uint32_t)acc;
	if (d->op == LOOM_REDUCE_MEAN)
		v = sf_div(v, sf_of_int((int64_t)count));
	ref_store(r, d->dst, at * d->ldd, d->dst_type, sf_mul(v, d->scale), d->zpd);
}

void ref_reduce(struct ref *r, const void *desc)
{
	struct loom_reduce d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t i = 0; i < (d.flags & LOOM_REDUCE_COLUMNS ? d.n : d.m); i++)
		reduce_one(r, &d, i);
}
