// SPDX-License-Identifier: MIT
/* Rows of the operator table: recurrent networks. */
#include "libaccel/graph/op_rows.h"

static const char *const directions[] = { "forward", "reverse", "bidirectional", NULL };

/* The activations of each direction, if they are named: those that the operator has by itself, and Relu for RNN. */
static const char *const rnn_words[] = { "Tanh", "Tanh Tanh", "Relu", "Relu Relu", NULL };
static const char *const gru_words[] = { "Sigmoid Tanh", "Sigmoid Tanh Sigmoid Tanh", NULL };
static const char *const lstm_words[] = { "Sigmoid Tanh Tanh", "Sigmoid Tanh Tanh Sigmoid Tanh Tanh", NULL };

#define COMMON(words)							\
	{ ATTR("hidden_size", INT, number), .min = 1, .max = LARGEST },	\
	{ WORD("direction", mode, directions) },			\
	{ WORD("activations", mode2, words) },				\
	{ ATTR("clip", FLOAT, alpha) },					\
	{ BOOL("layout", flag2), .since = 14 }

static const struct accel_attr_info rnn[] = { COMMON(rnn_words), { 0 } };
static const struct accel_attr_info gru[] = { COMMON(gru_words), { BOOL("linear_before_reset", flag) }, { 0 } };
static const struct accel_attr_info lstm[] = { COMMON(lstm_words), { ONLY("input_forget", 0) }, { 0 } };

#define F32	ACCEL_TYPE(ACCEL_F32)
#define LENGTHS	(1 << 4)

static const struct accel_op_info ops[] = {
	{ ACCEL_OP_RNN, "RNN", 3, 6, 4, F32, rnn, { 0 }, accel_shape_recurrent, .max_out = 2, .index = LENGTHS },
	{ ACCEL_OP_GRU, "GRU", 3, 6, 4, F32, gru, { 0 }, accel_shape_recurrent, .max_out = 2, .index = LENGTHS },
	{ ACCEL_OP_LSTM, "LSTM", 3, 8, 4, F32, lstm, { 0 }, accel_shape_recurrent, .max_out = 3, .index = LENGTHS },
};

OP_GROUP(accel_ops_recurrent, ops);
