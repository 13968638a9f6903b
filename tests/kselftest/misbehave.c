// SPDX-License-Identifier: MIT
/*
 * A device that misbehaves when the driver is bound to it, when messages get lost, or in ways that nobody should
 * notice. Jobs that go wrong are in recovery.c, and all kinds under load in faults.c.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loom_test.h"
#include "user_queue.h"

static uint32_t resets(int fd)
{
	struct drm_loom_query_health health;

	loom_query(fd, DRM_LOOM_QUERY_HEALTH, &health, sizeof(health));
	return health.resets;
}

static void must_inject(const char *fault)
{
	if (!inject(fault))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
}

/* 0, or the error with which the driver's probe has failed. */
static int bind_driver(const char *device)
{
	int fd = open(DRIVER "/bind", O_WRONLY | O_CLOEXEC), ret;

	CHECK(fd >= 0);
	ret = write(fd, device, strlen(device)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* What is not well is not bound; and bound when it is well again. */
static void is_refused(const char *fault, int error)
{
	char device[NAME_MAX + 1];

	must_inject("none");
	bound_device(device, sizeof(device));
	file_write(DRIVER "/unbind", device);
	must_inject(fault);
	CHECK_RET(bind_driver(device), error);
	CHECK(loom_open() < 0);
	must_inject("none");
	CHECK_OK(bind_driver(device));
	serves_anew();
}

TEST_WITHIN(bind_to_dead_registers, 60)
{
	is_refused("dead-mmio", -ENODEV);
}

TEST_WITHIN(bind_to_boot_that_hangs, 60)
{
	is_refused("boot-hang", -ETIMEDOUT);
}

TEST_WITHIN(bind_to_boot_that_fails, 60)
{
	is_refused("boot-dead", -ENOEXEC);
}

/* It has started and says RUNNING, but executes nothing: HELLO is not answered. */
TEST_WITHIN(bind_to_silence, 60)
{
	is_refused("fw-hang", -ETIMEDOUT);
}

/* In a reset the second try is as good as the first. */
TEST_WITHIN(boot_hangs_once, 60)
{
	struct client c = client_open();
	uint32_t before = resets(c.fd);

	client_serves(&c);
	must_inject("boot-hang");
	must_inject("fw-crash");
	client_serves(&c);
	CHECK_EQ(resets(c.fd), before + 1);
	CHECK_EQ(queue_state(c.fd, c.queue).state, 0);
	serves_anew();
}

/* What each call says of a device that has been given up. */
TEST_WITHIN(given_up, 60)
{
	struct client c = client_open();
	struct user_queue q = user_queue_of(&c, 6);
	struct drm_loom_queue_wait wait = {
		.id = q.id, .value = 1, .timeout_ns = deadline(20 * SECOND),
	};
	struct drm_loom_perf_open perf = {
		.cores = 1, .counters = 1, .period_ns = DRM_LOOM_PERF_PERIOD_MAX, .records = 4,
	};
	struct drm_loom_queue_create user = {
		.vm_id = c.vm, .flags = DRM_LOOM_QUEUE_USER, .ring_va = DATA_VA,
		.cpl_va = DATA_VA + PAGE, .ring_log2 = 6,
	};
	unsigned int before = recovery_count("given_up");
	char device[NAME_MAX + 1];
	uint32_t queue;

	bound_device(device, sizeof(device));
	client_serves(&c);
	must_inject("boot-dead");
	must_inject("fw-crash");
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_QUEUE_WAIT, &wait), -EIO);
	CHECK_EQ(recovery_count("given_up"), before + 1);
	CHECK_EQ(queue_state(c.fd, q.id).state & DRM_LOOM_QUEUE_STATE_RESET,
		 DRM_LOOM_QUEUE_STATE_RESET);
	CHECK_RET(submit_one(c.fd, c.queue, CODE_VA, 1, c.out), -EIO);
	CHECK_RET(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_NORMAL, &queue), -ENODEV);
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_QUEUE_CREATE, &user), -ENODEV);
	CHECK_RET(loom_ioctl(c.fd, DRM_IOCTL_LOOM_PERF_OPEN, &perf), -ENODEV);
	CHECK_OK(vm_unmap(c.fd, c.vm, DATA_VA, PAGE));
	CHECK_OK(queue_destroy(c.fd, c.queue));
	/* a crash more is nothing to anybody */
	must_inject("fw-crash");
	CHECK_EQ(recovery_count("given_up"), before + 1);

	must_inject("none");
	user_queue_close(&q);
	client_close(&c);
	file_write(DRIVER "/unbind", device);
	CHECK_OK(bind_driver(device));
	serves_anew();
}

/* ---- messages to the firmware that get lost: the device is reset, and others go on ---- */

static void reset_has_helped(struct client *c, uint32_t before)
{
	CHECK_EQ(resets(c->fd), before + 1);
	client_serves(c);
	serves_anew();
}

/*
 * Not lost where the firmware looks at its messages meanwhile for another reason: what is left of an earlier test, or
 * of a round of its own that the host has held up.
 */
#define TRIES	5

TEST_WITHIN(create_is_lost, 60)
{
	struct client c = client_open();
	uint32_t before = resets(c.fd), queue = 0;

	for (int tries = 0; tries < TRIES && resets(c.fd) == before; tries++) {
		must_inject("drop-mbox");
		queue = queue_create(c.fd, c.vm);
	}
	reset_has_helped(&c, before);
	CHECK_OK(queue_destroy(c.fd, queue));
}

/* Firmware that has jobs to look after comes round to its messages anyway. */
TEST_WITHIN(stop_is_lost, 60)
{
	struct client c = client_open(), hung = client_open();
	struct stream s = hang(&hung);
	uint32_t before = resets(c.fd);

	CHECK_OK(client_start(&hung, &s));
	usleep(100 * 1000);
	must_inject("drop-mbox");
	CHECK_OK(queue_destroy(hung.fd, hung.queue));
	CHECK_OK(syncobj_wait(hung.fd, hung.out, deadline(SECOND)));
	CHECK(syncobj_status(hung.fd, hung.out) < 0);
	CHECK_EQ(resets(c.fd), before);
	client_serves(&c);
	serves_anew();
}

/* A queue that has faulted is stopped already: only its end is told. */
static void destroy_unheard(void)
{
	struct client bad = client_open();
	struct stream s = client_stream(&bad);

	st_load(&s, 0x7000000000, 0, 1);
	st_op(&s, LOOM_OP_END);
	CHECK_OK(client_start(&bad, &s));
	CHECK_OK(syncobj_wait(bad.fd, bad.out, deadline(10 * SECOND)));
	CHECK_EQ(syncobj_status(bad.fd, bad.out), -EFAULT);
	must_inject("drop-mbox");
	CHECK_OK(queue_destroy(bad.fd, bad.queue));
	client_close(&bad);
}

TEST_WITHIN(destroy_is_lost, 60)
{
	struct client c = client_open();
	uint32_t before = resets(c.fd);

	for (int tries = 0; tries < TRIES && resets(c.fd) == before; tries++)
		destroy_unheard();
	reset_has_helped(&c, before);
}

/* The stop of a job that takes too long for the watch. */
TEST_WITHIN(stop_after_timeout_is_lost, 60)
{
	struct client c = client_open(), hung = client_open();
	struct stream s = hang(&hung);
	uint32_t before = resets(c.fd);

	set_module_param("timeout_ms", 400);
	CHECK_OK(client_start(&hung, &s));
	must_inject("drop-mbox");
	CHECK_OK(syncobj_wait(hung.fd, hung.out, deadline(20 * SECOND)));
	CHECK_EQ(syncobj_status(hung.fd, hung.out), -ETIME);
	CHECK_EQ(queue_state(hung.fd, hung.queue).state, DRM_LOOM_QUEUE_STATE_TIMEOUT);
	CHECK_EQ(resets(c.fd), before);
	client_serves(&c);
	serves_anew();
}

/* A firmware that hears nothing any more, not even that a queue is to be stopped. */
TEST_WITHIN(stop_is_not_heard, 60)
{
	struct client c = client_open(), hung = client_open();
	struct stream s = hang(&hung);
	uint32_t before = resets(c.fd);

	set_module_param("timeout_ms", 20000);
	CHECK_OK(client_start(&hung, &s));
	usleep(100 * 1000);
	must_inject("fw-hang");
	CHECK_OK(queue_destroy(hung.fd, hung.queue));
	CHECK_OK(syncobj_wait(hung.fd, hung.out, 0));
	CHECK(syncobj_status(hung.fd, hung.out) < 0);
	reset_has_helped(&c, before);
}

/* A TLB that does not say that it has forgotten: the device is reset, and as that is of no use, given up. */
TEST_WITHIN(unmapping_is_not_acknowledged, 60)
{
	struct client c = client_open();
	unsigned int before = recovery_count("given_up");
	char device[NAME_MAX + 1];
	uint32_t queue;

	bound_device(device, sizeof(device));
	must_inject("dead-mmio");
	CHECK_OK(vm_unmap(c.fd, c.vm, DATA_VA, PAGE));
	CHECK_EQ(recovery_count("given_up"), before + 1);
	CHECK_RET(queue_create_prio(c.fd, c.vm, DRM_LOOM_PRIORITY_NORMAL, &queue), -ENODEV);
	must_inject("none");
	client_close(&c);
	file_write(DRIVER "/unbind", device);
	CHECK_OK(bind_driver(device));
	serves_anew();
}

/* The record of a job that faults is lost: the firmware's message has the same. */
TEST_WITHIN(fault_without_record, 60)
{
	struct client c = client_open(), other = client_open();
	struct stream s = client_stream(&c);
	struct drm_loom_queue_get_state state;

	st_load(&s, 0x7000000000, 0, 1);
	st_op(&s, LOOM_OP_END);
	must_inject("drop-completion");
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, c.out), -EFAULT);
	state = queue_state(c.fd, c.queue);
	CHECK_EQ(state.state, DRM_LOOM_QUEUE_STATE_FAULT);
	CHECK_EQ(state.fault_va, 0x7000000000);
	CHECK_EQ(state.fault_job, 0);
	client_serves(&other);
	serves_anew();
}

/* ---- what ends a job, and what nobody should notice ---- */

TEST_WITHIN(bus_says_no, 60)
{
	struct client c = client_open(), other = client_open();
	struct stream s = store_word(&c, DATA_VA, 1);
	struct drm_loom_queue_get_state state;

	must_inject("dma-fault");
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(10 * SECOND)));
	CHECK_EQ(syncobj_status(c.fd, c.out), -EFAULT);
	state = queue_state(c.fd, c.queue);
	CHECK_EQ(state.state, DRM_LOOM_QUEUE_STATE_FAULT);
	CHECK_EQ(state.fault_code, LOOM_MMU_FAULT_BUS);
	client_serves(&other);
	serves_anew();
}

/* The log is the firmware's to spoil: what is shown is text, of no more than there is room for. */
TEST_WITHIN(log_is_spoilt, 60)
{
	struct client c = client_open();
	char *text;

	must_inject("corrupt-log");
	usleep(100 * 1000);
	client_serves(&c);
	text = debug_text("firmware_log");
	CHECK(strlen(text) <= 0x10000);
	for (char *at = text; *at; at++)
		CHECK(*at == '\n' || (*at >= ' ' && *at <= '~'));
	free(text);
	/* and begins anew with the firmware */
	must_inject("fw-crash");
	client_serves(&c);
	text = debug_text("firmware_log");
	CHECK(strstr(text, "loom firmware "));
	free(text);
	serves_anew();
}

/*
 * Interrupts with nothing behind them, as one of before a reset that comes late. That of the error vector is no crash,
 * neither while the device serves nor when the driver has just been bound.
 */
TEST_WITHIN(interrupts_without_a_cause, 60)
{
	char device[NAME_MAX + 1];
	struct client c = client_open();
	uint32_t before = resets(c.fd);

	must_inject("irq-storm");
	for (int i = 0; i < 20; i++)
		client_serves(&c);
	CHECK_EQ(resets(c.fd), before);
	client_close(&c);
	bound_device(device, sizeof(device));
	file_write(DRIVER "/unbind", device);
	CHECK_OK(bind_driver(device));
	c = client_open();
	client_serves(&c);
	CHECK_EQ(resets(c.fd), 0);
	must_inject("none");
	serves_anew();
}

/* A heart that does not beat is asked, and what answers is well. */
TEST_WITHIN(heart_stands_still, 60)
{
	struct client c = client_open(), hung = client_open();
	struct stream s = hang(&hung);
	uint32_t before = resets(c.fd);

	set_module_param("timeout_ms", 20000);
	must_inject("no-heartbeat");
	CHECK_OK(client_start(&hung, &s));
	sleep(2);
	CHECK_EQ(resets(c.fd), before);
	CHECK_EQ(queue_state(hung.fd, hung.queue).state, 0);
	CHECK(inject("none"));
	CHECK_OK(queue_destroy(hung.fd, hung.queue));
	client_serves(&c);
	CHECK_EQ(resets(c.fd), before);
}
