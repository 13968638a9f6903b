// SPDX-License-Identifier: MIT
/* fill-weights IN.onnx OUT.onnx [SEED] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fill.h"

int main(int argc, char **argv)
{
	size_t bytes, filled_bytes;
	void *model, *filled;
	FILE *f;
	int err;

	if (argc < 3) {
		fprintf(stderr, "usage: fill-weights IN.onnx OUT.onnx [SEED]\n");
		return 2;
	}
	model = read_file(argv[1], &bytes);
	if (!model) {
		perror(argv[1]);
		return 1;
	}
	err = fill_weights(model, bytes, argc > 3 ? strtoull(argv[3], NULL, 0) : 1, &filled, &filled_bytes);
	if (err) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	f = fopen(argv[2], "wb");
	if (!f || fwrite(filled, 1, filled_bytes, f) != filled_bytes || fclose(f)) {
		perror(argv[2]);
		return 1;
	}
	free(filled);
	free(model);
	return 0;
}
