// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cache.h"
#include "compile.h"
#include "libaccel/backend/backend.h"
#include "libaccel/codegen/codegen.h"
#include "libaccel/error.h"
#include "libaccel/graph/build.h"
#include "libaccel/passes/passes.h"
#include "libaccel/program/program.h"
#include "session.h"
#include "uapi/loom/isa.h"

static int set_place(struct accel_node *n, enum accel_place place, const char *reason)
{
	n->place = place;
	if (n->reason || !reason)
		return 0;
	n->reason = strdup(reason);
	return n->reason ? 0 : accel_enomem("placement");
}

/* Everything on the CPU, for a device that has no NPU. */
static int all_cpu(struct accel_graph *g)
{
	int err = 0;

	for (int i = 0; i < g->num_nodes && !err; i++)
		err = set_place(&g->nodes[i], ACCEL_PLACE_CPU, "the device is the CPU");
	return err;
}

static int check_npu_only(const struct accel_graph *g)
{
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];

		if (n->place != ACCEL_PLACE_NPU)
			return accel_error(EOPNOTSUPP, "compile: %s \"%s\" would run on the CPU: %s; drop the npu_only option "
					   "to allow it", accel_op_name(n->op), n->name,
					   n->reason ? n->reason : "it was placed there");
	}
	return 0;
}

/* Options of callers built against other versions of the header. */
static int read_options(const struct accel_compile_options *opts, struct accel_compile_options *o)
{
	const uint8_t *bytes = (const uint8_t *)opts;

	memset(o, 0, sizeof(*o));
	if (opts) {
		if (opts->size < sizeof(opts->size) + sizeof(opts->precision))
			return accel_error(EINVAL, "compile: options.size is %zu: set it to sizeof(struct "
					   "accel_compile_options)", opts->size);
		for (size_t i = sizeof(*o); i < opts->size; i++)
			if (bytes[i])
				return accel_error(E2BIG, "compile: an option is set that this version of the library does "
						   "not know");
		memcpy(o, opts, opts->size < sizeof(*o) ? opts->size : sizeof(*o));
	}
	o->size = sizeof(*o);
	if (!o->batch)
		o->batch = 1;
	if (o->batch < 0)
		return accel_error(EINVAL, "compile: batch is %lld: give a positive number", (long long)o->batch);
	if (o->precision > ACCEL_PREC_INT8)
		return accel_error(EINVAL, "compile: precision %d is unknown", (int)o->precision);
	return 0;
}

/* A model that says itself what is quantised where. */
static bool is_quantised(const struct accel_graph *g)
{
	for (int i = 0; i < g->num_nodes; i++)
		switch (g->nodes[i].op) {
		case ACCEL_OP_QUANTIZE:
		case ACCEL_OP_DEQUANTIZE:
		case ACCEL_OP_QLINEAR_CONV:
		case ACCEL_OP_QLINEAR_MATMUL:
			return true;
		default:
			break;
		}
	return false;
}

static int build(struct accel_graph *g, const struct accel_device_info *info,
		 const struct accel_compile_options *o, bool exact, struct accel_program **out)
{
	const struct accel_machine m = { info->array_dim, info->spm_bytes, info->acc_bytes, info->dram_bpc,
					 info->num_cores, info->features };
	struct accel_program *p = accel_program_alloc(g);
	int err;

	if (!p) {
		accel_graph_unref(g);
		return accel_enomem("a program");
	}
	if (m.array_dim)
		p->target = (struct accel_target){ LOOM_ISA_VERSION, m.array_dim, m.spm_bytes, m.acc_bytes, 0 };
	p->precision = o->precision;
	p->batch = o->batch;
	err = accel_codegen(p, &m, exact);
	if (!err && m.array_dim) {
		accel_program_needs(p);
		err = accel_check_isa("compile", info, &p->target);
	}
	if (err)
		accel_program_unref(p);
	else
		*out = p;
	return err;
}

/* Every value that a node makes becomes an output. */
static int show_values(struct accel_graph *g)
{
	for (int i = 0; i < g->num_nodes; i++)
		for (int k = 0; k < g->nodes[i].num_out; k++) {
			int v = g->nodes[i].out[k], at = 0;

			if (!accel_graph_is_output(g, v))
				at = accel_graph_add_output(g, v);
			if (at < 0)
				return at;
		}
	return 0;
}

static int compile(struct accel_graph *graph, struct accel_device *dev, const struct accel_compile_options *opts,
		   bool seen, struct accel_program **out)
{
	struct accel_compile_options o;
	struct accel_graph *g;
	int err;

	*out = NULL;
	err = read_options(opts, &o);
	if (err)
		return err;
	err = accel_graph_clone(graph, &g);
	if (err)
		return err;
	if (dev->info.kind != ACCEL_DEVICE_CPU)
		err = accel_pass_qlinear(g);
	if (!err)
		err = accel_passes_run(g, &o);
	if (!err && dev->info.kind == ACCEL_DEVICE_CPU)
		err = all_cpu(g);
	if (!err && o.npu_only)
		err = check_npu_only(g);
	if (!err && seen)
		err = show_values(g);
	if (err) {
		accel_graph_unref(g);
		return err;
	}
	return build(g, &dev->info, &o, is_quantised(graph), out);
}

int accel_compile(struct accel_graph *graph, struct accel_device *dev, const struct accel_compile_options *opts,
		  struct accel_program **out)
{
	return compile(graph, dev, opts, false, out);
}

int accel_compile_seen(struct accel_graph *graph, struct accel_device *dev, const struct accel_compile_options *opts,
		       struct accel_program **out)
{
	return compile(graph, dev, opts, true, out);
}

int accel_compile_cached(struct accel_graph *graph, struct accel_device *dev, const struct accel_compile_options *opts,
			 struct accel_program **out)
{
	struct accel_compile_options o;
	char path[1200];
	int err = read_options(opts, &o);

	*out = NULL;
	if (err)
		return err;
	if (!accel_cache_key(graph, &dev->info, opts, path, sizeof(path)))
		return accel_compile(graph, dev, opts, out);
	/* What is damaged is compiled again, and so replaced. */
	if (!accel_program_load(path, out)) {
		utimensat(AT_FDCWD, path, NULL, 0);
		return 0;
	}
	err = accel_compile(graph, dev, opts, out);
	if (!err)
		accel_cache_keep(*out, path);
	return err;
}
