// SPDX-License-Identifier: MIT
/* Quantisation: as operators, and as what a store type does to a value. */
#include <errno.h>
#include <math.h>

#include "libaccel/cpu/kernels.h"

/* Runs over [outer][channels][inner]; one channel where the parameters are per tensor. */
struct layout {
	int64_t outer, channels, inner;
};

static struct layout layout_of(const struct accel_kernel *k)
{
	const struct accel_value *x = k->in[0], *scale = k->in[1];
	int axis = (int)(k->n->attrs.axis < 0 ? k->n->attrs.axis + x->rank : k->n->attrs.axis);

	if (!scale->rank || scale->dims[0] == 1)
		return (struct layout){ 1, 1, accel_value_elems(x) };
	return (struct layout){ accel_dims_product(x, 0, axis), x->dims[axis], accel_dims_product(x, axis + 1, x->rank) };
}

int accel_kernel_quantize(const struct accel_kernel *k)
{
	struct layout l = layout_of(k);
	const float *scale = k->x[1];
	int64_t at = 0;

	for (int64_t o = 0; o < l.outer; o++)
		for (int64_t c = 0; c < l.channels; c++) {
			int32_t zp = k->x[2] ? (int32_t)accel_load_s64(k->in[2]->dtype, k->x[2], c) : 0;

			for (int64_t i = 0; i < l.inner; i++, at++) {
				float x;

				accel_load_f32(k->in[0]->dtype, (const char *)k->x[0] + at * 4, &x, 1);
				accel_store_s64(k->out->dtype, k->y, at, accel_quantise(x, scale[c], zp, k->out->dtype));
			}
		}
	return 0;
}

int accel_kernel_dequantize(const struct accel_kernel *k)
{
	struct layout l = layout_of(k);
	const float *scale = k->x[1];
	int64_t at = 0;

	for (int64_t o = 0; o < l.outer; o++)
		for (int64_t c = 0; c < l.channels; c++) {
			int64_t zp = k->x[2] ? accel_load_s64(k->in[2]->dtype, k->x[2], c) : 0;

			for (int64_t i = 0; i < l.inner; i++, at++)
				((float *)k->y)[at] =
					(float)(accel_load_s64(k->in[0]->dtype, k->x[0], at) - zp) * scale[c];
		}
	return 0;
}

static void through_float(enum accel_dtype t, float *data, int64_t elems)
{
	for (int64_t i = 0; i < elems; i++)
		data[i] = t == ACCEL_F16 ? accel_f16_to_f32(accel_f32_to_f16(data[i]))
					 : accel_bf16_to_f32(accel_f32_to_bf16(data[i]));
}

static void through_int(const struct accel_quant *q, float scale, enum accel_dtype t, float *data, int64_t elems)
{
	for (int64_t i = 0; i < elems; i++)
		data[i] = (float)((int64_t)accel_quantise(data[i], scale, q->zero_point, t) - q->zero_point) * scale;
}

void accel_cpu_quantise(const struct accel_value *v, float *data, int64_t elems)
{
	const struct accel_quant *q = &v->quant;
	int64_t inner;

	switch (v->store) {
	case ACCEL_F16:
	case ACCEL_BF16:
		through_float(v->store, data, elems);
		return;
	case ACCEL_S8:
	case ACCEL_U8:
	case ACCEL_S32:
		break;
	default:
		return;
	}
	if (!q->channel_scale) {
		through_int(q, q->scale, v->store, data, elems);
		return;
	}
	inner = accel_dims_product(v, q->axis + 1, v->rank);
	for (int64_t at = 0; at < elems; at += inner)
		through_int(q, q->channel_scale[at / inner % q->channels], v->store, data + at,
			    inner < elems - at ? inner : elems - at);
}
