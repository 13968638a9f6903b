// SPDX-License-Identifier: MIT
/* Softmax along the axis whose elements lie next to each other. */
#include <string.h>

#include "codegen.h"
#include "libaccel/graph/build.h"

/* Elements of a row; longer ones might not fit the smallest scratchpad. */
#define MAX_ROW 2048

static bool is_float(enum accel_dtype t)
{
	return t == ACCEL_F32 || t == ACCEL_F16 || t == ACCEL_BF16;
}

/* Length of a row, 0 where rows do not lie together. */
static int64_t row_of(const struct accel_value *v, const struct accel_attrs *a)
{
	int axis = (int)(a->axis < 0 ? a->axis + v->rank : a->axis);
	struct accel_layout lay = accel_layout_of(v);
	int64_t row = 1;

	if (axis < 0 || axis >= v->rank)
		return 0;
	if (lay.nhwc)
		return axis == 1 && !a->flat ? v->dims[1] : 0;
	for (int i = axis + 1; i < v->rank; i++)
		row *= v->dims[i];
	return a->flat || row == 1 ? row * v->dims[axis] : 0;
}

const char *accel_can_softmax(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_value *in = accel_in(g, node, 0), *out = accel_out(g, node);
	int64_t row = row_of(in, &node->attrs);

	if (!is_float(in->store) || !is_float(out->store))
		return "Softmax of integers is not done on the NPU";
	if (!row)
		return "its axis is not the innermost one";
	if (row > MAX_ROW)
		return "its rows have more than 2048 elements";
	return NULL;
}

int accel_lower_softmax(struct accel_cg *cg, const struct accel_node *node)
{
	const struct accel_value *v = accel_in(cg->g, node, 0);
	struct accel_layout lay = accel_layout_of(v);
	int64_t cols = row_of(v, &node->attrs), rows, step, es, ed;
	struct accel_tensor in, out;
	bool made = false;
	int err = accel_cg_input(cg, node->in[0], &in);

	if (!err)
		err = in.pitch ? accel_cg_packed(cg, &in, &made) : accel_cg_as(cg, &lay, &in, &made);
	if (!err)
		err = accel_cg_output(cg, node->out[0], &out);
	if (err)
		return err;
	es = (int64_t)accel_dtype_bytes(in.type);
	ed = (int64_t)accel_dtype_bytes(out.type);
	rows = in.elems / cols;
	step = accel_max64(1, (int64_t)(cg->m.spm_bytes / 4 - 2 * ACCEL_SPM_ALIGN) / (cols * (es + ed)));
	accel_pin_reserve(&cg->e, 0, 1);
	for (int64_t r = 0; r < rows; r += step) {
		int64_t m = accel_min64(step, rows - r);
		struct accel_addr from = { in.addr.region, in.addr.off + (uint64_t)(r * cols * es) };
		struct accel_addr to = { out.addr.region, out.addr.off + (uint64_t)(r * cols * ed) };
		struct loom_rows d = {
			.d.op = LOOM_OP_SOFTMAX, .m = (uint32_t)m, .n = (uint32_t)cols, .lds = (uint32_t)(cols * es),
			.ldd = (uint32_t)(cols * ed), .eps = accel_bits(1.0f),
			.src_type = (uint8_t)accel_loom_type(in.type), .dst_type = (uint8_t)accel_loom_type(out.type),
		};

		d.src = accel_spm_alloc(&cg->e, (uint64_t)(m * cols * es));
		d.dst = accel_spm_alloc(&cg->e, (uint64_t)(m * cols * ed));
		accel_emit_load_flat(&cg->e, from, d.src, (uint64_t)(m * cols * es));
		accel_emit(&cg->e, &d);
		accel_emit_store_flat(&cg->e, to, d.dst, (uint64_t)(m * cols * ed));
	}
	if (made)
		accel_arena_release(&cg->arena, in.addr.off);
	return cg->e.err;
}
