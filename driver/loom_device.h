/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOOM_DEVICE_H
#define LOOM_DEVICE_H

#include <linux/bits.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/rwsem.h>
#include <linux/time64.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>

#include <drm/loom_accel.h>
#include <loom/regs.h>

struct pci_dev;
struct device;
struct loom_bus;
struct loom_clock;
struct loom_coredump;
struct loom_devfreq;
struct loom_fw;
struct loom_gem;
struct loom_hwqs;
struct loom_mbox;
struct loom_mmu;
struct loom_perf;
struct loom_recovery;
struct loom_watch;

/* What one file may hold: half of what the hardware has, so that no client takes it all. */
#define LOOM_FILE_VMS		(LOOM_NUM_AS / 2)
#define LOOM_FILE_QUEUES	(LOOM_NUM_QUEUES / 2)

/* The first page stays unmapped so that a null address faults. */
#define LOOM_VA_START		0x1000ull
#define LOOM_VA_END		BIT_ULL(LOOM_VA_BITS)

/*
 * How long the firmware may take to answer. It does so between two jobs, in microseconds, but for
 * QUEUE_STOP, which takes two times LOOM_CORE_STOP_MS at most.
 */
#define LOOM_FW_TIMEOUT_MS	500
#define LOOM_FW_PART_MS		50

/* How long the device may take to come to rest in a reset, the boot ROM to check the firmware. */
#define LOOM_BOOT_TIMEOUT_MS	2000

/**
 * struct loom_device - one NPU
 */
struct loom_device {
	/** @drm: the accel device; its last reference frees this structure */
	struct drm_device drm;

	/** @pdev: PCI function */
	struct pci_dev *pdev;

	/** @regs: BAR0; not to be touched after unplug: drm_dev_enter() first */
	void __iomem *regs;

	/** @doorbells: BAR2; the same */
	void __iomem *doorbells;

	/** @info: identity and geometry, constant once the device is registered */
	struct drm_loom_query_info info;

	/** @clock_khz: present clock, as it was seen last */
	u32 clock_khz;

	/** @wq: ordered: watch and reset, so that neither runs during the other */
	struct workqueue_struct *wq;

	/** @sched_wq: where the schedulers of all queues run jobs and free them */
	struct workqueue_struct *sched_wq;

	/** @recovery: how often which level of recovery was needed; uevents */
	struct loom_recovery *recovery;

	/** @coredump: dumps for /sys/class/devcoredump */
	struct loom_coredump *coredump;

	/** @bus: errors of the bus */
	struct loom_bus *bus;

	/** @mbox: messages to and from the firmware */
	struct loom_mbox *mbox;

	/** @fw: firmware image, boot and heartbeat */
	struct loom_fw *fw;

	/** @mmu: address spaces */
	struct loom_mmu *mmu;

	/** @gem: buffers that are mapped for DMA */
	struct loom_gem *gem;

	/** @hwqs: hardware queues */
	struct loom_hwqs *hwqs;

	/** @clock: throttling */
	struct loom_clock *clock;

	/** @devfreq: sets the clock by the load; NULL before, and in kernels without devfreq */
	struct loom_devfreq *devfreq;

	/** @hwmon: sensors; NULL before they are there, and in kernels without hwmon */
	struct device *hwmon;

	/** @perf: streams of counters */
	struct loom_perf *perf;

	/** @watch: looks whether jobs get on */
	struct loom_watch *watch;

	/** @inject: what is to go wrong next, a bit each of enum loom_inject */
	unsigned long inject;

	/** @reset: recovery of the whole device */
	struct {
		/**
		 * @reset.lock: read: the firmware is talked to, address-space registers are
		 * written. Write: the device is being reset, or removed
		 */
		struct rw_semaphore lock;

		/** @reset.work: does the reset */
		struct work_struct work;

		/** @reset.count: resets since probe */
		atomic_t count;

		/** @reset.pending: a reset is due or under way; see loom_device_reset_wait() */
		bool pending;

		/** @reset.over: woken when @reset.pending has become false */
		wait_queue_head_t over;

		/** @reset.why: cause of the one that is pending or under way, text that stays */
		const char *why;

		/** @reset.bus_error: the PCI core is about to reset the device */
		bool bus_error;

		/** @reset.suspect: whose job made it necessary is not known */
		bool suspect;

		/** @reset.booting: the error vector is expected: boot reports by itself */
		bool booting;

		/** @reset.asleep: the device is reset, and stays so until it is woken */
		bool asleep;

		/** @reset.wedged: the device did not come back; it takes no more jobs */
		bool wedged;
	} reset;
};

static inline struct loom_device *to_loom_device(struct drm_device *drm)
{
	return container_of(drm, struct loom_device, drm);
}

/* drm_dev_enter() and drm_dev_exit() as a scope: see below */
struct loom_enter {
	bool ok;
	int idx;
};

static inline struct loom_enter loom_enter_begin(struct loom_device *ldev)
{
	struct loom_enter enter = {};

	enter.ok = drm_dev_enter(&ldev->drm, &enter.idx);
	return enter;
}

static inline void loom_enter_end(struct loom_enter enter)
{
	if (enter.ok)
		drm_dev_exit(enter.idx);
}

/*
 * CLASS(loom_enter, enter)(ldev): to the end of the scope the device stays, if enter.ok; otherwise
 * it is gone.
 */
DEFINE_CLASS(loom_enter, struct loom_enter, loom_enter_end(_T), loom_enter_begin(ldev),
	     struct loom_device *ldev)

static inline u32 loom_read(struct loom_device *ldev, u32 reg)
{
	return readl(ldev->regs + reg);
}

static inline u64 loom_read64(struct loom_device *ldev, u32 reg)
{
	return readq(ldev->regs + reg);
}

static inline void loom_write(struct loom_device *ldev, u32 reg, u32 value)
{
	writel(value, ldev->regs + reg);
}

static inline void loom_write64(struct loom_device *ldev, u32 reg, u64 value)
{
	writeq(value, ldev->regs + reg);
}

/* Cycles as time. What a device that is gone says must not be more than the division can take. */
static inline u64 loom_cycles_to_ns(struct loom_device *ldev, u64 cycles)
{
	return mul_u64_u32_div(min(cycles, BIT_ULL(43)), NSEC_PER_MSEC,
			       READ_ONCE(ldev->clock_khz) ?: 1);
}

int loom_device_init(struct loom_device *ldev);
void loom_device_unplug(struct loom_device *ldev);

int loom_device_sleep(struct loom_device *ldev, bool busy);
void loom_device_wake(struct loom_device *ldev);

void loom_device_reset_prepare(struct loom_device *ldev);
void loom_device_reset_done(struct loom_device *ldev);
void loom_device_error_begin(struct loom_device *ldev, bool readable);
void loom_device_error_end(struct loom_device *ldev, bool recovered);
bool loom_device_is_gone(struct loom_device *ldev);
void loom_device_reset_schedule(struct loom_device *ldev, const char *why);
void loom_device_reset_wait(struct loom_device *ldev);

#endif
