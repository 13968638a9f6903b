// SPDX-License-Identifier: MIT
/* The device as a whole: made, reset, brought to rest, freed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "npu.h"

uint64_t loom_dev_now(struct loom_dev *dev)
{
	return dev->bus.now_ns(dev->opaque);
}

void loom_dev_irq(struct loom_dev *dev, unsigned int vector)
{
	if (!loom_inject_is(dev, LOOM_INJECT_GONE) && !loom_inject_take(dev, LOOM_INJECT_DROP_IRQ))
		dev->bus.irq(dev->opaque, vector);
}

void loom_dev_doorbell(struct loom_dev *dev, uint64_t offset, uint32_t value)
{
	if (!loom_inject_mute(dev))
		loom_queue_doorbell(dev, offset, value);
}

/* ---- Reset ---- */

/* Register state to its reset values; lock held, DMA cut off. */
static void reset_state(struct loom_dev *dev, uint64_t now)
{
	loom_thermal_update(dev, now);
	dev->epoch++;
	atomic_store(&dev->t0_ns, now);
	dev->boot_state = LOOM_BOOT_OFF;
	dev->boot_error = LOOM_BOOT_ERR_NONE;
	dev->trap_cause = 0;
	dev->trap_pc = 0;
	dev->trap_value = 0;
	dev->fw_addr = 0;
	dev->fw_size = 0;
	dev->shm_addr_reg = 0;
	dev->shm_size_reg = 0;
	dev->latch_ns = 0;
	memset(dev->queue, 0, sizeof(dev->queue));
	dev->deaf_queues = 0;
	for (unsigned int i = 0; i < dev->geo.num_cores; i++)
		loom_ccu_reset(&dev->core[i]);
	loom_cc_reset(dev);
	loom_thermal_reset(dev);
}

void loom_dev_soft_reset(struct loom_dev *dev)
{
	uint64_t now = loom_dev_now(dev), epoch;

	pthread_mutex_lock(&dev->lock);
	epoch = loom_mmu_reset(&dev->mmu);
	reset_state(dev, now);
	pthread_mutex_unlock(&dev->lock);
	loom_mmu_wait(&dev->mmu, epoch);
}

/* Lock held: ask whatever runs to come to rest, and wait for it. */
static void hold(struct loom_dev *dev)
{
	for (unsigned int i = 0; i < dev->geo.num_cores; i++)
		atomic_fetch_or(&dev->core[i].requests, LOOM_EXEC_PAUSE);
	loom_cc_attention(dev);
	loom_sched_hold(dev);
}

/* Nothing runs: leave nothing of an older epoch, and no mapping of the host's memory. */
static void settle(struct loom_dev *dev)
{
	for (unsigned int i = 0; i < dev->geo.num_cores; i++) {
		loom_ccu_new_epoch(&dev->core[i]);
		loom_tlb_flush(dev->core[i].tlb);
	}
	loom_cc_flush(dev);
}

void loom_dev_quiesce(struct loom_dev *dev)
{
	pthread_mutex_lock(&dev->lock);
	hold(dev);
	pthread_mutex_unlock(&dev->lock);
	settle(dev);
}

void loom_dev_resume(struct loom_dev *dev)
{
	pthread_mutex_lock(&dev->lock);
	loom_sched_release(dev);
	pthread_mutex_unlock(&dev->lock);
}

void loom_dev_reset(struct loom_dev *dev)
{
	loom_dev_soft_reset(dev);
	loom_dev_quiesce(dev);
	loom_dev_resume(dev);
}

/* ---- Life ---- */

static int make_parts(struct loom_dev *dev)
{
	struct loom_cc *cc = &dev->cc;
	int err;

	cc->tcm = calloc(1, LOOM_CC_TCM_BYTES);
	cc->tlb = loom_mmu_add_user(&dev->mmu);
	if (!cc->tcm || !cc->tlb)
		return -ENOMEM;
	cc->cpu.ram = cc->tcm;
	cc->cpu.ram_base = LOOM_CC_TCM;
	cc->cpu.ram_bytes = LOOM_CC_TCM_BYTES;
	cc->cpu.bus = &loom_cc_bus;
	cc->cpu.opaque = dev;
	loom_sched_add(dev, &cc->task, loom_cc_run, dev);
	for (unsigned int i = 0; i < dev->geo.num_cores; i++) {
		struct loom_ccu *core = &dev->core[i];

		core->dev = dev;
		core->id = i;
		core->tlb = loom_mmu_add_user(&dev->mmu);
		if (!core->tlb)
			return -ENOMEM;
		err = loom_core_new(&dev->geo, &core->exec);
		if (err)
			return err;
		loom_core_set_id(core->exec, i);
		loom_sched_add(dev, &core->task, loom_ccu_run, core);
	}
	loom_sched_add(dev, &dev->storm, loom_inject_storm, dev);
	loom_sched_add(dev, &dev->throttle.task, loom_thermal_run, dev);
	return 0;
}

static void free_parts(struct loom_dev *dev)
{
	if (dev->cc.tlb)
		loom_cc_flush(dev);
	loom_mmu_fini(&dev->mmu);
	for (unsigned int i = 0; i < dev->geo.num_cores; i++)
		if (dev->core[i].exec)
			loom_core_free(dev->core[i].exec);
	free(dev->cc.tcm);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
}

int loom_dev_new(const struct loom_geometry *geo, const struct loom_bus *bus, void *opaque,
		 struct loom_dev **out)
{
	struct loom_dev *dev;
	int err;

	if (loom_geometry_check(geo, NULL))
		return -EINVAL;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->geo = *geo;
	dev->bus = *bus;
	dev->opaque = opaque;
	pthread_mutex_init(&dev->lock, NULL);
	loom_thermal_init(dev);
	loom_mmu_init(&dev->mmu, &dev->bus, opaque);
	err = make_parts(dev);
	if (err) {
		free_parts(dev);
		return err;
	}
	loom_dev_soft_reset(dev);
	err = loom_sched_start(dev, dev->geo.num_cores + 1);
	if (err) {
		free_parts(dev);
		return err;
	}
	*out = dev;
	return 0;
}

void loom_dev_free(struct loom_dev *dev)
{
	if (!dev)
		return;
	loom_dev_soft_reset(dev);
	loom_dev_quiesce(dev);
	loom_sched_stop(dev);
	free_parts(dev);
}
