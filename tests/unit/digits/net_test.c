// SPDX-License-Identifier: MIT
/*
 * tools/digits/net: gradients agree with differences of the loss, training learns, and the ONNX file that is written
 * holds the network.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "onnx.pb-c.h"
#include "tools/digits/net.h"
#include "tools/digits/onnx_write.h"

#define BATCH	8
#define PIXELS	(NET_SIDE * NET_SIDE)

static const struct layer_spec plain[] = {
	{ LAYER_CONV, 3 }, { LAYER_RELU, 0 }, { LAYER_MAX_POOL, 0 }, { LAYER_CONV, 4 }, { LAYER_MAX_POOL, 0 },
	{ LAYER_DENSE, 6 }, { LAYER_RELU, 0 }, { LAYER_DENSE, 10 }, { LAYER_END, 0 },
};

static const struct layer_spec normed[] = {
	{ LAYER_CONV, 3 }, { LAYER_BATCH_NORM, 0 }, { LAYER_RELU, 0 }, { LAYER_MAX_POOL, 0 },
	{ LAYER_CONV, 4 }, { LAYER_BATCH_NORM, 0 }, { LAYER_DENSE, 10 }, { LAYER_END, 0 },
};

static float x[BATCH * PIXELS];
static uint8_t labels[BATCH];

static struct rng make_batch(void)
{
	struct rng rng = { 42 };

	for (size_t i = 0; i < BATCH * PIXELS; i++)
		x[i] = rng_uniform(&rng, 0, 1);
	for (int i = 0; i < BATCH; i++)
		labels[i] = (uint8_t)rng_below(&rng, 10);
	return rng;
}

/* The loss as it stands; a step at rate 0 changes no weight. */
static double loss_of(struct net *net)
{
	float loss;

	net_train_step(net, x, labels, BATCH, 0, &loss);
	return loss;
}

/* Compares the slope of the loss along @dir (of length 1) with what the gradient @g foretells. */
static void check_slope(struct net *net, struct param *p, const float *g, const float *dir)
{
	const double h = 5e-4;
	double foretold = 0, up, down, measured;

	for (size_t i = 0; i < p->n; i++) {
		foretold += (double)g[i] * dir[i];
		p->w[i] += (float)h * dir[i];
	}
	up = loss_of(net);
	for (size_t i = 0; i < p->n; i++)
		p->w[i] -= 2 * (float)h * dir[i];
	down = loss_of(net);
	for (size_t i = 0; i < p->n; i++)
		p->w[i] += (float)h * dir[i];
	measured = (up - down) / (2 * h);
	if (fabs(measured - foretold) > 0.02 * fabs(foretold) + 4e-3)
		fail_msg("slope is %g, gradient says %g", measured, foretold);
}

static void check_param(struct net *net, struct param *p, struct rng *rng)
{
	float *g, *dir;

	if (!p->n)
		return;
	loss_of(net);
	g = malloc(p->n * sizeof(*g));
	dir = malloc(p->n * sizeof(*dir));
	memcpy(g, p->g, p->n * sizeof(*g));
	for (int random = 0; random < 2; random++) {
		double norm = 0;

		for (size_t i = 0; i < p->n; i++) {
			dir[i] = random ? rng_normal(rng) : g[i];
			norm += (double)dir[i] * dir[i];
		}
		for (size_t i = 0; i < p->n; i++)
			dir[i] /= (float)sqrt(norm);
		check_slope(net, p, g, dir);
	}
	free(g);
	free(dir);
}

static void check_gradients(const struct layer_spec *spec)
{
	struct rng rng = make_batch();
	struct net net;

	assert_int_equal(net_init(&net, spec, BATCH, &rng), 0);
	for (int i = 0; i < net.count; i++) {
		check_param(&net, &net.layer[i].weight, &rng);
		/* a bias before a batch norm has no slope; there is none */
		check_param(&net, &net.layer[i].bias, &rng);
	}
	net_free(&net);
}

static void gradients(void **state)
{
	check_gradients(plain);
}

static void gradients_with_batch_norm(void **state)
{
	check_gradients(normed);
}

static void learns_a_batch_by_heart(void **state)
{
	struct rng rng = make_batch();
	struct net net;
	float loss;
	int right = 0;

	assert_int_equal(net_init(&net, normed, BATCH, &rng), 0);
	for (int i = 0; i < 60; i++)
		right = net_train_step(&net, x, labels, BATCH, 5e-3f, &loss);
	assert_int_equal(right, BATCH);
	net_free(&net);
}

static void impossible_networks(void **state)
{
	static const struct layer_spec odd[] = {
		{ LAYER_MAX_POOL, 0 }, { LAYER_MAX_POOL, 0 }, { LAYER_MAX_POOL, 0 }, { LAYER_END, 0 },
	};
	static const struct layer_spec eleven[] = { { LAYER_DENSE, 11 }, { LAYER_END, 0 } };
	struct rng rng = { 1 };
	struct net net;

	assert_int_not_equal(net_init(&net, odd, 1, &rng), 0);
	net_free(&net);
	assert_int_not_equal(net_init(&net, eleven, 1, &rng), 0);
	net_free(&net);
}

static uint8_t *read_all(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = malloc(1 << 20);

	assert_non_null(f);
	assert_non_null(p);
	*n = fread(p, 1, 1 << 20, f);
	fclose(f);
	return p;
}

static void check_graph(const Onnx__GraphProto *g, const struct net *net)
{
	static const char *const ops[] = {
		"Conv", "BatchNormalization", "Relu", "MaxPool", "Conv", "BatchNormalization",
		"Flatten", "Gemm", "Softmax",
	};
	const struct layer *conv = &net->layer[4], *dense = &net->layer[6];
	const float *w;

	assert_int_equal(g->n_node, sizeof(ops) / sizeof(*ops));
	for (size_t i = 0; i < g->n_node; i++)
		assert_string_equal(g->node[i]->op_type, ops[i]);
	assert_int_equal(g->n_initializer, 1 + 4 + 1 + 4 + 2);
	/* second convolution: channel 3 of the output, 2 of the input, row 0, column 1 of the kernel */
	w = (const float *)g->initializer[5]->raw_data.data;
	assert_true(w[(3 * 3 + 2) * 9 + 1] == conv->weight.w[(1 * 3 + 2) * 4 + 3]);
	/* dense: output 7, channel 3, pixel 20 of 14x14 */
	w = (const float *)g->initializer[10]->raw_data.data;
	assert_true(w[7 * 784 + 3 * 196 + 20] == dense->weight.w[(20 * 4 + 3) * 10 + 7]);
}

static void onnx_holds_the_network(void **state)
{
	char path[] = "/tmp/net_test.XXXXXX";
	int fd = mkstemp(path);
	struct rng rng = { 7 };
	struct net net;
	Onnx__ModelProto *model;
	uint8_t *bytes;
	size_t n;

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(net_init(&net, normed, 1, &rng), 0);
	assert_int_equal(onnx_write(&net, "test", "a test", path), 0);
	bytes = read_all(path, &n);
	unlink(path);
	model = onnx__model_proto__unpack(NULL, n, bytes);
	assert_non_null(model);
	assert_int_equal(model->opset_import[0]->version, 13);
	check_graph(model->graph, &net);
	onnx__model_proto__free_unpacked(model, NULL);
	free(bytes);
	net_free(&net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gradients),
		cmocka_unit_test(gradients_with_batch_norm),
		cmocka_unit_test(learns_a_batch_by_heart),
		cmocka_unit_test(impossible_networks),
		cmocka_unit_test(onnx_holds_the_network),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("digits: network and trainer", tests, NULL, NULL);
}
