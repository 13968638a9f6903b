/* SPDX-License-Identifier: MIT */
/* ONNX models made in a few words. A call that cannot do its work ends the program. */
#ifndef TEST_ONNX_MODEL_H
#define TEST_ONNX_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "libaccel/graph/graph.h"
#include "onnx.pb-c.h"

#define ONNX_TYPE(t)	ONNX__TENSOR_PROTO__DATA_TYPE__##t

/** model_new - an empty model of operator set @opset; model_free() releases it with all that it was given */
Onnx__ModelProto *model_new(int64_t opset);
void model_free(Onnx__ModelProto *m);

/** graph_new - a graph for inside of a node */
Onnx__GraphProto *graph_new(void);

/** add_node - @inputs and @outputs: names with spaces between them; "-" is an absent one */
Onnx__NodeProto *add_node(Onnx__GraphProto *g, const char *op, const char *inputs, const char *outputs);
void attr_int(Onnx__NodeProto *n, const char *name, int64_t value);
void attr_float(Onnx__NodeProto *n, const char *name, float value);
void attr_floats(Onnx__NodeProto *n, const char *name, const float *values, size_t count);
void attr_string(Onnx__NodeProto *n, const char *name, const char *value);
void attr_ints(Onnx__NodeProto *n, const char *name, const int64_t *values, size_t count);
void attr_graph(Onnx__NodeProto *n, const char *name, Onnx__GraphProto *value);
/** attr_tensor - as add_tensor() */
Onnx__TensorProto *attr_tensor(Onnx__NodeProto *n, const char *name, int type, int rank, const int64_t *dims, const void *data);

/** add_tensor - an initialiser; @data: raw, as many bytes as @type and @dims say; NULL for none */
Onnx__TensorProto *add_tensor(Onnx__GraphProto *g, const char *name, int type, int rank, const int64_t *dims, const void *data);
Onnx__TensorProto *add_floats(Onnx__GraphProto *g, const char *name, const float *data, int64_t count);
Onnx__TensorProto *add_ints(Onnx__GraphProto *g, const char *name, const int64_t *data, int64_t count);
void add_scalar(Onnx__GraphProto *g, const char *name, int type, const void *data);

/** add_input - @dims: -1 for a symbolic one */
void add_input(Onnx__GraphProto *g, const char *name, int type, int rank, const int64_t *dims);
void add_output(Onnx__GraphProto *g, const char *name);
/** put_external - data of @t are in @location; @offset and @length: text, NULL for none */
void put_external(Onnx__TensorProto *t, const char *location, const char *offset, const char *length);

/** model_pack - the bytes of a file, to be freed */
void *model_pack(const Onnx__ModelProto *m, size_t *bytes);
/** model_parse - as accel_graph_parse_onnx() */
int model_parse(const Onnx__ModelProto *m, struct accel_graph **out);

#endif
