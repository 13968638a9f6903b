/* SPDX-License-Identifier: MIT */
/* Writes a trained network as an ONNX file. */
#ifndef LOOM_DIGITS_ONNX_WRITE_H
#define LOOM_DIGITS_ONNX_WRITE_H

#include "tools/digits/net.h"

/**
 * onnx_write() - write a network as an ONNX model of standard operators (opset 13)
 * @net: the network
 * @name: the graph's name
 * @doc: a line about the model
 * @path: file to make or replace
 *
 * Input "image", float [N, 1, 28, 28] of 0 to 1; output "probabilities", float [N, 10], by Softmax.
 * Return: 0 or the -errno of writing. Lack of memory ends the program.
 */
int onnx_write(const struct net *net, const char *name, const char *doc, const char *path);

#endif
