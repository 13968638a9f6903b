// SPDX-License-Identifier: MIT
/*
 * Which part of a distribution the 8-bit integers of an activation cover. Wider, and all are rounded more coarsely; narrower,
 * and more of them saturate.
 */
#include <math.h>
#include <string.h>

#include "libaccel/passes/passes.h"

#define BINS	ACCEL_CALIB_BINS
#define LEVELS	256
#define STEPS	128	/* bounds that are tried, */
#define LEAST	8	/* from this many STEPS of the largest magnitude on */

void accel_range_percentile(struct accel_range *r, const uint64_t *bins, double share)
{
	uint64_t total = 0, below = 0, above = 0;
	float width = (r->hi - r->lo) / BINS, lo = r->lo, hi = r->hi;
	int i;

	for (i = 0; i < BINS; i++)
		total += bins[i];
	for (i = 0; i < BINS && (double)(below + bins[i]) <= share / 2 * (double)total; i++)
		below += bins[i];
	lo += (float)i * width;
	for (i = BINS - 1; i > 0 && (double)(above + bins[i]) <= share / 2 * (double)total; i--)
		above += bins[i];
	hi -= (float)(BINS - 1 - i) * width;
	if (lo < hi)
		*r = (struct accel_range){ lo, hi };
}

/**
 * struct window - a range that is tried
 * @range: of it
 * @lo: smallest number that the integers have, 0 at most
 * @step: between two of them
 * @first: bin that is not below the range
 * @last: bin that is not above it
 */
struct window {
	struct accel_range range;
	double lo, step;
	int first, last;
};

static double middle(const struct accel_range *r, int bin)
{
	return (double)r->lo + (bin + 0.5) * ((double)r->hi - (double)r->lo) / BINS;
}

/* @r without what is larger in magnitude than @bound. */
static struct window window_of(const struct accel_range *r, double bound)
{
	double lo = fmax((double)r->lo, -bound), hi = fmin((double)r->hi, bound);
	struct window w = { .range = { (float)lo, (float)hi }, .lo = fmin(lo, 0), .first = 0, .last = BINS - 1 };

	w.step = (fmax(hi, 0) - w.lo) / (LEVELS - 1);
	while (w.first < BINS - 1 && middle(r, w.first) < lo)
		w.first++;
	while (w.last > w.first && middle(r, w.last) > hi)
		w.last--;
	return w;
}

static int level_of(const struct accel_range *r, const struct window *w, int bin)
{
	double level = rint((middle(r, bin) - w->lo) / w->step);

	return level < 0 ? 0 : level > LEVELS - 1 ? LEVELS - 1 : (int)level;
}

/*
 * How much is lost where the distribution is known by its integers alone, each spread evenly over the bins that it stands
 * for and that hold something. What saturates counts for the distribution, but not for the integers: that is its price.
 */
static double divergence(const struct accel_range *r, const uint64_t *bins, const struct window *w)
{
	double sum[LEVELS] = { 0 }, outside[2] = { 0 }, inside = 0, kl = 0, total;
	int filled[LEVELS] = { 0 };

	for (int i = 0; i < BINS; i++) {
		if (i < w->first || i > w->last) {
			outside[i > w->last] += (double)bins[i];
		} else if (bins[i]) {
			int level = level_of(r, w, i);

			sum[level] += (double)bins[i];
			filled[level]++;
			inside += (double)bins[i];
		}
	}
	total = inside + outside[0] + outside[1];
	if (inside == 0)
		return INFINITY;
	for (int i = w->first; i <= w->last; i++) {
		double p = (double)bins[i], q = 1e-9;
		int level = level_of(r, w, i);

		if (bins[i])
			q = sum[level] / filled[level] / inside;
		p += (i == w->first ? outside[0] : 0) + (i == w->last ? outside[1] : 0);
		if (p > 0)
			kl += p / total * log(p / total / q);
	}
	return kl;
}

static double squared_error(const struct accel_range *r, const uint64_t *bins, const struct window *w)
{
	double lo = fmin((double)w->range.lo, 0), hi = fmax((double)w->range.hi, 0), error = 0;

	for (int i = 0; i < BINS; i++) {
		double x = middle(r, i), off = x < lo ? lo - x : x > hi ? x - hi : 0;

		error += (double)bins[i] * (off * off + w->step * w->step / 12);
	}
	return error;
}

static void search(struct accel_range *r, const uint64_t *bins,
		   double (*cost)(const struct accel_range *r, const uint64_t *bins, const struct window *w))
{
	double largest = fmax(fabs((double)r->lo), fabs((double)r->hi)), least = INFINITY;
	struct accel_range best = *r;

	for (int i = STEPS; i >= LEAST; i--) {
		struct window w = window_of(r, largest * i / STEPS);
		double c;

		if (!(w.range.lo < w.range.hi) || !(w.step > 0))
			break;
		c = cost(r, bins, &w);
		if (c < least) {
			least = c;
			best = w.range;
		}
	}
	*r = best;
}

void accel_range_entropy(struct accel_range *r, const uint64_t *bins)
{
	search(r, bins, divergence);
}

void accel_range_mse(struct accel_range *r, const uint64_t *bins)
{
	search(r, bins, squared_error);
}
