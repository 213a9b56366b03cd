/* Growing buffers with a maximum. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void buf_init(struct buf *b, size_t max)
{
	CHECK(max > 0);
	*b = (struct buf){.max = max};
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
}

struct str buf_str(const struct buf *b)
{
	return (struct str){.p = b->p, .n = b->n};
}

#define FIRST_BYTES ((size_t)120) /* most texts are shorter: they grow once */

/* Makes sure that n bytes and a terminator fit. */
static bool reserve(struct buf *b, size_t n)
{
	if (b->full || n > b->max - b->n) {
		b->full = true;
		return false;
	}
	b->p = mem_reserve(b->p, &b->cap, MAX(b->n + n + 1, FIRST_BYTES), 1);
	return true;
}

const char *buf_cstr(struct buf *b)
{
	b->p = mem_reserve(b->p, &b->cap, b->n + 1, 1);
	b->p[b->n] = '\0';
	return b->p;
}

char *buf_take(struct buf *b, size_t *n)
{
	buf_cstr(b);

	char *p = b->p;

	if (n)
		*n = b->n;
	*b = (struct buf){.max = b->max};
	return p;
}

char *buf_room(struct buf *b, size_t n)
{
	if (!reserve(b, n))
		return NULL;
	b->n += n;
	return b->p + b->n - n;
}

void buf_add(struct buf *b, struct str s)
{
	if (s.n && reserve(b, s.n)) {
		memcpy(b->p + b->n, s.p, s.n);
		b->n += s.n;
	}
}

void buf_adds(struct buf *b, const char *cstr)
{
	buf_add(b, str_of(cstr));
}

void buf_addc(struct buf *b, char c)
{
	if (reserve(b, 1))
		b->p[b->n++] = c;
}

void buf_fill(struct buf *b, char c, size_t times)
{
	char *p = buf_room(b, times);

	if (p && times)
		memset(p, c, times);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);

	int n = vsnprintf(NULL, 0, fmt, ap);

	CHECK(n >= 0);
	if (reserve(b, (size_t)n)) {
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
	va_end(ap);
}
