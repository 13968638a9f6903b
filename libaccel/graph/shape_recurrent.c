// SPDX-License-Identifier: MIT
/* Shapes of RNN, GRU and LSTM. */
#include <errno.h>

#include "libaccel/graph/op_table.h"
#include "libaccel/graph/shape.h"

/* Input @i, where there is one, is f32 (s32: lengths) of @rank dims, those of @dims that are not -1. */
static int check(const struct accel_graph *g, const struct accel_node *n, int i, int rank, const int64_t *dims)
{
	const struct accel_value *v = accel_node_input(g, n, i);
	char text[96];
	bool fits;

	if (!v)
		return 0;
	fits = v->rank == rank && v->dtype == (i == 4 ? ACCEL_S32 : ACCEL_F32);
	for (int d = 0; d < rank && fits; d++)
		fits = accel_shape_fits(v->dims[d], dims[d]);
	return fits ? 0 : accel_node_error(EINVAL, n, "input '%s' of type %s and shape %s does not fit the others", v->name,
					   accel_dtype_name(v->dtype), accel_dims_text(v, text, sizeof(text)));
}

static int check_all(const struct accel_graph *g, const struct accel_node *n, int64_t dirs, int64_t batch, int64_t in, int64_t hidden,
		     int64_t gates)
{
	bool batch_first = n->attrs.flag2;
	const int64_t state[] = { batch_first ? batch : dirs, batch_first ? dirs : batch, hidden };
	int ret = check(g, n, 1, 3, (int64_t[]){ dirs, gates * hidden, in });

	if (!ret)
		ret = check(g, n, 2, 3, (int64_t[]){ dirs, gates * hidden, hidden });
	if (!ret)
		ret = check(g, n, 3, 2, (int64_t[]){ dirs, 2 * gates * hidden });
	if (!ret)
		ret = check(g, n, 4, 1, &batch);
	if (!ret)
		ret = check(g, n, 5, 3, state);
	if (!ret)
		ret = check(g, n, 6, 3, state);
	return ret ? ret : check(g, n, 7, 2, (int64_t[]){ dirs, 3 * hidden });
}

static void set_dims(struct accel_value *v, int rank, const int64_t *dims)
{
	v->dtype = ACCEL_F32;
	v->rank = rank;
	for (int d = 0; d < rank; d++)
		v->dims[d] = dims[d];
}

int accel_shape_recurrent(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *r = accel_node_input(g, n, 2);
	int64_t dirs = n->attrs.mode == 2 ? 2 : 1, gates = n->op == ACCEL_OP_RNN ? 1 : n->op == ACCEL_OP_GRU ? 3 : 4;
	bool batch_first = n->attrs.flag2;
	int64_t seq, batch, hidden;
	int ret;

	if (x->rank != 3)
		return accel_shape_bad_rank(n, x, "3 are needed");
	if (r->rank != 3 || r->dims[2] < 1 || r->dims[2] > 1 << 20)
		return accel_node_error(EINVAL, n, "input '%s' must have 3 dimensions, the last known", r->name);
	hidden = r->dims[2];
	if (n->attrs.number && n->attrs.number != hidden)
		return accel_node_error(EINVAL, n, "hidden_size is %lld, but input '%s' is for %lld", (long long)n->attrs.number, r->name,
					(long long)hidden);
	n->attrs.number = hidden;
	if (!(n->attrs.alpha >= 0))
		return accel_node_error(EINVAL, n, "attribute clip must not be negative");
	seq = x->dims[batch_first];
	batch = x->dims[!batch_first];
	ret = check_all(g, n, dirs, batch, x->dims[2], hidden, gates);
	if (ret)
		return ret;
	if (batch_first)
		set_dims(accel_node_output(g, n, 0), 4, (int64_t[]){ batch, seq, dirs, hidden });
	else
		set_dims(accel_node_output(g, n, 0), 4, (int64_t[]){ seq, dirs, batch, hidden });
	for (int i = 1; i < n->num_out; i++)
		set_dims(accel_node_output(g, n, i), 3, (int64_t[]){ batch_first ? batch : dirs, batch_first ? dirs : batch, hidden });
	return 0;
}
