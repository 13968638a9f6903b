// SPDX-License-Identifier: MIT
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "tools/digits/net.h"

#define BN_MOMENTUM	0.05f	/* share of the newest batch in the running statistics */

/* Unfolds @x for a 3x3 convolution with padding 1: a row of 9 * c values for each output pixel. */
static void unfold(const struct layer *l, const float *x, int n, float *col)
{
	size_t c = l->c;

	for (int i = 0; i < n * l->h; i++) {
		int y = i % l->h;

		for (int xo = 0; xo < l->w; xo++) {
			for (int k = 0; k < 9; k++, col += c) {
				int dy = k / 3 - 1, dx = k % 3 - 1;

				if (y + dy < 0 || y + dy >= l->h || xo + dx < 0 || xo + dx >= l->w)
					memset(col, 0, c * sizeof(*col));
				else
					memcpy(col, x + ((size_t)(i + dy) * l->w + xo + dx) * c,
					       c * sizeof(*col));
			}
		}
	}
}

/* The transpose of unfold(): adds every unfolded value back to the pixel that it came from. */
static void fold(const struct layer *l, const float *col, int n, float *x)
{
	size_t c = l->c;

	memset(x, 0, (size_t)n * l->h * l->w * c * sizeof(*x));
	for (int i = 0; i < n * l->h; i++) {
		int y = i % l->h;

		for (int xo = 0; xo < l->w; xo++) {
			for (int k = 0; k < 9; k++, col += c) {
				int dy = k / 3 - 1, dx = k % 3 - 1;
				float *to;

				if (y + dy < 0 || y + dy >= l->h || xo + dx < 0 || xo + dx >= l->w)
					continue;
				to = x + ((size_t)(i + dy) * l->w + xo + dx) * c;
				for (size_t j = 0; j < c; j++)
					to[j] += col[j];
			}
		}
	}
}

/* y[rows][oc] = x[rows][k] * weight[k][oc] + bias */
static void affine(struct layer *l, const float *x, int rows, int k)
{
	for (int i = 0; i < rows; i++) {
		float *y = l->y + (size_t)i * l->oc;

		if (l->bias.n)
			memcpy(y, l->bias.w, l->oc * sizeof(*y));
		else
			memset(y, 0, l->oc * sizeof(*y));
	}
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, l->oc, k, 1, x, k,
		    l->weight.w, l->oc, 1, l->y, l->oc);
}

static void affine_backward(struct layer *l, const float *x, const float *dy, int rows, int k,
			    float *dx)
{
	cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, k, l->oc, rows, 1, x, k, dy, l->oc,
		    0, l->weight.g, l->oc);
	if (l->bias.n)
		memset(l->bias.g, 0, l->oc * sizeof(float));
	for (size_t i = 0; l->bias.n && i < (size_t)rows * l->oc; i++)
		l->bias.g[i % l->oc] += dy[i];
	if (dx)
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, k, l->oc, 1, dy, l->oc,
			    l->weight.w, l->oc, 0, dx, k);
}

static void batch_statistics(struct layer *l, const float *x, size_t rows)
{
	size_t c = l->oc;
	double sum[c], sq[c];

	memset(sum, 0, sizeof(sum));
	memset(sq, 0, sizeof(sq));
	for (size_t i = 0; i < rows; i++) {
		for (size_t j = 0; j < c; j++) {
			double v = x[i * c + j];

			sum[j] += v;
			sq[j] += v * v;
		}
	}
	for (size_t j = 0; j < c; j++) {
		double mean = sum[j] / rows, var = fmax(sq[j] / rows - mean * mean, 0);

		l->mean[j] += BN_MOMENTUM * ((float)mean - l->mean[j]);
		l->var[j] += BN_MOMENTUM * ((float)(var * rows / (rows - 1)) - l->var[j]);
		l->inv_std[j] = (float)(1 / sqrt(var + NET_BN_EPSILON));
		/* the batch's mean, kept for the normalisation below, lies in the gradient's place */
		l->bias.g[j] = (float)mean;
	}
}

static void batch_norm(struct layer *l, const float *x, int n, int training)
{
	size_t c = l->oc, rows = (size_t)n * l->h * l->w;

	if (training) {
		batch_statistics(l, x, rows);
	} else {
		for (size_t j = 0; j < c; j++) {
			l->inv_std[j] = 1 / sqrtf(l->var[j] + NET_BN_EPSILON);
			l->bias.g[j] = l->mean[j];
		}
	}
	for (size_t i = 0; i < rows; i++) {
		for (size_t j = 0; j < c; j++) {
			float v = (x[i * c + j] - l->bias.g[j]) * l->inv_std[j];

			l->aux[i * c + j] = v;
			l->y[i * c + j] = v * l->weight.w[j] + l->bias.w[j];
		}
	}
}

static void batch_norm_backward(struct layer *l, const float *dy, int n)
{
	size_t c = l->oc, rows = (size_t)n * l->h * l->w;
	float *dscale = l->weight.g, *dbias = l->bias.g;

	memset(dscale, 0, c * sizeof(*dscale));
	memset(dbias, 0, c * sizeof(*dbias));
	for (size_t i = 0; i < rows; i++) {
		for (size_t j = 0; j < c; j++) {
			dscale[j] += dy[i * c + j] * l->aux[i * c + j];
			dbias[j] += dy[i * c + j];
		}
	}
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < c; j++)
			l->dx[i * c + j] = l->weight.w[j] * l->inv_std[j] *
				(dy[i * c + j] - (dbias[j] + l->aux[i * c + j] * dscale[j]) / rows);
}

/* Offset in values of a 2x2 window's taps from its first one. */
static size_t pool_tap(const struct layer *l, int tap)
{
	return ((size_t)(tap / 2) * l->w + tap % 2) * l->c;
}

/* The window of output pixel ; the rows of all images lie one under the other, an even number each. */
static size_t pool_window(const struct layer *l, size_t i)
{
	return (i / l->ow * 2 * l->w + i % l->ow * 2) * l->c;
}

static void max_pool(struct layer *l, const float *x, int n)
{
	size_t pixels = (size_t)n * l->oh * l->ow, c = l->c;
	float *y = l->y;
	uint8_t *argmax = l->argmax;

	for (size_t i = 0; i < pixels; i++, y += c, argmax += c) {
		const float *window = x + pool_window(l, i);

		memcpy(y, window, c * sizeof(*y));
		memset(argmax, 0, c);
		for (int t = 1; t < 4; t++) {
			const float *tap = window + pool_tap(l, t);

			for (size_t j = 0; j < c; j++) {
				if (tap[j] > y[j]) {
					y[j] = tap[j];
					argmax[j] = t;
				}
			}
		}
	}
}

static void max_pool_backward(struct layer *l, const float *dy, int n)
{
	size_t pixels = (size_t)n * l->oh * l->ow, c = l->c;
	const uint8_t *argmax = l->argmax;

	memset(l->dx, 0, 4 * pixels * c * sizeof(float));
	for (size_t i = 0; i < pixels; i++, dy += c, argmax += c) {
		float *window = l->dx + pool_window(l, i);

		for (size_t j = 0; j < c; j++)
			window[pool_tap(l, argmax[j]) + j] = dy[j];
	}
}

void layer_forward(struct layer *l, const float *x, int n, int training)
{
	size_t values = (size_t)n * l->h * l->w * l->c;

	switch (l->kind) {
	case LAYER_CONV:
		unfold(l, x, n, l->aux);
		affine(l, l->aux, n * l->h * l->w, 9 * l->c);
		break;
	case LAYER_DENSE:
		affine(l, x, n, l->h * l->w * l->c);
		break;
	case LAYER_BATCH_NORM:
		batch_norm(l, x, n, training);
		break;
	case LAYER_RELU:
		for (size_t i = 0; i < values; i++)
			l->y[i] = x[i] > 0 ? x[i] : 0;
		break;
	case LAYER_MAX_POOL:
		max_pool(l, x, n);
		break;
	case LAYER_END:
		break;
	}
}

void layer_backward(struct layer *l, const float *x, float *dy, int n, int need_dx)
{
	size_t values = (size_t)n * l->h * l->w * l->c;

	switch (l->kind) {
	case LAYER_CONV:
		/* the unfolded input is spent once the weights' gradient is made of it */
		affine_backward(l, l->aux, dy, n * l->h * l->w, 9 * l->c, NULL);
		if (!need_dx)
			break;
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n * l->h * l->w, 9 * l->c,
			    l->oc, 1, dy, l->oc, l->weight.w, l->oc, 0, l->aux, 9 * l->c);
		fold(l, l->aux, n, l->dx);
		break;
	case LAYER_DENSE:
		affine_backward(l, x, dy, n, l->h * l->w * l->c, need_dx ? l->dx : NULL);
		break;
	case LAYER_BATCH_NORM:
		batch_norm_backward(l, dy, n);
		break;
	case LAYER_RELU:
		for (size_t i = 0; i < values; i++)
			l->dx[i] = x[i] > 0 ? dy[i] : 0;
		break;
	case LAYER_MAX_POOL:
		max_pool_backward(l, dy, n);
		break;
	case LAYER_END:
		break;
	}
}
