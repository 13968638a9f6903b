// SPDX-License-Identifier: MIT
/* Doorbell pages: who may map them and how, and writes after the queue, the device or the process are not what they were. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user_queue.h"

#define LOG2		4
#define TIMEOUT_MS	400

/* Writes that reach nobody: they neither fault nor do anything. */
static void write_all(struct user_queue *q)
{
	for (uint32_t i = 0; i < PAGE / 4; i++)
		q->doorbell[i] = i;
	*q->doorbell = 1;
}

TEST(mappings_refused)
{
	struct client c = client_open(), other = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);
	const int rw = PROT_READ | PROT_WRITE;

	CHECK(mmap(NULL, PAGE, rw, MAP_PRIVATE, c.fd, q.offset) == MAP_FAILED);
	CHECK(mmap(NULL, 2 * PAGE, rw, MAP_SHARED, c.fd, q.offset) == MAP_FAILED);
	CHECK(mmap(NULL, PAGE, rw | PROT_EXEC, MAP_SHARED, c.fd, q.offset) == MAP_FAILED);
	CHECK(mmap(NULL, PAGE, rw, MAP_SHARED, c.fd, q.offset + 10 * PAGE) == MAP_FAILED);
	CHECK(mmap(NULL, PAGE, rw, MAP_SHARED, c.fd, q.offset - 64 * PAGE) == MAP_FAILED);
	/* another file's */
	CHECK(mmap(NULL, PAGE, rw, MAP_SHARED, other.fd, q.offset) == MAP_FAILED);
	CHECK_EQ(mprotect((void *)q.doorbell, PAGE, rw | PROT_EXEC), -1);
	CHECK(mremap((void *)q.doorbell, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	/* a queue that is not a user queue has none */
	for (uint64_t slot = 0; slot < 64; slot++) {
		void *map = mmap(NULL, PAGE, rw, MAP_SHARED, other.fd, (q.offset & ~(64 * PAGE - 1)) + slot * PAGE);

		CHECK(map == MAP_FAILED);
	}
	user_queue_serves(&c, &q);
	q.doorbell = mremap((void *)q.doorbell, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			    (char *)c.data.map + 8 * PAGE);
	CHECK(q.doorbell != MAP_FAILED);
	user_queue_serves(&c, &q);
}

/* After its queue, also when the hardware's has got another owner. */
TEST(after_destroy)
{
	struct client c = client_open(), next = client_open();
	struct user_queue q = user_queue_of(&c, LOG2), heir;

	user_queue_serves(&c, &q);
	CHECK_OK(queue_destroy(c.fd, q.id));
	write_all(&q);
	for (int i = 0; i < 20; i++) {
		heir = user_queue_of(&next, LOG2);
		if (heir.offset == q.offset)
			break;
		usleep(20 * 1000);
		CHECK_OK(queue_destroy(next.fd, heir.id));
	}
	CHECK_EQ(heir.offset, q.offset);
	store_word(&next, DATA_VA, 1);
	user_queue_put(&heir, CODE_VA, 6); /* in the ring, not rung for */
	write_all(&q);
	CHECK_RET(user_queue_wait(&heir, 1, deadline(100 * MS), NULL), -ETIMEDOUT);
	CHECK(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, c.fd, q.offset) == MAP_FAILED);
	heir.tail = 0;
	user_queue_serves(&next, &heir);
	close(c.fd);
	write_all(&q);
	user_queue_close(&q);
	user_queue_serves(&next, &heir);
}

/* What is written to one page that is nobody's cannot be read from another. */
TEST(dummies_are_apart)
{
	struct client c = client_open(), other = client_open();
	struct user_queue q = user_queue_of(&c, LOG2), p = user_queue_of(&other, LOG2);

	CHECK_OK(queue_destroy(c.fd, q.id));
	CHECK_OK(queue_destroy(other.fd, p.id));
	q.doorbell[5] = 12345;
	CHECK_EQ(p.doorbell[5], 0);
}

TEST(not_inherited)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);
	int status;
	pid_t pid;

	user_queue_serves(&c, &q);
	pid = fork();
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		*q.doorbell = 1;
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	user_queue_serves(&c, &q);
}

/* An idle queue's page is taken away, and comes back with the next write. */
TEST(after_a_pause)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);

	for (int i = 0; i < 3; i++) {
		user_queue_serves(&c, &q);
		usleep(1500 * 1000);
	}
	user_queue_serves(&c, &q);
	CHECK_EQ(queue_state(c.fd, q.id).jobs_completed, 4);
}

static void reset_function(void)
{
	char device[64], path[128];

	bound_device(device, sizeof(device));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", device);
	if (access(path, W_OK))
		test_skip("the device cannot be reset by itself");
	file_write(path, "1");
}

TEST_WITHIN(after_reset, 60)
{
	struct client c = client_open(), other = client_open();
	struct user_queue q = user_queue_of(&c, LOG2), fresh;

	user_queue_serves(&c, &q);
	reset_function();
	write_all(&q);
	CHECK_EQ(queue_state(c.fd, q.id).state, DRM_LOOM_QUEUE_STATE_RESET | DRM_LOOM_QUEUE_STATE_INNOCENT);
	CHECK_RET(user_queue_wait(&q, 2, deadline(SECOND), NULL), -EIO);
	CHECK_OK(user_queue_wait(&q, 1, 0, NULL));
	client_serves(&c); /* a queue of the driver's has come through */
	fresh = user_queue_of(&other, LOG2);
	user_queue_serves(&other, &fresh);
	write_all(&q);
	CHECK_OK(queue_destroy(c.fd, q.id));
	write_all(&q);
	fresh = user_queue_of(&c, LOG2);
	user_queue_serves(&c, &fresh);
}

/* Somebody rings and waits all the time while the device is being reset. */
TEST_WITHIN(during_resets, 60)
{
	struct client busy = client_open();
	pid_t pid = fork();

	if (!pid) {
		for (;;) {
			struct client c = client_open();
			struct user_queue q = user_queue_of(&c, LOG2);
			struct stream s = store_word(&c, DATA_VA, 1);

			for (int i = 0; i < 1000; i++)
				if (user_queue_wait(&q, user_queue_run(&q, CODE_VA, s.slots),
						    deadline(5 * SECOND), NULL))
					break;
			user_queue_close(&q);
			client_close(&c);
		}
	}
	for (int i = 0; i < 10; i++) {
		usleep(100 * 1000);
		reset_function();
		client_serves(&busy);
	}
	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	serves_anew();
}

TEST_WITHIN(after_unbind, 60)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);
	struct stream s = hang(&c);
	char device[NAME_MAX + 1];
	int status;
	pid_t pid;

	bound_device(device, sizeof(device));
	set_module_param("timeout_ms", 20000);
	user_queue_run(&q, CODE_VA, s.slots);
	pid = fork();
	if (!pid) { /* whoever waits is told, and holds nothing up */
		CHECK_RET(user_queue_wait(&q, 1, deadline(20 * SECOND), NULL), -ENODEV);
		_exit(0);
	}
	usleep(200 * 1000);
	file_write(DRIVER "/unbind", device);
	write_all(&q);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	CHECK_RET(user_queue_wait(&q, 1, deadline(SECOND), NULL), -ENODEV);
	CHECK(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, c.fd, q.offset) == MAP_FAILED);
	file_write(DRIVER "/bind", device);
	serves_anew();
	write_all(&q);
	user_queue_close(&q);
	client_close(&c);
	serves_anew();
}

/* Registers that read all ones are not a queue's progress. */
TEST_WITHIN(dead_registers, 60)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);
	struct stream s = hang(&c);
	char device[NAME_MAX + 1];
	uint64_t completed;

	bound_device(device, sizeof(device));
	set_module_param("timeout_ms", TIMEOUT_MS);
	user_queue_run(&q, CODE_VA, s.slots);
	usleep(150 * 1000);
	if (!inject("dead-mmio"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	CHECK_RET(user_queue_wait(&q, 1, deadline(20 * SECOND), &completed), -EIO);
	CHECK_EQ(completed, 0);
	write_all(&q);
	file_write(DRIVER "/unbind", device);
	CHECK(inject("none"));
	file_write(DRIVER "/bind", device);
	write_all(&q);
	serves_anew();
}

/* The machine sleeps; only its processors do, since it has no other sleep that it comes back from by itself. */
TEST_WITHIN(after_suspend, 60)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, LOG2);

	if (access("/sys/power/pm_test", W_OK))
		test_skip("this kernel cannot try suspend");
	user_queue_serves(&c, &q);
	if (!access("/sys/module/suspend/parameters/pm_test_delay", W_OK))
		file_write("/sys/module/suspend/parameters/pm_test_delay", "1");
	file_write("/sys/power/pm_test", "devices");
	file_write("/sys/power/state", "freeze");
	file_write("/sys/power/pm_test", "none");
	/* The queue goes on, and the mapping is that of its doorbell. */
	CHECK_EQ(queue_state(c.fd, q.id).state, 0);
	user_queue_serves(&c, &q);
	client_serves(&c);
	write_all(&q);
	CHECK_OK(queue_destroy(c.fd, q.id));
	write_all(&q);
	serves_anew();
}
