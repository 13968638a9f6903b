/* SPDX-License-Identifier: MIT */
/* What the lowerings of Conv, Gemm and MatMul share. */
#ifndef ACCEL_CODEGEN_MX_LOWER_H
#define ACCEL_CODEGEN_MX_LOWER_H

#include "codegen.h"

/**
 * struct accel_mx_numbers - what the numerics of matrix work follow from
 * @a: input
 * @w: weights
 * @out: result
 * @res: added to the sum, or NULL
 * @act: applied to the result
 * @bias: @oc values in real units, or NULL
 * @gain: of the products
 */
struct accel_mx_numbers {
	const struct accel_tensor *a, *out, *res;
	const struct accel_value *w;
	const struct accel_act *act;
	const float *bias;
	int64_t oc;
	float gain;
};

/** accel_mx_check_types - of the two operands and the result: NULL or why not */
const char *accel_mx_check_types(const struct accel_value *a, const struct accel_value *b,
				 const struct accel_value *out);
/**
 * accel_mx_set_numbers - types, clamps, bias and scales of @x, whose kernel and channels are set
 */
int accel_mx_set_numbers(struct accel_cg *cg, struct accel_mx *x, const struct accel_mx_numbers *f);
/** accel_lower_mx - choose a plan and emit */
int accel_lower_mx(struct accel_cg *cg, const struct accel_node *node, const struct accel_mx *x);
/** accel_mx_no_tile - the error of a plan that there is not */
int accel_mx_no_tile(struct accel_cg *cg, const struct accel_node *node);
/** accel_emit_mx - emit by a plan chosen already */
int accel_emit_mx(struct accel_cg *cg, const struct accel_mx *x, const struct accel_mx_plan *plan);

float accel_weight_scale(const struct accel_value *w, int64_t channel);
/** accel_pack_weight - one weight of an output channel, as it is kept */
void accel_pack_weight(const struct accel_value *w, int64_t channel, float v, uint8_t *dst);

/* ---- sparse.c ---- */

/**
 * struct accel_packed - weights in the order and type in which the device reads them
 * @data: [groups][rows][cols] elements of @es bytes; from the heap
 * @rows: terms of a group's sums: taps * channels, of each tap @tap_rows
 */
struct accel_packed {
	uint8_t *data;
	int64_t groups, rows, tap_rows, cols, es;
};

/** accel_weights_24 - are two of each four rows' elements of a column zero, or more of them? */
bool accel_weights_24(const struct accel_packed *w, int zero_point);
/** accel_mx_make_sparse - @x for weights of which half is kept */
void accel_mx_make_sparse(struct accel_mx *x);
/**
 * accel_choose_sparse - may weights be kept by half, and is that faster than the plan @dense?
 * @sparse: out: @x so
 * @plan: out: its plan
 */
bool accel_choose_sparse(struct accel_cg *cg, const struct accel_packed *w, const struct accel_mx *x,
			 const struct accel_mx_plan *dense, struct accel_mx *sparse, struct accel_mx_plan *plan);
/** accel_put_weights - into the constants, as @x has them, in blocks as @plan takes them where there is one; sets its addresses */
int accel_put_weights(struct accel_cg *cg, const struct accel_packed *w, const struct accel_mx_plan *plan, struct accel_mx *x);
/** accel_lower_mx_const - put @w into the constants, in the form that is faster; choose a plan and emit */
int accel_lower_mx_const(struct accel_cg *cg, const struct accel_node *node, struct accel_mx *x, const struct accel_packed *w);

#endif
