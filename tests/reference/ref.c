/* SPDX-License-Identifier: MIT */
/* Memories, DMA, and which operation is which. */
#include "ref.h"

#include <string.h>

#include <loom/isa.h>

#include "softfp.h"

uint64_t ref_get(struct ref *r, enum ref_space s, uint64_t addr, unsigned int bytes)
{
	uint64_t v = 0;

	if (addr > r->bytes[s] || bytes > r->bytes[s] - addr) {
		r->stray |= 1u << s;
		return 0;
	}
	for (unsigned int i = 0; i < bytes; i++)
		v |= (uint64_t)r->mem[s][addr + i] << (8 * i);
	return v;
}

void ref_put(struct ref *r, enum ref_space s, uint64_t addr, unsigned int bytes, uint64_t value)
{
	if (addr > r->bytes[s] || bytes > r->bytes[s] - addr) {
		r->stray |= 1u << s;
		return;
	}
	for (unsigned int i = 0; i < bytes; i++)
		r->mem[s][addr + i] = (uint8_t)(value >> (8 * i));
}

bool ref_is_int(unsigned int type)
{
	return type == LOOM_S8 || type == LOOM_U8 || type == LOOM_S32;
}

unsigned int ref_size(unsigned int type)
{
	return type == LOOM_S32 || type == LOOM_F32 ? 4 : type == LOOM_F16 || type == LOOM_BF16 ? 2 : 1;
}

static uint64_t operand(struct ref *r, uint32_t addr, uint64_t offset, unsigned int type)
{
	return ref_get(r, addr & LOOM_ACC ? REF_ACC : REF_SPM, (addr & ~LOOM_ACC) + offset, ref_size(type));
}

int64_t ref_load_int(struct ref *r, uint32_t addr, uint64_t offset, unsigned int type)
{
	uint64_t v = operand(r, addr, offset, type);

	return type == LOOM_S8 ? (int8_t)v : type == LOOM_S32 ? (int32_t)v : (int64_t)v;
}

uint32_t ref_load(struct ref *r, uint32_t addr, uint64_t offset, unsigned int type)
{
	uint32_t v = (uint32_t)operand(r, addr, offset, type);

	return type == LOOM_F32 ? v : sf_widen(type, v);
}

void ref_store(struct ref *r, uint32_t addr, uint64_t offset, unsigned int type, uint32_t f32, int zp)
{
	int64_t lo = type == LOOM_S8 ? -128 : type == LOOM_U8 ? 0 : INT32_MIN;
	int64_t hi = type == LOOM_S8 ? 127 : type == LOOM_U8 ? 255 : INT32_MAX;
	uint64_t v;

	if (ref_is_int(type))
		v = (uint64_t)sf_to_int(f32, zp, lo, hi);
	else if (type == LOOM_F32)
		v = sf_is_nan(f32) ? SF_NAN : f32;
	else
		v = sf_narrow(type, f32);
	ref_put(r, addr & LOOM_ACC ? REF_ACC : REF_SPM, (addr & ~LOOM_ACC) + offset, ref_size(type), v);
}

void ref_dma(struct ref *r, const void *desc)
{
	struct loom_dma d;
	uint8_t elem[16] = { 0 };

	memcpy(&d, desc, sizeof(d));
	for (int b = 0; b < 4; b++)
		elem[b] = (uint8_t)(d.value >> (8 * b));
	for (uint64_t i4 = 0; i4 < d.n[4]; i4++)
	for (uint64_t i3 = 0; i3 < d.n[3]; i3++)
	for (uint64_t i2 = 0; i2 < d.n[2]; i2++)
	for (uint64_t i1 = 0; i1 < d.n[1]; i1++)
	for (uint64_t i0 = 0; i0 < d.n[0]; i0++) {
		const uint64_t i[LOOM_DIMS] = { i0, i1, i2, i3, i4 };
		uint64_t va = d.va, spm = d.spm;

		for (int k = 0; k < LOOM_DIMS; k++) {
			va += i[k] * (uint64_t)d.va_stride[k];
			spm += i[k] * (uint64_t)(int64_t)d.spm_stride[k];
		}
		for (unsigned int b = 0; b < d.elem; b++) {
			if (d.d.op == LOOM_OP_STORE)
				ref_put(r, REF_DRAM, va + b, 1, ref_get(r, REF_SPM, spm + b, 1));
			else if (d.d.op == LOOM_OP_LOAD)
				ref_put(r, REF_SPM, spm + b, 1, ref_get(r, REF_DRAM, va + b, 1));
			else
				ref_put(r, REF_SPM, spm + b, 1, elem[b]);
		}
	}
}

void ref_gather(struct ref *r, const void *desc)
{
	struct loom_gather d;

	memcpy(&d, desc, sizeof(d));
	for (uint64_t i = 0; i < d.count; i++)
		for (uint64_t b = 0; b < d.row_bytes; b++) {
			uint64_t row = ref_get(r, REF_SPM, d.index + 4 * i, 4);
			uint64_t va = d.va + row * (uint64_t)d.row_stride + b;
			uint64_t spm = d.spm + i * d.spm_stride + b;

			if (d.d.op == LOOM_OP_GATHER)
				ref_put(r, REF_SPM, spm, 1, ref_get(r, REF_DRAM, va, 1));
			else
				ref_put(r, REF_DRAM, va, 1, ref_get(r, REF_SPM, spm, 1));
		}
}

bool ref_exec(struct ref *r, const void *desc)
{
	static void (*const ops[256])(struct ref *r, const void *desc) = {
		[LOOM_OP_LOAD] = ref_dma, [LOOM_OP_STORE] = ref_dma, [LOOM_OP_FILL] = ref_dma,
		[LOOM_OP_GATHER] = ref_gather, [LOOM_OP_SCATTER] = ref_gather,
		[LOOM_OP_ACCINIT] = ref_accinit, [LOOM_OP_MM] = ref_mm, [LOOM_OP_CONV] = ref_conv,
		[LOOM_OP_REQUANT] = ref_requant, [LOOM_OP_EWISE] = ref_ewise, [LOOM_OP_LUT] = ref_lut,
		[LOOM_OP_POOL] = ref_pool, [LOOM_OP_REDUCE] = ref_reduce,
		[LOOM_OP_SOFTMAX] = ref_softmax, [LOOM_OP_LAYERNORM] = ref_layernorm,
		[LOOM_OP_PLUT] = ref_plut, [LOOM_OP_DWCONV] = ref_dwconv,
		[LOOM_OP_UNPACK] = ref_unpack, [LOOM_OP_RESIZE] = ref_resize, [LOOM_OP_OPTIM] = ref_optim,
	};
	uint8_t op = *(const uint8_t *)desc;

	if (!ops[op])
		return false;
	ops[op](r, desc);
	return true;
}
