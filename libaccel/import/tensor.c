// SPDX-License-Identifier: MIT
/* TensorProto to constant. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "libaccel/error.h"
#include "libaccel/graph/dtype.h"
#include "libaccel/import/import.h"

enum accel_dtype accel_import_dtype(int type)
{
	return accel_dtype_of_onnx(type);
}

const char *accel_import_type_name(int type)
{
	const ProtobufCEnumValue *v =
		protobuf_c_enum_descriptor_get_value(&onnx__tensor_proto__data_type__descriptor, type);

	return v ? v->name : "unknown to ONNX";
}

/* Where the elements of a tensor without raw data are. */
static size_t typed_count(const Onnx__TensorProto *t, enum accel_dtype dtype)
{
	switch (dtype) {
	case ACCEL_F32:
		return t->n_float_data;
	case ACCEL_F64:
		return t->n_double_data;
	case ACCEL_S64:
		return t->n_int64_data;
	case ACCEL_U32:
	case ACCEL_U64:
		return t->n_uint64_data;
	default:
		return t->n_int32_data;
	}
}

static void copy_typed(const Onnx__TensorProto *t, struct accel_value *v, int64_t elems)
{
	size_t bytes = (size_t)elems * accel_dtype_bytes(v->dtype);

	switch (v->dtype) {
	case ACCEL_F32:
		memcpy(v->data, t->float_data, bytes);
		break;
	case ACCEL_F64:
		memcpy(v->data, t->double_data, bytes);
		break;
	case ACCEL_S64:
		memcpy(v->data, t->int64_data, bytes);
		break;
	case ACCEL_U32:
	case ACCEL_U64:
		for (int64_t i = 0; i < elems; i++)
			accel_store_s64(v->dtype, v->data, i, (int64_t)t->uint64_data[i]);
		break;
	case ACCEL_F16:
	case ACCEL_BF16:			/* the bits, one element an int32 */
		for (int64_t i = 0; i < elems; i++)
			((uint16_t *)v->data)[i] = (uint16_t)t->int32_data[i];
		break;
	default:
		for (int64_t i = 0; i < elems; i++)
			accel_store_s64(v->dtype, v->data, i, t->int32_data[i]);
	}
}

/* Product of the dims, which come from the file. */
static int64_t count_elems(const Onnx__TensorProto *t)
{
	int64_t elems = 1;

	for (size_t i = 0; i < t->n_dims; i++)
		if (t->dims[i] < 0 || t->dims[i] > ACCEL_MAX_DIM ||
		    __builtin_mul_overflow(elems, t->dims[i], &elems) || elems > ACCEL_MAX_ELEMS)
			return -EBADMSG;
	return elems;
}

static int import_external(struct accel_graph *g, const char *path, const char *name, enum accel_dtype dtype,
			   const Onnx__TensorProto *t, uint64_t bytes)
{
	uint64_t offset;
	int fd = accel_import_external_open(path, name, t, bytes, &offset), value, ret;

	if (fd < 0)
		return fd;
	value = accel_graph_add_constant(g, name, dtype, (int)t->n_dims, t->dims, NULL);
	ret = value < 0 ? value : accel_import_external_read(fd, name, g->values[value].data, bytes, offset);
	close(fd);
	return ret ? ret : value;
}

int accel_import_tensor(struct accel_graph *g, const char *path, const char *name, const Onnx__TensorProto *t)
{
	enum accel_dtype dtype = accel_import_dtype(t->data_type);
	int64_t elems = count_elems(t);
	bool raw = t->has_raw_data;
	size_t want;
	int value;

	if (dtype == ACCEL_NONE)
		return accel_error(EOPNOTSUPP, "tensor '%.64s': element type %s is not supported", name,
				   accel_import_type_name(t->data_type));
	if (t->n_dims > ACCEL_MAX_RANK)
		return accel_error(EOPNOTSUPP, "tensor '%.64s': %zu dimensions; %d are supported", name, t->n_dims,
				   ACCEL_MAX_RANK);
	if (elems >= 0 && t->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
		return import_external(g, path, name, dtype, t, (uint64_t)elems * accel_dtype_bytes(dtype));
	want = elems < 0 ? 0 : raw ? (size_t)elems * accel_dtype_bytes(dtype) : (size_t)elems;
	if (elems < 0 || want != (raw ? t->raw_data.len : typed_count(t, dtype)))
		return accel_error(EBADMSG, "tensor '%.64s': its data do not fill its shape; the file is corrupt", name);
	value = accel_graph_add_constant(g, name, dtype, (int)t->n_dims, t->dims, raw ? t->raw_data.data : NULL);
	if (value >= 0 && !raw && elems)
		copy_typed(t, &g->values[value], elems);
	return value;
}

int accel_import_constant(struct accel_import *im, const char *name, const Onnx__TensorProto *t)
{
	int64_t elems = count_elems(t);
	uint64_t bytes = elems < 0 ? 0 : (uint64_t)elems * accel_dtype_bytes(accel_import_dtype(t->data_type));
	int ret = accel_import_charge(im, 1 + bytes / ACCEL_IMPORT_NODE_BYTES);

	return ret ? ret : accel_import_tensor(im->g, im->path, name, t);
}
