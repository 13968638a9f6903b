// SPDX-License-Identifier: MIT
/* Memory plan of activations: first fit over blocks in order of address, neighbours joined when released. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"

static int insert(struct accel_arena *a, int at, struct accel_block b)
{
	if (a->num == a->cap) {
		int cap = a->cap ? a->cap * 2 : 16;
		struct accel_block *p = reallocarray(a->blocks, (size_t)cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		a->blocks = p;
		a->cap = cap;
	}
	memmove(&a->blocks[at + 1], &a->blocks[at], (size_t)(a->num - at) * sizeof(*a->blocks));
	a->blocks[at] = b;
	a->num++;
	return 0;
}

static void drop(struct accel_arena *a, int at)
{
	a->num--;
	memmove(&a->blocks[at], &a->blocks[at + 1], (size_t)(a->num - at) * sizeof(*a->blocks));
}

uint64_t accel_arena_alloc(struct accel_arena *a, uint64_t bytes, int *err)
{
	int i;

	bytes = (bytes + 63) / 64 * 64;
	a->live += bytes;
	if (a->bound < a->live)
		a->bound = a->live;
	for (i = 0; i < a->num; i++) {
		struct accel_block *b = &a->blocks[i];
		uint64_t rest = b->bytes - bytes;

		if (b->used || b->bytes < bytes)
			continue;
		b->used = true;
		b->bytes = bytes;
		if (rest)
			*err = insert(a, i + 1, (struct accel_block){ a->blocks[i].off + bytes, rest, false });
		return a->blocks[i].off;
	}
	/* A free block at the end grows. */
	if (a->num && !a->blocks[a->num - 1].used) {
		struct accel_block *b = &a->blocks[a->num - 1];

		b->used = true;
		b->bytes = bytes;
		a->high = b->off + bytes;
		return b->off;
	}
	*err = insert(a, a->num, (struct accel_block){ a->high, bytes, true });
	a->high += bytes;
	return a->high - bytes;
}

void accel_arena_release(struct accel_arena *a, uint64_t off)
{
	int i = 0;

	while (i < a->num && a->blocks[i].off != off)
		i++;
	if (i == a->num)
		return;
	a->blocks[i].used = false;
	a->live -= a->blocks[i].bytes;
	if (i + 1 < a->num && !a->blocks[i + 1].used) {
		a->blocks[i].bytes += a->blocks[i + 1].bytes;
		drop(a, i + 1);
	}
	if (i > 0 && !a->blocks[i - 1].used) {
		a->blocks[i - 1].bytes += a->blocks[i].bytes;
		drop(a, i);
	}
}
