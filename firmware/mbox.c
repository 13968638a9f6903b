// SPDX-License-Identifier: MIT
/*
 * Messages to and from the driver. What lies in the rings is not trusted: a message is copied once and
 * then checked, and the driver's indices cannot make more of a ring than it has slots.
 */
#include "fw.h"

#define RETRY_US	1000u	/* between two looks at a full ring; the driver need not ring */

/* A firmware that speaks another protocol than its header says is built for a test. */
#ifndef FW_SPEAKS
#define FW_SPEAKS	LOOM_FW_PROTO_VERSION
#endif

#define REVISION_MAJOR(v)	((v) >> 16)

static uint32_t h2f_head, f2h_tail;
static bool greeted, sent, full;

bool mbox_init(void)
{
	if (sys_read(LOOM_CC_SHM_SIZE) < LOOM_SHM_BYTES || shm()->magic != LOOM_SHM_MAGIC ||
	    shm()->bytes != LOOM_SHM_BYTES)
		return false;
	shm()->h2f.head = 0;
	shm()->f2h.tail = 0;
	return true;
}

/* ---- Sending ---- */

static bool room(void)
{
	uint32_t used = f2h_tail - shm()->f2h.head;

	if (used < LOOM_MSG_SLOTS)
		return true;
	full = true;
	return false;
}

bool mbox_send(const struct loom_msg *msg)
{
	volatile uint32_t *to = (volatile uint32_t *)&shm()->f2h.msg[f2h_tail % LOOM_MSG_SLOTS];
	const uint32_t *from = (const uint32_t *)msg;

	if (!room())
		return false;
	for (unsigned int i = 0; i < sizeof(*msg) / 4; i++)
		to[i] = from[i];
	fence();
	shm()->f2h.tail = ++f2h_tail;
	sent = true;
	return true;
}

bool mbox_reply(struct loom_msg *msg, uint32_t cookie, enum loom_fw_status status)
{
	msg->type = LOOM_MSG_REPLY;
	msg->cookie = cookie;
	msg->status = status;
	msg->rsvd = 0;
	return mbox_send(msg);
}

void mbox_flush(void)
{
	if (sent)
		sys_write(LOOM_CC_HOST_IRQ, LOOM_VEC_MSG);
	if (full)
		timer_want(RETRY_US);
	sent = false;
	full = false;
}

/* ---- Receiving ---- */

static enum loom_fw_status hello(struct loom_msg *msg)
{
	uint32_t theirs = msg->u.hello.proto_version;

	msg->u.hello.proto_version = FW_SPEAKS;
	msg->u.hello.num_cores = sys_read(LOOM_CC_NUM_CORES);
	for (unsigned int i = 0; i < sizeof(fw_version); i++)
		msg->u.hello.version[i] = fw_version[i];
	if (greeted)
		return LOOM_FW_ERR_STATE;
	if (REVISION_MAJOR(theirs) != REVISION_MAJOR(FW_SPEAKS)) {
		log_line(LOG_ERROR, "driver speaks protocol %x, firmware %x", theirs,
			 (uint32_t)FW_SPEAKS);
		return LOOM_FW_ERR_VERSION;
	}
	greeted = true;
	return LOOM_FW_OK;
}

static enum loom_fw_status set_clock(struct loom_msg *msg)
{
	if (!msg->u.clock.clock_khz)
		return LOOM_FW_ERR_PARAM;
	sys_write(LOOM_CC_CLOCK_KHZ, msg->u.clock.clock_khz);
	msg->u.clock.clock_khz = sys_read(LOOM_CC_CLOCK_KHZ);
	return LOOM_FW_OK;
}

/* Do what @msg says, and make it its reply. True: the reply comes later, from where the work is done. */
static bool handle(struct loom_msg *msg, enum loom_fw_status *status)
{
	uint32_t q = msg->u.queue.queue;

	*status = LOOM_FW_OK;
	if (msg->status || msg->rsvd)
		*status = LOOM_FW_ERR_PARAM;
	else if (msg->type == LOOM_MSG_HELLO)
		*status = hello(msg);
	else if (!greeted)
		*status = LOOM_FW_ERR_STATE;
	else
		switch (msg->type) {
		case LOOM_MSG_PING:
			break;
		case LOOM_MSG_QUEUE_CREATE:
			*status = queue_create(msg);
			break;
		case LOOM_MSG_QUEUE_DESTROY:
			*status = queue_destroy(q);
			break;
		case LOOM_MSG_QUEUE_STOP:
			*status = queue_stop(q, msg->cookie);
			return *status == LOOM_FW_OK;
		case LOOM_MSG_QUEUE_RESUME:
			*status = queue_resume(q);
			break;
		case LOOM_MSG_SET_CLOCK:
			*status = set_clock(msg);
			break;
		case LOOM_MSG_SUSPEND:
			sched_suspend(msg->cookie);
			return true;
		default:
			*status = LOOM_FW_ERR_UNKNOWN;
		}
	return false;
}

static void copy_in(struct loom_msg *msg, uint32_t index)
{
	const volatile uint32_t *from =
		(const volatile uint32_t *)&shm()->h2f.msg[index % LOOM_MSG_SLOTS];
	uint32_t *to = (uint32_t *)msg;

	for (unsigned int i = 0; i < sizeof(*msg) / 4; i++)
		to[i] = from[i];
}

void mbox_receive(void)
{
	uint32_t tail = shm()->h2f.tail;
	enum loom_fw_status status;
	struct loom_msg msg;

	if (tail - h2f_head > LOOM_MSG_SLOTS) {
		log_line(LOG_ERROR, "message ring: tail %x is out of reach of head %x", tail, h2f_head);
		h2f_head = tail;
		shm()->h2f.head = tail;
	}
	fence();
	/* Without room for the reply the message stays where it is. */
	while (h2f_head != tail && room()) {
		copy_in(&msg, h2f_head);
		fence();
		shm()->h2f.head = ++h2f_head;
		if (!handle(&msg, &status))
			mbox_reply(&msg, msg.cookie, status);
	}
}
