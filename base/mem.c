/* Heap memory that cannot fail, and what becomes of a failed CHECK. */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void check_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: internal error: %s does not hold\n", file, line, what);
	abort();
}

static void *must(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

void *mem_alloc(size_t size)
{
	return must(calloc(1, size ? size : 1));
}

void *mem_grow(void *p, size_t size)
{
	return must(realloc(p, size ? size : 1));
}

void *mem_reserve(void *p, size_t *cap, size_t want, size_t item)
{
	if (want <= *cap && p)
		return p;

	size_t n = MAX(*cap + *cap / 2, MAX(want, (size_t)8));

	CHECK(n <= SIZE_MAX / item);
	*cap = n;
	return mem_grow(p, n * item);
}

char *mem_str(struct str s)
{
	char *p = must(malloc(s.n + 1));

	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}
