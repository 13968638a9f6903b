// SPDX-License-Identifier: MIT
#include "libaccel/import/wire.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "libaccel/error.h"

/* Model, graph, node, attribute and a subgraph in it take four levels; If in If in If stays far below this. */
#define MAX_DEPTH	48

/* Decoded, an empty node of 2 bytes takes some 150; weights take what they took. */
#define BUDGET_FACTOR	256
#define BUDGET_EXTRA	(1 << 20)

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* A varint at *@p; *@p moves behind it. */
static int read_varint(const uint8_t **p, const uint8_t *end, uint64_t *v)
{
	*v = 0;
	for (unsigned int shift = 0; shift < 64 && *p < end; shift += 7) {
		uint8_t byte = *(*p)++;

		*v |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return 0;
	}
	return -EBADMSG;
}

/* protobuf-c descends as deep as the message does: the depth is looked at first, on a stack that has a bound. */
static int check_nesting(const ProtobufCMessageDescriptor *desc, const uint8_t *p, const uint8_t *end, int depth)
{
	if (depth > MAX_DEPTH)
		return -EBADMSG;
	while (p < end) {
		const ProtobufCFieldDescriptor *field;
		uint64_t tag, n = 0;

		if (read_varint(&p, end, &tag))
			return -EBADMSG;
		switch (tag & 7) {
		case WIRE_VARINT:
			if (read_varint(&p, end, &n))
				return -EBADMSG;
			continue;
		case WIRE_64:
			n = 8;
			break;
		case WIRE_32:
			n = 4;
			break;
		case WIRE_BYTES:
			if (read_varint(&p, end, &n))
				return -EBADMSG;
			break;
		default:
			return -EBADMSG;
		}
		if (n > (uint64_t)(end - p))
			return -EBADMSG;
		field = tag >> 3 > UINT32_MAX ? NULL :
			protobuf_c_message_descriptor_get_field(desc, (unsigned int)(tag >> 3));
		if ((tag & 7) == WIRE_BYTES && field && field->type == PROTOBUF_C_TYPE_MESSAGE &&
		    check_nesting(field->descriptor, p, p + n, depth + 1))
			return -EBADMSG;
		p += n;
	}
	return 0;
}

struct budget {
	size_t left;
};

static void *budget_alloc(void *data, size_t size)
{
	struct budget *b = data;

	if (size > b->left)
		return NULL;
	b->left -= size;
	return malloc(size);
}

static void budget_free(void *data, void *p)
{
	free(p);
}

int accel_wire_unpack(const void *data, size_t bytes, Onnx__ModelProto **out)
{
	struct budget budget = { .left = BUDGET_EXTRA };
	ProtobufCAllocator alloc = { budget_alloc, budget_free, &budget };

	if (bytes > (SIZE_MAX - BUDGET_EXTRA) / BUDGET_FACTOR)
		return accel_error(EBADMSG, "reading the model: %zu bytes are more than a model has", bytes);
	budget.left += bytes * BUDGET_FACTOR;
	if (check_nesting(&onnx__model_proto__descriptor, data, (const uint8_t *)data + bytes, 0))
		return accel_error(EBADMSG, "reading the model: not an ONNX file, or one that is truncated or corrupt");
	*out = onnx__model_proto__unpack(&alloc, bytes, data);
	if (!*out)
		return accel_error(EBADMSG, "reading the model: the ONNX file is corrupt");
	return 0;
}

void accel_wire_free(Onnx__ModelProto *model)
{
	ProtobufCAllocator alloc = { budget_alloc, budget_free, NULL };

	onnx__model_proto__free_unpacked(model, &alloc);
}
