// SPDX-License-Identifier: MIT
/* Einsum: labels of the equation beside dimensions of the inputs. */
#include "libaccel/graph/einsum.h"

#include <errno.h>
#include <string.h>

#include "libaccel/graph/op_table.h"
#include "libaccel/graph/shape.h"

#define DOTS	52

static int letter(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' : c >= 'a' && c <= 'z' ? 26 + c - 'a' : -1;
}

/* Labels of the term at *@text, up to ',' or "->" or the end; "..." stands for @dots of them, right-aligned. -1: no term. */
static int read_term(const char **text, int dots, int *labels, bool *has_dots)
{
	int count = 0;

	*has_dots = false;
	for (; **text && **text != ',' && **text != '-'; ++*text) {
		if (**text == ' ')
			continue;
		if (!strncmp(*text, "...", 3) && !*has_dots) {
			for (int i = 0; i < dots && count < ACCEL_MAX_RANK; i++)
				labels[count++] = DOTS + ACCEL_MAX_RANK - dots + i;
			*has_dots = true;
			*text += 2;
			continue;
		}
		if (letter(**text) < 0 || count == ACCEL_MAX_RANK)
			return -1;
		labels[count++] = letter(**text);
	}
	return count;
}

/* Letters of the term at @text. */
static int count_letters(const char *text)
{
	int count = 0;

	for (; *text && *text != ',' && *text != '-'; text++)
		count += letter(*text) >= 0;
	return count;
}

/* A dimension of @extent has @label, in input @i where it lies @stride apart. */
static bool enter(struct accel_einsum *e, int i, int label, int64_t extent, int64_t stride)
{
	if (!e->used[label] || e->dim[label] == 1)
		e->dim[label] = extent;
	else if (extent != 1 && !accel_shape_fits(e->dim[label], extent))
		return false;
	else if (e->dim[label] < 0 && extent > 1)
		e->dim[label] = extent;
	e->used[label] = true;
	e->stride[i][label] += extent == 1 ? 0 : stride;
	return true;
}

/* Without "->": what "..." stands for, then the letters that are there once, in order. */
static void implied_output(struct accel_einsum *e, const char *equation)
{
	for (int l = DOTS; l < ACCEL_EINSUM_LABELS; l++)
		if (e->used[l])
			e->out[e->out_rank++] = l;
	for (int l = 0; l < DOTS && e->out_rank < ACCEL_MAX_RANK; l++) {
		int times = 0;

		for (const char *c = equation; *c; c++)
			times += letter(*c) == l;
		if (times == 1)
			e->out[e->out_rank++] = l;
	}
}

static int refuse(const struct accel_node *n)
{
	return accel_node_error(EINVAL, n, "equation '%s' does not fit the inputs", n->attrs.text);
}

int accel_einsum_parse(const struct accel_node *n, const struct accel_value *const *in, struct accel_einsum *e)
{
	const char *text = n->attrs.text;
	int labels[ACCEL_MAX_RANK], count, most = 0;
	bool dots;

	*e = (struct accel_einsum){ 0 };
	for (int i = 0; i < n->num_in; i++) {
		int hidden = in[i] ? in[i]->rank - count_letters(text) : -1;
		int64_t stride = 1;

		count = hidden < 0 ? -1 : read_term(&text, hidden, labels, &dots);
		if (count < 0 || count != in[i]->rank || (hidden && !dots) || (*text == ',') != (i + 1 < n->num_in))
			return refuse(n);
		for (int d = count - 1; d >= 0; d--) {
			if (!enter(e, i, labels[d], in[i]->dims[d], stride))
				return refuse(n);
			stride *= in[i]->dims[d] > 0 ? in[i]->dims[d] : 1;
		}
		most = hidden > most ? hidden : most;
		text += *text == ',';
	}
	if (!*text) {
		implied_output(e, n->attrs.text);
		return 0;
	}
	if (strncmp(text, "->", 2))
		return refuse(n);
	text += 2;
	e->out_rank = read_term(&text, most, e->out, &dots);
	if (e->out_rank < 0 || *text)
		return refuse(n);
	for (int d = 0; d < e->out_rank; d++)
		for (int other = 0; other <= d; other++)
			if (!e->used[e->out[d]] || (other < d && e->out[other] == e->out[d]))
				return refuse(n);
	return 0;
}

int accel_shape_einsum(struct accel_graph *g, struct accel_node *n)
{
	struct accel_value *out = accel_node_output(g, n, 0);
	const struct accel_value *in[ACCEL_NODE_MAX_IN];
	struct accel_einsum e;
	int ret;

	for (int i = 0; i < n->num_in; i++)
		in[i] = accel_node_input(g, n, i);
	ret = accel_einsum_parse(n, in, &e);
	if (ret)
		return ret;
	out->dtype = in[0]->dtype;
	out->rank = e.out_rank;
	for (int d = 0; d < e.out_rank; d++)
		out->dims[d] = e.dim[e.out[d]];
	return 0;
}
