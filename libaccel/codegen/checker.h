/* SPDX-License-Identifier: MIT */
/*
 * Proof that a stream is free of races. Independent of the emitter: it reads the finished descriptors, computes
 * from semaphores alone what must have ended before what begins, and holds every single byte that is touched to it.
 */
#ifndef ACCEL_CODEGEN_CHECKER_H
#define ACCEL_CODEGEN_CHECKER_H

#include "libaccel/program/program.h"

/**
 * accel_check_stream - check one stream of @prog
 * @why: out: on an error, what is wrong
 *
 * Checked: every slot decodes; waits are fulfilled by signals that come earlier in the stream (so that no order of the
 * engines deadlocks); no two descriptors of different engines touch a byte of scratchpad, accumulators or DRAM, one of
 * them writing, without one happening before the other; no byte of scratchpad or accumulators is read that
 * nothing wrote; the stream ends with END.
 * Return: 0; -EINVAL; -ENOMEM.
 */
int accel_check_stream(const struct accel_program *prog, uint32_t stream, char *why, size_t size);

#endif
