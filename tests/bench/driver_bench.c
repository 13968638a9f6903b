// SPDX-License-Identifier: MIT
/*
 * What the driver costs, measured in a guest by its programs' own means: empty jobs, through SUBMIT and through user
 * queues, and mappings. Peers are measured in the same run, in turn with what they are peers of, since a busy host
 * slows both. The interrupt's time is that of the kernel's event irq_handler_entry.
 *
 * Prints figures as tests/bench/run wants them.
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/kselftest/user_queue.h"

#define ROUNDS		7	/* of which the median is taken */
#define SAMPLES		300	/* in a round, likewise */
#define BATCH		64
#define MIB		(1ull << 20)

/* What the helpers of the suites do where something is wrong. */
void test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "driver_bench: %s:%d: ", file, line);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	exit(1);
}

void test_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

static void figure(const char *name, double value, const char *unit, const char *better,
		   const char *peer, double peer_value)
{
	printf("%s\t%.2f\t%s\t%s\t%s\t%.2f\n", name, value, unit, better, peer, peer_value);
	fflush(stdout);
}

/* An empty job: its stream is END alone. */
static struct client empty_client(void)
{
	struct client c = client_open();
	struct stream s = client_stream(&c);

	st_op(&s, LOOM_OP_END);
	return c;
}

/* ---- A thread that sleeps in a futex, and when it runs again ---- */

struct sleeper {
	pthread_t thread;
	uint32_t word;
	int64_t woken, ran;
};

static void futex(uint32_t *word, int op, uint32_t value)
{
	syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void *sleeper_run(void *arg)
{
	struct sleeper *s = arg;

	for (uint32_t seen = 0; seen != UINT32_MAX;) {
		while (__atomic_load_n(&s->word, __ATOMIC_ACQUIRE) == seen)
			futex(&s->word, FUTEX_WAIT, seen);
		s->ran = now_ns();
		seen = __atomic_load_n(&s->word, __ATOMIC_ACQUIRE);
	}
	return NULL;
}

static void sleeper_wake(struct sleeper *s, uint32_t value)
{
	s->woken = now_ns();
	__atomic_store_n(&s->word, value, __ATOMIC_RELEASE);
	futex(&s->word, FUTEX_WAKE, 1);
}

/* us from the call that wakes a sleeping thread to its running. */
static double wake_to_run(void)
{
	struct sleeper s = {};
	double us[SAMPLES];

	CHECK(!pthread_create(&s.thread, NULL, sleeper_run, &s));
	for (uint32_t i = 0; i < SAMPLES; i++) {
		usleep(300);
		sleeper_wake(&s, i + 1);
		usleep(300);
		us[i] = (s.ran - s.woken) / 1e3;
	}
	sleeper_wake(&s, UINT32_MAX);
	pthread_join(s.thread, NULL);
	return median(us, SAMPLES);
}

/* ---- From the doorbell to the interrupt handler ---- */

static void irq_trace(bool on)
{
	char *text = on ? NULL : trace_end();

	free(text);
	trace_begin(); /* mounts what has to be, and forgets what was */
	free(trace_end());
	file_write(TRACING "/trace_clock", "mono");
	file_write(TRACING "/events/irq/irq_handler_entry/filter", "name == \"loom-job\"");
	file_write(TRACING "/events/irq/irq_handler_entry/enable", on ? "1" : "0");
}

/* Times in us of the interrupts since the last call. */
static size_t irq_times(double *us, size_t room)
{
	char *text = file_text(TRACING "/trace");
	size_t count = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *at = strstr(line, ": irq_handler_entry:");

		if (line[0] == '#' || !at || count == room)
			continue;
		while (at > line && at[-1] != ' ')
			at--;
		us[count++] = strtod(at, NULL) * 1e6;
	}
	free(text);
	file_write(TRACING "/trace", "\n");
	return count;
}

/*
 * us from a write to the doorbell to the entry of the interrupt handler, where the program looks for the completion all the
 * time, or sleeps.
 */
static double doorbell_to_irq(struct user_queue *q, bool polls)
{
	static double irqs[2 * SAMPLES];
	double rung[SAMPLES], us[SAMPLES];
	size_t count, n = 0, used = 0;

	irq_trace(true);
	for (int i = 0; i < SAMPLES; i++) {
		user_queue_put(q, CODE_VA, 1);
		rung[i] = now_ns() / 1e3;
		user_queue_ring(q);
		while (polls && !user_queue_done(q, q->tail))
			;
		usleep(polls ? 400 : 600);
		CHECK(user_queue_poll(q, q->tail, deadline(SECOND)));
	}
	count = irq_times(irqs, 2 * SAMPLES);
	irq_trace(false);
	for (int i = 0; i < SAMPLES; i++) {
		while (n < count && irqs[n] < rung[i])
			n++;
		if (n < count && (i == SAMPLES - 1 || irqs[n] < rung[i + 1]))
			us[used++] = irqs[n] - rung[i];
	}
	CHECK(used > SAMPLES / 4);
	return median(us, used);
}

/* ---- Round trips ---- */

/* us from SUBMIT to the return of the wait for its fence. */
static double submit_and_wait(struct client *c)
{
	int64_t start = now_ns();
	double us;

	CHECK_OK(submit_one(c->fd, c->queue, CODE_VA, 1, c->out));
	CHECK_OK(syncobj_wait(c->fd, c->out, start + 10 * SECOND));
	us = (now_ns() - start) / 1e3;
	usleep(300);
	return us;
}

static double submit_roundtrip(struct client *c)
{
	double us[SAMPLES];

	for (int i = 0; i < SAMPLES; i++)
		us[i] = submit_and_wait(c);
	return median(us, SAMPLES);
}

static double user_roundtrip(struct user_queue *q)
{
	double us[SAMPLES];

	for (int i = 0; i < SAMPLES; i++) {
		int64_t start = now_ns();

		user_queue_run(q, CODE_VA, 1);
		while (!user_queue_done(q, q->tail))
			;
		us[i] = (now_ns() - start) / 1e3;
		usleep(100);
	}
	return median(us, SAMPLES);
}

static void bench_roundtrips(void)
{
	double submit_us[ROUNDS], user_us[ROUNDS], wake[ROUNDS], asleep[ROUNDS], polling[ROUNDS];
	double floors[ROUNDS];
	struct client c = empty_client();
	struct user_queue q = user_queue_open(c.fd, c.vm, DRM_LOOM_PRIORITY_NORMAL, 4);

	submit_roundtrip(&c);
	user_roundtrip(&q);
	for (int i = 0; i < ROUNDS; i++) {
		wake[i] = wake_to_run();
		submit_us[i] = submit_roundtrip(&c);
		asleep[i] = doorbell_to_irq(&q, false);
		user_us[i] = user_roundtrip(&q);
		polling[i] = doorbell_to_irq(&q, true);
		floors[i] = asleep[i] + wake[i];
		fprintf(stderr, "round %d: submit %.1f us, doorbell to irq %.1f, wake to run %.1f; user queue %.1f, doorbell to irq %.1f\n",
			i, submit_us[i], asleep[i], wake[i], user_us[i], polling[i]);
	}
	figure("drv.roundtrip_us", median(submit_us, ROUNDS), "us", "lower",
	       "doorbell to interrupt handler, and a futex wake to run", median(floors, ROUNDS));
	figure("drv.userq_roundtrip_us", median(user_us, ROUNDS), "us", "lower",
	       "doorbell to interrupt handler", median(polling, ROUNDS));
	user_queue_close(&q);
	client_close(&c);
}

/* ---- Throughput ---- */

static double submit_batches(struct client *c, int batches)
{
	struct drm_loom_job jobs[BATCH];
	struct drm_loom_sync_op out[2];
	uint32_t syncobj[2] = { syncobj_create(c->fd), syncobj_create(c->fd) };
	int64_t start = now_ns();

	for (int i = 0; i < BATCH; i++)
		jobs[i] = job(CODE_VA, 1, NULL, 0);
	/* two batches on their way, so that the queue does not run dry */
	for (int b = 0; b < batches; b++) {
		out[b % 2] = sync_out(syncobj[b % 2]);
		jobs[BATCH - 1] = job(CODE_VA, 1, &out[b % 2], 1);
		CHECK_OK(submit(c->fd, c->queue, jobs, BATCH));
		if (b)
			CHECK_OK(syncobj_wait(c->fd, syncobj[1 - b % 2], deadline(10 * SECOND)));
	}
	CHECK_OK(syncobj_wait(c->fd, syncobj[1 - batches % 2], deadline(10 * SECOND)));
	return (double)batches * BATCH * 1e9 / (now_ns() - start);
}

static double user_batches(struct user_queue *q, int batches)
{
	int64_t start = now_ns();

	for (int b = 0; b < batches; b++) {
		for (int i = 0; i < BATCH; i++)
			user_queue_put(q, CODE_VA, 1);
		user_queue_ring(q);
		if (b)
			CHECK_OK(user_queue_wait(q, q->tail - BATCH, deadline(10 * SECOND), NULL));
	}
	CHECK_OK(user_queue_wait(q, q->tail, deadline(10 * SECOND), NULL));
	return (double)batches * BATCH * 1e9 / (now_ns() - start);
}

static void bench_jobs(void)
{
	double kernel[ROUNDS], user[ROUNDS];
	struct client c = empty_client();
	struct user_queue q = user_queue_open(c.fd, c.vm, DRM_LOOM_PRIORITY_NORMAL, 7);

	for (int i = 0; i < ROUNDS; i++) {
		kernel[i] = submit_batches(&c, 40);
		user[i] = user_batches(&q, 40);
	}
	figure("drv.jobs_per_s", median(kernel, ROUNDS), "1/s", "higher",
	       "the same from a user queue", median(user, ROUNDS));
	user_queue_close(&q);
	client_close(&c);
}

static void bench_bind(void)
{
	enum { MIBS = 64 };
	double bind[ROUNDS], fault[ROUNDS];
	struct client c = client_open();
	struct bo bo = bo_create(c.fd, MIBS * MIB, c.vm);
	struct drm_loom_bo_mmap_offset offset = { .handle = bo.handle };

	CHECK_OK(loom_ioctl(c.fd, DRM_IOCTL_LOOM_BO_MMAP_OFFSET, &offset));
	munmap(bo.map, bo.size);
	CHECK_OK(vm_map(c.fd, c.vm, 1ull << 40, bo.handle, 0, bo.size, 0));
	CHECK_OK(vm_unmap(c.fd, c.vm, 1ull << 40, bo.size));
	for (int i = 0; i < ROUNDS; i++) {
		int64_t start = now_ns();
		void *map;

		CHECK_OK(vm_map(c.fd, c.vm, 1ull << 40, bo.handle, 0, bo.size, 0));
		bind[i] = (now_ns() - start) / 1e3 / MIBS;
		CHECK_OK(vm_unmap(c.fd, c.vm, 1ull << 40, bo.size));
		start = now_ns();
		map = mmap(NULL, bo.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, c.fd,
			   offset.offset);
		CHECK(map != MAP_FAILED);
		for (uint64_t at = 0; at < bo.size; at += PAGE)
			*((volatile char *)map + at) = 1;
		fault[i] = (now_ns() - start) / 1e3 / MIBS;
		munmap(map, bo.size);
	}
	figure("drv.bind_us_per_mib", median(bind, ROUNDS), "us", "lower",
	       "the CPU's mapping of the same buffer", median(fault, ROUNDS));
	client_close(&c);
}

/*
 * ---- Flatness ----
 *
 * A host with few processors runs the guest at two speeds that differ by a factor of two, for some tenths of a second
 * each: only neighbours are compared, in both orders.
 */

struct target {
	struct client *c;
	uint32_t queue, out[64];
};

/* us a job, of 64 that go to @count queues in turn. Each has a fence of its own to wait for. */
static double spread(struct target *targets, unsigned int count)
{
	int64_t start = now_ns();

	for (unsigned int n = 0; n < 64; n++) {
		struct target *t = &targets[n % count];

		CHECK_OK(submit_one(t->c->fd, t->queue, CODE_VA, 1, t->out[n / count]));
	}
	for (unsigned int n = 0; n < 64; n++) {
		struct target *t = &targets[n % count];

		CHECK_OK(syncobj_wait(t->c->fd, t->out[n / count], start + 10 * SECOND));
	}
	return (now_ns() - start) / 1e3 / 64;
}

/* Cost on @count queues to that on one, which is in *@one. */
static double spread_ratio(struct target *targets, unsigned int count, bool one_first, double *one)
{
	double many;

	if (one_first)
		*one = spread(targets, 1);
	many = spread(targets, count);
	if (!one_first)
		*one = spread(targets, 1);
	return many / *one;
}

static void bench_queues(void)
{
	enum { PAIRS = 1000 };
	struct client c[2] = { empty_client(), empty_client() };
	static struct target targets[64];
	static double ratio[PAIRS], one[PAIRS];

	for (unsigned int i = 0; i < 64; i++) {
		struct client *owner = &c[i / 32];

		targets[i].c = owner;
		targets[i].queue = i % 32 ? queue_create(owner->fd, owner->vm) : owner->queue;
		for (unsigned int n = 0; n < (i ? 1 : 64); n++)
			targets[i].out[n] = syncobj_create(owner->fd);
	}
	spread(targets, 64);
	for (int i = 0; i < PAIRS; i++)
		ratio[i] = spread_ratio(targets, 64, i % 2, &one[i]);
	fprintf(stderr, "a job on one queue: %.1f us\n", median(one, PAIRS));
	figure("drv.flat_queues", median(ratio, PAIRS), "ratio", "lower",
	       "a job's cost over 64 queues to that on 1, at most", 1.2);
	client_close(&c[0]);
	client_close(&c[1]);
}

static void bench_buffers(void)
{
	enum { BUFFERS = 10000, PAIRS = 1000 };
	struct client few = empty_client(), many = empty_client();
	static double ratio[PAIRS];

	for (unsigned int i = 0; i < BUFFERS; i++) {
		struct drm_loom_bo_create args = { .size = PAGE, .vm_id = many.vm };

		CHECK_OK(loom_ioctl(many.fd, DRM_IOCTL_LOOM_BO_CREATE, &args));
		CHECK_OK(vm_map(many.fd, many.vm, (1ull << 40) + i * PAGE, args.handle, 0, PAGE, 0));
	}
	for (int i = 0; i < PAIRS; i++) {
		double first = submit_and_wait(i % 2 ? &few : &many);
		double second = submit_and_wait(i % 2 ? &many : &few);

		ratio[i] = i % 2 ? second / first : first / second;
	}
	figure("drv.flat_buffers", median(ratio, PAIRS), "ratio", "lower",
	       "a job's cost with 10,000 buffers to that with 2, at most", 1.2);
	client_close(&few);
	client_close(&many);
}

int main(void)
{
	bench_roundtrips();
	bench_jobs();
	bench_bind();
	bench_queues();
	bench_buffers();
	return 0;
}
