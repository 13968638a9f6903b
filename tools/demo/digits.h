/* SPDX-License-Identifier: MIT */
/* The digits demonstration: its cases, how one is run, and how the figures are reported. */
#ifndef LOOM_DEMO_DIGITS_H
#define LOOM_DEMO_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

#include <accel/accel.h>

#include "tools/digits/idx.h"

/** struct digits_options - command line; see usage */
struct digits_options {
	const char *device, *programs, *models, *data, *json;
	uint32_t count, cpu_count;
};

/** struct digits_case - one row of the table: a network in a precision, on the NPU or on the CPU */
struct digits_case {
	const char *network;
	const char *precision;
	bool on_cpu;
};

#define DIGITS_NUM_CASES 8
extern const struct digits_case digits_cases[DIGITS_NUM_CASES];

/**
 * struct digits_result - what running a case showed
 * @count: digits classified; 0: not run
 * @right: of them
 * @us: median wall time of one digit, microseconds, from submission to answer
 * @cycles: of the device for one digit, 0 on the CPU
 * @utilisation: of the array, 0..1
 */
struct digits_result {
	uint32_t count, right;
	double us;
	uint64_t cycles;
	double utilisation;
};

/** digits_load_test_set - the held-out digits; 0 or -errno, message printed */
int digits_load_test_set(const struct digits_options *o, struct idx_digits *set);

/**
 * digits_run_program - run a case on an NPU, one digit at a time
 * @count: the first so many of @set
 * @answers: @count entries, or NULL
 * @confidence: @count entries, or NULL
 * Return: 0 or -errno, message printed.
 */
int digits_run_program(struct accel_device *dev, const struct digits_options *o, const struct digits_case *c,
		       const struct idx_digits *set, uint32_t count, uint8_t *answers, float *confidence,
		       struct digits_result *r);

/** digits_run_cpu - the same on the library's CPU device, compiled from the ONNX file */
int digits_run_cpu(const struct digits_options *o, const struct digits_case *c, const struct idx_digits *set,
		   uint32_t count, struct digits_result *r);

void digits_print_row(const struct digits_case *c, const struct digits_result *r);

/** digits_write_json - list of objects, one a case that ran; 0 or -errno */
int digits_write_json(const char *path, const struct digits_result *results);

/** digits_verdict - do the accuracies hold what docs say? Prints each comparison */
bool digits_verdict(const struct digits_result *results);

#endif
