// SPDX-License-Identifier: MIT
/* The fuzzer's queues and jobs. Streams are in the file's home, which all its VMs have mapped. */
#include <sys/mman.h>

#include "fuzz.h"
#include "user_queue.h"

static uint64_t home_page(uint32_t page)
{
	return HOME_VA + page * PAGE;
}

static uint64_t data_va(struct fuzz *f)
{
	return home_page(HOME_CODE + below(f, HOME_DATA - HOME_CODE - 1)) + below(f, 64) * 64;
}

/* ---- streams ---- */

static void good_stream(struct fuzz *f, struct stream *s)
{
	for (uint32_t i = below(f, 5); i; i--) {
		uint32_t spm = below(f, 256) * 64, words = 1 + below(f, 64);

		switch (below(f, 4)) {
		case 0:
			st_fill(s, spm, fuzz_random(f), words);
			break;
		case 1:
			st_load(s, data_va(f), spm, words);
			break;
		case 2:
			st_store(s, data_va(f), spm, words);
			break;
		default:
			st_op(s, one_in(f, 2) ? LOOM_OP_BARRIER : LOOM_OP_MARK);
		}
	}
	st_op(s, LOOM_OP_END);
}

/* What may fault, run for ever or be nonsense. */
static void doubtful_stream(struct fuzz *f, struct stream *s)
{
	switch (below(f, 16)) {
	case 0:
		st_op(s, below(f, 256));
		break;
	case 1:
		st_wait(s, below(f, 64), below(f, 2));
		break;
	case 2:
		st_load(s, some_va(f), below(f, 256) * 64, 1 + below(f, 1024));
		break;
	case 3:
		st_store(s, some_va(f), below(f, 256) * 64, 1 + below(f, 1024));
		break;
	}
	good_stream(f, s);
	maybe_spoil(f, s->base, s->slots * 64, 8);
}

void fuzz_write_streams(struct fuzz *f, struct fuzz_file *file)
{
	for (uint32_t page = 0; page < HOME_CODE; page++) {
		struct stream s = stream(file->home_map + page * PAGE, PAGE);

		good_stream(f, &s);
		file->slots[page] = s.slots;
	}
}

/* Mostly one of those that nobody overwrites. */
static struct loom_job some_job(struct fuzz *f, struct fuzz_file *file)
{
	uint32_t page = below(f, HOME_GOOD);

	if (one_in(f, 24)) {
		struct stream s;

		page = HOME_GOOD + below(f, HOME_CODE - HOME_GOOD);
		s = stream(file->home_map + page * PAGE, PAGE);
		doubtful_stream(f, &s);
		file->slots[page] = s.slots;
	}
	return (struct loom_job){
		.stream_va = one_in(f, 256) ? some_va(f) : home_page(page),
		.stream_slots = one_in(f, 256) ? 1 + below(f, 64) : file->slots[page],
	};
}

/* ---- queues that the driver submits to ---- */

void do_queue_create(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_queue_create args = {
		.vm_id = pick(f, file, VMS), .priority = below(f, 4),
	};

	if (args.vm_id && !full(file, QUEUES) && !FUZZ_CALL(f, file, LOOM_QUEUE_CREATE, args))
		add(f, file, QUEUES, (struct object){ args.id, args.vm_id });
}

static void destroy(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind, uint32_t id)
{
	struct drm_loom_queue_destroy args = { .id = id };

	if (!FUZZ_CALL(f, file, LOOM_QUEUE_DESTROY, args))
		drop(f, file, kind, args.id);
}

void do_queue_destroy(struct fuzz *f, struct fuzz_file *file)
{
	enum pool_kind kind = one_in(f, 3) ? USERQS : QUEUES;
	uint32_t id = pick(f, file, kind);

	if (id)
		destroy(f, file, kind, id);
}

/* Queues that have ended are of no use any more. */
static void check_state(struct fuzz *f, struct fuzz_file *file, enum pool_kind kind, uint32_t id)
{
	struct drm_loom_queue_get_state args = { .id = id };

	if (!FUZZ_CALL(f, file, LOOM_QUEUE_GET_STATE, args) && args.state && args.id == id)
		destroy(f, file, kind, id);
}

void do_queue_get_state(struct fuzz *f, struct fuzz_file *file)
{
	enum pool_kind kind = one_in(f, 3) ? USERQS : QUEUES;
	uint32_t id = pick(f, file, kind);

	if (id)
		check_state(f, file, kind, id);
}

static uint32_t fill_buffers(struct fuzz *f, struct fuzz_file *file, struct drm_loom_buffer *buffers,
			     uint32_t max)
{
	uint32_t count = 0;

	for (uint32_t i = below(f, max + 1); i; i--) {
		struct object *object = pick_buffer(f, file, 0);

		if (object->id)
			buffers[count++] = (struct drm_loom_buffer){ object->id, 1 + below(f, 3) };
	}
	maybe_spoil(f, buffers, count * sizeof(*buffers), 64);
	return count;
}

void do_submit(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_sync_op syncs[8][3];
	struct drm_loom_buffer buffers[4];
	struct drm_loom_job jobs[8];
	uint32_t count = 1 + below(f, one_in(f, 4) ? 8 : 1);
	struct drm_loom_submit args = {
		.queue_id = one_in(f, 128) ? pick(f, file, USERQS) : pick(f, file, QUEUES),
	};
	uint32_t id = args.queue_id;

	if (!id) {
		do_queue_create(f, file);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct loom_job some = some_job(f, file);

		jobs[i] = job(some.stream_va, some.stream_slots, syncs[i],
			      fill_syncs(f, file, syncs[i], one_in(f, 2) ? 3 : 0));
	}
	maybe_spoil(f, jobs, count * sizeof(jobs[0]), 48);
	args.jobs = (struct drm_loom_array){ sizeof(jobs[0]), count, (uintptr_t)jobs };
	if (one_in(f, 4))
		args.buffers = (struct drm_loom_array){
			sizeof(buffers[0]), fill_buffers(f, file, buffers, 4), (uintptr_t)buffers,
		};
	if (FUZZ_CALL(f, file, LOOM_SUBMIT, args) && errno == EIO)
		check_state(f, file, QUEUES, id);
}

/* ---- queues that the program submits to ---- */

void do_userq_create(struct fuzz *f, struct fuzz_file *file)
{
	struct drm_loom_queue_create args = {
		.vm_id = pick(f, file, VMS), .priority = below(f, 4), .flags = DRM_LOOM_QUEUE_USER,
		.ring_log2 = FUZZ_RING_LOG2,
	};
	volatile uint32_t *doorbell;
	unsigned int slot = 0;

	while (slot < MAX_USERQS && file->pool[USERQS].at[slot].id)
		slot++;
	if (!args.vm_id || slot == MAX_USERQS)
		return;
	args.ring_va = home_page(HOME_RINGS + 2 * slot);
	args.cpl_va = args.ring_va + PAGE;
	if (FUZZ_CALL(f, file, LOOM_QUEUE_CREATE, args))
		return;
	doorbell = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd,
			args.doorbell_offset);
	/* Old ones stay mapped: another thread may be about to ring. */
	file->doorbell[slot] = doorbell == MAP_FAILED ? NULL : doorbell;
	file->pool[USERQS].at[slot] = (struct object){ args.id, args.vm_id };
}

static void put_jobs(struct fuzz *f, struct fuzz_file *file, unsigned int slot)
{
	struct loom_job *ring = (void *)(file->home_map + (HOME_RINGS + 2 * slot) * PAGE);
	struct object *queue = &file->pool[USERQS].at[slot];

	for (uint32_t i = 1 + below(f, 4); i; i--) {
		uint64_t tail = __atomic_fetch_add(&queue->value, 1, __ATOMIC_RELAXED);
		struct loom_job *job = &ring[tail % (1u << FUZZ_RING_LOG2)];

		*job = some_job(f, file);
		job->seqno = tail + 1;
		maybe_spoil(f, job, sizeof(*job), 128);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (file->doorbell[slot])
		file->doorbell[slot][LOOM_DOORBELL_TAIL / 4] =
			one_in(f, 128) ? odd_number(f) : queue->value;
}

void do_userq_run(struct fuzz *f, struct fuzz_file *file)
{
	unsigned int slot = below(f, MAX_USERQS);
	struct object *queue = &file->pool[USERQS].at[slot];
	struct drm_loom_queue_wait args = { .id = queue->id };

	if (!queue->id) {
		do_userq_create(f, file);
		return;
	}
	if (!one_in(f, 8))
		put_jobs(f, file, slot);
	args.value = one_in(f, 16) ? odd_number(f) : queue->value;
	args.timeout_ns = one_in(f, 32) ? 0 : deadline((1 + below(f, 100)) * MS);
	if (one_in(f, 64))
		args.id = pick(f, file, QUEUES);
	if (!FUZZ_CALL(f, file, LOOM_QUEUE_WAIT, args))
		return;
	/* It has ended, or its number is so far off that the device ignores it. */
	if (errno == ETIMEDOUT && one_in(f, 2))
		destroy(f, file, USERQS, queue->id);
	else if (errno != ENOENT)
		check_state(f, file, USERQS, queue->id);
}
