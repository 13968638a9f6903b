/* SPDX-License-Identifier: MIT */
/* SOFTMAX and LAYERNORM of rows, and PLUT. A row is passed over several times, so that it can be replaced in place. */
#include <math.h>
#include <string.h>

#include "fpconv.h"
#include "vpu.h"

/**
 * struct row - a row at work
 * @src: its elements, of @type
 * @n: their number
 * @factor: they are multiplied by it
 */
struct row {
	const uint8_t *src;
	unsigned int type;
	uint32_t n;
	const float *factor;
};

/* Elements from @j on into @v; how many. */
static uint32_t load_block(const struct row *r, uint32_t j, float *v)
{
	const struct loom_kernels *k = loom_kernels();
	uint32_t n = r->n - j < LOOM_LANES ? r->n - j : LOOM_LANES;

	k->load[r->type](v, r->src + (uint64_t)j * loom_type_bytes(r->type), n, 0);
	if (r->factor)
		k->ew[LOOM_EW_MUL](v, r->factor, n);
	return n;
}

static void fill(float *v, float x)
{
	for (int i = 0; i < LOOM_LANES; i++)
		v[i] = x;
}

/* The largest, by MAX of EWISE, which may be taken in any order. */
static float row_max(struct loom_core *core, const struct row *r)
{
	const struct loom_kernels *k = loom_kernels();
	struct loom_vpu_buffers *b = core->vpu;

	fill(b->src[0], -INFINITY);
	for (uint32_t j = 0; j < r->n; j += LOOM_LANES)
		k->ew[LOOM_EW_MAX](b->src[0], b->v, load_block(r, j, b->v));
	for (uint32_t half = LOOM_LANES / 2; half; half /= 2)
		k->ew[LOOM_EW_MAX](b->src[0], b->src[0] + half, half);
	return b->src[0][0];
}

/* e^(x - max) of a block; src[1] holds max. */
static uint32_t exp_block(struct loom_core *core, const struct row *r, uint32_t j)
{
	const struct loom_kernels *k = loom_kernels();
	struct loom_vpu_buffers *b = core->vpu;
	uint32_t n = load_block(r, j, b->v);

	k->ew[LOOM_EW_SUB](b->v, b->src[1], n);
	k->exp(b->v, n);
	return n;
}

static void softmax_row(struct loom_core *core, const struct loom_rows *d, const struct row *r, uint8_t *dst)
{
	const struct loom_kernels *k = loom_kernels();
	struct loom_vpu_buffers *b = core->vpu;
	float sum = 0.0f;

	fill(b->src[1], row_max(core, r));
	for (uint32_t j = 0; j < r->n; j += LOOM_LANES) {
		uint32_t n = exp_block(core, r, j);

		for (uint32_t i = 0; i < n; i++)
			sum += b->v[i];
	}
	fill(b->src[0], sum);
	for (uint32_t j = 0; j < r->n; j += LOOM_LANES) {
		uint32_t n = exp_block(core, r, j);

		k->ew[LOOM_EW_DIV](b->v, b->src[0], n);
		k->store[d->dst_type](dst + (uint64_t)j * loom_type_bytes(d->dst_type), b->v, n, 0);
	}
}

/* Mean and 1 / sqrt(variance + eps), sums in ascending order. */
static void moments(struct loom_core *core, const struct loom_rows *d, const struct row *r, float *mean, float *inv)
{
	float *v = core->vpu->v, sum = 0.0f, square = 0.0f;

	for (uint32_t j = 0; j < r->n; j += LOOM_LANES)
		for (uint32_t i = 0, n = load_block(r, j, v); i < n; i++)
			sum += v[i];
	*mean = sum / (float)r->n;
	for (uint32_t j = 0; j < r->n; j += LOOM_LANES)
		for (uint32_t i = 0, n = load_block(r, j, v); i < n; i++) {
			float x = v[i] - *mean;

			square = fmaf(x, x, square);
		}
	*inv = 1.0f / sqrtf(square / (float)r->n + loom_f32_of_bits(d->eps));
}

static void layernorm_row(struct loom_core *core, const struct loom_rows *d, const struct row *r, uint8_t *dst)
{
	const struct loom_kernels *k = loom_kernels();
	const float *gamma = (const float *)(const void *)(core->spm + d->gamma);
	const float *beta = (const float *)(const void *)(core->spm + d->beta);
	struct loom_vpu_buffers *b = core->vpu;
	float mean, inv;

	moments(core, d, r, &mean, &inv);
	fill(b->src[0], mean);
	fill(b->src[1], inv);
	for (uint32_t j = 0; j < r->n; j += LOOM_LANES) {
		uint32_t n = load_block(r, j, b->v);

		k->ew[LOOM_EW_SUB](b->v, b->src[0], n);
		k->ew[LOOM_EW_MUL](b->v, b->src[1], n);
		memcpy(b->imm[1], beta + j, n * sizeof(float));
		k->fma(b->imm[1], b->v, gamma + j, n);
		k->store[d->dst_type](dst + (uint64_t)j * loom_type_bytes(d->dst_type), b->imm[1], n, 0);
	}
}

void loom_exec_softmax(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_rows *d = &op->u.rows;
	struct row r = { .type = d->src_type, .n = d->n, .factor = core->vpu->imm[0] };

	fill(core->vpu->imm[0], loom_f32_of_bits(d->eps));
	for (uint32_t i = 0; i < d->m && !fault->status; i++) {
		r.src = core->spm + d->src + (uint64_t)i * d->lds;
		softmax_row(core, d, &r, core->spm + d->dst + (uint64_t)i * d->ldd);
		if (loom_exec_stopping(core))
			fault->status = LOOM_JOB_STOPPED;
	}
}

void loom_exec_layernorm(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_rows *d = &op->u.rows;
	struct row r = { .type = d->src_type, .n = d->n };

	for (uint32_t i = 0; i < d->m && !fault->status; i++) {
		r.src = core->spm + d->src + (uint64_t)i * d->lds;
		layernorm_row(core, d, &r, core->spm + d->dst + (uint64_t)i * d->ldd);
		if (loom_exec_stopping(core))
			fault->status = LOOM_JOB_STOPPED;
	}
}

/* A segment of PLUT's table. */
struct segment {
	float first, slope, intercept;
};

static float plut(const struct segment *table, uint32_t segments, float x)
{
	uint32_t s = segments - 1;

	while (s && !(table[s].first <= x))
		s--;
	return fmaf(table[s].slope, x, table[s].intercept);
}

void loom_exec_plut(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_plut *d = &op->u.plut;
	const struct segment *table = (const struct segment *)(const void *)(core->spm + d->table);
	float *v = core->vpu->v;

	for (uint32_t i = 0; i < d->m && !fault->status; i++) {
		struct row r = { .src = core->spm + d->src + (uint64_t)i * d->lds, .type = d->src_type, .n = d->n };
		uint8_t *dst = core->spm + d->dst + (uint64_t)i * d->ldd;

		for (uint32_t j = 0; j < d->n; j += LOOM_LANES) {
			uint32_t n = load_block(&r, j, v);

			for (uint32_t e = 0; e < n; e++)
				v[e] = plut(table, d->segments, v[e]);
			loom_kernels()->store[d->dst_type](dst + (uint64_t)j * loom_type_bytes(d->dst_type), v, n,
							   0);
		}
		if (loom_exec_stopping(core))
			fault->status = LOOM_JOB_STOPPED;
	}
}
