/* SPDX-License-Identifier: MIT */
/* Reading an ONNX message from untrusted bytes: bounded stack, bounded memory. */
#ifndef ACCEL_IMPORT_WIRE_H
#define ACCEL_IMPORT_WIRE_H

#include <stddef.h>

#include "onnx.pb-c.h"

/**
 * accel_wire_unpack - decode a model
 * @out: released by accel_wire_free()
 *
 * Return: 0; -EBADMSG no well-formed message, nested deeper than any model, or far larger decoded than encoded.
 */
int accel_wire_unpack(const void *data, size_t bytes, Onnx__ModelProto **out);
void accel_wire_free(Onnx__ModelProto *model);

#endif
