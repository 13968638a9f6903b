/* SPDX-License-Identifier: MIT */
/* UNPACK: decompression on the way from DRAM to the scratchpad, a bounce buffer at a time. */
#include "exec_priv.h"

#include <string.h>

static void unpack_s4(struct loom_core *core, const struct loom_unpack *d, struct loom_exec_fault *fault)
{
	uint8_t *dst = core->spm + d->spm;

	for (uint32_t at = 0; at < d->bytes; at += LOOM_BOUNCE_BYTES) {
		uint32_t n = d->bytes - at < LOOM_BOUNCE_BYTES ? d->bytes - at : LOOM_BOUNCE_BYTES;

		if (!loom_vm_read(core, d->va + at, core->bounce, n, fault))
			return;
		for (uint64_t i = 0; i < 2ull * n && 2ull * at + i < d->count; i++) {
			int nibble = core->bounce[i / 2] >> (i & 1 ? 4 : 0) & 15;

			dst[2ull * at + i] = (uint8_t)((nibble ^ 8) - 8);
		}
	}
}

static void unpack_rle(struct loom_core *core, const struct loom_unpack *d, struct loom_exec_fault *fault)
{
	uint8_t *dst = core->spm + d->spm;
	uint32_t done = 0;

	for (uint32_t at = 0; at < d->bytes; at += LOOM_BOUNCE_BYTES) {
		uint32_t n = d->bytes - at < LOOM_BOUNCE_BYTES ? d->bytes - at : LOOM_BOUNCE_BYTES;

		if (!loom_vm_read(core, d->va + at, core->bounce, n, fault))
			return;
		for (uint32_t i = 0; i < n; i += 2) {
			uint32_t run = core->bounce[i] + 1u;

			run = run < d->count - done ? run : d->count - done;
			memset(dst + done, core->bounce[i + 1], run);
			done += run;
		}
	}
	memset(dst + done, 0, d->count - done);
}

#define GROUPS	2048u	/* at a time; even, and their values fit the bounce buffer */
_Static_assert(GROUPS * 2 * 4 + GROUPS / 2 <= LOOM_BOUNCE_BYTES, "bounce buffer");

static void unpack_24(struct loom_core *core, const struct loom_unpack *d, struct loom_exec_fault *fault)
{
	uint8_t *dst = core->spm + d->spm, *values = core->bounce, *meta = core->bounce + GROUPS * 2 * 4;
	uint32_t groups = d->count / 4;

	memset(dst, 0, (size_t)d->count * d->elem);
	for (uint32_t g = 0; g < groups; g += GROUPS) {
		uint32_t n = groups - g < GROUPS ? groups - g : GROUPS;

		if (!loom_vm_read(core, d->va + 2ull * g * d->elem, values, 2ull * n * d->elem, fault) ||
		    !loom_vm_read(core, d->va + 2ull * groups * d->elem + g / 2, meta, (n + 1) / 2, fault))
			return;
		for (uint32_t i = 0; i < n; i++, dst += 4u * d->elem) {
			unsigned int where = meta[i / 2] >> (i & 1 ? 4 : 0);

			memcpy(dst + (where & 3) * d->elem, values + 2 * i * d->elem, d->elem);
			memcpy(dst + (where >> 2 & 3) * d->elem, values + (2 * i + 1) * d->elem, d->elem);
		}
	}
}

void loom_exec_unpack(struct loom_core *core, const struct loom_op *op, struct loom_exec_fault *fault)
{
	const struct loom_unpack *d = &op->u.unpack;

	if (d->mode == LOOM_UNPACK_S4)
		unpack_s4(core, d, fault);
	else if (d->mode == LOOM_UNPACK_RLE)
		unpack_rle(core, d, fault);
	else
		unpack_24(core, d, fault);
}
