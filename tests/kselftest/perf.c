// SPDX-License-Identifier: MIT
/* PERF_OPEN: what is refused, what records say, overflow, poll, and streams whose device is reset or goes. */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loom_test.h"

#define ENGINES		5
#define MAX_VALUES	64

#define BUSY(engine)		(1ull << DRM_LOOM_PERF_BUSY(engine))
#define STALL(engine, cause)	(1ull << DRM_LOOM_PERF_STALL(engine, cause))
#define COUNTER(name)		(1ull << DRM_LOOM_PERF_##name)

struct record {
	struct drm_loom_perf_record head;
	uint64_t values[MAX_VALUES];
};

/* All of one core that there are. */
static uint64_t all_counters(void)
{
	uint64_t all = 0x7f;

	for (int e = 0; e < ENGINES; e++) {
		all |= BUSY(e);
		for (int cause = 0; cause < LOOM_NUM_STALLS; cause++)
			all |= STALL(e, cause);
	}
	return all;
}

static struct drm_loom_perf_open wanted(uint64_t counters, uint64_t period, uint32_t records)
{
	return (struct drm_loom_perf_open){
		.flags = DRM_LOOM_PERF_CLOEXEC, .cores = 1, .counters = counters,
		.period_ns = period, .records = records,
	};
}

static int perf_open(int fd, struct drm_loom_perf_open *args)
{
	return loom_ioctl(fd, DRM_IOCTL_LOOM_PERF_OPEN, args);
}

static int stream_of(int fd, uint64_t counters, uint64_t period, uint32_t records, uint32_t flags)
{
	struct drm_loom_perf_open args = wanted(counters, period, records);

	args.flags |= flags;
	CHECK_OK(perf_open(fd, &args));
	CHECK(args.fd >= 0);
	CHECK_EQ(args.record_bytes, sizeof(struct drm_loom_perf_record) + 8 * __builtin_popcountll(counters));
	return args.fd;
}

static int try_read(int stream, struct record *record, uint64_t counters)
{
	ssize_t want = sizeof(record->head) + 8 * __builtin_popcountll(counters), got;

	do {
		got = read(stream, record, want);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	CHECK_EQ(got, want);
	return 0;
}

static void next_record(int stream, struct record *record, uint64_t counters)
{
	CHECK_OK(try_read(stream, record, counters));
}

/* The same where reads do not wait. On a busy machine a record can be late. */
static void await_record(int stream, struct record *record, uint64_t counters)
{
	CHECK_EQ(poll(&(struct pollfd){ stream, POLLIN }, 1, 5000), 1);
	next_record(stream, record, counters);
}

/* Values come in the order of the bits. */
static uint64_t value(const struct record *record, uint64_t counters, uint64_t counter)
{
	CHECK(counters & counter);
	return record->values[__builtin_popcountll(counters & (counter - 1))];
}

/* One that was taken after now. */
static void fresh_record(int stream, struct record *record, uint64_t counters)
{
	uint64_t now = now_ns();

	do
		next_record(stream, record, counters);
	while (record->head.time_ns < now);
}

TEST(refused)
{
	const struct drm_loom_perf_open good = wanted(COUNTER(CYCLES), 10 * MS, 4);
	struct drm_loom_query_info info;
	struct drm_loom_perf_open args;
	uint64_t all = all_counters();
	int fd = loom_open();

	loom_query(fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	CHECK(info.features & LOOM_FEAT_PERF);
#define BAD(field, bad)						\
	do {							\
		args = good;					\
		args.field = bad;				\
		CHECK_RET(perf_open(fd, &args), -EINVAL);	\
	} while (0)
	for (int bit = 2; bit < 32; bit++)
		BAD(flags, 1u << bit);
	for (int bit = 0; bit < 32; bit++)
		BAD(pad, 1u << bit);
	for (uint32_t bit = info.num_cores; bit < 32; bit++)
		BAD(cores, 1 | 1u << bit);
	for (int bit = 0; bit < 64; bit++) {
		if (!(all >> bit & 1))
			BAD(counters, 1 | 1ull << bit);
	}
	BAD(cores, 0);
	BAD(counters, 0);
	BAD(period_ns, 0);
	BAD(period_ns, DRM_LOOM_PERF_PERIOD_MIN - 1);
	BAD(period_ns, DRM_LOOM_PERF_PERIOD_MAX + 1);
	BAD(period_ns, -1ull);
	BAD(records, 0);
	BAD(records, 1);
	BAD(records, 3);
	BAD(records, 2 * DRM_LOOM_PERF_RECORDS_MAX);
	BAD(records, 0x80000000);
#undef BAD
	args = good;
	CHECK_OK(perf_open(fd, &args));
	CHECK(fcntl(args.fd, F_GETFD) & FD_CLOEXEC);
	CHECK_EQ(write(args.fd, &args, sizeof(args)), -1);
}

TEST(needs_a_capability)
{
	struct drm_loom_perf_open args = wanted(COUNTER(CYCLES), 10 * MS, 4);
	int fd = loom_open();

	CHECK_OK(setuid(65534));
	CHECK_RET(perf_open(fd, &args), -EACCES);
	/* who may not is told of mistakes first */
	args.pad = 1;
	CHECK_RET(perf_open(fd, &args), -EINVAL);
}

TEST(limits)
{
	struct drm_loom_perf_open args = wanted(COUNTER(CYCLES), 1000 * MS, 2);
	int fds[5], stream = -1, opened = 0;

	for (int i = 0; i < 5; i++) {
		fds[i] = loom_open();
		CHECK(fds[i] >= 0);
	}
	for (int i = 0; i < DRM_LOOM_PERF_STREAMS_MAX; i++)
		stream = stream_of(fds[0], COUNTER(CYCLES), 1000 * MS, 2, 0);
	CHECK_RET(perf_open(fds[0], &args), -ENOSPC);
	close(stream);
	stream_of(fds[0], COUNTER(CYCLES), 1000 * MS, 2, 0);
	CHECK_RET(perf_open(fds[0], &args), -ENOSPC);
	/* all files together */
	for (int i = 1; i < 5; i++) {
		for (int n = 0; n < DRM_LOOM_PERF_STREAMS_MAX; n++)
			opened += !perf_open(fds[i], &args);
	}
	CHECK_EQ(opened, 12);
	CHECK_RET(perf_open(fds[4], &args), -ENOSPC);
}

/* No descriptor is left: nothing is open afterwards. */
TEST(no_descriptor)
{
	struct drm_loom_perf_open args = wanted(COUNTER(CYCLES), 1000 * MS, 2);
	int fd = loom_open(), next = dup(fd);
	struct rlimit limit, none;

	CHECK_OK(close(next));
	CHECK_OK(getrlimit(RLIMIT_NOFILE, &limit));
	none = (struct rlimit){ next, limit.rlim_max };
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &none));
	for (int i = 0; i < 2 * DRM_LOOM_PERF_STREAMS_MAX; i++)
		CHECK_RET(perf_open(fd, &args), -EMFILE);
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &limit));
	CHECK_OK(perf_open(fd, &args));
	CHECK_EQ(args.fd, next);
}

/* What a record says is true: of one moment, in order, and what DEV_QUERY says. */
TEST(values)
{
	uint64_t all = all_counters();
	struct drm_loom_query_core core[LOOM_MAX_CORES] = {}, then[LOOM_MAX_CORES] = {};
	struct client c = client_open();
	struct stream s = copy_words(&c, DATA_VA + PAGE, DATA_VA, 1024);
	int stream = stream_of(c.fd, all, 2 * MS, 64, 0);
	struct record before, last, record;

	fresh_record(stream, &before, all);
	loom_query(c.fd, DRM_LOOM_QUERY_CORE, then, sizeof(then));
	last = before;
	for (int i = 0; i < 20; i++) {
		client_run(&c, &s);
		next_record(stream, &record, all);
		CHECK(record.head.time_ns > last.head.time_ns);
		CHECK(record.head.device_ns > last.head.device_ns);
		CHECK_EQ(record.head.epoch, before.head.epoch);
		for (int n = 0; n < __builtin_popcountll(all); n++)
			CHECK(record.values[n] >= last.values[n]);
		for (int e = 0; e < ENGINES; e++) {
			uint64_t sum = value(&record, all, BUSY(e));

			for (int cause = 0; cause < LOOM_NUM_STALLS; cause++)
				sum += value(&record, all, STALL(e, cause));
			CHECK(sum <= value(&record, all, COUNTER(CYCLES)));
		}
		last = record;
	}
	fresh_record(stream, &record, all);
	loom_query(c.fd, DRM_LOOM_QUERY_CORE, core, sizeof(core));
#define GREW(name)	(value(&record, all, COUNTER(name)) - value(&before, all, COUNTER(name)))
	CHECK_EQ(GREW(CYCLES), core[0].cycles - then[0].cycles);
	CHECK_EQ(GREW(DESCS), core[0].descs - then[0].descs);
	CHECK_EQ(GREW(MACS), core[0].macs - then[0].macs);
	for (int e = 0; e < ENGINES; e++)
		CHECK_EQ(value(&record, all, BUSY(e)) - value(&before, all, BUSY(e)),
			 core[0].busy[e] - then[0].busy[e]);
	/* with more cores the jobs may have been elsewhere */
	if (GREW(JOBS) == 20) {
		CHECK_EQ(GREW(BYTES_IN), 20 * 4096);
		CHECK_EQ(GREW(BYTES_OUT), 20 * 4096);
		CHECK_EQ(GREW(DESCS), 20 * 4);
		/* the STORE waits for the barrier that waits for the LOAD */
		CHECK(value(&record, all, STALL(LOOM_ENGINE_DMA_OUT, LOOM_STALL_BARRIER)) >
		      value(&before, all, STALL(LOOM_ENGINE_DMA_OUT, LOOM_STALL_BARRIER)));
	}
#undef GREW
}

/* All cores, two counters of each: in order of cores. */
TEST(cores)
{
	uint64_t two = COUNTER(BYTES_IN) | COUNTER(DESCS), descs = 0;
	struct drm_loom_perf_open args = wanted(two, 5 * MS, 8);
	struct drm_loom_query_core core[LOOM_MAX_CORES] = {}, then[LOOM_MAX_CORES] = {};
	struct client c = client_open();
	struct drm_loom_query_info info;
	struct record record, before;
	uint64_t now;
	ssize_t bytes;

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	args.cores = (1u << info.num_cores) - 1;
	CHECK_OK(perf_open(c.fd, &args));
	bytes = sizeof(record.head) + 16 * info.num_cores;
	CHECK_EQ(args.record_bytes, bytes);
	CHECK_EQ(read(args.fd, &before, bytes), bytes);
	loom_query(c.fd, DRM_LOOM_QUERY_CORE, then, sizeof(then));
	client_serves(&c);
	now = now_ns();
	do
		CHECK_EQ(read(args.fd, &record, bytes), bytes);
	while (record.head.time_ns < now);
	loom_query(c.fd, DRM_LOOM_QUERY_CORE, core, sizeof(core));
	for (uint32_t i = 0; i < info.num_cores; i++) {
		CHECK_EQ(record.values[2 * i] - before.values[2 * i],
			 core[i].bytes_in - then[i].bytes_in);
		CHECK_EQ(record.values[2 * i + 1] - before.values[2 * i + 1],
			 core[i].descs - then[i].descs);
		descs += core[i].descs - then[i].descs;
	}
	CHECK_EQ(descs, 4);
}

/* Every period is in a record, or counted as lost; so is what a full buffer has no room for. */
TEST(overflow)
{
	uint64_t cycles = COUNTER(CYCLES), period = 5 * MS, samples = 0, first = 0, span;
	int stream = stream_of(loom_open(), cycles, period, 8, DRM_LOOM_PERF_NONBLOCK);
	struct record record;

	usleep(1500 * 1000);
	for (int i = 0; i < 8; i++) {
		await_record(stream, &record, cycles);
		samples += 1 + record.head.lost;
		if (!i)
			first = record.head.time_ns;
	}
	await_record(stream, &record, cycles);
	samples += 1 + record.head.lost;
	/* a second and a half had 300, of which 9 were kept */
	CHECK(samples >= 250);
	span = record.head.time_ns - first;
	/* each can be late, by what the machine is busy with */
	CHECK((samples - 1) * period <= span + 500 * MS);
	CHECK(span <= (samples - 1) * period + 500 * MS);
}

TEST(reading)
{
	uint64_t cycles = COUNTER(CYCLES);
	int fd = loom_open(), stream = stream_of(fd, cycles, 20 * MS, 8, 0);
	struct pollfd wait = { .fd = stream, .events = POLLIN };
	struct record record, many[4];
	int64_t start;
	ssize_t got;

	CHECK_EQ(read(stream, &record, sizeof(record.head)), -1);
	CHECK_EQ(errno, EINVAL);
	CHECK_EQ(read(stream, &record, 0), -1);
	/* the first comes at once, others as time goes by */
	CHECK_EQ(poll(&wait, 1, 5000), 1);
	CHECK_EQ(wait.revents, POLLIN);
	next_record(stream, &record, cycles);
	start = now_ns();
	for (int i = 0; i < 5; i++)
		next_record(stream, &record, cycles);
	CHECK(now_ns() - start >= 4 * 20 * MS - 20 * MS);

	/* whole records only, and more than one where a busy machine has come to take them */
	start = now_ns();
	do {
		usleep(200 * 1000);
		got = read(stream, many, sizeof(many));
		CHECK(got > 0 && got % 32 == 0);
	} while (got < 64 && now_ns() - start < 5 * SECOND);
	CHECK(got >= 64);
	CHECK_EQ(syscall(SYS_read, stream, 8, 4096), -1);
	CHECK_EQ(errno, EFAULT);

	/* what a reader that does not wait gets when there is none */
	CHECK_OK(fcntl(stream, F_SETFL, O_NONBLOCK));
	while (!(got = try_read(stream, &record, cycles)))
		;
	CHECK_RET((int)got, -EAGAIN);

	/* it lives on without the file that opened it */
	close(fd);
	CHECK_OK(fcntl(stream, F_SETFL, 0));
	for (int i = 0; i < 3; i++)
		next_record(stream, &record, cycles);
}

static void on_alarm(int signal)
{
	(void)signal;
}

TEST(interrupted)
{
	uint64_t cycles = COUNTER(CYCLES);
	struct sigaction action = { .sa_handler = on_alarm };
	int stream = stream_of(loom_open(), cycles, 20000 * MS, 2, 0);
	struct record record;

	next_record(stream, &record, cycles);
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	CHECK_EQ(read(stream, &record, 32), -1);
	CHECK_EQ(errno, EINTR);
}

/* A reset: the stream goes on, and says that counters began anew. */
TEST_WITHIN(reset, 60)
{
	uint64_t counters = COUNTER(CYCLES) | COUNTER(JOBS);
	struct record before, after;
	char device[64], path[128];
	struct client c = client_open();
	int stream = stream_of(c.fd, counters, 5 * MS, 64, 0);

	bound_device(device, sizeof(device));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", device);
	if (access(path, W_OK))
		test_skip("the device cannot be reset by itself");
	for (int i = 0; i < 3; i++) {
		client_serves(&c);
		fresh_record(stream, &before, counters);
		file_write(path, "1");
		fresh_record(stream, &after, counters);
		CHECK(after.head.epoch != before.head.epoch);
		CHECK_EQ(value(&after, counters, COUNTER(JOBS)), 0);
	}
	client_serves(&c);
	fresh_record(stream, &after, counters);
}

static void check_ended(int stream)
{
	struct pollfd wait = { .fd = stream, .events = POLLIN };
	struct record record;
	int ret;

	CHECK_EQ(poll(&wait, 1, 5000), 1);
	CHECK(wait.revents & POLLHUP);
	while (!(ret = try_read(stream, &record, COUNTER(CYCLES))))
		;
	CHECK_RET(ret, -ENODEV);
	CHECK_EQ(poll(&wait, 1, 0), 1);
	CHECK_EQ(wait.revents, POLLHUP);
}

/* The driver is taken away under streams, and under somebody who reads. */
TEST_WITHIN(unbind, 60)
{
	uint64_t cycles = COUNTER(CYCLES);
	struct drm_loom_perf_open args = wanted(cycles, MS, 16);
	char device[NAME_MAX + 1];
	int fd = loom_open(), quick = stream_of(fd, cycles, MS, 16, 0);
	int slow = stream_of(fd, cycles, 50000 * MS, 2, 0);
	struct record record;
	int status;
	pid_t pid;

	next_record(slow, &record, cycles);
	pid = fork();
	if (!pid) {
		CHECK_RET(try_read(slow, &record, cycles), -ENODEV);
		_exit(0);
	}
	usleep(100 * 1000);
	bound_device(device, sizeof(device));
	file_write(DRIVER "/unbind", device);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	check_ended(quick);
	check_ended(slow);
	CHECK_RET(perf_open(fd, &args), -ENODEV);
	file_write(DRIVER "/bind", device);
	serves_anew();
	check_ended(quick);
	close(quick);
	close(fd);
	/* one is still open */
	serves_anew();
}

/* Opened, read and closed while the device comes, goes, and is reset. */
TEST_WITHIN(storm, 60)
{
	uint64_t cycles = COUNTER(CYCLES);
	char device[NAME_MAX + 1], path[2 * NAME_MAX];
	pid_t pids[3];
	int status;

	bound_device(device, sizeof(device));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", device);
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		for (int64_t end = deadline(4 * SECOND); now_ns() < end;) {
			struct drm_loom_perf_open args = wanted(cycles, DRM_LOOM_PERF_PERIOD_MIN, 4);
			int fd = loom_open(), ret;
			struct record record;

			if (fd < 0)
				continue;
			ret = perf_open(fd, &args);
			CHECK(!ret || ret == -ENODEV);
			for (int n = 0; !ret && n < 3; n++) {
				ret = try_read(args.fd, &record, cycles);
				CHECK(!ret || ret == -ENODEV);
			}
			if (args.fd)
				close(args.fd);
			close(fd);
		}
		_exit(0);
	}
	for (int64_t end = deadline(3 * SECOND); now_ns() < end;) {
		if (!access(path, W_OK))
			file_write(path, "1");
		usleep(50 * 1000);
		file_write(DRIVER "/unbind", device);
		file_write(DRIVER "/bind", device);
		usleep(200 * 1000);
	}
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(waitpid(pids[i], &status, 0), pids[i]);
		CHECK_EQ(status, 0);
	}
	serves_anew();
}

/* Registers read all ones: such samples are lost; the stream ends when the device is given up. */
TEST_WITHIN(dead_registers, 60)
{
	uint64_t cycles = COUNTER(CYCLES);
	char device[NAME_MAX + 1];
	struct client c = client_open();
	int stream = stream_of(c.fd, cycles, 5 * MS, 16, 0);
	struct drm_loom_perf_open args = wanted(cycles, MS, 16);
	struct stream s = hang(&c);
	struct record record;
	int ret;

	bound_device(device, sizeof(device));
	set_module_param("timeout_ms", 300);
	next_record(stream, &record, cycles);
	if (!inject("dead-mmio"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	CHECK_OK(client_start(&c, &s));
	while (!(ret = try_read(stream, &record, cycles)))
		CHECK(record.head.device_ns != UINT64_MAX && record.values[0] != UINT64_MAX);
	CHECK_RET(ret, -ENODEV);
	CHECK_RET(perf_open(c.fd, &args), -ENODEV);
	file_write(DRIVER "/unbind", device);
	CHECK(inject("none"));
	file_write(DRIVER "/bind", device);
	serves_anew();
}
