/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Descriptors of the vector unit: REQUANT, EWISE, LUT, POOL, REDUCE, SOFTMAX, LAYERNORM, RESIZE, DWCONV, OPTIM, PLUT. A part
 * of isa.h, which says what all descriptors have in common.
 */
#ifndef LOOM_ISA_VPU_H
#define LOOM_ISA_VPU_H

#include "isa.h"

enum loom_rq_mode {
	LOOM_RQ_F32 = 1,	/* clamp(rne(f32(acc) * scale) + zp, lo, hi): ONNX QLinear* */
	LOOM_RQ_Q31 = 2,	/* multiplier and shift: TFLite */
};
#define LOOM_RQ_PER_CHANNEL	0x1	/* @scale and @shift are SPM addresses of @n elements */

/**
 * struct loom_requant - REQUANT: M x N of S32 to S8 or U8
 * @src: SPM, or ACC with LOOM_ACC
 * @dst: SPM
 * @m: rows
 * @n: columns
 * @lds: bytes between source rows
 * @ldd: bytes between destination rows
 * @scale: RQ_F32: f32 scale (bits, or address of f32[n]); RQ_Q31: Q0.31 multiplier (s32, or address of s32[n])
 * @shift: RQ_Q31: left shift if positive, rounding right shift if negative, -31..30 (or address of s32[n]);
 *	RQ_F32: zero
 * @mode: loom_rq_mode
 * @dst_type: S8 or U8
 * @flags: LOOM_RQ_PER_CHANNEL
 * @rsvd0: zero
 * @zp: zero point of the destination
 * @lo: smallest value stored, inside of the type's range
 * @hi: largest value stored, not below @lo
 * @rsvd1: zero
 */
struct loom_requant {
	struct loom_desc d;
	__u32 src, dst;
	__u32 m, n;
	__u32 lds, ldd;
	__u32 scale;
	__u32 shift;
	__u8  mode;
	__u8  dst_type;
	__u8  flags;
	__u8  rsvd0;
	__s16 zp;
	__s16 lo;
	__s16 hi;
	__u16 rsvd1[3];
};
_Static_assert(sizeof(struct loom_requant) == 64, "loom_requant");

/* Micro-operations of EWISE: v = op(v, operand), all in fp32, one rounding each. */
enum loom_ew_op {
	LOOM_EW_NOP = 0,	/* ends the chain; operand zero */
	LOOM_EW_ADD = 1,
	LOOM_EW_SUB = 2,	/* v - operand */
	LOOM_EW_RSUB = 3,	/* operand - v */
	LOOM_EW_MUL = 4,
	LOOM_EW_DIV = 5,	/* v / operand */
	LOOM_EW_RDIV = 6,	/* operand / v */
	LOOM_EW_MIN = 7,	/* NaN if either is NaN; -0 < +0 */
	LOOM_EW_MAX = 8,
	LOOM_EW_ABS = 9,	/* unary: operand zero */
	LOOM_EW_NEG = 10,
	LOOM_EW_SQRT = 11,
	LOOM_EW_FLOOR = 12,
	LOOM_EW_CEIL = 13,
	LOOM_EW_RNE = 14,	/* to an integral value, ties to even */
	LOOM_EW_GT = 15,	/* v > operand ? 1 : 0; false for NaN */
	LOOM_EW_GE = 16,
	LOOM_EW_EQ = 17,
	LOOM_EW_PRELU = 18,	/* v < 0 ? v * operand : v */
	LOOM_EW_FMA = 19,	/* v * a + b, rounded once; its operand is LOOM_EWS_PAIR(a, b) */
	LOOM_EW_MAC = 20,	/* a * b + v, likewise */
	LOOM_NUM_EW_OPS = 21,
};

enum loom_ew_operand {
	LOOM_EWS_NONE = 0,
	LOOM_EWS_SRC0 = 1,	/* the first source's element again */
	LOOM_EWS_SRC1 = 2,
	LOOM_EWS_VEC0 = 3,	/* element [column] of a vector of f32 */
	LOOM_EWS_VEC1 = 4,
	LOOM_EWS_IMM0 = 5,
	LOOM_EWS_IMM1 = 6,
	LOOM_EWS_IMM2 = 7,
	LOOM_EWS_IMM3 = 8,
	LOOM_NUM_EWS = 9,
};

/* Operands of FMA and MAC, neither of them NONE; the upper half is zero for all others. */
#define LOOM_EWS_PAIR(a, b)	((a) | (b) << 4)
#define LOOM_EWS_FIRST(pair)	((pair) & 15)
#define LOOM_EWS_SECOND(pair)	((pair) >> 4)

#define LOOM_EW_STAGES	8

/**
 * struct loom_ewise - EWISE (two slots): dst[m][n] = convert(chain(f32(src0[m][n] - zp0)))
 * @m: rows
 * @n: columns
 * @src0: SPM or ACC address
 * @lds0: bytes between rows; 0 repeats one row
 * @src1: SPM or ACC address; zero where src1_type is NONE
 * @lds1: bytes between rows; 0 repeats one row
 * @dst: SPM or ACC address; may be equal to a source of the same element size and stride, may not overlap
 *	otherwise
 * @ldd: bytes between rows
 * @vec0: SPM address of f32[n], zero where unused
 * @vec1: likewise
 * @imm: f32 bits
 * @src0_type: S8 U8 S32 F16 BF16 F32 E4M3 E5M2
 * @src1_type: the same, or NONE
 * @dst_type: the same
 * @rsvd0: zero
 * @zp0: zero point of src0, subtracted exactly before conversion; S8 and U8 only
 * @zp1: of src1
 * @zpd: of dst: integer dst = clamp(rne(v) + zpd) to the type; NaN gives zpd
 * @rsvd1: zero
 * @stage: pairs (loom_ew_op, loom_ew_operand); executed up to the first NOP
 * @rsvd2: zero
 */
struct loom_ewise {
	struct loom_desc d;
	__u32 m, n;
	__u32 src0, lds0;
	__u32 src1, lds1;
	__u32 dst, ldd;
	__u32 vec0, vec1;
	__u32 imm[4];
	__u8  src0_type;
	__u8  src1_type;
	__u8  dst_type;
	__u8  rsvd0;
	__s16 zp0;
	__s16 zp1;
	__s16 zpd;
	__u16 rsvd1;
	struct {
		__u8 op;
		__u8 operand;
	} stage[LOOM_EW_STAGES];
	__u32 rsvd2[7];
};
_Static_assert(sizeof(struct loom_ewise) == 128, "loom_ewise");

/**
 * struct loom_lut - LUT: dst[m][n] = table[(byte)src[m][n]]
 * @src: SPM address of bytes
 * @dst: SPM address
 * @table: SPM address of 256 entries
 * @m: rows
 * @n: columns
 * @lds: bytes between rows
 * @ldd: bytes between rows
 * @elem: bytes an entry and a result: 1, 2 or 4
 * @rsvd0: zero
 * @rsvd1: zero
 */
struct loom_lut {
	struct loom_desc d;
	__u32 src, dst, table;
	__u32 m, n;
	__u32 lds, ldd;
	__u8  elem;
	__u8  rsvd0[3];
	__u32 rsvd1[4];
};
_Static_assert(sizeof(struct loom_lut) == 64, "loom_lut");

enum loom_pool_mode {
	LOOM_POOL_MAX = 1,
	LOOM_POOL_AVG = 2,	/* divisor: taps inside of the input */
	LOOM_POOL_AVG_PAD = 3,	/* divisor: kh * kw */
};

/**
 * struct loom_pool - POOL (two slots), channels contiguous
 * @in: SPM address of (image 0, y 0, x 0, channel 0)
 * @out: SPM address of output pixel 0
 * @n: images
 * @ih: input rows
 * @iw: input columns
 * @oh: output rows
 * @ow: output columns
 * @c: channels
 * @in_stride_n: bytes
 * @in_stride_y: bytes
 * @in_stride_x: bytes
 * @out_stride: bytes between output pixels, pixel = (image * oh + oy) * ow + ox
 * @kh: 1..2^10
 * @kw: likewise
 * @sy: stride, 1..2^10, like @sx
 * @dy: dilation, 1..2^10, like @dx
 * @pad_y: rows of padding above input row 0; negative crops
 * @pad_x: likewise
 * @mode: loom_pool_mode
 * @type: of input and output: S8 U8 F16 BF16 F32
 * @rsvd0: zero
 * @zp_in: integer types
 * @zp_out: integer types
 * @scale: f32 bits: integer averages give clamp(rne(f32(sum of (x - zp_in)) * (scale / f32(divisor))) + zp_out);
 *	1.0 otherwise
 * @rsvd1: zero
 *
 * Padding takes no part. Floating averages add in the order ky, kx in fp32 and divide once. A window that
 * is all padding gives the type's lowest value (MAX) or zero point / +0.0 (averages).
 */
struct loom_pool {
	struct loom_desc d;
	__u32 in, out;
	__u32 n, ih, iw, oh, ow, c;
	__u32 in_stride_n, in_stride_y, in_stride_x;
	__u32 out_stride;
	__u16 kh, kw;
	__u16 sy, sx;
	__u16 dy, dx;
	__s16 pad_y, pad_x;
	__u8  mode;
	__u8  type;
	__u8  rsvd0[2];
	__s16 zp_in;
	__s16 zp_out;
	__u32 scale;
	__u32 rsvd1[9];
};
_Static_assert(sizeof(struct loom_pool) == 128, "loom_pool");

enum loom_reduce_op {
	LOOM_REDUCE_SUM = 1,
	LOOM_REDUCE_MAX = 2,
	LOOM_REDUCE_MIN = 3,
	LOOM_REDUCE_MEAN = 4,
	LOOM_REDUCE_ARGMAX = 5,	/* first of equals; dst_type S32; NaN counts as largest */
};
#define LOOM_REDUCE_COLUMNS	0x1	/* dst[n] over the rows; otherwise dst[m] over the columns */

/**
 * struct loom_reduce - REDUCE: of an M x N matrix, one result a row, or a column
 * @src: SPM or ACC address
 * @dst: SPM address of the results
 * @m: rows
 * @n: columns
 * @lds: bytes between rows
 * @ldd: bytes between results
 * @op: loom_reduce_op
 * @src_type: as EWISE
 * @dst_type: as EWISE
 * @flags: LOOM_REDUCE_*
 * @zp: of src, S8 and U8
 * @zpd: of dst, S8 and U8
 * @scale: f32 bits; the result is multiplied by it once before conversion (1.0 for none; ARGMAX: 1.0)
 * @rsvd: zero
 *
 * S8, U8 and S32 are summed in S32 mod 2^32 and then converted to fp32; floating sums run in ascending order in
 * fp32 from +0.0. MEAN divides the sum by f32(count).
 */
struct loom_reduce {
	struct loom_desc d;
	__u32 src, dst;
	__u32 m, n;
	__u32 lds, ldd;
	__u8  op;
	__u8  src_type;
	__u8  dst_type;
	__u8  flags;
	__s16 zp;
	__s16 zpd;
	__u32 scale;
	__u32 rsvd[3];
};
_Static_assert(sizeof(struct loom_reduce) == 64, "loom_reduce");

/**
 * struct loom_rows - SOFTMAX, LAYERNORM: of each row of an M x N matrix
 * @src: SPM address
 * @dst: SPM address
 * @m: rows
 * @n: columns
 * @lds: bytes between rows
 * @ldd: bytes between rows
 * @gamma: LAYERNORM: SPM address of f32[n]; SOFTMAX: zero
 * @beta: likewise
 * @eps: LAYERNORM: f32 bits; SOFTMAX: f32 bits of the factor on the input
 * @src_type: F16 BF16 F32
 * @dst_type: F16 BF16 F32
 * @rsvd0: zero
 * @rsvd1: zero
 */
struct loom_rows {
	struct loom_desc d;
	__u32 src, dst;
	__u32 m, n;
	__u32 lds, ldd;
	__u32 gamma, beta;
	__u32 eps;
	__u8  src_type;
	__u8  dst_type;
	__u8  rsvd0[2];
	__u32 rsvd1[2];
};
_Static_assert(sizeof(struct loom_rows) == 64, "loom_rows");

enum loom_resize_mode {
	LOOM_RESIZE_NEAREST = 1,
	LOOM_RESIZE_LINEAR = 2,
};

/**
 * struct loom_resize - RESIZE (two slots), channels contiguous
 * @in: SPM address
 * @out: SPM address
 * @ih: input rows
 * @iw: input columns
 * @oh: output rows
 * @ow: output columns
 * @c: channels
 * @in_stride_y: bytes
 * @in_stride_x: bytes
 * @out_stride: bytes between output pixels
 * @scale_y: source step a row, unsigned 16.16
 * @scale_x: likewise
 * @origin_y: source position of output row 0, signed 16.16
 * @origin_x: likewise
 * @mode: loom_resize_mode
 * @type: S8 U8 F16 BF16 F32
 * @rsvd0: zero
 * @rsvd1: zero
 */
struct loom_resize {
	struct loom_desc d;
	__u32 in, out;
	__u32 ih, iw, oh, ow, c;
	__u32 in_stride_y, in_stride_x;
	__u32 out_stride;
	__u32 scale_y, scale_x;
	__s32 origin_y, origin_x;
	__u8  mode;
	__u8  type;
	__u8  rsvd0[2];
	__u32 rsvd1[13];
};
_Static_assert(sizeof(struct loom_resize) == 128, "loom_resize");

/**
 * struct loom_dwconv - DWCONV (two slots): one filter a channel, result to ACC
 *
 * Fields as in struct loom_conv; weights are [tap][channel]. The sum runs over ky, kx in this order and starts
 * from what ACC holds, or from zero with LOOM_MXU_ZERO.
 */
struct loom_dwconv {
	struct loom_desc d;
	__u32 in, w, out;
	__u32 n, oh, ow;
	__u32 ih, iw;
	__u32 c;
	__u32 in_stride_n, in_stride_y, in_stride_x;
	__u32 w_stride_tap;
	__u32 out_stride;
	__u16 kh, kw;
	__u16 sy, sx;
	__u16 dy, dx;
	__s16 pad_y, pad_x;
	__u8  a_type;
	__u8  b_type;
	__u8  flags;
	__u8  rsvd0;
	__s16 a_zp;
	__s16 b_zp;
	__u32 rsvd1[8];
};
_Static_assert(sizeof(struct loom_dwconv) == 128, "loom_dwconv");

enum loom_optim_rule {
	LOOM_OPTIM_SGD = 1,
	LOOM_OPTIM_MOMENTUM = 2,
	LOOM_OPTIM_ADAM = 3,
};

/**
 * struct loom_optim - OPTIM (two slots): one step on @count parameters, fp32, all in SPM
 * @param: parameters, read and written
 * @grad: gradients
 * @state0: momentum, or first moment
 * @state1: second moment
 * @copy: parameters again, converted to @copy_type; zero for none
 * @count: elements
 * @hyper: f32 bits: rate, momentum or beta1, beta2, epsilon, weight decay, 1/(1-beta1^t), 1/(1-beta2^t),
 *	1/loss scale
 * @rule: loom_optim_rule
 * @copy_type: NONE, F16 or BF16
 * @rsvd0: zero
 * @rsvd1: zero
 */
struct loom_optim {
	struct loom_desc d;
	__u32 param, grad, state0, state1, copy;
	__u32 count;
	__u32 hyper[8];
	__u8  rule;
	__u8  copy_type;
	__u8  rsvd0[2];
	__u32 rsvd1[13];
};
_Static_assert(sizeof(struct loom_optim) == 128, "loom_optim");

/**
 * struct loom_plut - PLUT: piecewise-linear function of floating elements
 * @src: SPM address
 * @dst: SPM address
 * @table: SPM address of @segments triples of f32 (first input, slope, intercept), ascending
 * @segments: 1..256; inputs below the first use the first
 * @m: rows
 * @n: columns
 * @lds: bytes between rows
 * @ldd: bytes between rows
 * @src_type: F16 BF16 F32
 * @dst_type: F16 BF16 F32
 * @rsvd0: zero
 * @rsvd1: zero
 *
 * Result: fma(slope, x, intercept) of the last segment whose first input is <= x. NaN stays NaN.
 */
struct loom_plut {
	struct loom_desc d;
	__u32 src, dst, table;
	__u32 segments;
	__u32 m, n;
	__u32 lds, ldd;
	__u8  src_type;
	__u8  dst_type;
	__u8  rsvd0[2];
	__u32 rsvd1[3];
};
_Static_assert(sizeof(struct loom_plut) == 64, "loom_plut");

#endif
