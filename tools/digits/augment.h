/* SPDX-License-Identifier: MIT */
/* Random small distortions of an image, for training. */
#ifndef LOOM_DIGITS_AUGMENT_H
#define LOOM_DIGITS_AUGMENT_H

#include <stdint.h>

#include "tools/digits/rng.h"

/**
 * augment() - a randomly turned, scaled, sheared and shifted copy of an image
 * @in: 28x28 bytes
 * @out: receives 28x28 values of 0 to 1
 * @rng: advanced by a fixed number of draws
 *
 * Up to 10 degrees, 10 %, 10 % and 2 pixels; sampled bilinearly, paper (0) outside.
 */
void augment(const uint8_t *in, float *out, struct rng *rng);

#endif
