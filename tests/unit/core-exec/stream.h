/* SPDX-License-Identifier: MIT */
/* Streams and memory for tests of the compute core. */
#ifndef LOOM_TESTS_STREAM_H
#define LOOM_TESTS_STREAM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <qemu-device/core/exec_priv.h>

#define VM_BYTES	(4u << 20)
#define VM_HOLE		(2u << 20)	/* a page from here on is not mapped */
#define VM_STREAM	4096u

/**
 * struct bench - a core, its memory, a stream under construction
 * @mem: VA 0 on
 * @slots: of the stream, which lies at VM_STREAM
 * @reads: of memory so far
 * @requests: for the core
 * @request_at: raise @request_bits after this many accesses to memory
 */
struct bench {
	struct loom_core *core;
	struct loom_geometry geo;
	uint8_t *mem;
	uint32_t slots;
	_Atomic uint32_t requests;
	uint32_t accesses, request_at, request_bits;
	struct loom_vm vm;
	struct loom_exec_result res;
};

int bench_setup(void **state);
int bench_teardown(void **state);

/* Descriptors are appended as given; the head gets no semaphores. Returns the descriptor's slot. */
uint32_t add(struct bench *b, const void *desc, uint32_t slots);

/* The descriptor at @slot waits for @sem >= @value, or signals @sem. */
void waits(struct bench *b, uint32_t slot, uint8_t sem, uint32_t value);
void signals(struct bench *b, uint32_t slot, uint8_t sem);

uint32_t add_ctrl(struct bench *b, uint8_t op);
uint32_t add_copy(struct bench *b, uint8_t op, uint64_t va, uint32_t spm, uint32_t bytes);
uint32_t add_fill(struct bench *b, uint32_t spm, uint32_t bytes, uint8_t value);

enum loom_exec_outcome run(struct bench *b);

#endif
