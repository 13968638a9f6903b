/* SPDX-License-Identifier: MIT */
/* UNPACK, RESIZE, OPTIM. */
#include <string.h>

#include <loom/isa.h>

#include "ref.h"
#include "softfp.h"

static void unpack_24(struct ref *r, const struct loom_unpack *d)
{
	for (uint64_t i = 0; i < d->count; i++)
		ref_put(r, REF_SPM, d->spm + i * d->elem, d->elem, 0);
	for (uint64_t i = 0; i < d->count / 2; i++) {
		uint64_t value = ref_get(r, REF_DRAM, d->va + i * d->elem, d->elem);
		/* Two bits for each value, from the lowest bit of the first byte on. */
		uint64_t bits = ref_get(r, REF_DRAM, d->va + d->count / 2 * d->elem + i / 4, 1) >> (i % 4 * 2) & 3;

		ref_put(r, REF_SPM, d->spm + (i / 2 * 4 + bits) * d->elem, d->elem, value);
	}
}

static void unpack_rle(struct ref *r, const struct loom_unpack *d)
{
	uint64_t pair = 0, left = 0, byte = 0;

	for (uint64_t i = 0; i < d->count; i++) {
		if (!left && pair < d->bytes) {
			left = ref_get(r, REF_DRAM, d->va + pair, 1) + 1;
			byte = ref_get(r, REF_DRAM, d->va + pair + 1, 1);
			pair += 2;
		}
		ref_put(r, REF_SPM, d->spm + i, 1, left ? byte : 0);
		left -= left ? 1 : 0;
	}
	/* What is beyond @count is read all the same. */
	for (; pair < d->bytes; pair++)
		ref_get(r, REF_DRAM, d->va + pair, 1);
}

void ref_unpack(struct ref *r, const void *desc)
{
	struct loom_unpack d;

	memcpy(&d, desc, sizeof(d));
	if (d.mode == LOOM_UNPACK_24)
		unpack_24(r, &d);
	else if (d.mode == LOOM_UNPACK_RLE)
		unpack_rle(r, &d);
	else
		for (uint64_t i = 0; i < d.count; i++) {
			uint64_t v = ref_get(r, REF_DRAM, d.va + i / 2, 1) >> (i % 2 * 4) & 15;

			ref_put(r, REF_SPM, d.spm + i, 1, v < 8 ? v : v | 0xf0);
		}
}

/* Position in 1/65536, inside of the axis. */
static int64_t position(const struct loom_resize *d, int64_t origin, int64_t step, int64_t at, int64_t limit)
{
	int64_t pos = origin + step * at;

	if (d->mode == LOOM_RESIZE_NEAREST)
		pos = ((pos + 0x8000) >> 16) * 65536;
	return pos < 0 ? 0 : pos > (limit - 1) * 65536 ? (limit - 1) * 65536 : pos;
}

static uint64_t offset(const struct loom_resize *d, int64_t y, int64_t x, uint64_t c)
{
	y = y < d->ih ? y : d->ih - 1;
	x = x < d->iw ? x : d->iw - 1;
	return (uint64_t)y * d->in_stride_y + (uint64_t)x * d->in_stride_x + c * ref_size(d->type);
}

static uint32_t input(struct ref *r, const struct loom_resize *d, int64_t y, int64_t x, uint64_t c)
{
	return ref_is_int(d->type) ? sf_of_int(ref_load_int(r, d->in, offset(d, y, x, c), d->type)) :
	       ref_load(r, d->in, offset(d, y, x, c), d->type);
}

static uint32_t mix(uint32_t a, uint32_t b, int64_t part)
{
	return sf_fma(sf_mul(sf_of_int(part), 0x37800000), sf_sub(b, a), a);
}

void ref_resize(struct ref *r, const void *desc)
{
	struct loom_resize d;

	memcpy(&d, desc, sizeof(d));
	for (int64_t oy = 0; oy < d.oh; oy++)
		for (int64_t ox = 0; ox < d.ow; ox++)
			for (uint64_t c = 0; c < d.c; c++) {
				uint64_t out = (uint64_t)(oy * d.ow + ox) * d.out_stride + c * ref_size(d.type);
				int64_t py = position(&d, d.origin_y, d.scale_y, oy, d.ih), y = py / 65536;
				int64_t px = position(&d, d.origin_x, d.scale_x, ox, d.iw), x = px / 65536;
				uint32_t top, bottom;

				if (d.mode == LOOM_RESIZE_NEAREST) {
					ref_put(r, REF_SPM, d.out + out, ref_size(d.type),
						ref_get(r, REF_SPM, d.in + offset(&d, y, x, c), ref_size(d.type)));
					continue;
				}
				top = mix(input(r, &d, y, x, c), input(r, &d, y, x + 1, c), px % 65536);
				bottom = mix(input(r, &d, y + 1, x, c), input(r, &d, y + 1, x + 1, c), px % 65536);
				ref_store(r, d.out, out, d.type, mix(top, bottom, py % 65536), 0);
			}
}

static uint32_t canonical(uint32_t a)
{
	return sf_is_nan(a) ? SF_NAN : a;
}

void ref_optim(struct ref *r, const void *desc)
{
	struct loom_optim d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t i = 0; i < d.count; i++) {
		uint32_t p = (uint32_t)ref_get(r, REF_SPM, d.param + 4 * i, 4), m, v;
		uint32_t g = sf_mul((uint32_t)ref_get(r, REF_SPM, d.grad + 4 * i, 4), d.hyper[7]);
		uint32_t rate = d.hyper[0] ^ 0x80000000;

		g = sf_fma(d.hyper[4], p, g);
		if (d.rule != LOOM_OPTIM_SGD) {
			m = (uint32_t)ref_get(r, REF_SPM, d.state0 + 4 * i, 4);
			m = sf_fma(d.hyper[1], m, d.rule == LOOM_OPTIM_MOMENTUM ? g :
				   sf_mul(sf_sub(SF_ONE, d.hyper[1]), g));
			ref_put(r, REF_SPM, d.state0 + 4 * i, 4, canonical(m));
			if (d.rule == LOOM_OPTIM_ADAM) {
				v = (uint32_t)ref_get(r, REF_SPM, d.state1 + 4 * i, 4);
				v = sf_fma(d.hyper[2], v, sf_mul(sf_sub(SF_ONE, d.hyper[2]), sf_mul(g, g)));
				ref_put(r, REF_SPM, d.state1 + 4 * i, 4, canonical(v));
				m = sf_div(sf_mul(m, d.hyper[5]),
					   sf_add(sf_sqrt(sf_mul(v, d.hyper[6])), d.hyper[3]));
			}
			g = m;
		}
		p = sf_fma(rate, g, p);
		ref_put(r, REF_SPM, d.param + 4 * i, 4, canonical(p));
		if (d.copy_type)
			ref_store(r, d.copy, i * ref_size(d.copy_type), d.copy_type, p, 0);
	}
}
