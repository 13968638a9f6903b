/* SPDX-License-Identifier: MIT */
/* The table by operator that the run leaves behind. */
#ifndef TESTS_CONFORMANCE_TABLE_H
#define TESTS_CONFORMANCE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#define TABLE_WHY	160

/**
 * struct table_row - an operator
 * @op: its name
 * @models: that have it
 * @passed: of them
 * @refused: of them
 * @constant: of those passed, models some of whose inputs had to be constants
 * @npu: nodes of compiled models that are on the NPU
 * @cpu: on the CPU
 * @why: the first reason for a refusal, or for the CPU
 */
struct table_row {
	char op[48];
	int models, passed, refused, constant;
	int npu, cpu;
	char why[TABLE_WHY];
};

/** table_row - the row of operator @op, a new one where there is none yet */
struct table_row *table_row(const char *op);
/** table_each - rows by name, NULL behind the last; calls with 0, 1, ... after everything was added */
struct table_row *table_each(size_t i);
/** table_write - the table as text; false where the file cannot be written */
bool table_write(const char *path, const char *summary);

#endif
