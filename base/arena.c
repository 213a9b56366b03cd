/* Arenas: blocks that double up to 256 KiB, freed together. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define BLOCK_FIRST 1024
#define BLOCK_MOST (256 * 1024)
#define ALIGN 8 /* nothing here needs more */

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data */
	_Alignas(ALIGN) char data[];
};

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void arena_done(struct arena *a)
{
	for (struct arena_block *b = a->block; b;) {
		struct arena_block *next = b->next;

		free(b);
		b = next;
	}
	arena_init(a);
}

void arena_clear(struct arena *a)
{
	struct arena_block *keep = a->block;

	if (!keep)
		return;
	a->block = keep->next;
	arena_done(a);
	keep->next = NULL;
	*a = (struct arena){.block = keep, .at = keep->data, .end = keep->data + keep->size};
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

static void block_add(struct arena *a, size_t want)
{
	size_t size = a->block ? MIN(a->block->size * 2, (size_t)BLOCK_MOST) : BLOCK_FIRST;

	size = MAX(size, want);

	struct arena_block *b = mem_grow(NULL, sizeof(*b) + size);

	b->size = size;
	b->next = a->block;
	a->block = b;
	a->at = b->data;
	a->end = b->data + size;
}

char *arena_bytes(struct arena *a, size_t size)
{
	if (!a->at || (size_t)(a->end - a->at) < size)
		block_add(a, size);

	char *p = a->at;

	a->at += size;
	a->used += size;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t pad = -(uintptr_t)a->at & (ALIGN - 1);

	CHECK(size < SIZE_MAX / 2);
	if (!a->at || (size_t)(a->end - a->at) < pad + size) {
		block_add(a, size);
		pad = 0;
	}
	a->at += pad;

	char *p = arena_bytes(a, size);

	return size ? memset(p, 0, size) : p;
}

char *arena_cstr(struct arena *a, struct str s)
{
	char *p = arena_bytes(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

struct str arena_str(struct arena *a, struct str s)
{
	return (struct str){.p = arena_cstr(a, s), .n = s.n};
}

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);

	int n = vsnprintf(NULL, 0, fmt, ap);

	CHECK(n >= 0);

	char *p = arena_bytes(a, (size_t)n + 1);

	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){.p = p, .n = (size_t)n};
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);

	struct str s = arena_vprintf(a, fmt, ap);

	va_end(ap);
	return s;
}
