/* SPDX-License-Identifier: MIT */
/* Executors of the matrix unit. */
#include "mxu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int loom_mxu_buffers_new(struct loom_mxu_buffers **out)
{
	*out = aligned_alloc(64, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void loom_mxu_buffers_free(struct loom_mxu_buffers *buf)
{
	free(buf);
}

void loom_exec_accinit(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_accinit *d = &op->u.accinit;

	for (uint32_t i = 0; i < d->m; i++) {
		uint8_t *row = core->acc + d->acc + (uint64_t)i * d->ldc;

		if (d->flags & LOOM_ACCINIT_BIAS)
			memcpy(row, core->spm + d->bias, 4ull * d->n);
		else
			for (uint32_t j = 0; j < d->n; j++)
				memcpy(row + 4ull * j, &d->value, 4);
	}
}

void loom_exec_mm(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_mm *d = &op->u.mm;
	struct loom_left l = {
		.base = core->spm + d->a,
		.end = core->spm + core->geo.spm_bytes,
		.type = d->a_type,
		.zp = d->a_zp,
		.ld = d->lda,
		.trans = d->flags & LOOM_MXU_TRANS_A,
	};
	struct loom_right r = {
		.base = core->spm + d->b,
		.type = d->b_type,
		.zp = d->b_zp,
		.taps = 1,
		.rows = d->k,
		.ld = d->ldb,
		.trans = d->flags & LOOM_MXU_TRANS_B,
		.meta = d->flags & LOOM_MXU_SPARSE24 ? core->spm + d->meta : NULL,
		.meta_pitch = d->flags & LOOM_MXU_TRANS_B ? LOOM_DIV_UP(d->k, 8) : LOOM_DIV_UP(d->n, 2),
		.cols = d->n,
	};

	if (!loom_gemm(core, &l, &r, core->acc + d->c, d->m > 1 ? d->ldc : 0, d->m, d->n, d->k,
		       d->flags & LOOM_MXU_ZERO))
		fault->status = LOOM_JOB_STOPPED;
}

void loom_exec_conv(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_conv *d = &op->u.conv;
	uint64_t pixels = (uint64_t)d->n * d->oh * d->ow;
	/* A kernel row is one run of memory where neither kernel nor input is dilated and pixels adjoin. */
	bool merged = d->dx == 1 && d->idx == 1 &&
		      d->in_stride_x == (uint64_t)d->ic * loom_type_bytes(d->a_type);
	struct loom_left l = {
		.conv = d,
		.base = core->spm + d->in,
		.end = core->spm + core->geo.spm_bytes,
		.type = d->a_type,
		.zp = d->a_zp,
		.run = merged ? d->kw * d->ic : d->ic,
		.merged = merged,
	};
	struct loom_right r = {
		.base = core->spm + d->w,
		.type = d->b_type,
		.zp = d->b_zp,
		.taps = (uint32_t)d->kh * d->kw,
		.rows = d->ic,
		.tap_stride = d->w_stride_tap,
		.ld = d->w_stride_c,
		.trans = d->flags & LOOM_MXU_TRANS_B,
		.rotate = d->flags & LOOM_MXU_ROTATE,
		.meta = d->flags & LOOM_MXU_SPARSE24 ? core->spm + d->meta : NULL,
		.meta_pitch = d->flags & LOOM_MXU_TRANS_B ? LOOM_DIV_UP(d->ic, 8) : LOOM_DIV_UP(d->oc, 2),
		.cols = d->oc,
	};

	if (!loom_gemm(core, &l, &r, core->acc + d->out, pixels > 1 ? d->out_stride : 0, pixels, d->oc,
		       (uint64_t)r.taps * d->ic, d->flags & LOOM_MXU_ZERO))
		fault->status = LOOM_JOB_STOPPED;
}
