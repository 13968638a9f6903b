/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_DOORBELL_H
#define LOOM_DOORBELL_H

#include <linux/mutex.h>
#include <linux/types.h>

struct file;
struct loom_device;
struct page;
struct vm_area_struct;

/**
 * struct loom_doorbell - doorbell page of a user queue
 * @ldev: device; it is there while anything is mapped
 * @slot: number of the hardware queue
 * @lock: protects @revoked and @open, and both against page faults. Inside of mmap_lock, outside of
 *	reset.lock and hwq.lock; memory may be allocated with it held
 * @revoked: the hardware's page is not to be mapped again
 * @open: the hardware's page may be mapped
 * @dummy: mapped in its place, a page of this queue's own
 */
struct loom_doorbell {
	struct loom_device *ldev;
	unsigned int slot;
	struct mutex lock; /* see above */
	bool revoked;
	bool open;
	struct page *dummy;
};

int loom_doorbell_init(struct loom_doorbell *doorbell, struct loom_device *ldev);
void loom_doorbell_fini(struct loom_doorbell *doorbell);
u64 loom_doorbell_offset(const struct loom_doorbell *doorbell);
void loom_doorbell_close(struct loom_doorbell *doorbell);
void loom_doorbell_revoke(struct loom_doorbell *doorbell);
int loom_mmap(struct file *filp, struct vm_area_struct *vma);

#endif
