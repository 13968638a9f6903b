/* SPDX-License-Identifier: MIT */
/* What the makers of descriptors share. */
#ifndef LOOM_TESTS_GEN_PRIV_H
#define LOOM_TESTS_GEN_PRIV_H

#include "gen.h"

enum gen_kind { SMALL_F32, SMALL_F16, SMALL_BF16, SPECIAL_F32, SPECIAL_F16, SMALL_INT, NOISE, NUM_KINDS };

uint32_t gen_between(struct gen *g, uint32_t lo, uint32_t hi);
uint32_t gen_size(struct gen *g, uint32_t max);
uint32_t gen_word(struct gen *g, enum gen_kind kind);
uint32_t gen_special32(struct gen *g);
void gen_head(union loom_any *u, uint8_t op);
uint32_t gen_place(struct gen *g, uint32_t limit, uint64_t bytes, uint32_t align);
uint32_t gen_place_typed(struct gen *g, unsigned int type, uint64_t bytes, uint32_t align);
uint32_t gen_pitch(struct gen *g, uint32_t bytes, uint32_t align, bool zero_ok);
unsigned int gen_type_of(struct gen *g, uint32_t set);
uint32_t gen_bytes_of(unsigned int type, uint32_t n);
int16_t gen_zero_point(struct gen *g, unsigned int type);
void gen_operand_types(struct gen *g, uint8_t *a, uint8_t *b);
uint32_t gen_align_of(unsigned int type);

/* One an operation, or several that share a layout. */
void gen_mm(struct gen *g, union loom_any *u);
void gen_conv(struct gen *g, union loom_any *u);
void gen_accinit(struct gen *g, union loom_any *u);
void gen_requant(struct gen *g, union loom_any *u);
void gen_ewise(struct gen *g, union loom_any *u);
void gen_lut(struct gen *g, union loom_any *u);
void gen_pool(struct gen *g, union loom_any *u);
void gen_reduce(struct gen *g, union loom_any *u);
void gen_rows(struct gen *g, union loom_any *u);
void gen_plut(struct gen *g, union loom_any *u);
void gen_dwconv(struct gen *g, union loom_any *u);
void gen_dma(struct gen *g, union loom_any *u);
void gen_gather(struct gen *g, union loom_any *u);
void gen_unpack(struct gen *g, union loom_any *u);
void gen_resize(struct gen *g, union loom_any *u);
void gen_optim(struct gen *g, union loom_any *u);

#endif
