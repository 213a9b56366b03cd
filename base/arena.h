/*
 * Memory that is freed all at once: one arena for each parsed expression, query result, rendered
 * message, web request. Allocation cannot fail; arena_used tells how much, so that owners can
 * keep a limit.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>

#include "base/base.h"

struct arena_block;

struct arena {
	struct arena_block *block; /* newest first */
	char *at, *end;
	size_t used; /* bytes handed out */
};

void arena_init(struct arena *a);
void arena_done(struct arena *a);
void arena_clear(struct arena *a); /* empty, keeps one block */
size_t arena_used(const struct arena *a);

void *arena_alloc(struct arena *a, size_t size);     /* zeroed, aligned to 8 */
char *arena_bytes(struct arena *a, size_t size);     /* not zeroed, not aligned */
struct str arena_str(struct arena *a, struct str s); /* copy, followed by a NUL */
char *arena_cstr(struct arena *a, struct str s);     /* the same as C string */
struct str arena_printf(struct arena *a, const char *fmt, ...) ATTR_PRINTF(2, 3);
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap) ATTR_PRINTF(2, 0);

#define ARENA_NEW(a, type) ((type *)arena_alloc(a, sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc(a, sizeof(type) * (n)))

#endif
