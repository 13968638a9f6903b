// SPDX-License-Identifier: MIT
/* Compiled programs in files, named by what they were made of. */
#define _GNU_SOURCE
#include "cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libaccel/graph/build.h"
#include "libaccel/graph/graph.h"

#define MAX_PATH	1024
#define USUAL_MB	1024

/* ---- The key ---- */

/* Whoever was built otherwise may compile otherwise: the build ID of the object that this function lies in. */
struct build_id {
	uintptr_t here;
	GChecksum *sum;
	bool found;
};

static void add(GChecksum *sum, const void *data, size_t len)
{
	const uint8_t *p = data;

	/* Lengths of glib are signed; some values are long. */
	for (size_t part; len; p += part, len -= part) {
		part = len < (1u << 30) ? len : 1u << 30;
		g_checksum_update(sum, p, (gssize)part);
	}
}

static void add_text(GChecksum *sum, const char *s)
{
	add(sum, s ? s : "", s ? strlen(s) + 1 : 1);
}

static void take_note(struct build_id *b, const uint8_t *p, size_t left)
{
	ElfW(Nhdr) n;

	while (left >= sizeof(n)) {
		size_t name, desc;

		memcpy(&n, p, sizeof(n));
		name = (n.n_namesz + 3) / 4 * 4;
		desc = (n.n_descsz + 3) / 4 * 4;
		if (left - sizeof(n) < name + desc)
			return;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && !memcmp(p + sizeof(n), "GNU", 4)) {
			add(b->sum, p + sizeof(n) + name, n.n_descsz);
			b->found = true;
		}
		p += sizeof(n) + name + desc;
		left -= sizeof(n) + name + desc;
	}
}

static int look_at_object(struct dl_phdr_info *info, size_t size, void *opaque)
{
	struct build_id *b = opaque;
	bool mine = false;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + ph->p_vaddr;

		mine |= ph->p_type == PT_LOAD && b->here >= at && b->here - at < ph->p_memsz;
	}
	for (int i = 0; mine && i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_NOTE)
			take_note(b, (const uint8_t *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr),
				  info->dlpi_phdr[i].p_memsz);
	return mine;
}

static void add_value(GChecksum *sum, const struct accel_value *v)
{
	const int64_t facts[] = { v->dtype, v->rank, v->producer, v->data != NULL, v->store, v->quant.zero_point,
				  v->quant.channels, v->quant.axis, v->quant.channel_scale != NULL };

	add_text(sum, v->name);
	add(sum, facts, sizeof(facts));
	add(sum, v->dims, sizeof(v->dims));
	add(sum, &v->quant.scale, sizeof(v->quant.scale));
	if (v->data)
		add(sum, v->data, (size_t)accel_value_bytes(v));
	if (v->quant.channel_scale)
		add(sum, v->quant.channel_scale, (size_t)v->quant.channels * sizeof(float));
}

static void add_graph(GChecksum *sum, const struct accel_graph *g)
{
	const int64_t counts[] = { g->num_values, g->num_nodes, g->num_inputs, g->num_outputs, g->opset };

	add(sum, counts, sizeof(counts));
	for (int i = 0; i < g->num_values; i++)
		add_value(sum, &g->values[i]);
	for (int i = 0; i < g->num_nodes; i++) {
		const struct accel_node *n = &g->nodes[i];
		const int64_t facts[] = { n->op, n->num_in, n->num_out, n->place, n->dead };

		add_text(sum, n->name);
		add(sum, facts, sizeof(facts));
		add(sum, n->in, (size_t)n->num_in * sizeof(n->in[0]));
		add(sum, n->out, (size_t)n->num_out * sizeof(n->out[0]));
		/* With its gaps, at worst a program is compiled once more. */
		add(sum, &n->attrs, sizeof(n->attrs));
		add(sum, &n->act, sizeof(n->act));
	}
	add(sum, g->inputs, (size_t)g->num_inputs * sizeof(*g->inputs));
	add(sum, g->outputs, (size_t)g->num_outputs * sizeof(*g->outputs));
}

/* Whoever adds an option has it in the key, or programs of other options are found by it. */
#define LAST_OPTION	prune
#define KNOWN		(offsetof(struct accel_compile_options, LAST_OPTION) + sizeof(((struct accel_compile_options *)0)->LAST_OPTION))
_Static_assert(sizeof(struct accel_compile_options) - KNOWN < _Alignof(struct accel_compile_options),
	       "there is an option behind LAST_OPTION that is not in the key");

static bool add_node_precisions(GChecksum *sum, const struct accel_compile_options *o)
{
	for (int64_t i = 0; i < o->num_node_precisions; i++) {
		const int64_t precision = o->node_precisions ? o->node_precisions[i].precision : 0;

		if (!o->node_precisions || !o->node_precisions[i].node)
			return false;
		add_text(sum, o->node_precisions[i].node);
		add(sum, &precision, sizeof(precision));
	}
	return true;
}

/* Options of a newer header may point to anything: such programs are not kept. */
static bool add_options(GChecksum *sum, const struct accel_graph *g, const struct accel_compile_options *opts)
{
	struct accel_compile_options o = { 0 };
	int64_t facts[8], elems = 1;

	if (opts) {
		for (size_t i = KNOWN; i < opts->size; i++)
			if (((const uint8_t *)opts)[i])
				return false;
		memcpy(&o, opts, opts->size < KNOWN ? opts->size : KNOWN);
	}
	facts[0] = o.precision;
	facts[1] = o.batch;
	facts[2] = o.calib_data ? o.calib_count : 0;
	facts[3] = o.npu_only;
	facts[4] = o.calib_data != NULL;
	facts[5] = o.calib_method;
	facts[6] = o.num_node_precisions;
	facts[7] = o.prune;
	add(sum, facts, sizeof(facts));
	add(sum, &o.calib_percentile, sizeof(o.calib_percentile));
	if (!add_node_precisions(sum, &o))
		return false;
	if (!o.calib_data || o.calib_count <= 0)
		return true;
	/* A sample is input 0 without its batch, whose other dims are known or are not the compiler's either. */
	if (!g->num_inputs)
		return false;
	for (int i = 1; i < g->values[g->inputs[0]].rank; i++) {
		int64_t dim = g->values[g->inputs[0]].dims[i];

		if (dim <= 0 || dim > INT32_MAX || elems > INT32_MAX)
			return false;
		elems *= dim;
	}
	if (elems > INT64_MAX / 4 / o.calib_count)
		return false;
	add(sum, o.calib_data, (size_t)(elems * o.calib_count) * sizeof(float));
	return true;
}

static bool hash(GChecksum *sum, const struct accel_graph *g, const struct accel_device_info *dev,
		 const struct accel_compile_options *opts)
{
	const uint32_t geo[] = { dev->kind == ACCEL_DEVICE_CPU, dev->array_dim, dev->num_cores, dev->spm_bytes,
				 dev->acc_bytes, dev->dram_bpc, dev->isa_version, (uint32_t)dev->features };
	struct build_id b = { .here = (uintptr_t)&hash, .sum = sum };

	for (int v = 0; v < g->num_values; v++)
		if (g->values[v].data && accel_value_bytes(&g->values[v]) < 0)
			return false;
	dl_iterate_phdr(look_at_object, &b);
	if (!b.found)
		return false;
	add(sum, geo, sizeof(geo));
	add_graph(sum, g);
	return add_options(sum, g, opts);
}

/* ---- The folder ---- */

/* Bytes that may be kept; 0: none, the cache is off. */
static uint64_t limit(void)
{
	const char *text = getenv("LOOM_PROGRAM_CACHE");
	char *end;
	unsigned long mb;

	if (!text || !*text)
		return (uint64_t)USUAL_MB << 20;
	mb = strtoul(text, &end, 10);
	return *end || end == text ? 0 : (uint64_t)mb << 20;
}

static bool folder(char *path, size_t size)
{
	const char *loom = getenv("LOOM_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n;

	if (loom && *loom)
		n = snprintf(path, size, "%s/programs", loom);
	else if (xdg && *xdg)
		n = snprintf(path, size, "%s/loom/programs", xdg);
	else if (home && *home)
		n = snprintf(path, size, "%s/.cache/loom/programs", home);
	else
		return false;
	return n > 0 && (size_t)n < size && !g_mkdir_with_parents(path, 0700);
}

bool accel_cache_key(const struct accel_graph *g, const struct accel_device_info *dev,
		     const struct accel_compile_options *opts, char *path, size_t size)
{
	char dir[MAX_PATH];
	GChecksum *sum;
	bool ok;

	if (!limit() || !folder(dir, sizeof(dir)))
		return false;
	sum = g_checksum_new(G_CHECKSUM_SHA256);
	ok = sum && hash(sum, g, dev, opts);
	if (ok) {
		int n = snprintf(path, size, "%s/%s.elf", dir, g_checksum_get_string(sum));

		ok = n > 0 && (size_t)n < size;
	}
	if (sum)
		g_checksum_free(sum);
	return ok;
}

/* Removes the program that was used longest ago, where all are more than @max bytes; false when nothing is to be done. */
static bool drop_oldest(const char *dir, uint64_t max)
{
	char path[MAX_PATH + 300], oldest[MAX_PATH + 300] = "";
	DIR *d = opendir(dir);
	struct timespec when = { 0 };
	uint64_t total = 0;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name);
		struct stat st;

		if (len != 68 || strcmp(e->d_name + 64, ".elf"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (stat(path, &st))
			continue;
		total += (uint64_t)st.st_size;
		if (!*oldest || st.st_mtim.tv_sec < when.tv_sec ||
		    (st.st_mtim.tv_sec == when.tv_sec && st.st_mtim.tv_nsec < when.tv_nsec)) {
			when = st.st_mtim;
			strcpy(oldest, path);
		}
	}
	if (d)
		closedir(d);
	return total > max && *oldest && !unlink(oldest);
}

void accel_cache_keep(const struct accel_program *prog, const char *path)
{
	char dir[MAX_PATH];
	struct stat st;

	if (accel_program_save(prog, path))
		return;
	if (!stat(path, &st) && (uint64_t)st.st_size > limit()) {
		unlink(path);
		return;
	}
	while (folder(dir, sizeof(dir)) && drop_oldest(dir, limit()))
		;
}
