// SPDX-License-Identifier: MIT
/* Elements and slices picked by indices, and put back by them. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"

/* Index @i of a list, in 0..@extent - 1; counted from the end where negative. */
static int index_at(const struct accel_kernel *k, int64_t i, int64_t extent, int64_t *index)
{
	int64_t v = accel_load_s64(k->in[1]->dtype, k->x[1], i);

	*index = v < 0 ? v + extent : v;
	if (*index < 0 || *index >= extent)
		return accel_node_error(EINVAL, k->n, "index %lld, of %lld", (long long)v, (long long)extent);
	return 0;
}

static int axis_of(const struct accel_kernel *k)
{
	return (int)(k->n->attrs.axis < 0 ? k->n->attrs.axis + k->in[0]->rank : k->n->attrs.axis);
}

int accel_kernel_gather(const struct accel_kernel *k)
{
	const struct accel_value *x = k->in[0];
	int axis = axis_of(k), ret;
	int64_t outer = accel_dims_product(x, 0, axis), extent = x->dims[axis], count = accel_value_elems(k->in[1]);
	size_t bytes = (size_t)accel_dims_product(x, axis + 1, x->rank) * accel_dtype_bytes(x->dtype);
	char *y = k->y;

	for (int64_t o = 0; o < outer; o++)
		for (int64_t i = 0; i < count; i++, y += bytes) {
			int64_t at;

			ret = index_at(k, i, extent, &at);
			if (ret)
				return ret;
			memcpy(y, (const char *)k->x[0] + (size_t)(o * extent + at) * bytes, bytes);
		}
	return 0;
}

/*
 * Element in tensor @x that element @i of the indices stands for: at the same place, but on the axis where its index
 * says.
 */
static int element_of(const struct accel_kernel *k, int64_t i, int64_t *element)
{
	const struct accel_value *x = k->in[0], *index = k->in[1];
	int axis = axis_of(k), ret;
	int64_t rest = i, step = 1, at = 0;

	for (int d = x->rank - 1; d >= 0; d--) {
		int64_t place = rest % index->dims[d];

		if (d == axis) {
			ret = index_at(k, i, x->dims[d], &place);
			if (ret)
				return ret;
		}
		rest /= index->dims[d];
		at += place * step;
		step *= x->dims[d];
	}
	*element = at;
	return 0;
}

int accel_kernel_gather_elements(const struct accel_kernel *k)
{
	size_t size = accel_dtype_bytes(k->out->dtype);
	int64_t count = accel_value_elems(k->in[1]), from;

	for (int64_t i = 0; i < count; i++) {
		int ret = element_of(k, i, &from);

		if (ret)
			return ret;
		memcpy((char *)k->y + (size_t)i * size, (const char *)k->x[0] + (size_t)from * size, size);
	}
	return 0;
}

enum reduction { REPLACE, ADD, MUL, MAX, MIN };

/* Elements [@to, @to + @n) of the output take those of the updates from @from on. */
static void update(const struct accel_kernel *k, int64_t to, int64_t from, int64_t n)
{
	enum accel_dtype t = k->out->dtype;
	size_t size = accel_dtype_bytes(t);
	enum reduction how = k->n->attrs.mode;

	if (how == REPLACE) {
		memcpy((char *)k->y + (size_t)to * size, (const char *)k->x[2] + (size_t)from * size, (size_t)n * size);
		return;
	}
	for (int64_t i = 0; i < n; i++) {
		if (accel_dtype_is_float(t)) {
			double a = accel_load_f64(t, k->y, to + i), b = accel_load_f64(t, k->x[2], from + i);

			accel_store_f64(t, k->y, to + i, how == ADD ? a + b : how == MUL ? a * b :
					how == MAX ? fmax(a, b) : fmin(a, b));
		} else {
			int64_t a = accel_load_s64(t, k->y, to + i), b = accel_load_s64(t, k->x[2], from + i);
			uint64_t sum = (uint64_t)a + (uint64_t)b, product = (uint64_t)a * (uint64_t)b;

			accel_store_s64(t, k->y, to + i, how == ADD ? (int64_t)sum : how == MUL ? (int64_t)product :
					(how == MAX) == (a > b) ? a : b);
		}
	}
}

int accel_kernel_scatter_elements(const struct accel_kernel *k)
{
	int64_t count = accel_value_elems(k->in[1]), to;

	memcpy(k->y, k->x[0], (size_t)accel_value_bytes(k->out));
	for (int64_t i = 0; i < count; i++) {
		int ret = element_of(k, i, &to);

		if (ret)
			return ret;
		update(k, to, i, 1);
	}
	return 0;
}

/* First element of the slice of the input that tuple @i of indices names, the batch being given. */
static int slice_of(const struct accel_kernel *k, int64_t i, int batch_dims, int64_t batch, int size, int64_t *element)
{
	const struct accel_value *x = k->in[0];
	int64_t at = batch;

	for (int d = 0; d < size; d++) {
		int64_t extent = x->dims[batch_dims + d], index;
		int ret = index_at(k, i * size + d, extent, &index);

		if (ret)
			return ret;
		at = at * extent + index;
	}
	*element = at * accel_dims_product(x, batch_dims + size, x->rank);
	return 0;
}

int accel_kernel_gather_nd(const struct accel_kernel *k)
{
	const struct accel_value *x = k->in[0], *index = k->in[1];
	int batch_dims = (int)k->n->attrs.number, size = (int)index->dims[index->rank - 1];
	int64_t tuples = accel_dims_product(index, 0, index->rank - 1), each = 1;
	int64_t n = accel_dims_product(x, batch_dims + size, x->rank), from;
	size_t bytes = (size_t)n * accel_dtype_bytes(x->dtype);

	for (int d = batch_dims; d < index->rank - 1; d++)
		each *= index->dims[d];
	for (int64_t i = 0; i < tuples; i++) {
		int ret = slice_of(k, i, batch_dims, i / each, size, &from);

		if (ret)
			return ret;
		memcpy((char *)k->y + (size_t)i * bytes,
		       (const char *)k->x[0] + (size_t)from * accel_dtype_bytes(x->dtype), bytes);
	}
	return 0;
}

int accel_kernel_scatter_nd(const struct accel_kernel *k)
{
	const struct accel_value *x = k->in[0], *index = k->in[1];
	int size = (int)index->dims[index->rank - 1];
	int64_t tuples = accel_dims_product(index, 0, index->rank - 1), n = accel_dims_product(x, size, x->rank), to;

	memcpy(k->y, k->x[0], (size_t)accel_value_bytes(k->out));
	for (int64_t i = 0; i < tuples; i++) {
		int ret = slice_of(k, i, 0, 0, size, &to);

		if (ret)
			return ret;
		update(k, to, i * n, n);
	}
	return 0;
}
