// SPDX-License-Identifier: MIT
/* Conv, alone or with an Add behind it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"
#include "mx_lower.h"

const char *accel_can_conv(const struct accel_graph *g, const struct accel_node *node)
{
	const struct accel_value *x = accel_in(g, node, 0), *w = accel_in(g, node, 1), *b = accel_in(g, node, 2);
	const struct accel_attrs *a = &node->attrs;

	if (x->rank != 4)
		return "only two-dimensional convolution is supported on the NPU";
	if (!w->data || (b && !b->data))
		return "its weights are not constant";
	if (w->quant.channel_scale && w->quant.axis != 0)
		return "its weights are quantised along another axis than the output channels";
	for (int i = 0; i < 2; i++)
		if (a->stride[i] > 1024 || a->dilation[i] > 1024 || w->dims[2 + i] > 1024 ||
		    (w->dims[2 + i] - 1) * a->dilation[i] > 32000)
			return "its kernel, stride or dilation is beyond the NPU's limits";
	for (int i = 0; i < 4; i++)
		if (a->pad[i] < -32000 || a->pad[i] > 32000)
			return "its padding is beyond the NPU's limits";
	return accel_mx_check_types(x, w, accel_out(g, node));
}

/*
 * Weights [oc][ic][kh][kw] to [group][ky][kx][ic][oc of the group]; of a depthwise convolution, taken as one group, to [ky][kx][oc].
 * Return: 0 or -ENOMEM; @p->data is to be freed
 */
static int pack_conv(const struct accel_value *w, int64_t groups, struct accel_packed *p)
{
	int64_t oc = w->dims[0] / groups, ic = w->dims[1], taps = w->dims[2] * w->dims[3];
	int64_t es = (int64_t)accel_dtype_bytes(w->store);
	float *f = accel_const_f32(w);

	*p = (struct accel_packed){ NULL, groups, taps * ic, ic, oc, es };
	p->data = f ? malloc((size_t)(groups * oc * ic * taps * es)) : NULL;
	if (!p->data) {
		free(f);
		return accel_enomem("weights");
	}
	for (int64_t g = 0; g < groups; g++)
		for (int64_t o = 0; o < oc; o++)
			for (int64_t c = 0; c < ic; c++)
				for (int64_t t = 0; t < taps; t++)
					accel_pack_weight(w, g * oc + o, f[((g * oc + o) * ic + c) * taps + t],
						    p->data + (((g * taps + t) * ic + c) * oc + o) * es);
	free(f);
	return 0;
}

/* A kernel of one tap reads only the pixels it strides over, and all pixels are alike. */
static void simplify(struct accel_mx *x)
{
	if (x->kh != 1 || x->kw != 1 || x->pad_y || x->pad_x || (x->oh - 1) * x->sy >= x->ih ||
	    (x->ow - 1) * x->sx >= x->iw)
		return;
	x->src_y *= x->sy;
	x->src_x *= x->sx;
	x->sy = x->sx = 1;
	x->ih = x->oh;
	x->iw = x->ow;
	if (x->src_y == x->src_x * x->ow && x->dst_y == x->dst_x * x->ow && x->res_y == x->res_x * x->ow &&
	    x->oh * x->ow < 1 << 24) {
		x->ow *= x->oh;
		x->oh = 1;
	}
	if (x->oh == 1 && x->src_n == x->src_x * x->ow && x->dst_n == x->dst_x * x->ow && x->res_n == x->res_x * x->ow &&
	    x->n * x->ow < 1 << 24) {
		x->ow *= x->n;
		x->n = 1;
	}
	x->ih = x->oh;
	x->iw = x->ow;
}

/**
 * struct conv_job - a convolution, and the Add that it goes into
 * @in: input
 * @out: of Add, where there is one
 * @res: Add's other operand
 */
struct conv_job {
	const struct accel_node *node, *sum;
	struct accel_tensor in, out, res;
	bool made_in, made_res;
};

static int conv_tensors(struct accel_cg *cg, struct conv_job *j, int res, int out)
{
	struct accel_layout lay = accel_layout_of(&cg->g->values[j->node->in[0]]);
	int err = accel_cg_input(cg, j->node->in[0], &j->in);

	if (!err && j->in.lay.nhwc)
		err = accel_cg_as(cg, &lay, &j->in, &j->made_in);
	if (!err)
		err = accel_cg_output(cg, out, &j->out);
	if (err || !j->sum)
		return err;
	err = accel_cg_input(cg, res, &j->res);
	return err ? err : accel_cg_as(cg, &j->out.lay, &j->res, &j->made_res);
}

static void weight_strides(struct accel_mx *x, const struct accel_value *w)
{
	x->w_o = (int64_t)accel_dtype_bytes(w->store);
	x->w_c = x->w_o * x->oc;
	x->w_tap = x->w_c * x->ic;
}

static int set_shape(struct accel_cg *cg, const struct conv_job *j, struct accel_mx *x)
{
	const struct accel_value *xv = accel_in(cg->g, j->node, 0), *w = accel_in(cg->g, j->node, 1);
	const struct accel_attrs *a = &j->node->attrs;
	int64_t di[4], od[4], si[4], so[4], sr[4] = { 0 }, groups = a->group > 0 ? a->group : 1;

	accel_value_dims4(xv, di);
	accel_value_dims4(accel_out(cg->g, j->node), od);
	if (!accel_strides4(&j->in, di, si) || !accel_strides4(&j->out, od, so) ||
	    (j->sum && !accel_strides4(&j->res, od, sr)))
		return accel_node_error(EINVAL, j->node, "a tensor has an order that does not fit its shape");
	*x = (struct accel_mx){
		.n = di[0], .ih = di[2], .iw = di[3], .ic = w->dims[1],
		.oh = od[2], .ow = od[3], .oc = w->dims[0] / groups, .kh = w->dims[2], .kw = w->dims[3],
		.sy = a->stride[0], .sx = a->stride[1], .dy = a->dilation[0], .dx = a->dilation[1],
		.pad_y = a->pad[0], .pad_x = a->pad[1],
		.src_n = si[0], .src_c = si[1], .src_y = si[2], .src_x = si[3],
		.dst_n = so[0], .dst_c = so[1], .dst_y = so[2], .dst_x = so[3],
		.res_n = sr[0], .res_c = sr[1], .res_y = sr[2], .res_x = sr[3],
	};
	weight_strides(x, w);
	return 0;
}

static int set_numbers(struct accel_cg *cg, const struct conv_job *j, struct accel_mx *x)
{
	const struct accel_value *w = accel_in(cg->g, j->node, 1), *b = accel_in(cg->g, j->node, 2);
	float *bias = b ? accel_const_f32(b) : NULL;
	const struct accel_mx_numbers f = {
		.a = &j->in, .w = w, .out = &j->out, .res = j->sum ? &j->res : NULL,
		.act = j->sum ? &j->sum->act : &j->node->act, .bias = bias, .oc = w->dims[0], .gain = 1,
	};
	int err = b && !bias ? accel_enomem("bias") : accel_mx_set_numbers(cg, x, &f);

	free(bias);
	return err;
}

static struct accel_addr past(struct accel_addr a, int64_t bytes)
{
	return (struct accel_addr){ a.region, a.off + (uint64_t)bytes };
}

/*
 * Descriptors have to be fetched, checked and put in order, which the cycle model does not count: what fewer of them for all
 * groups together may cost, and fewer because tiles are larger. Groups never fill the array, so that little is lost.
 */
#define FEWER		1.7
#define SLACK		0.05

/* Groups that the cycle model runs to see what all of them take. */
#define SAMPLE_GROUPS	8

static double group_cycles(struct accel_cg *cg, const struct accel_mx *x, const struct accel_mx_plan *plan, int64_t groups)
{
	int64_t sample = accel_min64(groups, SAMPLE_GROUPS);
	double cycles = accel_mx_cycles(x, &cg->m, plan, (int)sample);

	return cycles * (double)groups / (double)sample;
}

/* How groups are emitted; all ways give the same bytes. */
enum way {
	EACH,		/* one after the other, as if each were alone */
	TOGETHER,	/* in the same tiles: input and output pass in whole pixels */
	BY_CHANNEL,	/* of one channel each: by the vector unit, which sums as many at a time as the array has columns */
};

/* @x becomes what is to be emitted: once, or with EACH for every group. Return: 0 or -ENOSPC */
static int choose(struct accel_cg *cg, const struct conv_job *j, struct accel_mx *x, int64_t groups,
		  struct accel_mx_plan *plan, enum way *way)
{
	struct accel_mx_plan all_plan;
	struct accel_mx all;
	int err;

	*way = EACH;
	x->slack = groups > 1 ? SLACK : 0;
	err = accel_mx_choose(x, &cg->m, plan);
	if (groups == 1)
		return err;
	all = *x;
	all.oc *= groups;
	all.depthwise = x->ic == 1 && x->oc == 1;
	if (all.depthwise)
		weight_strides(&all, accel_in(cg->g, j->node, 1));
	else
		all.groups = groups;
	if (accel_mx_choose(&all, &cg->m, &all_plan))
		return err;
	if (!err && all_plan.cost > FEWER * group_cycles(cg, x, plan, groups))
		return 0;
	*x = all;
	*plan = all_plan;
	*way = all.depthwise ? BY_CHANNEL : TOGETHER;
	return 0;
}

static int emit_groups(struct accel_cg *cg, const struct conv_job *j, struct accel_mx *x, int64_t groups,
		       const struct accel_mx_plan *plan)
{
	const struct accel_mx all = *x;
	int err = 0;

	for (int64_t i = 0; i < groups && !err; i++) {
		x->src = past(j->in.addr, i * x->ic * x->src_c);
		x->dst = past(j->out.addr, i * x->oc * x->dst_c);
		x->res = past(j->res.addr, i * x->oc * x->res_c);
		x->w = past(all.w, i * all.kh * all.kw * x->w_tap);
		x->meta = past(all.meta, i * all.kh * all.kw * (x->ic / 4) * x->m_c);
		x->bias = past(all.bias, i * x->oc * 4);
		x->scale = past(all.scale, i * x->oc * 4);
		err = accel_emit_mx(cg, x, plan);
	}
	return err;
}

/* Sparse weights, group by group, in place of whatever was chosen, where that is faster. */
static void try_sparse(struct accel_cg *cg, const struct accel_mx *each, int64_t groups, const struct accel_packed *w,
		       struct accel_mx *x, struct accel_mx_plan *plan, enum way *way)
{
	struct accel_mx_plan dense = *plan, sparse_plan;
	struct accel_mx sparse;

	/* What one group may take, as choose() has it; of few groups the descriptors do not count. */
	if (*way != EACH)
		dense.cost /= (groups > SAMPLE_GROUPS ? FEWER : 1) * (double)groups;
	if (!accel_choose_sparse(cg, w, each, &dense, &sparse, &sparse_plan))
		return;
	*x = sparse;
	*plan = sparse_plan;
	*way = EACH;
}

static void set_keeps(struct accel_mx *x, const struct accel_kept *in, const struct accel_kept *out)
{
	const struct accel_kept *both[] = { in, out };

	x->src_kept = in != NULL;
	x->src_at = in ? in->at : 0;
	x->dst_kept = out != NULL;
	x->dst_at = out ? out->at : 0;
	x->keep_lo = x->keep_hi = 0;
	for (int i = 0; i < 2; i++)
		if (both[i])
			*(both[i]->top ? &x->keep_hi : &x->keep_lo) = both[i]->bytes;
}

/*
 * A plan for one group: what lies in the scratchpad is read there, and the output stays there where the cycle model finds that no
 * slower. Return: 0 or -ENOSPC
 */
static int choose_kept(struct accel_cg *cg, const struct conv_job *j, struct accel_mx *x, struct accel_mx_plan *plan)
{
	int v = j->sum ? j->sum->out[0] : j->node->out[0], err;
	double macs = (double)x->n * x->oh * x->ow * x->oc * x->kh * x->kw * x->ic;
	struct accel_mx_plan kept_plan;
	struct accel_kept out;
	struct accel_mx keep;

	/* Tiles as they would be without: layers overlap tile by tile, which a layer alone does not show. */
	err = accel_mx_choose(x, &cg->m, plan);
	if (!err && cg->kept.value == j->node->in[0]) {
		kept_plan = *plan;
		set_keeps(x, &cg->kept, NULL);
		if (accel_mx_refit(x, &cg->m, plan)) {
			accel_spill(cg);
			set_keeps(x, NULL, NULL);
			*plan = kept_plan;
		}
	}
	if (err || !accel_may_keep(cg, v, macs, &out))
		return err;
	keep = *x;
	set_keeps(&keep, x->src_kept ? &cg->kept : NULL, &out);
	keep.dst_stored = accel_graph_uses(cg->g, v) > 1;
	kept_plan = *plan;
	if (accel_mx_refit(&keep, &cg->m, &kept_plan) || plan->cost < 0 || kept_plan.cost < 0 || kept_plan.cost > plan->cost)
		return 0;
	*x = keep;
	*plan = kept_plan;
	cg->keep = out;
	cg->prog->kept_values++;
	cg->prog->kept_bytes += out.bytes;
	return 0;
}

static int put(struct accel_cg *cg, const struct conv_job *j, struct accel_mx *x, int64_t groups, struct accel_mx_plan *plan)
{
	const struct accel_value *wv = accel_in(cg->g, j->node, 1);
	struct accel_mx each;
	struct accel_packed w = { NULL };
	enum way way = EACH;
	int err;

	each = *x;
	if (groups == 1 ? choose_kept(cg, j, x, plan) : choose(cg, j, x, groups, plan, &way))
		return accel_mx_no_tile(cg, j->node);
	if (groups == 1)
		each = *x;
	err = pack_conv(wv, way == BY_CHANNEL ? 1 : groups, &w);
	if (!err && way != BY_CHANNEL)
		try_sparse(cg, &each, groups, &w, x, plan, &way);
	if (!err)
		err = accel_put_weights(cg, &w, plan, x);
	free(w.data);
	return err ? err : emit_groups(cg, j, x, way == EACH ? groups : 1, plan);
}

static int lower(struct accel_cg *cg, struct conv_job *j, int res, int out)
{
	int64_t groups = j->node->attrs.group > 0 ? j->node->attrs.group : 1;
	struct accel_mx_plan plan;
	struct accel_mx x;
	int err = conv_tensors(cg, j, res, out);

	if (!err)
		err = set_shape(cg, j, &x);
	if (!err)
		err = set_numbers(cg, j, &x);
	if (!err) {
		simplify(&x);
		/* What is modelled waits where addresses overlap, as what is emitted will. */
		x.src = j->in.addr;
		x.dst = j->out.addr;
		x.res = j->res.addr;
		err = put(cg, j, &x, groups, &plan);
	}
	if (j->made_in)
		accel_arena_release(&cg->arena, j->in.addr.off);
	if (j->made_res)
		accel_arena_release(&cg->arena, j->res.addr.off);
	return err;
}

int accel_lower_conv(struct accel_cg *cg, const struct accel_node *node)
{
	struct conv_job j = { .node = node };

	return lower(cg, &j, ACCEL_VALUE_NONE, node->out[0]);
}

static bool same_dims(const struct accel_value *a, const struct accel_value *b)
{
	return a->rank == b->rank && !memcmp(a->dims, b->dims, (size_t)a->rank * sizeof(*a->dims));
}

bool accel_conv_takes_sum(const struct accel_cg *cg, const struct accel_node *conv, const struct accel_node *sum)
{
	const struct accel_graph *g = cg->g;
	int v = conv->out[0], other = sum->in[sum->in[0] == v];
	const struct accel_value *in = accel_in(g, conv, 0), *res = &g->values[other], *out = accel_out(g, sum);

	/* What lies between them would have been rounded: a quantised model says that it is. */
	if (accel_is_int8(in->store) && cg->exact)
		return false;
	return sum->in[0] != sum->in[1] && conv->act.kind == ACCEL_ACT_NONE && accel_graph_uses(g, v) == 1 &&
	       cg->prog->host_off[v] == ACCEL_NO_HOST && !res->data && same_dims(&g->values[v], res) &&
	       same_dims(out, res) && !accel_mx_check_types(in, accel_in(g, conv, 1), out) &&
	       accel_is_int8(res->store) <= accel_is_int8(in->store) &&
	       accel_is_int8(out->store) <= accel_is_int8(in->store);
}

int accel_lower_conv_sum(struct accel_cg *cg, const struct accel_node *conv, const struct accel_node *sum)
{
	struct conv_job j = { .node = conv, .sum = sum };

	return lower(cg, &j, sum->in[sum->in[0] == conv->out[0]], sum->out[0]);
}
