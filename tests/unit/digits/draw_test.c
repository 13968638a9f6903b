// SPDX-License-Identifier: MIT
/* tools/digits/draw: what is drawn is what the pixels say. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/digits/draw.h"

static uint8_t pixels[DRAW_SIDE * DRAW_SIDE];

/* Draws into memory; the caller frees. */
static char *drawn(enum draw_style style, const struct draw_digit *d, size_t n, size_t per_row)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_int_equal(draw_digits(f, style, d, n, per_row), 0);
	fclose(f);
	return text;
}

static const char *line_of(const char *text, int line)
{
	while (line--)
		text = strchr(text, '\n') + 1;
	return text;
}

static int one_bar(void **state)
{
	memset(pixels, 0, sizeof(pixels));
	memset(pixels + 2 * 3 * DRAW_SIDE + 5, 255, 4);		/* upper half of line 3 */
	memset(pixels + (2 * 3 + 1) * DRAW_SIDE + 5, 255, 4);	/* lower half */
	return 0;
}

static void ascii_shows_ink(void **state)
{
	struct draw_digit d = { pixels, 1, 1, -1 };
	char *text = drawn(DRAW_ASCII, &d, 1, 1);

	assert_memory_equal(line_of(text, 2), "                            \n", 29);
	assert_memory_equal(line_of(text, 3), "     @@@@                   \n", 29);
	assert_memory_equal(line_of(text, 4), "                            \n", 29);
	assert_memory_equal(line_of(text, DRAW_LINES), "  1 right", 9);
	for (const char *p = text; *p; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	free(text);
}

static void blocks_show_both_halves(void **state)
{
	struct draw_digit d = { pixels, -1, 4, -1 };
	char *text;

	pixels[1] = 255;			/* line 0: upper half white, lower black */
	pixels[DRAW_SIDE + 2] = 255;		/* beside it: upper black, lower white */
	text = drawn(DRAW_BLOCKS, &d, 1, 1);
	assert_ptr_equal(strstr(text, "\033[38;5;232;48;5;232m\xe2\x96\x80"
				      "\033[38;5;255;48;5;232m\xe2\x96\x80"
				      "\033[38;5;232;48;5;255m\xe2\x96\x80"), text);
	assert_memory_equal(line_of(text, 1) - 5, "\033[0m\n", 5);
	free(text);
}

static void answers(void **state)
{
	struct draw_digit d[] = {
		{ pixels, 3, 3, 0.987f }, { pixels, 5, 6, 0.5f }, { pixels, -1, 0, 1 },
	};
	char *text = drawn(DRAW_ASCII, d, 3, 2);
	const char *line = line_of(text, DRAW_LINES);

	assert_memory_equal(line, "  3 (99 %) right", 16);
	assert_memory_equal(line + DRAW_SIDE + 2, "  6 (50 %) WRONG: it is 5", 25);
	assert_memory_equal(line_of(text, 2 * DRAW_LINES + 1), "  0 (100 %) ", 12);
	free(text);
}

static void every_ink_is_in_range(void **state)
{
	struct draw_digit d = { pixels, 0, 0, -1 };
	char *text;

	for (size_t i = 0; i < sizeof(pixels); i++)
		pixels[i] = (uint8_t)i;
	text = drawn(DRAW_BLOCKS, &d, 1, 1);
	for (const char *p = strstr(text, "38;5;"); p; p = strstr(p + 1, "8;5;"))
		assert_in_range(strtol(strchr(p, '5') + 2, NULL, 10), 232, 255);
	free(text);
}

static void rows_fit(void **state)
{
	assert_int_equal(draw_per_row(0), 2);
	assert_int_equal(draw_per_row(10), 1);
	assert_int_equal(draw_per_row(88), 3);
	assert_int_equal(draw_per_row(87), 2);
}

static void style_follows_environment(void **state)
{
	setenv("LOOM_DRAW", "blocks", 1);
	assert_int_equal(draw_style_for(stdout), DRAW_BLOCKS);
	setenv("LOOM_DRAW", "ascii", 1);
	assert_int_equal(draw_style_for(stdout), DRAW_ASCII);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ascii_shows_ink, one_bar),
		cmocka_unit_test_setup(blocks_show_both_halves, one_bar),
		cmocka_unit_test_setup(answers, one_bar),
		cmocka_unit_test(every_ink_is_in_range),
		cmocka_unit_test(rows_fit),
		cmocka_unit_test(style_follows_environment),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("digits: drawing", tests, NULL, NULL);
}
