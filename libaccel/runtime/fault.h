/* SPDX-License-Identifier: MIT */
#ifndef ACCEL_RUNTIME_FAULT_H
#define ACCEL_RUNTIME_FAULT_H

#include "libaccel/backend/backend.h"
#include "libaccel/program/program.h"

/** accel_fault_error - -EIO (-ETIMEDOUT for a timeout) with a sentence that names fault, descriptor and node */
int accel_fault_error(const struct accel_program *prog, uint32_t stream, const struct accel_fault *fault);

#endif
