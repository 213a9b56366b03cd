/* Errors in words: one on the stack, or a list about files. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

ATTR_PRINTF(3, 0)
static void fill(struct err *err, struct err place, const char *fmt, va_list ap)
{
	if (!err)
		return;
	*err = place;
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
}

bool err_set(struct err *err, int pos, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, (struct err){.pos = pos, .end = -1}, fmt, ap);
	va_end(ap);
	return false;
}

bool err_at(struct err *err, int line, int col, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, (struct err){.pos = -1, .end = -1, .line = line, .col = col}, fmt, ap);
	va_end(ap);
	return false;
}

bool err_prefix(struct err *err, const char *fmt, ...)
{
	char head[sizeof(err->msg)];
	char tail[sizeof(err->msg)];
	va_list ap;

	if (!err)
		return false;
	va_start(ap, fmt);
	vsnprintf(head, sizeof(head), fmt, ap);
	va_end(ap);
	memcpy(tail, err->msg, sizeof(tail));

	size_t n = strlen(head);

	memcpy(err->msg, head, n + 1);
	snprintf(err->msg + n, sizeof(err->msg) - n, "%s", tail);
	return false;
}

void diags_init(struct diags *d)
{
	*d = (struct diags){0};
}

void diags_done(struct diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].file);
		free(d->v[i].msg);
	}
	free(d->v);
	diags_init(d);
}

ATTR_PRINTF(4, 0)
static void add(struct diags *d, struct diag g, struct str file, const char *fmt, va_list ap)
{
	if (!g.warning)
		d->errors++;
	if (d->n >= DIAGS_MAX) {
		d->left_out++;
		return;
	}
	CHECK(vasprintf(&g.msg, fmt, ap) >= 0);
	g.file = file.p ? mem_str(file) : NULL;
	d->v = mem_reserve(d->v, &d->cap, d->n + 1, sizeof(*d->v));
	d->v[d->n++] = g;
}

void diags_add(struct diags *d, struct str file, int line, int col, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, (struct diag){.line = line, .col = col}, file, fmt, ap);
	va_end(ap);
}

void diags_warn(struct diags *d, struct str file, int line, int col, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(d, (struct diag){.line = line, .col = col, .warning = true}, file, fmt, ap);
	va_end(ap);
}
