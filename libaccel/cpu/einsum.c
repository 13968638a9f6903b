// SPDX-License-Identifier: MIT
/* Einsum: for each number of the output, the sum over what it has not of the products of all inputs. */
#include "libaccel/cpu/kernels.h"
#include "libaccel/graph/einsum.h"

/* Labels to run over, outermost first: those of the output, then the others. */
struct walk {
	int count, out;
	int label[ACCEL_EINSUM_LABELS];
	int64_t at[ACCEL_EINSUM_LABELS];
};

static struct walk walk_of(const struct accel_einsum *e)
{
	struct walk w = { .count = e->out_rank, .out = e->out_rank };

	for (int d = 0; d < e->out_rank; d++)
		w.label[d] = e->out[d];
	for (int l = 0; l < ACCEL_EINSUM_LABELS; l++) {
		bool there = !e->used[l];

		for (int d = 0; d < e->out_rank; d++)
			there |= e->out[d] == l;
		if (!there)
			w.label[w.count++] = l;
	}
	return w;
}

/* One on, in labels [from, to) of the walk, and @offset of each input with it; false where they have begun anew. */
static bool advance(struct walk *w, const struct accel_einsum *e, int from, int to, int inputs, int64_t *offset)
{
	for (int d = to - 1; d >= from; d--) {
		int l = w->label[d];
		bool more = ++w->at[d] < e->dim[l];

		for (int i = 0; i < inputs; i++)
			offset[i] += more ? e->stride[i][l] : -e->stride[i][l] * (e->dim[l] - 1);
		if (more)
			return true;
		w->at[d] = 0;
	}
	return false;
}

int accel_kernel_einsum(const struct accel_kernel *k)
{
	int64_t count = accel_value_elems(k->out), terms = 1, offset[ACCEL_NODE_MAX_IN] = { 0 };
	int inputs = k->n->num_in, ret;
	struct accel_einsum e;
	struct walk w;

	ret = accel_einsum_parse(k->n, k->in, &e);
	if (ret)
		return ret;
	w = walk_of(&e);
	for (int d = w.out; d < w.count; d++)
		terms *= e.dim[w.label[d]] ? 1 : 0;
	for (int64_t o = 0; o < count; o++) {
		double sum = 0;

		do {
			double product = 1;

			for (int i = 0; i < inputs && terms; i++)
				product *= accel_load_f64(k->in[i]->dtype, k->x[i], offset[i]);
			sum += terms ? product : 0;
		} while (terms && advance(&w, &e, w.out, w.count, inputs, offset));
		accel_store_f64(k->out->dtype, k->y, o, sum);
		advance(&w, &e, 0, w.out, inputs, offset);
	}
	return 0;
}
