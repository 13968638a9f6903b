/* SPDX-License-Identifier: MIT */
/* Draws digits in the terminal. */
#ifndef LOOM_DIGITS_DRAW_H
#define LOOM_DIGITS_DRAW_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DRAW_SIDE	28			/* rows and columns of an image */
#define DRAW_LINES	(DRAW_SIDE / 2)		/* lines of text of a drawn image */

/** enum draw_style - how ink is shown; a character always covers two pixels, one above the other */
enum draw_style {
	DRAW_ASCII,	/* denser characters for more ink; for any terminal, pipe or file */
	DRAW_BLOCKS,	/* UTF-8 half blocks, each half in one of 24 greys */
};

/**
 * struct draw_digit - a digit and what was made of it
 * @pixels: DRAW_SIDE * DRAW_SIDE bytes, row after row; 0 is paper, 255 is ink
 * @label: what it is, 0 to 9; -1 where that is not known
 * @answer: what the network takes it for, 0 to 9
 * @confidence: probability that the network gives its answer, 0 to 1; below 0: none is shown
 */
struct draw_digit {
	const uint8_t *pixels;
	int label, answer;
	float confidence;
};

/**
 * draw_style_for() - the best style for a stream
 * @out: the stream
 * Return: what the environment variable LOOM_DRAW says ("ascii" or "blocks"); without it,
 * DRAW_BLOCKS on a terminal in a UTF-8 locale (LC_ALL, LC_CTYPE, LANG), else DRAW_ASCII.
 */
enum draw_style draw_style_for(FILE *out);

/**
 * draw_per_row() - how many digits fit beside each other
 * @columns: width of the terminal; 0 for the usual 80
 * Return: at least 1.
 */
size_t draw_per_row(int columns);

/**
 * draw_digits() - draw digits side by side, each with its answer under it, in as many rows as it takes
 * @out: where to
 * @style: how
 * @digits: the digits
 * @n: how many
 * @per_row: digits in a row, at least 1
 * Return: 0, or -EIO when writing failed.
 */
int draw_digits(FILE *out, enum draw_style style, const struct draw_digit *digits, size_t n,
		size_t per_row);

#endif
