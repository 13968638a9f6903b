// SPDX-License-Identifier: MIT
/*
 * What operators are in which operator set. Here: from which set on there is an operator, and how many inputs it has from there on.
 * Attributes that came, went, or became inputs are in the operator table (.since and .until of its rows); defaults that were others
 * are in graph/attrs.c.
 */
#include <errno.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/import/import.h"

#define GONE	(-1)
#define ANY	1000	/* the operator table says how many */

/**
 * struct version - an operator from one operator set on
 * @op: its name. Operators without a row have been the same since the oldest set that is read, as far as this table goes
 * @since: the operator set
 * @inputs: it may have
 * @as: the operator that has the same meaning, where that is not the one of this name
 */
static const struct version {
	const char *op;
	int since;
	int inputs;
	const char *as;
} versions[] = {
	/* attributes became inputs */
	{ "Clip", 6, 1 },		{ "Clip", 11, 3 },
	{ "Dropout", 7, 1 },		{ "Dropout", 12, 3 },
	{ "Pad", 2, 1 },		{ "Pad", 11, 3 },	{ "Pad", 18, 4 },
	{ "Slice", 1, 1 },		{ "Slice", 10, 5 },
	{ "Split", 2, 1 },		{ "Split", 13, 2 },
	{ "Squeeze", 1, 1 },		{ "Squeeze", 13, 2 },
	{ "Unsqueeze", 1, 1 },		{ "Unsqueeze", 13, 2 },
	{ "TopK", 1, 1 },		{ "TopK", 10, 2 },
	{ "ReduceSum", 1, 1 },		{ "ReduceSum", 13, 2 },
	{ "ReduceL1", 1, 1 },		{ "ReduceL1", 18, 2 },
	{ "ReduceL2", 1, 1 },		{ "ReduceL2", 18, 2 },
	{ "ReduceLogSum", 1, 1 },	{ "ReduceLogSum", 18, 2 },
	{ "ReduceLogSumExp", 1, 1 },	{ "ReduceLogSumExp", 18, 2 },
	{ "ReduceMax", 1, 1 },		{ "ReduceMax", 18, 2 },
	{ "ReduceMean", 1, 1 },		{ "ReduceMean", 18, 2 },
	{ "ReduceMin", 1, 1 },		{ "ReduceMin", 18, 2 },
	{ "ReduceProd", 1, 1 },		{ "ReduceProd", 18, 2 },
	{ "ReduceSumSquare", 1, 1 },	{ "ReduceSumSquare", 18, 2 },
	/* Resize began as Upsample under a new name, with scales below 1 */
	{ "Upsample", 7, 1 },		{ "Upsample", 9, 2 },	{ "Upsample", 10, GONE },
	{ "Resize", 10, 2, "Upsample" }, { "Resize", 11, 4 },
	{ "Scatter", 9, 3 },		{ "Scatter", 11, GONE },
	/* what they are today, though the set is older than those that are read whole */
	{ "Elu", 6, 1 },		{ "GlobalAveragePool", 1, 1 },	{ "GlobalMaxPool", 1, 1 }, { "HardSigmoid", 6, 1 },
	{ "InstanceNormalization", 6, 3 }, { "Not", 1, 1 },	{ "Selu", 6, 1 },	{ "Softplus", 1, 1 },
	{ "Softsign", 1, 1 },
	/* there only since */
	{ "Expand", 8, ANY },
	{ "Acosh", 9, ANY },		{ "Asinh", 9, ANY },	{ "Atanh", 9, ANY },	{ "Compress", 9, ANY },
	{ "ConstantOfShape", 9, ANY },	{ "Cosh", 9, ANY },	{ "Erf", 9, ANY },	{ "EyeLike", 9, ANY },
	{ "IsNaN", 9, ANY },		{ "NonZero", 9, ANY },	{ "OneHot", 9, ANY },	{ "Shrink", 9, ANY },
	{ "Sign", 9, ANY },		{ "Sinh", 9, ANY },	{ "Where", 9, ANY },
	{ "ConvInteger", 10, ANY },	{ "DequantizeLinear", 10, ANY }, { "IsInf", 10, ANY }, { "MatMulInteger", 10, ANY },
	{ "Mod", 10, ANY },		{ "QLinearConv", 10, ANY }, { "QLinearMatMul", 10, ANY }, { "QuantizeLinear", 10, ANY },
	{ "ReverseSequence", 10, ANY },	{ "ThresholdedRelu", 10, ANY },
	{ "BitShift", 11, ANY },	{ "CumSum", 11, ANY },	{ "DynamicQuantizeLinear", 11, ANY },
	{ "GatherElements", 11, ANY },	{ "GatherND", 11, ANY }, { "Range", 11, ANY },	{ "Round", 11, ANY },
	{ "ScatterElements", 11, ANY },	{ "ScatterND", 11, ANY },
	{ "Celu", 12, ANY },		{ "Einsum", 12, ANY },		{ "GreaterOrEqual", 12, ANY }, { "LessOrEqual", 12, ANY },
	{ "NegativeLogLikelihoodLoss", 12, ANY }, { "SoftmaxCrossEntropyLoss", 12, ANY },
	{ "HardSwish", 14, ANY },	{ "Trilu", 14, ANY },
	{ "CastLike", 15, ANY },
	{ "LayerNormalization", 17, ANY },
	{ "Mish", 18, ANY },
};

/* Inputs up to the last that is given. */
static int count_inputs(const Onnx__NodeProto *node)
{
	int n = (int)node->n_input;

	while (n && !*accel_import_text(node->input[n - 1]))
		n--;
	return n;
}

static int refuse_version(const struct accel_import *im, const Onnx__NodeProto *node, const struct version *first)
{
	const char *name = accel_import_node_name(node);

	if (im->opset < first->since)
		return accel_error(EOPNOTSUPP, "%s node '%.64s': the operator is of operator set %d, the model of %lld", first->op, name,
				   first->since, (long long)im->opset);
	return accel_error(EOPNOTSUPP, "%s node '%.64s': operator set %lld does not have the operator any more", first->op, name,
			   (long long)im->opset);
}

int accel_import_version(const struct accel_import *im, const Onnx__NodeProto *node, const char **as)
{
	const char *op = accel_import_text(node->op_type);
	const struct version *first = NULL, *now = NULL;

	*as = op;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (strcmp(versions[i].op, op))
			continue;
		first = first ? first : &versions[i];
		if (im->opset >= versions[i].since)
			now = &versions[i];
	}
	if (!first && im->opset >= ACCEL_OPSET_MIN)
		return 0;
	if (!first)
		return accel_error(EOPNOTSUPP, "%.64s node '%.64s': ONNX operator set %lld is not supported for it; convert the model to one of "
				   "%d to %d", op, accel_import_node_name(node), (long long)im->opset, ACCEL_OPSET_MIN, ACCEL_OPSET_MAX);
	if (!now || now->inputs == GONE)
		return refuse_version(im, node, first);
	if (count_inputs(node) > now->inputs)
		return accel_error(EINVAL, "%s node '%.64s': has %d inputs; in operator set %lld it has %d at most", op,
				   accel_import_node_name(node), count_inputs(node), (long long)im->opset, now->inputs);
	*as = now->as ? now->as : op;
	return 0;
}
