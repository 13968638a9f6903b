// SPDX-License-Identifier: MIT
/* The device model in this process: each core is a thread that takes jobs from one list. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "backend.h"
#include "libaccel/error.h"
#include "qemu-device/core/exec.h"
#include "uapi/loom/isa.h"
#include "uapi/loom/regs.h"

#define PAGE		4096u
#define VA_FIRST	0x10000000ull
#define MAX_MEMS	128

struct sim_mem {
	struct accel_mem m;
	bool readonly;
};

/**
 * struct sim_vm - an address space
 * @num: memories that are complete; they are added one by one, while cores look others up
 */
struct sim_vm {
	struct sim_mem mem[MAX_MEMS];
	_Atomic int num;
	uint64_t next_va;
	pthread_mutex_t lock;
};

/**
 * struct accel_ctx
 * @own_vm: @vm goes with it
 * @next: in the list of jobs, guarded by sim.lock
 * @busy: submitted and not ended, guarded by sim.lock
 * @emit: who wants to know what is executed, or NULL
 * @cycles: of the core when it took the stream up
 */
struct accel_ctx {
	struct sim *sim;
	struct sim_vm *vm;
	bool own_vm;
	uint64_t stream_va;
	uint32_t slots;
	enum loom_exec_outcome outcome;
	struct loom_exec_result result;
	struct accel_ctx *next;
	bool busy;
	void (*emit)(void *opaque, const struct loom_trace_record *rec, size_t n);
	void *opaque;
	uint64_t cycles;
};

struct sim {
	struct loom_geometry geo;
	struct loom_core *core[8];
	pthread_t thread[8];
	uint32_t started;
	unsigned long order;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct accel_ctx *first, **last;
	bool quit;
};

/* The memory that has all of [va, va + len), or NULL and the first address that no memory has. */
static struct sim_mem *find(struct accel_ctx *ctx, uint64_t va, size_t len, uint64_t *fault_va)
{
	struct sim_vm *vm = ctx->vm;
	int num = atomic_load_explicit(&vm->num, memory_order_acquire);

	*fault_va = va;
	for (int i = 0; i < num; i++) {
		struct sim_mem *s = &vm->mem[i];

		if (va < s->m.va || va - s->m.va >= s->m.bytes)
			continue;
		if (len <= s->m.bytes - (va - s->m.va))
			return s;
		*fault_va = s->m.va + s->m.bytes;
	}
	return NULL;
}

static int vm_read(void *opaque, uint64_t va, void *buf, size_t len, uint64_t *fault_va)
{
	struct sim_mem *s = find(opaque, va, len, fault_va);

	if (!s)
		return LOOM_MMU_FAULT_UNMAPPED;
	memcpy(buf, s->m.ptr + (va - s->m.va), len);
	return 0;
}

static int vm_write(void *opaque, uint64_t va, const void *buf, size_t len, uint64_t *fault_va)
{
	struct sim_mem *s = find(opaque, va, len, fault_va);

	if (!s)
		return LOOM_MMU_FAULT_UNMAPPED;
	if (s->readonly)
		return LOOM_MMU_FAULT_READ_ONLY;
	memcpy(s->m.ptr + (va - s->m.va), buf, len);
	return 0;
}

/* Times of the core become those of the stream. */
static void emit(void *opaque, const struct loom_trace_record *rec, size_t n)
{
	struct accel_ctx *ctx = opaque;

	for (size_t i = 0; i < n; i++) {
		struct loom_trace_record r = rec[i];

		r.start -= ctx->cycles;
		r.end -= ctx->cycles;
		ctx->emit(ctx->opaque, &r, 1);
	}
}

static void run(struct loom_core *core, struct accel_ctx *ctx)
{
	const struct loom_vm vm = { vm_read, vm_write, ctx };
	const _Atomic uint32_t no_requests = 0;

	ctx->cycles = atomic_load(&loom_core_counters(core)->cycles);
	loom_core_set_trace(core, ctx->emit ? emit : NULL, ctx);
	ctx->outcome = loom_core_run(core, &vm, ctx->stream_va, ctx->slots, 0, &no_requests, &ctx->result);
	if (ctx->outcome == LOOM_EXEC_DEADLOCK)
		loom_core_abandon(core);
}

static void *core_thread(void *arg)
{
	struct sim *sim = arg;
	struct loom_core *core;

	pthread_mutex_lock(&sim->lock);
	core = sim->core[sim->started++];
	while (!sim->quit) {
		struct accel_ctx *ctx = sim->first;

		if (!ctx) {
			pthread_cond_wait(&sim->work, &sim->lock);
			continue;
		}
		sim->first = ctx->next;
		if (!sim->first)
			sim->last = &sim->first;
		pthread_mutex_unlock(&sim->lock);
		run(core, ctx);
		pthread_mutex_lock(&sim->lock);
		ctx->busy = false;
		pthread_cond_broadcast(&sim->done);
	}
	pthread_mutex_unlock(&sim->lock);
	return NULL;
}

static int sim_ctx_new(struct accel_device *dev, struct accel_ctx *of, struct accel_ctx **out)
{
	struct accel_ctx *ctx = calloc(1, sizeof(*ctx));
	struct sim_vm *vm = of ? of->vm : calloc(1, sizeof(*vm));

	if (!ctx || !vm) {
		free(ctx);
		if (!of)
			free(vm);
		return accel_enomem("a session");
	}
	if (!of) {
		vm->next_va = VA_FIRST;
		pthread_mutex_init(&vm->lock, NULL);
	}
	ctx->sim = dev->priv;
	ctx->vm = vm;
	ctx->own_vm = !of;
	*out = ctx;
	return 0;
}

static int sim_mem_new(struct accel_ctx *ctx, uint64_t bytes, bool readonly, struct accel_mem *mem)
{
	struct sim_vm *vm = ctx->vm;
	struct sim_mem *s;
	int num, err = 0;
	void *p;

	if (bytes > UINT64_MAX / 2)
		return accel_enomem("device memory");
	bytes = (bytes + PAGE - 1) / PAGE * PAGE;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return accel_enomem("device memory");
	pthread_mutex_lock(&vm->lock);
	num = atomic_load(&vm->num);
	if (num < MAX_MEMS) {
		s = &vm->mem[num];
		s->m = (struct accel_mem){ .ptr = p, .va = vm->next_va, .bytes = bytes };
		s->readonly = readonly;
		/* A page between memories catches what runs over. */
		vm->next_va += bytes + PAGE;
		*mem = s->m;
		atomic_store_explicit(&vm->num, num + 1, memory_order_release);
	} else {
		err = accel_error(ENOSPC, "session: more than %d memories", MAX_MEMS);
		munmap(p, bytes);
	}
	pthread_mutex_unlock(&vm->lock);
	return err;
}

static void sim_trace(struct accel_ctx *ctx, void (*to)(void *opaque, const struct loom_trace_record *rec, size_t n), void *opaque)
{
	ctx->emit = to;
	ctx->opaque = opaque;
}

static int sim_submit(struct accel_ctx *ctx, uint64_t stream_va, uint32_t slots)
{
	struct sim *sim = ctx->sim;

	ctx->stream_va = stream_va;
	ctx->slots = slots;
	pthread_mutex_lock(&sim->lock);
	ctx->next = NULL;
	ctx->busy = true;
	*sim->last = ctx;
	sim->last = &ctx->next;
	pthread_cond_signal(&sim->work);
	pthread_mutex_unlock(&sim->lock);
	return 0;
}

static int sim_wait(struct accel_ctx *ctx, struct accel_fault *fault)
{
	struct sim *sim = ctx->sim;
	const struct loom_exec_result *r = &ctx->result;

	pthread_mutex_lock(&sim->lock);
	while (ctx->busy)
		pthread_cond_wait(&sim->done, &sim->lock);
	pthread_mutex_unlock(&sim->lock);
	if (ctx->outcome == LOOM_EXEC_ENDED && r->status == LOOM_JOB_OK)
		return 0;
	*fault = (struct accel_fault){
		.status = r->status, .code = r->fault_code, .va = r->fault_va, .slot = r->fault_slot,
		.engine = r->fault_engine, .write = r->fault_access == LOOM_ACCESS_WRITE,
		.deadlock = ctx->outcome == LOOM_EXEC_DEADLOCK,
	};
	return -EIO;
}

static void sim_ctx_free(struct accel_ctx *ctx)
{
	struct sim *sim = ctx->sim;

	pthread_mutex_lock(&sim->lock);
	while (ctx->busy)
		pthread_cond_wait(&sim->done, &sim->lock);
	pthread_mutex_unlock(&sim->lock);
	if (ctx->own_vm) {
		for (int i = 0; i < ctx->vm->num; i++)
			munmap(ctx->vm->mem[i].m.ptr, ctx->vm->mem[i].m.bytes);
		pthread_mutex_destroy(&ctx->vm->lock);
		free(ctx->vm);
	}
	free(ctx);
}

static void sim_free(struct sim *sim, uint32_t threads)
{
	pthread_mutex_lock(&sim->lock);
	sim->quit = true;
	pthread_cond_broadcast(&sim->work);
	pthread_mutex_unlock(&sim->lock);
	for (uint32_t i = 0; i < threads; i++)
		pthread_join(sim->thread[i], NULL);
	for (uint32_t i = 0; i < sim->geo.num_cores; i++)
		if (sim->core[i])
			loom_core_free(sim->core[i]);
	free(sim);
}

static void sim_close(struct accel_device *dev)
{
	struct sim *sim = dev->priv;

	sim_free(sim, sim->geo.num_cores);
}

static const struct accel_backend sim_ops = {
	.close = sim_close,
	.ctx_new = sim_ctx_new,
	.ctx_free = sim_ctx_free,
	.mem_new = sim_mem_new,
	.trace = sim_trace,
	.submit = sim_submit,
	.wait = sim_wait,
};

static int parse_option(struct sim *sim, const char *key, unsigned long value)
{
	struct loom_geometry *geo = &sim->geo;
	const struct {
		const char *key;
		uint32_t *field;
	} options[] = {
		{ "array", &geo->array_dim }, { "cores", &geo->num_cores }, { "spm", &geo->spm_bytes },
		{ "acc", &geo->acc_bytes }, { "bpc", &geo->dram_bpc }, { "clock", &geo->clock_khz },
	};

	if (!strcmp(key, "timing") && value <= 1) {
		geo->timing = (int)value;
		return 0;
	}
	if (!strcmp(key, "order")) {
		sim->order = value;
		return 0;
	}
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!strcmp(key, options[i].key) && value <= UINT32_MAX) {
			*options[i].field = (uint32_t)value;
			return 0;
		}
	return -EINVAL;
}

static int parse_options(struct sim *sim, const char *text)
{
	const char *why, *p = text;

	while (p && *p) {
		char key[16], *end;
		unsigned long value;
		int len = 0;

		if (sscanf(p, "%15[a-z]=%n", key, &len) != 1 || !len || p[len] < '0' || p[len] > '9')
			return accel_error(EINVAL, "open sim: cannot read the options from \"%s\": write "
					   "array=R,cores=N,spm=BYTES,acc=BYTES,bpc=B,clock=KHZ,timing=0|1,order=SEED", p);
		errno = 0;
		value = strtoul(p + len, &end, 0);
		if (errno || (*end && *end != ',') || parse_option(sim, key, value))
			return accel_error(EINVAL, "open sim: option \"%s\" is unknown or out of range: there are "
					   "array, cores, spm, acc, bpc, clock, timing and order", key);
		p = *end ? end + 1 : end;
	}
	if (loom_geometry_check(&sim->geo, &why))
		return accel_error(EINVAL, "open sim: %s", why);
	return 0;
}

static int start(struct sim *sim)
{
	int err;

	sim->last = &sim->first;
	pthread_mutex_init(&sim->lock, NULL);
	pthread_cond_init(&sim->work, NULL);
	pthread_cond_init(&sim->done, NULL);
	for (uint32_t i = 0; i < sim->geo.num_cores; i++) {
		err = loom_core_new(&sim->geo, &sim->core[i]);
		if (err) {
			sim_free(sim, 0);
			return err;
		}
		loom_core_set_id(sim->core[i], i);
		loom_core_set_order(sim->core[i], sim->order ? sim->order + i : 0);
	}
	for (uint32_t i = 0; i < sim->geo.num_cores; i++) {
		err = pthread_create(&sim->thread[i], NULL, core_thread, sim);
		if (err) {
			sim_free(sim, i);
			return -err;
		}
	}
	return 0;
}

int accel_sim_open(const char *options, struct accel_device **out)
{
	struct accel_device *dev = calloc(1, sizeof(*dev));
	struct sim *sim = calloc(1, sizeof(*sim));
	struct accel_device_info *info;
	int err;

	if (!dev || !sim) {
		free(dev);
		free(sim);
		return accel_enomem("a device");
	}
	loom_geometry_default(&sim->geo);
	err = parse_options(sim, options);
	if (err) {
		free(sim);
		free(dev);
		return err;
	}
	dev->ops = &sim_ops;
	dev->priv = sim;
	info = &dev->info;
	*info = (struct accel_device_info){
		.kind = ACCEL_DEVICE_SIM, .array_dim = sim->geo.array_dim, .num_cores = sim->geo.num_cores,
		.spm_bytes = sim->geo.spm_bytes, .acc_bytes = sim->geo.acc_bytes, .dram_bpc = sim->geo.dram_bpc,
		.clock_khz = sim->geo.clock_khz, .name = "sim", .isa_version = LOOM_ISA_VERSION,
		.features = LOOM_FEAT_SPARSE24 | LOOM_FEAT_INT4 | LOOM_FEAT_FP8 | LOOM_FEAT_TRAIN | LOOM_FEAT_TRACE,
	};
	err = start(sim);
	if (err) {
		free(dev);
		return accel_error(-err, "open sim: cannot start its cores: %s", strerror(-err));
	}
	*out = dev;
	return 0;
}
