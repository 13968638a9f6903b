// SPDX-License-Identifier: MIT
/*
 * Saved state: one run of bytes, little-endian as the host is. The same list of fields is walked to
 * write and to read it, so that the two cannot differ; what is read is then checked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "npu.h"

#define STATE_MAGIC	0x5453304d4f4f4cull	/* "LOOM0ST" */
#define STATE_VERSION	4u

/**
 * struct stream - a walk over the fields
 * @data: where they go to or come from; NULL: only count
 * @len: bytes there
 * @pos: where the walk is; beyond @len where the state is too short
 * @loading: direction
 */
struct stream {
	uint8_t *data;
	size_t len, pos;
	bool loading;
};

static void bytes(struct stream *s, void *p, size_t n)
{
	if (s->data && s->pos <= s->len && n <= s->len - s->pos) {
		if (s->loading)
			memcpy(p, s->data + s->pos, n);
		else
			memcpy(s->data + s->pos, p, n);
	}
	s->pos += n;
}

#define FIELD(s, f)	bytes((s), &(f), sizeof(f))

/* Atomics and enums travel as 64-bit values. */
#define ATOMIC(s, f)								\
	do {									\
		uint64_t v_ = atomic_load(&(f));				\
		FIELD((s), v_);							\
		if ((s)->loading)						\
			atomic_store(&(f), (__typeof__(atomic_load(&(f))))v_);	\
	} while (0)
#define VALUE(s, f)						\
	do {							\
		uint64_t v_ = (uint64_t)(f);			\
		FIELD((s), v_);					\
		if ((s)->loading)				\
			(f) = (__typeof__(f))v_;		\
	} while (0)

/* Times are saved as distances from @now, which may be negative: the clock of the other side differs. */
static void moment(struct stream *s, uint64_t *t, uint64_t now)
{
	uint64_t d = *t - now;

	FIELD(s, d);
	*t = now + d;
}

static void walk_header(struct stream *s, struct loom_dev *dev, bool *same)
{
	uint64_t magic = STATE_MAGIC;
	uint32_t version = STATE_VERSION;
	struct loom_geometry geo = dev->geo;

	FIELD(s, magic);
	FIELD(s, version);
	FIELD(s, geo);
	*same = magic == STATE_MAGIC && version == STATE_VERSION && !memcmp(&geo, &dev->geo, sizeof(geo));
}

static void walk_cpu(struct stream *s, struct rv32 *cpu)
{
	uint64_t signals = atomic_load(&cpu->signals) & ~RV32_SIG_ATTENTION;

	FIELD(s, cpu->x);
	FIELD(s, cpu->pc);
	FIELD(s, cpu->mstatus);
	FIELD(s, cpu->mie);
	FIELD(s, cpu->mtvec);
	FIELD(s, cpu->mscratch);
	FIELD(s, cpu->mepc);
	FIELD(s, cpu->mcause);
	FIELD(s, cpu->mtval);
	FIELD(s, cpu->instret);
	FIELD(s, signals);
	if (s->loading)
		atomic_store(&cpu->signals, (uint32_t)signals);
	bytes(s, cpu->ram, cpu->ram_bytes);
}

static void walk_mmu(struct stream *s, struct loom_mmu *mmu)
{
	for (unsigned int i = 0; i < LOOM_NUM_AS; i++) {
		struct loom_as *as = &mmu->as[i];

		ATOMIC(s, as->pgd);
		ATOMIC(s, as->enable);
		VALUE(s, as->inv_va);
		VALUE(s, as->inv_pages);
	}
}

static void walk_queues(struct stream *s, struct loom_dev *dev)
{
	for (unsigned int i = 0; i < LOOM_NUM_QUEUES; i++) {
		struct loom_queue *q = &dev->queue[i];

		VALUE(s, q->ring);
		VALUE(s, q->cpl);
		VALUE(s, q->log2);
		VALUE(s, q->as);
		VALUE(s, q->ctrl);
		VALUE(s, q->tail);
		VALUE(s, q->head);
		VALUE(s, q->cycles);
		VALUE(s, q->macs);
		VALUE(s, q->done);
		VALUE(s, q->done_cycles);
	}
}

static void walk_result(struct stream *s, struct loom_exec_result *r)
{
	VALUE(s, r->status);
	VALUE(s, r->fault_code);
	VALUE(s, r->fault_va);
	VALUE(s, r->fault_slot);
	VALUE(s, r->fault_engine);
	VALUE(s, r->fault_access);
	VALUE(s, r->slot);
	VALUE(s, r->cycles);
	VALUE(s, r->macs);
}

static void walk_trace(struct stream *s, struct loom_trace *t)
{
	VALUE(s, t->base);
	VALUE(s, t->log2);
	VALUE(s, t->ctrl);
	VALUE(s, t->head);
	VALUE(s, t->tail);
	VALUE(s, t->dropped);
	VALUE(s, t->error);
}

static bool walk_core(struct stream *s, struct loom_ccu *core, uint64_t now)
{
	uint64_t size = loom_core_state_bytes(core->exec), want = size;

	VALUE(s, core->want);
	VALUE(s, core->queue);
	VALUE(s, core->index);
	VALUE(s, core->slot);
	VALUE(s, core->job.queue);
	VALUE(s, core->job.index);
	VALUE(s, core->job.slot);
	VALUE(s, core->job.as);
	VALUE(s, core->job.seqno);
	moment(s, &core->job.start_ns, now);
	VALUE(s, core->job.passed);
	VALUE(s, core->state);
	VALUE(s, core->cpl_status);
	walk_result(s, &core->result);
	VALUE(s, core->phase);
	VALUE(s, core->outcome);
	moment(s, &core->end_ns, now);
	VALUE(s, core->stuck);
	VALUE(s, core->inject);
	VALUE(s, core->jobs);
	FIELD(s, core->latched);
	walk_trace(s, &core->trace);
	FIELD(s, want);
	if (want != size)
		return false;
	if (s->data && size <= s->len && s->pos <= s->len - size) {
		if (!s->loading)
			loom_core_save(core->exec, s->data + s->pos);
		else if (loom_core_load(core->exec, s->data + s->pos, size))
			return false;
	}
	s->pos += size;
	return core->state <= LOOM_CORE_YIELDED && core->phase <= LOOM_PHASE_DELAY &&
	       core->outcome <= LOOM_EXEC_DEADLOCK && core->job.as < LOOM_NUM_AS && loom_trace_ok(&core->trace) &&
	       (core->phase == LOOM_PHASE_NONE) == (core->state != LOOM_CORE_RUNNING);
}

static void walk_control(struct stream *s, struct loom_dev *dev)
{
	struct loom_cc *cc = &dev->cc;

	VALUE(s, cc->booting);
	VALUE(s, cc->hung);
	VALUE(s, cc->mbox);
	VALUE(s, cc->db_pending);
	VALUE(s, cc->core_event);
	ATOMIC(s, cc->mtimecmp);
	walk_cpu(s, &cc->cpu);
}

static void walk_thermal(struct stream *s, struct loom_dev *dev, uint64_t now)
{
	struct loom_throttle *t = &dev->throttle;

	FIELD(s, dev->thermal.ambient_mc);
	FIELD(s, dev->thermal.temp_mc);
	FIELD(s, dev->thermal.power_mw);
	VALUE(s, t->opp);
	VALUE(s, t->why);
	VALUE(s, t->count);
	VALUE(s, t->ns);
	moment(s, &t->counted_ns, now);
	moment(s, &t->next_ns, now);
}

/* Numbers that are none compare false. */
static bool thermal_ok(const struct loom_dev *dev)
{
	const struct loom_thermal *t = &dev->thermal;

	return t->ambient_mc >= LOOM_AMBIENT_MIN_MC && t->ambient_mc <= LOOM_AMBIENT_MAX_MC &&
	       t->temp_mc > -1e6 && t->temp_mc < 1e9 && t->power_mw >= 0 && t->power_mw < 1e9 &&
	       dev->throttle.opp < loom_opp_count(dev) &&
	       !(dev->throttle.why & ~(uint32_t)(LOOM_THROTTLE_THERMAL | LOOM_THROTTLE_CRITICAL));
}

static void walk_registers(struct stream *s, struct loom_dev *dev, uint64_t now)
{
	uint64_t t0 = atomic_load(&dev->t0_ns);

	moment(s, &t0, now);
	if (s->loading)
		atomic_store(&dev->t0_ns, t0);
	VALUE(s, dev->boot_state);
	VALUE(s, dev->boot_error);
	VALUE(s, dev->trap_cause);
	VALUE(s, dev->trap_pc);
	VALUE(s, dev->trap_value);
	VALUE(s, dev->fw_addr);
	VALUE(s, dev->fw_size);
	VALUE(s, dev->shm_addr_reg);
	VALUE(s, dev->shm_size_reg);
	VALUE(s, dev->shm_addr);
	VALUE(s, dev->shm_size);
	VALUE(s, dev->clock_khz);
	VALUE(s, dev->clock_set_khz);
	VALUE(s, dev->latch_ns);
	walk_thermal(s, dev, now);
	ATOMIC(s, dev->armed);
	VALUE(s, dev->deaf_queues);
}

static bool registers_ok(struct loom_dev *dev)
{
	if (dev->boot_state > LOOM_BOOT_HALTED || dev->boot_error > LOOM_BOOT_ERR_PANIC ||
	    dev->clock_khz < LOOM_CLOCK_MIN_KHZ || dev->clock_khz > dev->geo.clock_khz ||
	    dev->clock_set_khz < dev->clock_khz || dev->clock_set_khz > dev->geo.clock_khz || !thermal_ok(dev) ||
	    dev->shm_size > LOOM_CC_SHM_MAX || atomic_load(&dev->armed) >> LOOM_NUM_INJECT)
		return false;
	for (unsigned int i = 0; i < LOOM_NUM_QUEUES; i++)
		if (dev->queue[i].as >= LOOM_NUM_AS || dev->queue[i].log2 > 15)
			return false;
	return true;
}

/* Everything. False: the state is not one of this device. Lock held. */
static bool walk(struct stream *s, struct loom_dev *dev, uint64_t now)
{
	bool ok;

	walk_header(s, dev, &ok);
	if (!ok)
		return false;
	walk_registers(s, dev, now);
	walk_mmu(s, &dev->mmu);
	walk_queues(s, dev);
	walk_control(s, dev);
	for (unsigned int i = 0; i < dev->geo.num_cores; i++)
		ok = walk_core(s, &dev->core[i], now) && ok;
	return ok && registers_ok(dev);
}

int loom_dev_save(struct loom_dev *dev, void **out, size_t *len)
{
	uint64_t now = loom_dev_now(dev);
	struct stream s = { 0 };

	pthread_mutex_lock(&dev->lock);
	walk(&s, dev, now);
	s.len = s.pos;
	s.pos = 0;
	s.data = malloc(s.len);
	if (s.data)
		walk(&s, dev, now);
	pthread_mutex_unlock(&dev->lock);
	*out = s.data;
	*len = s.len;
	return s.data ? 0 : -ENOMEM;
}

/* The loaded state takes up its work when the device is resumed; lock held. */
static void take_up(struct loom_dev *dev)
{
	struct loom_cc *cc = &dev->cc;

	cc->epoch = dev->epoch;
	cc->asleep = false;
	loom_tlb_renew(cc->tlb);
	dev->thermal.last_ns = 0;
	if (cc->booting || dev->boot_state == LOOM_BOOT_RUNNING)
		loom_task_post(dev, &cc->task);
	loom_task_post(dev, &dev->storm);
	loom_thermal_look(dev);
	for (unsigned int i = 0; i < dev->geo.num_cores; i++) {
		struct loom_ccu *core = &dev->core[i];

		if (core->phase != LOOM_PHASE_NONE)
			loom_task_post(dev, &core->task);
	}
}

int loom_dev_load(struct loom_dev *dev, const void *state, size_t len)
{
	struct stream s = { .data = (uint8_t *)state, .len = len, .loading = true }, measure = { 0 };
	uint64_t now;
	bool ok;

	/* Reset first: state of the time before must not shine through. */
	loom_dev_reset(dev);
	now = loom_dev_now(dev);
	pthread_mutex_lock(&dev->lock);
	walk(&measure, dev, now);
	ok = len == measure.pos && walk(&s, dev, now);
	if (ok)
		take_up(dev);
	else
		loom_thermal_init(dev);
	pthread_mutex_unlock(&dev->lock);
	if (ok)
		return 0;
	atomic_store(&dev->armed, 0);
	loom_dev_reset(dev);
	return -EINVAL;
}
