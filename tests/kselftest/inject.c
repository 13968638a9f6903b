// SPDX-License-Identifier: MIT
/* Faults on request, by debugfs: each does what its name says, once, and what follows is as when it happens by itself. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user_queue.h"

static int try_inject(const char *word)
{
	char path[256];
	ssize_t ret;
	int fd;

	debug_file(path, sizeof(path), "inject");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	ret = write(fd, word, strlen(word));
	if (ret < 0)
		ret = -errno;
	close(fd);
	return ret < 0 ? ret : 0;
}

static void driver_inject(const char *word)
{
	CHECK_OK(try_inject(word));
}

static bool armed(const char *name)
{
	char *text = debug_text("inject"), line[32];
	bool is;

	snprintf(line, sizeof(line), "%s 1\n", name);
	is = strstr(text, line);
	free(text);
	return is;
}

static const char * const names[] = { "submit", "message", "doorbell", "interrupt", "completion", "timeout" };
#define NAMES	(sizeof(names) / sizeof(names[0]))

TEST(words)
{
	char path[256];
	struct stat st;

	for (size_t i = 0; i < NAMES; i++)
		CHECK(!armed(names[i]));
	CHECK_RET(try_inject("nonsense"), -EINVAL);
	CHECK_RET(try_inject("submi"), -EINVAL);
	CHECK_RET(try_inject("a-word-that-is-too-long"), -EINVAL);
	for (size_t i = 0; i < NAMES; i++) {
		driver_inject(names[i]);
		CHECK(armed(names[i]));
	}
	driver_inject("none\n");
	for (size_t i = 0; i < NAMES; i++)
		CHECK(!armed(names[i]));
	debug_file(path, sizeof(path), "inject");
	CHECK_OK(stat(path, &st) ? -errno : 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	serves_anew();
}

/* Not one of several jobs is taken. */
TEST(submit_fails)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);
	struct drm_loom_job jobs[3];
	struct drm_loom_sync_op op = sync_out(c.out);

	for (int i = 0; i < 3; i++)
		jobs[i] = job(CODE_VA, s.slots, &op, 1);
	driver_inject("submit");
	CHECK_RET(submit(c.fd, c.queue, jobs, 3), -ENOMEM);
	CHECK(!armed("submit"));
	CHECK_EQ(queue_state(c.fd, c.queue).jobs_submitted, 0);
	CHECK_OK(submit(c.fd, c.queue, jobs, 3));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	client_serves(&c);
}

TEST(doorbell_lost)
{
	struct client c = client_open();

	driver_inject("doorbell");
	client_serves(&c);
	CHECK(!armed("doorbell"));
	CHECK_EQ(queue_state(c.fd, c.queue).state, 0);
}

TEST(interrupt_lost)
{
	unsigned int before = recovery_count("lost_interrupts");
	struct client c = client_open();

	driver_inject("interrupt");
	client_serves(&c);
	CHECK(!armed("interrupt"));
	CHECK_EQ(recovery_count("lost_interrupts"), before + 1);
	CHECK_EQ(queue_state(c.fd, c.queue).state, 0);
}

/* Nobody can know that the job has ended: its time runs out. */
TEST(completion_destroyed)
{
	struct client c = client_open(), other = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);

	set_module_param("timeout_ms", 300);
	driver_inject("completion");
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, c.out), -ETIME);
	CHECK(!armed("completion"));
	CHECK_EQ(queue_state(c.fd, c.queue).state, DRM_LOOM_QUEUE_STATE_TIMEOUT);
	client_serves(&other);
}

/*
 * A firmware that does not answer is loaded anew. It does answer where the next message, of what is left of an earlier
 * test, comes with its doorbell meanwhile.
 */
TEST(message_lost)
{
	unsigned int before = recovery_count("device_resets");
	struct client c = client_open();

	client_serves(&c);
	for (int tries = 0; tries < 5 && recovery_count("device_resets") == before; tries++) {
		driver_inject("message");
		c.queue = queue_create(c.fd, c.vm);
		CHECK(!armed("message"));
	}
	CHECK_EQ(recovery_count("device_resets"), before + 1);
	client_serves(&c);
}

TEST(timeout)
{
	struct client c = client_open(), other = client_open();
	struct stream s = hang(&c);

	client_serves(&other);
	driver_inject("timeout");
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(3 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, c.out), -ETIME);
	CHECK_EQ(queue_state(c.fd, c.queue).state, DRM_LOOM_QUEUE_STATE_TIMEOUT);
	client_serves(&other);
}

TEST_WITHIN(reset, 60)
{
	unsigned int before = recovery_count("device_resets");
	struct client c = client_open(), hung = client_open();
	struct stream s = hang(&hung);

	client_serves(&c);
	for (int i = 1; i <= 3; i++) {
		driver_inject("reset");
		CHECK_EQ(recovery_count("device_resets"), before + i);
		client_serves(&c);
	}
	CHECK_OK(client_start(&hung, &s));
	usleep(100 * 1000);
	driver_inject("reset");
	CHECK_OK(syncobj_wait(hung.fd, hung.out, deadline(5 * SECOND)));
	CHECK_EQ(queue_state(hung.fd, hung.queue).state,
		 DRM_LOOM_QUEUE_STATE_RESET | DRM_LOOM_QUEUE_STATE_INNOCENT);
	client_serves(&c);
}

/* The next reset is asked for while the queues of the one before are being made again: all that are idle live on. */
TEST_WITHIN(resets_in_a_row, 60)
{
	struct client c = client_open();
	struct drm_loom_query_info info;
	uint32_t queues[LOOM_NUM_QUEUES];

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	queues[0] = c.queue;
	for (uint32_t i = 1; i < info.max_queues; i++)
		queues[i] = queue_create(c.fd, c.vm);
	for (int i = 0; i < 10; i++)
		driver_inject("reset");
	for (uint32_t i = 0; i < info.max_queues; i++) {
		CHECK_EQ(queue_state(c.fd, queues[i]).state, 0);
		c.queue = queues[i];
		client_serves(&c);
	}
}

/* The file is of the device: it goes with it, whoever has it open. */
TEST_WITHIN(unbind, 60)
{
	char path[256], device[64];
	int fd;

	bound_device(device, sizeof(device));
	debug_file(path, sizeof(path), "inject");
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	driver_inject("submit");
	file_write(DRIVER "/unbind", device);
	CHECK_EQ(write(fd, "reset", 5), -1);
	close(fd);
	file_write(DRIVER "/bind", device);
	CHECK(!armed("submit"));
	serves_anew();
}

/* ---- by the kernel's own fault injection ---- */

static void attr_write(const char *folder, const char *name, const char *value)
{
	char file[64], path[256];

	snprintf(file, sizeof(file), "fail_%s/%s", folder, name);
	debug_file(path, sizeof(path), file);
	file_write(path, value);
}

static void fails(const char *folder, const char *probability, const char *times)
{
	char path[256], name[64];

	snprintf(name, sizeof(name), "fail_%s", folder);
	debug_file(path, sizeof(path), name);
	if (access(path, F_OK))
		test_skip("no fault injection in this kernel");
	attr_write(folder, "times", times);
	attr_write(folder, "probability", probability);
}

static void __attribute__((destructor)) fail_no_more(void)
{
	char path[256];

	if (access(DRIVER, F_OK))
		return;
	debug_file(path, sizeof(path), "fail_submit");
	for (size_t i = 0; i < NAMES && !access(path, F_OK); i++)
		attr_write(names[i], "probability", "0");
}

TEST(fails_as_often_as_wanted)
{
	struct client c = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);

	fails("submit", "100", "2");
	CHECK_RET(client_start(&c, &s), -ENOMEM);
	CHECK_RET(client_start(&c, &s), -ENOMEM);
	client_serves(&c);
	attr_write("submit", "probability", "0");
}

/* Many of them at once, and nothing is lost that need not be. */
TEST_WITHIN(under_load, 90)
{
	unsigned int ended = 0;

	fails("doorbell", "10", "-1");
	fails("interrupt", "10", "-1");
	fails("submit", "10", "-1");
	for (int64_t end = deadline(5 * SECOND); now_ns() < end;) {
		struct client c = client_open();
		struct stream s = store_word(&c, DATA_VA, 7);

		for (int i = 0; i < 5; i++) {
			int ret = client_start(&c, &s);

			if (ret) {
				CHECK_RET(ret, -ENOMEM);
				continue;
			}
			CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
			CHECK_EQ(syncobj_status(c.fd, c.out), 1);
			CHECK_EQ(word(&c.data, 0), 7);
			ended++;
		}
		client_close(&c);
	}
	CHECK(ended > 3);
	fail_no_more();
	serves_anew();
}
