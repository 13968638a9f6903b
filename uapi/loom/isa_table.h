/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * The instruction set of isa.h as data: one row an operation, one row a field. The encoder checks with it,
 * the device decodes with it, the disassembler prints with it.
 */
#ifndef LOOM_ISA_TABLE_H
#define LOOM_ISA_TABLE_H

#include <stddef.h>

#include "isa.h"

enum loom_field_kind {
	LOOM_FIELD_ZERO,	/* reserved, must be zero */
	LOOM_FIELD_UINT,
	LOOM_FIELD_INT,
	LOOM_FIELD_HEX,
	LOOM_FIELD_F32,		/* bits of an fp32 */
	LOOM_FIELD_VA,		/* DRAM address */
	LOOM_FIELD_SPM,		/* scratchpad address */
	LOOM_FIELD_ACC,		/* accumulator address */
	LOOM_FIELD_MEM,		/* scratchpad, or accumulators with LOOM_ACC */
	LOOM_FIELD_TYPE,	/* loom_type */
	LOOM_FIELD_FLAGS,
	LOOM_FIELD_RQ_MODE,
	LOOM_FIELD_POOL_MODE,
	LOOM_FIELD_RESIZE_MODE,
	LOOM_FIELD_UNPACK_MODE,
	LOOM_FIELD_REDUCE_OP,
	LOOM_FIELD_OPTIM_RULE,
	LOOM_FIELD_STAGE,	/* pairs of loom_ew_op, loom_ew_operand */
};

/**
 * struct loom_field - one operand field of a descriptor
 * @name: as in isa.h
 * @offset: bytes from the descriptor's start
 * @size: bytes an element
 * @count: elements
 * @kind: how to read and print it
 */
struct loom_field {
	const char *name;
	__u16 offset;
	__u8 size;
	__u8 count;
	__u8 kind;
};

/* A set of loom_type. */
#define LOOM_TYPES(t)		(1u << (t))
#define LOOM_TYPES_INT8		(LOOM_TYPES(LOOM_S8) | LOOM_TYPES(LOOM_U8))
#define LOOM_TYPES_FP8		(LOOM_TYPES(LOOM_E4M3) | LOOM_TYPES(LOOM_E5M2))
#define LOOM_TYPES_FLOAT	(LOOM_TYPES(LOOM_F16) | LOOM_TYPES(LOOM_BF16) | LOOM_TYPES(LOOM_F32))
#define LOOM_TYPES_MXU_A	(LOOM_TYPES_INT8 | LOOM_TYPES_FLOAT | LOOM_TYPES_FP8)
#define LOOM_TYPES_EWISE	(LOOM_TYPES_INT8 | LOOM_TYPES(LOOM_S32) | LOOM_TYPES_FLOAT | LOOM_TYPES_FP8)

/**
 * struct loom_op_info - one operation
 * @name: mnemonic
 * @opcode: loom_opcode
 * @engine: loom_engine that executes it
 * @slots: 1 or 2
 * @flags: legal bits of its flags field
 * @types: legal loom_type sets of its type fields, in the order of the fields
 * @fields: operand fields, in the order of their offsets
 * @num_fields: their number
 */
struct loom_op_info {
	const char *name;
	__u8 opcode;
	__u8 engine;
	__u8 slots;
	__u8 flags;
	__u16 types[3];
	const struct loom_field *fields;
	__u32 num_fields;
};

#define LOOM_FIELD(st, member, elems, k) \
	{ #member, offsetof(struct st, member), sizeof(((struct st *)0)->member) / (elems), elems, \
	  LOOM_FIELD_##k }

static const struct loom_field loom_nop_fields[] = {
	LOOM_FIELD(loom_nop, rsvd, 12, ZERO),
};

static const struct loom_field loom_stat_desc_fields[] = {
	LOOM_FIELD(loom_stat_desc, va, 1, VA),
	LOOM_FIELD(loom_stat_desc, rsvd, 10, ZERO),
};

static const struct loom_field loom_dma_fields[] = {
	LOOM_FIELD(loom_dma, va, 1, VA),
	LOOM_FIELD(loom_dma, spm, 1, SPM),
	LOOM_FIELD(loom_dma, elem, 1, UINT),
	LOOM_FIELD(loom_dma, rsvd0, 3, ZERO),
	LOOM_FIELD(loom_dma, n, 5, UINT),
	LOOM_FIELD(loom_dma, spm_stride, 5, INT),
	LOOM_FIELD(loom_dma, va_stride, 5, INT),
	LOOM_FIELD(loom_dma, value, 1, HEX),
	LOOM_FIELD(loom_dma, rsvd1, 3, ZERO),
};

static const struct loom_field loom_gather_fields[] = {
	LOOM_FIELD(loom_gather, va, 1, VA),
	LOOM_FIELD(loom_gather, row_stride, 1, INT),
	LOOM_FIELD(loom_gather, spm, 1, SPM),
	LOOM_FIELD(loom_gather, spm_stride, 1, UINT),
	LOOM_FIELD(loom_gather, index, 1, SPM),
	LOOM_FIELD(loom_gather, count, 1, UINT),
	LOOM_FIELD(loom_gather, row_bytes, 1, UINT),
	LOOM_FIELD(loom_gather, limit, 1, UINT),
	LOOM_FIELD(loom_gather, rsvd, 2, ZERO),
};

static const struct loom_field loom_unpack_fields[] = {
	LOOM_FIELD(loom_unpack, va, 1, VA),
	LOOM_FIELD(loom_unpack, bytes, 1, UINT),
	LOOM_FIELD(loom_unpack, spm, 1, SPM),
	LOOM_FIELD(loom_unpack, count, 1, UINT),
	LOOM_FIELD(loom_unpack, mode, 1, UNPACK_MODE),
	LOOM_FIELD(loom_unpack, elem, 1, UINT),
	LOOM_FIELD(loom_unpack, rsvd0, 2, ZERO),
	LOOM_FIELD(loom_unpack, rsvd1, 6, ZERO),
};

static const struct loom_field loom_accinit_fields[] = {
	LOOM_FIELD(loom_accinit, acc, 1, ACC),
	LOOM_FIELD(loom_accinit, m, 1, UINT),
	LOOM_FIELD(loom_accinit, n, 1, UINT),
	LOOM_FIELD(loom_accinit, ldc, 1, UINT),
	LOOM_FIELD(loom_accinit, bias, 1, SPM),
	LOOM_FIELD(loom_accinit, value, 1, HEX),
	LOOM_FIELD(loom_accinit, flags, 1, FLAGS),
	LOOM_FIELD(loom_accinit, rsvd, 5, ZERO),
};

static const struct loom_field loom_mm_fields[] = {
	LOOM_FIELD(loom_mm, a, 1, SPM),
	LOOM_FIELD(loom_mm, b, 1, SPM),
	LOOM_FIELD(loom_mm, c, 1, ACC),
	LOOM_FIELD(loom_mm, m, 1, UINT),
	LOOM_FIELD(loom_mm, n, 1, UINT),
	LOOM_FIELD(loom_mm, k, 1, UINT),
	LOOM_FIELD(loom_mm, lda, 1, UINT),
	LOOM_FIELD(loom_mm, ldb, 1, UINT),
	LOOM_FIELD(loom_mm, ldc, 1, UINT),
	LOOM_FIELD(loom_mm, a_type, 1, TYPE),
	LOOM_FIELD(loom_mm, b_type, 1, TYPE),
	LOOM_FIELD(loom_mm, flags, 1, FLAGS),
	LOOM_FIELD(loom_mm, rsvd, 1, ZERO),
	LOOM_FIELD(loom_mm, a_zp, 1, INT),
	LOOM_FIELD(loom_mm, b_zp, 1, INT),
	LOOM_FIELD(loom_mm, meta, 1, SPM),
};

static const struct loom_field loom_conv_fields[] = {
	LOOM_FIELD(loom_conv, in, 1, SPM),
	LOOM_FIELD(loom_conv, w, 1, SPM),
	LOOM_FIELD(loom_conv, out, 1, ACC),
	LOOM_FIELD(loom_conv, n, 1, UINT),
	LOOM_FIELD(loom_conv, oh, 1, UINT),
	LOOM_FIELD(loom_conv, ow, 1, UINT),
	LOOM_FIELD(loom_conv, ih, 1, UINT),
	LOOM_FIELD(loom_conv, iw, 1, UINT),
	LOOM_FIELD(loom_conv, ic, 1, UINT),
	LOOM_FIELD(loom_conv, oc, 1, UINT),
	LOOM_FIELD(loom_conv, in_stride_n, 1, UINT),
	LOOM_FIELD(loom_conv, in_stride_y, 1, UINT),
	LOOM_FIELD(loom_conv, in_stride_x, 1, UINT),
	LOOM_FIELD(loom_conv, w_stride_tap, 1, UINT),
	LOOM_FIELD(loom_conv, w_stride_c, 1, UINT),
	LOOM_FIELD(loom_conv, out_stride, 1, UINT),
	LOOM_FIELD(loom_conv, kh, 1, UINT),
	LOOM_FIELD(loom_conv, kw, 1, UINT),
	LOOM_FIELD(loom_conv, sy, 1, UINT),
	LOOM_FIELD(loom_conv, sx, 1, UINT),
	LOOM_FIELD(loom_conv, dy, 1, UINT),
	LOOM_FIELD(loom_conv, dx, 1, UINT),
	LOOM_FIELD(loom_conv, pad_y, 1, INT),
	LOOM_FIELD(loom_conv, pad_x, 1, INT),
	LOOM_FIELD(loom_conv, idy, 1, UINT),
	LOOM_FIELD(loom_conv, idx, 1, UINT),
	LOOM_FIELD(loom_conv, a_type, 1, TYPE),
	LOOM_FIELD(loom_conv, b_type, 1, TYPE),
	LOOM_FIELD(loom_conv, flags, 1, FLAGS),
	LOOM_FIELD(loom_conv, rsvd0, 3, ZERO),
	LOOM_FIELD(loom_conv, a_zp, 1, INT),
	LOOM_FIELD(loom_conv, b_zp, 1, INT),
	LOOM_FIELD(loom_conv, meta, 1, SPM),
	LOOM_FIELD(loom_conv, rsvd1, 4, ZERO),
};

static const struct loom_field loom_requant_fields[] = {
	LOOM_FIELD(loom_requant, src, 1, MEM),
	LOOM_FIELD(loom_requant, dst, 1, MEM),
	LOOM_FIELD(loom_requant, m, 1, UINT),
	LOOM_FIELD(loom_requant, n, 1, UINT),
	LOOM_FIELD(loom_requant, lds, 1, UINT),
	LOOM_FIELD(loom_requant, ldd, 1, UINT),
	LOOM_FIELD(loom_requant, scale, 1, HEX),
	LOOM_FIELD(loom_requant, shift, 1, UINT),
	LOOM_FIELD(loom_requant, mode, 1, RQ_MODE),
	LOOM_FIELD(loom_requant, dst_type, 1, TYPE),
	LOOM_FIELD(loom_requant, flags, 1, FLAGS),
	LOOM_FIELD(loom_requant, rsvd0, 1, ZERO),
	LOOM_FIELD(loom_requant, zp, 1, INT),
	LOOM_FIELD(loom_requant, lo, 1, INT),
	LOOM_FIELD(loom_requant, hi, 1, INT),
	LOOM_FIELD(loom_requant, rsvd1, 3, ZERO),
};

static const struct loom_field loom_ewise_fields[] = {
	LOOM_FIELD(loom_ewise, m, 1, UINT),
	LOOM_FIELD(loom_ewise, n, 1, UINT),
	LOOM_FIELD(loom_ewise, src0, 1, MEM),
	LOOM_FIELD(loom_ewise, lds0, 1, UINT),
	LOOM_FIELD(loom_ewise, src1, 1, MEM),
	LOOM_FIELD(loom_ewise, lds1, 1, UINT),
	LOOM_FIELD(loom_ewise, dst, 1, MEM),
	LOOM_FIELD(loom_ewise, ldd, 1, UINT),
	LOOM_FIELD(loom_ewise, vec0, 1, SPM),
	LOOM_FIELD(loom_ewise, vec1, 1, SPM),
	LOOM_FIELD(loom_ewise, imm, 4, F32),
	LOOM_FIELD(loom_ewise, src0_type, 1, TYPE),
	LOOM_FIELD(loom_ewise, src1_type, 1, TYPE),
	LOOM_FIELD(loom_ewise, dst_type, 1, TYPE),
	LOOM_FIELD(loom_ewise, rsvd0, 1, ZERO),
	LOOM_FIELD(loom_ewise, zp0, 1, INT),
	LOOM_FIELD(loom_ewise, zp1, 1, INT),
	LOOM_FIELD(loom_ewise, zpd, 1, INT),
	LOOM_FIELD(loom_ewise, rsvd1, 1, ZERO),
	LOOM_FIELD(loom_ewise, stage, 8, STAGE),
	LOOM_FIELD(loom_ewise, rsvd2, 7, ZERO),
};

static const struct loom_field loom_lut_fields[] = {
	LOOM_FIELD(loom_lut, src, 1, SPM),
	LOOM_FIELD(loom_lut, dst, 1, SPM),
	LOOM_FIELD(loom_lut, table, 1, SPM),
	LOOM_FIELD(loom_lut, m, 1, UINT),
	LOOM_FIELD(loom_lut, n, 1, UINT),
	LOOM_FIELD(loom_lut, lds, 1, UINT),
	LOOM_FIELD(loom_lut, ldd, 1, UINT),
	LOOM_FIELD(loom_lut, elem, 1, UINT),
	LOOM_FIELD(loom_lut, rsvd0, 3, ZERO),
	LOOM_FIELD(loom_lut, rsvd1, 4, ZERO),
};

static const struct loom_field loom_pool_fields[] = {
	LOOM_FIELD(loom_pool, in, 1, SPM),
	LOOM_FIELD(loom_pool, out, 1, SPM),
	LOOM_FIELD(loom_pool, n, 1, UINT),
	LOOM_FIELD(loom_pool, ih, 1, UINT),
	LOOM_FIELD(loom_pool, iw, 1, UINT),
	LOOM_FIELD(loom_pool, oh, 1, UINT),
	LOOM_FIELD(loom_pool, ow, 1, UINT),
	LOOM_FIELD(loom_pool, c, 1, UINT),
	LOOM_FIELD(loom_pool, in_stride_n, 1, UINT),
	LOOM_FIELD(loom_pool, in_stride_y, 1, UINT),
	LOOM_FIELD(loom_pool, in_stride_x, 1, UINT),
	LOOM_FIELD(loom_pool, out_stride, 1, UINT),
	LOOM_FIELD(loom_pool, kh, 1, UINT),
	LOOM_FIELD(loom_pool, kw, 1, UINT),
	LOOM_FIELD(loom_pool, sy, 1, UINT),
	LOOM_FIELD(loom_pool, sx, 1, UINT),
	LOOM_FIELD(loom_pool, dy, 1, UINT),
	LOOM_FIELD(loom_pool, dx, 1, UINT),
	LOOM_FIELD(loom_pool, pad_y, 1, INT),
	LOOM_FIELD(loom_pool, pad_x, 1, INT),
	LOOM_FIELD(loom_pool, mode, 1, POOL_MODE),
	LOOM_FIELD(loom_pool, type, 1, TYPE),
	LOOM_FIELD(loom_pool, rsvd0, 2, ZERO),
	LOOM_FIELD(loom_pool, zp_in, 1, INT),
	LOOM_FIELD(loom_pool, zp_out, 1, INT),
	LOOM_FIELD(loom_pool, scale, 1, F32),
	LOOM_FIELD(loom_pool, rsvd1, 9, ZERO),
};

static const struct loom_field loom_reduce_fields[] = {
	LOOM_FIELD(loom_reduce, src, 1, MEM),
	LOOM_FIELD(loom_reduce, dst, 1, MEM),
	LOOM_FIELD(loom_reduce, m, 1, UINT),
	LOOM_FIELD(loom_reduce, n, 1, UINT),
	LOOM_FIELD(loom_reduce, lds, 1, UINT),
	LOOM_FIELD(loom_reduce, ldd, 1, UINT),
	LOOM_FIELD(loom_reduce, op, 1, REDUCE_OP),
	LOOM_FIELD(loom_reduce, src_type, 1, TYPE),
	LOOM_FIELD(loom_reduce, dst_type, 1, TYPE),
	LOOM_FIELD(loom_reduce, flags, 1, FLAGS),
	LOOM_FIELD(loom_reduce, zp, 1, INT),
	LOOM_FIELD(loom_reduce, zpd, 1, INT),
	LOOM_FIELD(loom_reduce, scale, 1, F32),
	LOOM_FIELD(loom_reduce, rsvd, 3, ZERO),
};

static const struct loom_field loom_rows_fields[] = {
	LOOM_FIELD(loom_rows, src, 1, SPM),
	LOOM_FIELD(loom_rows, dst, 1, SPM),
	LOOM_FIELD(loom_rows, m, 1, UINT),
	LOOM_FIELD(loom_rows, n, 1, UINT),
	LOOM_FIELD(loom_rows, lds, 1, UINT),
	LOOM_FIELD(loom_rows, ldd, 1, UINT),
	LOOM_FIELD(loom_rows, gamma, 1, SPM),
	LOOM_FIELD(loom_rows, beta, 1, SPM),
	LOOM_FIELD(loom_rows, eps, 1, F32),
	LOOM_FIELD(loom_rows, src_type, 1, TYPE),
	LOOM_FIELD(loom_rows, dst_type, 1, TYPE),
	LOOM_FIELD(loom_rows, rsvd0, 2, ZERO),
	LOOM_FIELD(loom_rows, rsvd1, 2, ZERO),
};

static const struct loom_field loom_resize_fields[] = {
	LOOM_FIELD(loom_resize, in, 1, SPM),
	LOOM_FIELD(loom_resize, out, 1, SPM),
	LOOM_FIELD(loom_resize, ih, 1, UINT),
	LOOM_FIELD(loom_resize, iw, 1, UINT),
	LOOM_FIELD(loom_resize, oh, 1, UINT),
	LOOM_FIELD(loom_resize, ow, 1, UINT),
	LOOM_FIELD(loom_resize, c, 1, UINT),
	LOOM_FIELD(loom_resize, in_stride_y, 1, UINT),
	LOOM_FIELD(loom_resize, in_stride_x, 1, UINT),
	LOOM_FIELD(loom_resize, out_stride, 1, UINT),
	LOOM_FIELD(loom_resize, scale_y, 1, UINT),
	LOOM_FIELD(loom_resize, scale_x, 1, UINT),
	LOOM_FIELD(loom_resize, origin_y, 1, INT),
	LOOM_FIELD(loom_resize, origin_x, 1, INT),
	LOOM_FIELD(loom_resize, mode, 1, RESIZE_MODE),
	LOOM_FIELD(loom_resize, type, 1, TYPE),
	LOOM_FIELD(loom_resize, rsvd0, 2, ZERO),
	LOOM_FIELD(loom_resize, rsvd1, 13, ZERO),
};

static const struct loom_field loom_dwconv_fields[] = {
	LOOM_FIELD(loom_dwconv, in, 1, SPM),
	LOOM_FIELD(loom_dwconv, w, 1, SPM),
	LOOM_FIELD(loom_dwconv, out, 1, ACC),
	LOOM_FIELD(loom_dwconv, n, 1, UINT),
	LOOM_FIELD(loom_dwconv, oh, 1, UINT),
	LOOM_FIELD(loom_dwconv, ow, 1, UINT),
	LOOM_FIELD(loom_dwconv, ih, 1, UINT),
	LOOM_FIELD(loom_dwconv, iw, 1, UINT),
	LOOM_FIELD(loom_dwconv, c, 1, UINT),
	LOOM_FIELD(loom_dwconv, in_stride_n, 1, UINT),
	LOOM_FIELD(loom_dwconv, in_stride_y, 1, UINT),
	LOOM_FIELD(loom_dwconv, in_stride_x, 1, UINT),
	LOOM_FIELD(loom_dwconv, w_stride_tap, 1, UINT),
	LOOM_FIELD(loom_dwconv, out_stride, 1, UINT),
	LOOM_FIELD(loom_dwconv, kh, 1, UINT),
	LOOM_FIELD(loom_dwconv, kw, 1, UINT),
	LOOM_FIELD(loom_dwconv, sy, 1, UINT),
	LOOM_FIELD(loom_dwconv, sx, 1, UINT),
	LOOM_FIELD(loom_dwconv, dy, 1, UINT),
	LOOM_FIELD(loom_dwconv, dx, 1, UINT),
	LOOM_FIELD(loom_dwconv, pad_y, 1, INT),
	LOOM_FIELD(loom_dwconv, pad_x, 1, INT),
	LOOM_FIELD(loom_dwconv, a_type, 1, TYPE),
	LOOM_FIELD(loom_dwconv, b_type, 1, TYPE),
	LOOM_FIELD(loom_dwconv, flags, 1, FLAGS),
	LOOM_FIELD(loom_dwconv, rsvd0, 1, ZERO),
	LOOM_FIELD(loom_dwconv, a_zp, 1, INT),
	LOOM_FIELD(loom_dwconv, b_zp, 1, INT),
	LOOM_FIELD(loom_dwconv, rsvd1, 8, ZERO),
};

static const struct loom_field loom_optim_fields[] = {
	LOOM_FIELD(loom_optim, param, 1, SPM),
	LOOM_FIELD(loom_optim, grad, 1, SPM),
	LOOM_FIELD(loom_optim, state0, 1, SPM),
	LOOM_FIELD(loom_optim, state1, 1, SPM),
	LOOM_FIELD(loom_optim, copy, 1, SPM),
	LOOM_FIELD(loom_optim, count, 1, UINT),
	LOOM_FIELD(loom_optim, hyper, 8, F32),
	LOOM_FIELD(loom_optim, rule, 1, OPTIM_RULE),
	LOOM_FIELD(loom_optim, copy_type, 1, TYPE),
	LOOM_FIELD(loom_optim, rsvd0, 2, ZERO),
	LOOM_FIELD(loom_optim, rsvd1, 13, ZERO),
};

static const struct loom_field loom_plut_fields[] = {
	LOOM_FIELD(loom_plut, src, 1, SPM),
	LOOM_FIELD(loom_plut, dst, 1, SPM),
	LOOM_FIELD(loom_plut, table, 1, SPM),
	LOOM_FIELD(loom_plut, segments, 1, UINT),
	LOOM_FIELD(loom_plut, m, 1, UINT),
	LOOM_FIELD(loom_plut, n, 1, UINT),
	LOOM_FIELD(loom_plut, lds, 1, UINT),
	LOOM_FIELD(loom_plut, ldd, 1, UINT),
	LOOM_FIELD(loom_plut, src_type, 1, TYPE),
	LOOM_FIELD(loom_plut, dst_type, 1, TYPE),
	LOOM_FIELD(loom_plut, rsvd0, 2, ZERO),
	LOOM_FIELD(loom_plut, rsvd1, 3, ZERO),
};

#define LOOM_OP(mnemonic, code, eng, st, flag_mask, ...) \
	{ mnemonic, LOOM_OP_##code, LOOM_ENGINE_##eng, sizeof(struct st) / LOOM_SLOT_BYTES, flag_mask, \
	  __VA_ARGS__, st##_fields, sizeof(st##_fields) / sizeof(st##_fields[0]) }

static const struct loom_op_info loom_ops[] = {
	LOOM_OP("nop", NOP, CTRL, loom_nop,
		0, { 0, 0, 0 }),
	LOOM_OP("barrier", BARRIER, CTRL, loom_nop,
		0, { 0, 0, 0 }),
	LOOM_OP("mark", MARK, CTRL, loom_nop,
		0, { 0, 0, 0 }),
	LOOM_OP("end", END, CTRL, loom_nop,
		0, { 0, 0, 0 }),
	LOOM_OP("stat", STAT, CTRL, loom_stat_desc,
		0, { 0, 0, 0 }),
	LOOM_OP("load", LOAD, DMA_IN, loom_dma,
		0, { 0, 0, 0 }),
	LOOM_OP("fill", FILL, DMA_IN, loom_dma,
		0, { 0, 0, 0 }),
	LOOM_OP("gather", GATHER, DMA_IN, loom_gather,
		0, { 0, 0, 0 }),
	LOOM_OP("unpack", UNPACK, DMA_IN, loom_unpack,
		0, { 0, 0, 0 }),
	LOOM_OP("store", STORE, DMA_OUT, loom_dma,
		0, { 0, 0, 0 }),
	LOOM_OP("scatter", SCATTER, DMA_OUT, loom_gather,
		0, { 0, 0, 0 }),
	LOOM_OP("accinit", ACCINIT, MXU, loom_accinit,
		LOOM_ACCINIT_BIAS, { 0, 0, 0 }),
	LOOM_OP("mm", MM, MXU, loom_mm,
		LOOM_MXU_ZERO | LOOM_MXU_TRANS_A | LOOM_MXU_TRANS_B | LOOM_MXU_SPARSE24, { LOOM_TYPES_MXU_A, LOOM_TYPES_MXU_A | LOOM_TYPES(LOOM_S4), 0 }),
	LOOM_OP("conv", CONV, MXU, loom_conv,
		LOOM_MXU_ZERO | LOOM_MXU_TRANS_B | LOOM_MXU_SPARSE24 | LOOM_MXU_ROTATE, { LOOM_TYPES_MXU_A, LOOM_TYPES_MXU_A | LOOM_TYPES(LOOM_S4), 0 }),
	LOOM_OP("requant", REQUANT, VPU, loom_requant,
		LOOM_RQ_PER_CHANNEL, { LOOM_TYPES_INT8, 0, 0 }),
	LOOM_OP("ewise", EWISE, VPU, loom_ewise,
		0, { LOOM_TYPES_EWISE, LOOM_TYPES_EWISE | LOOM_TYPES(LOOM_TYPE_NONE), LOOM_TYPES_EWISE }),
	LOOM_OP("lut", LUT, VPU, loom_lut,
		0, { 0, 0, 0 }),
	LOOM_OP("pool", POOL, VPU, loom_pool,
		0, { LOOM_TYPES_INT8 | LOOM_TYPES_FLOAT, 0, 0 }),
	LOOM_OP("reduce", REDUCE, VPU, loom_reduce,
		LOOM_REDUCE_COLUMNS, { LOOM_TYPES_EWISE, LOOM_TYPES_EWISE, 0 }),
	LOOM_OP("softmax", SOFTMAX, VPU, loom_rows,
		0, { LOOM_TYPES_FLOAT, LOOM_TYPES_FLOAT, 0 }),
	LOOM_OP("layernorm", LAYERNORM, VPU, loom_rows,
		0, { LOOM_TYPES_FLOAT, LOOM_TYPES_FLOAT, 0 }),
	LOOM_OP("resize", RESIZE, VPU, loom_resize,
		0, { LOOM_TYPES_INT8 | LOOM_TYPES_FLOAT, 0, 0 }),
	LOOM_OP("dwconv", DWCONV, VPU, loom_dwconv,
		LOOM_MXU_ZERO, { LOOM_TYPES_MXU_A, LOOM_TYPES_MXU_A | LOOM_TYPES(LOOM_S4), 0 }),
	LOOM_OP("optim", OPTIM, VPU, loom_optim,
		0, { LOOM_TYPES(LOOM_TYPE_NONE) | LOOM_TYPES(LOOM_F16) | LOOM_TYPES(LOOM_BF16), 0, 0 }),
	LOOM_OP("plut", PLUT, VPU, loom_plut,
		0, { LOOM_TYPES_FLOAT, LOOM_TYPES_FLOAT, 0 }),
};

/** loom_op_find - the row of @opcode, or NULL */
static inline const struct loom_op_info *loom_op_find(unsigned int opcode)
{
	for (size_t i = 0; i < sizeof(loom_ops) / sizeof(loom_ops[0]); i++)
		if (loom_ops[i].opcode == opcode)
			return &loom_ops[i];
	return NULL;
}

#endif
