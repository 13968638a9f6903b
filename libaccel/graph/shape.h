/* SPDX-License-Identifier: MIT */
/* Shape functions (see struct accel_op_info), and what they share. -1 is "not known yet". */
#ifndef ACCEL_GRAPH_SHAPE_H
#define ACCEL_GRAPH_SHAPE_H

#include "libaccel/graph/build.h"

/* ---- What they share (shape.c) ---- */

/** accel_shape_like - @out gets type and shape of @in */
void accel_shape_like(struct accel_value *out, const struct accel_value *in);
/** accel_shape_fits - can two extents be the same, as far as they are known? */
bool accel_shape_fits(int64_t a, int64_t b);
/** accel_shape_mismatch - -EINVAL: the shapes of @a and @b do not fit */
int accel_shape_mismatch(const struct accel_node *n, const struct accel_value *a, const struct accel_value *b);
/** accel_shape_bad_rank - -EINVAL: @v has a number of dimensions that is not @want */
int accel_shape_bad_rank(const struct accel_node *n, const struct accel_value *v, const char *want);
/** accel_shape_axis - @axis into 0..@limit, counted from the end where negative; -EINVAL where it is not there */
int accel_shape_axis(const struct accel_node *n, int rank, int limit, int64_t *axis);
/** accel_shape_product - of dims [from, to); -1 where one is not known, INT64_MAX where too large */
int64_t accel_shape_product(const struct accel_value *v, int from, int to);
/**
 * accel_shape_join - NumPy's broadcasting of a and b, right-aligned, into the dims of @out
 * @skip: so many last dims take no part, and @out's are left alone
 */
int accel_shape_join(const struct accel_node *n, struct accel_value *out, const struct accel_value *a,
		     const struct accel_value *b, int skip);
/**
 * accel_shape_list - contents of input @i, a list or scalar of s32 or s64
 * @max: entries of @list
 * @known: whether the input is constant and @list was filled
 *
 * Return: how many entries; 0 where the input is absent; -1 where even that is not known; or -errno, which is less.
 */
int accel_shape_list(const struct accel_graph *g, const struct accel_node *n, int i, int max, int64_t *list,
		     bool *known);
/** accel_shape_unknown - @out has @rank dims, none known */
void accel_shape_unknown(struct accel_value *out, enum accel_dtype dtype, int rank);
/** accel_shape_axes - input @i of a reduction and its like as a mask of axes of @rank; @known as in accel_shape_list() */
int accel_shape_axes(const struct accel_graph *g, const struct accel_node *n, int i, int rank, uint32_t *mask,
		     bool *known);

/* ---- Networks: shape.c, shape_window.c ---- */
int accel_shape_conv(struct accel_graph *g, struct accel_node *n);
int accel_shape_pool(struct accel_graph *g, struct accel_node *n);
int accel_shape_global_pool(struct accel_graph *g, struct accel_node *n);
int accel_shape_gemm(struct accel_graph *g, struct accel_node *n);
int accel_shape_matmul(struct accel_graph *g, struct accel_node *n);
int accel_shape_clip(struct accel_graph *g, struct accel_node *n);
int accel_shape_flatten(struct accel_graph *g, struct accel_node *n);
int accel_shape_reshape(struct accel_graph *g, struct accel_node *n);
int accel_shape_transpose(struct accel_graph *g, struct accel_node *n);
int accel_shape_softmax(struct accel_graph *g, struct accel_node *n);
int accel_shape_batchnorm(struct accel_graph *g, struct accel_node *n);
int accel_shape_quantize(struct accel_graph *g, struct accel_node *n);
int accel_shape_dequantize(struct accel_graph *g, struct accel_node *n);

/* ---- Elementwise and reductions: shape_elementwise.c ---- */
int accel_shape_broadcast(struct accel_graph *g, struct accel_node *n);
int accel_shape_compare(struct accel_graph *g, struct accel_node *n);
int accel_shape_test(struct accel_graph *g, struct accel_node *n);
int accel_shape_where(struct accel_graph *g, struct accel_node *n);
int accel_shape_prelu(struct accel_graph *g, struct accel_node *n);
int accel_shape_cast(struct accel_graph *g, struct accel_node *n);
int accel_shape_reduce(struct accel_graph *g, struct accel_node *n);
int accel_shape_arg(struct accel_graph *g, struct accel_node *n);
int accel_shape_cumsum(struct accel_graph *g, struct accel_node *n);
int accel_shape_dropout(struct accel_graph *g, struct accel_node *n);

/* ---- What moves tensors: shape_move.c ---- */
int accel_shape_concat(struct accel_graph *g, struct accel_node *n);
int accel_shape_split(struct accel_graph *g, struct accel_node *n);
int accel_shape_slice(struct accel_graph *g, struct accel_node *n);
int accel_shape_pad(struct accel_graph *g, struct accel_node *n);
int accel_shape_expand(struct accel_graph *g, struct accel_node *n);
int accel_shape_tile(struct accel_graph *g, struct accel_node *n);
int accel_shape_squeeze(struct accel_graph *g, struct accel_node *n);
int accel_shape_unsqueeze(struct accel_graph *g, struct accel_node *n);
int accel_shape_depth_to_space(struct accel_graph *g, struct accel_node *n);
int accel_shape_space_to_depth(struct accel_graph *g, struct accel_node *n);
int accel_shape_trilu(struct accel_graph *g, struct accel_node *n);
int accel_shape_reverse(struct accel_graph *g, struct accel_node *n);

/* ---- What makes or picks by numbers: shape_index.c ---- */
int accel_shape_shape(struct accel_graph *g, struct accel_node *n);
int accel_shape_size(struct accel_graph *g, struct accel_node *n);
int accel_shape_constant(struct accel_graph *g, struct accel_node *n);
int accel_shape_range(struct accel_graph *g, struct accel_node *n);
int accel_shape_eyelike(struct accel_graph *g, struct accel_node *n);
int accel_shape_onehot(struct accel_graph *g, struct accel_node *n);
int accel_shape_gather(struct accel_graph *g, struct accel_node *n);
int accel_shape_gather_elements(struct accel_graph *g, struct accel_node *n);
int accel_shape_gather_nd(struct accel_graph *g, struct accel_node *n);
int accel_shape_scatter_elements(struct accel_graph *g, struct accel_node *n);
int accel_shape_scatter_nd(struct accel_graph *g, struct accel_node *n);
int accel_shape_topk(struct accel_graph *g, struct accel_node *n);
int accel_shape_nonzero(struct accel_graph *g, struct accel_node *n);
int accel_shape_compress(struct accel_graph *g, struct accel_node *n);

/* ---- The rest: shape_more.c, shape_window.c ---- */
/** accel_shape_conv_of - accel_shape_conv() with x, w and b in inputs of other numbers; @b -1: none */
int accel_shape_conv_of(struct accel_graph *g, struct accel_node *n, int x, int w, int b);
/** accel_shape_matmul_of - accel_shape_matmul() with the operands in inputs of other numbers */
int accel_shape_matmul_of(struct accel_graph *g, struct accel_node *n, int a, int b);
int accel_shape_conv_transpose(struct accel_graph *g, struct accel_node *n);
int accel_shape_conv_integer(struct accel_graph *g, struct accel_node *n);
int accel_shape_qlinear_conv(struct accel_graph *g, struct accel_node *n);
int accel_shape_matmul_integer(struct accel_graph *g, struct accel_node *n);
int accel_shape_qlinear_matmul(struct accel_graph *g, struct accel_node *n);
int accel_shape_dynamic_quantize(struct accel_graph *g, struct accel_node *n);
int accel_shape_instancenorm(struct accel_graph *g, struct accel_node *n);
int accel_shape_layernorm(struct accel_graph *g, struct accel_node *n);
int accel_shape_lrn(struct accel_graph *g, struct accel_node *n);
int accel_shape_loss(struct accel_graph *g, struct accel_node *n);
int accel_shape_resize(struct accel_graph *g, struct accel_node *n);
int accel_shape_einsum(struct accel_graph *g, struct accel_node *n);
/** accel_shape_recurrent - RNN, GRU, LSTM (shape_recurrent.c); resolves hidden_size */
int accel_shape_recurrent(struct accel_graph *g, struct accel_node *n);

#endif
