/* SPDX-License-Identifier: MIT */
#ifndef CONFORMANCE_NETS_PROFILE_H
#define CONFORMANCE_NETS_PROFILE_H

#include "libaccel/program/program.h"

/**
 * print_profile - for each node of a program on the NPU, by the device's own cycle model: cycles from the end of
 * the nodes before, the least that its products, its traffic and its vector work each need, and what is lost to the
 * largest of these, most lost first
 * @info: of the device that the program was compiled for
 * @lines: to print at most
 */
void print_profile(const struct accel_program *p, const struct accel_device_info *info, int lines);

#endif
