/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Loom instruction set: the command stream that the compiler writes and a compute core executes.
 * docs/hardware.md specifies each operation to the bit; this header fixes encoding, operands and
 * limits; the vector unit's descriptors are in isa_vpu.h, which this header includes. isa_table.h describes every
 * operation and field as data, for encoder checks, decoder and disassembler.
 *
 * A stream is an array of 64-byte slots, little-endian. A descriptor takes one slot or two, begins with
 * struct loom_desc, and is handed, in stream order, to the queue of its engine. Each engine executes its
 * descriptors in order; engines meet only through semaphores.
 *
 * Memories: DRAM (48-bit VA of the job's address space); the scratchpad SPM (byte addresses from 0);
 * the accumulators ACC (byte addresses from 0, 32-bit elements, 4-byte aligned). SPM and ACC are zero when
 * a job starts.
 */
#ifndef LOOM_ISA_H
#define LOOM_ISA_H

#include <linux/types.h>

#define LOOM_ISA_VERSION	0x00010001	/* LOOM_REG_ISA_VERSION */
#define LOOM_SLOT_BYTES		64

enum loom_engine {
	LOOM_ENGINE_CTRL = 0,
	LOOM_ENGINE_DMA_IN = 1,
	LOOM_ENGINE_DMA_OUT = 2,
	LOOM_ENGINE_MXU = 3,
	LOOM_ENGINE_VPU = 4,
	LOOM_NUM_ENGINES = 5,
};

enum loom_type {
	LOOM_TYPE_NONE = 0,
	LOOM_S8 = 1,
	LOOM_U8 = 2,
	LOOM_S4 = 3,		/* two to a byte, low nibble first */
	LOOM_S32 = 4,
	LOOM_F16 = 5,
	LOOM_BF16 = 6,
	LOOM_F32 = 7,
	LOOM_E4M3 = 8,		/* fp8, OCP: no infinities */
	LOOM_E5M2 = 9,
	LOOM_NUM_TYPES = 10,
};

enum loom_opcode {
	/* control; 0 is illegal so that zeroed memory is not a program */
	LOOM_OP_NOP = 0x01,	/* carries waits and signals only */
	LOOM_OP_BARRIER = 0x02,	/* starts when every earlier descriptor of every engine has ended; later
				 * descriptors of every engine start after it */
	LOOM_OP_MARK = 0x03,	/* BARRIER; then all semaphores become 0, SPM and ACC contents become
				 * undefined-by-contract (the model zeroes them). A core may switch jobs here */
	LOOM_OP_END = 0x04,	/* BARRIER; the job has ended well. Must be the last slot */
	LOOM_OP_STAT = 0x05,	/* BARRIER; stores struct loom_stat at a VA */
	/* DMA-in */
	LOOM_OP_LOAD = 0x10,	/* DRAM to SPM, 5-D strided; transposes where strides say so */
	LOOM_OP_FILL = 0x11,	/* constant to SPM, 5-D strided */
	LOOM_OP_GATHER = 0x12,	/* rows of DRAM by index list in SPM */
	LOOM_OP_UNPACK = 0x13,	/* DRAM to SPM with decompression */
	/* DMA-out */
	LOOM_OP_STORE = 0x20,	/* SPM to DRAM, 5-D strided */
	LOOM_OP_SCATTER = 0x21,	/* rows to DRAM by index list in SPM */
	/* MXU */
	LOOM_OP_ACCINIT = 0x30,	/* ACC rows = bias vector, or constant */
	LOOM_OP_MM = 0x31,	/* ACC += A * B */
	LOOM_OP_CONV = 0x32,	/* ACC += implicit convolution */
	/* VPU */
	LOOM_OP_REQUANT = 0x40,	/* S32 to S8/U8 */
	LOOM_OP_EWISE = 0x41,	/* fused elementwise chain in fp32, and every type conversion */
	LOOM_OP_LUT = 0x42,	/* 256-entry table */
	LOOM_OP_POOL = 0x43,	/* maximum or average */
	LOOM_OP_REDUCE = 0x44,	/* of the rows or columns of a matrix */
	LOOM_OP_SOFTMAX = 0x45,
	LOOM_OP_LAYERNORM = 0x46,
	LOOM_OP_RESIZE = 0x47,
	LOOM_OP_DWCONV = 0x48,
	LOOM_OP_OPTIM = 0x49,	/* optimiser step */
	LOOM_OP_PLUT = 0x4a,	/* piecewise-linear table, floating */
};

#define LOOM_SEM_NONE	0xff

/**
 * struct loom_desc - head of every descriptor
 * @op: loom_opcode; decides the engine and the number of slots
 * @rsvd: zero
 * @wait_sem: up to two semaphores (0..63) to wait for, LOOM_SEM_NONE for none
 * @signal_sem: up to two semaphores that go up by 1 when the descriptor has ended and what it wrote can be
 *	seen by every engine
 * @node: the compiler's tag (index of a graph node), for traces and faults; no effect
 * @wait_value: start only when semaphore wait_sem[i] >= wait_value[i]
 *
 * Semaphores are 32-bit, start at 0 and only go up (but see MARK). wait_value of an unused wait is zero.
 */
struct loom_desc {
	__u8  op;
	__u8  rsvd;
	__u8  wait_sem[2];
	__u8  signal_sem[2];
	__u16 node;
	__u32 wait_value[2];
};
_Static_assert(sizeof(struct loom_desc) == 16, "loom_desc");

/* Why a descriptor was refused: fault_code of LOOM_JOB_ILLEGAL. */
enum loom_illegal {
	LOOM_ILL_OPCODE = 1,		/* no such opcode, or a second slot beyond the stream's end */
	LOOM_ILL_UNIMPLEMENTED = 2,	/* legal, but this revision of the hardware lacks it */
	LOOM_ILL_RESERVED = 3,		/* a reserved field or unknown flag is not zero */
	LOOM_ILL_TYPE = 4,		/* operand type, or combination of types, not legal here */
	LOOM_ILL_SPM_RANGE = 5,		/* an operand reaches beyond the scratchpad */
	LOOM_ILL_ACC_RANGE = 6,		/* an operand reaches beyond the accumulators */
	LOOM_ILL_ALIGN = 7,
	LOOM_ILL_VALUE = 8,		/* a count, size or mode outside of its limits */
	LOOM_ILL_SEM = 9,		/* semaphore number */
	LOOM_ILL_INDEX = 10,		/* GATHER, SCATTER: index beyond the limit */
};

/* Addresses of VPU operands: SPM, or ACC with this bit. */
#define LOOM_ACC	0x80000000u

#define LOOM_DIMS	5

/**
 * struct loom_nop - NOP, BARRIER, MARK, END
 */
struct loom_nop {
	struct loom_desc d;
	__u32 rsvd[12];
};
_Static_assert(sizeof(struct loom_nop) == 64, "loom_nop");

/**
 * struct loom_stat_desc - STAT
 * @va: where to store struct loom_stat, 8-byte aligned
 */
struct loom_stat_desc {
	struct loom_desc d;
	__u64 va;
	__u32 rsvd[10];
};
_Static_assert(sizeof(struct loom_stat_desc) == 64, "loom_stat_desc");

/**
 * struct loom_stat - what STAT stores: counts of this job so far, the STAT itself excluded
 * @cycles: by the cycle model; 0 where the device was made without it
 * @macs: multiply-accumulates done by the array
 * @bytes_in: DRAM to scratchpad
 * @bytes_out: scratchpad to DRAM
 * @descs: descriptors executed
 * @busy: cycles by engine
 * @core: that ran it
 * @array_dim: R
 * @stall: cycles by engine that it waited, for whatever reason, while it had a descriptor; the rest is idle
 */
struct loom_stat {
	__u64 cycles;
	__u64 macs;
	__u64 bytes_in;
	__u64 bytes_out;
	__u64 descs;
	__u64 busy[LOOM_NUM_ENGINES];
	__u32 core;
	__u32 array_dim;
	__u64 stall[LOOM_NUM_ENGINES];
};
_Static_assert(sizeof(struct loom_stat) == 128, "loom_stat");

/**
 * struct loom_dma - LOAD, STORE, FILL (two slots)
 * @va: DRAM address of element 0; FILL: zero
 * @spm: scratchpad address of element 0
 * @elem: bytes an element: 1, 2, 4, 8 or 16
 * @n: elements along each dimension, n[0] innermost, each 1..2^24; unused ones 1
 * @va_stride: bytes between neighbours along each dimension in DRAM, signed; FILL: zero
 * @spm_stride: the same in the scratchpad
 * @value: FILL: the element's low 32 bits, higher ones zero
 *
 * Total at most 2^32-1 bytes. Elements are moved in order of the indices, n[0] fastest; where a destination
 * is written twice the later one stays.
 */
struct loom_dma {
	struct loom_desc d;
	__u64 va;
	__u32 spm;
	__u8  elem;
	__u8  rsvd0[3];
	__u32 n[LOOM_DIMS];
	__s32 spm_stride[LOOM_DIMS];
	__s64 va_stride[LOOM_DIMS];
	__u32 value;
	__u32 rsvd1[3];
};
_Static_assert(sizeof(struct loom_dma) == 128, "loom_dma");

/**
 * struct loom_gather - GATHER, SCATTER
 * @va: DRAM address of row 0
 * @row_stride: bytes between rows in DRAM
 * @spm: scratchpad address of the first packed row
 * @spm_stride: bytes between packed rows
 * @index: scratchpad address of @count indices of 32 bits, unsigned
 * @count: rows to move, 1..2^24
 * @row_bytes: bytes a row, 1..2^24
 * @limit: every index must be below it
 */
struct loom_gather {
	struct loom_desc d;
	__u64 va;
	__s64 row_stride;
	__u32 spm;
	__u32 spm_stride;
	__u32 index;
	__u32 count;
	__u32 row_bytes;
	__u32 limit;
	__u32 rsvd[2];
};
_Static_assert(sizeof(struct loom_gather) == 64, "loom_gather");

enum loom_unpack_mode {
	LOOM_UNPACK_S4 = 1,	/* int4 to int8 */
	LOOM_UNPACK_24 = 2,	/* 2:4 values and metadata to dense */
	LOOM_UNPACK_RLE = 3,	/* pairs (count - 1, byte) */
};

/**
 * struct loom_unpack - UNPACK
 * @va: DRAM address of the packed data
 * @bytes: packed bytes
 * @spm: scratchpad destination
 * @count: elements produced
 * @mode: loom_unpack_mode
 * @elem: bytes an element, for LOOM_UNPACK_24
 */
struct loom_unpack {
	struct loom_desc d;
	__u64 va;
	__u32 bytes;
	__u32 spm;
	__u32 count;
	__u8  mode;
	__u8  elem;
	__u8  rsvd0[2];
	__u32 rsvd1[6];
};
_Static_assert(sizeof(struct loom_unpack) == 64, "loom_unpack");

#define LOOM_ACCINIT_BIAS	0x1	/* row = vector at @bias; otherwise every element = @value */

/**
 * struct loom_accinit - ACCINIT
 * @acc: first row in ACC
 * @m: rows
 * @n: columns
 * @ldc: bytes between rows, multiple of 4
 * @bias: SPM address of @n elements of 32 bits, 4-byte aligned; zero without the flag
 * @value: bits of the constant; zero with the flag
 * @flags: LOOM_ACCINIT_*
 */
struct loom_accinit {
	struct loom_desc d;
	__u32 acc;
	__u32 m;
	__u32 n;
	__u32 ldc;
	__u32 bias;
	__u32 value;
	__u32 flags;
	__u32 rsvd[5];
};
_Static_assert(sizeof(struct loom_accinit) == 64, "loom_accinit");

#define LOOM_MXU_ZERO		0x01	/* start from 0 (+0.0) rather than from what ACC holds */
#define LOOM_MXU_TRANS_A	0x02	/* MM: A is stored K x M */
#define LOOM_MXU_TRANS_B	0x04	/* MM: B is stored N x K; CONV: taps are stored oc x ic */
#define LOOM_MXU_SPARSE24	0x08	/* B holds two of each four along K, @meta says which */
#define LOOM_MXU_ROTATE		0x10	/* CONV: kernel rotated by 180 degrees */

/**
 * struct loom_mm - MM: C[m][n] += sum over k, ascending, of (A[m][k] - a_zp) * (B[k][n] - b_zp)
 * @a: SPM address of A, row-major, rows @lda bytes apart
 * @b: SPM address of B, row-major, rows @ldb bytes apart
 * @c: ACC address of C, rows @ldc bytes apart, multiple of 4
 * @m: 1..2^20
 * @n: 1..2^16
 * @k: 1..2^20
 * @lda: bytes
 * @ldb: bytes
 * @ldc: bytes
 * @a_type: integer: S8, U8. Floating: F16, BF16, F32, E4M3, E5M2
 * @b_type: integer: S8, U8, S4. Floating: @a_type (fp8: either fp8)
 * @flags: LOOM_MXU_*
 * @rsvd: zero
 * @a_zp: zero point, integer types only, -128..255
 * @b_zp: likewise
 * @meta: SPM address of the sparsity metadata; zero without LOOM_MXU_SPARSE24
 *
 * Operand addresses and strides are multiples of the element size (S4: of one byte).
 */
struct loom_mm {
	struct loom_desc d;
	__u32 a, b, c;
	__u32 m, n, k;
	__u32 lda, ldb, ldc;
	__u8  a_type;
	__u8  b_type;
	__u8  flags;
	__u8  rsvd;
	__s16 a_zp;
	__s16 b_zp;
	__u32 meta;
};
_Static_assert(sizeof(struct loom_mm) == 64, "loom_mm");

/**
 * struct loom_conv - CONV (two slots)
 * @in: SPM address of input element (image 0, y 0, x 0, channel 0); channels are contiguous
 * @w: SPM address of weight (tap 0, channel 0, output 0)
 * @out: ACC address of output pixel 0; outputs are contiguous
 * @n: images, 1..2^16
 * @oh: output rows, 1..2^16
 * @ow: output columns, 1..2^16
 * @ih: input rows present; others are padding
 * @iw: input columns present; others are padding
 * @ic: input channels, the block of K; 1..2^16
 * @oc: output channels; 1..2^16
 * @in_stride_n: bytes between images
 * @in_stride_y: bytes between rows
 * @in_stride_x: bytes between pixels
 * @w_stride_tap: bytes between taps; tap = ky * kw + kx
 * @w_stride_c: bytes between input channels of a tap (TRANS_B: between outputs)
 * @out_stride: bytes between output pixels in ACC, pixel = (image * oh + oy) * ow + ox
 * @kh: kernel rows, 1..2^10
 * @kw: kernel columns
 * @sy: stride, 1..2^10, like @sx
 * @dy: dilation of the kernel, 1..2^10, like @dx
 * @pad_y: rows of padding above input row 0; negative crops
 * @pad_x: likewise
 * @idy: dilation of the input (zeros between rows), 1 for none
 * @idx: likewise
 * @a_type: as in MM
 * @b_type: as in MM, like @a_zp, @b_zp and @meta
 * @flags: LOOM_MXU_*
 * @rsvd0: zero
 * @rsvd1: zero
 *
 * out[p][o] += sum over ky, kx, c, in this order, of (x - a_zp) * (w[ky][kx][c][o] - b_zp), where x is the input at
 * (oy*sy + ky*dy - pad_y, ox*sx + kx*dx - pad_x) in the dilated input. Padding and inserted zeros take part as
 * value zero: x = a_zp, or +0.0.
 */
struct loom_conv {
	struct loom_desc d;
	__u32 in, w, out;
	__u32 n, oh, ow;
	__u32 ih, iw;
	__u32 ic, oc;
	__u32 in_stride_n, in_stride_y, in_stride_x;
	__u32 w_stride_tap, w_stride_c;
	__u32 out_stride;
	__u16 kh, kw;
	__u16 sy, sx;
	__u16 dy, dx;
	__s16 pad_y, pad_x;
	__u8  idy, idx;
	__u8  a_type;
	__u8  b_type;
	__u8  flags;
	__u8  rsvd0[3];
	__s16 a_zp;
	__s16 b_zp;
	__u32 meta;
	__u32 rsvd1[4];
};
_Static_assert(sizeof(struct loom_conv) == 128, "loom_conv");

#include "isa_vpu.h"

#endif
