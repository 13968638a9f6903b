/* SPDX-License-Identifier: MIT */
#ifndef CONFORMANCE_NETS_INPUT_H
#define CONFORMANCE_NETS_INPUT_H

#include <stdint.h>
#include <stdio.h>

#include <accel/accel.h>

/** random_input - numbers between -1 and 1, the same each time */
static inline void random_input(float *data, size_t count)
{
	uint64_t s = 42;

	for (size_t i = 0; i < count; i++) {
		s = s * 6364136223846793005u + 1442695040888963407u;
		data[i] = (float)(s >> 40) * 0x1p-23f - 1;
	}
}

/** write_outputs - every output of @s, a session of @p, one behind the other, to a new file @path; 0 or -1 with errno */
static inline int write_outputs(struct accel_session *s, const struct accel_program *p, const char *path)
{
	FILE *f = fopen(path, "wb");
	int err = f ? 0 : -1;

	for (int i = 0; !err && i < accel_program_num_outputs(p); i++) {
		size_t bytes;
		const void *out = accel_output(s, i, &bytes);

		err = fwrite(out, 1, bytes, f) == bytes ? 0 : -1;
	}
	if (f && fclose(f))
		err = -1;
	return err;
}

#endif
