// SPDX-License-Identifier: MIT
/* Shapes of what moves a window over an image: convolution and pools. Rank 3 is an image of one row. */
#include <errno.h>
#include <string.h>

#include "libaccel/graph/build.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/graph/shape.h"

static int check_image(const struct accel_node *n, const struct accel_value *x)
{
	if (x->rank == 5)
		return accel_node_error(EOPNOTSUPP, n, "input '%s' has three spatial axes; one or two are supported",
					x->name);
	if (x->rank != 3 && x->rank != 4)
		return accel_node_error(EINVAL, n, "input '%s' has %d dimensions; 3 or 4 are needed", x->name, x->rank);
	if (n->attrs.axes && n->attrs.axes != x->rank - 2)
		return accel_node_error(EINVAL, n, "attributes are for %d spatial axes, input '%s' has %d",
					n->attrs.axes, x->name, x->rank - 2);
	return 0;
}

/* Output extent along one axis (0 rows, 1 columns), and the padding that auto_pad asks for. */
static int window(const struct accel_node *n, struct accel_attrs *a, int axis, int64_t in, int64_t *out)
{
	int64_t reach = (a->kernel[axis] - 1) * a->dilation[axis] + 1, stride = a->stride[axis];
	int64_t total, room;

	if (in < 0) {
		*out = -1;
		return 0;
	}
	if (a->auto_pad == ACCEL_PAD_SAME_UPPER || a->auto_pad == ACCEL_PAD_SAME_LOWER) {
		*out = (in + stride - 1) / stride;
		total = (*out - 1) * stride + reach - in;
		if (total < 0)
			total = 0;
		a->pad[axis] = (total + (a->auto_pad == ACCEL_PAD_SAME_LOWER)) / 2;
		a->pad[axis + 2] = total - a->pad[axis];
		return 0;
	}
	if (a->auto_pad == ACCEL_PAD_VALID)
		a->pad[axis] = a->pad[axis + 2] = 0;
	room = in + a->pad[axis] + a->pad[axis + 2] - reach;
	if (room < 0)
		return accel_node_error(EINVAL, n, "the window (%lld with dilation) is larger than the padded input (%lld)",
					(long long)reach, (long long)(room + reach));
	*out = room / stride + 1;
	/* a window that would begin in the padding behind the input does not count */
	if (a->ceil_mode && room % stride && *out * stride < in + a->pad[axis])
		++*out;
	return 0;
}

static int image_output(struct accel_graph *g, struct accel_node *n, const struct accel_value *x, int64_t channels)
{
	struct accel_value *out = &g->values[n->out[0]];
	int64_t rows = x->rank == 4 ? x->dims[2] : 1, out_rows;
	int last = x->rank - 1, ret;

	out->dtype = x->dtype;
	out->rank = x->rank;
	out->dims[0] = x->dims[0];
	out->dims[1] = channels;
	ret = window(n, &n->attrs, 0, rows, &out_rows);
	if (ret)
		return ret;
	if (x->rank == 4)
		out->dims[2] = out_rows;
	return window(n, &n->attrs, 1, x->dims[last], &out->dims[last]);
}

int accel_shape_pool(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	int ret = check_image(n, x);

	return ret ? ret : image_output(g, n, x, x->dims[1]);
}

int accel_shape_global_pool(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0);
	struct accel_value *out = &g->values[n->out[0]];
	int ret = check_image(n, x);

	if (ret)
		return ret;
	out->dtype = x->dtype;
	out->rank = x->rank;
	memcpy(out->dims, x->dims, 2 * sizeof(*x->dims));
	for (int i = 2; i < x->rank; i++)
		out->dims[i] = 1;
	return 0;
}

static int conv_kernel(struct accel_node *n, const struct accel_value *x, const struct accel_value *w)
{
	int64_t k[2] = { w->rank == 4 ? w->dims[2] : 1, w->dims[w->rank - 1] };

	for (int i = 0; i < 2; i++) {
		if (n->attrs.kernel[i] && n->attrs.kernel[i] != k[i])
			return accel_node_error(EINVAL, n, "attribute kernel_shape differs from the shape of '%s'",
						w->name);
		if (k[i] < 1 || k[i] > 1 << 20)
			return accel_node_error(EINVAL, n, "weights '%s' have a kernel of %lld", w->name,
						(long long)k[i]);
		n->attrs.kernel[i] = k[i];
	}
	return 0;
}

int accel_shape_conv(struct accel_graph *g, struct accel_node *n)
{
	return accel_shape_conv_of(g, n, 0, 1, 2);
}

int accel_shape_conv_of(struct accel_graph *g, struct accel_node *n, int first, int second, int third)
{
	const struct accel_value *x = accel_node_input(g, n, first), *w = accel_node_input(g, n, second);
	const struct accel_value *b = third < 0 ? NULL : accel_node_input(g, n, third);
	int64_t group = n->attrs.group;
	char tx[96], tw[96];
	int ret = check_image(n, x);

	if (ret)
		return ret;
	if (w->rank != x->rank || accel_value_elems(w) < 0)
		return accel_node_error(EINVAL, n, "weights '%s' have shape %s; %d known dimensions are needed", w->name,
					accel_dims_text(w, tw, sizeof(tw)), x->rank);
	ret = conv_kernel(n, x, w);
	if (ret)
		return ret;
	if ((x->dims[1] >= 0 && x->dims[1] != w->dims[1] * group) || w->dims[0] % group || !w->dims[0])
		return accel_node_error(EINVAL, n, "input %s, weights %s and group = %lld do not fit",
					accel_dims_text(x, tx, sizeof(tx)), accel_dims_text(w, tw, sizeof(tw)),
					(long long)group);
	if (b && (b->rank != 1 || b->dims[0] != w->dims[0]))
		return accel_node_error(EINVAL, n, "bias '%s' must have %lld elements", b->name, (long long)w->dims[0]);
	return image_output(g, n, x, w->dims[0]);
}

/* Output extent of a transposed convolution along one axis, and the padding that output_shape or auto_pad asks for. */
static int spread(const struct accel_node *n, struct accel_attrs *a, int axis, int64_t in, int64_t *out)
{
	int64_t reach = (a->kernel[axis] - 1) * a->dilation[axis] + 1, total;
	int64_t extra = a->axes == 1 && !axis ? 0 : a->extra[axis], full = a->stride[axis] * (in - 1) + extra + reach;
	bool shaped = a->shape[axis] && !(a->axes == 1 && !axis);

	if (in < 0) {
		*out = -1;
		return 0;
	}
	if (a->auto_pad == ACCEL_PAD_VALID)
		a->pad[axis] = a->pad[axis + 2] = 0;
	if (shaped || a->auto_pad == ACCEL_PAD_SAME_UPPER || a->auto_pad == ACCEL_PAD_SAME_LOWER) {
		*out = shaped ? a->shape[axis] : in * a->stride[axis];
		total = full > *out ? full - *out : 0;		/* what the input does not reach is bias alone */
		a->pad[axis] = a->auto_pad == ACCEL_PAD_SAME_UPPER ? total / 2 : total - total / 2;
		a->pad[axis + 2] = total - a->pad[axis];
		return 0;
	}
	*out = full - a->pad[axis] - a->pad[axis + 2];
	return *out > 0 ? 0 : accel_node_error(EINVAL, n, "the output would be empty");
}

int accel_shape_conv_transpose(struct accel_graph *g, struct accel_node *n)
{
	const struct accel_value *x = accel_node_input(g, n, 0), *w = accel_node_input(g, n, 1);
	const struct accel_value *b = accel_node_input(g, n, 2);
	struct accel_value *out = &g->values[n->out[0]];
	int64_t group = n->attrs.group, channels, rows;
	int ret = check_image(n, x);

	if (ret)
		return ret;
	if (w->rank != x->rank || accel_value_elems(w) < 0)
		return accel_shape_mismatch(n, x, w);
	ret = conv_kernel(n, x, w);
	if (ret)
		return ret;
	if ((x->dims[1] >= 0 && x->dims[1] != w->dims[0]) || !w->dims[0] || w->dims[0] % group)
		return accel_shape_mismatch(n, x, w);
	channels = w->dims[1] * group;
	if (b && (b->rank != 1 || b->dims[0] != channels))
		return accel_node_error(EINVAL, n, "bias '%s' must have %lld elements", b->name, (long long)channels);
	accel_shape_like(out, x);
	out->dims[1] = channels;
	n->attrs.axes = x->rank - 2;
	ret = spread(n, &n->attrs, 0, x->rank == 4 ? x->dims[2] : 1, &rows);
	if (ret)
		return ret;
	if (x->rank == 4)
		out->dims[2] = rows;
	return spread(n, &n->attrs, 1, x->dims[x->rank - 1], &out->dims[x->rank - 1]);
}
