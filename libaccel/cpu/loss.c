// SPDX-License-Identifier: MIT
/* Losses of classifiers: negative log likelihood, of log probabilities or of scores. */
#include <errno.h>
#include <math.h>

#include "libaccel/cpu/kernels.h"

enum { MEAN, NONE, SUM };

/* log(sum(exp)) of @c scores, @step apart: what turns them into log probabilities. */
static double log_sum_exp(const float *x, int64_t c, int64_t step)
{
	double max = -INFINITY, sum = 0;

	for (int64_t i = 0; i < c; i++)
		max = fmax(max, (double)x[i * step]);
	for (int64_t i = 0; i < c; i++)
		sum += exp((double)x[i * step] - max);
	return max + log(sum);
}

/* The class that target @i asks for, -1 to be ignored. */
static int target_of(const struct accel_kernel *k, int64_t i, int64_t classes, int64_t *class)
{
	int64_t t = accel_load_s64(k->in[1]->dtype, k->x[1], i);

	*class = t == k->n->attrs.number ? -1 : t;
	if (*class >= 0 ? t >= classes : t != k->n->attrs.number)
		return accel_node_error(EINVAL, k->n, "target %lld, of %lld classes", (long long)t, (long long)classes);
	return 0;
}

int accel_kernel_loss(const struct accel_kernel *k)
{
	const struct accel_value *v = k->in[0];
	int64_t classes = v->dims[1], inner = accel_dims_product(v, 2, v->rank), total = v->dims[0] * inner;
	bool scores = k->n->op == ACCEL_OP_SOFTMAX_CROSS_ENTROPY;
	const float *weight = k->x[2];
	float *y = k->y, *log_prob = k->ys[1];
	double sum = 0, weights = 0;

	for (int64_t i = 0; i < total; i++) {
		int64_t base = i / inner * classes * inner + i % inner, class;
		const float *x = (const float *)k->x[0] + base;
		double norm = scores ? log_sum_exp(x, classes, inner) : 0, w, loss;
		int ret = target_of(k, i, classes, &class);

		if (ret)
			return ret;
		for (int64_t c = 0; log_prob && c < classes; c++)
			log_prob[base + c * inner] = (float)((double)x[c * inner] - norm);
		w = class < 0 ? 0 : weight ? (double)weight[class] : 1;
		loss = class < 0 ? 0 : w * (norm - (double)x[class * inner]);
		if (k->n->attrs.mode == NONE)
			y[i] = (float)loss;
		sum += loss;
		weights += w;
	}
	if (k->n->attrs.mode != NONE)
		*y = (float)(k->n->attrs.mode == MEAN ? sum / weights : sum);
	return 0;
}
