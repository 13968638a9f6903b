/* SPDX-License-Identifier: MIT */
/* Between the files of the ONNX importer. */
#ifndef ACCEL_IMPORT_IMPORT_H
#define ACCEL_IMPORT_IMPORT_H

#include "libaccel/graph/build.h"
#include "libaccel/import/names.h"
#include "onnx.pb-c.h"

/**
 * struct accel_import - an import under way
 * @g: graph so far
 * @values: name in the file to value
 * @nodes: names of nodes that are taken
 * @opset: of the default domain
 */
struct accel_import {
	struct accel_graph *g;
	struct accel_names values;
	struct accel_names nodes;
	int64_t opset;
};

/** accel_import_text - protobuf's absent strings are empty */
static inline const char *accel_import_text(const char *s)
{
	return s ? s : "";
}

/** accel_import_dtype - element type of TensorProto.DataType @type, ACCEL_NONE where not supported */
enum accel_dtype accel_import_dtype(int type);

/** accel_import_type_name - ONNX's name of TensorProto.DataType @type, for messages */
const char *accel_import_type_name(int type);

/**
 * accel_import_tensor - append a constant with the contents of @t
 * @name: of the value
 * Return: its index; -EOPNOTSUPP element type or external data; -EBADMSG size and shape differ; -ENOMEM.
 */
int accel_import_tensor(struct accel_graph *g, const char *name, const Onnx__TensorProto *t);

/** accel_import_node - append @node */
int accel_import_node(struct accel_import *im, const Onnx__NodeProto *node);

#endif
