// SPDX-License-Identifier: MIT
/* Tensors made from shapes and numbers, and the finding of elements. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"
#include "libaccel/error.h"

int accel_kernel_shape(const struct accel_kernel *k)
{
	int64_t from = k->n->attrs.number, *y = k->y;

	from += from < 0 ? k->in[0]->rank : 0;
	from = from < 0 ? 0 : from;
	for (int64_t i = 0; i < k->out->dims[0]; i++)
		y[i] = k->in[0]->dims[from + i];
	return 0;
}

int accel_kernel_size(const struct accel_kernel *k)
{
	*(int64_t *)k->y = accel_value_elems(k->in[0]);
	return 0;
}

int accel_kernel_constant_of_shape(const struct accel_kernel *k)
{
	size_t size = accel_dtype_bytes(k->out->dtype);
	int64_t n = accel_value_elems(k->out);

	if (!k->x[1])
		memset(k->y, 0, (size_t)n * size);
	for (int64_t i = 0; k->x[1] && i < n; i++)
		memcpy((char *)k->y + (size_t)i * size, k->x[1], size);
	return 0;
}

int accel_kernel_range(const struct accel_kernel *k)
{
	enum accel_dtype t = k->out->dtype;
	bool floats = accel_dtype_is_float(t);

	for (int64_t i = 0; i < k->out->dims[0]; i++)
		if (floats)
			accel_store_f64(t, k->y, i, accel_load_f64(t, k->x[0], 0) + (double)i * accel_load_f64(t, k->x[2], 0));
		else
			accel_store_s64(t, k->y, i, (int64_t)((uint64_t)accel_load_s64(t, k->x[0], 0) +
							      (uint64_t)i * (uint64_t)accel_load_s64(t, k->x[2], 0)));
	return 0;
}

int accel_kernel_eyelike(const struct accel_kernel *k)
{
	int64_t rows = k->out->dims[0], cols = k->out->dims[1];

	for (int64_t i = 0; i < rows; i++)
		for (int64_t j = 0; j < cols; j++)
			accel_store_f64(k->out->dtype, k->y, i * cols + j, j - i == k->n->attrs.number);
	return 0;
}

int accel_kernel_onehot(const struct accel_kernel *k)
{
	int axis = (int)(k->n->attrs.axis < 0 ? k->n->attrs.axis + k->out->rank : k->n->attrs.axis);
	int64_t outer = accel_dims_product(k->out, 0, axis), depth = k->out->dims[axis];
	int64_t inner = accel_dims_product(k->out, axis + 1, k->out->rank);
	size_t size = accel_dtype_bytes(k->out->dtype);
	const char *off = k->x[2], *on = off + size;
	char *y = k->y;

	for (int64_t o = 0; o < outer; o++)
		for (int64_t d = 0; d < depth; d++)
			for (int64_t i = 0; i < inner; i++, y += size) {
				double hot = accel_load_f64(k->in[0]->dtype, k->x[0], o * inner + i);

				memcpy(y, hot == (double)d || hot + (double)depth == (double)d ? on : off, size);
			}
	return 0;
}

int accel_kernel_nonzero(const struct accel_kernel *k)
{
	const struct accel_value *x = k->in[0];
	int64_t n = accel_value_elems(x), count = k->out->dims[1], found = 0, *y = k->y;

	for (int64_t i = 0; i < n && found < count; i++) {
		int64_t rest = i;

		if (accel_load_f64(x->dtype, k->x[0], i) == 0)
			continue;
		for (int d = x->rank - 1; d >= 0; d--) {
			y[d * count + found] = rest % x->dims[d];
			rest /= x->dims[d];
		}
		if (!x->rank)
			y[found] = 0;
		found++;
	}
	return 0;
}

/* An element while TopK sorts: floats by @f, integers by @s. */
struct ranked {
	double f;
	int64_t s;
	int64_t index;
};

static int smaller_first(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->f != y->f)
		return x->f < y->f ? -1 : 1;
	if (x->s != y->s)
		return x->s < y->s ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static int larger_first(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->f != y->f)
		return x->f > y->f ? -1 : 1;
	if (x->s != y->s)
		return x->s > y->s ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

int accel_kernel_topk(const struct accel_kernel *k)
{
	const struct accel_value *x = k->in[0];
	int axis = (int)(k->n->attrs.axis < 0 ? k->n->attrs.axis + x->rank : k->n->attrs.axis);
	int64_t outer = accel_dims_product(x, 0, axis), n = x->dims[axis], top = k->out->dims[axis];
	int64_t inner = accel_dims_product(x, axis + 1, x->rank);
	struct ranked *r = malloc((size_t)(n + 1) * sizeof(*r));
	bool floats = accel_dtype_is_float(x->dtype);
	size_t size = accel_dtype_bytes(x->dtype);

	if (!r)
		return accel_enomem(k->n->name);
	for (int64_t run = 0; run < outer * inner; run++) {
		int64_t from = run / inner * n * inner + run % inner, to = run / inner * top * inner + run % inner;

		for (int64_t i = 0; i < n; i++)
			r[i] = (struct ranked){
				.f = floats ? accel_load_f64(x->dtype, k->x[0], from + i * inner) : 0,
				.s = floats ? 0 : accel_load_s64(x->dtype, k->x[0], from + i * inner),
				.index = i,
			};
		qsort(r, (size_t)n, sizeof(*r), k->n->attrs.flag ? larger_first : smaller_first);
		for (int64_t i = 0; i < top; i++) {
			memcpy((char *)k->y + (size_t)(to + i * inner) * size,
			       (const char *)k->x[0] + (size_t)(from + r[i].index * inner) * size, size);
			if (k->ys[1])
				((int64_t *)k->ys[1])[to + i * inner] = r[i].index;
		}
	}
	free(r);
	return 0;
}
