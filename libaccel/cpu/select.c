// SPDX-License-Identifier: MIT
/* Slice, Pad, Expand, Tile, Compress: selections along each axis. */
#include "libaccel/cpu/select.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/slice.h"

int accel_select_new(struct accel_select *s, const struct accel_value *out)
{
	int64_t total = 0;

	for (int d = 0; d < out->rank; d++)
		total += out->dims[d];
	*s = (struct accel_select){ .table = malloc((size_t)(total + 1) * sizeof(*s->table)) };
	if (!s->table)
		return accel_enomem("selection");
	total = 0;
	for (int d = 0; d < out->rank; d++) {
		s->from[d] = s->table + total;
		total += out->dims[d];
	}
	return 0;
}

void accel_select_free(struct accel_select *s)
{
	free(s->table);
}

/* One axis of the output; @stride of the input along it, @x NULL where an outer axis says fill. */
static char *run_axis(const struct accel_select *s, const struct accel_kernel *k, const size_t *stride, int d,
		      const char *x, char *y)
{
	size_t size = accel_dtype_bytes(k->out->dtype);

	if (d == k->out->rank) {
		if (x)
			memcpy(y, x, size);
		else if (s->fill)
			memcpy(y, s->fill, size);
		else
			memset(y, 0, size);
		return y + size;
	}
	for (int64_t i = 0; i < k->out->dims[d]; i++) {
		int64_t from = s->from[d][i];

		y = run_axis(s, k, stride, d + 1, !x || from < 0 ? NULL : x + (size_t)from * stride[d], y);
	}
	return y;
}

void accel_select_run(const struct accel_select *s, const struct accel_kernel *k)
{
	const struct accel_value *x = k->in[0];
	size_t stride[ACCEL_MAX_RANK], step = accel_dtype_bytes(x->dtype);

	for (int d = k->out->rank - 1, own = x->rank - 1; d >= 0; d--, own--) {
		stride[d] = step;
		if (own >= 0)
			step *= (size_t)x->dims[own];
	}
	run_axis(s, k, stride, 0, k->x[0], k->y);
}

int accel_kernel_slice(const struct accel_kernel *k)
{
	struct accel_slice plan[ACCEL_MAX_RANK];
	struct accel_select s;
	int ret = accel_slice_plan(k->n, k->in, k->x, plan);

	for (int d = 0; d < k->out->rank && !ret; d++)
		if (plan[d].count != k->out->dims[d])
			ret = accel_node_error(EINVAL, k->n, "its lists do not fit the output's shape");
	if (ret || accel_select_new(&s, k->out))
		return ret ? ret : -ENOMEM;
	for (int d = 0; d < k->out->rank; d++)
		for (int64_t i = 0; i < k->out->dims[d]; i++)
			s.from[d][i] = plan[d].start + i * plan[d].step;
	accel_select_run(&s, k);
	accel_select_free(&s);
	return 0;
}

enum pad_mode { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP };

/* Where index @i (below 0 and above @n too) of a padded axis of @n comes from. */
static int64_t padded(enum pad_mode mode, int64_t i, int64_t n)
{
	if (i >= 0 && i < n)
		return i;
	switch (mode) {
	case PAD_REFLECT:
		return i < 0 ? -i : 2 * (n - 1) - i;
	case PAD_EDGE:
		return i < 0 ? 0 : n - 1;
	case PAD_WRAP:
		return (i % n + n) % n;
	default:
		return -1;
	}
}

int accel_kernel_pad(const struct accel_kernel *k)
{
	const struct accel_value *x = k->in[0];
	struct accel_select s;

	if (accel_select_new(&s, k->out))
		return -ENOMEM;
	s.fill = k->x[2];
	for (int d = 0; d < x->rank; d++) {
		int64_t before = accel_load_s64(k->in[1]->dtype, k->x[1], d);

		for (int64_t i = 0; i < k->out->dims[d]; i++)
			s.from[d][i] = padded(k->n->attrs.mode, i - before, x->dims[d]);
	}
	accel_select_run(&s, k);
	accel_select_free(&s);
	return 0;
}

/* Expand and Tile: the input again and again; Expand only where it has one. */
int accel_kernel_repeat(const struct accel_kernel *k)
{
	int skip = k->out->rank - k->in[0]->rank;
	struct accel_select s;

	if (accel_select_new(&s, k->out))
		return -ENOMEM;
	for (int d = 0; d < k->out->rank; d++)
		for (int64_t i = 0; i < k->out->dims[d]; i++)
			s.from[d][i] = d < skip ? 0 : i % k->in[0]->dims[d - skip];
	accel_select_run(&s, k);
	accel_select_free(&s);
	return 0;
}

int accel_kernel_compress(const struct accel_kernel *k)
{
	bool flat = k->n->attrs.axis < -ACCEL_MAX_RANK;
	int axis = (int)(flat ? 0 : k->n->attrs.axis < 0 ? k->n->attrs.axis + k->out->rank : k->n->attrs.axis);
	const uint8_t *condition = k->x[1];
	struct accel_value row = *k->in[0];
	struct accel_kernel copy = *k;
	struct accel_select s;
	int64_t kept = 0;

	if (accel_select_new(&s, k->out))
		return -ENOMEM;
	for (int d = 0; d < k->out->rank; d++)
		for (int64_t i = 0; i < k->out->dims[d]; i++)
			s.from[d][i] = i;
	for (int64_t i = 0; i < k->in[1]->dims[0] && kept < k->out->dims[axis]; i++)
		if (condition[i])
			s.from[axis][kept++] = i;
	if (flat) {
		row.rank = 1;
		row.dims[0] = accel_value_elems(k->in[0]);
		copy.in[0] = &row;
	}
	accel_select_run(&s, &copy);
	accel_select_free(&s);
	return 0;
}
