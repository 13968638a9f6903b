// SPDX-License-Identifier: MIT
/* Transposed convolution: each input element adds the kernel, times itself, to the outputs that it reaches. */
#include <string.h>

#include "libaccel/cpu/kernels.h"

struct transposed {
	const struct accel_attrs *a;
	int64_t ih, iw, oh, ow;
};

/* One plane of the input through one plane of the kernel into one plane of the output. */
static void add_plane(const struct transposed *t, const float *x, const float *w, float *y)
{
	const struct accel_attrs *a = t->a;

	for (int64_t iy = 0; iy < t->ih; iy++)
		for (int64_t ky = 0; ky < a->kernel[0]; ky++) {
			int64_t oy = iy * a->stride[0] + ky * a->dilation[0] - a->pad[0];

			if (oy < 0 || oy >= t->oh)
				continue;
			for (int64_t ix = 0; ix < t->iw; ix++)
				for (int64_t kx = 0; kx < a->kernel[1]; kx++) {
					int64_t ox = ix * a->stride[1] + kx * a->dilation[1] - a->pad[1];

					if (ox >= 0 && ox < t->ow)
						y[oy * t->ow + ox] += x[iy * t->iw + ix] * w[ky * a->kernel[1] + kx];
				}
		}
}

int accel_kernel_conv_transpose(const struct accel_kernel *k)
{
	const struct accel_value *in = k->in[0], *weights = k->in[1], *out = k->out;
	bool rows = in->rank == 4;
	struct transposed t = {
		.a = &k->n->attrs,
		.ih = rows ? in->dims[2] : 1, .iw = in->dims[in->rank - 1],
		.oh = rows ? out->dims[2] : 1, .ow = out->dims[out->rank - 1],
	};
	int64_t groups = t.a->group, ic = weights->dims[0] / groups, oc = weights->dims[1];
	int64_t taps = t.a->kernel[0] * t.a->kernel[1];
	const float *x = k->x[0], *w = k->x[1], *bias = k->x[2];
	float *y = k->y;

	for (int64_t o = 0; o < in->dims[0] * groups * oc; o++)
		for (int64_t i = 0; i < t.oh * t.ow; i++)
			y[o * t.oh * t.ow + i] = bias ? bias[o % (groups * oc)] : 0;
	for (int64_t n = 0; n < in->dims[0]; n++)
		for (int64_t c = 0; c < groups * ic; c++)
			for (int64_t o = 0; o < oc; o++)
				add_plane(&t, x + (n * groups * ic + c) * t.ih * t.iw, w + (c * oc + o) * taps,
					  y + (n * groups * oc + c / ic * oc + o) * t.oh * t.ow);
	return 0;
}
