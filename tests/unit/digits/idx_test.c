// SPDX-License-Identifier: MIT
/* tools/digits/idx: what is written is read back, and every kind of broken file is refused with its name. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/digits/idx.h"

#define COUNT	3
#define ROWS	2
#define COLS	4

static char dir[] = "/tmp/idx_test.XXXXXX";
static char images[64], labels[64];

static int write_good(void **state)
{
	uint8_t pixels[COUNT * ROWS * COLS], names[COUNT] = { 7, 0, 9 };
	struct idx_digits d = { COUNT, ROWS, COLS, pixels, names };

	for (size_t i = 0; i < sizeof(pixels); i++)
		pixels[i] = (uint8_t)(11 * i);
	return idx_digits_save(&d, images, labels);
}

/* Overwrites bytes of a file at @at. */
static void patch(const char *path, long at, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "r+b");

	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void assert_refused(int want, const char *path, const char *why)
{
	struct idx_digits d;
	char msg[256] = "";

	assert_int_equal(idx_digits_load(&d, images, labels, msg, sizeof(msg)), want);
	assert_ptr_equal(strstr(msg, path), msg);
	assert_non_null(strstr(msg, why));
	assert_null(d.images);
	assert_null(d.labels);
}

static void round_trip(void **state)
{
	struct idx_digits d;
	char msg[256];

	assert_int_equal(idx_digits_load(&d, images, labels, msg, sizeof(msg)), 0);
	assert_int_equal(d.count, COUNT);
	assert_int_equal(d.rows, ROWS);
	assert_int_equal(d.cols, COLS);
	for (uint32_t i = 0; i < COUNT * ROWS * COLS; i++)
		assert_int_equal(d.images[i], (uint8_t)(11 * i));
	assert_int_equal(idx_image(&d, 2)[1], (uint8_t)(11 * (2 * ROWS * COLS + 1)));
	assert_int_equal(d.labels[0], 7);
	assert_int_equal(d.labels[2], 9);
	idx_digits_free(&d);
}

static void truncated(void **state)
{
	assert_int_equal(truncate(images, 16 + COUNT * ROWS * COLS - 1), 0);
	assert_refused(-EINVAL, images, "length");
	assert_int_equal(truncate(images, 15), 0);
	assert_refused(-EINVAL, images, "shorter");
	assert_int_equal(truncate(images, 0), 0);
	assert_refused(-EINVAL, images, "shorter");
}

static void bytes_left_over(void **state)
{
	assert_int_equal(truncate(labels, 8 + COUNT + 1), 0);
	assert_refused(-EINVAL, labels, "length");
}

static void wrong_magic(void **state)
{
	patch(images, 2, "\x0d", 1);	/* floats */
	assert_refused(-EINVAL, images, "not an IDX file");
}

static void labels_in_place_of_images(void **state)
{
	patch(images, 3, "\x01", 1);
	assert_refused(-EINVAL, images, "not an IDX file");
}

static void sizes_that_overflow(void **state)
{
	uint8_t huge[12];

	memset(huge, 0xff, sizeof(huge));
	patch(images, 4, huge, sizeof(huge));
	assert_refused(-EINVAL, images, "impossible");
}

static void no_images(void **state)
{
	patch(images, 4, "\0\0\0", 4);
	assert_refused(-EINVAL, images, "impossible");
}

static void more_labels_than_images(void **state)
{
	patch(labels, 7, "\x04", 1);
	assert_int_equal(truncate(labels, 8 + 4), 0);
	assert_refused(-EINVAL, labels, "as many labels");
}

static void label_of_ten(void **state)
{
	patch(labels, 8 + 1, "\x0a", 1);
	assert_refused(-EINVAL, labels, "above 9");
}

static void missing(void **state)
{
	unlink(labels);
	assert_refused(-ENOENT, labels, strerror(ENOENT));
}

static int make_dir(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(images, sizeof(images), "%s/images", dir);
	snprintf(labels, sizeof(labels), "%s/labels", dir);
	return 0;
}

static int remove_dir(void **state)
{
	unlink(images);
	unlink(labels);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(round_trip, write_good),
		cmocka_unit_test_setup(truncated, write_good),
		cmocka_unit_test_setup(bytes_left_over, write_good),
		cmocka_unit_test_setup(wrong_magic, write_good),
		cmocka_unit_test_setup(labels_in_place_of_images, write_good),
		cmocka_unit_test_setup(sizes_that_overflow, write_good),
		cmocka_unit_test_setup(no_images, write_good),
		cmocka_unit_test_setup(more_labels_than_images, write_good),
		cmocka_unit_test_setup(label_of_ten, write_good),
		cmocka_unit_test_setup(missing, write_good),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("digits: IDX files", tests, make_dir, remove_dir);
}
