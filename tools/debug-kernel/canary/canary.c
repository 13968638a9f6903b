// SPDX-License-Identifier: MIT
/*
 * canary.ko has every kind of bug that the debug kernel watches for, and commits the one that its
 * parameter names. check loads it to know that each watcher watches, and that its reports are seen.
 */

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/preempt.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

static char *bug = "";
module_param(bug, charp, 0444);

static int use_after_free(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	return READ_ONCE(p[8]) & 0;
}

static int lock_inversion(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);

	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
	return 0;
}

static int sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
	return 0;
}

static int leak(void)
{
	void *p = kmalloc(4000, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
	return p ? 0 : -ENOMEM;
}

static int refcount_underflow(void)
{
	refcount_t refs = REFCOUNT_INIT(1);

	if (refcount_dec_and_test(&refs))
		refcount_dec(&refs);
	return 0;
}

static int list_corruption(void)
{
	LIST_HEAD(list);
	struct list_head item;

	list_add(&item, &list);
	list_del(&item);
	list_del(&item);
	return 0;
}

static int out_of_bounds(void)
{
	static struct {
		int array[4];
		int after[4];
	} s;
	int i = 5;

	OPTIMIZER_HIDE_VAR(i);
	WRITE_ONCE(s.array[i], 1);
	return 0;
}

static void nothing(struct timer_list *t)
{
}

static int free_active_timer(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, nothing, 0);
	mod_timer(timer, jiffies + 60 * HZ);
	kfree(timer); /* debugobjects deactivates it, so that the guest lives on */
	return 0;
}

static int dma_never_mapped(void)
{
	struct platform_device *dev = platform_device_register_simple("canary", -1, NULL, 0);
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	ret = dma_coerce_mask_and_coherent(&dev->dev, DMA_BIT_MASK(32));
	if (!ret)
		dma_unmap_single(&dev->dev, 0x1000, 64, DMA_TO_DEVICE);
	platform_device_unregister(dev);
	return ret;
}

/* Would be taken for processor-intensive, and others let run beside it, if it could be preempted. */
static void spin(struct work_struct *work)
{
	preempt_disable();
	mdelay(5000);
	preempt_enable();
}

static void follow(struct work_struct *work)
{
}

static struct work_struct spinning[NR_CPUS], following[NR_CPUS];

/* On every processor: the watchdog's timer does not wake one that is idle. */
static int work_lockup(void)
{
	int cpu;

	for_each_online_cpu(cpu) {
		INIT_WORK(&spinning[cpu], spin);
		INIT_WORK(&following[cpu], follow);
		schedule_work_on(cpu, &spinning[cpu]);
		schedule_work_on(cpu, &following[cpu]);
	}
	for_each_online_cpu(cpu) {
		flush_work(&following[cpu]);
		flush_work(&spinning[cpu]);
	}
	return 0;
}

static const struct {
	const char *name;
	int (*commit)(void);
} bugs[] = {
	{ "lock_inversion", lock_inversion },
	{ "use_after_free", use_after_free },
	{ "sleep_in_atomic", sleep_in_atomic },
	{ "leak", leak },
	{ "refcount_underflow", refcount_underflow },
	{ "list_corruption", list_corruption },
	{ "out_of_bounds", out_of_bounds },
	{ "free_active_timer", free_active_timer },
	{ "dma_never_mapped", dma_never_mapped },
	{ "work_lockup", work_lockup },
};

static int __init canary_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bugs); i++)
		if (!strcmp(bug, bugs[i].name))
			return bugs[i].commit();
	return -EINVAL;
}
module_init(canary_init);

static void __exit canary_exit(void)
{
}
module_exit(canary_exit);

MODULE_DESCRIPTION("commits bugs, so that their watchers can be seen at work");
MODULE_LICENSE("Dual MIT/GPL");
