// SPDX-License-Identifier: MIT
#include "libaccel/cpu/lanes.h"

void accel_lanes_load(enum accel_dtype t, const void *src, int64_t at, int64_t step, int n, enum accel_lane lane,
		      union accel_lanes *to)
{
	const float *f = src;

	if (lane == ACCEL_LANE_F64 && t == ACCEL_F32)
		for (int i = 0; i < n; i++)
			to->f[i] = f[at + i * step];
	else if (lane == ACCEL_LANE_F64)
		for (int i = 0; i < n; i++)
			to->f[i] = accel_load_f64(t, src, at + i * step);
	else
		for (int i = 0; i < n; i++)
			to->s[i] = accel_load_s64(t, src, at + i * step);
}

void accel_lanes_store(enum accel_dtype t, void *dst, int64_t at, int n, enum accel_lane lane,
		       const union accel_lanes *from)
{
	float *f = dst;

	if (lane == ACCEL_LANE_F64 && t == ACCEL_F32)
		for (int i = 0; i < n; i++)
			f[at + i] = (float)from->f[i];
	else if (lane == ACCEL_LANE_F64)
		for (int i = 0; i < n; i++)
			accel_store_f64(t, dst, at + i, from->f[i]);
	else
		for (int i = 0; i < n; i++)
			accel_store_s64(t, dst, at + i, from->s[i]);
}

/* Element strides of @v along the dims of @out: 0 where it is broadcast. */
static void strides_of(const struct accel_value *v, const struct accel_value *out, int64_t *stride)
{
	int64_t step = 1;

	for (int d = out->rank - 1, own = v->rank - 1; d >= 0; d--, own--) {
		stride[d] = own < 0 || v->dims[own] == 1 ? 0 : step;
		if (own >= 0)
			step *= v->dims[own];
	}
}

void accel_walk_begin(struct accel_walk *w, const struct accel_value *out, const struct accel_value *const *in,
		      int operands)
{
	int last = out->rank - 1;

	*w = (struct accel_walk){ .out = out, .operands = operands, .row = out->rank ? out->dims[last] : 1 };
	w->rows = w->row ? accel_value_elems(out) / w->row : 0;
	for (int i = 0; i < operands; i++) {
		strides_of(in[i], out, w->stride[i]);
		w->step[i] = out->rank ? w->stride[i][last] : 0;
	}
}

void accel_walk_next(struct accel_walk *w)
{
	for (int d = w->out->rank - 2; d >= 0; d--) {
		bool more = ++w->at[d] < w->out->dims[d];

		for (int i = 0; i < w->operands; i++)
			w->off[i] += w->stride[i][d] - (more ? 0 : w->out->dims[d] * w->stride[i][d]);
		if (more)
			return;
		w->at[d] = 0;
	}
}
