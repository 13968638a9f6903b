// SPDX-License-Identifier: MIT
/* What people see who look into the driver: debugfs and tracepoints. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loom_test.h"

static void check_has(const char *text, const char *what)
{
	if (!strstr(text, what))
		test_fail(__FILE__, __LINE__, "no '%s' in:\n%s", what, text);
}

TEST(registers)
{
	char *text = debug_text("registers"), line[64];
	struct client c = client_open();
	struct drm_loom_query_info info;

	loom_query(c.fd, DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	check_has(text, "0000 MAGIC 0x4d4f4f4c\n");
	snprintf(line, sizeof(line), "0014 ARRAY_DIM %#010x\n", info.array_dim);
	check_has(text, line);
	check_has(text, "0108 BOOT_STATUS 0x00000001\n");
	check_has(text, "3000 CORE0.CYCLES 0x");
	free(text);

	text = debug_text("registers");
	check_has(text, ".PGD 0x");
	check_has(text, "QUEUE0.HEAD 0x");
}

TEST(firmware_log)
{
	struct drm_loom_query_info info;
	char *text = debug_text("firmware_log");

	loom_query(loom_open(), DRM_LOOM_QUERY_INFO, &info, sizeof(info));
	check_has(text, "\n");
	CHECK(strlen(text) < 0x10000);
	for (char *c = text; *c; c++)
		CHECK(*c == '\n' || (*c >= ' ' && *c <= '~'));
}

TEST(queues)
{
	struct client well = client_open(), hung = client_open(), bad = client_open();
	struct stream s = hang(&hung);
	char *text;

	client_serves(&well);
	CHECK_OK(client_start(&hung, &s));
	usleep(100 * 1000);
	text = debug_text("queues");
	check_has(text, "state 0x0 live jobs 1/1");
	check_has(text, "state 0x0 live jobs 0/1");
	CHECK(!strstr(text, "on core 0x0\n"));
	CHECK(!strstr(text, "fault job"));

	CHECK_OK(queue_destroy(hung.fd, hung.queue));
	s = client_stream(&bad);
	st_load(&s, 0x7000000000, 0, 1);
	st_op(&s, LOOM_OP_END);
	CHECK_OK(client_start(&bad, &s));
	CHECK_OK(syncobj_wait(bad.fd, bad.out, deadline(5 * SECOND)));
	check_has(debug_text("queues"), "fault job 0 status 3 code 1 va 0x7000000000");
}

TEST(address_spaces)
{
	struct client c = client_open();
	struct bo shared = bo_create(c.fd, 3 * PAGE, 0);
	char *text, *client;

	CHECK_OK(vm_map(c.fd, c.vm, 0x700000000000, shared.handle, PAGE, 2 * PAGE, 0));
	text = debug_text("address_spaces");
	client = strstr(text, " vm 1 as ");
	CHECK(client);
	check_has(client, "0x000010000000-0x000010010000 r buffer 65536 offset 0x0\n");
	check_has(client, "0x000020000000-0x000020040000 rw buffer 262144 offset 0x0\n");
	check_has(client, "0x700000000000-0x700000002000 rw buffer 12288 offset 0x1000 shared\n");
	CHECK_OK(vm_unmap(c.fd, c.vm, 0x700000000000, PAGE));
	check_has(debug_text("address_spaces"),
		  "0x700000001000-0x700000002000 rw buffer 12288 offset 0x2000 shared\n");
}

/* Files that are read all the time while all they show comes and goes. */
TEST_WITHIN(read_while_in_use, 60)
{
	static const char * const names[] = { "queues", "address_spaces", "registers",
					      "firmware_log" };
	pid_t reader = fork();

	if (!reader) {
		for (unsigned int i = 0;; i++)
			free(debug_text(names[i % 4]));
	}
	for (int i = 0; i < 60; i++)
		serves_anew();
}

/* The value that follows @key in the first line of @text that has @event. */
static unsigned long long field(const char *text, const char *event, const char *key)
{
	const char *line = strstr(text, event), *at;
	unsigned long long value;

	if (!line)
		test_fail(__FILE__, __LINE__, "no %s in:\n%s", event, text);
	at = strstr(line, key);
	CHECK(at && at < strchr(line, '\n'));
	CHECK_EQ(sscanf(at + strlen(key), "%lli", (long long *)&value), 1);
	return value;
}

TEST(trace_job)
{
	struct client c;
	char *text, *submit, *run, *done;

	trace_begin();
	c = client_open();
	client_serves(&c);
	client_serves(&c);
	text = trace_end();

	CHECK_EQ(field(text, "loom_bind:", " va="), CODE_VA);
	CHECK_EQ(field(text, "loom_bind:", " size="), c.code.size);
	CHECK_EQ(field(text, "loom_bind:", " flags="), DRM_LOOM_BIND_READONLY);
	CHECK_EQ(field(text, "loom_bind:", " error="), 0);
	submit = strstr(text, "loom_submit:");
	run = strstr(text, "loom_run:");
	done = strstr(text, "loom_done:");
	CHECK(submit && run && done && submit < run && run < done);
	CHECK_EQ(field(text, "loom_submit:", " stream_va="), CODE_VA);
	CHECK_EQ(field(text, "loom_submit:", " job="), 0);
	CHECK_EQ(field(text, "loom_run:", " job="), 0);
	CHECK_EQ(field(text, "loom_done:", " job="), 0);
	CHECK_EQ(field(text, "loom_done:", " error="), 0);
	CHECK(field(text, "loom_done:", " cycles=") > 0);
	CHECK_EQ(field(text, "loom_run:", " context="), field(text, "loom_submit:", " context="));
	CHECK_EQ(field(text, "loom_done:", " context="), field(text, "loom_submit:", " context="));
	CHECK_EQ(field(done + 1, "loom_done:", " job="), 1);
}

TEST(trace_fault)
{
	struct client c = client_open();
	struct stream s = client_stream(&c);
	char *text;

	st_load(&s, 0x7000000000, 0, 1);
	st_op(&s, LOOM_OP_END);
	trace_begin();
	CHECK_OK(client_start(&c, &s));
	CHECK_OK(syncobj_wait(c.fd, c.out, deadline(5 * SECOND)));
	text = trace_end();
	CHECK_EQ(field(text, "loom_fault:", " va="), 0x7000000000);
	CHECK_EQ(field(text, "loom_fault:", " status="), LOOM_JOB_MMU_FAULT);
	CHECK_EQ(field(text, "loom_fault:", " code="), LOOM_MMU_FAULT_UNMAPPED);
	CHECK_EQ(field(text, "loom_fault:", " slot="), 0);
	CHECK_EQ(field(text, "loom_done:", " error="), -EFAULT);
}

TEST(trace_reset)
{
	struct client c = client_open();
	char *text;

	trace_begin();
	if (!inject("fw-crash"))
		test_skip("no monitor to inject faults by (LOOM_MONITOR)");
	client_serves(&c);
	text = trace_end();
	check_has(text, "why=\"the firmware crashed\"");
	CHECK_EQ(field(text, "loom_reset_done:", " error="), 0);
	CHECK(field(text, "loom_reset_done:", " count=") > 0);
}
