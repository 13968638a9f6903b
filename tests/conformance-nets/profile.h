/* SPDX-License-Identifier: MIT */
#ifndef CONFORMANCE_NETS_PROFILE_H
#define CONFORMANCE_NETS_PROFILE_H

#include <stdio.h>

#include "libaccel/program/program.h"

/**
 * print_profile - for each node of a program on the NPU, by the device's own cycle model: cycles from the end of
 * the nodes before; those that its products would take on a full array; those that the array, the bus and the vector unit
 * work, the largest of which bounds it; use of the array by that bound, and what was got; where most of the rest went.
 * Most lost first.
 * @info: of the device that the program was compiled for
 * @lines: to print at most
 *
 * Return: use of the array, in percent, were each node as fast as its bound and overlapped with no other.
 */
double print_profile(FILE *to, const struct accel_program *p, const struct accel_device_info *info, int lines);

#endif
