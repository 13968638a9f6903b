// SPDX-License-Identifier: MIT
/* Several devices as one: sessions are put on the one that has the fewest, requests where there is least to do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "libaccel/error.h"

#define MAX_MEMBERS 16

static void group_close(struct accel_device *dev)
{
	for (uint32_t i = 0; i < dev->num_members; i++)
		accel_close(dev->member[i]);
	free(dev->member);
}

static const struct accel_backend group_ops = { .close = group_close };

static bool same_geometry(const struct accel_device_info *a, const struct accel_device_info *b)
{
	return a->kind == b->kind && a->array_dim == b->array_dim && a->num_cores == b->num_cores &&
	       a->spm_bytes == b->spm_bytes && a->acc_bytes == b->acc_bytes && a->dram_bpc == b->dram_bpc &&
	       a->isa_version == b->isa_version && a->features == b->features;
}

static void join_names(char *name, size_t size, const char *more)
{
	size_t len = strlen(name);

	if (len + 1 + strlen(more) < size) {
		name[len] = '+';
		strcpy(name + len + 1, more);
	}
}

/* Takes @dev over. */
static int add(struct accel_device *group, struct accel_device *dev)
{
	struct accel_device **m;

	if (dev->num_members || group->num_members == MAX_MEMBERS) {
		accel_close(dev);
		return accel_error(EINVAL, "open: a list names up to %d single devices", MAX_MEMBERS);
	}
	m = reallocarray(group->member, group->num_members + 1, sizeof(struct accel_device *));
	if (!m) {
		accel_close(dev);
		return accel_enomem("a device");
	}
	group->member = m;
	m[group->num_members++] = dev;
	if (group->num_members == 1)
		group->info = dev->info;
	else
		join_names(group->info.name, sizeof(group->info.name), dev->info.name);
	return 0;
}

/* Every Loom of the first one's geometry. Those that may not be opened are none of the caller's. */
static int add_all(struct accel_device *group)
{
	char node[64];
	int err, why = 0, i = -1;

	while ((i = accel_drm_next(i + 1, node, sizeof(node))) >= 0 && group->num_members < MAX_MEMBERS) {
		struct accel_device *dev;

		err = accel_drm_open(node, &dev);
		if (err) {
			why = err;
		} else if (group->num_members && !same_geometry(&group->info, &dev->info)) {
			accel_close(dev);
		} else {
			err = add(group, dev);
			if (err)
				return err;
		}
	}
	if (group->num_members)
		return 0;
	return why ? why : accel_error(ENOENT, "open all: no /dev/accel node belongs to a Loom: is there a device (lspci -d "
				       "1234:4c4d), and the module loaded (modprobe loom)?");
}

static int add_list(struct accel_device *group, const char *spec)
{
	char *list = strdup(spec), *rest = list, *one;
	int err = list ? 0 : accel_enomem("a device");

	while (!err && (one = strsep(&rest, "+"))) {
		struct accel_device *dev;

		err = accel_open(one, &dev);
		if (err)
			break;
		if (group->num_members && !same_geometry(&group->info, &dev->info)) {
			err = accel_error(EINVAL, "open %s: %s is of another kind or geometry than %s: one program must run on "
					  "all devices of a list", spec, one, group->member[0]->info.name);
			accel_close(dev);
			break;
		}
		err = add(group, dev);
	}
	free(list);
	return err;
}

int accel_group_open(const char *spec, struct accel_device **out)
{
	struct accel_device *group = calloc(1, sizeof(*group));
	int err;

	if (!group)
		return accel_enomem("a device");
	group->ops = &group_ops;
	err = !strcmp(spec, "all") ? add_all(group) : add_list(group, spec);
	if (err)
		accel_close(group);
	else
		*out = group;
	return err;
}

struct accel_device *accel_device_pick(struct accel_device *dev)
{
	struct accel_device *best = dev;

	for (uint32_t i = 0; i < dev->num_members; i++)
		if (best == dev || atomic_load(&dev->member[i]->sessions) < atomic_load(&best->sessions))
			best = dev->member[i];
	atomic_fetch_add(&best->sessions, 1);
	return best;
}

void accel_device_drop(struct accel_device *dev)
{
	atomic_fetch_sub(&dev->sessions, 1);
}
