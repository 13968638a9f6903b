// SPDX-License-Identifier: MIT
/* What Conv, Gemm and MatMul share: types, weights as they are kept, numerics. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"
#include "mx_lower.h"

static bool is_float(enum accel_dtype t)
{
	return t == ACCEL_F32 || t == ACCEL_F16 || t == ACCEL_BF16;
}

/* Types of the two operands and of the result. */
const char *accel_mx_check_types(const struct accel_value *a, const struct accel_value *b,
				 const struct accel_value *out)
{
	bool ints = accel_is_int8(a->store) && accel_is_int8(b->store);

	if (!ints && !(is_float(a->store) && a->store == b->store))
		return "operands are kept in different types";
	if (!is_float(out->store) && !accel_is_int8(out->store))
		return "its output's type is not supported on the NPU";
	if (a->quant.channel_scale || out->quant.channel_scale)
		return "per-channel quantisation of an activation is not supported on the NPU";
	return NULL;
}

float accel_weight_scale(const struct accel_value *w, int64_t channel)
{
	const struct accel_quant *q = &w->quant;

	return q->channel_scale ? q->channel_scale[channel % q->channels] : q->scale;
}

/* Terms of a sum up to which adding the bias late costs the vector unit more than it saves the array. */
#define SHORT_SUM	128

/* Bounds that the output's type has not anyway. */
static bool clamps(const struct accel_mx *x, bool int_out, int lowest)
{
	if (int_out)
		return x->q_lo > lowest || x->q_hi < lowest + 255;
	return x->lo > -INFINITY || x->hi < INFINITY;
}

static void set_output(struct accel_mx *x, const struct accel_act *act, const struct accel_tensor *out)
{
	bool int_out = accel_is_int8(out->type);
	int lowest = out->type == ACCEL_S8 ? -128 : 0;

	x->out_type = accel_loom_type(out->type);
	x->out_scale = out->scale;
	x->out_zp = int_out ? out->zero_point : 0;
	x->lo = act->kind == ACCEL_ACT_CLIP ? act->lo : -INFINITY;
	x->hi = act->kind == ACCEL_ACT_CLIP ? act->hi : INFINITY;
	x->q_lo = lowest;
	x->q_hi = lowest + 255;
	if (int_out && x->lo > -INFINITY)
		x->q_lo = accel_quantise(x->lo, out->scale, out->zero_point, out->type);
	if (int_out && x->hi < INFINITY)
		x->q_hi = accel_quantise(x->hi, out->scale, out->zero_point, out->type);
}

/* What one step of the output stands for. */
static float out_unit(const struct accel_mx_numbers *f)
{
	return accel_is_int8(f->out->type) ? f->out->scale : 1;
}

static void set_res(struct accel_mx *x, const struct accel_tensor *res, const struct accel_tensor *out, bool ints)
{
	float unit = accel_is_int8(out->type) && ints ? out->scale : 1;

	x->has_res = true;
	x->res_type = accel_loom_type(res->type);
	x->res_zp = accel_is_int8(res->type) ? res->zero_point : 0;
	x->res_gain = (accel_is_int8(res->type) ? res->scale : 1) / unit;
}

/* In units of the accumulator, or, where it comes later, of the output. */
static int set_bias(struct accel_cg *cg, struct accel_mx *x, const struct accel_mx_numbers *f)
{
	bool ints = accel_is_int8(f->a->type);
	float unit = ints ? out_unit(f) : 1;
	uint32_t *p;

	if (!f->bias)
		return 0;
	p = accel_cg_const(cg, (uint64_t)f->oc * 4, &x->bias);
	if (!p)
		return accel_enomem("constants");
	x->has_bias = true;
	for (int64_t i = 0; i < f->oc; i++) {
		int32_t q;

		if (!ints || x->late_bias) {
			p[i] = accel_bits(f->bias[i] / unit);
			continue;
		}
		q = accel_quantise(f->bias[i], f->a->scale * accel_weight_scale(f->w, i) * f->gain, 0, ACCEL_S32);
		p[i] = (uint32_t)q;
	}
	return 0;
}

/* From the accumulator to the output. */
static int set_scale(struct accel_cg *cg, struct accel_mx *x, const struct accel_mx_numbers *f)
{
	float unit = out_unit(f), *p;

	if (!accel_is_int8(f->a->type))
		return 0;
	p = accel_cg_const(cg, (uint64_t)f->oc * 4, &x->scale);
	if (!p)
		return accel_enomem("constants");
	x->has_scale = true;
	for (int64_t i = 0; i < f->oc; i++)
		p[i] = f->a->scale * accel_weight_scale(f->w, i) * f->gain / unit;
	return 0;
}

int accel_mx_set_numbers(struct accel_cg *cg, struct accel_mx *x, const struct accel_mx_numbers *f)
{
	bool ints = accel_is_int8(f->a->type), int_out = accel_is_int8(f->out->type);
	int lowest = f->out->type == ACCEL_S8 ? -128 : 0, err;

	x->a_type = accel_loom_type(f->a->type);
	x->b_type = accel_loom_type(f->w->store);
	x->a_zp = ints ? f->a->zero_point : 0;
	x->b_zp = ints && !f->w->quant.channel_scale ? f->w->quant.zero_point : 0;
	set_output(x, f->act, f->out);
	if (f->res)
		set_res(x, f->res, f->out, ints);
	/* A rule that knows no geometry: all give the same bytes. */
	x->late_bias = f->bias && !(ints && cg->exact) && !(ints && clamps(x, int_out, lowest)) &&
		       !(f->res && !ints && x->kh * x->kw * x->ic <= SHORT_SUM);
	err = set_bias(cg, x, f);
	return err ? err : set_scale(cg, x, f);
}

/* One weight, as it is kept. */
void accel_pack_weight(const struct accel_value *w, int64_t channel, float v, uint8_t *dst)
{
	int32_t q;

	if (!accel_is_int8(w->store)) {
		accel_store_f32(w->store, &v, dst, 1);
		return;
	}
	q = accel_quantise(v, accel_weight_scale(w, channel), w->quant.channel_scale ? 0 : w->quant.zero_point, w->store);
	*dst = (uint8_t)q;
}

int accel_mx_no_tile(struct accel_cg *cg, const struct accel_node *node)
{
	return accel_node_error(ENOSPC, node, "no tile of it fits a scratchpad of %u and accumulators of %u bytes",
				cg->m.spm_bytes, cg->m.acc_bytes);
}

int accel_lower_mx(struct accel_cg *cg, const struct accel_node *node, const struct accel_mx *x)
{
	struct accel_mx_plan plan;

	if (accel_mx_choose(x, &cg->m, &plan))
		return accel_mx_no_tile(cg, node);
	return accel_emit_mx(cg, x, &plan);
}

int accel_lower_mx_const(struct accel_cg *cg, const struct accel_node *node, struct accel_mx *x, const struct accel_packed *w)
{
	struct accel_mx_plan plan, sparse_plan;
	struct accel_mx sparse;
	int err;

	if (accel_mx_choose(x, &cg->m, &plan))
		return accel_mx_no_tile(cg, node);
	if (accel_choose_sparse(cg, w, x, &plan, &sparse, &sparse_plan)) {
		*x = sparse;
		plan = sparse_plan;
	}
	err = accel_put_weights(cg, w, &plan, x);
	return err ? err : accel_emit_mx(cg, x, &plan);
}

static uint8_t plan_bits(const struct accel_mx *x, const struct accel_mx_plan *plan)
{
	static const uint8_t keeps[] = {
		[ACCEL_MX_KEEP_WEIGHTS] = ACCEL_PLAN_WEIGHTS_STAY, [ACCEL_MX_KEEP_INPUT] = ACCEL_PLAN_INPUT_STAYS,
		[ACCEL_MX_KEEP_NONE] = ACCEL_PLAN_STREAMED,
	};

	return (uint8_t)(keeps[plan->keep] | (x->src_kept ? ACCEL_PLAN_IN_KEPT : 0) | (x->dst_kept ? ACCEL_PLAN_OUT_KEPT : 0) |
			 (x->sparse ? ACCEL_PLAN_SPARSE : 0) | (x->depthwise ? ACCEL_PLAN_VECTOR : 0));
}

int accel_emit_mx(struct accel_cg *cg, const struct accel_mx *x, const struct accel_mx_plan *plan)
{
	cg->macs += (double)x->n * x->oh * x->ow * x->oc * x->kh * x->kw * x->ic;
	cg->prog->plans[cg->node] = plan_bits(x, plan);
	accel_mx_emit(&cg->e, x, plan);
	return cg->e.err;
}

