/* SPDX-License-Identifier: MIT */
/* Vector unit: scratch memory, and LUT. */
#include "vpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fpconv.h"

int loom_vpu_buffers_new(struct loom_vpu_buffers **out)
{
	*out = aligned_alloc(64, sizeof(**out));
	loom_fp8_init();
	if (!*out)
		return -ENOMEM;
	memset((*out)->zero, 0, sizeof((*out)->zero));
	return 0;
}

void loom_vpu_buffers_free(struct loom_vpu_buffers *buf)
{
	free(buf);
}

void loom_exec_lut(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_lut *d = &op->u.lut;
	const uint8_t *table = core->spm + d->table;

	for (uint32_t i = 0; i < d->m; i++) {
		const uint8_t *src = core->spm + d->src + (uint64_t)i * d->lds;
		uint8_t *dst = core->spm + d->dst + (uint64_t)i * d->ldd;

		if (d->elem == 1)
			for (uint32_t j = 0; j < d->n; j++)
				dst[j] = table[src[j]];
		else if (d->elem == 2)
			for (uint32_t j = 0; j < d->n; j++)
				memcpy(dst + 2ull * j, table + 2 * src[j], 2);
		else
			for (uint32_t j = 0; j < d->n; j++)
				memcpy(dst + 4ull * j, table + 4 * src[j], 4);
	}
}
