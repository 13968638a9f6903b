// SPDX-License-Identifier: GPL-2.0
/*
 * Messages between driver and firmware: two rings in memory that both sides see. What the firmware
 * writes is read once and checked: it is not trusted to be sane.
 */
#include <linux/completion.h>
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <loom/fw.h>

#include "loom_device.h"
#include "loom_hwq.h"
#include "loom_inject.h"
#include "loom_kunit.h"
#include "loom_mbox.h"
#include "loom_recovery.h"

/**
 * struct loom_mbox - the unit's state
 */
struct loom_mbox {
	/** @shm: memory shared with the firmware */
	struct loom_shm *shm;

	/** @dma: its bus address */
	dma_addr_t dma;

	/** @send_lock: protects the tail of the ring to the firmware, and @tail */
	struct mutex send_lock;

	/** @tail: our copy of h2f.tail, which the firmware could overwrite */
	u32 tail;

	/** @receive_lock: protects the head of the ring to the driver, and @head */
	struct mutex receive_lock;

	/** @head: our copy of f2h.head */
	u32 head;

	/** @wait_lock: protects @up, @waiters and @cookie; taken in hard interrupts */
	spinlock_t wait_lock;

	/** @up: the firmware can be talked to */
	bool up;

	/** @waiters: struct loom_call, of those who wait for a reply */
	struct list_head waiters;

	/** @cookie: of the last message */
	u32 cookie;
};

/**
 * struct loom_call - somebody who waits for a reply
 * @link: in loom_mbox.waiters
 * @cookie: of the message
 * @reply: where the reply goes
 * @error: 0 once the reply is there
 * @done: reply or failure
 */
struct loom_call {
	struct list_head link;
	u32 cookie;
	struct loom_msg *reply;
	int error;
	struct completion done;
};

/* No firmware has so many messages to send at a stretch. */
#define LOOM_MBOX_BURST		(64 * LOOM_MSG_SLOTS)

static const int loom_fw_errnos[] = {
	[LOOM_FW_OK] = 0,
	[LOOM_FW_ERR_VERSION] = -EPROTONOSUPPORT,
	[LOOM_FW_ERR_STATE] = -EALREADY,
	[LOOM_FW_ERR_PARAM] = -EINVAL,
	[LOOM_FW_ERR_UNKNOWN] = -EOPNOTSUPP,
	[LOOM_FW_ERR_STUCK] = -EBUSY,
};

static int loom_fw_errno(u32 status)
{
	return status < ARRAY_SIZE(loom_fw_errnos) ? loom_fw_errnos[status] : -EPROTO;
}

static int loom_mbox_wait_room(struct loom_mbox *mbox)
{
	unsigned long end = jiffies + msecs_to_jiffies(LOOM_FW_TIMEOUT_MS);

	while (mbox->tail - le32_to_cpu(READ_ONCE(mbox->shm->h2f.head)) >= LOOM_MSG_SLOTS) {
		if (time_after(jiffies, end) || !READ_ONCE(mbox->up))
			return -ETIMEDOUT;
		usleep_range(100, 200);
	}
	return 0;
}

static int loom_mbox_send(struct loom_device *ldev, const struct loom_msg *msg)
{
	struct loom_mbox *mbox = ldev->mbox;
	struct loom_msg_ring *ring = &mbox->shm->h2f;
	int ret;

	guard(mutex)(&mbox->send_lock);

	ret = loom_mbox_wait_room(mbox);
	if (ret)
		return ret;
	ring->msg[mbox->tail % LOOM_MSG_SLOTS] = *msg;
	dma_wmb(); /* the message before the index that publishes it */
	WRITE_ONCE(ring->tail, cpu_to_le32(++mbox->tail));
	if (!loom_inject(ldev, LOOM_INJECT_MESSAGE))
		loom_write(ldev, LOOM_REG_MBOX_DOORBELL, 1);
	return 0;
}

static void loom_mbox_call_end(struct loom_mbox *mbox, struct loom_call *call, int error)
{
	lockdep_assert_held(&mbox->wait_lock);
	list_del_init(&call->link);
	call->error = error;
	complete(&call->done);
}

/*
 * Time is counted in parts: a machine that stood still, or had no time for the guest, finds one of
 * them over when it goes on, and a firmware that has stood still as long. Between them it is looked
 * whether the reply is there, and only its interrupt was lost.
 */
static void loom_mbox_wait(struct loom_device *ldev, struct loom_call *call)
{
	for (unsigned int i = 0; i < LOOM_FW_TIMEOUT_MS / LOOM_FW_PART_MS; i++) {
		if (wait_for_completion_timeout(&call->done, msecs_to_jiffies(LOOM_FW_PART_MS)))
			return;
		loom_mbox_receive(ldev);
		if (loom_device_is_gone(ldev))
			return;
	}
}

/**
 * loom_mbox_call() - send a message and wait for the reply
 * @ldev: device; the caller holds reset.lock
 * @msg: in: the message, but for the cookie; out: the reply, zeroed where there was none
 *
 * Return: 0, or what the firmware said, as an errno (-EALREADY: the queue is not in the state for
 * it; -EINVAL; -EPROTONOSUPPORT; -EBUSY: a core does not let go); -EIO where the firmware is down;
 * -ETIMEDOUT.
 */
int loom_mbox_call(struct loom_device *ldev, struct loom_msg *msg)
{
	struct loom_mbox *mbox = ldev->mbox;
	struct loom_call call = { .reply = msg, .error = -ETIMEDOUT };
	struct loom_msg request = *msg;
	int ret;

	memset(msg, 0, sizeof(*msg));
	init_completion(&call.done);
	scoped_guard(spinlock_irqsave, &mbox->wait_lock) {
		if (!mbox->up)
			return -EIO;
		call.cookie = ++mbox->cookie;
		request.cookie = cpu_to_le32(call.cookie);
		list_add_tail(&call.link, &mbox->waiters);
	}

	ret = loom_mbox_send(ldev, &request);
	if (!ret)
		loom_mbox_wait(ldev, &call);

	scoped_guard(spinlock_irqsave, &mbox->wait_lock)
		list_del_init(&call.link);
	if (ret || call.error)
		return ret ?: call.error;
	return loom_fw_errno(le32_to_cpu(msg->status));
}

static void loom_mbox_reply(struct loom_mbox *mbox, const struct loom_msg *msg)
{
	struct loom_call *call;

	guard(spinlock_irqsave)(&mbox->wait_lock);
	list_for_each_entry(call, &mbox->waiters, link) {
		if (call->cookie == le32_to_cpu(msg->cookie)) {
			*call->reply = *msg;
			loom_mbox_call_end(mbox, call, 0);
			return;
		}
	}
}

static void loom_mbox_dispatch(struct loom_device *ldev, const struct loom_msg *msg)
{
	switch (le32_to_cpu(msg->type)) {
	case LOOM_MSG_REPLY:
		loom_mbox_reply(ldev->mbox, msg);
		break;
	case LOOM_MSG_QUEUE_FAULT:
		loom_hwqs_handle_fault(ldev, msg);
		break;
	default:
		dev_warn_ratelimited(ldev->drm.dev, "unknown message %#x from the firmware\n",
				     le32_to_cpu(msg->type));
	}
}

/* Messages in the ring, or -EPROTO where its indices cannot be. */
VISIBLE_IF_KUNIT int loom_mbox_pending(u32 head, u32 tail)
{
	return tail - head > LOOM_MSG_SLOTS ? -EPROTO : (int)(tail - head);
}
EXPORT_SYMBOL_IF_KUNIT(loom_mbox_pending);

/**
 * loom_mbox_receive() - take what the firmware has sent
 * @ldev: device
 *
 * Process context.
 */
void loom_mbox_receive(struct loom_device *ldev)
{
	struct loom_mbox *mbox = ldev->mbox;
	struct loom_msg_ring *ring = &mbox->shm->f2h;
	struct loom_msg msg;
	int pending;

	guard(mutex)(&mbox->receive_lock);

	for (unsigned int n = 0; READ_ONCE(mbox->up); n++) {
		pending = loom_mbox_pending(mbox->head, le32_to_cpu(READ_ONCE(ring->tail)));
		if (!pending)
			return;
		if (pending < 0 || n == LOOM_MBOX_BURST) {
			loom_device_reset_schedule(ldev, "the firmware's message ring is corrupt");
			return;
		}
		dma_rmb(); /* the index before the message that it publishes */
		msg = ring->msg[mbox->head % LOOM_MSG_SLOTS];
		mb(); /* the copy before the slot is given back */
		WRITE_ONCE(ring->head, cpu_to_le32(++mbox->head));
		loom_mbox_dispatch(ldev, &msg);
	}
}

/**
 * loom_mbox_heartbeat() - the firmware's sign of life
 * @ldev: device
 *
 * Return: a number that changes.
 */
u32 loom_mbox_heartbeat(struct loom_device *ldev)
{
	return le32_to_cpu(READ_ONCE(ldev->mbox->shm->heartbeat));
}

/**
 * loom_mbox_on_core() - which hardware queues have a job on a core now
 * @ldev: device
 *
 * Return: bit q is queue q.
 */
u64 loom_mbox_on_core(struct loom_device *ldev)
{
	const struct loom_shm *shm = ldev->mbox->shm;

	return le32_to_cpu(READ_ONCE(shm->on_core[0])) |
	       (u64)le32_to_cpu(READ_ONCE(shm->on_core[1])) << 32;
}

/**
 * loom_mbox_waiting() - which hardware queues have a job that waits for a core
 * @ldev: device
 *
 * Return: bit q is queue q.
 */
u64 loom_mbox_waiting(struct loom_device *ldev)
{
	const struct loom_shm *shm = ldev->mbox->shm;

	return le32_to_cpu(READ_ONCE(shm->waiting[0])) |
	       (u64)le32_to_cpu(READ_ONCE(shm->waiting[1])) << 32;
}

/**
 * loom_mbox_core_resets() - how often the firmware has reset a core since it booted
 * @ldev: device
 *
 * Return: what it says.
 */
u32 loom_mbox_core_resets(struct loom_device *ldev)
{
	return le32_to_cpu(READ_ONCE(ldev->mbox->shm->core_resets));
}

/* What is no text is shown as '?'. */
static void loom_log_print(const char *ring, u32 tail, struct drm_printer *p)
{
	u32 left = min_t(u32, tail, LOOM_LOG_BYTES);

	while (left) {
		char text[128];
		u32 n = min_t(u32, left, sizeof(text) - 1);

		for (u32 i = 0; i < n; i++) {
			char c = READ_ONCE(ring[(tail - left + i) % LOOM_LOG_BYTES]);

			text[i] = c == '\n' || (isascii(c) && isprint(c)) ? c : '?';
		}
		text[n] = 0;
		drm_puts(p, text);
		left -= n;
	}
}

/**
 * loom_mbox_show_log() - print the firmware's log
 * @ldev: device that is there
 * @p: where to
 *
 * The firmware may be writing to it: lines at the beginning can be mixed.
 */
void loom_mbox_show_log(struct loom_device *ldev, struct drm_printer *p)
{
	const struct loom_log_ring *log = &ldev->mbox->shm->log;

	loom_log_print(log->text, le32_to_cpu(READ_ONCE(log->tail)), p);
}

/**
 * loom_mbox_snapshot() - copy what the firmware says of itself
 * @ldev: device
 * @to: out
 */
void loom_mbox_snapshot(struct loom_device *ldev, struct loom_mbox_snapshot *to)
{
	const struct loom_shm *shm = ldev->mbox->shm;

	to->heartbeat = le32_to_cpu(READ_ONCE(shm->heartbeat));
	to->jobs_started = le32_to_cpu(READ_ONCE(shm->jobs_started));
	to->jobs_ended = le32_to_cpu(READ_ONCE(shm->jobs_ended));
	to->yields = le32_to_cpu(READ_ONCE(shm->yields));
	to->core_resets = loom_mbox_core_resets(ldev);
	to->on_core = loom_mbox_on_core(ldev);
	to->log_tail = le32_to_cpu(READ_ONCE(shm->log.tail));
	memcpy(to->log, shm->log.text, sizeof(to->log));
}

/**
 * loom_mbox_show_snapshot() - print the firmware's log as it was
 * @from: copy
 * @p: where to
 */
void loom_mbox_show_snapshot(const struct loom_mbox_snapshot *from, struct drm_printer *p)
{
	loom_log_print(from->log, from->log_tail, p);
}

/**
 * loom_mbox_pre_reset() - the firmware is not to be talked to any more; whoever waits gets -EIO
 * @ldev: device
 *
 * Any context.
 */
void loom_mbox_pre_reset(struct loom_device *ldev)
{
	struct loom_mbox *mbox = ldev->mbox;
	struct loom_call *call, *next;

	guard(spinlock_irqsave)(&mbox->wait_lock);
	mbox->up = false;
	list_for_each_entry_safe(call, next, &mbox->waiters, link)
		loom_mbox_call_end(mbox, call, -EIO);
}

/**
 * loom_mbox_post_reset() - clean memory for a firmware that is about to boot
 * @ldev: device that is reset
 */
void loom_mbox_post_reset(struct loom_device *ldev)
{
	struct loom_mbox *mbox = ldev->mbox;

	guard(mutex)(&mbox->send_lock);
	guard(mutex)(&mbox->receive_lock);

	loom_recovery_count_many(ldev, LOOM_CORE_RESETS, loom_mbox_core_resets(ldev));
	memset(mbox->shm, 0, LOOM_SHM_BYTES);
	mbox->shm->magic = cpu_to_le32(LOOM_SHM_MAGIC);
	mbox->shm->bytes = cpu_to_le32(LOOM_SHM_BYTES);
	mbox->head = 0;
	mbox->tail = 0;
	loom_write64(ldev, LOOM_REG_SHM_ADDR_64, mbox->dma);
	loom_write(ldev, LOOM_REG_SHM_SIZE, LOOM_SHM_BYTES);

	guard(spinlock_irqsave)(&mbox->wait_lock);
	mbox->up = true;
}

/**
 * loom_mbox_init() - memory for the rings
 * @ldev: device
 *
 * Return: 0 or a negative errno.
 */
int loom_mbox_init(struct loom_device *ldev)
{
	struct loom_mbox *mbox;
	int ret;

	mbox = drmm_kzalloc(&ldev->drm, sizeof(*mbox), GFP_KERNEL);
	if (!mbox)
		return -ENOMEM;
	ret = drmm_mutex_init(&ldev->drm, &mbox->send_lock);
	if (ret)
		return ret;
	ret = drmm_mutex_init(&ldev->drm, &mbox->receive_lock);
	if (ret)
		return ret;
	spin_lock_init(&mbox->wait_lock);
	INIT_LIST_HEAD(&mbox->waiters);
	mbox->shm = dma_alloc_coherent(&ldev->pdev->dev, LOOM_SHM_BYTES, &mbox->dma, GFP_KERNEL);
	if (!mbox->shm)
		return -ENOMEM;
	ldev->mbox = mbox;
	return 0;
}

/**
 * loom_mbox_fini() - free the rings
 * @ldev: device that is quiet
 */
void loom_mbox_fini(struct loom_device *ldev)
{
	struct loom_mbox *mbox = ldev->mbox;

	dma_free_coherent(&ldev->pdev->dev, LOOM_SHM_BYTES, mbox->shm, mbox->dma);
	mbox->shm = NULL;
}
