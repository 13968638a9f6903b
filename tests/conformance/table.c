// SPDX-License-Identifier: MIT
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct table_row rows[512];
static size_t count;

struct table_row *table_row(const char *op)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(rows[i].op, op))
			return &rows[i];
	if (count == sizeof(rows) / sizeof(rows[0]))
		abort();
	snprintf(rows[count].op, sizeof(rows[count].op), "%s", op);
	return &rows[count++];
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct table_row *)a)->op, ((const struct table_row *)b)->op);
}

struct table_row *table_each(size_t i)
{
	if (!i)
		qsort(rows, count, sizeof(rows[0]), by_name);
	return i < count ? &rows[i] : NULL;
}

bool table_write(const char *path, const char *summary)
{
	FILE *f = fopen(path, "w");
	bool ok;

	if (!f)
		return false;
	fprintf(f, "%s\n\n", summary);
	fprintf(f, "models: that have the operator; constant: passed, with inputs given as constants;\n"
		"npu, cpu: nodes of what was compiled for the NPU, by where they run\n\n");
	fprintf(f, "%-28s %6s %6s %7s %8s %5s %5s  %s\n", "operator", "models", "passed", "refused", "constant", "npu", "cpu",
		"first reason for refusal or CPU");
	for (size_t i = 0; i < count; i++) {
		const struct table_row *r = &rows[i];

		fprintf(f, "%-28s %6d %6d %7d %8d %5d %5d  %s\n", r->op, r->models, r->passed, r->refused, r->constant, r->npu,
			r->cpu, r->why);
	}
	ok = !ferror(f);
	return !fclose(f) && ok;
}
