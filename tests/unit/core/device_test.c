// SPDX-License-Identifier: MIT
/* The device end to end: firmware, queues, jobs. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "harness.h"

#define VA	0x10000000ull

static void one_job(void **state)
{
	struct harness *h = harness_new(NULL, true);
	uint64_t data = h_alloc(h, 8192), seqno;
	struct h_stream s = h_stream_new(h, 16);
	struct loom_completion c;

	h_boot(h);
	h_map(h, 5, VA, s.bus, 1, 0);
	h_map(h, 5, VA + 0x10000, data, 2, 0);
	h_as_enable(h, 5);
	memset(h_ptr(h, data), 0x5a, 4096);
	h_copy(&s, VA + 0x11000, VA + 0x10000, 4096);
	h_op(&s, LOOM_OP_END);
	assert_int_equal(h_queue_create(h, 3, 5, 4, LOOM_PRIO_NORMAL), LOOM_FW_OK);
	seqno = h_submit(h, 3, VA, s.slots);
	c = h_wait(h, 3, seqno);
	assert_int_equal(c.status, LOOM_JOB_OK);
	assert_memory_equal(h_ptr(h, data), h_ptr(h, data + 4096), 4096);
	harness_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_job),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
