/* SPDX-License-Identifier: MIT */
/* How the library reports failure: a number for programs, a sentence for people. */
#ifndef ACCEL_ERROR_H
#define ACCEL_ERROR_H

/**
 * accel_error - set this thread's message, in one expression with the return value
 * @err: errno value, positive
 * @fmt: a sentence that names operation, graph node, cause and remedy
 *
 * Return: -@err.
 */
int accel_error(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** accel_enomem - accel_error() for memory that ran out; @what names what it was for */
int accel_enomem(const char *what);

#endif
