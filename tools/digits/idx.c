// SPDX-License-Identifier: MIT
#include "tools/digits/idx.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Magic number: two zero bytes, the element type (8 = unsigned byte), the number of dimensions. */
#define IDX_MAGIC(dims)	(0x00000800u | (dims))
#define IDX_MAX_DIMS	3

static uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_be32(uint8_t *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

static int bad(char *err, size_t err_len, const char *path, const char *what)
{
	snprintf(err, err_len, "%s: %s", path, what);
	return -EINVAL;
}

/* Reads the header and checks that it accounts for every byte of the file. */
static int read_header(FILE *f, const char *path, int dims, uint32_t *dim, size_t *bytes,
		       char *err, size_t err_len)
{
	uint8_t head[4 + 4 * IDX_MAX_DIMS];
	size_t head_len = 4 + 4 * (size_t)dims, n = 1;
	struct stat st;

	if (fread(head, 1, head_len, f) != head_len)
		return bad(err, err_len, path, "shorter than an IDX header");
	if (get_be32(head) != IDX_MAGIC((uint32_t)dims))
		return bad(err, err_len, path, "not an IDX file of bytes with the dimensions "
			   "expected here");
	for (int i = 0; i < dims; i++) {
		dim[i] = get_be32(head + 4 + 4 * i);
		if (!dim[i] || __builtin_mul_overflow(n, (size_t)dim[i], &n))
			return bad(err, err_len, path, "impossible dimensions");
	}
	if (fstat(fileno(f), &st))
		return bad(err, err_len, path, strerror(errno));
	if (st.st_size < 0 || (uint64_t)st.st_size - head_len != n)
		return bad(err, err_len, path, "length does not match its dimensions");
	*bytes = n;
	return 0;
}

static int read_file(const char *path, int dims, uint32_t *dim, uint8_t **data,
		     char *err, size_t err_len)
{
	FILE *f = fopen(path, "rb");
	size_t bytes = 0;
	int ret;

	if (!f) {
		ret = -errno;
		snprintf(err, err_len, "%s: %s", path, strerror(errno));
		return ret;
	}
	ret = read_header(f, path, dims, dim, &bytes, err, err_len);
	if (!ret) {
		*data = malloc(bytes);
		if (!*data) {
			snprintf(err, err_len, "%s: no memory for %zu bytes", path, bytes);
			ret = -ENOMEM;
		} else if (fread(*data, 1, bytes, f) != bytes) {
			ret = bad(err, err_len, path, "ends early");
		}
	}
	fclose(f);
	return ret;
}

int idx_digits_load(struct idx_digits *d, const char *images_path, const char *labels_path,
		    char *err, size_t err_len)
{
	uint32_t dim[3], count;
	int ret;

	memset(d, 0, sizeof(*d));
	ret = read_file(images_path, 3, dim, &d->images, err, err_len);
	if (!ret)
		ret = read_file(labels_path, 1, &count, &d->labels, err, err_len);
	if (!ret && count != dim[0])
		ret = bad(err, err_len, labels_path, "as many labels as images are needed");
	for (uint32_t i = 0; !ret && i < count; i++)
		if (d->labels[i] > 9)
			ret = bad(err, err_len, labels_path, "holds a label above 9");
	if (ret) {
		idx_digits_free(d);
		return ret;
	}
	d->count = dim[0];
	d->rows = dim[1];
	d->cols = dim[2];
	return 0;
}

static int write_file(const char *path, int dims, const uint32_t *dim, const uint8_t *data)
{
	uint8_t head[4 + 4 * IDX_MAX_DIMS];
	size_t head_len = 4 + 4 * (size_t)dims, bytes = 1;
	FILE *f = fopen(path, "wb");
	int ret = 0;

	if (!f)
		return -errno;
	put_be32(head, IDX_MAGIC((uint32_t)dims));
	for (int i = 0; i < dims; i++) {
		put_be32(head + 4 + 4 * i, dim[i]);
		bytes *= dim[i];
	}
	if (fwrite(head, 1, head_len, f) != head_len || fwrite(data, 1, bytes, f) != bytes)
		ret = -EIO;
	if (fclose(f) && !ret)
		ret = -errno;
	return ret;
}

int idx_digits_save(const struct idx_digits *d, const char *images_path, const char *labels_path)
{
	uint32_t dim[3] = { d->count, d->rows, d->cols };
	int ret = write_file(images_path, 3, dim, d->images);

	return ret ? ret : write_file(labels_path, 1, dim, d->labels);
}

void idx_digits_free(struct idx_digits *d)
{
	free(d->images);
	free(d->labels);
	memset(d, 0, sizeof(*d));
}
