// SPDX-License-Identifier: MIT
/* Samples in the forms that users have them: images, and tensors as ONNX's own test data have them. */
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "onnx.pb-c.h"
#include "tool.h"

#define MAX_PIXELS	(1u << 26)

static int refuse(const char *path, const char *why)
{
	fprintf(stderr, "accel: %s: %s\n", path, why);
	return TOOL_BAD_FILE;
}

static bool ends_in(const char *path, const char *suffix)
{
	size_t n = strlen(path), k = strlen(suffix);

	return n >= k && !strcmp(path + n - k, suffix);
}

/* ---- TensorProto ---- */

static size_t count_of(const Onnx__TensorProto *t)
{
	size_t n = 1;

	for (size_t i = 0; i < t->n_dims; i++)
		if (t->dims[i] < 0 || __builtin_mul_overflow(n, (size_t)t->dims[i], &n))
			return SIZE_MAX;
	return n;
}

/* Of type f32, f64 or u8, as @dtype. */
static int from_proto(const char *path, const Onnx__TensorProto *t, enum accel_dtype dtype, struct tool_data *out)
{
	static const size_t bytes[] = { [ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT] = 4, [ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE] = 8,
					[ONNX__TENSOR_PROTO__DATA_TYPE__UINT8] = 1 };
	size_t n = count_of(t), each = t->data_type > 0 && t->data_type < 12 ? bytes[t->data_type] : 0, have;
	bool f32 = t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, f64 = t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;

	if (!each || (dtype != ACCEL_F32 && !(dtype == ACCEL_U8 && each == 1)))
		return refuse(path, "its numbers are of another type than the network's input");
	have = t->has_raw_data ? t->raw_data.len / each : f32 ? t->n_float_data : f64 ? t->n_double_data : t->n_int32_data;
	if (n == SIZE_MAX || have != n || (t->has_raw_data && t->raw_data.len % each))
		return refuse(path, "its data do not fill its shape");
	out->bytes = n * accel_dtype_bytes(dtype);
	out->data = malloc(out->bytes + 1);
	if (!out->data)
		return refuse(path, "out of memory");
	for (size_t i = 0; i < n; i++) {
		float f;
		double d;

		if (each == 1)
			f = (float)(t->has_raw_data ? t->raw_data.data[i] : (uint8_t)t->int32_data[i]);
		else if (t->has_raw_data && f64)
			f = (float)(memcpy(&d, t->raw_data.data + i * 8, 8), d);
		else if (t->has_raw_data)
			memcpy(&f, t->raw_data.data + i * 4, 4);
		else
			f = f64 ? (float)t->double_data[i] : t->float_data[i];
		if (dtype == ACCEL_U8)
			out->data[i] = (uint8_t)f;
		else
			memcpy(out->data + i * 4, &f, 4);
	}
	return TOOL_OK;
}

static int read_proto(const char *path, enum accel_dtype dtype, struct tool_data *out)
{
	struct tool_data in = { 0 };
	Onnx__TensorProto *t;
	int code = tool_slurp(path, &in);

	if (code)
		return code;
	t = onnx__tensor_proto__unpack(NULL, in.bytes, in.data);
	code = t ? from_proto(path, t, dtype, out) : refuse(path, "it is no TensorProto");
	if (t)
		onnx__tensor_proto__free_unpacked(t, NULL);
	free(in.data);
	return code;
}

/* ---- Images ---- */

bool tool_image_numbers(const char *text, float out[TOOL_IMAGE_CHANNELS])
{
	char *end;

	for (int i = 0; i < TOOL_IMAGE_CHANNELS; i++) {
		out[i] = strtof(text, &end);
		if (end == text || (*end && *end != ','))
			return false;
		/* One number is for all channels. */
		if (!*end) {
			for (int k = i + 1; k < TOOL_IMAGE_CHANNELS && i == 0; k++)
				out[k] = out[0];
			return i == 0 || i == TOOL_IMAGE_CHANNELS - 1;
		}
		text = end + 1;
	}
	return false;
}

/* Where row (or column) @i of @n lies among @from, between pixel *@a and the next, *@t behind the first. */
static void between(int64_t i, int64_t n, int64_t from, int64_t *a, int64_t *b, float *t)
{
	double at = ((double)i + 0.5) * (double)from / (double)n - 0.5;

	at = at < 0 ? 0 : at > (double)(from - 1) ? (double)(from - 1) : at;
	*a = (int64_t)at;
	*b = *a + 1 < from ? *a + 1 : *a;
	*t = (float)(at - (double)*a);
}

/* Pixels of @c bytes to planes of the input's size. */
static void fill(const png_bytep px, int64_t pw, int64_t ph, int64_t c, int64_t h, int64_t w, const struct tool_image *o, float *out)
{
	for (int64_t y = 0; y < h; y++)
		for (int64_t x = 0; x < w; x++) {
			int64_t y0, y1, x0, x1;
			float ty, tx;

			between(y, h, ph, &y0, &y1, &ty);
			between(x, w, pw, &x0, &x1, &tx);
			for (int64_t k = 0; k < c; k++) {
				int64_t from = c == 3 && o->bgr ? 2 - k : k;
				float top = px[(y0 * pw + x0) * c + from] * (1 - tx) + px[(y0 * pw + x1) * c + from] * tx;
				float low = px[(y1 * pw + x0) * c + from] * (1 - tx) + px[(y1 * pw + x1) * c + from] * tx;

				out[(k * h + y) * w + x] = ((top * (1 - ty) + low * ty) / 255 - o->mean[k]) / o->std[k];
			}
		}
}

static int read_png(const char *path, const struct accel_tensor_info *info, const struct tool_image *o, struct tool_data *out)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	int64_t c = info->rank == 4 ? info->dims[1] : 0, h = c ? info->dims[2] : 0, w = c ? info->dims[3] : 0;
	png_bytep px = NULL;
	int code = TOOL_OK;

	if (info->dtype != ACCEL_F32 || (c != 1 && c != 3) || h <= 0 || w <= 0)
		return refuse(path, "images are for inputs of f32, [N, 1 or 3, H, W] with H and W known");
	if (!png_image_begin_read_from_file(&image, path))
		return refuse(path, image.message);
	image.format = c == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
	if ((uint64_t)image.width * image.height <= MAX_PIXELS)
		px = malloc(PNG_IMAGE_SIZE(image));
	out->bytes = (size_t)(c * h * w) * sizeof(float);
	out->data = malloc(out->bytes);
	if (!px || !out->data)
		code = refuse(path, px ? "out of memory" : "it is too large");
	/* What is transparent is seen on black. */
	else if (!png_image_finish_read(&image, &(png_color){ 0, 0, 0 }, px, 0, NULL))
		code = refuse(path, image.message);
	else
		fill(px, image.width, image.height, c, h, w, o, (float *)out->data);
	png_image_free(&image);
	free(px);
	return code;
}

static bool is_png(const char *path)
{
	uint8_t magic[8] = { 0 };
	FILE *f = fopen(path, "rb");
	bool yes = f && fread(magic, 1, sizeof(magic), f) == sizeof(magic) && !memcmp(magic, "\x89PNG\r\n\x1a\n", sizeof(magic));

	if (f)
		fclose(f);
	return yes;
}

int tool_read_input(const char *path, const struct accel_tensor_info *info, const struct tool_image *image, struct tool_data *out)
{
	if (is_png(path))
		return read_png(path, info, image, out);
	if (ends_in(path, ".pb"))
		return read_proto(path, info->dtype, out);
	return tool_read(path, info->dtype, out);
}
