// SPDX-License-Identifier: MIT
/* Tensors from and to files: .npy, IDX, raw. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool.h"

static int refuse(const char *path, const char *why)
{
	fprintf(stderr, "accel: %s: %s\n", path, why);
	return TOOL_BAD_FILE;
}

int tool_slurp(const char *path, struct tool_data *d)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	int code = TOOL_OK;

	if (!f)
		return refuse(path, strerror(errno));
	if (fstat(fileno(f), &st) || !S_ISREG(st.st_mode)) {
		fclose(f);
		return refuse(path, "not a regular file");
	}
	d->data = malloc((size_t)st.st_size + 1);
	d->bytes = d->data ? fread(d->data, 1, (size_t)st.st_size, f) : 0;
	if (!d->data || d->bytes != (size_t)st.st_size)
		code = refuse(path, "cannot be read to its end");
	fclose(f);
	return code;
}

/* @count numbers of numpy type @kind ("f4", "f8", "u1") or bytes to be scaled, as @dtype. */
static int convert(const char *path, const uint8_t *src, size_t count, const char *kind, float scale,
		   enum accel_dtype dtype, struct tool_data *out)
{
	size_t each = accel_dtype_bytes(dtype);
	uint8_t *p;

	if (dtype != ACCEL_F32 && !(dtype == ACCEL_U8 && !strcmp(kind, "u1")))
		return refuse(path, "its numbers are of another type than the network's input");
	p = malloc(count * each + 1);
	if (!p)
		return refuse(path, "out of memory");
	for (size_t i = 0; i < count; i++) {
		float f;
		double d;

		if (dtype == ACCEL_U8) {
			p[i] = src[i];
			continue;
		}
		if (!strcmp(kind, "f8")) {
			memcpy(&d, src + i * 8, 8);
			f = (float)d;
		} else if (!strcmp(kind, "f4")) {
			memcpy(&f, src + i * 4, 4);
		} else {
			f = (float)src[i] * scale;
		}
		memcpy(p + i * 4, &f, 4);
	}
	out->data = p;
	out->bytes = count * each;
	return TOOL_OK;
}

static int read_idx(const char *path, const struct tool_data *in, enum accel_dtype dtype, struct tool_data *out)
{
	size_t rank = in->data[3], count = 1;

	if (in->bytes < 4 + 4 * rank)
		return refuse(path, "the IDX header is cut off");
	for (size_t i = 0; i < rank; i++) {
		const uint8_t *b = in->data + 4 + 4 * i;
		size_t n = (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];

		if (n && count > in->bytes / n)
			return refuse(path, "the IDX header promises more than the file has");
		count *= n;
	}
	if (count != in->bytes - 4 - 4 * rank)
		return refuse(path, "the IDX header and the file's length do not agree");
	return convert(path, in->data + 4 + 4 * rank, count, "u1", 1.0f / 255, dtype, out);
}

static int read_npy(const char *path, const struct tool_data *in, enum accel_dtype dtype, struct tool_data *out)
{
	static const char *const kinds[] = { "f4", "f8", "u1" };
	static const size_t sizes[] = { 4, 8, 1 };
	size_t start, len;
	char *header;
	const char *descr;
	int code = TOOL_BAD_FILE;

	if (in->bytes < 12)
		return refuse(path, "the .npy header is cut off");
	len = in->data[6] == 1 ? in->data[8] | (size_t)in->data[9] << 8 :
	      in->data[8] | (size_t)in->data[9] << 8 | (size_t)in->data[10] << 16 | (size_t)in->data[11] << 24;
	start = (in->data[6] == 1 ? 10 : 12) + len;
	if (start > in->bytes)
		return refuse(path, "the .npy header is cut off");
	header = strndup((const char *)in->data + start - len, len);
	descr = header ? strstr(header, "'descr': '") : NULL;
	if (!descr || strstr(header, "'fortran_order': True") || (descr[10] != '<' && descr[10] != '|')) {
		free(header);
		return refuse(path, "only little-endian .npy in C order is read");
	}
	for (size_t i = 0; i < 3; i++)
		if (!strncmp(descr + 11, kinds[i], 2)) {
			code = (in->bytes - start) % sizes[i] ? refuse(path, "the .npy data is cut off") :
			       convert(path, in->data + start, (in->bytes - start) / sizes[i], kinds[i], 1, dtype, out);
			break;
		}
	if (!out->data && code == TOOL_BAD_FILE)
		refuse(path, "only .npy of f4, f8 and u1 is read");
	free(header);
	return code;
}

int tool_read(const char *path, enum accel_dtype dtype, struct tool_data *out)
{
	struct tool_data in = { 0 };
	int code = tool_slurp(path, &in);

	if (code) {
		free(in.data);
		return code;
	}
	if (in.bytes >= 6 && !memcmp(in.data, "\x93NUMPY", 6)) {
		code = read_npy(path, &in, dtype, out);
	} else if (in.bytes >= 8 && !in.data[0] && !in.data[1] && in.data[2] == 8 && in.data[3] && in.data[3] <= 4) {
		code = read_idx(path, &in, dtype, out);
	} else {
		*out = in;
		return TOOL_OK;
	}
	free(in.data);
	return code;
}

static const char *npy_type(enum accel_dtype t)
{
	switch (t) {
	case ACCEL_F32:
		return "<f4";
	case ACCEL_F16:
		return "<f2";
	case ACCEL_S8:
		return "|i1";
	case ACCEL_U8:
		return "|u1";
	case ACCEL_S32:
		return "<i4";
	case ACCEL_S64:
		return "<i8";
	default:
		return NULL;
	}
}

static int put_npy_header(FILE *f, const struct accel_tensor_info *info, int64_t runs)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "{'descr': '%s', 'fortran_order': False, 'shape': (%lld,", npy_type(info->dtype),
			 (long long)runs);
	uint8_t head[10] = "\x93NUMPY\x01";

	for (int i = 0; i < info->rank; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " %lld,", (long long)info->dims[i]);
	n += snprintf(text + n, sizeof(text) - (size_t)n, "), }");
	while ((n + 11) % 64)
		text[n++] = ' ';
	text[n++] = '\n';
	head[8] = (uint8_t)n;
	head[9] = (uint8_t)(n >> 8);
	return fwrite(head, 1, sizeof(head), f) == sizeof(head) && fwrite(text, 1, (size_t)n, f) == (size_t)n ? 0 : -1;
}

int tool_write(const char *path, const struct accel_tensor_info *info, int64_t runs, const void *data, size_t bytes)
{
	size_t len = strlen(path);
	bool npy = len > 4 && !strcmp(path + len - 4, ".npy");
	FILE *f;
	int bad;

	if (npy && !npy_type(info->dtype))
		return refuse(path, ".npy cannot hold this type; write it raw");
	f = fopen(path, "wb");
	if (!f) {
		fprintf(stderr, "accel: %s: %s\n", path, strerror(errno));
		return TOOL_FAILED;
	}
	bad = npy && put_npy_header(f, info, runs);
	bad |= fwrite(data, 1, bytes, f) != bytes;
	bad |= fclose(f);
	if (bad)
		fprintf(stderr, "accel: %s: cannot be written: %s\n", path, strerror(errno));
	return bad ? TOOL_FAILED : TOOL_OK;
}
