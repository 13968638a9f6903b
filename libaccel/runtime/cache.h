/* SPDX-License-Identifier: MIT */
#ifndef ACCEL_RUNTIME_CACHE_H
#define ACCEL_RUNTIME_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include <accel/accel.h>

/**
 * accel_cache_key - path of the program's file: made of all that a program depends on, the compiler itself included
 * Return: false where there is no place for it, the cache is off, or the options are such that programs are not kept.
 */
bool accel_cache_key(const struct accel_graph *graph, const struct accel_device_info *dev,
		     const struct accel_compile_options *opts, char *path, size_t size);

/** accel_cache_keep - write @prog there, and drop what was used longest ago where there is too much. Failure is no error */
void accel_cache_keep(const struct accel_program *prog, const char *path);

#endif
