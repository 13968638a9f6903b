// SPDX-License-Identifier: GPL-2.0
/*
 * PERF_OPEN: streams of counters, sampled at an interval, with a file descriptor each.
 *
 * A timer queues work, the work latches and reads the counters and puts a record into the stream's
 * buffer, and read() takes it out. Nobody waits for a reader: what finds no room is lost, and
 * counted. A stream outlives the file that opened it, and the device: then it says that it ended.
 */
#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_file.h>
#include <drm/drm_managed.h>

#include "loom_compat.h"
#include "loom_device.h"
#include "loom_drv.h"
#include "loom_perf.h"
#include "loom_pm.h"

/* Streams of all files together. */
#define LOOM_PERF_STREAMS	16

#define LOOM_PERF_ENGINES	5

/* DRM_LOOM_PERF_* that are counters. */
#define LOOM_PERF_ALL	(GENMASK_ULL(DRM_LOOM_PERF_CONFLICTS, DRM_LOOM_PERF_CYCLES) |		\
			 GENMASK_ULL(DRM_LOOM_PERF_BUSY(LOOM_PERF_ENGINES - 1),			\
				     DRM_LOOM_PERF_BUSY(0)) |					\
			 loom_perf_stalls(0) | loom_perf_stalls(1) | loom_perf_stalls(2) |	\
			 loom_perf_stalls(3) | loom_perf_stalls(4))

#define loom_perf_stalls(eng)									\
	(GENMASK_ULL(LOOM_NUM_STALLS - 1, 0) << DRM_LOOM_PERF_STALL(eng, 0))

/**
 * struct loom_perf - the unit's state
 */
struct loom_perf {
	/** @latch_lock: the latched counters are its holder's; inside of reset.lock */
	struct mutex latch_lock;

	/** @list_lock: protects @streams, and their owners */
	struct mutex list_lock;

	/** @streams: struct loom_perf_stream that have not been closed */
	struct list_head streams;

	/** @epoch: how often counters have begun at zero */
	atomic_t epoch;

	/**
	 * @before: of each core since the last reset, what it had counted when it went to sleep;
	 * with reset.lock
	 */
	struct drm_loom_query_core before[LOOM_MAX_CORES];
};

/**
 * struct loom_perf_stream - an open stream
 */
struct loom_perf_stream {
	/** @ldev: device, with a reference */
	struct loom_device *ldev;

	/** @link: in loom_perf.streams */
	struct list_head link;

	/** @owner: file that opened it, for the limit; NULL once that is closed */
	struct loom_file *owner;

	/** @cores: bit a core */
	u32 cores;

	/** @counters: bit a DRM_LOOM_PERF_* */
	u64 counters;

	/** @period: between samples */
	ktime_t period;

	/** @record_bytes: of a record with its values */
	u32 record_bytes;

	/** @size: records that @ring has room for */
	u32 size;

	/** @ring: record i, counted from the first, lies at i modulo @size */
	void *ring;

	/** @timer: next sample */
	struct hrtimer timer;

	/** @work: takes it */
	struct work_struct work;

	/** @lost: samples since the last record that were not taken, or found no room; of @work */
	u32 lost;

	/** @read_lock: one reader at a time */
	struct mutex read_lock;

	/** @lock: protects @head and @tail */
	spinlock_t lock;

	/** @head: records ever written, by @work */
	u64 head;

	/** @tail: records ever read, with @read_lock too */
	u64 tail;

	/** @ended: no further record will come; the timer does not start again */
	bool ended;

	/** @wait: readers */
	wait_queue_head_t wait;
};

static u32 loom_perf_register(unsigned int counter)
{
	static const u8 first[] = {
		[DRM_LOOM_PERF_CYCLES] = LOOM_CORE_CYCLES_64,
		[DRM_LOOM_PERF_MACS] = LOOM_CORE_MACS_64,
		[DRM_LOOM_PERF_BYTES_IN] = LOOM_CORE_BYTES_IN_64,
		[DRM_LOOM_PERF_BYTES_OUT] = LOOM_CORE_BYTES_OUT_64,
		[DRM_LOOM_PERF_DESCS] = LOOM_CORE_DESCS_64,
		[DRM_LOOM_PERF_JOBS] = LOOM_CORE_JOBS_64,
		[DRM_LOOM_PERF_CONFLICTS] = LOOM_PERF_CONFLICTS_64,
	};

	if (counter < ARRAY_SIZE(first))
		return first[counter];
	if (counter < DRM_LOOM_PERF_STALL(0, 0))
		return LOOM_CORE_BUSY_64(counter - DRM_LOOM_PERF_BUSY(0));
	counter -= DRM_LOOM_PERF_STALL(0, 0);
	return LOOM_PERF_STALL_64(counter / 8, counter % 8);
}

/* All of @record is of one moment. False where there is nothing to be read just now. */
static bool loom_perf_sample(struct loom_perf_stream *stream, struct drm_loom_perf_record *record)
{
	struct loom_device *ldev = stream->ldev;
	unsigned long cores = stream->cores;
	unsigned int core, n = 0;

	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok || !down_read_trylock(&ldev->reset.lock))
		return false;
	if (ldev->reset.wedged || ldev->reset.asleep || READ_ONCE(ldev->reset.pending)) {
		up_read(&ldev->reset.lock);
		return false;
	}

	mutex_lock(&ldev->perf->latch_lock);
	record->epoch = atomic_read(&ldev->perf->epoch);
	loom_write(ldev, LOOM_REG_PERF_LATCH, stream->cores);
	record->device_ns = loom_read64(ldev, LOOM_REG_PERF_TIME_64);
	record->time_ns = ktime_get_ns();
	for_each_set_bit(core, &cores, LOOM_MAX_CORES) {
		for (u64 left = stream->counters; left; left &= left - 1)
			record->values[n++] = loom_read64(ldev, LOOM_REG_PERF(core) +
							  loom_perf_register(__ffs64(left)));
	}
	mutex_unlock(&ldev->perf->latch_lock);
	up_read(&ldev->reset.lock);
	/* A device that is not there any more reads all ones. */
	return record->device_ns != U64_MAX;
}

static void loom_perf_put(struct loom_perf_stream *stream)
{
	struct drm_loom_perf_record *record;
	u64 head = stream->head;

	/* Only readers change the tail, and only so that there is more room. */
	if (head - READ_ONCE(stream->tail) == stream->size) {
		stream->lost++;
		return;
	}
	record = stream->ring + (head & (stream->size - 1)) * stream->record_bytes;
	if (!loom_perf_sample(stream, record)) {
		stream->lost++;
		return;
	}
	record->lost = stream->lost;
	stream->lost = 0;
	scoped_guard(spinlock, &stream->lock)
		stream->head = head + 1;
	wake_up_all(&stream->wait);
}

static void loom_perf_end(struct loom_perf_stream *stream)
{
	WRITE_ONCE(stream->ended, true);
	wake_up_all(&stream->wait);
}

static void loom_perf_work(struct work_struct *work)
{
	struct loom_perf_stream *stream = container_of(work, struct loom_perf_stream, work);
	u64 periods;

	if (READ_ONCE(stream->ldev->reset.wedged))
		loom_perf_end(stream);
	if (READ_ONCE(stream->ended))
		return;
	loom_perf_put(stream);
	/* What should have been sampled while this one was late, or took its time. */
	periods = hrtimer_forward_now(&stream->timer, stream->period);
	if (periods)
		stream->lost += periods - 1;
	hrtimer_start_expires(&stream->timer, HRTIMER_MODE_ABS);
}

static enum hrtimer_restart loom_perf_due(struct hrtimer *timer)
{
	struct loom_perf_stream *stream = container_of(timer, struct loom_perf_stream, timer);

	queue_work(system_highpri_wq, &stream->work);
	return HRTIMER_NORESTART;
}

/* Afterwards neither timer nor work runs. */
static void loom_perf_stop(struct loom_perf_stream *stream)
{
	loom_perf_end(stream);
	/* Either may start the other, once. */
	hrtimer_cancel(&stream->timer);
	cancel_work_sync(&stream->work);
	hrtimer_cancel(&stream->timer);
	cancel_work_sync(&stream->work);
}

static bool loom_perf_readable(struct loom_perf_stream *stream)
{
	guard(spinlock)(&stream->lock);
	return stream->head != stream->tail;
}

static int loom_perf_wait(struct loom_perf_stream *stream, bool nonblock)
{
	if (loom_perf_readable(stream))
		return 0;
	if (READ_ONCE(stream->ended))
		return -ENODEV;
	if (nonblock)
		return -EAGAIN;
	return wait_event_interruptible(stream->wait, loom_perf_readable(stream) ||
					READ_ONCE(stream->ended));
}

/* Copies as many whole records as there are and @user has room for. */
static ssize_t loom_perf_copy(struct loom_perf_stream *stream, char __user *user, size_t room)
{
	size_t done = 0;

	while (room - done >= stream->record_bytes && loom_perf_readable(stream)) {
		void *record = stream->ring +
			       (stream->tail & (stream->size - 1)) * stream->record_bytes;

		if (copy_to_user(user + done, record, stream->record_bytes))
			return done ?: -EFAULT;
		done += stream->record_bytes;
		scoped_guard(spinlock, &stream->lock)
			stream->tail++;
	}
	return done;
}

static ssize_t loom_perf_read(struct file *file, char __user *user, size_t room, loff_t *offset)
{
	struct loom_perf_stream *stream = file->private_data;
	ssize_t ret;

	if (room < stream->record_bytes)
		return -EINVAL;
	/* Whoever waits for a record has the lock meanwhile. */
	if (file->f_flags & O_NONBLOCK) {
		if (!mutex_trylock(&stream->read_lock))
			return -EAGAIN;
	} else {
		ret = mutex_lock_interruptible(&stream->read_lock);
		if (ret)
			return ret;
	}
	do {
		ret = loom_perf_wait(stream, file->f_flags & O_NONBLOCK);
		if (!ret)
			ret = loom_perf_copy(stream, user, room);
	} while (!ret);
	mutex_unlock(&stream->read_lock);
	return ret;
}

static __poll_t loom_perf_poll(struct file *file, struct poll_table_struct *table)
{
	struct loom_perf_stream *stream = file->private_data;
	__poll_t events = 0;

	poll_wait(file, &stream->wait, table);
	if (READ_ONCE(stream->ended))
		events |= EPOLLHUP;
	if (loom_perf_readable(stream))
		events |= EPOLLIN | EPOLLRDNORM;
	return events;
}

static void loom_perf_free(struct loom_perf_stream *stream)
{
	mutex_destroy(&stream->read_lock);
	kvfree(stream->ring);
	kfree(stream);
}

static void loom_perf_close(struct loom_perf_stream *stream)
{
	struct loom_device *ldev = stream->ldev;

	scoped_guard(mutex, &ldev->perf->list_lock)
		list_del(&stream->link);
	loom_perf_stop(stream);
	loom_perf_free(stream);
	loom_pm_put(ldev);
	drm_dev_put(&ldev->drm);
}

static int loom_perf_release(struct inode *inode, struct file *file)
{
	loom_perf_close(file->private_data);
	return 0;
}

static const struct file_operations loom_perf_fops = {
	.owner = THIS_MODULE,
	.read = loom_perf_read,
	.poll = loom_perf_poll,
	.release = loom_perf_release,
	.llseek = noop_llseek,
};

static int loom_perf_check(struct loom_device *ldev, const struct drm_loom_perf_open *args)
{
	if (args->flags & ~(DRM_LOOM_PERF_CLOEXEC | DRM_LOOM_PERF_NONBLOCK) || args->pad)
		return -EINVAL;
	if (!args->cores || args->cores >> ldev->info.num_cores ||
	    !args->counters || args->counters & ~LOOM_PERF_ALL)
		return -EINVAL;
	if (args->period_ns < DRM_LOOM_PERF_PERIOD_MIN ||
	    args->period_ns > DRM_LOOM_PERF_PERIOD_MAX)
		return -EINVAL;
	if (args->records < 2 || args->records > DRM_LOOM_PERF_RECORDS_MAX ||
	    !is_power_of_2(args->records))
		return -EINVAL;
	return 0;
}

static struct loom_perf_stream *loom_perf_new(struct loom_device *ldev, struct loom_file *owner,
					      const struct drm_loom_perf_open *args)
{
	u32 values = hweight32(args->cores) * hweight64(args->counters);
	struct loom_perf_stream *stream = kzalloc(sizeof(*stream), GFP_KERNEL_ACCOUNT);

	if (!stream)
		return NULL;
	stream->ldev = ldev;
	stream->owner = owner;
	stream->cores = args->cores;
	stream->counters = args->counters;
	stream->period = ns_to_ktime(args->period_ns);
	stream->record_bytes = struct_size_t(struct drm_loom_perf_record, values, values);
	stream->size = args->records;
	stream->ring = kvcalloc(stream->size, stream->record_bytes, GFP_KERNEL_ACCOUNT);
	if (!stream->ring) {
		kfree(stream);
		return NULL;
	}
	mutex_init(&stream->read_lock);
	spin_lock_init(&stream->lock);
	init_waitqueue_head(&stream->wait);
	INIT_WORK(&stream->work, loom_perf_work);
	loom_hrtimer_init(&stream->timer, loom_perf_due);
	return stream;
}

/* From here on the stream is found when the device goes. */
static int loom_perf_add(struct loom_perf_stream *stream)
{
	struct loom_perf *perf = stream->ldev->perf;
	unsigned int all = 0, own = 0;
	struct loom_perf_stream *other;

	guard(mutex)(&perf->list_lock);
	list_for_each_entry(other, &perf->streams, link) {
		all++;
		own += other->owner == stream->owner;
	}
	if (all >= LOOM_PERF_STREAMS || own >= DRM_LOOM_PERF_STREAMS_MAX)
		return -ENOSPC;
	list_add_tail(&stream->link, &perf->streams);
	drm_dev_get(&stream->ldev->drm);
	loom_pm_hold(stream->ldev);
	return 0;
}

/* Takes over the stream, which is on the list. */
static int loom_perf_publish(struct loom_perf_stream *stream, struct drm_loom_perf_open *args)
{
	int flags = O_RDONLY | (args->flags & DRM_LOOM_PERF_NONBLOCK ? O_NONBLOCK : 0);
	struct file *file;
	int fd;

	fd = get_unused_fd_flags(args->flags & DRM_LOOM_PERF_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	file = anon_inode_getfile("[loom-perf]", &loom_perf_fops, stream, flags);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	args->fd = fd;
	args->record_bytes = stream->record_bytes;
	hrtimer_start(&stream->timer, ktime_get(), HRTIMER_MODE_ABS);
	fd_install(fd, file);
	return 0;
}

/**
 * loom_ioctl_perf_open() - PERF_OPEN
 * @drm: device
 * @data: struct drm_loom_perf_open
 * @file: caller
 *
 * Return: 0 or a negative errno.
 */
int loom_ioctl_perf_open(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct loom_device *ldev = to_loom_device(drm);
	struct drm_loom_perf_open *args = data;
	struct loom_perf_stream *stream;
	int ret;

	CLASS(loom_enter, enter)(ldev);
	if (!enter.ok)
		return -ENODEV;
	if (!(ldev->info.features & LOOM_FEAT_PERF))
		return -EOPNOTSUPP;
	ret = loom_perf_check(ldev, args);
	if (ret)
		return ret;
	if (!perfmon_capable())
		return -EACCES;
	CLASS(loom_awake, awake)(ldev);
	if (awake.error)
		return awake.error;
	if (READ_ONCE(ldev->reset.wedged))
		return -ENODEV;

	stream = loom_perf_new(ldev, to_loom_file(file), args);
	if (!stream)
		return -ENOMEM;
	ret = loom_perf_add(stream);
	if (ret) {
		loom_perf_free(stream);
		return ret;
	}
	ret = loom_perf_publish(stream, args);
	if (ret)
		loom_perf_close(stream);
	return ret;
}

/**
 * loom_perf_close_all() - a file is closed, but not its streams, which others may have
 * @file: file
 */
void loom_perf_close_all(struct drm_file *file)
{
	struct loom_perf *perf = to_loom_device(file->minor->dev)->perf;
	struct loom_file *lfile = to_loom_file(file);
	struct loom_perf_stream *stream;

	guard(mutex)(&perf->list_lock);
	list_for_each_entry(stream, &perf->streams, link) {
		if (stream->owner == lfile)
			stream->owner = NULL;
	}
}

static void loom_perf_add_core(struct loom_device *ldev, u32 i, struct drm_loom_query_core *core)
{
	u32 base = LOOM_REG_CORE(i);

	core->cycles += loom_read64(ldev, base + LOOM_CORE_CYCLES_64);
	core->macs += loom_read64(ldev, base + LOOM_CORE_MACS_64);
	core->bytes_in += loom_read64(ldev, base + LOOM_CORE_BYTES_IN_64);
	core->bytes_out += loom_read64(ldev, base + LOOM_CORE_BYTES_OUT_64);
	core->descs += loom_read64(ldev, base + LOOM_CORE_DESCS_64);
	core->jobs += loom_read64(ldev, base + LOOM_CORE_JOBS_64);
	for (u32 e = 0; e < ARRAY_SIZE(core->busy); e++)
		core->busy[e] += loom_read64(ldev, base + LOOM_CORE_BUSY_64(e));
}

/**
 * loom_perf_query() - counters of all cores since the last reset of the device
 * @ldev: device that is there, but may be asleep
 * @core: out: one a core
 */
void loom_perf_query(struct loom_device *ldev, struct drm_loom_query_core *core)
{
	guard(rwsem_read)(&ldev->reset.lock);
	for (u32 i = 0; i < ldev->info.num_cores; i++) {
		core[i] = ldev->perf->before[i];
		if (!ldev->reset.asleep)
			loom_perf_add_core(ldev, i, &core[i]);
	}
}

/**
 * loom_perf_pre_sleep() - remember what the cores have counted
 * @ldev: device that is about to sleep; reset.lock is held for writing
 */
void loom_perf_pre_sleep(struct loom_device *ldev)
{
	for (u32 i = 0; i < ldev->info.num_cores; i++)
		loom_perf_add_core(ldev, i, &ldev->perf->before[i]);
}

/**
 * loom_perf_forget() - the device has been reset, for another reason than sleep
 * @ldev: device; reset.lock is held for writing
 */
void loom_perf_forget(struct loom_device *ldev)
{
	memset(ldev->perf->before, 0, sizeof(ldev->perf->before));
}

/**
 * loom_perf_post_reset() - the counters begin at zero
 * @ldev: device that is reset; nobody reads them: reset.lock is held for writing, or it is probed
 */
void loom_perf_post_reset(struct loom_device *ldev)
{
	atomic_inc(&ldev->perf->epoch);
}

/**
 * loom_perf_init() - no streams yet
 * @ldev: device
 *
 * Return: 0 or a negative errno.
 */
int loom_perf_init(struct loom_device *ldev)
{
	struct loom_perf *perf = drmm_kzalloc(&ldev->drm, sizeof(*perf), GFP_KERNEL);
	int ret;

	if (!perf)
		return -ENOMEM;
	INIT_LIST_HEAD(&perf->streams);
	ldev->perf = perf;
	ret = drmm_mutex_init(&ldev->drm, &perf->latch_lock);
	return ret ?: drmm_mutex_init(&ldev->drm, &perf->list_lock);
}

/**
 * loom_perf_fini() - end all streams
 * @ldev: device after drm_dev_unplug(), so that none is opened any more
 *
 * Readers get what there is, and then -ENODEV.
 */
void loom_perf_fini(struct loom_device *ldev)
{
	struct loom_perf_stream *stream;

	guard(mutex)(&ldev->perf->list_lock);
	list_for_each_entry(stream, &ldev->perf->streams, link)
		loom_perf_stop(stream);
}
