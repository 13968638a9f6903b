/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_BYTES	65536

static int one_file(const char *path, const char *(*one)(struct fuzz *f))
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(MAX_BYTES);
	const char *what = "cannot be read";

	if (file && data) {
		struct fuzz f = { .data = data, .left = fread(data, 1, MAX_BYTES, file) };

		what = one(&f);
	}
	if (what)
		printf("# %s: %s\n", path, what);
	if (file)
		fclose(file);
	free(data);
	return what ? 1 : 0;
}

int fuzz_corpus(const char *name, const char *(*one)(struct fuzz *f), unsigned int *files)
{
	char path[4096];
	struct dirent **entry;
	int failures = 0, n;

	snprintf(path, sizeof(path), "tests/fuzz/corpus/%s", name);
	n = scandir(path, &entry, NULL, alphasort);
	if (n < 0) {
		printf("# %s: cannot be read (run from the top of the tree)\n", path);
		return -1;
	}
	*files = 0;
	for (int i = 0; i < n; i++) {
		if (entry[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "tests/fuzz/corpus/%s/%s", name, entry[i]->d_name);
			failures += one_file(path, one);
			++*files;
		}
		free(entry[i]);
	}
	free(entry);
	return failures;
}
