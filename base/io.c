/* Small helpers over the table of the outside world. */
#include "base/io.h"

#include <stdarg.h>
#include <stdio.h>

void io_log(const struct io *io, enum log_level level, const char *msg, const char *fmt, ...)
{
	char line[2048];
	int n = snprintf(line, sizeof(line), "msg=\"%s\" ", msg);
	va_list ap;

	CHECK(n >= 0 && (size_t)n < sizeof(line) / 2);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	va_end(ap);
	io->ops->log(io->host, level, str_trim(str_of(line)));
}

struct io_quoted io_quote(struct str s)
{
	struct io_quoted q;
	size_t n = 0;

	q.text[n++] = '"';
	for (size_t i = 0; i < s.n && n < IO_QUOTE_MAX; i++) {
		char c = s.p[i];

		if (c == '"' || c == '\\' || c == '\n')
			q.text[n++] = '\\';
		q.text[n++] = c == '\n' ? 'n' : c;
	}
	q.text[n++] = '"';
	q.text[n] = '\0';
	return q;
}

struct str io_reply_header(const struct io_reply *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		if (str_is(r->headers[i].name, name))
			return r->headers[i].value;
	}
	return (struct str){0};
}
