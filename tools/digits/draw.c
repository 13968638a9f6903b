// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "tools/digits/draw.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define GAP		2	/* columns between digits */
#define GREY_FIRST	232	/* the terminal's colours 232 to 255 are 24 greys, dark to light */
#define GREYS		24

static int locale_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *v = getenv(names[i]);

		if (v && *v)
			return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
	}
	return 0;
}

enum draw_style draw_style_for(FILE *out)
{
	const char *v = getenv("LOOM_DRAW");

	if (v && !strcmp(v, "blocks"))
		return DRAW_BLOCKS;
	if (v && !strcmp(v, "ascii"))
		return DRAW_ASCII;
	return isatty(fileno(out)) && locale_is_utf8() ? DRAW_BLOCKS : DRAW_ASCII;
}

size_t draw_per_row(int columns)
{
	int n = ((columns > 0 ? columns : 80) + GAP) / (DRAW_SIDE + GAP);

	return n > 1 ? (size_t)n : 1;
}

static int grey(uint8_t ink)
{
	return GREY_FIRST + ink * (GREYS - 1) / 255;
}

/* One line of text of one digit: the pixel rows 2 * line and 2 * line + 1. */
static void draw_line(FILE *out, enum draw_style style, const uint8_t *pixels, int line)
{
	static const char ramp[] = " .:-=+*#%@";
	const uint8_t *upper = pixels + 2 * line * DRAW_SIDE, *lower = upper + DRAW_SIDE;

	for (int x = 0; x < DRAW_SIDE; x++) {
		if (style == DRAW_BLOCKS)
			fprintf(out, "\033[38;5;%d;48;5;%dm\xe2\x96\x80", grey(upper[x]),
				grey(lower[x]));
		else
			fputc(ramp[(upper[x] + lower[x]) * (int)(sizeof(ramp) - 2) / 510], out);
	}
	if (style == DRAW_BLOCKS)
		fputs("\033[0m", out);
}

/* DRAW_SIDE columns: the answer, how sure it is, and whether it is right. */
static void draw_answer(FILE *out, const struct draw_digit *d)
{
	char text[DRAW_SIDE + 1], sure[16] = "";

	if (d->confidence >= 0)
		snprintf(sure, sizeof(sure), " (%.0f %%)", 100.0 * (double)d->confidence);
	if (d->label < 0)
		snprintf(text, sizeof(text), "  %d%s", d->answer, sure);
	else if (d->label == d->answer)
		snprintf(text, sizeof(text), "  %d%s right", d->answer, sure);
	else
		snprintf(text, sizeof(text), "  %d%s WRONG: it is %d", d->answer, sure, d->label);
	fprintf(out, "%-*s", DRAW_SIDE, text);
}

static void draw_row(FILE *out, enum draw_style style, const struct draw_digit *digits, size_t n)
{
	for (int line = 0; line <= DRAW_LINES; line++) {
		for (size_t i = 0; i < n; i++) {
			if (i)
				fprintf(out, "%*s", GAP, "");
			if (line < DRAW_LINES)
				draw_line(out, style, digits[i].pixels, line);
			else
				draw_answer(out, &digits[i]);
		}
		fputc('\n', out);
	}
}

int draw_digits(FILE *out, enum draw_style style, const struct draw_digit *digits, size_t n,
		size_t per_row)
{
	for (size_t i = 0; i < n; i += per_row)
		draw_row(out, style, digits + i, n - i < per_row ? n - i : per_row);
	return fflush(out) || ferror(out) ? -EIO : 0;
}
