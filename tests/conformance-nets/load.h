/* SPDX-License-Identifier: MIT */
#ifndef CONFORMANCE_NETS_LOAD_H
#define CONFORMANCE_NETS_LOAD_H

#include <accel/accel.h>

/** load_net - graph of libonnx-testdata with random weights, from the cache; NULL, and why on standard output */
struct accel_graph *load_net(const char *name);
/** calibrate_net - random samples for @g's input into @o, to be freed when it is compiled; NULL for want of memory */
float *calibrate_net(const struct accel_graph *g, struct accel_compile_options *o);

#endif
