// SPDX-License-Identifier: MIT
/* Types and orders of elements, and storage for values. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"
#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"

enum loom_type accel_loom_type(enum accel_dtype t)
{
	static const uint8_t map[ACCEL_NUM_DTYPES] = {
		[ACCEL_F32] = LOOM_F32, [ACCEL_F16] = LOOM_F16, [ACCEL_BF16] = LOOM_BF16,
		[ACCEL_S8] = LOOM_S8, [ACCEL_U8] = LOOM_U8, [ACCEL_S32] = LOOM_S32,
	};

	return t < ACCEL_NUM_DTYPES ? map[t] : LOOM_TYPE_NONE;
}

bool accel_is_int8(enum accel_dtype t)
{
	return t == ACCEL_S8 || t == ACCEL_U8;
}

void accel_value_dims4(const struct accel_value *v, int64_t dim[4])
{
	for (int i = 0; i < 4; i++)
		dim[i] = i < v->rank ? v->dims[i] : 1;
}

struct accel_layout accel_layout_of(const struct accel_value *v)
{
	struct accel_layout l = { .nhwc = false };

	if (v->rank != 4)
		return l;
	accel_value_dims4(v, l.dim);
	l.nhwc = l.dim[1] > 1 && l.dim[2] * l.dim[3] > 1;
	return l;
}

bool accel_layout_same(const struct accel_layout *a, const struct accel_layout *b)
{
	return a->nhwc == b->nhwc && (!a->nhwc || !memcmp(a->dim, b->dim, sizeof(a->dim)));
}

bool accel_strides4(const struct accel_tensor *t, const int64_t dim[4], int64_t stride[4])
{
	int64_t es = (int64_t)accel_dtype_bytes(t->type);

	if (t->lay.nhwc && memcmp(t->lay.dim, dim, sizeof(t->lay.dim)))
		return false;
	if (t->lay.nhwc) {
		stride[1] = es;
		stride[3] = es * (t->pitch ? t->pitch : dim[1]);
		stride[2] = stride[3] * dim[3];
		stride[0] = stride[2] * dim[2];
	} else {
		stride[3] = es;
		stride[2] = es * dim[3];
		stride[1] = stride[2] * dim[2];
		stride[0] = stride[1] * dim[1];
	}
	return true;
}

static struct accel_tensor tensor_of(const struct accel_value *v)
{
	return (struct accel_tensor){
		.type = v->store, .scale = v->quant.scale, .zero_point = v->quant.zero_point,
		.lay = accel_layout_of(v), .elems = accel_value_elems(v),
	};
}

/* The value as the host sees it. */
static struct accel_tensor host_tensor(const struct accel_cg *cg, int v)
{
	const struct accel_value *val = &cg->g->values[v];

	return (struct accel_tensor){
		.addr = { ACCEL_REGION_IO, cg->prog->host_off[v] }, .type = val->dtype,
		.scale = val->quant.scale, .zero_point = val->quant.zero_point, .elems = accel_value_elems(val),
	};
}

static bool same_bytes(const struct accel_tensor *a, const struct accel_tensor *b)
{
	return a->type == b->type && accel_layout_same(&a->lay, &b->lay) &&
	       (!accel_is_int8(a->type) || (a->scale == b->scale && a->zero_point == b->zero_point));
}

static int place_in_arena(struct accel_cg *cg, struct accel_tensor *t)
{
	int err = 0;

	t->addr.region = ACCEL_REGION_ARENA;
	t->addr.off = accel_arena_alloc(&cg->arena, (uint64_t)t->elems * accel_dtype_bytes(t->type), &err);
	return err ? accel_enomem("the memory plan") : 0;
}

/* A constant that is an operand in its own right: packed as the device keeps it. */
static int place_constant(struct accel_cg *cg, const struct accel_value *v, struct accel_tensor *t)
{
	int64_t dim[4], stride[4], es = (int64_t)accel_dtype_bytes(t->type);
	float *data = accel_const_f32(v);
	uint8_t *out = accel_cg_const(cg, (uint64_t)(t->elems * es), &t->addr);

	if (!data || !out) {
		free(data);
		return accel_enomem("constants");
	}
	if (!t->lay.nhwc) {
		accel_pack_f32(t->type, t->scale, t->zero_point, data, out, t->elems);
		free(data);
		return 0;
	}
	accel_value_dims4(v, dim);
	accel_strides4(t, dim, stride);
	for (int64_t i = 0; i < t->elems; i++) {
		int64_t x = i % dim[3], y = i / dim[3] % dim[2], c = i / (dim[3] * dim[2]) % dim[1];
		int64_t n = i / (dim[3] * dim[2] * dim[1]);

		accel_pack_f32(t->type, t->scale, t->zero_point, &data[i],
			       out + n * stride[0] + c * stride[1] + y * stride[2] + x * stride[3], 1);
	}
	free(data);
	return 0;
}

int accel_cg_input(struct accel_cg *cg, int v, struct accel_tensor *t)
{
	struct accel_home *home = &cg->homes[v];
	const struct accel_value *val = &cg->g->values[v];
	struct accel_tensor host;
	int err = 0;

	if (home->placed) {
		*t = home->t;
		return 0;
	}
	home->t = tensor_of(val);
	if (val->data) {
		err = place_constant(cg, val, &home->t);
	} else {
		host = host_tensor(cg, v);
		if (same_bytes(&host, &home->t)) {
			home->t.addr = host.addr;
		} else {
			err = place_in_arena(cg, &home->t);
			home->block = !err;
			if (!err)
				err = accel_emit_convert(cg, &host, &home->t);
		}
	}
	home->placed = !err;
	*t = home->t;
	return err;
}

/* A part of a Concat's output. */
static int place_joined(struct accel_cg *cg, int v)
{
	struct accel_home *home = &cg->homes[v];
	struct accel_tensor whole;
	int err = accel_cg_output(cg, home->root, &whole);

	if (err)
		return err;
	home->t = tensor_of(&cg->g->values[v]);
	home->t.addr = whole.addr;
	home->t.addr.off += (uint64_t)home->channel * accel_dtype_bytes(home->t.type);
	home->t.pitch = whole.lay.dim[1];
	home->placed = true;
	return 0;
}

int accel_cg_output(struct accel_cg *cg, int v, struct accel_tensor *t)
{
	struct accel_home *home = &cg->homes[v];
	struct accel_tensor host;
	int err = 0;

	if (!home->placed && home->joined)
		err = place_joined(cg, v);
	if (!home->placed && !err) {
		home->t = tensor_of(&cg->g->values[v]);
		host = host_tensor(cg, v);
		if (host.addr.off != ACCEL_NO_HOST && same_bytes(&host, &home->t)) {
			home->t.addr = host.addr;
		} else {
			err = place_in_arena(cg, &home->t);
			home->block = !err;
		}
		home->placed = !err;
	}
	*t = home->t;
	return err;
}

int accel_cg_temp(struct accel_cg *cg, struct accel_tensor *t)
{
	return place_in_arena(cg, t);
}

int accel_cg_as(struct accel_cg *cg, const struct accel_layout *lay, struct accel_tensor *t, bool *made)
{
	struct accel_tensor copy = *t;
	int err;

	*made = false;
	if (accel_layout_same(&t->lay, lay))
		return 0;
	copy.lay = *lay;
	copy.pitch = 0;
	err = accel_cg_temp(cg, &copy);
	if (err)
		return err;
	err = accel_emit_convert(cg, t, &copy);
	*made = !err;
	*t = copy;
	return err;
}

int accel_cg_packed(struct accel_cg *cg, struct accel_tensor *t, bool *made)
{
	struct accel_tensor copy = *t;
	int err;

	*made = false;
	if (!t->pitch)
		return 0;
	copy.pitch = 0;
	err = accel_cg_temp(cg, &copy);
	if (err)
		return err;
	err = accel_emit_convert(cg, t, &copy);
	*made = !err;
	*t = copy;
	return err;
}

void *accel_cg_const(struct accel_cg *cg, uint64_t bytes, struct accel_addr *addr)
{
	struct accel_program *p = cg->prog;
	uint64_t off = (p->const_bytes + 63) / 64 * 64, end = off + (bytes + 63) / 64 * 64;

	if (end > cg->cap_consts) {
		uint64_t cap = end + end / 2 + 4096;
		uint8_t *q = realloc(p->consts, cap);

		if (!q)
			return NULL;
		memset(q + cg->cap_consts, 0, cap - cg->cap_consts);
		p->consts = q;
		cg->cap_consts = cap;
	}
	p->const_bytes = end;
	*addr = (struct accel_addr){ ACCEL_REGION_CONST, off };
	return p->consts + off;
}

float *accel_const_f32(const struct accel_value *v)
{
	int64_t n = accel_value_elems(v);
	float *out = calloc((size_t)(n ? n : 1), sizeof(*out));
	const struct accel_quant *q = &v->quant;

	if (!out)
		return NULL;
	accel_load_f32(v->dtype, v->data, out, n);
	if (!accel_is_int8(v->dtype))
		return out;
	/* Quantised in the file: back to what it stands for. */
	if (q->channel_scale) {
		int64_t inner = 1;

		for (int i = q->axis + 1; i < v->rank; i++)
			inner *= v->dims[i];
		for (int64_t i = 0; i < n; i++)
			out[i] *= q->channel_scale[i / inner % q->channels];
	} else if (q->scale != 0) {
		for (int64_t i = 0; i < n; i++)
			out[i] = (out[i] - (float)q->zero_point) * q->scale;
	}
	return out;
}

void accel_pack_f32(enum accel_dtype type, float scale, int32_t zero_point, const float *src, void *dst, int64_t n)
{
	if (!accel_is_int8(type)) {
		accel_store_f32(type, src, dst, n);
		return;
	}
	for (int64_t i = 0; i < n; i++)
		((uint8_t *)dst)[i] = (uint8_t)accel_quantise(src[i], scale, zero_point, type);
}
