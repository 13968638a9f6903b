// SPDX-License-Identifier: MIT
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fill.h"
#include "input.h"

#define SAMPLES	2	/* of calibration */

struct accel_graph *load_net(const char *name)
{
	const char *cache = getenv("LOOM_CACHE"), *home = getenv("HOME");
	struct accel_graph *g = NULL;
	size_t bytes, filled_bytes;
	void *model, *filled;
	char path[512];
	int err;

	snprintf(path, sizeof(path), "%s%s/models/light_%s.onnx", cache ? cache : home ? home : "",
		 cache ? "" : "/.cache/loom", name);
	model = read_file(path, &bytes);
	if (!model) {
		printf("# cannot read %s: run `make models-data`\n", path);
		return NULL;
	}
	err = fill_weights(model, bytes, 1, &filled, &filled_bytes);
	free(model);
	if (err) {
		printf("# %s: %s\n", path, strerror(-err));
		return NULL;
	}
	if (accel_graph_parse_onnx(filled, filled_bytes, &g))
		printf("# %s: %s\n", name, accel_errmsg());
	free(filled);
	return g;
}

float *calibrate_net(const struct accel_graph *g, struct accel_compile_options *o)
{
	struct accel_tensor_info info;
	size_t elems = SAMPLES;
	float *data;

	if (accel_graph_input_info(g, 0, &info))
		return NULL;
	for (int i = 0; i < info.rank; i++)
		elems *= (size_t)(info.dims[i] > 0 ? info.dims[i] : 1);
	data = malloc(elems * sizeof(*data));
	if (!data)
		return NULL;
	random_input(data, elems);
	o->calib_data = data;
	o->calib_count = SAMPLES;
	return data;
}
