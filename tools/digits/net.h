/* SPDX-License-Identifier: MIT */
/* A small feed-forward network in fp32 that can be trained: activations are NHWC, one chain of layers. */
#ifndef LOOM_DIGITS_NET_H
#define LOOM_DIGITS_NET_H

#include <stddef.h>
#include <stdint.h>

#include "tools/digits/rng.h"

#define NET_MAX_LAYERS	16
#define NET_SIDE	28	/* rows and columns of the input image */
#define NET_CLASSES	10
#define NET_BN_EPSILON	1e-5f

enum layer_kind {
	LAYER_END,
	LAYER_CONV,	/* 3x3, stride 1, zero padding 1, @out channels, bias unless BATCH_NORM follows */
	LAYER_BATCH_NORM,
	LAYER_RELU,
	LAYER_MAX_POOL,	/* 2x2, stride 2 */
	LAYER_DENSE,	/* @out outputs, with bias */
};

/** struct layer_spec - what a network is made of; LAYER_END closes the list */
struct layer_spec {
	enum layer_kind kind;
	int out;
};

/** struct param - trained values: @w values, @g their gradients, @m and @v Adam's moments; @n of each */
struct param {
	float *w, *g, *m, *v;
	size_t n;
	int decays;	/* weight decay applies: true for weights, false for biases and scales */
};

/**
 * struct layer - one layer and its buffers
 * @kind: what it computes
 * @h: input rows; @w: input columns; @c: input channels (a dense layer reads h * w * c values)
 * @oh: output rows; @ow: output columns; @oc: output channels or values
 * @weight: conv [ky][kx][c][oc]; dense [h * w * c][oc]; batch norm scale [oc]
 * @bias: [oc], also batch norm's; without values where a batch norm follows
 * @mean: batch norm: running mean [oc]
 * @var: batch norm: running variance [oc]
 * @y: output of the last forward pass, [batch][oh][ow][oc]
 * @dx: gradient of the input, [batch][h][w][c]
 * @aux: conv: the unfolded input; batch norm: the normalised input
 * @inv_std: batch norm: 1 / standard deviation of the last batch [oc]
 * @argmax: pooling: which of four inputs was taken
 */
struct layer {
	enum layer_kind kind;
	int h, w, c, oh, ow, oc;
	struct param weight, bias;
	float *mean, *var;
	float *y, *dx, *aux, *inv_std;
	uint8_t *argmax;
};

/** struct net - a chain of @count layers for batches of up to @max_batch images */
struct net {
	struct layer layer[NET_MAX_LAYERS];
	int count, max_batch;
	int step;	/* optimiser steps taken */
};

/**
 * net_init() - make a network with random weights
 * @net: filled; to be freed with net_free() even after failure
 * @spec: layers, closed by LAYER_END; input is 28x28x1
 * @max_batch: images at most in one pass
 * @rng: source of the first weights
 * Return: 0, -EINVAL for a specification that makes no network, or -ENOMEM.
 */
int net_init(struct net *net, const struct layer_spec *spec, int max_batch, struct rng *rng);

/** net_free() - free what a network holds */
void net_free(struct net *net);

/**
 * net_forward() - compute the outputs before softmax
 * @x: @n images of 28x28 values of 0 to 1
 * @n: 1 to max_batch
 * @training: batch norm takes the batch's own statistics, and updates the running ones
 * Return: [n][10], owned by @net, valid until the next call.
 */
const float *net_forward(struct net *net, const float *x, int n, int training);

/**
 * net_train_step() - one step of Adam on softmax cross-entropy
 * @x: @n images
 * @labels: @n labels of 0 to 9
 * @rate: learning rate
 * @loss: receives the mean loss before the step
 * Return: how many of the batch the network had right before the step.
 */
int net_train_step(struct net *net, const float *x, const uint8_t *labels, int n, float rate,
		   float *loss);

/* Of layers.c: one layer forward on [n] images at @x into l->y; backward from @dy into gradients and l->dx
 * (@need_dx false: into gradients only). @dy may be overwritten. */
void layer_forward(struct layer *l, const float *x, int n, int training);
void layer_backward(struct layer *l, const float *x, float *dy, int n, int need_dx);

#endif
