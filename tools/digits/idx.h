/* SPDX-License-Identifier: MIT */
/* Reader and writer of labelled digit images in the IDX format that MNIST is published in. */
#ifndef LOOM_DIGITS_IDX_H
#define LOOM_DIGITS_IDX_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct idx_digits - labelled grey images, held in memory
 * @count: number of images, and of labels
 * @rows: height of an image in pixels
 * @cols: width of an image in pixels
 * @images: @count * @rows * @cols bytes, image after image, row after row; 0 is paper, 255 is ink
 * @labels: @count bytes, each 0 to 9
 */
struct idx_digits {
	uint32_t count, rows, cols;
	uint8_t *images;
	uint8_t *labels;
};

/**
 * idx_image() - the pixels of one image
 * @d: the set
 * @i: index below @d->count
 * Return: @d->rows * @d->cols bytes, owned by @d.
 */
static inline const uint8_t *idx_image(const struct idx_digits *d, uint32_t i)
{
	return d->images + (size_t)i * d->rows * d->cols;
}

/**
 * idx_digits_load() - read and check a set of digits
 * @d: filled on success, to be freed with idx_digits_free(); empty on failure
 * @images_path: an IDX file of unsigned bytes in three dimensions (count, rows, columns)
 * @labels_path: an IDX file of unsigned bytes in one dimension (count)
 * @err: receives one line that names the file and what is wrong with it
 * @err_len: size of @err in bytes
 *
 * Both files are checked whole: magic number, sizes against the length of the file, equal counts,
 * labels of 0 to 9.
 * Return: 0, -EINVAL for a file that breaks the format, or the -errno of opening or reading it.
 */
int idx_digits_load(struct idx_digits *d, const char *images_path, const char *labels_path,
		    char *err, size_t err_len);

/**
 * idx_digits_save() - write a set of digits
 * @d: the set
 * @images_path: file to make or replace
 * @labels_path: file to make or replace
 * Return: 0 or -errno.
 */
int idx_digits_save(const struct idx_digits *d, const char *images_path, const char *labels_path);

/**
 * idx_digits_free() - free what a set holds, and empty it
 * @d: the set; one that is all zero is allowed
 */
void idx_digits_free(struct idx_digits *d);

#endif
