// SPDX-License-Identifier: MIT
/* Which ranges of each memory a descriptor reads and writes. */
#include "emit.h"

static const uint8_t type_bits[LOOM_NUM_TYPES] = {
	[LOOM_S8] = 8, [LOOM_U8] = 8, [LOOM_S4] = 4, [LOOM_S32] = 32, [LOOM_F16] = 16,
	[LOOM_BF16] = 16, [LOOM_F32] = 32, [LOOM_E4M3] = 8, [LOOM_E5M2] = 8,
};

struct access_list {
	struct accel_access *out;
	int num;
};

static void add(struct access_list *l, enum accel_space space, int write, uint64_t lo, uint64_t hi)
{
	l->out[l->num++] = (struct accel_access){ space, write, lo, hi };
}

/* @rows rows of @row_bytes, @stride apart. */
static void add_rows(struct access_list *l, uint32_t addr, int write, uint32_t rows, uint32_t stride,
		     uint64_t row_bytes)
{
	enum accel_space space = addr & LOOM_ACC ? ACCEL_SPACE_ACC : ACCEL_SPACE_SPM;
	uint64_t lo = addr & ~LOOM_ACC;

	add(l, space, write, lo, lo + (uint64_t)(rows - 1) * stride + row_bytes);
}

static void hull(const struct loom_dma *d, const int64_t *stride, int64_t *lo, int64_t *hi)
{
	*lo = 0;
	*hi = d->elem;
	for (int i = 0; i < LOOM_DIMS; i++) {
		int64_t reach = stride[i] * ((int64_t)d->n[i] - 1);

		if (reach < 0)
			*lo += reach;
		else
			*hi += reach;
	}
}

static void dma(struct access_list *l, const struct loom_dma *d, uint64_t va_base)
{
	int64_t stride[LOOM_DIMS], lo, hi;
	int store = d->d.op == LOOM_OP_STORE;

	for (int i = 0; i < LOOM_DIMS; i++)
		stride[i] = d->spm_stride[i];
	hull(d, stride, &lo, &hi);
	add(l, ACCEL_SPACE_SPM, !store, d->spm + lo, d->spm + hi);
	if (d->d.op == LOOM_OP_FILL)
		return;
	for (int i = 0; i < LOOM_DIMS; i++)
		stride[i] = d->va_stride[i];
	hull(d, stride, &lo, &hi);
	add(l, ACCEL_SPACE_DRAM, store, va_base + d->va + lo, va_base + d->va + hi);
}

/* Rows of B that are there: half of them where it is 2:4 sparse; the compiler does not ask for that together with TRANS_B. */
static uint32_t stored_rows(uint8_t flags, uint32_t k)
{
	return flags & LOOM_MXU_SPARSE24 ? k / 2 : k;
}

static void mm(struct access_list *l, const struct loom_mm *d)
{
	uint32_t a = type_bits[d->a_type] / 8, b = type_bits[d->b_type];

	if (d->flags & LOOM_MXU_TRANS_A)
		add_rows(l, d->a, 0, d->k, d->lda, (uint64_t)d->m * a);
	else
		add_rows(l, d->a, 0, d->m, d->lda, (uint64_t)d->k * a);
	if (d->flags & LOOM_MXU_TRANS_B)
		add_rows(l, d->b, 0, d->n, d->ldb, ((uint64_t)d->k * b + 7) / 8);
	else
		add_rows(l, d->b, 0, stored_rows(d->flags, d->k), d->ldb, ((uint64_t)d->n * b + 7) / 8);
	if (d->flags & LOOM_MXU_SPARSE24)
		add_rows(l, d->meta, 0, 1, 0, (uint64_t)(d->k / 4) * ((d->n + 1) / 2));
	add_rows(l, d->c | LOOM_ACC, 1, d->m, d->ldc, (uint64_t)d->n * 4);
}

static void conv(struct access_list *l, const struct loom_conv *d)
{
	uint64_t in = d->in + (uint64_t)(d->n - 1) * d->in_stride_n + (uint64_t)(d->ih - 1) * d->in_stride_y +
		      (uint64_t)(d->iw - 1) * d->in_stride_x + (uint64_t)d->ic * type_bits[d->a_type] / 8;
	uint64_t w = d->w + (uint64_t)(d->kh * d->kw - 1) * d->w_stride_tap +
		     (uint64_t)(stored_rows(d->flags, d->ic) - 1) * d->w_stride_c + ((uint64_t)d->oc * type_bits[d->b_type] + 7) / 8;

	add(l, ACCEL_SPACE_SPM, 0, d->in, in);
	add(l, ACCEL_SPACE_SPM, 0, d->w, w);
	if (d->flags & LOOM_MXU_SPARSE24)
		add_rows(l, d->meta, 0, 1, 0, (uint64_t)d->kh * d->kw * (d->ic / 4) * ((d->oc + 1) / 2));
	add_rows(l, d->out | LOOM_ACC, 1, d->n * d->oh * d->ow, d->out_stride, (uint64_t)d->oc * 4);
}

static void dwconv(struct access_list *l, const struct loom_dwconv *d)
{
	uint64_t in = d->in + (uint64_t)(d->n - 1) * d->in_stride_n + (uint64_t)(d->ih - 1) * d->in_stride_y +
		      (uint64_t)(d->iw - 1) * d->in_stride_x + (uint64_t)d->c * type_bits[d->a_type] / 8;

	add(l, ACCEL_SPACE_SPM, 0, d->in, in);
	add_rows(l, d->w, 0, (uint32_t)d->kh * d->kw, d->w_stride_tap, ((uint64_t)d->c * type_bits[d->b_type] + 7) / 8);
	add_rows(l, d->out | LOOM_ACC, 1, d->n * d->oh * d->ow, d->out_stride, (uint64_t)d->c * 4);
}

static void requant(struct access_list *l, const struct loom_requant *d)
{
	add_rows(l, d->src, 0, d->m, d->lds, (uint64_t)d->n * 4);
	add_rows(l, d->dst, 1, d->m, d->ldd, d->n);
	if (d->flags & LOOM_RQ_PER_CHANNEL) {
		add_rows(l, d->scale, 0, 1, 0, (uint64_t)d->n * 4);
		if (d->mode == LOOM_RQ_Q31)
			add_rows(l, d->shift, 0, 1, 0, (uint64_t)d->n * 4);
	}
}

static void ewise(struct access_list *l, const struct loom_ewise *d)
{
	int vec0 = 0, vec1 = 0;

	for (int i = 0; i < LOOM_EW_STAGES; i++) {
		uint8_t a = LOOM_EWS_FIRST(d->stage[i].operand), b = LOOM_EWS_SECOND(d->stage[i].operand);

		vec0 |= a == LOOM_EWS_VEC0 || b == LOOM_EWS_VEC0;
		vec1 |= a == LOOM_EWS_VEC1 || b == LOOM_EWS_VEC1;
	}
	add_rows(l, d->src0, 0, d->m, d->lds0, (uint64_t)d->n * type_bits[d->src0_type] / 8);
	if (d->src1_type != LOOM_TYPE_NONE)
		add_rows(l, d->src1, 0, d->m, d->lds1, (uint64_t)d->n * type_bits[d->src1_type] / 8);
	if (vec0)
		add_rows(l, d->vec0, 0, 1, 0, (uint64_t)d->n * 4);
	if (vec1)
		add_rows(l, d->vec1, 0, 1, 0, (uint64_t)d->n * 4);
	add_rows(l, d->dst, 1, d->m, d->ldd, (uint64_t)d->n * type_bits[d->dst_type] / 8);
}

static void pool(struct access_list *l, const struct loom_pool *d)
{
	uint64_t row = (uint64_t)d->c * type_bits[d->type] / 8;
	uint64_t in = d->in + (uint64_t)(d->n - 1) * d->in_stride_n + (uint64_t)(d->ih - 1) * d->in_stride_y +
		      (uint64_t)(d->iw - 1) * d->in_stride_x + row;

	add(l, ACCEL_SPACE_SPM, 0, d->in, in);
	add_rows(l, d->out, 1, d->n * d->oh * d->ow, d->out_stride, row);
}

static void accinit(struct access_list *l, const struct loom_accinit *d)
{
	add_rows(l, d->acc | LOOM_ACC, 1, d->m, d->ldc, (uint64_t)d->n * 4);
	if (d->flags & LOOM_ACCINIT_BIAS)
		add_rows(l, d->bias, 0, 1, 0, (uint64_t)d->n * 4);
}

static void softmax(struct access_list *l, const struct loom_rows *d)
{
	add_rows(l, d->src, 0, d->m, d->lds, (uint64_t)d->n * type_bits[d->src_type] / 8);
	add_rows(l, d->dst, 1, d->m, d->ldd, (uint64_t)d->n * type_bits[d->dst_type] / 8);
}

int accel_access_of(const void *desc, uint64_t va_base, struct accel_access *out)
{
	struct access_list l = { out, 0 };

	switch (((const struct loom_desc *)desc)->op) {
	case LOOM_OP_LOAD:
	case LOOM_OP_FILL:
	case LOOM_OP_STORE:
		dma(&l, desc, va_base);
		break;
	case LOOM_OP_ACCINIT:
		accinit(&l, desc);
		break;
	case LOOM_OP_MM:
		mm(&l, desc);
		break;
	case LOOM_OP_CONV:
		conv(&l, desc);
		break;
	case LOOM_OP_DWCONV:
		dwconv(&l, desc);
		break;
	case LOOM_OP_REQUANT:
		requant(&l, desc);
		break;
	case LOOM_OP_EWISE:
		ewise(&l, desc);
		break;
	case LOOM_OP_POOL:
		pool(&l, desc);
		break;
	case LOOM_OP_SOFTMAX:
		softmax(&l, desc);
		break;
	default:
		break;
	}
	return l.num;
}
