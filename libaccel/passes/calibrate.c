// SPDX-License-Identifier: MIT
/*
 * Ranges of values over the calibration data. A first run over the data finds the extremes; where the
 * range is to follow from the distribution, a second one counts histograms between them.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/cpu/cpu.h"
#include "libaccel/error.h"
#include "libaccel/passes/passes.h"

struct calibration {
	struct accel_range *ranges;
	uint64_t *bins;		/* by value, ACCEL_CALIB_BINS each; NULL in the first run */
};

static void see_extremes(void *ctx, int value, const float *data, int64_t elems)
{
	struct accel_range *r = &((struct calibration *)ctx)->ranges[value];

	for (int64_t i = 0; i < elems; i++) {
		if (!isfinite(data[i]))
			continue;
		if (data[i] < r->lo)
			r->lo = data[i];
		if (data[i] > r->hi)
			r->hi = data[i];
	}
}

static void see_distribution(void *ctx, int value, const float *data, int64_t elems)
{
	struct calibration *c = ctx;
	const struct accel_range *r = &c->ranges[value];
	uint64_t *bins = c->bins + (size_t)value * ACCEL_CALIB_BINS;
	float scale = r->hi > r->lo ? ACCEL_CALIB_BINS / (r->hi - r->lo) : 0;

	for (int64_t i = 0; i < elems; i++) {
		float at = (data[i] - r->lo) * scale;

		if (isfinite(data[i]))
			bins[at < ACCEL_CALIB_BINS - 1 ? (int)at : ACCEL_CALIB_BINS - 1]++;
	}
}

/* One input of every other kind has no data to run on. */
static int check(const struct accel_graph *g, const struct accel_compile_options *o)
{
	const struct accel_value *in = &g->values[g->inputs[0]];

	if (g->num_inputs != 1)
		return accel_error(EINVAL, "calibration: the graph has %d inputs, and calibration data are for one",
				   g->num_inputs);
	if (in->dtype != ACCEL_F32 || !in->rank || accel_value_elems(in) < 1)
		return accel_error(EINVAL, "calibration: input '%s' must be f32, and have samples along its first dimension",
				   in->name);
	if (o->calib_count < 1)
		return accel_error(EINVAL, "calibration: calib_count is %lld; give some hundred samples",
				   (long long)o->calib_count);
	if (o->calib_percentile != 0 && !(o->calib_percentile > 50 && o->calib_percentile <= 100))
		return accel_error(EINVAL, "calibration: calib_percentile = %g; 0, or more than 50 up to 100",
				   (double)o->calib_percentile);
	if ((unsigned int)o->calib_method > ACCEL_CALIB_MSE)
		return accel_error(EINVAL, "calibration: calib_method %d is unknown", (int)o->calib_method);
	if (o->calib_method != ACCEL_CALIB_RANGE && o->calib_percentile != 0)
		return accel_error(EINVAL, "calibration: calib_percentile is for calib_method ACCEL_CALIB_RANGE alone");
	return 0;
}

static bool needs_distribution(const struct accel_compile_options *o)
{
	return o->calib_method != ACCEL_CALIB_RANGE || (o->calib_percentile != 0 && o->calib_percentile != 100);
}

static void choose(const struct accel_compile_options *o, struct accel_range *r, const uint64_t *bins)
{
	switch (o->calib_method) {
	case ACCEL_CALIB_ENTROPY:
		accel_range_entropy(r, bins);
		break;
	case ACCEL_CALIB_MSE:
		accel_range_mse(r, bins);
		break;
	default:
		accel_range_percentile(r, bins, 1 - (double)o->calib_percentile / 100);
	}
}

/* Runs @cpu over all samples, a batch at a time; the last batch is filled up with the first samples. */
static int run_samples(struct accel_cpu *cpu, const struct accel_graph *g, const struct accel_compile_options *o,
		       void *const *outputs)
{
	const struct accel_value *in = &g->values[g->inputs[0]];
	int64_t batch = in->dims[0], sample = accel_value_elems(in) / batch;
	float *x = malloc((size_t)(batch * sample) * sizeof(*x));
	const void *inputs[] = { x };
	int ret = x ? 0 : accel_enomem("calibration");

	for (int64_t i = 0; i < o->calib_count && !ret; i += batch) {
		for (int64_t k = 0; k < batch; k++)
			memcpy(x + k * sample, o->calib_data + (i + k) % o->calib_count * sample,
			       (size_t)sample * sizeof(*x));
		ret = accel_cpu_run(cpu, inputs, outputs);
	}
	free(x);
	return ret;
}

static void **alloc_outputs(const struct accel_graph *g)
{
	void **outputs = calloc((size_t)g->num_outputs, sizeof(*outputs));

	for (int i = 0; outputs && i < g->num_outputs; i++) {
		int64_t bytes = accel_value_bytes(&g->values[g->outputs[i]]);

		outputs[i] = malloc(bytes > 0 ? (size_t)bytes : 1);
		if (!outputs[i]) {
			while (i--)
				free(outputs[i]);
			free(outputs);
			return NULL;
		}
	}
	return outputs;
}

static int run_both(struct accel_cpu *cpu, const struct accel_graph *g, const struct accel_compile_options *o,
		    struct calibration *c, void *const *outputs)
{
	int ret;

	accel_cpu_observe(cpu, see_extremes, c);
	ret = run_samples(cpu, g, o, outputs);
	if (ret || !needs_distribution(o))
		return ret;
	c->bins = calloc((size_t)g->num_values * ACCEL_CALIB_BINS, sizeof(*c->bins));
	if (!c->bins)
		return accel_enomem("calibration");
	accel_cpu_observe(cpu, see_distribution, c);
	ret = run_samples(cpu, g, o, outputs);
	for (int v = 0; v < g->num_values && !ret; v++)
		if (c->ranges[v].lo < c->ranges[v].hi)
			choose(o, &c->ranges[v], c->bins + (size_t)v * ACCEL_CALIB_BINS);
	free(c->bins);
	return ret;
}

int accel_calibrate(const struct accel_graph *g, const struct accel_compile_options *o, struct accel_range *ranges)
{
	struct calibration c = { .ranges = ranges };
	struct accel_cpu *cpu;
	void **outputs;
	int ret = check(g, o);

	if (ret)
		return ret;
	for (int v = 0; v < g->num_values; v++)
		ranges[v] = (struct accel_range){ INFINITY, -INFINITY };
	outputs = alloc_outputs(g);
	if (!outputs)
		return accel_enomem("calibration");
	ret = accel_cpu_new(g, 0, &cpu);
	if (!ret) {
		ret = run_both(cpu, g, o, &c, outputs);
		accel_cpu_free(cpu);
	}
	for (int i = 0; i < g->num_outputs; i++)
		free(outputs[i]);
	free(outputs);
	return ret;
}
