/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Loom instruction set: the command stream that the compiler writes and a compute core executes.
 * docs/hardware.md specifies each operation to the bit; this header fixes encoding, operands and
 * limits. isa_table.h describes every operation and field as data, for encoder checks, decoder and
 * disassembler.
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
