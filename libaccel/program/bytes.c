// SPDX-License-Identifier: MIT
#include "bytes.h"

#include <stdlib.h>
#include <string.h>

void accel_put(struct accel_writer *w, const void *data, size_t len)
{
	if (w->failed || !len)
		return;
	if (len > w->cap - w->len) {
		size_t cap = (w->len + len) * 2;
		uint8_t *p = realloc(w->data, cap);

		if (!p) {
			w->failed = true;
			return;
		}
		w->data = p;
		w->cap = cap;
	}
	memcpy(w->data + w->len, data, len);
	w->len += len;
}

void accel_put_u32(struct accel_writer *w, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

	accel_put(w, b, sizeof(b));
}

void accel_put_u64(struct accel_writer *w, uint64_t v)
{
	accel_put_u32(w, (uint32_t)v);
	accel_put_u32(w, (uint32_t)(v >> 32));
}

void accel_put_f32(struct accel_writer *w, float v)
{
	uint32_t u;

	memcpy(&u, &v, sizeof(u));
	accel_put_u32(w, u);
}

void accel_put_text(struct accel_writer *w, const char *s)
{
	size_t len = s ? strlen(s) : 0;

	accel_put_u32(w, (uint32_t)len);
	accel_put(w, s, len);
}

const void *accel_take(struct accel_reader *r, uint64_t len)
{
	const void *p = r->at;

	if (r->failed || len > (uint64_t)(r->end - r->at)) {
		r->failed = true;
		return NULL;
	}
	r->at += len;
	return p;
}

uint32_t accel_take_u32(struct accel_reader *r)
{
	const uint8_t *b = accel_take(r, 4);

	return b ? b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24 : 0;
}

uint64_t accel_take_u64(struct accel_reader *r)
{
	uint64_t lo = accel_take_u32(r);

	return lo | (uint64_t)accel_take_u32(r) << 32;
}

float accel_take_f32(struct accel_reader *r)
{
	uint32_t u = accel_take_u32(r);
	float f;

	memcpy(&f, &u, sizeof(f));
	return f;
}

char *accel_take_text(struct accel_reader *r)
{
	uint32_t len = accel_take_u32(r);
	const char *p = accel_take(r, len);
	char *s = p ? strndup(p, len) : NULL;

	if (!s)
		r->failed = true;
	return s;
}

uint32_t accel_take_count(struct accel_reader *r, size_t each)
{
	uint32_t n = accel_take_u32(r);

	if (r->failed || n > (uint64_t)(r->end - r->at) / each) {
		r->failed = true;
		return 0;
	}
	return n;
}
