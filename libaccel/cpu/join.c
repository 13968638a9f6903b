// SPDX-License-Identifier: MIT
/* What takes tensors apart, or puts them together, in runs of bytes. */
#include <errno.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"

static int axis_of(const struct accel_kernel *k)
{
	return (int)(k->n->attrs.axis < 0 ? k->n->attrs.axis + k->in[0]->rank : k->n->attrs.axis);
}

int accel_kernel_concat(const struct accel_kernel *k)
{
	int axis = axis_of(k), rank = k->out->rank;
	int64_t outer = accel_dims_product(k->out, 0, axis);
	size_t size = accel_dtype_bytes(k->out->dtype);
	char *y = k->y;

	for (int64_t o = 0; o < outer; o++)
		for (int i = 0; i < k->n->num_in; i++) {
			size_t bytes = (size_t)accel_dims_product(k->in[i], axis, rank) * size;

			memcpy(y, (const char *)k->x[i] + (size_t)o * bytes, bytes);
			y += bytes;
		}
	return 0;
}

int accel_kernel_split(const struct accel_kernel *k)
{
	int axis = axis_of(k), rank = k->in[0]->rank;
	int64_t outer = accel_dims_product(k->in[0], 0, axis);
	size_t size = accel_dtype_bytes(k->out->dtype);
	const char *x = k->x[0];

	for (int64_t o = 0; o < outer; o++)
		for (int i = 0; i < k->n->num_out; i++) {
			size_t bytes = (size_t)accel_dims_product(k->outs[i], axis, rank) * size;

			memcpy((char *)k->ys[i] + (size_t)o * bytes, x, bytes);
			x += bytes;
		}
	return 0;
}

enum { DEPTH_FIRST, COLUMN_FIRST };	/* modes DCR and CRD */

/* Channel of the deep tensor for channel @c, row @by and column @bx of a block. */
static int64_t deep_channel(int mode, int64_t channels, int64_t b, int64_t c, int64_t by, int64_t bx)
{
	return mode == COLUMN_FIRST ? (c * b + by) * b + bx : (by * b + bx) * channels + c;
}

/* Between a deep tensor and a wide one, which has blocks of b x b in the place of channels. */
static void blocks(const struct accel_kernel *k, const struct accel_value *wide, bool widen)
{
	int64_t b = k->n->attrs.number, channels = wide->dims[1], h = wide->dims[2], w = wide->dims[3];
	size_t size = accel_dtype_bytes(wide->dtype);
	int64_t count = accel_value_elems(wide);

	for (int64_t i = 0; i < count; i++) {
		int64_t x = i % w, y = i / w % h, c = i / (w * h) % channels, n = i / (w * h * channels);
		int64_t deep = deep_channel(k->n->attrs.mode, channels, b, c, y % b, x % b);
		size_t at = (size_t)(((n * channels * b * b + deep) * (h / b) + y / b) * (w / b) + x / b);

		if (widen)
			memcpy((char *)k->y + (size_t)i * size, (const char *)k->x[0] + at * size, size);
		else
			memcpy((char *)k->y + at * size, (const char *)k->x[0] + (size_t)i * size, size);
	}
}

int accel_kernel_depth_to_space(const struct accel_kernel *k)
{
	blocks(k, k->out, true);
	return 0;
}

int accel_kernel_space_to_depth(const struct accel_kernel *k)
{
	blocks(k, k->in[0], false);
	return 0;
}

int accel_kernel_trilu(const struct accel_kernel *k)
{
	int64_t diagonal = k->x[1] ? accel_load_s64(k->in[1]->dtype, k->x[1], 0) : 0;
	int64_t cols = k->out->dims[k->out->rank - 1], rows = k->out->dims[k->out->rank - 2];
	int64_t total = accel_value_elems(k->out);
	size_t size = accel_dtype_bytes(k->out->dtype);

	for (int64_t i = 0; i < total; i++) {
		int64_t above = i % cols - i / cols % rows;	/* of the main diagonal */
		bool kept = k->n->attrs.flag ? above >= diagonal : above <= diagonal;

		if (kept)
			memcpy((char *)k->y + (size_t)i * size, (const char *)k->x[0] + (size_t)i * size, size);
		else
			memset((char *)k->y + (size_t)i * size, 0, size);
	}
	return 0;
}

/* Batch and time are the first two axes, in either order. */
int accel_kernel_reverse_sequence(const struct accel_kernel *k)
{
	bool batch_first = k->n->attrs.number == 0;
	int64_t first = k->out->dims[0], second = k->out->dims[1], steps = batch_first ? second : first;
	size_t bytes = (size_t)accel_dims_product(k->out, 2, k->out->rank) * accel_dtype_bytes(k->out->dtype);
	char *y = k->y;

	for (int64_t i = 0; i < first; i++)
		for (int64_t j = 0; j < second; j++, y += bytes) {
			int64_t t = batch_first ? j : i, b = batch_first ? i : j;
			int64_t len = accel_load_s64(k->in[1]->dtype, k->x[1], b), from;

			if (len < 0 || len > steps)
				return accel_node_error(EINVAL, k->n, "a sequence has length %lld, of %lld", (long long)len,
							(long long)steps);
			from = t < len ? len - 1 - t : t;
			memcpy(y, (const char *)k->x[0] + (size_t)(batch_first ? i * second + from : from * second + j) * bytes,
			       bytes);
		}
	return 0;
}
