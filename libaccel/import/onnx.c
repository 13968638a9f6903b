// SPDX-License-Identifier: MIT
/* ONNX models: the file, the model around the graph, inputs, initialisers and outputs. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libaccel/error.h"
#include "libaccel/graph/op_table.h"
#include "libaccel/import/import.h"
#include "libaccel/import/wire.h"

static int find_opset(struct accel_import *im, const Onnx__ModelProto *model)
{
	im->opset = 0;
	for (size_t i = 0; i < model->n_opset_import; i++) {
		const Onnx__OperatorSetIdProto *o = model->opset_import[i];
		const char *domain = accel_import_text(o->domain);

		if (!*domain || !strcmp(domain, "ai.onnx"))
			im->opset = o->version;
	}
	if (!model->n_opset_import)
		return accel_error(EBADMSG, "reading the model: it names no operator set; the file is truncated or corrupt");
	if (im->opset < 1 || im->opset > ACCEL_OPSET_MAX)
		return accel_error(EOPNOTSUPP, "reading the model: ONNX operator set %lld is not supported; "
				   "convert it to one of %d to %d", (long long)im->opset, ACCEL_OPSET_MIN, ACCEL_OPSET_MAX);
	im->g->opset = im->opset;
	return 0;
}

static int define(struct accel_import *im, const char *name, int value)
{
	int ret = accel_import_define(im, name, value);

	if (ret == -EEXIST)
		return accel_error(EBADMSG, "value '%.64s': the name occurs twice; the file is corrupt", name);
	return ret ? accel_enomem(name) : 0;
}

int accel_import_initialisers(struct accel_import *im, const Onnx__GraphProto *graph)
{
	if (graph->n_sparse_initializer)
		return accel_error(EOPNOTSUPP, "reading the model: sparse initialisers are not supported");
	for (size_t i = 0; i < graph->n_initializer; i++) {
		const char *name = accel_import_text(graph->initializer[i]->name);
		char buf[ACCEL_IMPORT_NAME];
		int value = accel_import_constant(im, accel_import_value_name(im, name, buf), graph->initializer[i]);
		int ret = value < 0 ? value : define(im, name, value);

		if (ret)
			return ret;
	}
	return 0;
}

static int import_input(struct accel_import *im, const Onnx__ValueInfoProto *info)
{
	const char *name = accel_import_text(info->name);
	const Onnx__TypeProto__Tensor *type = info->type &&
		info->type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? info->type->tensor_type : NULL;
	int64_t dims[ACCEL_MAX_RANK];
	enum accel_dtype dtype;
	int value, ret;

	if (!type || !type->shape)
		return accel_error(EOPNOTSUPP, "input '%.64s': its type is no tensor of known rank", name);
	dtype = accel_import_dtype(type->elem_type);
	if (dtype == ACCEL_NONE)
		return accel_error(EOPNOTSUPP, "input '%.64s': element type %s is not supported", name,
				   accel_import_type_name(type->elem_type));
	if (type->shape->n_dim > ACCEL_MAX_RANK)
		return accel_error(EOPNOTSUPP, "input '%.64s': %zu dimensions; %d are supported", name,
				   type->shape->n_dim, ACCEL_MAX_RANK);
	for (size_t i = 0; i < type->shape->n_dim; i++) {
		const Onnx__TensorShapeProto__Dimension *d = type->shape->dim[i];
		bool known = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;

		dims[i] = known && d->dim_value >= 0 ? d->dim_value : -1;
	}
	value = accel_graph_add_value(im->g, name, dtype, (int)type->shape->n_dim, dims);
	if (value < 0)
		return value;
	ret = accel_graph_add_input(im->g, value);
	return ret < 0 ? ret : define(im, name, value);
}

/* Before IR version 4 every initialiser was listed as an input too: those are constants all the same. */
static int import_inputs(struct accel_import *im, const Onnx__GraphProto *graph)
{
	for (size_t i = 0; i < graph->n_input; i++) {
		int ret;

		if (accel_import_find(im, accel_import_text(graph->input[i]->name)) >= 0)
			continue;
		ret = import_input(im, graph->input[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static int import_outputs(struct accel_import *im, const Onnx__GraphProto *graph)
{
	for (size_t i = 0; i < graph->n_output; i++) {
		const char *name = accel_import_text(graph->output[i]->name);
		int value = accel_import_find(im, name), ret;

		if (value < 0)
			return accel_error(EBADMSG, "output '%.64s': made by no node; the file is corrupt", name);
		ret = accel_graph_output(im->g, value, name);
		if (ret)
			return ret;
	}
	return 0;
}

static int import_model(struct accel_import *im, const Onnx__ModelProto *model)
{
	const Onnx__GraphProto *graph = model->graph;
	int ret;

	if (!graph || !graph->n_output)
		return accel_error(EBADMSG, "reading the model: it holds no graph; not an ONNX model, or truncated");
	ret = find_opset(im, model);
	if (!ret)
		ret = accel_import_initialisers(im, graph);
	if (!ret)
		ret = import_inputs(im, graph);
	for (size_t i = 0; !ret && i < graph->n_node; i++)
		ret = accel_import_node(im, graph->node[i]);
	if (!ret)
		ret = import_outputs(im, graph);
	return ret ? ret : accel_graph_compact(im->g);	/* without what was folded on the way */
}

/* @path: of the file that has @data, or NULL */
static int parse(const void *data, size_t bytes, const char *path, struct accel_graph **out)
{
	struct accel_scope scope = { 0 };
	struct accel_import im = { .scope = &scope, .path = path };
	Onnx__ModelProto *model;
	int ret = accel_wire_unpack(data, bytes, &model);

	if (ret)
		return ret;
	ret = accel_graph_new(&im.g);
	if (!ret)
		ret = import_model(&im, model);
	accel_names_free(&scope.values);
	accel_names_free(&im.nodes);
	accel_wire_free(model);
	if (ret)
		accel_graph_unref(im.g);
	else
		*out = im.g;
	return ret;
}

int accel_graph_parse_onnx(const void *data, size_t bytes, struct accel_graph **out)
{
	return parse(data, bytes, NULL, out);
}

/* The whole of a regular file; it may shrink while it is read. */
static int read_file(int fd, const char *path, void **data, size_t *bytes)
{
	struct stat st;
	size_t have = 0;
	char *buf;

	if (fstat(fd, &st))
		return accel_error(errno, "reading model '%s': %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return accel_error(EBADMSG, "reading model '%s': %s", path,
				   S_ISREG(st.st_mode) ? "the file is empty" : "not a regular file");
	buf = malloc((size_t)st.st_size);
	if (!buf)
		return accel_enomem(path);
	while (have < (size_t)st.st_size) {
		ssize_t n = read(fd, buf + have, (size_t)st.st_size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(buf);
			return accel_error(errno, "reading model '%s': %s", path, strerror(errno));
		}
		if (!n)
			break;
		have += (size_t)n;
	}
	*data = buf;
	*bytes = have;
	return 0;
}

int accel_graph_load_onnx(const char *path, struct accel_graph **out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret;
	size_t bytes = 0;
	void *data = NULL;

	if (fd < 0)
		return accel_error(errno, "opening model '%s': %s", path, strerror(errno));
	ret = read_file(fd, path, &data, &bytes);
	close(fd);
	if (ret)
		return ret;
	ret = parse(data, bytes, path, out);
	free(data);
	return ret;
}
