// SPDX-License-Identifier: MIT
#include "graph_bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/op_table.h"

/* ---- Writing ---- */

/* Does the file have to hold the contents of constant @v? */
static bool needs_data(const struct accel_program *p, int v)
{
	const struct accel_graph *g = p->graph;

	for (int i = 0; i < g->num_outputs; i++)
		if (g->outputs[i] == v)
			return true;
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];

		for (int k = 0; n->place != ACCEL_PLACE_NPU && k < n->num_in; k++)
			if (n->in[k] == v)
				return true;
	}
	return false;
}

static void put_value(struct accel_writer *w, const struct accel_program *p, int index)
{
	const struct accel_value *v = &p->graph->values[index];
	const struct accel_quant *q = &v->quant;
	int64_t bytes = v->data && needs_data(p, index) ? accel_value_bytes(v) : 0;

	accel_put_text(w, v->name);
	accel_put_u32(w, v->dtype);
	accel_put_u32(w, (uint32_t)v->rank);
	for (int i = 0; i < v->rank; i++)
		accel_put_u64(w, (uint64_t)v->dims[i]);
	accel_put_u32(w, (uint32_t)v->producer);
	accel_put_u32(w, v->store);
	accel_put_f32(w, q->scale);
	accel_put_u32(w, (uint32_t)q->zero_point);
	accel_put_u32(w, (uint32_t)q->axis);
	accel_put_u32(w, q->channel_scale ? (uint32_t)q->channels : 0);
	for (int64_t i = 0; q->channel_scale && i < q->channels; i++)
		accel_put_f32(w, q->channel_scale[i]);
	accel_put_u32(w, v->data && needs_data(p, index));
	accel_put(w, v->data, (size_t)bytes);
}

/* Calls @f on each number of the attributes, so that reading and writing cannot disagree. */
#define FOR_EACH_ATTR(i64, u32, f32)					\
	do {								\
		for (int i_ = 0; i_ < 2; i_++) {			\
			i64(a->kernel[i_]);				\
			i64(a->stride[i_]);				\
			i64(a->dilation[i_]);				\
		}							\
		for (int i_ = 0; i_ < 4; i_++)				\
			i64(a->pad[i_]);				\
		u32(a->auto_pad);					\
		i64(a->group);						\
		u32(a->ceil_mode);					\
		u32(a->count_include_pad);				\
		f32(a->alpha);						\
		f32(a->beta);						\
		u32(a->trans_a);					\
		u32(a->trans_b);					\
		i64(a->axis);						\
		u32(a->flat);						\
		f32(a->epsilon);					\
		for (int i_ = 0; i_ < ACCEL_MAX_RANK; i_++)		\
			i64(a->perm[i_]);				\
		u32(a->allow_zero);					\
		u32(a->axes);						\
		f32(a->lo);						\
		f32(a->hi);						\
		f32(a->gamma);						\
		u32(a->to);						\
		u32(a->mode);						\
		u32(a->mode2);						\
		u32(a->mode3);						\
		u32(a->flag);						\
		u32(a->flag2);						\
		u32(a->keep_dims);					\
		i64(a->number);						\
		i64(a->number2);					\
		for (int i_ = 0; i_ < 2; i_++) {			\
			i64(a->extra[i_]);				\
			i64(a->shape[i_]);				\
		}							\
		for (int i_ = 0; i_ < ACCEL_MAX_TEXT; i_++)		\
			u32(a->text[i_]);				\
	} while (0)

static void put_attrs(struct accel_writer *w, const struct accel_attrs *a)
{
#define I64(x) accel_put_u64(w, (uint64_t)(x))
#define U32(x) accel_put_u32(w, (uint32_t)(x))
#define F32(x) accel_put_f32(w, x)
	FOR_EACH_ATTR(I64, U32, F32);
#undef I64
#undef U32
#undef F32
}

static void put_list(struct accel_writer *w, const int *list, int num)
{
	accel_put_u32(w, (uint32_t)num);
	for (int i = 0; i < num; i++)
		accel_put_u32(w, (uint32_t)list[i]);
}

static void put_node(struct accel_writer *w, const struct accel_node *n)
{
	accel_put_u32(w, n->op);
	accel_put_text(w, n->name);
	put_list(w, n->in, n->num_in);
	put_list(w, n->out, n->num_out);
	put_attrs(w, &n->attrs);
	accel_put_u32(w, n->act.kind);
	accel_put_f32(w, n->act.lo);
	accel_put_f32(w, n->act.hi);
	accel_put_u32(w, n->place);
	accel_put_text(w, n->reason);
}

void accel_put_program(struct accel_writer *w, const struct accel_program *p)
{
	const struct accel_graph *g = p->graph;

	accel_put_u64(w, (uint64_t)g->opset);
	accel_put_u32(w, (uint32_t)g->num_values);
	for (int i = 0; i < g->num_values; i++)
		put_value(w, p, i);
	accel_put_u32(w, (uint32_t)g->num_nodes);
	for (int i = 0; i < g->num_nodes; i++)
		put_node(w, &g->nodes[i]);
	put_list(w, g->inputs, g->num_inputs);
	put_list(w, g->outputs, g->num_outputs);

	accel_put_u32(w, p->num_steps);
	for (uint32_t i = 0; i < p->num_steps; i++) {
		accel_put_u32(w, p->steps[i].kind);
		accel_put_u32(w, p->steps[i].index);
		accel_put_u32(w, p->steps[i].after);
	}
	for (int i = 0; i < g->num_values; i++)
		accel_put_u64(w, p->host_off[i]);
	accel_put(w, p->plans, (size_t)g->num_nodes);
}

/* ---- Reading ---- */

static void take_quant(struct accel_reader *r, struct accel_value *v)
{
	struct accel_quant *q = &v->quant;
	uint32_t channels;

	q->scale = accel_take_f32(r);
	q->zero_point = (int32_t)accel_take_u32(r);
	q->axis = (int)accel_take_u32(r);
	channels = accel_take_count(r, 4);
	if (!channels)
		return;
	q->channel_scale = calloc(channels, sizeof(float));
	q->channels = channels;
	if (!q->channel_scale || q->axis < 0 || q->axis >= v->rank) {
		r->failed = true;
		return;
	}
	for (uint32_t i = 0; i < channels; i++)
		q->channel_scale[i] = accel_take_f32(r);
}

static void take_value(struct accel_reader *r, struct accel_value *v)
{
	const void *p;
	int64_t bytes;

	v->name = accel_take_text(r);
	v->dtype = accel_take_u32(r);
	v->rank = (int)accel_take_u32(r);
	if (v->rank < 0 || v->rank > ACCEL_MAX_RANK || v->dtype >= ACCEL_NUM_DTYPES) {
		v->rank = 0;
		r->failed = true;
		return;
	}
	for (int i = 0; i < v->rank; i++) {
		v->dims[i] = (int64_t)accel_take_u64(r);
		if (v->dims[i] < 0 || v->dims[i] > ACCEL_MAX_DIM)
			r->failed = true;
	}
	v->producer = (int)accel_take_u32(r);
	v->store = accel_take_u32(r);
	take_quant(r, v);
	if (r->failed || v->store >= ACCEL_NUM_DTYPES || accel_value_elems(v) < 0 ||
	    accel_value_elems(v) > ACCEL_MAX_ELEMS) {
		r->failed = true;
		return;
	}
	if (!accel_take_u32(r))
		return;
	bytes = accel_value_bytes(v);
	p = bytes < 0 ? NULL : accel_take(r, (uint64_t)bytes);
	v->data = p ? malloc((size_t)bytes + 1) : NULL;
	if (v->data)
		memcpy(v->data, p, (size_t)bytes);
	else
		r->failed = true;
}

static void take_attrs(struct accel_reader *r, struct accel_attrs *a)
{
#define I64(x) x = (int64_t)accel_take_u64(r)
#define U32(x) x = accel_take_u32(r)
#define F32(x) x = accel_take_f32(r)
	FOR_EACH_ATTR(I64, U32, F32);
#undef I64
#undef U32
#undef F32
}

/* @max entries, each a value's index; -1 too where @absent. */
static int take_list(struct accel_reader *r, int *list, uint32_t max, int num_values, bool absent)
{
	uint32_t n = accel_take_u32(r);

	if (n > max) {
		r->failed = true;
		return 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		list[i] = (int)accel_take_u32(r);
		if (list[i] >= num_values || list[i] < (absent ? -1 : 0)) {
			r->failed = true;
			list[i] = absent ? -1 : 0;
		}
	}
	return (int)n;
}

static void take_node(struct accel_reader *r, struct accel_node *n, int num_values)
{
	n->op = accel_take_u32(r);
	n->name = accel_take_text(r);
	n->num_in = take_list(r, n->in, ACCEL_NODE_MAX_IN, num_values, true);
	n->num_out = take_list(r, n->out, ACCEL_NODE_MAX_OUT, num_values, false);
	take_attrs(r, &n->attrs);
	n->act.kind = accel_take_u32(r);
	n->act.lo = accel_take_f32(r);
	n->act.hi = accel_take_f32(r);
	n->place = accel_take_u32(r);
	n->reason = accel_take_text(r);
	if (n->op <= ACCEL_OP_INVALID || n->op >= ACCEL_NUM_OPS || n->act.kind > ACCEL_ACT_CLIP ||
	    (n->place != ACCEL_PLACE_NPU && n->place != ACCEL_PLACE_CPU) || n->num_out < 1 || n->out[0] < 0)
		r->failed = true;
}

static int *take_io(struct accel_reader *r, int *num, int num_values)
{
	const uint8_t *at = r->at;
	uint32_t n = accel_take_count(r, 4);
	int *list = calloc((size_t)n + 1, sizeof(*list));

	r->at = at;
	if (!list)
		r->failed = true;
	else if (!r->failed)
		*num = take_list(r, list, n, num_values, false);
	return list;
}

/*
 * What each CPU kernel relies on: inputs of the right number and types, shapes that follow from the inputs' shapes,
 * attributes in their ranges. The operator's own inference says so, on a copy of the node.
 */
static int check_cpu_node(struct accel_graph *g, int index)
{
	const struct accel_op_info *info = accel_op_info(g->nodes[index].op);
	struct accel_value before[ACCEL_NODE_MAX_OUT];
	struct accel_node n = g->nodes[index];
	int err;

	if (!info || n.num_out > (info->max_out ? info->max_out : 1) || !accel_attrs_valid(info, &n.attrs))
		return -EBADMSG;
	for (int i = 0; i < n.num_out; i++)
		before[i] = g->values[n.out[i]];
	err = accel_node_infer(g, &n);
	for (int i = 0; i < n.num_out; i++) {
		struct accel_value *v = &g->values[n.out[i]];

		if (v->rank != before[i].rank || v->dtype != before[i].dtype ||
		    memcmp(v->dims, before[i].dims, (size_t)v->rank * sizeof(*v->dims)))
			err = -EBADMSG;
		*v = before[i];
	}
	return err ? -EBADMSG : 0;
}

int accel_take_graph(struct accel_reader *r, struct accel_graph **out)
{
	struct accel_graph *g;
	uint32_t n;
	int err = accel_graph_new(&g);

	if (err)
		return err;
	g->opset = (int64_t)accel_take_u64(r);
	n = accel_take_count(r, 44);
	g->values = calloc((size_t)n + 1, sizeof(*g->values));
	g->num_values = g->cap_values = g->values ? (int)n : 0;
	for (int i = 0; i < g->num_values && !r->failed; i++)
		take_value(r, &g->values[i]);
	n = accel_take_count(r, 100);
	g->nodes = calloc((size_t)n + 1, sizeof(*g->nodes));
	g->num_nodes = g->cap_nodes = g->nodes ? (int)n : 0;
	for (int i = 0; i < g->num_nodes && !r->failed; i++)
		take_node(r, &g->nodes[i], g->num_values);
	g->inputs = take_io(r, &g->num_inputs, g->num_values);
	g->outputs = take_io(r, &g->num_outputs, g->num_values);
	for (int i = 0; i < g->num_values && !r->failed; i++)
		if (g->values[i].producer < -1 || g->values[i].producer >= g->num_nodes)
			r->failed = true;
	if (!g->values || !g->nodes)
		r->failed = true;
	if (r->failed) {
		accel_graph_unref(g);
		return -EBADMSG;
	}
	*out = g;
	return 0;
}

/* A value that the host reads or writes lies inside of the IO region, aligned. */
static bool host_ok(const struct accel_program *p, int v)
{
	uint64_t off = p->host_off[v];
	int64_t bytes = accel_value_bytes(&p->graph->values[v]);

	return bytes >= 0 && off <= p->io_bytes && (uint64_t)bytes <= p->io_bytes - off && off % 64 == 0;
}

static bool cpu_step_ok(struct accel_program *p, uint32_t index)
{
	const struct accel_node *n;

	if (index >= (uint32_t)p->graph->num_nodes)
		return false;
	n = &p->graph->nodes[index];
	for (int i = 0; i < n->num_in; i++)
		if (n->in[i] >= 0 && p->host_off[n->in[i]] == ACCEL_NO_HOST && !p->graph->values[n->in[i]].data)
			return false;
	for (int i = 0; i < n->num_out; i++)
		if (n->out[i] >= 0 && (p->host_off[n->out[i]] == ACCEL_NO_HOST || p->graph->values[n->out[i]].data))
			return false;
	return check_cpu_node(p->graph, (int)index) == 0;
}

int accel_take_steps(struct accel_reader *r, struct accel_program *p)
{
	uint32_t n = accel_take_count(r, 12);
	const void *plans;
	bool ok = true;

	p->steps = calloc((size_t)n + 1, sizeof(*p->steps));
	if (!p->steps)
		return accel_enomem("the program");
	p->num_steps = n;
	for (uint32_t i = 0; i < n; i++) {
		p->steps[i].kind = accel_take_u32(r);
		p->steps[i].index = accel_take_u32(r);
		p->steps[i].after = accel_take_u32(r);
	}
	for (int i = 0; i < p->graph->num_values; i++) {
		p->host_off[i] = accel_take_u64(r);
		if (p->host_off[i] != ACCEL_NO_HOST && !host_ok(p, i))
			ok = false;
	}
	plans = accel_take(r, (uint64_t)p->graph->num_nodes);
	if (r->failed || r->at != r->end || !ok)
		return -EBADMSG;
	if (p->graph->num_nodes)
		memcpy(p->plans, plans, (size_t)p->graph->num_nodes);
	for (int i = 0; i < p->graph->num_inputs; i++)
		ok &= p->host_off[p->graph->inputs[i]] != ACCEL_NO_HOST;
	for (int i = 0; i < p->graph->num_outputs; i++)
		ok &= p->host_off[p->graph->outputs[i]] != ACCEL_NO_HOST;
	for (uint32_t i = 0; i < n && ok; i++) {
		const struct accel_step *s = &p->steps[i];

		if (s->kind == ACCEL_STEP_NPU)
			ok = s->index < p->num_streams;
		else
			ok = s->kind == ACCEL_STEP_CPU && cpu_step_ok(p, s->index);
		ok &= s->after <= i && (!s->after || p->steps[s->after - 1].kind != s->kind);
	}
	return ok ? 0 : -EBADMSG;
}
