/* SPDX-License-Identifier: MIT */
#include "stream.h"

#include <stdlib.h>
#include <string.h>

static int fault(struct bench *b, uint64_t va, size_t len, uint64_t *fault_va)
{
	if (b->request_at && ++b->accesses == b->request_at)
		atomic_fetch_or(&b->requests, b->request_bits);
	if (va + len > VM_BYTES || va + len < va) {
		*fault_va = va;
		return LOOM_MMU_FAULT_UNMAPPED;
	}
	if (va < VM_HOLE + 4096 && va + len > VM_HOLE) {
		*fault_va = va < VM_HOLE ? VM_HOLE : va;
		return LOOM_MMU_FAULT_UNMAPPED;
	}
	return 0;
}

static int vm_read(void *opaque, uint64_t va, void *buf, size_t len, uint64_t *fault_va)
{
	struct bench *b = opaque;
	int ret = fault(b, va, len, fault_va);

	if (!ret)
		memcpy(buf, b->mem + va, len);
	return ret;
}

static int vm_write(void *opaque, uint64_t va, const void *buf, size_t len, uint64_t *fault_va)
{
	struct bench *b = opaque;
	int ret = fault(b, va, len, fault_va);

	if (!ret)
		memcpy(b->mem + va, buf, len);
	return ret;
}

int bench_setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->geo = (struct loom_geometry) { 32, 1, 1 << 20, 256 << 10, 64, 1000000, 1 };
	b->mem = calloc(1, VM_BYTES);
	b->vm = (struct loom_vm) { vm_read, vm_write, b };
	assert_non_null(b->mem);
	assert_int_equal(loom_core_new(&b->geo, &b->core), 0);
	*state = b;
	return 0;
}

int bench_teardown(void **state)
{
	struct bench *b = *state;

	loom_core_free(b->core);
	free(b->mem);
	free(b);
	return 0;
}

static struct loom_desc *at(struct bench *b, uint32_t slot)
{
	return (struct loom_desc *)(void *)(b->mem + VM_STREAM + (size_t)slot * LOOM_SLOT_BYTES);
}

uint32_t add(struct bench *b, const void *desc, uint32_t slots)
{
	uint32_t slot = b->slots;

	memcpy(at(b, slot), desc, (size_t)slots * LOOM_SLOT_BYTES);
	memset(at(b, slot)->wait_sem, LOOM_SEM_NONE, 2);
	memset(at(b, slot)->signal_sem, LOOM_SEM_NONE, 2);
	b->slots += slots;
	return slot;
}

void waits(struct bench *b, uint32_t slot, uint8_t sem, uint32_t value)
{
	struct loom_desc *d = at(b, slot);
	int i = d->wait_sem[0] != LOOM_SEM_NONE;

	d->wait_sem[i] = sem;
	d->wait_value[i] = value;
}

void signals(struct bench *b, uint32_t slot, uint8_t sem)
{
	struct loom_desc *d = at(b, slot);

	d->signal_sem[d->signal_sem[0] != LOOM_SEM_NONE] = sem;
}

uint32_t add_ctrl(struct bench *b, uint8_t op)
{
	struct loom_nop d = { .d.op = op };

	return add(b, &d, 1);
}

uint32_t add_copy(struct bench *b, uint8_t op, uint64_t va, uint32_t spm, uint32_t bytes)
{
	struct loom_dma d = { .d.op = op, .va = va, .spm = spm, .elem = 1, .n = { bytes, 1, 1, 1, 1 },
			      .va_stride = { 1 }, .spm_stride = { 1 } };

	return add(b, &d, 2);
}

uint32_t add_fill(struct bench *b, uint32_t spm, uint32_t bytes, uint8_t value)
{
	struct loom_dma d = { .d.op = LOOM_OP_FILL, .spm = spm, .elem = 1, .n = { bytes, 1, 1, 1, 1 },
			      .spm_stride = { 1 }, .value = value };

	return add(b, &d, 2);
}

enum loom_exec_outcome run(struct bench *b)
{
	return loom_core_run(b->core, &b->vm, VM_STREAM, b->slots, 0, &b->requests, &b->res);
}
