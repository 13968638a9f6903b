// SPDX-License-Identifier: MIT
/* The disassembler: prints any descriptor by the instruction set's own tables. */
#include <errno.h>
#include <string.h>

#include "libaccel/error.h"
#include "libaccel/program/program.h"
#include "uapi/loom/isa_table.h"

static const char *const type_name[LOOM_NUM_TYPES] = {
	"none", "s8", "u8", "s4", "s32", "f16", "bf16", "f32", "e4m3", "e5m2",
};
static const char *const engine_name[LOOM_NUM_ENGINES] = { "ctrl", "dmain", "dmaout", "mxu", "vpu" };
static const char *const rq_mode[] = { NULL, "f32", "q31" };
static const char *const pool_mode[] = { NULL, "max", "avg", "avg_pad" };
static const char *const resize_mode[] = { NULL, "nearest", "linear" };
static const char *const unpack_mode[] = { NULL, "s4", "2:4", "rle" };
static const char *const reduce_op[] = { NULL, "sum", "max", "min", "mean", "argmax" };
static const char *const optim_rule[] = { NULL, "sgd", "momentum", "adam" };
static const char *const ew_op[LOOM_NUM_EW_OPS] = {
	"nop", "add", "sub", "rsub", "mul", "div", "rdiv", "min", "max", "abs", "neg", "sqrt", "floor", "ceil", "rne", "gt",
	"ge", "eq", "prelu", "fma", "mac",
};
static const char *const ew_operand[LOOM_NUM_EWS] = {
	"", "src0", "src1", "vec0", "vec1", "imm0", "imm1", "imm2", "imm3",
};

#define NAMES(t) { t, sizeof(t) / sizeof((t)[0]) }
static const struct {
	const char *const *name;
	size_t num;
} names[] = {
	[LOOM_FIELD_TYPE] = NAMES(type_name), [LOOM_FIELD_RQ_MODE] = NAMES(rq_mode),
	[LOOM_FIELD_POOL_MODE] = NAMES(pool_mode), [LOOM_FIELD_RESIZE_MODE] = NAMES(resize_mode),
	[LOOM_FIELD_UNPACK_MODE] = NAMES(unpack_mode), [LOOM_FIELD_REDUCE_OP] = NAMES(reduce_op),
	[LOOM_FIELD_OPTIM_RULE] = NAMES(optim_rule), [LOOM_FIELD_STAGE] = { NULL, 0 },
};

static const char *pick(const char *const *table, size_t num, uint64_t i)
{
	return i < num && table[i] ? table[i] : "?";
}

static uint64_t get(const uint8_t *at, unsigned int size)
{
	uint64_t v = 0;

	for (unsigned int i = 0; i < size; i++)
		v |= (uint64_t)at[i] << (8 * i);
	return v;
}

static int64_t sign(uint64_t v, unsigned int size)
{
	return size == 8 ? (int64_t)v : (int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size);
}

static void print_number(FILE *out, const struct loom_field *f, uint64_t v, const struct accel_reloc *reloc)
{
	uint32_t bits = (uint32_t)v;
	float x;

	switch (f->kind) {
	case LOOM_FIELD_UINT:
		fprintf(out, "%llu", (unsigned long long)v);
		break;
	case LOOM_FIELD_INT:
		fprintf(out, "%lld", (long long)sign(v, f->size));
		break;
	case LOOM_FIELD_F32:
		memcpy(&x, &bits, sizeof(x));
		fprintf(out, "%.9g", (double)x);
		break;
	case LOOM_FIELD_VA:
		if (reloc)
			fprintf(out, "%s+", accel_region_name(reloc->region));
		fprintf(out, "0x%llx", (unsigned long long)v);
		break;
	case LOOM_FIELD_MEM:
		fprintf(out, "%s:0x%llx", v & LOOM_ACC ? "acc" : "spm", (unsigned long long)(v & ~(uint64_t)LOOM_ACC));
		break;
	case LOOM_FIELD_SPM:
	case LOOM_FIELD_ACC:
		fprintf(out, "%s:0x%llx", f->kind == LOOM_FIELD_ACC ? "acc" : "spm", (unsigned long long)v);
		break;
	default:
		if (f->kind < sizeof(names) / sizeof(names[0]) && names[f->kind].name)
			fprintf(out, "%s", pick(names[f->kind].name, names[f->kind].num, v));
		else
			fprintf(out, "0x%llx", (unsigned long long)v);
		break;
	}
}

static void print_stages(FILE *out, const uint8_t *at)
{
	fputs(" chain=", out);
	for (int i = 0; i < LOOM_EW_STAGES && at[2 * i]; i++) {
		unsigned int a = LOOM_EWS_FIRST(at[2 * i + 1]), b = LOOM_EWS_SECOND(at[2 * i + 1]);

		fprintf(out, "%s%s%s%s%s%s", i ? "," : "", pick(ew_op, LOOM_NUM_EW_OPS, at[2 * i]), a ? ":" : "",
			pick(ew_operand, LOOM_NUM_EWS, a), b ? ":" : "", pick(ew_operand, LOOM_NUM_EWS, b));
	}
}

static void print_field(FILE *out, const struct loom_field *f, const uint8_t *desc, const struct accel_reloc *reloc)
{
	const uint8_t *at = desc + f->offset;

	if (f->kind == LOOM_FIELD_STAGE) {
		print_stages(out, at);
		return;
	}
	if (f->kind == LOOM_FIELD_ZERO) {
		for (unsigned int i = 0; i < (unsigned int)f->size * f->count; i++)
			if (at[i]) {
				fprintf(out, " %s=NOT-ZERO", f->name);
				return;
			}
		return;
	}
	fprintf(out, " %s=", f->name);
	for (unsigned int i = 0; i < f->count; i++) {
		if (i)
			fputc(',', out);
		print_number(out, f, get(at + (size_t)i * f->size, f->size), reloc);
	}
}

static void print_sems(FILE *out, const struct loom_desc *d)
{
	for (int i = 0; i < 2; i++)
		if (d->wait_sem[i] != LOOM_SEM_NONE)
			fprintf(out, " wait(s%u>=%u)", d->wait_sem[i], d->wait_value[i]);
	for (int i = 0; i < 2; i++)
		if (d->signal_sem[i] != LOOM_SEM_NONE)
			fprintf(out, " signal(s%u)", d->signal_sem[i]);
}

static void print_descriptor(FILE *out, const struct accel_stream *s, uint32_t slot, const struct loom_op_info *op,
			     uint32_t *next_reloc)
{
	const uint8_t *at = s->data + (size_t)slot * LOOM_SLOT_BYTES;
	const struct accel_reloc *r = NULL;
	struct loom_desc d;

	memcpy(&d, at, sizeof(d));
	if (*next_reloc < s->num_relocs && s->relocs[*next_reloc].offset / LOOM_SLOT_BYTES < slot + op->slots)
		r = &s->relocs[(*next_reloc)++];
	fprintf(out, "%7u  %-6s %-8s", slot, engine_name[op->engine], op->name);
	print_sems(out, &d);
	for (uint32_t i = 0; i < op->num_fields; i++)
		print_field(out, &op->fields[i], at, r);
	fputc('\n', out);
}

static void print_stream(FILE *out, const struct accel_program *p, uint32_t index)
{
	const struct accel_stream *s = &p->streams[index];
	uint32_t node = UINT32_MAX, next_reloc = 0;

	fprintf(out, "stream %u: %u slots\n", index, s->slots);
	for (uint32_t slot = 0; slot < s->slots;) {
		const uint8_t *at = s->data + (size_t)slot * LOOM_SLOT_BYTES;
		const struct loom_op_info *op = loom_op_find(at[0]);
		struct loom_desc d;

		memcpy(&d, at, sizeof(d));
		if (!op || op->slots > s->slots - slot) {
			fprintf(out, "%7u  illegal: first byte 0x%02x\n", slot, at[0]);
			slot++;
			continue;
		}
		if (d.node != node && d.node < p->graph->num_nodes)
			fprintf(out, "\n%s \"%s\":\n", accel_op_name(p->graph->nodes[d.node].op),
				p->graph->nodes[d.node].name);
		node = d.node;
		print_descriptor(out, s, slot, op, &next_reloc);
		slot += op->slots;
	}
}

int accel_program_disassemble(const struct accel_program *prog, FILE *out)
{
	const struct accel_target *t = &prog->target;

	if (t->array_dim)
		fprintf(out, "for an array of %u x %u, scratchpad %u, accumulators %u bytes; instruction set %u.%u\n",
			t->array_dim, t->array_dim, t->spm_bytes, t->acc_bytes, t->isa_version >> 16,
			t->isa_version & 0xffff);
	fprintf(out, "const %llu, arena %llu, io %llu bytes\n", (unsigned long long)prog->const_bytes,
		(unsigned long long)prog->arena_bytes, (unsigned long long)prog->io_bytes);
	for (uint32_t i = 0; i < prog->num_streams; i++)
		print_stream(out, prog, i);
	return ferror(out) || fflush(out) ? accel_error(EIO, "disassemble: cannot write the text") : 0;
}
