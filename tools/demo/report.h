/* SPDX-License-Identifier: MIT */
/* What the demo measured: a table for people, and the verdict. */
#ifndef LOOM_DEMO_REPORT_H
#define LOOM_DEMO_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct demo_result - one network in one precision on one device
 * @network: for example "cnn"
 * @precision: "fp32", "fp16", "bf16" or "int8"
 * @device: for example "npu" or "cpu"
 * @total: digits classified
 * @right: of these, right
 * @us_per_digit: wall-clock time of a digit, from submission to completion, in microseconds
 * @cycles_per_digit: device cycles of a digit; 0 where the device counts none
 * @utilisation: share of the array's multiply-accumulates that were of use, 0 to 1
 */
struct demo_result {
	const char *network, *precision, *device;
	uint32_t total, right;
	double us_per_digit;
	double cycles_per_digit;
	double utilisation;
};

/** demo_accuracy() - share of right answers in percent; 0 of no digits */
double demo_accuracy(const struct demo_result *r);

/** demo_report() - print results as a table, a line each */
void demo_report(FILE *out, const struct demo_result *results, size_t n);

/**
 * demo_verdict() - hold results to what the networks must reach
 * @out: receives a line for every demand that is not met
 *
 * On each device: the cnn in int8 has 98.0 % right, and is within 0.5 points of its fp32 result; fp16 of every network is
 * within 0.2 points of fp32. A comparison needs both results over the same number of digits; where there is none, it is
 * left out.
 * Return: number of demands not met.
 */
int demo_verdict(FILE *out, const struct demo_result *results, size_t n);

#endif
