// SPDX-License-Identifier: MIT
/* /proc/PID/fdinfo/FD, by the rules of the kernel's Documentation/gpu/drm-usage-stats.rst. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "loom_test.h"

/* Bytes. */
static unsigned long long memory(int fd, const char *key)
{
	char *value = fdinfo_value(fd, key), *end;
	unsigned long long n;

	if (!value)
		test_fail(__FILE__, __LINE__, "no %s", key);
	n = strtoull(value, &end, 10);
	if (!strcmp(end, " KiB"))
		n <<= 10;
	else if (!strcmp(end, " MiB"))
		n <<= 20;
	else
		CHECK(!*end);
	free(value);
	return n;
}

/* Keys have no blanks, begin with drm- or the driver's name, and none comes twice. */
TEST(syntax)
{
	struct client c = client_open();
	char *text = fdinfo_text(c.fd), *line, *rest = strstr(text, "drm-driver:");
	unsigned int lines = 0;

	CHECK(rest);
	while ((line = strsep(&rest, "\n")) && *line) {
		size_t length = strcspn(line, ":");

		CHECK(line[length] == ':' && line[length + 1] == '\t' && line[length + 2]);
		for (size_t i = 0; i < length; i++)
			CHECK(islower(line[i]) || isdigit(line[i]) || line[i] == '-');
		CHECK(!strncmp(line, "drm-", 4) || !strncmp(line, "loom-", 5));
		line[length] = 0;
		free(fdinfo_value(c.fd, line));
		lines++;
	}
	CHECK(lines >= 10);
}

TEST(identity)
{
	struct client a = client_open(), b = client_open();
	char device[64], *value;

	bound_device(device, sizeof(device));
	value = fdinfo_value(a.fd, "drm-driver");
	CHECK(value && !strcmp(value, "loom"));
	value = fdinfo_value(a.fd, "drm-pdev");
	CHECK(value && !strcmp(value, device));
	CHECK(fdinfo_number(a.fd, "drm-client-id", "") != fdinfo_number(b.fd, "drm-client-id", ""));
}

TEST(engine)
{
	struct client c = client_open(), other = client_open();
	struct stream s = copy_words(&c, DATA_VA + 4096, DATA_VA, 256);
	unsigned long long cycles, ns, before = 0;
	struct drm_loom_query_info info;

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	CHECK_EQ(fdinfo_number(c.fd, "drm-engine-capacity-npu", ""), info.num_cores);
	CHECK_EQ(fdinfo_number(c.fd, "drm-maxfreq-npu", "KHz"), info.clock_max_khz);
	CHECK(!fdinfo_value(c.fd, "drm-total-cycles-npu")); /* one or the other, not both */
	CHECK_EQ(fdinfo_number(c.fd, "drm-engine-npu", "ns"), 0);
	CHECK_EQ(fdinfo_number(c.fd, "drm-cycles-npu", ""), 0);

	for (unsigned int i = 1; i <= 3; i++) {
		client_run(&c, &s);
		CHECK_EQ(fdinfo_number(c.fd, "loom-jobs", ""), i);
		cycles = fdinfo_number(c.fd, "drm-cycles-npu", "");
		ns = fdinfo_number(c.fd, "drm-engine-npu", "ns");
		CHECK(cycles > before);
		/* each job's nanoseconds are rounded down */
		CHECK(ns + i >= cycles * 1000000 / info.clock_max_khz);
		before = cycles;
	}

	/* what a queue has done is not forgotten with it */
	CHECK_OK(queue_destroy(c.fd, c.queue));
	CHECK_EQ(fdinfo_number(c.fd, "drm-cycles-npu", ""), cycles);
	CHECK_EQ(fdinfo_number(c.fd, "drm-engine-npu", "ns"), ns);
	CHECK_EQ(fdinfo_number(c.fd, "loom-jobs", ""), 3);
	CHECK_EQ(fdinfo_number(other.fd, "loom-jobs", ""), 0);
	CHECK_EQ(fdinfo_number(other.fd, "drm-engine-npu", "ns"), 0);
}

TEST(memory_by_state)
{
	struct client c = client_open();
	unsigned long long total = memory(c.fd, "drm-total-memory");
	unsigned long long resident = memory(c.fd, "drm-resident-memory");
	struct drm_loom_bo_create args = { .size = HUGE_PAGE };
	struct drm_prime_handle prime = { .flags = DRM_RDWR };
	struct stream s = hang(&c);

	CHECK_EQ(total, c.code.size + c.data.size);
	CHECK_EQ(resident, total); /* both are mapped for the device */
	CHECK_EQ(memory(c.fd, "drm-shared-memory"), 0);
	CHECK_EQ(memory(c.fd, "drm-active-memory"), 0);

	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_CREATE, &args));
	CHECK_EQ(memory(c.fd, "drm-total-memory"), total + HUGE_PAGE);
	CHECK_EQ(memory(c.fd, "drm-resident-memory"), resident);
	CHECK_OK(vm_map(c.fd, c.vm, 0x100000000, args.handle, 0, HUGE_PAGE, 0));
	CHECK_EQ(memory(c.fd, "drm-resident-memory"), resident + HUGE_PAGE);
	prime.handle = args.handle;
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
	CHECK_EQ(memory(c.fd, "drm-shared-memory"), HUGE_PAGE);

	CHECK_OK(client_start(&c, &s));
	CHECK_EQ(memory(c.fd, "drm-active-memory"), total + HUGE_PAGE);
	CHECK_OK(queue_destroy(c.fd, c.queue));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	CHECK_EQ(memory(c.fd, "drm-active-memory"), 0);

	CHECK_EQ(memory(c.fd, "drm-purgeable-memory"), 0);
	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_MADVISE,
			    &(struct drm_loom_bo_madvise){ .handle = args.handle,
							   .advice = DRM_LOOM_ADVICE_DONTNEED }));
	CHECK_EQ(memory(c.fd, "drm-purgeable-memory"), HUGE_PAGE);

	close(prime.fd);
	gem_close(c.fd, args.handle);
	CHECK_EQ(memory(c.fd, "drm-total-memory"), total);
}
