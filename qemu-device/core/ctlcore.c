// SPDX-License-Identifier: MIT
/* The control core's task: boot, run, sleep, halt. */
#include <string.h>

#include "npu.h"

/* Instructions between two looks at the clock; some tens of microseconds. */
#define SLICE		4096u

/* ---- Interrupts and timer ---- */

void loom_cc_attention(struct loom_dev *dev)
{
	atomic_fetch_or(&dev->cc.cpu.signals, RV32_SIG_ATTENTION);
}

void loom_cc_update_irq(struct loom_dev *dev)
{
	struct loom_cc *cc = &dev->cc;

	if (cc->mbox || cc->db_pending || cc->core_event) {
		atomic_fetch_or(&cc->cpu.signals, RV32_SIG_MEIP);
		if (cc->asleep && dev->boot_state == LOOM_BOOT_RUNNING)
			loom_task_post(dev, &cc->task);
	} else {
		atomic_fetch_and(&cc->cpu.signals, ~RV32_SIG_MEIP);
	}
}

static uint64_t mtime(struct loom_dev *dev)
{
	return (loom_dev_now(dev) - atomic_load(&dev->t0_ns)) / 1000;
}

void loom_cc_update_timer(struct loom_dev *dev)
{
	uint64_t cmp = atomic_load(&dev->cc.mtimecmp);

	if (cmp != UINT64_MAX && mtime(dev) >= cmp)
		atomic_fetch_or(&dev->cc.cpu.signals, RV32_SIG_MTIP);
	else
		atomic_fetch_and(&dev->cc.cpu.signals, ~RV32_SIG_MTIP);
}

/* Bus time at which MTIP rises, for a hart that sleeps; lock held. */
static uint64_t timer_deadline(struct loom_dev *dev)
{
	uint64_t cmp = atomic_load(&dev->cc.mtimecmp), t0 = atomic_load(&dev->t0_ns);

	if (!(dev->cc.cpu.mie & RV32_SIG_MTIP) || cmp > (LOOM_NO_DEADLINE - 1 - t0) / 1000)
		return LOOM_NO_DEADLINE;
	return t0 + cmp * 1000;
}

/* ---- Epochs ---- */

void loom_cc_flush(struct loom_dev *dev)
{
	struct loom_cc *cc = &dev->cc;

	for (unsigned int i = 0; i < LOOM_SHM_PAGES; i++) {
		if (cc->shm[i])
			dev->bus.dma_unmap(dev->opaque, cc->shm[i], LOOM_SHM_PAGE, 1);
		cc->shm[i] = NULL;
	}
	loom_tlb_flush(cc->tlb);
}

void loom_cc_reset(struct loom_dev *dev)
{
	struct loom_cc *cc = &dev->cc;

	cc->booting = false;
	cc->asleep = false;
	cc->hung = false;
	cc->mbox = false;
	cc->db_pending = 0;
	cc->core_event = 0;
	atomic_store(&cc->mtimecmp, UINT64_MAX);
	cc->task.ready = false;
	cc->task.deadline = LOOM_NO_DEADLINE;
	loom_cc_update_irq(dev);
	loom_cc_attention(dev);
}

/* ---- Boot and halt ---- */

/* On request: the control core does nothing from here on. */
static bool hangs(struct loom_dev *dev, enum loom_inject what)
{
	bool hung;

	pthread_mutex_lock(&dev->lock);
	hung = dev->epoch == dev->cc.epoch && loom_inject_take(dev, what);
	dev->cc.hung |= hung;
	pthread_mutex_unlock(&dev->lock);
	return hung;
}

static void boot(struct loom_dev *dev)
{
	struct loom_cc *cc = &dev->cc;
	uint64_t epoch, fw_addr, shm_addr;
	uint32_t fw_size, shm_size, entry = 0;
	enum loom_boot_error err;

	pthread_mutex_lock(&dev->lock);
	epoch = dev->epoch;
	cc->epoch = epoch;
	loom_tlb_renew(cc->tlb);
	fw_addr = dev->fw_addr;
	fw_size = dev->fw_size;
	shm_addr = dev->shm_addr_reg;
	shm_size = dev->shm_size_reg;
	pthread_mutex_unlock(&dev->lock);

	loom_cc_flush(dev);
	cc->shm_unmappable = false;
	if (hangs(dev, LOOM_INJECT_BOOT_HANG))
		return;
	err = loom_boot_rom(dev, fw_addr, fw_size, shm_addr, shm_size, &entry);
	if (loom_inject_take(dev, LOOM_INJECT_BOOT_FAIL) || loom_inject_is(dev, LOOM_INJECT_BOOT_DEAD))
		err = LOOM_BOOT_ERR_DIGEST;

	pthread_mutex_lock(&dev->lock);
	if (dev->epoch == epoch) {
		cc->booting = false;
		dev->shm_addr = shm_addr;
		dev->shm_size = shm_size;
		dev->boot_state = err ? LOOM_BOOT_FAILED : LOOM_BOOT_RUNNING;
		dev->boot_error = err;
		rv32_reset(&cc->cpu, entry);
		loom_cc_update_irq(dev);
		loom_thermal_look(dev);
	} else {
		err = LOOM_BOOT_ERR_NONE;
	}
	pthread_mutex_unlock(&dev->lock);
	if (err)
		loom_dev_irq(dev, LOOM_VEC_ERROR);
}

static void stop_hart(struct loom_dev *dev, enum loom_boot_error why, uint32_t cause, uint32_t pc,
		      uint32_t value)
{
	bool current;

	pthread_mutex_lock(&dev->lock);
	current = dev->epoch == dev->cc.epoch && dev->boot_state == LOOM_BOOT_RUNNING;
	if (current) {
		dev->boot_state = LOOM_BOOT_HALTED;
		dev->boot_error = why;
		dev->trap_cause = cause;
		dev->trap_pc = pc;
		dev->trap_value = value;
		loom_cc_attention(dev);
	}
	pthread_mutex_unlock(&dev->lock);
	if (current)
		loom_dev_irq(dev, LOOM_VEC_ERROR);
}

static void halt(struct loom_dev *dev)
{
	struct rv32 *cpu = &dev->cc.cpu;

	stop_hart(dev, LOOM_BOOT_ERR_TRAP, cpu->mcause, cpu->mepc, cpu->mtval);
}

void loom_cc_panic(struct loom_dev *dev, uint32_t code)
{
	stop_hart(dev, LOOM_BOOT_ERR_PANIC, 0, 0, code);
}

/* ---- The task ---- */

/* What others want of the control core. False: leave the task. */
static bool attend(struct loom_dev *dev)
{
	struct loom_cc *cc = &dev->cc;
	bool go_on, crash;

	pthread_mutex_lock(&dev->lock);
	atomic_fetch_and(&cc->cpu.signals, ~RV32_SIG_ATTENTION);
	go_on = dev->epoch == cc->epoch && dev->boot_state == LOOM_BOOT_RUNNING;
	crash = go_on && loom_inject_take(dev, LOOM_INJECT_FW_CRASH);
	if (crash) {
		cc->cpu.mcause = RV32_CAUSE_ILLEGAL;
		cc->cpu.mepc = cc->cpu.pc;
		cc->cpu.mtval = 0;
	}
	if (go_on && dev->sched.hold) {
		loom_task_post(dev, &cc->task);
		go_on = false;
	}
	pthread_mutex_unlock(&dev->lock);
	if (crash)
		halt(dev);
	if (!go_on || crash || hangs(dev, LOOM_INJECT_FW_HANG))
		return false;
	loom_inject_shm(dev);
	return true;
}

/* True: the hart sleeps, and the task ends. */
static bool sleep_in_wfi(struct loom_dev *dev)
{
	bool asleep;

	loom_cc_update_timer(dev);
	pthread_mutex_lock(&dev->lock);
	asleep = !rv32_interrupt_pending(&dev->cc.cpu) &&
		 !(atomic_load(&dev->cc.cpu.signals) & RV32_SIG_ATTENTION);
	dev->cc.asleep = asleep;
	if (asleep)
		loom_task_sleep_until(dev, &dev->cc.task, timer_deadline(dev));
	pthread_mutex_unlock(&dev->lock);
	return asleep;
}

static void run(struct loom_dev *dev)
{
	struct loom_cc *cc = &dev->cc;

	for (;;) {
		loom_cc_update_timer(dev);
		switch (rv32_run(&cc->cpu, SLICE)) {
		case RV32_EXIT_BUDGET:
			pthread_mutex_lock(&dev->lock);
			loom_sched_kick(dev);
			pthread_mutex_unlock(&dev->lock);
			break;
		case RV32_EXIT_ATTENTION:
			if (!attend(dev))
				return;
			break;
		case RV32_EXIT_WFI:
			if (sleep_in_wfi(dev))
				return;
			break;
		case RV32_EXIT_HALT:
			halt(dev);
			return;
		}
	}
}

void loom_cc_run(void *opaque)
{
	struct loom_dev *dev = opaque;
	bool booting, running;

	pthread_mutex_lock(&dev->lock);
	dev->cc.asleep = false;
	booting = dev->cc.booting && !dev->cc.hung;
	running = !dev->cc.hung && dev->boot_state == LOOM_BOOT_RUNNING && dev->cc.epoch == dev->epoch;
	pthread_mutex_unlock(&dev->lock);
	if (booting) {
		boot(dev);
		pthread_mutex_lock(&dev->lock);
		running = dev->boot_state == LOOM_BOOT_RUNNING && dev->cc.epoch == dev->epoch;
		pthread_mutex_unlock(&dev->lock);
	}
	if (running)
		run(dev);
}
