/* SPDX-License-Identifier: MIT */
/* SOFTMAX, LAYERNORM, PLUT. */
#include <stdlib.h>
#include <string.h>

#include <loom/isa.h>

#include "ref.h"
#include "softfp.h"

static uint32_t power_of_two(int64_t e)
{
	return (uint32_t)(e + 127) << 23;
}

static uint32_t exponential(uint32_t x)
{
	static const uint32_t coef[] = { 0x3ab60b61, 0x3c088889, 0x3d2aaaab, 0x3e2aaaab, 0x3f000000, 0x3f800000,
					 0x3f800000 };
	const uint32_t lowest = 0xc2d00000;	/* -104 */
	uint32_t k, r, p = coef[0];

	if (sf_is_nan(x))
		return x;
	if (sf_compare(x, lowest) < 0)
		return 0;
	k = sf_integral(sf_mul(x, 0x3fb8aa3b), 'n');
	r = sf_fma(k, 0xbf317200, x);
	r = sf_fma(k, 0xb5bfbe8e, r);
	for (int i = 1; i < 7; i++)
		p = sf_fma(r, p, coef[i]);
	return sf_mul(sf_mul(p, power_of_two(sf_to_int(k, 0, -1000, 1000) + 64)), power_of_two(-64));
}

/* A row as fp32; the caller frees it. */
static uint32_t *row(struct ref *r, const struct loom_rows *d, uint64_t i)
{
	uint32_t *x = calloc(d->n, sizeof(*x));

	for (uint64_t j = 0; j < d->n; j++)
		x[j] = ref_load(r, d->src, i * d->lds + j * ref_size(d->src_type), d->src_type);
	return x;
}

static void put(struct ref *r, const struct loom_rows *d, uint64_t i, uint64_t j, uint32_t v)
{
	ref_store(r, d->dst, i * d->ldd + j * ref_size(d->dst_type), d->dst_type, v, 0);
}

void ref_softmax(struct ref *r, const void *desc)
{
	struct loom_rows d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t i = 0; i < d.m; i++) {
		uint32_t *x = row(r, &d, i), max = 0xff800000, sum = 0;

		for (uint64_t j = 0; j < d.n; j++) {
			x[j] = sf_mul(x[j], d.eps);
			max = ref_pick(max, x[j], true);
		}
		for (uint64_t j = 0; j < d.n; j++) {
			x[j] = exponential(sf_sub(x[j], max));
			sum = sf_add(sum, x[j]);
		}
		for (uint64_t j = 0; j < d.n; j++)
			put(r, &d, i, j, sf_div(x[j], sum));
		free(x);
	}
}

void ref_layernorm(struct ref *r, const void *desc)
{
	struct loom_rows d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t i = 0; i < d.m; i++) {
		uint32_t *x = row(r, &d, i), count = sf_of_int(d.n), mean = 0, square = 0, inv;

		for (uint64_t j = 0; j < d.n; j++)
			mean = sf_add(mean, x[j]);
		mean = sf_div(mean, count);
		for (uint64_t j = 0; j < d.n; j++) {
			x[j] = sf_sub(x[j], mean);
			square = sf_fma(x[j], x[j], square);
		}
		inv = sf_div(SF_ONE, sf_sqrt(sf_add(sf_div(square, count), d.eps)));
		for (uint64_t j = 0; j < d.n; j++)
			put(r, &d, i, j, sf_fma(sf_mul(x[j], inv), (uint32_t)ref_get(r, REF_SPM, d.gamma + 4 * j, 4),
						(uint32_t)ref_get(r, REF_SPM, d.beta + 4 * j, 4)));
		free(x);
	}
}

static uint32_t segment(struct ref *r, const struct loom_plut *d, uint64_t s, uint64_t field)
{
	return (uint32_t)ref_get(r, REF_SPM, d->table + 12 * s + 4 * field, 4);
}

void ref_plut(struct ref *r, const void *desc)
{
	struct loom_plut d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t i = 0; i < d.m; i++)
		for (uint64_t j = 0; j < d.n; j++) {
			uint32_t x = ref_load(r, d.src, i * d.lds + j * ref_size(d.src_type), d.src_type), v;
			uint64_t best = 0;

			for (uint64_t s = 0; s < d.segments; s++)
				if (!sf_is_nan(x) && !sf_is_nan(segment(r, &d, s, 0)) &&
				    sf_compare(segment(r, &d, s, 0), x) <= 0)
					best = s;
			v = sf_fma(segment(r, &d, best, 1), x, segment(r, &d, best, 2));
			ref_store(r, d.dst, i * d.ldd + j * ref_size(d.dst_type), d.dst_type, v, 0);
		}
}
