/* SPDX-License-Identifier: MIT */
/*
 * Matrix work: a convolution of one group, of which a matrix product is the case of one tap and one row; one of several groups,
 * which share their tiles; and one of as many groups as channels, which is the vector unit's.
 */
#ifndef ACCEL_CODEGEN_MX_H
#define ACCEL_CODEGEN_MX_H

#include <stdbool.h>

#include "emit.h"
#include "model.h"

/**
 * struct accel_mx - what to compute and where it lies
 * @n: images, @ih x @iw pixels of @ic channels to @oh x @ow pixels of @oc channels
 * @pad_y: rows above, @pad_x columns left of the input; those behind follow from the sizes
 * @src_n: byte strides of the input by image, row, pixel, channel
 * @w_tap: byte strides of the weights by tap, input channel, output channel
 * @dst_n: byte strides of the output
 * @has_bias: @bias is a vector of @oc elements of 32 bits
 * @has_scale: @scale is a vector of @oc f32 that the accumulators are multiplied with (integer types)
 * @a_zp: zero point of the input, @b_zp of the weights, @out_zp of the output
 * @q_lo: clamp of an integer output
 * @lo: clamp of a floating output, or before quantisation; -inf and inf for none
 * @out_scale: integer output of floating work: divided by it before rounding
 * @late_bias: @bias is f32 and added to the finished sum, after @scale, by the vector unit, which so saves the array a
 *	pass over the accumulators; else it is what they start from
 * @has_res: @res, of the output's shape, is added to the (scaled) sum
 * @res_n: its byte strides
 * @res_zp: its zero point
 * @res_gain: what it is multiplied by
 * @groups: where more than 1: @ic is of one group, @oc of all; weights are [group][tap][channel][output of the group] without
 *	gaps, and every tile has all groups
 * @w_blocked: weights lie in blocks of as many outputs as a tile has, or what is left of them: [block][tap][channel][output of the
 *	block]; @w_tap, @w_c are then not looked at
 * @slack: how much longer, as a part, a plan of fewer descriptors may take
 * @sparse: of each four weights along the channels of a tap two are kept: @w, @w_tap and @w_c are of rows that are kept, and @meta has
 *	a nibble for each four and output, rows of them @m_c bytes apart; @ic is a multiple of 4
 * @src_kept: the input is in the scratchpad, at @src_at, with the byte strides of @src
 * @dst_kept: the output stays in the scratchpad, at @dst_at, with the byte strides of @dst; with @dst_stored it goes to @dst too
 * @keep_lo: bytes at the bottom of the scratchpad that are taken so, and @keep_hi at its top
 * @depthwise: output channel o is the sum over the taps of input channel o alone; @ic is 1 and @w_c means nothing
 */
struct accel_mx {
	int64_t n, ih, iw, ic, oh, ow, oc, groups;
	int64_t kh, kw, sy, sx, dy, dx, pad_y, pad_x;
	struct accel_addr src, w, meta, dst, bias, scale, res;
	int64_t src_n, src_y, src_x, src_c;
	int64_t w_tap, w_c, w_o, m_c;
	int64_t dst_n, dst_y, dst_x, dst_c;
	int64_t res_n, res_y, res_x, res_c;
	bool has_bias, has_scale, late_bias, has_res, depthwise, sparse, w_blocked, src_kept, dst_kept, dst_stored;
	uint32_t src_at, dst_at, keep_lo, keep_hi;
	enum loom_type a_type, b_type, out_type, res_type;
	int a_zp, b_zp, out_zp, res_zp;
	int q_lo, q_hi;
	float lo, hi;
	float out_scale, res_gain;
	double slack;
};

enum accel_mx_keep {
	ACCEL_MX_KEEP_WEIGHTS,	/* per block of outputs: its weights stay, all pixels pass */
	ACCEL_MX_KEEP_INPUT,	/* per tile of pixels: its input stays, all weights pass */
	ACCEL_MX_KEEP_NONE,	/* per tile: pieces of the sum's terms, input and weights, pass */
};

/**
 * struct accel_mx_plan - tile sizes
 * @tn: images a tile, then output rows, columns and channels
 * @cy: kernel rows of a piece of the sum, then kernel columns, then input channels. A piece is whole rows of taps,
 *	or one tap, or channels of one tap: then pieces in order are the terms in order ky, kx, c
 * @cost: cycles by the device's model; -1 where it is too long to ask
 * @descs: descriptors, about
 * @effort: what plans that take about as long are compared by
 * @rank: what the few are chosen by that the device's model is asked about: cycles by a formula, and effort
 */
struct accel_mx_plan {
	enum accel_mx_keep keep;
	int64_t tn, th, tw, to;
	int64_t cy, cx, cc;
	double cost, descs, effort, rank;
};

/** accel_mx_choose - the cheapest plan that fits; -ENOSPC where none does */
int accel_mx_choose(const struct accel_mx *x, const struct accel_machine *m, struct accel_mx_plan *best);

/** accel_mx_refit - @plan gets its cost for @x, which has more values in the scratchpad than it was made for; -ENOSPC where it does not fit */
int accel_mx_refit(const struct accel_mx *x, const struct accel_machine *m, struct accel_mx_plan *plan);

/**
 * accel_mx_cycles - what the device's model says of @times runs of a plan after each other
 * Return: cycles; -1 where there are too many descriptors to ask, or for want of memory
 */
double accel_mx_cycles(const struct accel_mx *x, const struct accel_machine *m, const struct accel_mx_plan *p, int times);

/** accel_mx_stages - passes of the vector unit over a finished tile */
int accel_mx_stages(const struct accel_mx *x);

/** accel_mx_emit - write the descriptors of @x by @plan */
void accel_mx_emit(struct accel_emit *e, const struct accel_mx *x, const struct accel_mx_plan *plan);

/** accel_mx_weight_bytes - scratchpad that weights of @rows terms (taps * channels) and @outputs take */
int64_t accel_mx_weight_bytes(const struct accel_mx *x, int64_t rows, int64_t outputs);

/** accel_loom_bytes - bytes of an element of a type that fills bytes */
uint32_t accel_loom_bytes(enum loom_type t);

static inline int64_t accel_ceil_div(int64_t a, int64_t b)
{
	return (a + b - 1) / b;
}

static inline int64_t accel_min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t accel_max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/** accel_mx_span - input rows (or columns) that @count outputs reach with @taps taps, padding included */
static inline int64_t accel_mx_span(int64_t count, int64_t stride, int64_t taps, int64_t dilation)
{
	return (count - 1) * stride + (taps - 1) * dilation + 1;
}

#endif
