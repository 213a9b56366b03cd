/* Texts are kept once: a set in a map, the order in an array. */
#include "promql/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"

void notes_init(struct notes *ns, struct str query)
{
	*ns = (struct notes){.query = query};
	arena_init(&ns->arena);
	map_init(&ns->seen);
}

void notes_done(struct notes *ns)
{
	map_done(&ns->seen);
	arena_done(&ns->arena);
	free(ns->v);
}

/* Line and column of a byte, both from 1. */
static void put_place(struct buf *b, struct str query, uint32_t pos)
{
	size_t line = 1, col = 1;

	for (size_t i = 0; i < pos && i < query.n; i++) {
		bool newline = query.p[i] == '\n';

		line += newline;
		col = newline ? 1 : col + 1;
	}
	buf_printf(b, " (%zu:%zu)", line, col);
}

void notes_add(struct notes *ns, bool warning, struct str text)
{
	if (map_get(&ns->seen, text))
		return;
	if (ns->n == NOTES_MAX) {
		ns->left_out++;
		return;
	}
	map_put(&ns->seen, text, ns);
	ns->v = mem_reserve(ns->v, &ns->cap, ns->n + 1, sizeof(*ns->v));
	ns->v[ns->n++] = (struct note){.warning = warning, .text = arena_str(&ns->arena, text)};
}

ATTR_PRINTF(4, 0)
static void add(struct notes *ns, bool warning, uint32_t pos, const char *fmt, va_list ap)
{
	char msg[1024];
	struct buf b;

	vsnprintf(msg, sizeof(msg), fmt, ap);
	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "PromQL %s: %s", warning ? "warning" : "info", msg);
	put_place(&b, ns->query, pos);
	notes_add(ns, warning, buf_str(&b));
	buf_done(&b);
}

void notes_warn(struct notes *ns, uint32_t pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(ns, true, pos, fmt, ap);
	va_end(ap);
}

void notes_info(struct notes *ns, uint32_t pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(ns, false, pos, fmt, ap);
	va_end(ap);
}
