// SPDX-License-Identifier: MIT
/*
 * ocr-lines OUT.npy COUNT SEED - lines of text as a text direction classifier wants them: f32 [COUNT][3][48][192], (v / 255 -
 * 0.5) / 0.5, zeros right of a short line. Text, font, size and brightness are by chance, which SEED fixes; every second line is
 * turned by 180 degrees. Fonts are those of fonts-dejavu-core.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ft2build.h>
#include FT_FREETYPE_H

#define HEIGHT	48
#define WIDTH	192
#define PLANE	(HEIGHT * WIDTH)

static const char *const fonts[] = {
	"DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSerif", "DejaVuSerif-Bold",
};

static const char *const words[] = {
	"The", "quick", "River", "Market", "open", "daily", "from", "Invoice", "No.", "Total", "Street", "Garden", "please",
	"mind", "Exit", "Gate", "station", "Monday", "Fragile", "Handle", "with", "care", "Library", "Tickets", "Platform",
	"North", "bridge", "Page", "Chapter", "Water", "Price", "Coffee", "hotel", "Airport", "Paid", "your", "Receipt",
};

static uint64_t state;

static uint32_t chance(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % n;
}

/* Two or three words or numbers. */
static void compose(char *text, size_t size)
{
	size_t at = 0;

	for (uint32_t i = 0, n = 2 + chance(2); i < n && at < size; i++) {
		if (chance(4))
			at += (size_t)snprintf(text + at, size - at, "%s%s", i ? " " : "", words[chance(sizeof(words) / sizeof(*words))]);
		else
			at += (size_t)snprintf(text + at, size - at, "%s%u", i ? " " : "", chance(10000));
	}
}

/**
 * struct line - an image of text
 * @ink: how much of it covers each pixel, rows of WIDTH
 * @width: columns in use
 */
struct line {
	uint8_t ink[PLANE];
	int width;
};

static void blend(struct line *l, const FT_Bitmap *b, int left, int top)
{
	for (int y = 0; y < (int)b->rows; y++)
		for (int x = 0; x < (int)b->width; x++) {
			uint8_t v = b->buffer[y * b->pitch + x];
			int at_x = left + x, at_y = top + y;

			if (at_x >= 0 && at_x < WIDTH && at_y >= 0 && at_y < HEIGHT && v > l->ink[at_y * WIDTH + at_x])
				l->ink[at_y * WIDTH + at_x] = v;
		}
}

/* Letters that do not fit any more are left out. */
static int draw(FT_Face face, const char *text, struct line *l)
{
	int pen = 4, size = 22 + (int)chance(12), base = HEIGHT / 2 + size * 3 / 8;

	memset(l, 0, sizeof(*l));
	if (FT_Set_Pixel_Sizes(face, 0, (FT_UInt)size))
		return -1;
	for (; *text; text++) {
		int advance;

		if (FT_Load_Char(face, (FT_ULong)*text, FT_LOAD_RENDER))
			return -1;
		advance = (int)(face->glyph->advance.x >> 6);
		if (pen + advance > WIDTH - 4)
			break;
		blend(l, &face->glyph->bitmap, pen + face->glyph->bitmap_left, base - face->glyph->bitmap_top);
		pen += advance;
	}
	l->width = pen + 4;
	return 0;
}

static void put(const struct line *l, int turned, FILE *out)
{
	int paper = 160 + (int)chance(96), ink = (int)chance(90), swap = !chance(4);
	float plane[PLANE] = { 0 };

	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < l->width; x++) {
			int from = turned ? (HEIGHT - 1 - y) * WIDTH + l->width - 1 - x : y * WIDTH + x;
			int cover = swap ? 255 - l->ink[from] : l->ink[from];
			float v = (float)(paper * (255 - cover) + ink * cover) / 255;

			plane[y * WIDTH + x] = (v / 255 - 0.5f) / 0.5f;
		}
	for (int c = 0; c < 3; c++)
		fwrite(plane, sizeof(plane), 1, out);
}

static void put_header(unsigned int count, FILE *out)
{
	char text[118] = { 0 };
	int n = snprintf(text, sizeof(text), "{'descr': '<f4', 'fortran_order': False, 'shape': (%u, 3, %d, %d), }", count, HEIGHT, WIDTH);

	fwrite("\223NUMPY\1\0\166\0", 1, 10, out);
	fwrite(text, 1, (size_t)n, out);
	fprintf(out, "%*s\n", 117 - n, "");
}

int main(int argc, char **argv)
{
	FT_Face face[sizeof(fonts) / sizeof(*fonts)];
	FT_Library ft;
	unsigned int count;
	FILE *out;

	if (argc != 4 || !(count = (unsigned int)strtoul(argv[2], NULL, 10))) {
		fprintf(stderr, "usage: ocr-lines OUT.npy COUNT SEED\n");
		return 2;
	}
	state = strtoull(argv[3], NULL, 10);
	if (FT_Init_FreeType(&ft))
		return 1;
	for (size_t i = 0; i < sizeof(fonts) / sizeof(*fonts); i++) {
		char path[256];

		snprintf(path, sizeof(path), "/usr/share/fonts/truetype/dejavu/%s.ttf", fonts[i]);
		if (FT_New_Face(ft, path, 0, &face[i])) {
			fprintf(stderr, "ocr-lines: cannot read %s: install fonts-dejavu-core\n", path);
			return 1;
		}
	}
	out = fopen(argv[1], "wb");
	if (!out) {
		perror(argv[1]);
		return 1;
	}
	put_header(count, out);
	for (unsigned int i = 0; i < count; i++) {
		struct line line;
		char text[64];

		compose(text, sizeof(text));
		if (draw(face[chance(sizeof(fonts) / sizeof(*fonts))], text, &line)) {
			fprintf(stderr, "ocr-lines: cannot draw '%s'\n", text);
			return 1;
		}
		put(&line, i & 1, out);
	}
	if (ferror(out) || fclose(out)) {
		perror(argv[1]);
		return 1;
	}
	FT_Done_FreeType(ft);
	return 0;
}
