// SPDX-License-Identifier: MIT
/* One node on the CPU: operands made ready, its kernel, its activation. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"
#include "libaccel/error.h"

static bool convert(enum accel_form form, enum accel_dtype t)
{
	return t != ACCEL_F32 && (form == ACCEL_AS_F32 || (form == ACCEL_FLOATS_AS_F32 && accel_dtype_is_float(t)));
}

/* Contents of @v as f32, in memory of their own which goes to *@owned. */
static const void *as_f32(const struct accel_value *v, const void *data, void **owned)
{
	int64_t elems = accel_value_elems(v);

	*owned = malloc((size_t)(elems ? elems : 1) * sizeof(float));
	if (*owned)
		accel_load_f32(v->dtype, data, *owned, elems);
	return *owned;
}

void accel_clip(const struct accel_act *act, float *y, int64_t n)
{
	const float lo = act->lo, hi = act->hi;

	for (int64_t i = 0; i < n; i++) {
		float v = y[i] < lo ? lo : y[i];	/* NaN stays */

		y[i] = v > hi ? hi : v;
	}
}

static void activate(const struct accel_kernel_row *row, const struct accel_act *act, float *y, int64_t n)
{
	if (act->kind == ACCEL_ACT_CLIP && !row->activates)
		accel_clip(act, y, n);
}

/* Runs @k with an output of f32, which is then converted to the value's type. */
static int run_converted(const struct accel_kernel_row *row, struct accel_kernel *k)
{
	int64_t elems = accel_value_elems(k->out);
	void *y = k->y;
	int ret;

	k->y = malloc((size_t)(elems ? elems : 1) * sizeof(float));
	if (!k->y)
		return accel_enomem(k->n->name);
	ret = row->run(k);
	if (!ret) {
		activate(row, &k->n->act, k->y, elems);
		accel_store_f32(k->out->dtype, k->y, y, elems);
	}
	free(k->y);
	return ret;
}

int accel_cpu_node(const struct accel_graph *g, const struct accel_node *node, void *const *data)
{
	const struct accel_kernel_row *row = &accel_kernels[node->op];
	struct accel_kernel k = { .n = node, .out = &g->values[node->out[0]], .y = data[node->out[0]] };
	void *owned[ACCEL_NODE_MAX_IN] = { NULL };
	int ret = 0;

	if (!row->run)
		return accel_node_error(EOPNOTSUPP, node, "there is no CPU kernel for it");
	for (int i = 0; i < node->num_out; i++) {
		k.outs[i] = &g->values[node->out[i]];
		k.ys[i] = data[node->out[i]];
	}
	for (int i = 0; i < node->num_in && !ret; i++) {
		k.in[i] = accel_node_input(g, node, i);
		if (!k.in[i])
			continue;
		k.x[i] = data[node->in[i]];
		if (convert(row->form, k.in[i]->dtype) && !(k.x[i] = as_f32(k.in[i], k.x[i], &owned[i])))
			ret = accel_enomem(node->name);
	}
	k.f32 = accel_dtype_is_float(k.out->dtype);
	if (!ret && convert(row->form, k.out->dtype)) {
		ret = run_converted(row, &k);
	} else if (!ret) {
		ret = row->run(&k);
		if (!ret && k.out->dtype == ACCEL_F32)
			activate(row, &node->act, k.y, accel_value_elems(k.out));
	}
	for (int i = 0; i < node->num_in; i++)
		free(owned[i]);
	return ret;
}
