// SPDX-License-Identifier: MIT
#include "tools/digits/net.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ADAM_BETA1	0.9f
#define ADAM_BETA2	0.999f
#define ADAM_EPSILON	1e-8f
#define WEIGHT_DECAY	1e-2f	/* decoupled from the gradient (AdamW), scaled by the learning rate */

static int param_init(struct param *p, size_t n, int decays)
{
	p->n = n;
	p->decays = decays;
	p->w = calloc(n, sizeof(float));
	p->g = calloc(n, sizeof(float));
	p->m = calloc(n, sizeof(float));
	p->v = calloc(n, sizeof(float));
	return p->w && p->g && p->m && p->v ? 0 : -ENOMEM;
}

static void param_free(struct param *p)
{
	free(p->w);
	free(p->g);
	free(p->m);
	free(p->v);
}

/* Normal weights of variance 2 / fan-in, which keep the scale of activations through ReLUs (He). */
static int init_weights(struct layer *l, size_t fan_in, struct rng *rng)
{
	float std = sqrtf(2.0f / (float)fan_in);

	if (param_init(&l->weight, fan_in * l->oc, 1))
		return -ENOMEM;
	for (size_t i = 0; i < l->weight.n; i++)
		l->weight.w[i] = std * rng_normal(rng);
	return 0;
}

static int init_batch_norm(struct layer *l, size_t max_values)
{
	if (param_init(&l->weight, l->oc, 0) || param_init(&l->bias, l->oc, 0))
		return -ENOMEM;
	l->mean = calloc(l->oc, sizeof(float));
	l->var = calloc(l->oc, sizeof(float));
	l->inv_std = calloc(l->oc, sizeof(float));
	l->aux = calloc(max_values, sizeof(float));
	if (!l->mean || !l->var || !l->inv_std || !l->aux)
		return -ENOMEM;
	for (int i = 0; i < l->oc; i++)
		l->weight.w[i] = l->var[i] = 1;
	return 0;
}

/* Sets the output's shape, and allocates what only this kind of layer needs. */
static int init_kind(struct layer *l, const struct layer_spec *spec, int max_batch, struct rng *rng)
{
	size_t in = (size_t)l->h * l->w * l->c;

	l->oh = l->h;
	l->ow = l->w;
	l->oc = l->c;
	switch (l->kind) {
	case LAYER_CONV:
		l->oc = spec->out;
		l->aux = calloc(max_batch * in * 9, sizeof(float));
		if (!l->aux || (spec[1].kind != LAYER_BATCH_NORM && param_init(&l->bias, l->oc, 0)))
			return -ENOMEM;
		return init_weights(l, 9 * (size_t)l->c, rng);
	case LAYER_DENSE:
		l->oh = l->ow = 1;
		l->oc = spec->out;
		return param_init(&l->bias, l->oc, 0) ? -ENOMEM : init_weights(l, in, rng);
	case LAYER_BATCH_NORM:
		return init_batch_norm(l, max_batch * in);
	case LAYER_MAX_POOL:
		if (l->h % 2 || l->w % 2)
			return -EINVAL;
		l->oh /= 2;
		l->ow /= 2;
		l->argmax = calloc(max_batch * in / 4, 1);
		return l->argmax ? 0 : -ENOMEM;
	case LAYER_RELU:
		return 0;
	default:
		return -EINVAL;
	}
}

int net_init(struct net *net, const struct layer_spec *spec, int max_batch, struct rng *rng)
{
	int h = NET_SIDE, w = NET_SIDE, c = 1, ret;

	memset(net, 0, sizeof(*net));
	net->max_batch = max_batch;
	for (; spec->kind != LAYER_END; spec++) {
		struct layer *l = &net->layer[net->count];

		if (net->count == NET_MAX_LAYERS)
			return -EINVAL;
		net->count++;
		*l = (struct layer){ .kind = spec->kind, .h = h, .w = w, .c = c };
		ret = init_kind(l, spec, max_batch, rng);
		if (ret)
			return ret;
		l->dx = calloc((size_t)max_batch * h * w * c, sizeof(float));
		l->y = calloc((size_t)max_batch * l->oh * l->ow * l->oc, sizeof(float));
		if (!l->dx || !l->y)
			return -ENOMEM;
		h = l->oh;
		w = l->ow;
		c = l->oc;
	}
	return h * w * c == NET_CLASSES ? 0 : -EINVAL;
}

void net_free(struct net *net)
{
	for (int i = 0; i < net->count; i++) {
		struct layer *l = &net->layer[i];

		param_free(&l->weight);
		param_free(&l->bias);
		free(l->mean);
		free(l->var);
		free(l->inv_std);
		free(l->aux);
		free(l->argmax);
		free(l->dx);
		free(l->y);
	}
	memset(net, 0, sizeof(*net));
}

const float *net_forward(struct net *net, const float *x, int n, int training)
{
	for (int i = 0; i < net->count; i++) {
		layer_forward(&net->layer[i], x, n, training);
		x = net->layer[i].y;
	}
	return x;
}

/* Turns outputs into the gradient of the mean loss, in place. Returns how many were right. */
static int softmax_loss(float *y, const uint8_t *labels, int n, float *loss)
{
	double total = 0;
	int right = 0;

	for (int i = 0; i < n; i++, y += NET_CLASSES) {
		float max = y[0], sum = 0;
		int best = 0;

		for (int j = 1; j < NET_CLASSES; j++) {
			if (y[j] > max) {
				max = y[j];
				best = j;
			}
		}
		right += best == labels[i];
		for (int j = 0; j < NET_CLASSES; j++)
			sum += y[j] = expf(y[j] - max);
		total -= log(y[labels[i]] / sum + 1e-30);
		for (int j = 0; j < NET_CLASSES; j++)
			y[j] = (y[j] / sum - (j == labels[i])) / (float)n;
	}
	*loss = (float)(total / n);
	return right;
}

static void adam(struct param *p, int step, float rate)
{
	float fix1 = 1 - powf(ADAM_BETA1, (float)step), fix2 = 1 - powf(ADAM_BETA2, (float)step);
	float decay = p->decays ? 1 - rate * WEIGHT_DECAY : 1;

	for (size_t i = 0; i < p->n; i++) {
		p->m[i] += (1 - ADAM_BETA1) * (p->g[i] - p->m[i]);
		p->v[i] += (1 - ADAM_BETA2) * (p->g[i] * p->g[i] - p->v[i]);
		p->w[i] = decay * p->w[i] -
			rate * (p->m[i] / fix1) / (sqrtf(p->v[i] / fix2) + ADAM_EPSILON);
	}
}

int net_train_step(struct net *net, const float *x, const uint8_t *labels, int n, float rate,
		   float *loss)
{
	struct layer *last = &net->layer[net->count - 1];
	float *dy = last->y;
	int right;

	net_forward(net, x, n, 1);
	right = softmax_loss(dy, labels, n, loss);
	for (int i = net->count - 1; i >= 0; i--) {
		layer_backward(&net->layer[i], i ? net->layer[i - 1].y : x, dy, n, i > 0);
		dy = net->layer[i].dx;
	}
	net->step++;
	for (int i = 0; i < net->count; i++) {
		adam(&net->layer[i].weight, net->step, rate);
		adam(&net->layer[i].bias, net->step, rate);
	}
	return right;
}
