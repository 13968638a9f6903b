// SPDX-License-Identifier: MIT
/* What CPU and device see at an address. */
#include "loom_test.h"

uint32_t word(const struct bo *bo, uint64_t offset)
{
	return *(volatile uint32_t *)((char *)bo->map + offset);
}

void set_word(struct bo *bo, uint64_t offset, uint32_t value)
{
	*(volatile uint32_t *)((char *)bo->map + offset) = value;
}

/* What the device reads at @va. */
uint32_t device_read(struct client *c, uint64_t va)
{
	struct stream s = copy_words(c, DATA_VA, va, 1);

	set_word(&c->data, 0, 0xdeadbeef);
	client_run(c, &s);
	return word(&c->data, 0);
}

/* The device must fault at @va, with @code; the client gets another queue. */
void expect_fault(struct client *c, const struct stream *s, uint64_t va, uint32_t code,
			 uint8_t access)
{
	struct drm_loom_queue_get_state state;

	CHECK_OK(client_start(c, s));
	CHECK_OK(syncobj_wait(c->fd, c->out, deadline(10 * SECOND)));
	CHECK_EQ(syncobj_status(c->fd, c->out), -EFAULT);
	state = queue_state(c->fd, c->queue);
	CHECK_EQ(state.state, DRM_LOOM_QUEUE_STATE_FAULT);
	CHECK_EQ(state.fault_status, LOOM_JOB_MMU_FAULT);
	CHECK_EQ(state.fault_code, code);
	CHECK_EQ(state.fault_access, access);
	CHECK_EQ(state.fault_va & -PAGE, va & -PAGE);
	CHECK_OK(queue_destroy(c->fd, c->queue));
	c->queue = queue_create(c->fd, c->vm);
}

void expect_unmapped(struct client *c, uint64_t va)
{
	struct stream s = copy_words(c, DATA_VA, va, 1);

	expect_fault(c, &s, va, LOOM_MMU_FAULT_UNMAPPED, LOOM_ACCESS_READ);
}
