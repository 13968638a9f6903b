// SPDX-License-Identifier: MIT
/* MaxPool, AveragePool, GlobalAveragePool. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "codegen.h"
#include "libaccel/graph/build.h"

/* Elements of a window; larger ones might not fit the smallest scratchpad. */
#define MAX_WINDOW 4096

struct pool {
	int64_t n, ih, iw, c, oh, ow;
	int64_t k[2], s[2], d[2], pad[2];
	enum loom_pool_mode mode;
};

static struct pool pool_of(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_value *in = accel_in(g, node, 0), *out = accel_out(g, node);
	const struct accel_attrs *a = &node->attrs;
	struct pool p = {
		.n = in->dims[0], .c = in->dims[1], .ih = in->dims[2], .iw = in->dims[3],
		.oh = out->dims[2], .ow = out->dims[3],
		.k = { in->dims[2], in->dims[3] }, .s = { 1, 1 }, .d = { 1, 1 }, .mode = LOOM_POOL_AVG,
	};

	if (node->op == ACCEL_OP_GLOBAL_AVGPOOL)
		return p;
	for (int i = 0; i < 2; i++) {
		p.k[i] = a->kernel[i];
		p.s[i] = a->stride[i];
		p.d[i] = a->dilation[i] > 0 ? a->dilation[i] : 1;
		p.pad[i] = a->pad[i];
	}
	if (node->op == ACCEL_OP_MAXPOOL)
		p.mode = LOOM_POOL_MAX;
	else if (a->count_include_pad)
		p.mode = LOOM_POOL_AVG_PAD;
	return p;
}

const char *accel_can_pool(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_value *in = accel_in(g, node, 0), *out = accel_out(g, node);
	struct pool p;
	int64_t taps = 1;

	if (in->rank != 4)
		return "only two-dimensional pooling is supported on the NPU";
	if (node->num_out > 1 && node->out[1] >= 0)
		return "the indices of a maximum are not supported on the NPU";
	p = pool_of(g, node);
	for (int i = 0; i < 2; i++) {
		if (p.k[i] > 1024 || p.s[i] > 1024 || p.d[i] > 1024 || p.pad[i] > 32000 || p.pad[i] < -32000)
			return "its window, stride or dilation is beyond the NPU's limits";
		taps *= (p.k[i] - 1) * p.d[i] + 1;
	}
	if (taps > MAX_WINDOW)
		return "its window has more than 4096 elements";
	for (int i = 0; i < 2 && p.mode == LOOM_POOL_AVG_PAD; i++)
		if ((i ? p.ow - 1 : p.oh - 1) * p.s[i] + (p.k[i] - 1) * p.d[i] + 1 >
		    (i ? p.iw : p.ih) + node->attrs.pad[i] + node->attrs.pad[i + 2])
			return "its last windows reach beyond the padding they count";
	if (in->store == ACCEL_F64 || in->store == ACCEL_S32 || accel_loom_type(in->store) == LOOM_TYPE_NONE)
		return "its type is not supported on the NPU";
	if (in->store != out->store)
		return "its input and output are kept in different types";
	if (p.mode == LOOM_POOL_MAX && accel_is_int8(in->store) &&
	    (in->quant.scale != out->quant.scale || in->quant.zero_point != out->quant.zero_point))
		return "its input and output are quantised differently";
	return NULL;
}

struct pool_tile {
	int64_t n, y, x, c;
};

static int64_t tile_in(const struct pool *p, const struct pool_tile *t)
{
	return t->n * t->c * accel_min64(accel_mx_span(t->y, p->s[0], p->k[0], p->d[0]), p->ih) *
	       accel_min64(accel_mx_span(t->x, p->s[1], p->k[1], p->d[1]), p->iw);
}

/* Halve images, then rows, then channels, then columns, until a quarter of the scratchpad holds a tile. */
static struct pool_tile choose(const struct pool *p, int64_t es, uint32_t spm_bytes)
{
	struct pool_tile t = { p->n, p->oh, p->ow, p->c };

	while ((tile_in(p, &t) + 2 * t.n * t.y * t.x * t.c) * es + 4 * ACCEL_SPM_ALIGN > spm_bytes / 2 ||
	       t.n > 65536 || t.c > 65536) {
		if (t.n > 1)
			t.n = accel_ceil_div(t.n, 2);
		else if (t.y > 1)
			t.y = accel_ceil_div(t.y, 2);
		else if (t.c > 32)
			t.c = accel_ceil_div(t.c, 2);
		else if (t.x > 1)
			t.x = accel_ceil_div(t.x, 2);
		else if (t.c > 1)
			t.c = accel_ceil_div(t.c, 2);
		else
			break;
	}
	return t;
}

static void reach(int64_t out0, int64_t count, int64_t stride, int64_t span_taps, int64_t dil, int64_t pad,
		  int64_t size, int64_t *lo, int64_t *num)
{
	int64_t a = out0 * stride - pad, b = a + accel_mx_span(count, stride, span_taps, dil);

	a = accel_max64(accel_min64(a, size - 1), 0);
	*lo = a;
	*num = accel_max64(accel_min64(b, size), a + 1) - a;
}

struct pool_job {
	struct pool p;
	struct accel_tensor in, out;
	int64_t si[4], so[4];
	const struct accel_act *act;
};

static void clamp_tile(struct accel_cg *cg, const struct pool_job *j, uint32_t spm, int64_t count)
{
	struct loom_ewise d = {
		.d.op = LOOM_OP_EWISE, .m = 1, .n = (uint32_t)count, .src0 = spm, .dst = spm,
		.src0_type = (uint8_t)accel_loom_type(j->out.type), .dst_type = (uint8_t)accel_loom_type(j->out.type),
	};

	if (j->act->kind != ACCEL_ACT_CLIP)
		return;
	d.lds0 = d.ldd = (uint32_t)(count * (int64_t)accel_dtype_bytes(j->out.type));
	if (accel_is_int8(j->out.type)) {
		d.zp0 = d.zpd = (int16_t)j->out.zero_point;
		accel_stage_imm(&d, LOOM_EW_MUL, 0, j->out.scale);
	}
	accel_stage_act(&d, j->act, 1);
	if (accel_is_int8(j->out.type))
		accel_stage_imm(&d, LOOM_EW_DIV, 3, j->out.scale);
	accel_emit(&cg->e, &d);
}

static void emit_tile(struct accel_cg *cg, const struct pool_job *j, const struct pool_tile *at,
		      const struct pool_tile *t)
{
	const struct pool *p = &j->p;
	int64_t es = (int64_t)accel_dtype_bytes(j->in.type), y0, rows, x0, cols;
	bool ints = accel_is_int8(j->in.type);
	struct accel_copy in = { .elem = (uint32_t)es }, out = { .elem = (uint32_t)es };
	struct loom_pool d = { .d.op = LOOM_OP_POOL };

	reach(at->y, t->y, p->s[0], p->k[0], p->d[0], p->pad[0], p->ih, &y0, &rows);
	reach(at->x, t->x, p->s[1], p->k[1], p->d[1], p->pad[1], p->iw, &x0, &cols);
	in = (struct accel_copy){
		.addr = { j->in.addr.region, j->in.addr.off + (uint64_t)(at->n * j->si[0] + at->c * j->si[1] +
									 y0 * j->si[2] + x0 * j->si[3]) },
		.spm = accel_spm_alloc(&cg->e, (uint64_t)(t->n * rows * cols * t->c * es)), .elem = (uint32_t)es,
		.n = { t->c, cols, rows, t->n, 1 }, .va = { j->si[1], j->si[3], j->si[2], j->si[0], 0 },
		.sp = { es, es * t->c, es * t->c * cols, es * t->c * cols * rows, 0 },
	};
	accel_emit_load(&cg->e, &in);
	out = (struct accel_copy){
		.addr = { j->out.addr.region, j->out.addr.off + (uint64_t)(at->n * j->so[0] + at->c * j->so[1] +
									   at->y * j->so[2] + at->x * j->so[3]) },
		.spm = accel_spm_alloc(&cg->e, (uint64_t)(t->n * t->y * t->x * t->c * es)), .elem = (uint32_t)es,
		.n = { t->c, t->x, t->y, t->n, 1 }, .va = { j->so[1], j->so[3], j->so[2], j->so[0], 0 },
		.sp = { es, es * t->c, es * t->c * t->x, es * t->c * t->x * t->y, 0 },
	};
	d.in = in.spm;
	d.out = out.spm;
	d.n = (uint32_t)t->n;
	d.ih = (uint32_t)rows;
	d.iw = (uint32_t)cols;
	d.oh = (uint32_t)t->y;
	d.ow = (uint32_t)t->x;
	d.c = (uint32_t)t->c;
	d.in_stride_x = (uint32_t)in.sp[1];
	d.in_stride_y = (uint32_t)in.sp[2];
	d.in_stride_n = (uint32_t)in.sp[3];
	d.out_stride = (uint32_t)out.sp[1];
	d.kh = (uint16_t)p->k[0];
	d.kw = (uint16_t)p->k[1];
	d.sy = (uint16_t)p->s[0];
	d.sx = (uint16_t)p->s[1];
	d.dy = (uint16_t)p->d[0];
	d.dx = (uint16_t)p->d[1];
	d.pad_y = (int16_t)(p->pad[0] + y0 - at->y * p->s[0]);
	d.pad_x = (int16_t)(p->pad[1] + x0 - at->x * p->s[1]);
	d.mode = (uint8_t)p->mode;
	d.type = (uint8_t)accel_loom_type(j->in.type);
	d.zp_in = (int16_t)(ints ? j->in.zero_point : 0);
	d.zp_out = (int16_t)(ints ? j->out.zero_point : 0);
	d.scale = accel_bits(ints && p->mode != LOOM_POOL_MAX ? j->in.scale / j->out.scale : 1.0f);
	accel_emit(&cg->e, &d);
	clamp_tile(cg, j, out.spm, t->n * t->y * t->x * t->c);
	accel_emit_store(&cg->e, &out);
}

int accel_lower_pool(struct accel_cg *cg, const struct accel_node *node)
{
	const struct accel_value *v = accel_in(cg->g, node, 0);
	struct pool_job j = { .p = pool_of(cg->g, node), .act = &node->act };
	struct accel_layout lay = accel_layout_of(v);
	struct pool_tile t, at, part;
	int64_t dim[4];
	bool made = false;
	int err = accel_cg_input(cg, node->in[0], &j.in);

	if (!err && j.in.lay.nhwc)
		err = accel_cg_as(cg, &lay, &j.in, &made);
	if (!err)
		err = accel_cg_output(cg, node->out[0], &j.out);
	if (err)
		return err;
	accel_value_dims4(v, dim);
	accel_strides4(&j.in, dim, j.si);
	accel_value_dims4(accel_out(cg->g, node), dim);
	accel_strides4(&j.out, dim, j.so);
	t = choose(&j.p, (int64_t)accel_dtype_bytes(j.in.type), cg->m.spm_bytes);
	accel_pin_reserve(&cg->e, 0, 1);
	for (at.n = 0; at.n < j.p.n; at.n += t.n)
		for (at.y = 0; at.y < j.p.oh; at.y += t.y)
			for (at.x = 0; at.x < j.p.ow; at.x += t.x)
				for (at.c = 0; at.c < j.p.c; at.c += t.c) {
					part.n = accel_min64(t.n, j.p.n - at.n);
					part.y = accel_min64(t.y, j.p.oh - at.y);
					part.x = accel_min64(t.x, j.p.ow - at.x);
					part.c = accel_min64(t.c, j.p.c - at.c);
					emit_tile(cg, &j, &at, &part);
				}
	if (made)
		accel_arena_release(&cg->arena, j.in.addr.off);
	return cg->e.err;
}
