/* SPDX-License-Identifier: MIT */
/* A map from text to int, for names in files: linear time whatever their number. */
#ifndef ACCEL_IMPORT_NAMES_H
#define ACCEL_IMPORT_NAMES_H

#include <stddef.h>

struct accel_names {
	struct accel_name_slot {
		const char *key;
		int value;
	} *slots;
	size_t count;
	size_t cap;
};

/** accel_names_get - value of @key, or -ENOENT */
int accel_names_get(const struct accel_names *names, const char *key);
/** accel_names_add - @key is kept, not copied; 0, -EEXIST or -ENOMEM */
int accel_names_add(struct accel_names *names, const char *key, int value);
void accel_names_free(struct accel_names *names);

#endif
