/* SPDX-License-Identifier: MIT */
/* Element types: conversion between each of them and the f32 or s64 that kernels compute in. */
#ifndef ACCEL_GRAPH_DTYPE_H
#define ACCEL_GRAPH_DTYPE_H

#include <stdbool.h>
#include <stdint.h>

#include <accel/accel.h>

static inline bool accel_dtype_is_float(enum accel_dtype t)
{
	return t == ACCEL_F32 || t == ACCEL_F16 || t == ACCEL_BF16 || t == ACCEL_F64;
}

float accel_f16_to_f32(uint16_t h);
/** accel_f32_to_f16 - nearest, ties to even; beyond the range gives infinity; NaN gives 0x7e00 */
uint16_t accel_f32_to_f16(float f);
float accel_bf16_to_f32(uint16_t b);
/** accel_f32_to_bf16 - nearest, ties to even; NaN gives 0x7fc0 */
uint16_t accel_f32_to_bf16(float f);

/** accel_load_f32 - @n elements of @dtype as f32 (S32, S64, F64: nearest) */
void accel_load_f32(enum accel_dtype dtype, const void *src, float *dst, int64_t n);
/** accel_store_f32 - the way back; integers take nearest even, clamped to their range, NaN gives 0 */
void accel_store_f32(enum accel_dtype dtype, const float *src, void *dst, int64_t n);

/** accel_load_s64 - element @i of an integer or BOOL array */
int64_t accel_load_s64(enum accel_dtype dtype, const void *src, int64_t i);
/** accel_store_s64 - the way back; the value wraps to the type */
void accel_store_s64(enum accel_dtype dtype, void *dst, int64_t i, int64_t v);

/** accel_load_f64 - element @i of an array of any type, to the nearest */
double accel_load_f64(enum accel_dtype dtype, const void *src, int64_t i);
/** accel_store_f64 - the way back; integers take what is left of the point, clamped to their range, NaN gives 0 */
void accel_store_f64(enum accel_dtype dtype, void *dst, int64_t i, double v);

/** accel_dtype_of_onnx - element type of TensorProto.DataType number @type, ACCEL_NONE where not supported */
enum accel_dtype accel_dtype_of_onnx(int64_t type);

/**
 * accel_quantise - the one definition of affine quantisation
 * @dtype: S8, U8 or S32
 *
 * Return: clamp(rne(@x / @scale) + @zero_point) to the type; @zero_point for NaN.
 */
int32_t accel_quantise(float x, float scale, int32_t zero_point, enum accel_dtype dtype);

#endif
