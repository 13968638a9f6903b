// SPDX-License-Identifier: MIT
#include "tools/demo/report.h"

#include <math.h>
#include <string.h>

#define ROUNDING	1e-9	/* points: a difference of exactly the limit is allowed */

/** struct demand - @precision of @network (NULL: any) has @least percent, and is at most @apart points from fp32 */
static const struct demand {
	const char *network, *precision;
	double least, apart;
} demands[] = {
	{ "cnn", "int8", 98.0, 0.5 },
	{ NULL, "fp16", 0, 0.2 },
};

double demo_accuracy(const struct demo_result *r)
{
	return r->total ? 100.0 * r->right / r->total : 0;
}

void demo_report(FILE *out, const struct demo_result *results, size_t n)
{
	fprintf(out, "%-8s %-9s %-7s %15s %9s %12s %13s %12s\n", "network", "precision", "device",
		"right", "accuracy", "us/digit", "cycles/digit", "utilisation");
	for (size_t i = 0; i < n; i++) {
		const struct demo_result *r = &results[i];

		fprintf(out, "%-8s %-9s %-7s %6u of %5u %7.2f %% %12.1f", r->network, r->precision,
			r->device, r->right, r->total, demo_accuracy(r), r->us_per_digit);
		if (r->cycles_per_digit > 0)
			fprintf(out, " %13.0f %10.1f %%\n", r->cycles_per_digit,
				100 * r->utilisation);
		else
			fprintf(out, " %13s %12s\n", "-", "-");
	}
}

/* The fp32 result that @r is to be compared with, or NULL. */
static const struct demo_result *reference(const struct demo_result *results, size_t n,
					   const struct demo_result *r)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(results[i].network, r->network) &&
		    !strcmp(results[i].device, r->device) &&
		    !strcmp(results[i].precision, "fp32") && results[i].total == r->total)
			return &results[i];
	return NULL;
}

static int missed(FILE *out, const struct demand *d, const struct demo_result *r,
		  const struct demo_result *fp32)
{
	double got = demo_accuracy(r), apart = fp32 ? fabs(got - demo_accuracy(fp32)) : 0;
	int count = 0;

	if (got < d->least - ROUNDING) {
		fprintf(out, "%s %s on %s: %.2f %% right, and %.1f %% are demanded\n", r->network,
			r->precision, r->device, got, d->least);
		count++;
	}
	if (apart > d->apart + ROUNDING) {
		fprintf(out, "%s %s on %s: %.2f points from fp32, and %.1f are allowed\n",
			r->network, r->precision, r->device, apart, d->apart);
		count++;
	}
	return count;
}

int demo_verdict(FILE *out, const struct demo_result *results, size_t n)
{
	int count = 0;

	for (size_t i = 0; i < n; i++) {
		const struct demo_result *r = &results[i], *fp32 = reference(results, n, r);

		for (size_t j = 0; j < sizeof(demands) / sizeof(*demands); j++) {
			const struct demand *d = &demands[j];

			if (!strcmp(r->precision, d->precision) &&
			    (!d->network || !strcmp(r->network, d->network)))
				count += missed(out, d, r, fp32);
		}
	}
	return count;
}
