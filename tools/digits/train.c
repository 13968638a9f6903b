// SPDX-License-Identifier: MIT
/*
 * train NETWORK DATA MODEL - train a digits network and write it as an ONNX file.
 *
 * NETWORK is "mlp" or "cnn"; DATA holds the IDX files that `fetch` made; MODEL is the file to write.
 * The seed is fixed. The held-out digits are looked at once, after training, to state the accuracy.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/digits/augment.h"
#include "tools/digits/idx.h"
#include "tools/digits/net.h"
#include "tools/digits/onnx_write.h"

#define BATCH		64
#define SEED		1
#define PEAK_RATE	2e-3f
#define WARM_UP		0.05f	/* share of the steps in which the rate rises to its peak */

static const struct layer_spec mlp_layers[] = {
	{ LAYER_DENSE, 256 }, { LAYER_RELU, 0 }, { LAYER_DENSE, 10 }, { LAYER_END, 0 },
};

static const struct layer_spec cnn_layers[] = {
	{ LAYER_CONV, 32 }, { LAYER_BATCH_NORM, 0 }, { LAYER_RELU, 0 }, { LAYER_MAX_POOL, 0 },
	{ LAYER_CONV, 64 }, { LAYER_BATCH_NORM, 0 }, { LAYER_RELU, 0 }, { LAYER_MAX_POOL, 0 },
	{ LAYER_DENSE, 128 }, { LAYER_RELU, 0 }, { LAYER_DENSE, 10 }, { LAYER_END, 0 },
};

static const struct recipe {
	const char *name, *graph, *doc;
	const struct layer_spec *layers;
	int epochs;
} recipes[] = {
	{ "mlp", "digits-mlp", "Handwritten digits: perceptron 784-256-10", mlp_layers, 60 },
	{ "cnn", "digits-cnn", "Handwritten digits: conv 32, pool, conv 64, pool, dense 128, dense 10",
	  cnn_layers, 20 },
};

static int load(struct idx_digits *d, const char *dir, const char *name)
{
	char images[4096], labels[4096], msg[512];

	snprintf(images, sizeof(images), "%s/%s-images-idx3-ubyte", dir, name);
	snprintf(labels, sizeof(labels), "%s/%s-labels-idx1-ubyte", dir, name);
	if (idx_digits_load(d, images, labels, msg, sizeof(msg))) {
		fprintf(stderr, "train: %s\n", msg);
		return -1;
	}
	if (d->rows != NET_SIDE || d->cols != NET_SIDE) {
		fprintf(stderr, "train: %s: images are not 28x28\n", images);
		return -1;
	}
	return 0;
}

/* The learning rate at @done (0 to 1) of the training: a linear rise, then half a cosine down to zero. */
static float rate_at(float done)
{
	if (done < WARM_UP)
		return PEAK_RATE * done / WARM_UP;
	return PEAK_RATE * 0.5f * (1 + cosf(3.14159265f * (done - WARM_UP) / (1 - WARM_UP)));
}

static void train_epoch(struct net *net, const struct idx_digits *set, const uint32_t *order,
			int epoch, int epochs, struct rng *rng)
{
	static float x[BATCH * NET_SIDE * NET_SIDE];
	uint32_t batches = set->count / BATCH;
	uint8_t labels[BATCH];
	double loss_sum = 0;
	int right = 0;

	for (uint32_t b = 0; b < batches; b++) {
		float loss, done = ((float)epoch + (float)b / (float)batches) / (float)epochs;

		for (int i = 0; i < BATCH; i++) {
			uint32_t which = order[b * BATCH + i];

			augment(idx_image(set, which), x + i * NET_SIDE * NET_SIDE, rng);
			labels[i] = set->labels[which];
		}
		right += net_train_step(net, x, labels, BATCH, rate_at(done), &loss);
		loss_sum += loss;
	}
	printf("epoch %2d of %d: loss %.4f, %.2f %% right in training\n", epoch + 1, epochs,
	       loss_sum / batches, 100.0 * right / (batches * BATCH));
	fflush(stdout);
}

static int train(struct net *net, const struct idx_digits *set, int epochs, struct rng *rng)
{
	uint32_t *order = malloc(set->count * sizeof(*order));

	if (!order)
		return -1;
	for (uint32_t i = 0; i < set->count; i++)
		order[i] = i;
	for (int e = 0; e < epochs; e++) {
		rng_shuffle(rng, order, set->count);
		train_epoch(net, set, order, e, epochs, rng);
	}
	free(order);
	return 0;
}

static int count_right(struct net *net, const struct idx_digits *set)
{
	int right = 0;

	for (uint32_t i = 0; i < set->count; i++) {
		float x[NET_SIDE * NET_SIDE];
		const float *y;
		int best = 0;

		for (int j = 0; j < NET_SIDE * NET_SIDE; j++)
			x[j] = idx_image(set, i)[j] / 255.0f;
		y = net_forward(net, x, 1, 0);
		for (int j = 1; j < NET_CLASSES; j++)
			if (y[j] > y[best])
				best = j;
		right += best == set->labels[i];
	}
	return right;
}

static int run(const struct recipe *r, const struct idx_digits *train_set,
	       const struct idx_digits *test_set, const char *path)
{
	struct rng rng = { SEED };
	struct net net;
	int ret = net_init(&net, r->layers, BATCH, &rng);

	if (!ret)
		ret = train(&net, train_set, r->epochs, &rng);
	if (!ret) {
		printf("%s: %d of %u held-out digits right\n", r->graph,
		       count_right(&net, test_set), test_set->count);
		ret = onnx_write(&net, r->graph, r->doc, path);
	}
	if (ret)
		fprintf(stderr, "train: %s: %s\n", path, strerror(ret < 0 ? -ret : ret));
	net_free(&net);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct idx_digits train_set = { 0 }, test_set = { 0 };
	const struct recipe *r = NULL;
	int ret = 1;

	for (size_t i = 0; argc == 4 && i < sizeof(recipes) / sizeof(*recipes); i++)
		if (!strcmp(argv[1], recipes[i].name))
			r = &recipes[i];
	if (!r) {
		fprintf(stderr, "usage: train mlp|cnn DATA-DIRECTORY MODEL.onnx\n");
		return 2;
	}
	if (!load(&train_set, argv[2], "train") && !load(&test_set, argv[2], "test"))
		ret = run(r, &train_set, &test_set, argv[3]);
	idx_digits_free(&train_set);
	idx_digits_free(&test_set);
	return ret;
}
