/* The errors of a parse: collecting them, and showing one to a person. */
#include <stdarg.h>
#include <stdio.h>

#include "promql/check.h"
#include "promql/parse.h"

#define SHOWN_COLUMNS 120 /* of a long line, around the place */

void promql_errors_add(struct promql_errors *errors, struct arena *a, size_t pos, size_t end,
		       struct str msg)
{
	if (!errors->v)
		errors->v = ARENA_ARRAY(a, struct promql_error, PROMQL_ERRORS_MAX);
	errors->count++;
	if (errors->n < PROMQL_ERRORS_MAX)
		errors->v[errors->n++] = (struct promql_error){.pos = (int)pos,
							       .end = (int)end,
							       .msg = arena_str(a, msg)};
}

void promql_errors_addf(struct promql_errors *errors, struct arena *a, size_t pos, size_t end,
			const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	promql_errors_add(errors, a, pos, end, str_of(text));
}

/* Where the line that holds pos begins, and its number from 1. */
static size_t line_start(struct str text, size_t pos, int *line)
{
	size_t start = 0;

	*line = 1;
	for (size_t i = 0; i < pos && i < text.n; i++) {
		if (text.p[i] == '\n') {
			start = i + 1;
			++*line;
		}
	}
	return start;
}

static size_t line_end(struct str text, size_t from)
{
	ptrdiff_t n = str_find_char(str_from(text, from), '\n');

	return n < 0 ? text.n : from + (size_t)n;
}

void promql_error_put(struct buf *b, struct str text, const struct err *err)
{
	size_t pos = (size_t)MAX(err->pos, 0);
	int line;
	size_t start = line_start(text, pos, &line);

	buf_printf(b, "%d:%zu: parse error: %s", line, pos - start + 1, err->msg);
}

/* Runes are taken as one column wide; tabs stay tabs, so that both lines agree. */
static void put_blank(struct buf *b, struct str before)
{
	for (size_t i = 0; i < before.n; i++) {
		if (((unsigned char)before.p[i] & 0xC0) != 0x80)
			buf_addc(b, before.p[i] == '\t' ? '\t' : ' ');
	}
}

static size_t columns(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

static void put_text(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_addc(b, (unsigned char)s.p[i] < ' ' && s.p[i] != '\t' ? ' ' : s.p[i]);
}

static size_t rune_start(struct str text, size_t at)
{
	while (at > 0 && at < text.n && ((unsigned char)text.p[at] & 0xC0) == 0x80)
		at--;
	return at;
}

void promql_error_put_place(struct buf *b, struct str text, const struct err *err, size_t indent)
{
	int line;

	if (err->pos < 0 || (size_t)err->pos > text.n)
		return;

	size_t pos = (size_t)err->pos;
	size_t from = line_start(text, pos, &line), to = line_end(text, pos);
	size_t end = MIN((size_t)MAX(err->end, err->pos), to);

	if (pos - from > SHOWN_COLUMNS)
		from = rune_start(text, pos - SHOWN_COLUMNS / 2);
	if (to - from > 2 * SHOWN_COLUMNS)
		to = rune_start(text, from + 2 * SHOWN_COLUMNS);
	end = MIN(end, to);
	buf_fill(b, ' ', indent);
	put_text(b, str_cut(text, from, to));
	buf_addc(b, '\n');
	buf_fill(b, ' ', indent);
	put_blank(b, str_cut(text, from, pos));
	buf_addc(b, '^');

	size_t wide = columns(str_cut(text, pos, end));

	buf_fill(b, '~', wide > 1 ? wide - 1 : 0);
	buf_addc(b, '\n');
}
