// SPDX-License-Identifier: MIT
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "inventory.h"
#include "loom_test.h"

static long meminfo(const char *text, const char *key)
{
	const char *line = strstr(text, key);
	long kb;

	CHECK(line);
	CHECK_EQ(sscanf(line + strlen(key), " %ld kB", &kb), 1);
	return kb;
}

/* Free pages that processors keep at hand, KiB: some megabytes more or less. */
static long at_hand(void)
{
	char *text = file_text("/proc/zoneinfo"), *at = text;
	long sum = 0, pages;

	while ((at = strstr(at, " count:"))) {
		CHECK_EQ(sscanf(at, " count: %ld", &pages), 1);
		sum += pages * (long)(PAGE / 1024);
		at++;
	}
	free(text);
	return sum;
}

static void write_to_each(const char *pattern)
{
	glob_t paths;

	if (glob(pattern, 0, NULL, &paths))
		return;
	for (size_t i = 0; i < paths.gl_pathc; i++)
		file_write(paths.gl_pathv[i], "1");
	globfree(&paths);
}

struct inventory inventory(void)
{
	struct inventory i;
	char *text;

	/* what ends in its own time has had it */
	sleep(1);
	/* a dump is kept for minutes, with the device that it is of, where nobody wants it */
	write_to_each("/sys/class/devcoredump/devcd*/data");
	sleep(1);
	file_write("/proc/sys/vm/drop_caches", "3");
	/* slabs without objects go; KASAN lets go of freed objects that it holds back, up to megabytes of them */
	write_to_each("/sys/kernel/slab/*/shrink");
	text = file_text("/proc/meminfo");
	i.slab = meminfo(text, "SUnreclaim:");
	i.free = meminfo(text, "MemFree:") + at_hand();
	free(text);
	text = file_text("/proc/sys/fs/file-nr");
	CHECK_EQ(sscanf(text, "%ld", &i.files), 1);
	free(text);
	return i;
}

struct inventory inventory_after(const struct inventory *before)
{
	struct inventory after = inventory();

	for (int tries = 0; tries < 10 && !nothing_leaked(before, &after); tries++) {
		usleep(500 * 1000);
		after = inventory();
	}
	return after;
}

/*
 * The caches of what is gone breathe, but not with the number of faults. The kernel counts files by processor, in
 * batches of 32.
 */
bool nothing_leaked(const struct inventory *before, const struct inventory *after)
{
	return after->slab - before->slab < 1024 && before->free - after->free < 8192 &&
	       after->files - before->files < 8 + 2 * 32;
}

void take_all(void)
{
	struct client half[2];

	CHECK(!strstr(debug_text("address_spaces"), "client"));
	CHECK(!strstr(debug_text("queues"), "loom-"));
	for (int i = 0; i < 2; i++) {
		half[i] = client_open();
		for (int n = 1; n < LOOM_NUM_AS / 2; n++) {
			uint32_t vm = vm_create(half[i].fd);

			queue_create(half[i].fd, vm);
		}
		client_serves(&half[i]);
	}
	client_close(&half[0]);
	client_close(&half[1]);
}
