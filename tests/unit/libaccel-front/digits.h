/* SPDX-License-Identifier: MIT */
/* The digits as f32, for tests of networks. */
#ifndef TEST_DIGITS_H
#define TEST_DIGITS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/digits/idx.h"

#define DIGIT_PIXELS	784

struct digits {
	int count;
	float *pixels;		/* 0 paper to 1 ink */
	uint8_t *labels;
};

/* Set "train" or "test" out of the cache; -1 where it is not there. */
static inline int digits_load(const char *set, struct digits *d)
{
	const char *cache = getenv("LOOM_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char dir[400], images[512], labels[512], why[256];
	struct idx_digits idx;

	if (cache)
		snprintf(dir, sizeof(dir), "%s/digits", cache);
	else
		snprintf(dir, sizeof(dir), "%s%s/loom/digits", xdg ? xdg : home ? home : "", xdg ? "" : "/.cache");
	snprintf(images, sizeof(images), "%s/%s-images-idx3-ubyte", dir, set);
	snprintf(labels, sizeof(labels), "%s/%s-labels-idx1-ubyte", dir, set);
	if (idx_digits_load(&idx, images, labels, why, sizeof(why)))
		return -1;
	d->count = (int)idx.count;
	d->pixels = malloc((size_t)d->count * DIGIT_PIXELS * sizeof(float));
	d->labels = malloc((size_t)d->count);
	if (!d->pixels || !d->labels)
		return -1;
	for (int i = 0; i < d->count * DIGIT_PIXELS; i++)
		d->pixels[i] = (float)idx.images[i] / 255;
	memcpy(d->labels, idx.labels, (size_t)d->count);
	idx_digits_free(&idx);
	return 0;
}

static inline int digits_best(const float *p)
{
	int best = 0;

	for (int i = 1; i < 10; i++)
		if (p[i] > p[best])
			best = i;
	return best;
}

#endif
