// SPDX-License-Identifier: MIT
#include "tools/digits/augment.h"

#include <math.h>

#include "tools/digits/net.h"

static float pixel(const uint8_t *in, int y, int x)
{
	if (y < 0 || y >= NET_SIDE || x < 0 || x >= NET_SIDE)
		return 0;
	return in[y * NET_SIDE + x] / 255.0f;
}

static float sample(const uint8_t *in, float y, float x)
{
	float fy = floorf(y), fx = floorf(x), ay = y - fy, ax = x - fx;
	int iy = (int)fy, ix = (int)fx;

	return (1 - ay) * ((1 - ax) * pixel(in, iy, ix) + ax * pixel(in, iy, ix + 1)) +
		ay * ((1 - ax) * pixel(in, iy + 1, ix) + ax * pixel(in, iy + 1, ix + 1));
}

void augment(const uint8_t *in, float *out, struct rng *rng)
{
	float angle = rng_uniform(rng, -0.175f, 0.175f);
	float scale = rng_uniform(rng, 0.9f, 1.1f), shear = rng_uniform(rng, -0.1f, 0.1f);
	float dy = rng_uniform(rng, -2, 2), dx = rng_uniform(rng, -2, 2);
	float c = cosf(angle) * scale, s = sinf(angle) * scale, mid = (NET_SIDE - 1) / 2.0f;

	for (int y = 0; y < NET_SIDE; y++) {
		for (int x = 0; x < NET_SIDE; x++) {
			float v = y - mid + dy, u = x - mid + dx + shear * (y - mid);

			*out++ = sample(in, mid + c * v - s * u, mid + s * v + c * u);
		}
	}
}
