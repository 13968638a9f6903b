// SPDX-License-Identifier: MIT
/*
 * Chains of layers in the scratchpad: what a convolution makes for the convolution that is emitted next stays where it is, where it is
 * small enough; it goes to DRAM only for others that read it, too.
 */
#include "codegen.h"

#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"

/* Part of the scratchpad that one value may have; two are kept at a time. */
#define SHARE	4

/* The node that is emitted after the present one in the same stream, or -1. */
static int next_emitted(const struct accel_cg *cg)
{
	int i = cg->node + 1;

	while (i < cg->g->num_nodes && cg->segment[i] == cg->segment[cg->node] && cg->partner[i] > i)
		i++;
	return i < cg->g->num_nodes && cg->segment[i] == cg->segment[cg->node] ? i : -1;
}

bool accel_may_keep(const struct accel_cg *cg, int v, double macs, struct accel_kept *k)
{
	const struct accel_home *home = &cg->homes[v];
	int next = next_emitted(cg);
	const struct accel_node *conv = next < 0 ? NULL : &cg->g->nodes[cg->partner[next] >= 0 ? cg->partner[next] : next];
	uint64_t bytes;

	/* A MARK comes between the two: nothing on chip survives that. */
	if (!cg->keeping || !conv || cg->macs + macs > MARK_MACS)
		return false;
	if (conv->op != ACCEL_OP_CONV || conv->attrs.group > 1 || conv->in[0] != v || !home->placed || !home->t.lay.nhwc || home->t.pitch ||
	    home->t.addr.region != ACCEL_REGION_ARENA)
		return false;
	bytes = (uint64_t)home->t.elems * accel_dtype_bytes(home->t.type);
	if (bytes > cg->m.spm_bytes / SHARE)
		return false;
	*k = (struct accel_kept){ .value = v, .bytes = accel_spm_round(bytes), .top = cg->kept.value >= 0 && !cg->kept.top };
	k->at = k->top ? (cg->m.spm_bytes - k->bytes) / ACCEL_SPM_ALIGN * ACCEL_SPM_ALIGN : 0;
	k->bytes = k->top ? cg->m.spm_bytes - k->at : k->bytes;
	return true;
}

void accel_spill(struct accel_cg *cg)
{
	const struct accel_tensor *t = &cg->homes[cg->kept.value].t;

	accel_emit_store_flat(&cg->e, t->addr, cg->kept.at, (uint64_t)t->elems * accel_dtype_bytes(t->type));
	cg->kept.value = -1;
	cg->e.keep_lo = cg->e.keep_hi = 0;
}
