/* SPDX-License-Identifier: MIT */
/* Little-endian records: a writer that grows, a reader that never reads beyond its end. */
#ifndef ACCEL_PROGRAM_BYTES_H
#define ACCEL_PROGRAM_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct accel_writer
 * @failed: memory ran out
 */
struct accel_writer {
	uint8_t *data;
	size_t len, cap;
	bool failed;
};

void accel_put(struct accel_writer *w, const void *data, size_t len);
void accel_put_u32(struct accel_writer *w, uint32_t v);
void accel_put_u64(struct accel_writer *w, uint64_t v);
void accel_put_f32(struct accel_writer *w, float v);
/** accel_put_text - length, then characters; NULL as "" */
void accel_put_text(struct accel_writer *w, const char *s);

/**
 * struct accel_reader
 * @failed: something lay beyond the end, or memory ran out; what was read since is zero
 */
struct accel_reader {
	const uint8_t *at, *end;
	bool failed;
};

/** accel_take - the next @len bytes in place, NULL beyond the end */
const void *accel_take(struct accel_reader *r, uint64_t len);
uint32_t accel_take_u32(struct accel_reader *r);
uint64_t accel_take_u64(struct accel_reader *r);
float accel_take_f32(struct accel_reader *r);
/** accel_take_text - a copy, to be freed; NULL on failure */
char *accel_take_text(struct accel_reader *r);
/** accel_take_count - a count of things of at least @each bytes; 0 and failed where so many cannot follow */
uint32_t accel_take_count(struct accel_reader *r, size_t each);

#endif
