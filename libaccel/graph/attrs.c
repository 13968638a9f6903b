// SPDX-License-Identifier: MIT
/* Attributes by name, checked against the operator table, into struct accel_attrs. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "libaccel/graph/dtype.h"
#include "libaccel/graph/op_table.h"

static int decode_auto_pad(const struct accel_node *n, const char *s, enum accel_auto_pad *pad)
{
	static const char *const names[] = {
		[ACCEL_PAD_EXPLICIT] = "NOTSET", [ACCEL_PAD_VALID] = "VALID",
		[ACCEL_PAD_SAME_UPPER] = "SAME_UPPER", [ACCEL_PAD_SAME_LOWER] = "SAME_LOWER",
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(s, names[i])) {
			*pad = (enum accel_auto_pad)i;
			return 0;
		}
	return accel_node_error(EINVAL, n, "attribute auto_pad: '%.32s' is no way of padding that ONNX knows", s);
}

static int set_axes(struct accel_node *n, const struct accel_attr_info *info, int axes)
{
	if (n->attrs.axes && n->attrs.axes != axes)
		return accel_node_error(EINVAL, n, "attribute %s is for %d axes, others are for %d", info->name, axes,
					n->attrs.axes);
	n->attrs.axes = axes;
	return 0;
}

/*
 * Lists of one number an axis. For one spatial axis they are those of the columns, and the rows get what leaves a
 * single row alone: 1, or no padding.
 */
static int decode_spatial(struct accel_node *n, const struct accel_attr_info *info,
			  const struct accel_attr *a, int64_t *field, int axes_each)
{
	if (a->count == axes_each) {
		field[0] = axes_each == 1;
		field[1] = a->ints[0];
		if (axes_each == 2) {
			field[2] = 0;
			field[3] = a->ints[1];
		}
		return set_axes(n, info, 1);
	}
	if (a->count != 2 * axes_each)
		return accel_node_error(a->count == 3 * axes_each ? EOPNOTSUPP : EINVAL, n,
					"attribute %s has %d numbers; one or two spatial axes are supported",
					info->name, a->count);
	memcpy(field, a->ints, (size_t)a->count * sizeof(*field));
	return set_axes(n, info, 2);
}

static int decode_perm(struct accel_node *n, const struct accel_attr_info *info, const struct accel_attr *a, int64_t *field)
{
	if (a->count < 1 || a->count > ACCEL_MAX_RANK)
		return accel_node_error(EINVAL, n, "attribute perm has %d numbers; 1 to %d are supported", a->count,
					ACCEL_MAX_RANK);
	memcpy(field, a->ints, (size_t)a->count * sizeof(*field));
	for (int i = a->count; i < ACCEL_MAX_RANK; i++)
		field[i] = i;
	return set_axes(n, info, a->count);
}

enum form { FORM_INT, FORM_FLOAT, FORM_STRING, FORM_INTS };

static const char *const form_names[] = { "an integer", "a float", "a string", "a list of integers" };

static enum form form_of(const struct accel_attr *a)
{
	return a->is_float ? FORM_FLOAT : a->s ? FORM_STRING : a->ints || a->count ? FORM_INTS : FORM_INT;
}

static const enum form form_wanted[] = {
	[ACCEL_ATTR_INT] = FORM_INT,
	[ACCEL_ATTR_BOOL] = FORM_INT,
	[ACCEL_ATTR_FLOAT] = FORM_FLOAT,
	[ACCEL_ATTR_SPATIAL] = FORM_INTS,
	[ACCEL_ATTR_PADS] = FORM_INTS,
	[ACCEL_ATTR_PERM] = FORM_INTS,
	[ACCEL_ATTR_AUTO_PAD] = FORM_STRING,
	[ACCEL_ATTR_ONLY] = FORM_INT,
	[ACCEL_ATTR_WORD] = FORM_STRING,
	[ACCEL_ATTR_DTYPE] = FORM_INT,
	[ACCEL_ATTR_TEXT] = FORM_STRING,
};

static int check_range(const struct accel_node *n, const struct accel_attr_info *info, const struct accel_attr *a)
{
	bool list = form_wanted[info->kind] == FORM_INTS;
	const int64_t *v = list ? a->ints : &a->i;
	int count = list ? a->count : 1;

	for (int i = 0; i < count; i++)
		if (v[i] < info->min || v[i] > info->max)
			return accel_node_error(EINVAL, n, "attribute %s: %lld is not in %lld..%lld", info->name,
						(long long)v[i], (long long)info->min, (long long)info->max);
	return 0;
}

static int decode_word(const struct accel_node *n, const struct accel_attr_info *info, const char *s, int *field)
{
	for (int i = 0; info->words[i]; i++)
		if (!strcmp(s, info->words[i])) {
			*field = i;
			return 0;
		}
	return accel_node_error(EOPNOTSUPP, n, "attribute %s = '%.32s' is not supported", info->name, s);
}

static int decode_dtype(const struct accel_node *n, const struct accel_attr_info *info, int64_t type,
			enum accel_dtype *field)
{
	*field = accel_dtype_of_onnx(type);
	return *field ? 0 : accel_node_error(EOPNOTSUPP, n, "attribute %s: element type %lld is not supported",
					     info->name, (long long)type);
}

static int decode_one(struct accel_node *n, const struct accel_attr_info *info, const struct accel_attr *a)
{
	void *field = (char *)&n->attrs + info->offset;
	int ret = 0;

	if (info->kind == ACCEL_ATTR_IGNORED || info->kind == ACCEL_ATTR_INPUT)
		return 0;
	if (form_of(a) != form_wanted[info->kind])
		return accel_node_error(EINVAL, n, "attribute %s must be %s and is %s", info->name,
					form_names[form_wanted[info->kind]], form_names[form_of(a)]);
	if (info->min < info->max)
		ret = check_range(n, info, a);
	if (ret)
		return ret;
	switch (info->kind) {
	case ACCEL_ATTR_INT:
		*(int64_t *)field = a->i;
		return 0;
	case ACCEL_ATTR_BOOL:
		*(bool *)field = a->i;
		return 0;
	case ACCEL_ATTR_FLOAT:
		*(float *)field = a->f;
		return isnan(a->f) ? accel_node_error(EINVAL, n, "attribute %s is NaN", info->name) : 0;
	case ACCEL_ATTR_SPATIAL:
		return decode_spatial(n, info, a, field, 1);
	case ACCEL_ATTR_PADS:
		return decode_spatial(n, info, a, field, 2);
	case ACCEL_ATTR_PERM:
		return decode_perm(n, info, a, field);
	case ACCEL_ATTR_AUTO_PAD:
		return decode_auto_pad(n, a->s, field);
	case ACCEL_ATTR_WORD:
		return decode_word(n, info, a->s, field);
	case ACCEL_ATTR_DTYPE:
		return decode_dtype(n, info, a->i, field);
	case ACCEL_ATTR_TEXT:
		if (strlen(a->s) >= ACCEL_MAX_TEXT - 1)
			return accel_node_error(EOPNOTSUPP, n, "attribute %s is longer than %d characters", info->name,
						ACCEL_MAX_TEXT - 2);
		strcpy(field, a->s);
		return 0;
	default:
		if (a->i != info->only)
			return accel_node_error(EOPNOTSUPP, n, "attribute %s = %lld is not supported, only %lld",
						info->name, (long long)a->i, (long long)info->only);
		return 0;
	}
}

const struct accel_attr_info *accel_attr_find(const struct accel_op_info *op, const char *name, int64_t opset)
{
	for (const struct accel_attr_info *i = op->attrs; i->name; i++)
		if (!strcmp(i->name, name) && opset >= i->since && (!i->until || opset <= i->until))
			return i;
	return NULL;
}

/* Defaults and meaning of old operator sets, where they were others: one distribution over all axes from the second on. */
static const struct {
	enum accel_op op;
	int until;
	int64_t axis;
	bool flat;
} old_defaults[] = {
	{ ACCEL_OP_SOFTMAX, 12, 1, true },
	{ ACCEL_OP_LOGSOFTMAX, 12, 1, true },
	{ ACCEL_OP_HARDMAX, 12, 1, true },
};

static void set_defaults(struct accel_node *n, const struct accel_op_info *info, int64_t opset)
{
	n->attrs = info->defaults;
	for (size_t i = 0; i < sizeof(old_defaults) / sizeof(old_defaults[0]); i++)
		if (old_defaults[i].op == info->op && opset <= old_defaults[i].until) {
			n->attrs.axis = old_defaults[i].axis;
			n->attrs.flat = old_defaults[i].flat;
		}
}

int accel_attrs_decode(struct accel_node *n, const struct accel_op_info *info, const struct accel_attr *list,
		       int64_t opset)
{
	set_defaults(n, info, opset);
	for (const struct accel_attr *a = list; a && a->name; a++) {
		const struct accel_attr_info *ai = accel_attr_find(info, a->name, opset);
		int ret;

		if (!ai)
			return accel_node_error(EOPNOTSUPP, n, "attribute '%.64s' is not supported in opset %lld",
						a->name, (long long)opset);
		ret = decode_one(n, ai, a);
		if (ret)
			return ret;
	}
	if (n->attrs.kernel[0] == 0 && (info->op == ACCEL_OP_MAXPOOL || info->op == ACCEL_OP_AVGPOOL))
		return accel_node_error(EINVAL, n, "attribute kernel_shape is missing");
	return 0;
}

/* The contents of @a as a constant: integers s64, a float of the type of the operator's first input. */
static int constant_of(struct accel_graph *g, const struct accel_attr *a, int first)
{
	enum accel_dtype type = first < 0 ? ACCEL_F32 : g->values[first].dtype;
	int64_t count = a->count;
	int value;

	if (form_of(a) == FORM_INTS)
		return accel_graph_add_constant(g, NULL, ACCEL_S64, 1, &count, a->ints);
	if (form_of(a) == FORM_INT)
		return accel_graph_add_constant(g, NULL, ACCEL_S64, 1, &(int64_t){ 1 }, &a->i);
	value = accel_graph_add_constant(g, NULL, type, 0, NULL, NULL);
	if (value >= 0)
		accel_store_f64(type, g->values[value].data, 0, a->f);
	return value;
}

int accel_attrs_to_inputs(struct accel_graph *g, const struct accel_op_info *info, const char *name,
			  const struct accel_attr *list, int64_t opset, int *inputs, int *num)
{
	for (const struct accel_attr *a = list; a && a->name; a++) {
		const struct accel_attr_info *ai = accel_attr_find(info, a->name, opset);
		int value;

		if (!ai || ai->kind != ACCEL_ATTR_INPUT)
			continue;
		if (form_of(a) == FORM_STRING || ai->only >= ACCEL_NODE_MAX_IN)
			return accel_error(EINVAL, "%s node '%s': attribute %s must not be a string", info->name, name,
					   ai->name);
		value = constant_of(g, a, *num ? inputs[0] : ACCEL_VALUE_NONE);
		if (value < 0)
			return value;
		while (*num <= ai->only)
			inputs[(*num)++] = ACCEL_VALUE_NONE;
		inputs[ai->only] = value;
	}
	return 0;
}

static bool in_range(const struct accel_attr_info *a, const int64_t *v, const int64_t *standard, int count)
{
	for (int i = 0; i < count; i++)
		if (a->min < a->max && (v[i] < a->min || v[i] > a->max) && v[i] != standard[i])
			return false;
	return true;
}

static bool valid(const struct accel_attr_info *a, const void *field, const void *standard)
{
	int words = 0;

	switch (a->kind) {
	case ACCEL_ATTR_INT:
		return in_range(a, field, standard, 1);
	case ACCEL_ATTR_PERM:
		return in_range(a, field, standard, ACCEL_MAX_RANK);
	case ACCEL_ATTR_WORD:
		while (a->words[words])
			words++;
		return *(const int *)field >= 0 && *(const int *)field < words;
	case ACCEL_ATTR_DTYPE:
		return *(const enum accel_dtype *)field < ACCEL_NUM_DTYPES;
	case ACCEL_ATTR_TEXT:
		return !((const char *)field)[ACCEL_MAX_TEXT - 1];
	default:
		return true;
	}
}

/* Of a convolution or pool. The kernel may be 0 where it is not set yet, or belongs to no window. */
static bool valid_windows(const struct accel_attrs *attrs)
{
	for (int i = 0; i < 2; i++)
		if (attrs->stride[i] < 0 || attrs->dilation[i] < 0 || attrs->kernel[i] < 0)
			return false;
	return true;
}

bool accel_attrs_valid(const struct accel_op_info *info, const struct accel_attrs *attrs)
{
	for (const struct accel_attr_info *a = info->attrs; a->name; a++)
		if (!valid(a, (const char *)attrs + a->offset, (const char *)&info->defaults + a->offset))
			return false;
	return valid_windows(attrs);
}
