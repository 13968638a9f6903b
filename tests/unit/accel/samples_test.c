// SPDX-License-Identifier: MIT
/* Samples from images and TensorProtos: what the numbers are, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "onnx.pb-c.h"
#include "tools/accel/tool.h"

static char path[64];

static int set_up(void **state)
{
	snprintf(path, sizeof(path), "/tmp/samples_test.%d.pb", getpid());
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	return 0;
}

static void spill(const void *data, size_t bytes)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, bytes, f), bytes);
	fclose(f);
}

static void write_png(int w, int h, unsigned int format, const void *px)
{
	png_image image = { .version = PNG_IMAGE_VERSION, .width = (png_uint_32)w, .height = (png_uint_32)h, .format = format };

	assert_true(png_image_write_to_file(&image, path, 0, px, 0, NULL));
}

static struct accel_tensor_info planes(int64_t c, int64_t h, int64_t w)
{
	return (struct accel_tensor_info){ .name = "x", .dtype = ACCEL_F32, .rank = 4, .dims = { 1, c, h, w } };
}

static void assert_numbers(const struct tool_data *d, const float *want, size_t count)
{
	assert_int_equal(d->bytes, count * sizeof(float));
	for (size_t i = 0; i < count; i++) {
		float got;

		memcpy(&got, d->data + i * sizeof(got), sizeof(got));
		if (!(got - want[i] < 1e-5f && want[i] - got < 1e-5f))
			fail_msg("number %zu is %g, not %g", i, (double)got, (double)want[i]);
	}
}

/* Planes by channel, scaled and shifted; blue first where that is asked for. */
static void image_to_planes(void **state)
{
	static const uint8_t px[2][3] = { { 255, 0, 51 }, { 102, 153, 204 } };
	static const float plain[6] = { 1, 0.4f, 0, 0.6f, 0.2f, 0.8f };
	struct tool_image as_is = { .std = { 1, 1, 1 } }, other = { .mean = { 0.5f, 0, 0.2f }, .std = { 0.5f, 2, 1 }, .bgr = true };
	static const float shifted[6] = { (0.2f - 0.5f) / 0.5f, (0.8f - 0.5f) / 0.5f, 0, 0.3f, 0.8f, 0.2f };
	struct accel_tensor_info info = planes(3, 1, 2);
	struct tool_data d = { 0 };

	write_png(2, 1, PNG_FORMAT_RGB, px);
	assert_int_equal(tool_read_input(path, &info, &as_is, &d), TOOL_OK);
	assert_numbers(&d, plain, 6);
	free(d.data);
	d = (struct tool_data){ 0 };
	assert_int_equal(tool_read_input(path, &info, &other, &d), TOOL_OK);
	assert_numbers(&d, shifted, 6);
	free(d.data);
}

/* Twice as wide, and half: by the two nearest. */
static void image_of_another_size(void **state)
{
	static const uint8_t px[4] = { 0, 255, 255, 0 };
	struct tool_image as_is = { .std = { 1, 1, 1 } };
	struct accel_tensor_info info = planes(1, 1, 8), half = planes(1, 1, 2);
	struct tool_data d = { 0 };

	write_png(4, 1, PNG_FORMAT_GRAY, px);
	assert_int_equal(tool_read_input(path, &info, &as_is, &d), TOOL_OK);
	assert_numbers(&d, (const float[]){ 0, 0.25f, 0.75f, 1, 1, 0.75f, 0.25f, 0 }, 8);
	free(d.data);
	d = (struct tool_data){ 0 };
	assert_int_equal(tool_read_input(path, &half, &as_is, &d), TOOL_OK);
	assert_numbers(&d, (const float[]){ 0.5f, 0.5f }, 2);
	free(d.data);
}

static void damaged_images(void **state)
{
	uint8_t px[300], file[2000], copy[2000];
	struct tool_image as_is = { .std = { 1, 1, 1 } };
	struct accel_tensor_info info = planes(3, 10, 10), flat = { .dtype = ACCEL_F32, .rank = 2, .dims = { 1, 300 } };
	struct tool_data d = { 0 };
	size_t bytes;
	FILE *f;

	for (size_t i = 0; i < sizeof(px); i++)
		px[i] = (uint8_t)(i * 37);
	write_png(10, 10, PNG_FORMAT_RGB, px);
	assert_int_equal(tool_read_input(path, &flat, &as_is, &d), TOOL_BAD_FILE);
	f = fopen(path, "rb");
	bytes = fread(file, 1, sizeof(file), f);
	fclose(f);
	for (size_t i = 8; i < bytes; i++) {
		d = (struct tool_data){ 0 };
		memcpy(copy, file, bytes);
		copy[i] ^= 0x41;
		spill(copy, i % 2 ? bytes : i);
		/* Whatever it says, it comes back. */
		if (tool_read_input(path, &info, &as_is, &d) == TOOL_OK)
			assert_int_equal(d.bytes, 300 * sizeof(float));
		free(d.data);
	}
}

static void pack(Onnx__TensorProto *t)
{
	size_t n = onnx__tensor_proto__get_packed_size(t);
	uint8_t *p = malloc(n + 1);

	onnx__tensor_proto__pack(t, p);
	spill(p, n);
	free(p);
}

static void protos(void **state)
{
	static const float want[4] = { 1, -2, 0.5f, 4 };
	struct tool_image as_is = { .std = { 1, 1, 1 } };
	struct accel_tensor_info info = planes(1, 2, 2);
	int64_t dims[] = { 1, 1, 2, 2 };
	double f64[4] = { 1, -2, 0.5, 4 };
	float numbers[4] = { 1, -2, 0.5f, 4 };
	Onnx__TensorProto t = ONNX__TENSOR_PROTO__INIT;
	struct tool_data d;

	t.n_dims = 4;
	t.dims = dims;
	t.has_data_type = 1;
	for (int k = 0; k < 4; k++) {
		t.data_type = k < 2 ? ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT : ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;
		t.n_float_data = k == 0 ? 4 : 0;
		t.float_data = numbers;
		t.n_double_data = k == 2 ? 4 : 0;
		t.double_data = f64;
		t.has_raw_data = k % 2;
		t.raw_data.data = k == 1 ? (uint8_t *)numbers : (uint8_t *)f64;
		t.raw_data.len = k == 1 ? sizeof(numbers) : sizeof(f64);
		pack(&t);
		d = (struct tool_data){ 0 };
		assert_int_equal(tool_read_input(path, &info, &as_is, &d), TOOL_OK);
		assert_numbers(&d, want, 4);
		free(d.data);
	}
	/* Less than the shape says, a huge shape, another type, no message at all. */
	t.raw_data.len -= 8;
	pack(&t);
	assert_int_equal(tool_read_input(path, &info, &as_is, &d), TOOL_BAD_FILE);
	dims[0] = INT64_MAX;
	pack(&t);
	assert_int_equal(tool_read_input(path, &info, &as_is, &d), TOOL_BAD_FILE);
	dims[0] = 1;
	t.data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
	pack(&t);
	assert_int_equal(tool_read_input(path, &info, &as_is, &d), TOOL_BAD_FILE);
	spill("\xff\xff\xff\xff", 4);
	assert_int_equal(tool_read_input(path, &info, &as_is, &d), TOOL_BAD_FILE);
}

static void numbers_of_options(void **state)
{
	float n[TOOL_IMAGE_CHANNELS];

	assert_true(tool_image_numbers("0.5", n) && n[0] == 0.5f && n[1] == 0.5f && n[2] == 0.5f);
	assert_true(tool_image_numbers("1,2,3", n) && n[0] == 1 && n[1] == 2 && n[2] == 3);
	for (const char *const *bad = (const char *const[]){ "", "x", "1,2", "1,2,3,4", "1,", "1;2;3", NULL }; *bad; bad++)
		assert_false(tool_image_numbers(*bad, n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_to_planes), cmocka_unit_test(image_of_another_size), cmocka_unit_test(damaged_images),
		cmocka_unit_test(protos), cmocka_unit_test(numbers_of_options),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("samples", tests, set_up, tear_down);
}
