/* SPDX-License-Identifier: MIT */
#ifndef ACCEL_RUNTIME_COMPILE_H
#define ACCEL_RUNTIME_COMPILE_H

#include <accel/accel.h>

/** accel_compile_seen - accel_compile(), but every value that a node makes is an output as well */
int accel_compile_seen(struct accel_graph *graph, struct accel_device *dev, const struct accel_compile_options *opts,
		       struct accel_program **out);

#endif
