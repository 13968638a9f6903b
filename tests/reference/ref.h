/* SPDX-License-Identifier: MIT */
/*
 * The second implementation of the instruction set: one descriptor at a time, one element at a time, from
 * docs/hardware.md and not from the device. It reads and writes by bytes and notices every access that
 * leaves a memory.
 */
#ifndef LOOM_TESTS_REF_H
#define LOOM_TESTS_REF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ref_space { REF_SPM, REF_ACC, REF_DRAM, REF_SPACES };

/**
 * struct ref - the machine
 * @mem: bytes of each memory
 * @bytes: their sizes
 * @stray: bit s is set where an access left memory s
 */
struct ref {
	uint8_t *mem[REF_SPACES];
	uint64_t bytes[REF_SPACES];
	unsigned int stray;
};

/** ref_exec - execute a legal descriptor; false for an operation it does not know */
bool ref_exec(struct ref *r, const void *desc);

/* Its parts. */
uint64_t ref_get(struct ref *r, enum ref_space s, uint64_t addr, unsigned int bytes);
void ref_put(struct ref *r, enum ref_space s, uint64_t addr, unsigned int bytes, uint64_t value);
unsigned int ref_size(unsigned int type);
/* VPU operand at a byte offset from an address that may have LOOM_ACC; integers as they are, others widened. */
uint32_t ref_load(struct ref *r, uint32_t addr, uint64_t offset, unsigned int type);
int64_t ref_load_int(struct ref *r, uint32_t addr, uint64_t offset, unsigned int type);
void ref_store(struct ref *r, uint32_t addr, uint64_t offset, unsigned int type, uint32_t f32, int zp);
bool ref_is_int(unsigned int type);

/* fp32 bits ordered with -0 below +0; NaN if either is. */
uint32_t ref_pick(uint32_t a, uint32_t b, bool larger);

void ref_dma(struct ref *r, const void *desc);
void ref_gather(struct ref *r, const void *desc);
void ref_accinit(struct ref *r, const void *desc);
void ref_mm(struct ref *r, const void *desc);
void ref_conv(struct ref *r, const void *desc);
void ref_requant(struct ref *r, const void *desc);
void ref_ewise(struct ref *r, const void *desc);
void ref_lut(struct ref *r, const void *desc);
void ref_pool(struct ref *r, const void *desc);
void ref_reduce(struct ref *r, const void *desc);
void ref_softmax(struct ref *r, const void *desc);
void ref_layernorm(struct ref *r, const void *desc);
void ref_plut(struct ref *r, const void *desc);
void ref_dwconv(struct ref *r, const void *desc);
void ref_unpack(struct ref *r, const void *desc);
void ref_resize(struct ref *r, const void *desc);
void ref_optim(struct ref *r, const void *desc);

#endif
