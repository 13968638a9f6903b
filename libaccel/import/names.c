// SPDX-License-Identifier: MIT
#include "libaccel/import/names.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The slot that holds @key, or the free one where it would go. */
static struct accel_name_slot *slot_of(const struct accel_names *names, const char *key)
{
	uint64_t hash = 0xcbf29ce484222325u;
	size_t i;

	for (const char *c = key; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	i = (hash ^ hash >> 32) & (names->cap - 1);
	while (names->slots[i].key && strcmp(names->slots[i].key, key))
		i = (i + 1) & (names->cap - 1);
	return &names->slots[i];
}

static int rehash(struct accel_names *names)
{
	struct accel_names larger = { .cap = names->cap ? names->cap * 2 : 64, .count = names->count };

	larger.slots = calloc(larger.cap, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < names->cap; i++)
		if (names->slots[i].key)
			*slot_of(&larger, names->slots[i].key) = names->slots[i];
	free(names->slots);
	*names = larger;
	return 0;
}

int accel_names_get(const struct accel_names *names, const char *key)
{
	const struct accel_name_slot *slot = names->cap ? slot_of(names, key) : NULL;

	return slot && slot->key ? slot->value : -ENOENT;
}

int accel_names_add(struct accel_names *names, const char *key, int value)
{
	struct accel_name_slot *slot;

	if (names->count * 2 >= names->cap && rehash(names))
		return -ENOMEM;
	slot = slot_of(names, key);
	if (slot->key)
		return -EEXIST;
	*slot = (struct accel_name_slot){ key, value };
	names->count++;
	return 0;
}

void accel_names_free(struct accel_names *names)
{
	free(names->slots);
	*names = (struct accel_names){ 0 };
}
