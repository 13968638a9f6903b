// SPDX-License-Identifier: MIT
/* RNN, GRU and LSTM: step by step, all samples of a batch at once in two products of matrices. */
#include <cblas.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libaccel/cpu/kernels.h"
#include "libaccel/error.h"

/**
 * struct layer - one direction of a node under way
 * @k: the node
 * @seq: steps; @batch: samples; @in: numbers of a step; @hidden: of a state; @gates: of a cell; @dirs: directions
 * @dir: this one; @backward: it runs from the end
 * @w: [gates * hidden][in], @r: [gates * hidden][hidden], @wb, @rb: biases or NULL, @peep: [3 * hidden] or NULL
 * @x: [batch][in] of this step
 * @gx: [batch][gates * hidden], of @x; @gr: of @h
 * @h: [batch][hidden]; @c: state of LSTM; @reset: h times the reset gate of GRU
 */
struct layer {
	const struct accel_kernel *k;
	int64_t seq, batch, in, hidden, gates, dirs, dir;
	bool backward;
	const float *w, *r, *wb, *rb, *peep;
	float *x, *gx, *gr, *h, *c, *reset;
};

static float clipped(const struct layer *l, float v)
{
	float limit = l->k->n->attrs.alpha;

	return limit > 0 ? fminf(fmaxf(v, -limit), limit) : v;
}

static float sigmoid(const struct layer *l, float v)
{
	return 1 / (1 + expf(-clipped(l, v)));
}

/* y[batch][rows] = a[batch][depth] by m[rows][depth] transposed; y has rows of @stride numbers. */
static void product(const struct layer *l, const float *a, const float *m, int64_t rows, int64_t depth, float *y, int64_t stride)
{
	for (int64_t b = 0; !depth && b < l->batch; b++)
		memset(y + b * stride, 0, (size_t)rows * sizeof(*y));
	if (l->batch && depth)
		cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)l->batch, (int)rows, (int)depth, 1, a, (int)depth, m,
			    (int)depth, 0, y, (int)stride);
}

/* What goes into gate @gate of number @i: of the input, of the state before, and biases. */
static float from_input(const struct layer *l, const float *gx, int64_t gate, int64_t i)
{
	return gx[gate * l->hidden + i] + (l->wb ? l->wb[gate * l->hidden + i] : 0);
}

static float from_state(const struct layer *l, const float *gr, int64_t gate, int64_t i)
{
	return gr[gate * l->hidden + i] + (l->rb ? l->rb[gate * l->hidden + i] : 0);
}

static void rnn_cell(const struct layer *l, int64_t b)
{
	const float *gx = l->gx + b * l->hidden, *gr = l->gr + b * l->hidden;
	float *h = l->h + b * l->hidden;

	for (int64_t i = 0; i < l->hidden; i++) {
		float v = clipped(l, from_input(l, gx, 0, i) + from_state(l, gr, 0, i));

		h[i] = l->k->n->attrs.mode2 < 2 ? tanhf(v) : v > 0 ? v : 0;
	}
}

/* Gates of the input (i), output, forgetting, and what is new. */
static void lstm_cell(const struct layer *l, int64_t b)
{
	const float *gx = l->gx + b * 4 * l->hidden, *gr = l->gr + b * 4 * l->hidden, *p = l->peep;
	float *h = l->h + b * l->hidden, *c = l->c + b * l->hidden;

	for (int64_t i = 0; i < l->hidden; i++) {
		float in[4];

		for (int gate = 0; gate < 4; gate++)
			in[gate] = from_input(l, gx, gate, i) + from_state(l, gr, gate, i);
		if (p) {
			in[0] += p[i] * c[i];
			in[2] += p[2 * l->hidden + i] * c[i];
		}
		c[i] = sigmoid(l, in[2]) * c[i] + sigmoid(l, in[0]) * tanhf(clipped(l, in[3]));
		if (p)
			in[1] += p[l->hidden + i] * c[i];
		h[i] = sigmoid(l, in[1]) * tanhf(c[i]);
	}
}

/* h times the reset gate, for all samples; then what that is by the third matrix, in place of h by it. */
static void gru_reset(const struct layer *l)
{
	for (int64_t b = 0; b < l->batch; b++)
		for (int64_t i = 0; i < l->hidden; i++) {
			const float *gx = l->gx + b * 3 * l->hidden, *gr = l->gr + b * 3 * l->hidden;

			l->reset[b * l->hidden + i] = l->h[b * l->hidden + i] *
				sigmoid(l, from_input(l, gx, 1, i) + from_state(l, gr, 1, i));
		}
	product(l, l->reset, l->r + 2 * l->hidden * l->hidden, l->hidden, l->hidden, l->gr + 2 * l->hidden, 3 * l->hidden);
}

static void gru_cell(const struct layer *l, int64_t b)
{
	const float *gx = l->gx + b * 3 * l->hidden, *gr = l->gr + b * 3 * l->hidden;
	float *h = l->h + b * l->hidden;

	for (int64_t i = 0; i < l->hidden; i++) {
		float z = sigmoid(l, from_input(l, gx, 0, i) + from_state(l, gr, 0, i)), state = from_state(l, gr, 2, i), new;

		if (l->k->n->attrs.flag)	/* the reset gate comes behind the matrix */
			state *= sigmoid(l, from_input(l, gx, 1, i) + from_state(l, gr, 1, i));
		new = tanhf(clipped(l, from_input(l, gx, 2, i) + state));
		h[i] = (1 - z) * new + z * h[i];
	}
}

static int64_t length_of(const struct layer *l, int64_t b)
{
	return l->k->in[4] ? ((const int32_t *)l->k->x[4])[b] : l->seq;
}

/* Step @t of sample @b: which one of the sequence that is; -1 behind its end. */
static int64_t place(const struct layer *l, int64_t t, int64_t b)
{
	int64_t length = length_of(l, b);

	return t >= length ? -1 : l->backward ? length - 1 - t : t;
}

static int64_t state_at(const struct layer *l, int64_t b)
{
	return (l->k->n->attrs.flag2 ? b * l->dirs + l->dir : l->dir * l->batch + b) * l->hidden;
}

static void step(const struct layer *l, int64_t t)
{
	bool batch_first = l->k->n->attrs.flag2;
	int64_t rows = l->gates * l->hidden;

	for (int64_t b = 0; b < l->batch; b++) {
		int64_t at = place(l, t, b);

		if (at >= 0)
			memcpy(l->x + b * l->in, (const float *)l->k->x[0] + (batch_first ? b * l->seq + at : at * l->batch + b) * l->in,
			       (size_t)l->in * sizeof(float));
		else
			memset(l->x + b * l->in, 0, (size_t)l->in * sizeof(float));
	}
	product(l, l->x, l->w, rows, l->in, l->gx, rows);
	product(l, l->h, l->r, rows, l->hidden, l->gr, rows);
	if (l->k->n->op == ACCEL_OP_GRU && !l->k->n->attrs.flag)
		gru_reset(l);
	for (int64_t b = 0; b < l->batch; b++) {
		int64_t at = place(l, t, b);

		if (at < 0)
			continue;
		if (l->k->n->op == ACCEL_OP_RNN)
			rnn_cell(l, b);
		else if (l->k->n->op == ACCEL_OP_GRU)
			gru_cell(l, b);
		else
			lstm_cell(l, b);
		memcpy((float *)l->k->y + (batch_first ? (b * l->seq + at) * l->dirs + l->dir : (at * l->dirs + l->dir) * l->batch + b) *
		       l->hidden, l->h + b * l->hidden, (size_t)l->hidden * sizeof(float));
	}
}

/* The states of all samples from (or, @out, to) tensor @data of the node; zeros where there is none. */
static void exchange(const struct layer *l, float *state, void *data, bool out)
{
	for (int64_t b = 0; b < l->batch; b++) {
		float *outer = data ? (float *)data + state_at(l, b) : NULL, *own = state + b * l->hidden;
		size_t bytes = (size_t)l->hidden * sizeof(float);

		if (!outer && !out)
			memset(own, 0, bytes);
		else if (outer)
			memcpy(out ? outer : own, out ? own : outer, bytes);
	}
}

static void run_direction(struct layer *l)
{
	const struct accel_kernel *k = l->k;
	int64_t rows = l->gates * l->hidden;

	l->backward = k->n->attrs.mode == 1 || l->dir == 1;
	l->w = (const float *)k->x[1] + l->dir * rows * l->in;
	l->r = (const float *)k->x[2] + l->dir * rows * l->hidden;
	l->wb = k->in[3] ? (const float *)k->x[3] + l->dir * 2 * rows : NULL;
	l->rb = l->wb ? l->wb + rows : NULL;
	l->peep = k->in[7] ? (const float *)k->x[7] + l->dir * 3 * l->hidden : NULL;
	exchange(l, l->h, k->in[5] ? (void *)k->x[5] : NULL, false);
	exchange(l, l->c, k->in[6] ? (void *)k->x[6] : NULL, false);
	for (int64_t t = 0; t < l->seq; t++)
		step(l, t);
	exchange(l, l->h, k->ys[1], true);
	exchange(l, l->c, k->ys[2], true);
}

int accel_kernel_recurrent(const struct accel_kernel *k)
{
	static const int64_t gates[] = { [ACCEL_OP_RNN - ACCEL_OP_RNN] = 1, [ACCEL_OP_GRU - ACCEL_OP_RNN] = 3,
					 [ACCEL_OP_LSTM - ACCEL_OP_RNN] = 4 };
	bool batch_first = k->n->attrs.flag2;
	struct layer l = {
		.k = k, .seq = k->in[0]->dims[batch_first], .batch = k->in[0]->dims[!batch_first], .in = k->in[0]->dims[2],
		.hidden = k->n->attrs.number, .gates = gates[k->n->op - ACCEL_OP_RNN], .dirs = k->n->attrs.mode == 2 ? 2 : 1,
	};
	int64_t states = l.batch * l.hidden;
	float *room;

	for (int64_t b = 0; b < l.batch; b++)
		if (length_of(&l, b) < 0 || length_of(&l, b) > l.seq)
			return accel_node_error(EINVAL, k->n, "sequence %lld has a length of %lld, of %lld", (long long)b,
						(long long)length_of(&l, b), (long long)l.seq);
	room = calloc((size_t)(l.batch * l.in + 2 * states * l.gates + 3 * states + 1), sizeof(*room));
	if (!room)
		return accel_enomem(k->n->name);
	l.x = room;
	l.gx = l.x + l.batch * l.in;
	l.gr = l.gx + states * l.gates;
	l.h = l.gr + states * l.gates;
	l.c = l.h + states;
	l.reset = l.c + states;
	memset(k->y, 0, (size_t)accel_value_bytes(k->out));
	for (l.dir = 0; l.dir < l.dirs; l.dir++)
		run_direction(&l);
	free(room);
	return 0;
}
