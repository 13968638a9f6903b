// SPDX-License-Identifier: MIT
/* Pools. Padding takes no part in a maximum; in an average only where count_include_pad says so, as zero. */
#include <math.h>

#include "libaccel/cpu/kernels.h"

/* Taps [from, to) of a window along one axis that fall on [-before, extent + after). */
struct span {
	int64_t start;		/* input index of tap 0 */
	int64_t step;
	int64_t from, to;
};

static struct span span_of(const struct accel_attrs *a, int axis, int64_t o, int64_t before, int64_t end)
{
	struct span s = { o * a->stride[axis] - a->pad[axis], a->dilation[axis], 0, a->kernel[axis] };

	while (s.from < s.to && s.start + s.from * s.step < -before)
		s.from++;
	while (s.to > s.from && s.start + (s.to - 1) * s.step >= end)
		s.to--;
	return s;
}

struct plane {
	int64_t ih, iw, oh, ow;
};

static float window_max(const float *x, int64_t iw, const struct span *sy, const struct span *sx)
{
	float m = -INFINITY;

	for (int64_t ky = sy->from; ky < sy->to; ky++)
		for (int64_t kx = sx->from; kx < sx->to; kx++) {
			float v = x[(sy->start + ky * sy->step) * iw + sx->start + kx * sx->step];

			if (v > m || isnan(v))
				m = v;
		}
	return m;
}

static float window_sum(const float *x, int64_t iw, const struct span *sy, const struct span *sx)
{
	float sum = 0;

	for (int64_t ky = sy->from; ky < sy->to; ky++)
		for (int64_t kx = sx->from; kx < sx->to; kx++)
			sum += x[(sy->start + ky * sy->step) * iw + sx->start + kx * sx->step];
	return sum;
}

static float window_average(const struct accel_attrs *a, const float *x, const struct plane *p, int64_t oy, int64_t ox,
			    const struct span *sy, const struct span *sx)
{
	int64_t count = (sy->to - sy->from) * (sx->to - sx->from);

	if (a->count_include_pad) {
		struct span py = span_of(a, 0, oy, a->pad[0], p->ih + a->pad[2]);
		struct span px = span_of(a, 1, ox, a->pad[1], p->iw + a->pad[3]);

		count = (py.to - py.from) * (px.to - px.from);
	}
	return count ? window_sum(x, p->iw, sy, sx) / (float)count : 0;
}

static int pool(const struct accel_kernel *k, bool average)
{
	const struct accel_attrs *a = &k->n->attrs;
	const struct accel_value *in = k->in[0], *out = k->out;
	bool rows = in->rank == 4;
	struct plane p = {
		rows ? in->dims[2] : 1, in->dims[in->rank - 1], rows ? out->dims[2] : 1, out->dims[in->rank - 1],
	};
	const float *x = k->x[0];
	float *y = k->y;

	for (int64_t c = in->dims[0] * in->dims[1]; c > 0; c--, x += p.ih * p.iw)
		for (int64_t oy = 0; oy < p.oh; oy++) {
			struct span sy = span_of(a, 0, oy, 0, p.ih);

			for (int64_t ox = 0; ox < p.ow; ox++) {
				struct span sx = span_of(a, 1, ox, 0, p.iw);

				*y++ = average ? window_average(a, x, &p, oy, ox, &sy, &sx)
					       : window_max(x, p.iw, &sy, &sx);
			}
		}
	return 0;
}

int accel_kernel_maxpool(const struct accel_kernel *k)
{
	return pool(k, false);
}

int accel_kernel_avgpool(const struct accel_kernel *k)
{
	return pool(k, true);
}

int accel_kernel_global_avgpool(const struct accel_kernel *k)
{
	const struct accel_value *in = k->in[0];
	int64_t plane = accel_dims_product(in, 2, in->rank);
	const float *x = k->x[0];
	float *y = k->y;

	for (int64_t c = in->dims[0] * in->dims[1]; c > 0; c--, x += plane) {
		float sum = 0;

		for (int64_t i = 0; i < plane; i++)
			sum += x[i];
		*y++ = plane ? sum / (float)plane : 0;
	}
	return 0;
}
