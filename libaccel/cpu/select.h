/* SPDX-License-Identifier: MIT */
/* Outputs whose every index, along each axis by itself, comes from an index of the input. */
#ifndef ACCEL_CPU_SELECT_H
#define ACCEL_CPU_SELECT_H

#include "libaccel/cpu/kernels.h"

/**
 * struct accel_select - a selection
 * @table: all tables, one behind the other: accel_select_free()
 * @from: by axis of the output: for each index the index of the input, -1 for @fill
 * @fill: one element of the output's type; NULL: zero
 */
struct accel_select {
	int64_t *table;
	int64_t *from[ACCEL_MAX_RANK];
	const void *fill;
};

/** accel_select_new - room for the tables of @out; 0 or -ENOMEM */
int accel_select_new(struct accel_select *s, const struct accel_value *out);
void accel_select_free(struct accel_select *s);
/** accel_select_run - fill the output of @k from its first input, whose rank is the output's or less */
void accel_select_run(const struct accel_select *s, const struct accel_kernel *k);

#endif
