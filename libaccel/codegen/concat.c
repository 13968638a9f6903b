// SPDX-License-Identifier: MIT
/*
 * Concat. Along the channels of a channels-last tensor, what makes an input writes it where the output has it, so that
 * there is nothing left to do; every other input is copied.
 */
#include <string.h>

#include "codegen.h"
#include "libaccel/graph/build.h"
#include "lower.h"

static int axis_of(const struct accel_graph *g, const struct accel_node *node)
{
	int64_t axis = node->attrs.axis;

	return (int)(axis < 0 ? axis + accel_out(g, node)->rank : axis);
}

const char *accel_can_concat(const struct accel_graph *g, const struct accel_node *node)
{
	for (int i = 0; i < node->num_in; i++)
		if (accel_in(g, node, i)->quant.channel_scale)
			return "per-channel quantisation of an activation is not supported on the NPU";
	return NULL;
}

/* Lowerings that write their output by strides. */
static bool writes_anywhere(enum accel_op op)
{
	switch (op) {
	case ACCEL_OP_CONV:
	case ACCEL_OP_ADD:
	case ACCEL_OP_SUB:
	case ACCEL_OP_MUL:
	case ACCEL_OP_DIV:
	case ACCEL_OP_RELU:
	case ACCEL_OP_CLIP:
	case ACCEL_OP_MAXPOOL:
	case ACCEL_OP_AVGPOOL:
	case ACCEL_OP_CONCAT:
		return true;
	default:
		return false;
	}
}

static bool same_store(const struct accel_value *a, const struct accel_value *b)
{
	return a->store == b->store && (!accel_is_int8(a->store) || (a->quant.scale == b->quant.scale &&
								    a->quant.zero_point == b->quant.zero_point));
}

static bool can_join(const struct accel_cg *cg, int v, const struct accel_value *out)
{
	const struct accel_value *val = &cg->g->values[v];
	const struct accel_node *maker = val->producer >= 0 ? &cg->g->nodes[val->producer] : NULL;

	return maker && maker->place == ACCEL_PLACE_NPU && writes_anywhere(maker->op) && !val->data &&
	       !cg->homes[v].joined && accel_layout_of(val).nhwc && same_store(val, out);
}

/* From the last to the first: a Concat's output may be part of another's. */
void accel_plan_concats(struct accel_cg *cg)
{
	const struct accel_graph *g = cg->g;

	for (int i = g->num_nodes - 1; i >= 0; i--) {
		const struct accel_node *n = &g->nodes[i];
		const struct accel_value *out = accel_out(g, n);
		int64_t channel = 0;

		if (n->op != ACCEL_OP_CONCAT || n->place != ACCEL_PLACE_NPU || out->rank != 4 || axis_of(g, n) != 1 ||
		    !accel_layout_of(out).nhwc)
			continue;
		for (int k = 0; k < n->num_in; channel += g->values[n->in[k++]].dims[1]) {
			struct accel_home *home = &cg->homes[n->in[k]];

			if (!can_join(cg, n->in[k], out))
				continue;
			home->joined = true;
			home->root = cg->homes[n->out[0]].root;
			home->channel = cg->homes[n->out[0]].channel + channel;
		}
	}
}

/* Does input @v lie in the output already, from channel @channel on? */
static bool lies_there(const struct accel_cg *cg, int v, int out, int64_t channel)
{
	const struct accel_home *in = &cg->homes[v], *o = &cg->homes[out];

	return in->joined && in->root == o->root && in->channel == o->channel + channel;
}

static int copy_part(struct accel_cg *cg, const struct accel_node *node, int v, const struct accel_tensor *out,
		     int64_t at)
{
	static const int nchw[4] = { 0, 1, 2, 3 }, nhwc[4] = { 0, 2, 3, 1 };
	const int *order = out->lay.nhwc ? nhwc : nchw;
	const struct accel_act none = { ACCEL_ACT_NONE, 0, 0 };
	int64_t dim[4], out_dim[4], from[4], to[4], n[4], src[4], dst[4];
	const struct accel_value *val = &cg->g->values[v];
	struct accel_layout lay = accel_layout_of(val);
	struct accel_tensor in, part = *out;
	bool made = false;
	int err = accel_cg_input(cg, v, &in);

	if (!err && in.lay.nhwc)
		err = accel_cg_as(cg, &lay, &in, &made);
	if (err)
		return err;
	accel_value_dims4(val, dim);
	accel_value_dims4(accel_out(cg->g, node), out_dim);
	accel_strides4(&in, dim, from);
	accel_strides4(out, out_dim, to);
	part.addr.off += (uint64_t)(at * to[axis_of(cg->g, node)]);
	for (int i = 0; i < 4; i++) {
		n[i] = dim[order[i]];
		src[i] = from[order[i]];
		dst[i] = to[order[i]];
	}
	accel_emit_walk(cg, &in, &part, &none, n, src, dst);
	if (made)
		accel_arena_release(&cg->arena, in.addr.off);
	return cg->e.err;
}

int accel_lower_concat(struct accel_cg *cg, const struct accel_node *node)
{
	int axis = axis_of(cg->g, node), err;
	struct accel_tensor out;
	int64_t at = 0;

	err = accel_cg_output(cg, node->out[0], &out);
	for (int k = 0; k < node->num_in && !err; k++) {
		if (axis != 1 || !lies_there(cg, node->in[k], node->out[0], at))
			err = copy_part(cg, node, node->in[k], &out, at);
		at += cg->g->values[node->in[k]].dims[axis];
	}
	return err;
}
