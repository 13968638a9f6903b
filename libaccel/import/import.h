/* SPDX-License-Identifier: MIT */
/* Between the files of the ONNX importer. */
#ifndef ACCEL_IMPORT_IMPORT_H
#define ACCEL_IMPORT_IMPORT_H

#include "libaccel/graph/build.h"
#include "libaccel/import/names.h"
#include "onnx.pb-c.h"

/*
 * Bodies of Loop are there once for each time that they run: so often at most, and so many nodes of them and of branches in all. A
 * constant counts as one node for each ACCEL_IMPORT_NODE_BYTES.
 */
#define ACCEL_IMPORT_MAX_TRIPS	1024
#define ACCEL_IMPORT_MAX_NODES	65536
#define ACCEL_IMPORT_NODE_BYTES	16384

/**
 * struct accel_scope - the names of a graph in the file
 * @values: name in the file to value
 * @outer: of the graph around it; NULL for the model's own
 */
struct accel_scope {
	struct accel_names values;
	struct accel_scope *outer;
};

/**
 * struct accel_import - an import under way
 * @g: graph so far
 * @scope: names that nodes see, innermost first
 * @nodes: names of nodes that are taken
 * @opset: of the default domain
 * @path: of the model's file, for data beside it; NULL where it came from memory
 * @inlined: nodes that came from bodies and branches
 */
struct accel_import {
	struct accel_graph *g;
	struct accel_scope *scope;
	struct accel_names nodes;
	int64_t opset;
	const char *path;
	int inlined;
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
 * @path: of the model's file, NULL where it came from memory
 * @name: of the value
 * Return: its index; -EOPNOTSUPP element type, or data in another file of a model in memory; -EBADMSG size and shape differ, or the
 * other file is not one below the model's folder, or ends too early; errors of open(); -ENOMEM.
 */
int accel_import_tensor(struct accel_graph *g, const char *path, const char *name, const Onnx__TensorProto *t);

/** accel_import_constant - accel_import_tensor() for the model that is being read, with the limits of what is inside of Loop */
int accel_import_constant(struct accel_import *im, const char *name, const Onnx__TensorProto *t);

/**
 * accel_import_charge - count what comes from inside of If and Loop, where that is: work and memory must not grow with a power of
 *	what a file says
 * Return: 0, or -EOPNOTSUPP.
 */
int accel_import_charge(struct accel_import *im, uint64_t nodes);

/**
 * accel_import_external_open - the file that has the data of @t
 * @bytes: that there must be
 * @offset: of them in the file
 * Return: a descriptor, or as accel_import_tensor().
 */
int accel_import_external_open(const char *path, const char *name, const Onnx__TensorProto *t, uint64_t bytes, uint64_t *offset);
int accel_import_external_read(int fd, const char *name, void *data, uint64_t bytes, uint64_t offset);

/** accel_import_find - value that @name is here, or -ENOENT */
int accel_import_find(const struct accel_import *im, const char *name);
/** accel_import_define - @name is @value from here on; 0, -EEXIST or -ENOMEM, without a message */
int accel_import_define(struct accel_import *im, const char *name, int value);
/** accel_import_value_name - @name, or one made up in @buf of ACCEL_IMPORT_NAME bytes in a graph inside of the model's own */
const char *accel_import_value_name(struct accel_import *im, const char *name, char *buf);
#define ACCEL_IMPORT_NAME	96

/** accel_import_initialisers - append the constants of @graph */
int accel_import_initialisers(struct accel_import *im, const Onnx__GraphProto *graph);

/** accel_import_node - append @node */
int accel_import_node(struct accel_import *im, const Onnx__NodeProto *node);

/** accel_import_node_name - of the node, or of what it makes where it has none */
const char *accel_import_node_name(const Onnx__NodeProto *node);

/**
 * accel_import_version - is the operator of @node in the model's operator set, with as many inputs?
 * @as: the operator of the table that has its meaning
 */
int accel_import_version(const struct accel_import *im, const Onnx__NodeProto *node, const char **as);

/** accel_import_refuse - accel_error() about @node */
int accel_import_refuse(int err, const Onnx__NodeProto *node, const char *why);

/** accel_import_if - append the nodes of the branch that is taken; -EOPNOTSUPP where that is not known */
int accel_import_if(struct accel_import *im, const Onnx__NodeProto *node);
/** accel_import_loop - append the nodes of the body as often as it runs; -EOPNOTSUPP where that is not known, or too often */
int accel_import_loop(struct accel_import *im, const Onnx__NodeProto *node);

#endif
