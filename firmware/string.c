// SPDX-License-Identifier: MIT
/* The functions that the compiler may call by itself. */
#include <stddef.h>

void *memset(void *p, int c, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);

void *memset(void *p, int c, size_t n)
{
	char *b = p;

	while (n--)
		*b++ = (char)c;
	return p;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	char *t = to;
	const char *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}
