// SPDX-License-Identifier: MIT
/* Text lines for people, into the log ring of the shared memory. */
#include <stdarg.h>

#include "fw.h"

#define LEVEL_MAX	LOG_INFO

static uint32_t tail;

static void put(char c)
{
	shm()->log.text[tail++ % LOOM_LOG_BYTES] = c;
}

static void put_text(const char *s)
{
	while (*s)
		put(*s++);
}

static void put_unsigned(uint32_t v, unsigned int width)
{
	char digits[10];
	unsigned int n = 0;

	do {
		digits[n++] = (char)('0' + v % 10);
		v /= 10;
	} while (v || n < width);
	while (n)
		put(digits[--n]);
}

static void put_hex(uint32_t v)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		put("0123456789abcdef"[(v >> shift) & 15]);
}

static void put_hex64(uint64_t v)
{
	put_hex((uint32_t)(v >> 32));
	put_hex((uint32_t)v);
}

static void put_format(const char *format, va_list args)
{
	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		switch (*++format) {
		case 'u': put_unsigned(va_arg(args, uint32_t), 1); break;
		case 'x': put_hex(va_arg(args, uint32_t)); break;
		case 'X': put_hex64(va_arg(args, uint64_t)); break;
		case 's': put_text(va_arg(args, const char *)); break;
		default: return;
		}
	}
}

void log_line(enum log_level level, const char *format, ...)
{
	static const char name[] = "EWID";
	uint32_t us = now_us();
	va_list args;

	if (level > LEVEL_MAX)
		return;
	put(name[level]);
	put(' ');
	put_unsigned(us / 1000000, 1);
	put('.');
	put_unsigned(us % 1000000, 6);
	put(' ');
	va_start(args, format);
	put_format(format, args);
	va_end(args);
	put('\n');
	fence();
	shm()->log.tail = tail;
}
