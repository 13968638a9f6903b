// SPDX-License-Identifier: MIT
/* Reports the figures of the digits demonstration: table, JSON, verdict. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "digits.h"

const struct digits_case digits_cases[DIGITS_NUM_CASES] = {
	{ "cnn", "int8", false },
	{ "cnn", "fp16", false },
	{ "cnn", "fp32", false },
	{ "cnn", "fp32", true },
	{ "mlp", "int8", false },
	{ "mlp", "fp16", false },
	{ "mlp", "fp32", false },
	{ "mlp", "fp32", true },
};

void digits_print_row(const struct digits_case *c, const struct digits_result *r)
{
	char accuracy[32], cycles[32] = "-", use[32] = "-";

	snprintf(accuracy, sizeof(accuracy), "%.1f %%%s", 100.0 * r->right / r->count, c->on_cpu ? " *" : "");
	if (!c->on_cpu) {
		snprintf(cycles, sizeof(cycles), "%llu", (unsigned long long)r->cycles);
		snprintf(use, sizeof(use), "%.1f %%", 100.0 * r->utilisation);
	}
	printf("%-8s %-6s %-7s %9s %12.0f %12s %12s\n", c->network, c->precision, c->on_cpu ? "cpu" : "npu",
	       accuracy, r->us, cycles, use);
	if (c->on_cpu)
		printf("%*s* of %u digits\n", 24, "", r->count);
}

int digits_write_json(const char *path, const struct digits_result *results)
{
	json_t *list = json_array();
	int err;

	for (int i = 0; i < DIGITS_NUM_CASES; i++) {
		const struct digits_case *c = &digits_cases[i];
		const struct digits_result *r = &results[i];

		if (!r->count)
			continue;
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:I, s:f}",
						      "network", c->network, "precision", c->precision,
						      "device", c->on_cpu ? "cpu" : "npu",
						      "count", (int)r->count, "right", (int)r->right, "us", r->us,
						      "cycles", (json_int_t)r->cycles,
						      "utilisation", r->utilisation));
	}
	err = json_dump_file(list, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6)) ? -EIO : 0;
	json_decref(list);
	return err;
}

static double accuracy(const struct digits_result *results, const char *network, const char *precision)
{
	for (int i = 0; i < DIGITS_NUM_CASES; i++)
		if (!digits_cases[i].on_cpu && !strcmp(digits_cases[i].network, network) &&
		    !strcmp(digits_cases[i].precision, precision) && results[i].count)
			return 100.0 * results[i].right / results[i].count;
	return 0;
}

static bool claim(const char *text, bool holds)
{
	printf("%s  %s\n", holds ? "ok    " : "FAILED", text);
	return holds;
}

bool digits_verdict(const struct digits_result *results)
{
	double int8 = accuracy(results, "cnn", "int8"), fp16 = accuracy(results, "cnn", "fp16");
	double fp32 = accuracy(results, "cnn", "fp32");
	double half = fp16 - fp32 < 0 ? fp32 - fp16 : fp16 - fp32;
	bool ok = true;

	printf("\n");
	ok &= claim("cnn int8 is right for at least 98.0 % of the digits", int8 >= 98.0);
	ok &= claim("cnn int8 is within 0.5 points of fp32", fp32 - int8 <= 0.5 + 1e-9);
	ok &= claim("cnn fp16 is within 0.2 points of fp32", half <= 0.2 + 1e-9);
	ok &= claim("mlp int8 is right for at least 95.0 % of the digits", accuracy(results, "mlp", "int8") >= 95.0);
	return ok;
}
