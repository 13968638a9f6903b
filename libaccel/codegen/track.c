// SPDX-License-Identifier: MIT
/* Dependencies between descriptors of different engines, as vector clocks over the engines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"

static int grow(void **p, uint32_t *cap, uint32_t need, size_t elem)
{
	uint32_t n = *cap ? *cap * 2 : 64;
	void *q;

	if (need <= *cap)
		return 0;
	if (n < need)
		n = need;
	q = reallocarray(*p, n, elem);
	if (!q)
		return -ENOMEM;
	*p = q;
	*cap = n;
	return 0;
}

static void merge(struct accel_clock *into, const struct accel_clock *from)
{
	for (int i = 0; i < LOOM_NUM_ENGINES; i++)
		if (into->t[i] < from->t[i])
			into->t[i] = from->t[i];
}

/* Latest descriptor of each other engine that conflicts with @a. */
static void conflicts(const struct accel_tracker *t, enum loom_engine engine, const struct accel_access *a,
		      uint32_t *need)
{
	const struct accel_touch *touch = t->touch[a->space];

	for (uint32_t i = 0; i < t->num[a->space]; i++) {
		const struct accel_touch *o = &touch[i];

		if (o->engine != engine && (o->write || a->write) && o->lo < a->hi && a->lo < o->hi &&
		    need[o->engine] < o->index)
			need[o->engine] = o->index;
	}
}

/*
 * Remember an access. What it covers is ordered before it, so a later conflict with that is one with this:
 * a write stands for everything it covers, a read for earlier reads of its own engine.
 */
static int remember(struct accel_tracker *t, enum loom_engine engine, const struct accel_access *a)
{
	struct accel_touch *touch = t->touch[a->space];
	uint32_t keep = 0;
	int err;

	for (uint32_t i = 0; i < t->num[a->space]; i++) {
		const struct accel_touch *o = &touch[i];
		int covered = a->lo <= o->lo && o->hi <= a->hi;
		int joins = o->engine == engine && o->write == a->write;

		if (covered && (a->write || (joins && !o->write)))
			continue;
		touch[keep++] = *o;
	}
	t->num[a->space] = keep;
	err = grow((void **)&t->touch[a->space], &t->cap[a->space], keep + 1, sizeof(*touch));
	if (err)
		return err;
	t->touch[a->space][t->num[a->space]++] =
		(struct accel_touch){ a->lo, a->hi, t->count[engine], engine, a->write };
	return 0;
}

/* Drop waits that another wait implies. */
static void reduce(const struct accel_tracker *t, uint32_t *need)
{
	for (int f = 0; f < LOOM_NUM_ENGINES; f++)
		for (int g = 0; need[f] && g < LOOM_NUM_ENGINES; g++)
			if (g != f && need[g] && t->history[g][need[g] - 1].t[f] >= need[f])
				need[f] = 0;
}

int accel_track(struct accel_tracker *t, enum loom_engine engine, const struct accel_access *acc, int num,
		struct accel_waits *waits)
{
	uint32_t need[LOOM_NUM_ENGINES] = { 0 };
	uint32_t index = t->count[engine] + 1;
	int err;

	err = grow((void **)&t->history[engine], &t->cap_history[engine], index, sizeof(struct accel_clock));
	if (err)
		return err;
	for (int i = 0; i < num; i++)
		conflicts(t, engine, &acc[i], need);
	for (int f = 0; f < LOOM_NUM_ENGINES; f++)
		if (need[f] <= t->now[engine].t[f])
			need[f] = 0;
	reduce(t, need);

	waits->num = 0;
	for (int f = 0; f < LOOM_NUM_ENGINES; f++) {
		if (!need[f])
			continue;
		waits->engine[waits->num] = (uint8_t)f;
		waits->value[waits->num++] = need[f];
		merge(&t->now[engine], &t->history[f][need[f] - 1]);
	}
	t->count[engine] = index;
	t->now[engine].t[engine] = index;
	t->history[engine][index - 1] = t->now[engine];
	for (int i = 0; i < num; i++) {
		err = remember(t, engine, &acc[i]);
		if (err)
			return err;
	}
	return 0;
}

void accel_track_barrier(struct accel_tracker *t, int reset)
{
	memset(t->num, 0, sizeof(t->num));
	if (reset)
		memset(t->count, 0, sizeof(t->count));
	for (int e = 0; e < LOOM_NUM_ENGINES; e++)
		memcpy(t->now[e].t, t->count, sizeof(t->count));
}

void accel_track_free(struct accel_tracker *t)
{
	for (int s = 0; s < ACCEL_NUM_SPACES; s++)
		free(t->touch[s]);
	for (int e = 0; e < LOOM_NUM_ENGINES; e++)
		free(t->history[e]);
	memset(t, 0, sizeof(*t));
}
