// SPDX-License-Identifier: MIT
/* Sessions: a program's memories on a device, and the running of its steps: streams and CPU nodes side by side. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fault.h"
#include "session.h"
#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "uapi/loom/isa.h"

uint64_t accel_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int accel_check_isa(const char *what, const struct accel_device_info *d, const struct accel_target *t)
{
	if (accel_isa_runs(d->isa_version, t->isa_version) && !(t->features & ~d->features))
		return 0;
	if (accel_isa_runs(d->isa_version, t->isa_version))
		return accel_error(EPROTO, "%s: the program needs features 0x%x, the device %s has 0x%llx: compile it for this device",
				   what, t->features, d->name, (unsigned long long)d->features);
	return accel_error(EPROTO, "%s: the program needs instruction set %u.%u, the device %s has %u.%u: a program for it must be "
			   "compiled with the library that came with it", what, t->isa_version >> 16, t->isa_version & 0xffff,
			   d->name, d->isa_version >> 16, d->isa_version & 0xffff);
}

static int check_target(const struct accel_device_info *d, const struct accel_target *t)
{
	if (!t->array_dim) {
		if (d->kind == ACCEL_DEVICE_CPU)
			return 0;
		return accel_error(EINVAL, "session: the program was compiled for the CPU, the device is %s: compile it for "
				   "this device", d->name);
	}
	if (d->kind == ACCEL_DEVICE_CPU)
		return accel_error(EINVAL, "session: the program was compiled for an NPU with a %u x %u array, the device is "
				   "the CPU: compile it for this device", t->array_dim, t->array_dim);
	if (d->array_dim == t->array_dim && d->spm_bytes == t->spm_bytes && d->acc_bytes == t->acc_bytes)
		return accel_check_isa("session", d, t);
	return accel_error(EINVAL, "session: the program was compiled for an array of %u x %u, scratchpad %u, accumulators %u "
			   "bytes; the device %s has an array of %u x %u, scratchpad %u, accumulators %u bytes: compile it "
			   "for this device", t->array_dim, t->array_dim, t->spm_bytes, t->acc_bytes, d->name, d->array_dim,
			   d->array_dim, d->spm_bytes, d->acc_bytes);
}

static int new_mem(struct accel_session *s, uint64_t bytes, bool readonly, struct accel_mem *mem)
{
	return bytes ? s->dev->ops->mem_new(s->ctx, bytes, readonly, mem) : 0;
}

/* @of: whose weights to share, or NULL for weights of its own. */
static int make_weights(struct accel_session *s, const struct accel_session *of)
{
	const struct accel_program *p = s->prog;
	int err = s->dev->ops->ctx_new(s->dev, of ? of->ctx : NULL, &s->ctx);

	if (err)
		return err;
	if (of) {
		s->region[ACCEL_REGION_CONST] = of->region[ACCEL_REGION_CONST];
		return 0;
	}
	err = new_mem(s, p->const_bytes, true, &s->region[ACCEL_REGION_CONST]);
	if (!err && p->const_bytes)
		memcpy(s->region[ACCEL_REGION_CONST].ptr, p->consts, p->const_bytes);
	return err;
}

static int make_memories(struct accel_session *s)
{
	const struct accel_program *p = s->prog;
	uint64_t slots = 0;
	int err;

	for (uint32_t i = 0; i < p->num_streams; i++)
		slots += p->streams[i].slots;
	err = new_mem(s, p->arena_bytes, false, &s->region[ACCEL_REGION_ARENA]);
	if (!err)
		err = new_mem(s, p->io_bytes, false, &s->region[ACCEL_REGION_IO]);
	if (!err)
		err = new_mem(s, slots * LOOM_SLOT_BYTES, true, &s->streams);
	return err;
}

/* Streams where the device reads them, with addresses in place of offsets. */
static void relocate(struct accel_session *s)
{
	const struct accel_program *p = s->prog;
	uint64_t at = 0;

	for (uint32_t i = 0; i < p->num_streams; i++) {
		const struct accel_stream *st = &p->streams[i];
		uint8_t *dst = s->streams.ptr + at;

		memcpy(dst, st->data, (size_t)st->slots * LOOM_SLOT_BYTES);
		for (uint32_t r = 0; r < st->num_relocs; r++) {
			uint64_t va;

			memcpy(&va, dst + st->relocs[r].offset, sizeof(va));
			va += s->region[st->relocs[r].region].va;
			memcpy(dst + st->relocs[r].offset, &va, sizeof(va));
		}
		s->stream_va[i] = s->streams.va + at;
		at += (uint64_t)st->slots * LOOM_SLOT_BYTES;
	}
}

/* Where CPU nodes and the caller find each value. */
static void bind_values(struct accel_session *s)
{
	const struct accel_program *p = s->prog;

	for (int v = 0; v < p->graph->num_values; v++) {
		const struct accel_value *val = &p->graph->values[v];

		s->data[v] = val->data;
		if (p->host_off[v] == ACCEL_NO_HOST)
			continue;
		s->data[v] = s->region[ACCEL_REGION_IO].ptr + p->host_off[v];
		/* An output that is a constant. */
		if (val->data)
			memcpy(s->data[v], val->data, (size_t)accel_value_bytes(val));
	}
}

static int set_up(struct accel_session *s, const struct accel_session *of)
{
	const struct accel_program *p = s->prog;
	int err = 0;

	s->data = calloc((size_t)p->graph->num_values + 1, sizeof(*s->data));
	s->stream_va = calloc((size_t)p->num_streams + 1, sizeof(*s->stream_va));
	if (!s->data || !s->stream_va)
		return accel_enomem("a session");
	if (p->num_streams) {
		err = make_weights(s, of);
		if (!err)
			err = make_memories(s);
		if (err)
			return err;
		relocate(s);
	} else {
		s->region[ACCEL_REGION_IO].ptr = calloc(1, p->io_bytes ? p->io_bytes : 1);
		if (!s->region[ACCEL_REGION_IO].ptr)
			return accel_enomem("a session");
	}
	bind_values(s);
	if (!p->target.array_dim)
		err = accel_cpu_new(p->graph, ACCEL_CPU_STORE, &s->cpu);
	return err;
}

static struct accel_session *alloc_session(struct accel_device *dev, struct accel_program *prog)
{
	struct accel_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	s->dev = dev;
	s->prog = accel_program_ref(prog);
	return s;
}

/* Gives @s to the caller, or up. */
static int finish(struct accel_session *s, int err, struct accel_session **out)
{
	if (err)
		accel_session_free(s);
	else
		*out = s;
	return err;
}

int accel_session_new(struct accel_device *dev, struct accel_program *prog, struct accel_session **out)
{
	struct accel_session *s = alloc_session(dev, prog);
	int err;

	*out = NULL;
	if (!s)
		return accel_enomem("a session");
	s->opened = dev;
	s->dev = accel_device_pick(dev);
	err = check_target(&s->dev->info, &prog->target);
	return finish(s, err ? err : set_up(s, NULL), out);
}

int accel_weights_new(struct accel_device *dev, struct accel_program *prog, struct accel_session **out)
{
	struct accel_session *s = alloc_session(dev, prog);

	*out = NULL;
	if (!s)
		return accel_enomem("a session");
	return finish(s, prog->num_streams ? make_weights(s, NULL) : 0, out);
}

int accel_lane_new(struct accel_session *of, struct accel_session **out)
{
	struct accel_session *s = alloc_session(of->dev, of->prog);

	*out = NULL;
	if (!s)
		return accel_enomem("a session");
	return finish(s, set_up(s, of), out);
}

void accel_session_free(struct accel_session *s)
{
	if (!s)
		return;
	accel_serve_free(s->serve);
	accel_trace_free(s);
	if (s->ctx) {
		s->dev->ops->ctx_free(s->ctx);
	} else {
		free(s->region[ACCEL_REGION_IO].ptr);
	}
	accel_cpu_free(s->cpu);
	free(s->stream_va);
	free(s->data);
	accel_program_unref(s->prog);
	if (s->opened)
		accel_device_drop(s->dev);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void *value_mem(const struct accel_session *s, const int *list, int num, int i, const char *what,
		       size_t *bytes)
{
	if (i < 0 || i >= num) {
		accel_error(EINVAL, "session: there is no %s %d; the program has %d", what, i, num);
		return NULL;
	}
	if (bytes)
		*bytes = (size_t)accel_value_bytes(&s->prog->graph->values[list[i]]);
	return s->data[list[i]];
}

void *accel_input(struct accel_session *s, int i, size_t *bytes)
{
	const struct accel_graph *g = s->prog->graph;

	return value_mem(s, g->inputs, g->num_inputs, i, "input", bytes);
}

const void *accel_output(struct accel_session *s, int i, size_t *bytes)
{
	const struct accel_graph *g = s->prog->graph;

	return value_mem(s, g->outputs, g->num_outputs, i, "output", bytes);
}

/* The interpreter of programs for CPU devices. */
static int run_cpu(struct accel_session *s)
{
	const struct accel_graph *g = s->prog->graph;
	const void *in[g->num_inputs + 1];
	void *out[g->num_outputs + 1];

	for (int i = 0; i < g->num_inputs; i++)
		in[i] = s->data[g->inputs[i]];
	for (int i = 0; i < g->num_outputs; i++)
		out[i] = s->data[g->outputs[i]];
	return accel_cpu_run(s->cpu, in, out);
}

static uint32_t next_step(const struct accel_program *p, enum accel_step_kind kind, uint32_t from)
{
	while (from < p->num_steps && p->steps[from].kind != kind)
		from++;
	return from;
}

static void note(const struct accel_session *s, enum accel_event event, uint32_t step)
{
	if (s->seen)
		s->seen(s->seen_ctx, event, step);
}

/* Has the step that is next of its kind all that it waits for of the other kind? */
static bool is_ready(const struct accel_session *s, enum accel_step_kind kind, enum accel_step_kind other)
{
	return s->at[kind] < s->prog->num_steps && s->prog->steps[s->at[kind]].after <= s->at[other];
}

static int start_stream(struct accel_session *s)
{
	const struct accel_program *p = s->prog;
	uint32_t stream = p->steps[s->at[ACCEL_STEP_NPU]].index;
	int err = s->dev->ops->submit(s->ctx, s->stream_va[stream], p->streams[stream].slots);

	s->in_flight = !err;
	/* -EIO: the queue was stopped before this job came to it. */
	s->stopped = err == -EIO;
	s->lost = err == -EIO || err == -ENODEV;
	if (!err)
		note(s, ACCEL_EVENT_BEGIN, s->at[ACCEL_STEP_NPU]);
	return err;
}

static int run_node(struct accel_session *s)
{
	const struct accel_graph *g = s->prog->graph;
	uint32_t step = s->at[ACCEL_STEP_CPU];
	int err;

	note(s, ACCEL_EVENT_BEGIN, step);
	err = accel_cpu_node(g, &g->nodes[s->prog->steps[step].index], s->data);
	note(s, ACCEL_EVENT_END, step);
	s->at[ACCEL_STEP_CPU] = next_step(s->prog, ACCEL_STEP_CPU, step + 1);
	return err;
}

/* What can be done without waiting for the device; with @start_only, until a stream is in flight. */
static int advance(struct accel_session *s, bool start_only)
{
	for (;;) {
		int err = 0;

		if (!s->in_flight && is_ready(s, ACCEL_STEP_NPU, ACCEL_STEP_CPU))
			err = start_stream(s);
		if (err || (s->in_flight && start_only) || !is_ready(s, ACCEL_STEP_CPU, ACCEL_STEP_NPU))
			return err;
		err = run_node(s);
		if (err)
			return err;
	}
}

int accel_submit(struct accel_session *s)
{
	if (s->running)
		return accel_error(EBUSY, "submit: the session's last run has not been waited for");
	memset(&s->stats, 0, sizeof(s->stats));
	s->start_ns = accel_now_ns();
	s->at[ACCEL_STEP_NPU] = next_step(s->prog, ACCEL_STEP_NPU, 0);
	s->at[ACCEL_STEP_CPU] = next_step(s->prog, ACCEL_STEP_CPU, 0);
	s->in_flight = s->lost = s->stopped = false;
	if (s->cpu)
		s->err = run_cpu(s);
	else
		s->err = advance(s, true);
	s->running = true;
	return 0;
}

/* The stream that ran has left its counts. */
static void add_stats(struct accel_session *s, uint32_t stream)
{
	struct loom_stat stat;

	memcpy(&stat, s->region[ACCEL_REGION_IO].ptr + (size_t)stream * ACCEL_STAT_BYTES, sizeof(stat));
	s->stats.cycles += stat.cycles;
	s->stats.macs += stat.macs;
	s->stats.bytes_in += stat.bytes_in;
	s->stats.bytes_out += stat.bytes_out;
}

uint64_t accel_stream_cycles(const struct accel_session *s, uint32_t stream)
{
	struct loom_stat stat;

	memcpy(&stat, s->region[ACCEL_REGION_IO].ptr + (size_t)stream * ACCEL_STAT_BYTES, sizeof(stat));
	return stat.cycles;
}

int accel_wait(struct accel_session *s)
{
	struct accel_fault fault = { 0 };
	int err;

	if (!s->running)
		return accel_error(EINVAL, "wait: nothing was submitted");
	/* CPU nodes beside the stream in flight. */
	if (!s->err && !s->cpu)
		s->err = advance(s, false);
	while (s->in_flight) {
		uint32_t step = s->at[ACCEL_STEP_NPU], stream = s->prog->steps[step].index;

		err = s->dev->ops->wait(s->ctx, &fault);
		if (err == -EINTR)
			return accel_error(EINTR, "wait: interrupted by a signal; the run goes on");
		s->in_flight = false;
		if (err) {
			s->stopped = err == -EIO;
			s->lost = err == -ENODEV || (err == -EIO && fault.reset);
			s->err = err == -EIO ? accel_fault_error(s->prog, stream, &fault) : err;
			break;
		}
		note(s, ACCEL_EVENT_END, step);
		add_stats(s, stream);
		s->at[ACCEL_STEP_NPU] = next_step(s->prog, ACCEL_STEP_NPU, step + 1);
		if (!s->err)
			s->err = advance(s, false);
	}
	s->running = false;
	s->stats.wall_ns = accel_now_ns() - s->start_ns;
	if (s->stats.cycles)
		s->stats.utilisation = (double)s->stats.macs / ((double)s->stats.cycles * s->dev->info.array_dim *
								 s->dev->info.array_dim);
	return s->err;
}

int accel_run(struct accel_session *s)
{
	int err = accel_submit(s);

	return err ? err : accel_wait(s);
}

void accel_session_stats(const struct accel_session *s, struct accel_stats *stats)
{
	*stats = s->stats;
}
