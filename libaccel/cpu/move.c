// SPDX-License-Identifier: MIT
/* What moves data and leaves them as they are, of any type. */
#include <string.h>

#include "libaccel/cpu/kernels.h"

int accel_kernel_copy(const struct accel_kernel *k)
{
	memcpy(k->y, k->x[0], (size_t)accel_value_bytes(k->out));
	return 0;
}

int accel_kernel_transpose(const struct accel_kernel *k)
{
	const struct accel_value *in = k->in[0], *out = k->out;
	size_t size = accel_dtype_bytes(out->dtype);
	int64_t stride[ACCEL_MAX_RANK], step[ACCEL_MAX_RANK], at[ACCEL_MAX_RANK] = { 0 }, from = 0;
	int64_t total = accel_value_elems(out), s = 1;
	char *y = k->y;

	for (int d = in->rank - 1; d >= 0; d--) {
		stride[d] = s;
		s *= in->dims[d];
	}
	for (int d = 0; d < out->rank; d++)
		step[d] = stride[k->n->attrs.perm[0] < 0 ? out->rank - 1 - d : k->n->attrs.perm[d]];
	for (int64_t i = 0; i < total; i++, y += size) {
		memcpy(y, (const char *)k->x[0] + (size_t)from * size, size);
		for (int d = out->rank - 1; d >= 0; d--) {
			from += step[d];
			if (++at[d] < out->dims[d])
				break;
			from -= at[d] * step[d];
			at[d] = 0;
		}
	}
	return 0;
}
