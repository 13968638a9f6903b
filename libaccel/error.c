// SPDX-License-Identifier: MIT
#include "libaccel/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <accel/accel.h>

#define MESSAGE_BYTES	1024

static __thread char message[MESSAGE_BYTES];

const char *accel_errmsg(void)
{
	return message;
}

const char *accel_version(void)
{
	return "0.1.0";
}

int accel_error(int err, const char *fmt, ...)
{
	char text[MESSAGE_BYTES];	/* the arguments may point into the message */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *c = text; *c; c++)		/* names are those of a file, and messages go to terminals */
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	memcpy(message, text, sizeof(message));
	return -err;
}

int accel_enomem(const char *what)
{
	return accel_error(ENOMEM, "%s: out of memory; free some, or use a smaller batch", what);
}
