// SPDX-License-Identifier: MIT
/*
 * Who runs where: strict priority, round robin inside of a priority, over all cores. A running job gives
 * way at a MARK: at once to a higher priority, after its time slice to an equal one.
 */
#include "fw.h"

#define SLICE_US	2000u
#define STOP_US		(LOOM_CORE_STOP_MS * 1000u)
#define WORDS		(LOOM_NUM_QUEUES / 32)

struct core {
	bool busy, yielding;
	enum { STOP_NONE, STOP_ASKED, STOP_RESET, STOP_STUCK } stop;
	uint8_t queue;
	uint32_t since;		/* start of the slice */
	uint32_t stop_since;	/* start of the present step of @stop */
};

static struct core cores[LOOM_MAX_CORES];
static unsigned int num_cores;
static uint32_t runnable[LOOM_NUM_PRIOS][WORDS];
static uint8_t last[LOOM_NUM_PRIOS];	/* queue that was started last */
static bool suspended, suspend_waits;

_Static_assert(LOOM_NUM_PRIOS == 4, "sched_set_runnable() adds up four");
static uint32_t suspend_cookie;

void sched_init(void)
{
	num_cores = sys_read(LOOM_CC_NUM_CORES);
	if (num_cores > LOOM_MAX_CORES)
		num_cores = LOOM_MAX_CORES;
}

void sched_set_runnable(unsigned int q, unsigned int prio, bool is)
{
	uint32_t *word = &runnable[prio][q / 32], bit = 1u << (q % 32);

	if (is == !!(*word & bit))
		return;
	*word ^= bit;
	shm()->waiting[q / 32] = runnable[0][q / 32] | runnable[1][q / 32] | runnable[2][q / 32] |
				 runnable[3][q / 32];
}

/* How many queues wait at @prio, counted up to @most. */
static unsigned int waiting(unsigned int prio, unsigned int most)
{
	unsigned int n = 0;

	for (unsigned int w = 0; w < WORDS; w++)
		for (uint32_t bits = runnable[prio][w]; bits && n < most; bits &= bits - 1)
			n++;
	return n;
}

/* The first queue of @set from @from on, going round; @set is not empty. */
static unsigned int next_of(const uint32_t *set, unsigned int from)
{
	unsigned int w = from / 32;
	uint32_t bits = set[w] & (~0u << (from % 32));

	while (!bits) {
		w = (w + 1) % WORDS;
		bits = set[w];
	}
	return w * 32 + lowest_bit(bits);
}

/* The next queue to run, or LOOM_NUM_QUEUES. */
static unsigned int pick(void)
{
	for (unsigned int prio = LOOM_NUM_PRIOS; prio-- > 0;)
		if (waiting(prio, 1))
			return next_of(runnable[prio], (last[prio] + 1u) % LOOM_NUM_QUEUES);
	return LOOM_NUM_QUEUES;
}

/* ---- Jobs on and off a core ---- */

static void set_on_core(unsigned int q, bool on)
{
	uint32_t bits = shm()->on_core[q / 32], bit = 1u << (q % 32);

	shm()->on_core[q / 32] = on ? bits | bit : bits & ~bit;
}

static void start(unsigned int c, unsigned int q)
{
	struct queue *queue = &queues[q];

	if (!queue->yielded) {
		queue->head++;
		queue->slot = 0;
		hwq_write(q, LOOM_CCQ_HEAD, queue->head);
		shm()->jobs_started++;
	}
	queue->yielded = false;
	queue->core = (uint8_t)c;
	queue_update(q);
	last[queue->prio] = (uint8_t)q;
	cores[c] = (struct core) { .busy = true, .queue = (uint8_t)q, .since = now_us() };
	set_on_core(q, true);
	core_write(c, LOOM_CCC_QUEUE, q);
	core_write(c, LOOM_CCC_INDEX, queue->head - 1);
	core_write(c, LOOM_CCC_SLOT, queue->slot);
	core_write(c, LOOM_CCC_CMD, LOOM_CORE_CMD_START);
}

static void job_yielded(unsigned int c, struct queue *queue)
{
	queue->slot = core_read(c, LOOM_CCC_SLOT);
	core_write(c, LOOM_CCC_CMD, LOOM_CORE_CMD_RELEASE);
	shm()->yields++;
	queue->yielded = queue->state == QUEUE_ACTIVE;
	/* While a QUEUE_STOP waits the job ends here. */
	if (!queue->yielded)
		shm()->jobs_ended++;
}

static void job_ended(unsigned int c, unsigned int q)
{
	uint32_t status = core_read(c, LOOM_CCC_STATUS);

	shm()->jobs_ended++;
	if (status == LOOM_JOB_STOPPED) {
		core_write(c, LOOM_CCC_CMD, LOOM_CORE_CMD_RELEASE);
		return;
	}
	core_write(c, LOOM_CCC_CMD, LOOM_CORE_CMD_COMPLETE);
	if (status != LOOM_JOB_OK || core_read(c, LOOM_CCC_CPL_STATUS))
		queue_fault(q, c, status);
}

void sched_core_events(void)
{
	uint32_t events = sys_read(LOOM_CC_CORE_EVENT);

	sys_write(LOOM_CC_CORE_EVENT, events);
	for (unsigned int c = 0; c < num_cores; c++) {
		unsigned int q = cores[c].queue;
		uint32_t state;

		if (!(events & (1u << c)) || !cores[c].busy)
			continue;
		state = core_read(c, LOOM_CCC_STATE);
		if (state == LOOM_CORE_RUNNING)
			continue;
		/* Off the core before the record says that it ended. */
		set_on_core(q, false);
		if (state == LOOM_CORE_YIELDED)
			job_yielded(c, &queues[q]);
		else
			job_ended(c, q);
		cores[c].busy = false;
		queues[q].core = NO_CORE;
		queue_update(q);
	}
}

void sched_stop_core(unsigned int c)
{
	cores[c].stop = STOP_ASKED;
	cores[c].stop_since = now_us();
	core_write(c, LOOM_CCC_CMD, LOOM_CORE_CMD_STOP);
}

/* The core has had its time to obey: what comes next. */
static void stop_harder(unsigned int c)
{
	unsigned int q = cores[c].queue;

	if (cores[c].stop == STOP_RESET) {
		log_line(LOG_ERROR, "core %u: job of queue %u outlives a reset", c, q);
		cores[c].stop = STOP_STUCK;
		queues[q].stuck = true;
		queue_owes(q);
		return;
	}
	log_line(LOG_WARN, "core %u: job of queue %u does not stop: reset of the core", c, q);
	cores[c].stop = STOP_RESET;
	cores[c].stop_since = now_us();
	shm()->core_resets++;
	core_write(c, LOOM_CCC_CMD, LOOM_CORE_CMD_RESET);
}

void sched_watch_stops(void)
{
	for (unsigned int c = 0; c < num_cores; c++) {
		uint32_t spent;

		if (!cores[c].busy || cores[c].stop == STOP_NONE || cores[c].stop == STOP_STUCK)
			continue;
		spent = now_us() - cores[c].stop_since;
		if (spent >= STOP_US) {
			stop_harder(c);
			spent = 0;
		}
		if (cores[c].stop != STOP_STUCK)
			timer_want(STOP_US - spent);
	}
}

/* ---- Giving way ---- */

static void yield(unsigned int c)
{
	if (cores[c].yielding)
		return;
	cores[c].yielding = true;
	core_write(c, LOOM_CCC_CMD, LOOM_CORE_CMD_YIELD);
}

static unsigned int core_prio(unsigned int c)
{
	return queues[cores[c].queue].prio;
}

/* For each job that waits, the core with the lowest priority below its own. Bits of cores taken so. */
static uint32_t preempt(void)
{
	uint32_t taken = 0;

	for (unsigned int prio = LOOM_NUM_PRIOS - 1; prio > 0; prio--) {
		for (unsigned int n = waiting(prio, num_cores); n; n--) {
			unsigned int victim = num_cores;

			for (unsigned int c = 0; c < num_cores; c++)
				if (cores[c].busy && !(taken & (1u << c)) && core_prio(c) < prio &&
				    (victim == num_cores || core_prio(c) < core_prio(victim)))
					victim = c;
			if (victim == num_cores)
				break;
			taken |= 1u << victim;
			yield(victim);
		}
	}
	return taken;
}

static void end_slices(uint32_t taken)
{
	uint32_t now = now_us();

	for (unsigned int c = 0; c < num_cores; c++) {
		uint32_t ran = now - cores[c].since;

		if (!cores[c].busy || cores[c].yielding || (taken & (1u << c)) || !waiting(core_prio(c), 1))
			continue;
		if (ran >= SLICE_US)
			yield(c);
		else
			timer_want(SLICE_US - ran);
	}
}

void sched_dispatch(void)
{
	if (suspended)
		return;
	for (unsigned int c = 0; c < num_cores; c++) {
		unsigned int q;

		if (cores[c].busy)
			continue;
		q = pick();
		if (q == LOOM_NUM_QUEUES)
			return;
		start(c, q);
	}
	end_slices(preempt());
}

bool sched_busy(void)
{
	for (unsigned int c = 0; c < num_cores; c++)
		if (cores[c].busy)
			return true;
	for (unsigned int prio = 0; prio < LOOM_NUM_PRIOS; prio++)
		if (waiting(prio, 1))
			return true;
	return false;
}

/* ---- Suspend ---- */

void sched_suspend(uint32_t cookie)
{
	suspended = true;
	suspend_waits = true;
	suspend_cookie = cookie;
}

void sched_report(void)
{
	if (!suspend_waits)
		return;
	for (unsigned int c = 0; c < num_cores; c++)
		if (cores[c].busy)
			return;
	if (mbox_reply(&(struct loom_msg){ 0 }, suspend_cookie, LOOM_FW_OK))
		suspend_waits = false;
}
