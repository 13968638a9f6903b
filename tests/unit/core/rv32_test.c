// SPDX-License-Identifier: MIT
/* Runs each program of tests/rv32 on the interpreter; and how a hart without a handler ends, and its speed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "qemu-device/core/rv32.h"

#define RAM_BASE	0x10000000u
#define RAM_BYTES	0x40000u
#define TOHOST		0x20000000u	/* as in tests/rv32/case.inc */
#define MEIP_LINE	(TOHOST + 4)
#define MTIP_LINE	(TOHOST + 8)

/* What the public riscv-tests have for rv32ui and rv32um, and three of our own: csr, trap, irq. */
static const char *const programs[] = {
	"simple", "add", "addi", "and", "andi", "auipc", "beq", "bge", "bgeu", "blt", "bltu", "bne",
	"fence_i", "jal", "jalr", "lb", "lbu", "ld_st", "lh", "lhu", "lui", "lw", "ma_data", "or", "ori",
	"sb", "sh", "sll", "slli", "slt", "slti", "sltiu", "sltu", "sra", "srai", "srl", "srli", "st_ld",
	"sub", "sw", "xor", "xori",
	"div", "divu", "mul", "mulh", "mulhsu", "mulhu", "rem", "remu",
	"csr", "trap", "irq",
};

#define NUM_PROGRAMS	(sizeof(programs) / sizeof(programs[0]))

struct machine {
	struct rv32 cpu;
	uint32_t tohost;
};

static int no_load(void *opaque, uint32_t addr, unsigned int size, uint32_t *value)
{
	return -1;
}

static int store(void *opaque, uint32_t addr, unsigned int size, uint32_t value)
{
	struct machine *m = opaque;
	uint32_t line = addr == MEIP_LINE ? RV32_SIG_MEIP : RV32_SIG_MTIP;

	if (addr == TOHOST) {
		m->tohost = value;
		atomic_fetch_or(&m->cpu.signals, RV32_SIG_ATTENTION);
		return 0;
	}
	if (addr != MEIP_LINE && addr != MTIP_LINE)
		return -1;
	if (value)
		atomic_fetch_or(&m->cpu.signals, line);
	else
		atomic_fetch_and(&m->cpu.signals, ~line);
	return 0;
}

static const struct rv32_bus bus = { .load = no_load, .store = store };

static struct machine *machine_new(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	assert_non_null(m);
	m->cpu.ram = calloc(1, RAM_BYTES);
	assert_non_null(m->cpu.ram);
	m->cpu.ram_base = RAM_BASE;
	m->cpu.ram_bytes = RAM_BYTES;
	m->cpu.bus = &bus;
	m->cpu.opaque = m;
	rv32_reset(&m->cpu, RAM_BASE);
	return m;
}

static void machine_free(struct machine *m)
{
	free(m->cpu.ram);
	free(m);
}

static void load_program(struct machine *m, const char *name)
{
	const char *build = getenv("B");
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/rv32/%s.bin", build ? build : "build", name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s: %s (run from the top of the tree)", path, strerror(errno));
	assert_true(fread(m->cpu.ram, 1, RAM_BYTES, f) > 0);
	fclose(f);
}

static void run_program(void **state)
{
	struct machine *m = machine_new();
	enum rv32_exit why;

	load_program(m, *state);
	why = rv32_run(&m->cpu, 100000);
	if (why != RV32_EXIT_ATTENTION)
		fail_msg("left with %d at %08x, case %u", why, m->cpu.pc, m->cpu.x[3]);
	if (m->tohost != 1)
		fail_msg("case %u fails (mcause %u, mepc %08x)", m->tohost / 2, m->cpu.mcause, m->cpu.mepc);
	machine_free(m);
}

static void put_code(struct machine *m, uint32_t addr, uint32_t insn)
{
	memcpy(m->cpu.ram + (addr - RAM_BASE), &insn, 4);
}

static void trap_without_handler(void **state)
{
	struct machine *m = machine_new();

	put_code(m, RAM_BASE, 0x00000013);	/* nop */
	assert_int_equal(rv32_run(&m->cpu, 1000), RV32_EXIT_HALT);
	assert_int_equal(m->cpu.mcause, RV32_CAUSE_ILLEGAL);
	assert_int_equal(m->cpu.mepc, RAM_BASE + 4);
	assert_int_equal(m->cpu.mtval, 0);

	/* and one whose handler cannot be fetched */
	rv32_reset(&m->cpu, RAM_BASE);
	m->cpu.mtvec = 0x40000000;
	assert_int_equal(rv32_run(&m->cpu, 1000), RV32_EXIT_HALT);
	assert_int_equal(m->cpu.mepc, RAM_BASE + 4);
	machine_free(m);
}

static void leaves_at_the_end_of_ram(void **state)
{
	struct machine *m = machine_new();

	for (uint32_t a = 0; a < RAM_BYTES; a += 4)
		put_code(m, RAM_BASE + a, 0x00000013);
	assert_int_equal(rv32_run(&m->cpu, RAM_BYTES), RV32_EXIT_HALT);
	assert_int_equal(m->cpu.mcause, RV32_CAUSE_FETCH_ACCESS);
	assert_int_equal(m->cpu.mepc, RAM_BASE + RAM_BYTES);
	machine_free(m);
}

static void sleeps_in_wfi(void **state)
{
	struct machine *m = machine_new();

	put_code(m, RAM_BASE, 0x10500073);	/* wfi */
	put_code(m, RAM_BASE + 4, 0x0000006f);	/* j . */
	m->cpu.mie = RV32_SIG_MTIP;
	assert_int_equal(rv32_run(&m->cpu, 100), RV32_EXIT_WFI);
	assert_int_equal(m->cpu.pc, RAM_BASE + 4);
	/* a tight loop still sees that somebody wants attention */
	atomic_store(&m->cpu.signals, RV32_SIG_ATTENTION);
	assert_int_equal(rv32_run(&m->cpu, 100), RV32_EXIT_ATTENTION);
	atomic_store(&m->cpu.signals, 0);
	assert_int_equal(rv32_run(&m->cpu, 100), RV32_EXIT_BUDGET);
	machine_free(m);
}

/* Compressed and otherwise unknown encodings must trap, none may crash: every major opcode with random bits. */
static void random_words(void **state)
{
	struct machine *m = machine_new();
	uint32_t x = 12345;

	for (int round = 0; round < 2000; round++) {
		rv32_reset(&m->cpu, RAM_BASE);
		atomic_store(&m->cpu.signals, 0);
		for (int i = 0; i < 64; i++) {
			x = x * 1664525u + 1013904223u;
			put_code(m, RAM_BASE + 4 * (uint32_t)i, i % 4 ? (x & ~3u) | 3 : x);
			m->cpu.x[i % 31 + 1] = i % 3 ? x : RAM_BASE + (x & 0x3ffff);
		}
		rv32_run(&m->cpu, 200);
		assert_int_equal(m->cpu.x[0], 0);
	}
	machine_free(m);
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* A loop of eight: load, store, multiply, adds, branch. The figure is printed; the bound is a generous one. */
static void speed(void **state)
{
	static const uint32_t loop[] = {
		0x100005b7,	/* lui a1, 0x10000 */
		0x4005a503,	/* 1: lw a0, 0x400(a1) */
		0x00150513,	/* addi a0, a0, 1 */
		0x40a5a023,	/* sw a0, 0x400(a1) */
		0x02a50633,	/* mul a2, a0, a0 */
		0x00c686b3,	/* add a3, a3, a2 */
		0x00d74733,	/* xor a4, a4, a3 */
		0x00e7f7b3,	/* and a5, a5, a4 */
		0xfe0002e3,	/* beq x0, x0, 1b */
	};
	struct machine *m = machine_new();
	uint32_t n = 20000000;
	double t;

	memcpy(m->cpu.ram, loop, sizeof(loop));
	t = seconds();
	assert_int_equal(rv32_run(&m->cpu, n), RV32_EXIT_BUDGET);
	t = seconds() - t;
	print_message("# %.0f million instructions a second\n", n / t / 1e6);
	assert_true(m->cpu.instret >= n);
	machine_free(m);
}

int main(void)
{
	struct CMUnitTest tests[NUM_PROGRAMS + 5] = {
		{ .name = "a trap without a handler halts", .test_func = trap_without_handler },
		{ .name = "running off the end of RAM", .test_func = leaves_at_the_end_of_ram },
		{ .name = "wfi and attention", .test_func = sleeps_in_wfi },
		{ .name = "random words", .test_func = random_words },
		{ .name = "speed", .test_func = speed },
	};

	for (size_t i = 0; i < NUM_PROGRAMS; i++)
		tests[5 + i] = (struct CMUnitTest) {
			.name = programs[i], .test_func = run_program, .initial_state = (void *)programs[i],
		};
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
