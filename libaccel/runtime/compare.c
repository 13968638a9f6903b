// SPDX-License-Identifier: MIT
/* Node by node: what the device made, beside fp32 on the CPU. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"
#include "session.h"

/**
 * struct compare
 * @s: has run
 * @ref: by value: the fp32 network's
 * @own: by value: outputs of the present node for the device's inputs; else the device's
 */
struct compare {
	struct accel_session *s;
	const struct accel_graph *g;
	void **ref, **own;
};

static void measure(const float *got, const float *want, int64_t n, struct accel_error_stats *e)
{
	double max = 0, diff = 0, power = 0, noise = 0, dot = 0, got2 = 0;

	for (int64_t i = 0; i < n; i++) {
		double a = (double)got[i], b = (double)want[i], d = a == b || (isnan(a) && isnan(b)) ? 0 : fabs(a - b);

		/* NaN beside a number is as wrong as can be. */
		if (isnan(d))
			d = INFINITY;
		diff = d > diff ? d : diff;
		max = fabs(b) > max ? fabs(b) : max;
		noise += d * d;
		power += b * b;
		got2 += a * a;
		dot += a * b;
	}
	e->max_abs = diff;
	e->relative = max > 0 ? diff / max : diff;
	e->sqnr_db = noise > 0 ? 10 * log10(power / noise) : INFINITY;
	e->cosine = got2 > 0 && power > 0 ? dot / sqrt(got2 * power) : got2 == power;
}

static float *as_f32(const struct accel_value *v, const void *data, int64_t n)
{
	float *f = malloc((size_t)(n ? n : 1) * sizeof(*f));

	if (f)
		accel_load_f32(v->dtype, data, f, n);
	return f;
}

static int report(struct compare *c, const struct accel_node *node, int k,
		  void (*each)(void *ctx, const struct accel_node_error *err), void *ctx)
{
	int v = node->out[k];
	const struct accel_value *val = &c->g->values[v];
	int64_t n = accel_value_elems(val);
	struct accel_node_error e = {
		.name = node->name, .op = accel_op_name(node->op), .output = k, .on_npu = node->place == ACCEL_PLACE_NPU,
		.elems = n,
	};
	float *got = as_f32(val, c->s->data[v], n), *ref = as_f32(val, c->ref[v], n), *own = as_f32(val, c->own[v], n);
	int err = 0;

	if (got && ref && own) {
		measure(got, ref, n, &e.total);
		measure(got, own, n, &e.own);
		each(ctx, &e);
	} else {
		err = accel_enomem("the comparison");
	}
	free(got);
	free(ref);
	free(own);
	return err;
}

static int make_room(const struct accel_graph *g, const struct accel_node *node, void **data)
{
	for (int k = 0; k < node->num_out; k++) {
		int64_t bytes = accel_value_bytes(&g->values[node->out[k]]);

		data[node->out[k]] = bytes < 0 ? NULL : calloc(1, bytes ? (size_t)bytes : 1);
		if (!data[node->out[k]])
			return accel_enomem("the comparison");
	}
	return 0;
}

static int compare_node(struct compare *c, const struct accel_node *node,
			void (*each)(void *ctx, const struct accel_node_error *err), void *ctx)
{
	int err = make_room(c->g, node, c->ref);

	if (!err)
		err = accel_cpu_node(c->g, node, c->ref);
	if (!err)
		err = make_room(c->g, node, c->own);
	if (!err)
		err = accel_cpu_node(c->g, node, c->own);
	for (int k = 0; k < node->num_out && !err; k++)
		err = report(c, node, k, each, ctx);
	for (int k = 0; k < node->num_out; k++) {
		int v = node->out[k];

		if (c->own[v] != c->s->data[v])
			free(c->own[v]);
		c->own[v] = c->s->data[v];
	}
	return err;
}

static int compare_all(struct compare *c, const void *const *inputs,
		       void (*each)(void *ctx, const struct accel_node_error *err), void *ctx)
{
	const struct accel_graph *g = c->g;
	int err = 0;

	c->ref = calloc((size_t)g->num_values + 1, sizeof(*c->ref));
	c->own = calloc((size_t)g->num_values + 1, sizeof(*c->own));
	if (!c->ref || !c->own)
		return accel_enomem("the comparison");
	for (int v = 0; v < g->num_values; v++) {
		c->own[v] = c->s->data[v];
		c->ref[v] = g->values[v].producer < 0 ? c->s->data[v] : NULL;
	}
	for (int i = 0; i < g->num_inputs; i++)
		c->ref[g->inputs[i]] = (void *)inputs[i];	/* only read */
	for (int i = 0; i < g->num_nodes && !err; i++)
		err = compare_node(c, &g->nodes[i], each, ctx);
	for (int v = 0; v < g->num_values; v++)
		if (g->values[v].producer >= 0)
			free(c->ref[v]);
	return err;
}

int accel_compare(struct accel_graph *graph, struct accel_device *dev, const struct accel_compile_options *opts,
		  const void *const *inputs, void (*each)(void *ctx, const struct accel_node_error *err), void *ctx)
{
	struct compare c = { 0 };
	struct accel_program *prog;
	int err = accel_compile_seen(graph, dev, opts, &prog);

	if (err)
		return err;
	err = accel_session_new(dev, prog, &c.s);
	for (int i = 0; !err && i < accel_program_num_inputs(prog); i++) {
		size_t bytes;
		void *in = accel_input(c.s, i, &bytes);

		memcpy(in, inputs[i], bytes);
	}
	if (!err)
		err = accel_run(c.s);
	if (!err) {
		c.g = prog->graph;
		err = compare_all(&c, inputs, each, ctx);
	}
	free(c.ref);
	free(c.own);
	accel_session_free(c.s);
	accel_program_unref(prog);
	return err;
}
