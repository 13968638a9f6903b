/* SPDX-License-Identifier: MIT */
/*
 * A weight-stationary systolic array, stepped cycle by cycle, processing element by processing element: what the
 * cycle model claims to count.
 */
#ifndef LOOM_TESTS_PE_ARRAY_H
#define LOOM_TESTS_PE_ARRAY_H

#include <stdint.h>

/**
 * pe_array_run - c[m][n] += a[m][k] * b[k][n] on an array of @r rows and columns
 * Return: cycles from the first weight that enters to the last sum that leaves.
 */
uint64_t pe_array_run(uint32_t r, uint32_t m, uint32_t n, uint32_t k, const int32_t *a, const int32_t *b,
		      int32_t *c);

#endif
