/* SPDX-License-Identifier: MIT */
/* Code generation: a refined graph to command streams. Shared by its parts only; the entry is accel_codegen(). */
#ifndef ACCEL_CODEGEN_CODEGEN_H
#define ACCEL_CODEGEN_CODEGEN_H

#include <stdbool.h>

#include "emit.h"
#include "libaccel/graph/graph.h"
#include "libaccel/program/program.h"
#include "mx.h"

/**
 * accel_codegen - emit streams, constants and steps of @prog from its graph
 * @m: the machine to compile for; everything on the CPU where its array_dim is 0
 * @exact: the model says itself what is quantised where: every rounding of it is made
 */
int accel_codegen(struct accel_program *prog, const struct accel_machine *m, bool exact);

/**
 * struct accel_layout - order of a tensor's elements in DRAM
 * @nhwc: element (n, c, h, w) lies at ((n * H + h) * W + w) * C + c; else elements are row-major
 * @dim: extents n, c, h, w; without @nhwc unused
 */
struct accel_layout {
	bool nhwc;
	int64_t dim[4];
};

/**
 * struct accel_tensor - contents in DRAM
 * @scale: integer types: real = scale * (stored - zero_point)
 * @pitch: of channels-last ones: channels from one pixel to the next where it is a part of a wider tensor, else 0
 */
struct accel_tensor {
	struct accel_addr addr;
	enum accel_dtype type;
	float scale;
	int32_t zero_point;
	struct accel_layout lay;
	int64_t pitch;
	int64_t elems;
};

/**
 * struct accel_home - where code generation keeps a value
 * @t: valid where @placed
 * @root: value whose storage it shares; itself where it has its own
 * @last_use: of root values: index of the last node that reads the storage
 * @block: arena block was allocated
 * @joined: lies inside of @root, a Concat's output, from channel @channel on
 */
struct accel_home {
	struct accel_tensor t;
	bool placed;
	bool block;
	bool joined;
	int64_t channel;
	int root;
	int last_use;
};

/* Free and used blocks of the arena, first fit; @live: bytes of those used, @bound: most that ever were. */
struct accel_block {
	uint64_t off, bytes;
	bool used;
};

struct accel_arena {
	struct accel_block *blocks;
	int num, cap;
	uint64_t high, live, bound;
};

/** accel_arena_alloc - offset of @bytes, 64-byte aligned; -ENOMEM through @err */
uint64_t accel_arena_alloc(struct accel_arena *a, uint64_t bytes, int *err);
void accel_arena_release(struct accel_arena *a, uint64_t off);

/**
 * struct accel_kept - a value that stays in the scratchpad from the node that makes it to the next one
 * @value: it, or -1
 * @at: where; @bytes of it, at the top or the bottom
 */
struct accel_kept {
	int value;
	uint32_t at, bytes;
	bool top;
};

/**
 * struct accel_cg
 * @open: a stream is being emitted
 * @node: being lowered
 * @macs: since the last MARK, about
 * @exact: as accel_codegen() has it
 * @keeping: values may stay in the scratchpad. All was emitted before without that; constants become what they were
 * @sparse: by node: its weights are kept by half
 * @kept: for the present node; @keep: for the one after it
 * @segment: by node: accel_schedule()'s
 * @stream_node: the last node of the open stream
 * @step_of: by node: the step that makes its outputs
 * @partner: by node: of a Conv the Add that it is emitted with, of an Add its Conv, else -1
 */
struct accel_cg {
	const struct accel_graph *g;
	struct accel_program *prog;
	struct accel_machine m;
	struct accel_arena arena;
	struct accel_home *homes;
	struct accel_emit e;
	bool open;
	int node;
	uint64_t cap_consts;
	double macs;
	bool exact;
	bool keeping;
	bool *sparse;
	struct accel_kept kept, keep;
	int *partner;
	int *segment;
	int stream_node;
	uint32_t *step_of;
};

/* What each operator's lowering is: emits the node, whose output has a home already. */
typedef int (*accel_lower_fn)(struct accel_cg *cg, const struct accel_node *node);
int accel_lower_conv(struct accel_cg *cg, const struct accel_node *node);
/** accel_conv_takes_sum - may @conv be emitted at the place of @sum, an Add that reads it, in one? */
bool accel_conv_takes_sum(const struct accel_cg *cg, const struct accel_node *conv, const struct accel_node *sum);
int accel_lower_conv_sum(struct accel_cg *cg, const struct accel_node *conv, const struct accel_node *sum);
int accel_lower_gemm(struct accel_cg *cg, const struct accel_node *node);
int accel_lower_matmul(struct accel_cg *cg, const struct accel_node *node);
int accel_lower_binary(struct accel_cg *cg, const struct accel_node *node);
int accel_lower_sqrt(struct accel_cg *cg, const struct accel_node *node);
int accel_lower_affine(struct accel_cg *cg, const struct accel_node *node);
int accel_lower_unary(struct accel_cg *cg, const struct accel_node *node);
int accel_lower_pool(struct accel_cg *cg, const struct accel_node *node);
int accel_lower_softmax(struct accel_cg *cg, const struct accel_node *node);
int accel_lower_transpose(struct accel_cg *cg, const struct accel_node *node);
int accel_lower_concat(struct accel_cg *cg, const struct accel_node *node);

/* Where lowerings of one operator decide: NULL or why not. */
const char *accel_can_conv(const struct accel_graph *g, const struct accel_node *node);
const char *accel_can_gemm(const struct accel_graph *g, const struct accel_node *node);
const char *accel_can_matmul(const struct accel_graph *g, const struct accel_node *node);
const char *accel_can_binary(const struct accel_graph *g, const struct accel_node *node);
const char *accel_can_affine(const struct accel_graph *g, const struct accel_node *node);
const char *accel_can_unary(const struct accel_graph *g, const struct accel_node *node);
const char *accel_can_pool(const struct accel_graph *g, const struct accel_node *node);
const char *accel_can_concat(const struct accel_graph *g, const struct accel_node *node);
const char *accel_can_softmax(const struct accel_graph *g, const struct accel_node *node);
const char *accel_can_alias(const struct accel_graph *g, const struct accel_node *node);

/* ---- helpers (layout.c) ---- */

/** accel_loom_type - of a stored type, LOOM_TYPE_NONE where the device has none */
enum loom_type accel_loom_type(enum accel_dtype t);
bool accel_is_int8(enum accel_dtype t);

/** accel_in - value of input @i, NULL where absent */
static inline const struct accel_value *accel_in(const struct accel_graph *g, const struct accel_node *n, int i)
{
	return i < n->num_in && n->in[i] >= 0 ? &g->values[n->in[i]] : NULL;
}

static inline const struct accel_value *accel_out(const struct accel_graph *g, const struct accel_node *n)
{
	return &g->values[n->out[0]];
}

/** accel_value_dims4 - dims of a value of rank <= 4 as n, c, h, w: missing ones behind are 1 */
void accel_value_dims4(const struct accel_value *v, int64_t dim[4]);
/** accel_layout_of - how the NPU part likes to keep @v */
struct accel_layout accel_layout_of(const struct accel_value *v);
bool accel_layout_same(const struct accel_layout *a, const struct accel_layout *b);
/** accel_strides4 - byte strides by n, c, h, w of @t seen with extents @dim; false where its layout is another's */
bool accel_strides4(const struct accel_tensor *t, const int64_t dim[4], int64_t stride[4]);

/** MARK_MACS - multiply-accumulates between two places at which a core may change jobs */
#define MARK_MACS 2e8

/** accel_cg_input - home of input value @v on the device; emits its conversion on first use */
int accel_cg_input(struct accel_cg *cg, int v, struct accel_tensor *t);
/** accel_cg_output - home of the node's output; allocated with layout accel_layout_of() on first call */
int accel_cg_output(struct accel_cg *cg, int v, struct accel_tensor *t);
/** accel_cg_temp - storage for the time of the node; accel_arena_release(&cg->arena, t->addr.off) afterwards */
int accel_cg_temp(struct accel_cg *cg, struct accel_tensor *t);
/** accel_cg_as - @t, or a temporary copy in layout @lay; *@made says that there is one to release */
int accel_cg_as(struct accel_cg *cg, const struct accel_layout *lay, struct accel_tensor *t, bool *made);

/** accel_cg_packed - @t, or a temporary copy that has no gaps */
int accel_cg_packed(struct accel_cg *cg, struct accel_tensor *t, bool *made);

/* ---- kept.c: chains of layers in the scratchpad ---- */

/**
 * accel_may_keep - may the output @v of the present node, of @macs multiply-accumulates, stay in the scratchpad for the next one?
 * @k: out: where
 */
bool accel_may_keep(const struct accel_cg *cg, int v, double macs, struct accel_kept *k);
/** accel_spill - the value that is kept goes to its place in DRAM after all */
void accel_spill(struct accel_cg *cg);

/** accel_plan_concats - inputs of Concat that are made where the output has them */
void accel_plan_concats(struct accel_cg *cg);

/** accel_cg_const - append @bytes of constants, 64-byte aligned; NULL for want of memory. *@addr: where */
void *accel_cg_const(struct accel_cg *cg, uint64_t bytes, struct accel_addr *addr);
/** accel_const_f32 - constant value @v as f32, row-major, to be freed; NULL for want of memory */
float *accel_const_f32(const struct accel_value *v);
/** accel_pack_f32 - @n f32 as elements of @type with quantisation at @dst */
void accel_pack_f32(enum accel_dtype type, float scale, int32_t zero_point, const float *src, void *dst, int64_t n);

/** accel_emit_convert - copy @src to @dst, changing type and layout; elements are the same in logical order */
int accel_emit_convert(struct accel_cg *cg, const struct accel_tensor *src, const struct accel_tensor *dst);

/**
 * accel_emit_walk - copy @src to @dst, changing type, over extents @n (outermost first) and byte strides of each
 * @act: applied on the way
 */
void accel_emit_walk(struct accel_cg *cg, const struct accel_tensor *src, const struct accel_tensor *dst,
		     const struct accel_act *act, const int64_t n[4], const int64_t from[4], const int64_t to[4]);

/** accel_bits - of an f32 */
static inline uint32_t accel_bits(float f)
{
	union { float f; uint32_t u; } x = { f };

	return x.u;
}

/** accel_stage - append a micro-operation */
void accel_stage(struct loom_ewise *d, enum loom_ew_op op, enum loom_ew_operand operand);
/** accel_stage_imm - append one whose operand is the constant @v in immediate @i */
void accel_stage_imm(struct loom_ewise *d, enum loom_ew_op op, int i, float v);
/** accel_stage_act - append the clamps of @act, in immediates @i and @i + 1 */
void accel_stage_act(struct loom_ewise *d, const struct accel_act *act, int i);

#endif
