/* A walk over JSON that builds nothing. Recursion is bounded by DEPTH_MAX, as in Go. */
#include "web/am_syntax.h"

#include <string.h>

#define DEPTH_MAX 10000

struct walk {
	struct str rest;
	struct err *err;
	int depth;
};

static bool value(struct walk *w, const char *where);

static void skip_space(struct walk *w)
{
	while (w->rest.n && strchr(" \t\r\n", w->rest.p[0]) && w->rest.p[0])
		w->rest = str_from(w->rest, 1);
}

/* The next byte is not what may stand there. */
static bool unexpected(struct walk *w, const char *where)
{
	char c;

	if (!w->rest.n)
		return err_set(w->err, -1, "unexpected end of JSON input");
	c = w->rest.p[0];
	if (c == '\'')
		return err_set(w->err, -1, "invalid character '\\'' %s", where);
	if (c == '\\')
		return err_set(w->err, -1, "invalid character '\\\\' %s", where);
	if (c >= ' ' && c < 0x7F)
		return err_set(w->err, -1, "invalid character '%c' %s", c, where);
	if (c == '\n' || c == '\t' || c == '\r')
		return err_set(w->err, -1, "invalid character '\\%c' %s",
			       c == '\n'   ? 'n'
			       : c == '\t' ? 't'
					   : 'r',
			       where);
	return err_set(w->err, -1, "invalid character '\\x%02x' %s", (unsigned char)c, where);
}

static bool word(struct walk *w, const char *text)
{
	for (size_t i = 0; text[i]; i++) {
		char where[64];

		if (w->rest.n && w->rest.p[0] == text[i]) {
			w->rest = str_from(w->rest, 1);
			continue;
		}
		snprintf(where, sizeof(where), "in literal %s (expecting '%c')", text, text[i]);
		return unexpected(w, where);
	}
	return true;
}

static bool is_digit(const struct walk *w)
{
	return w->rest.n && w->rest.p[0] >= '0' && w->rest.p[0] <= '9';
}

static bool digits(struct walk *w, const char *where)
{
	if (!is_digit(w))
		return unexpected(w, where);
	while (is_digit(w))
		w->rest = str_from(w->rest, 1);
	return true;
}

static bool number(struct walk *w)
{
	if (w->rest.p[0] == '-')
		w->rest = str_from(w->rest, 1);
	if (w->rest.n && w->rest.p[0] == '0')
		w->rest = str_from(w->rest, 1);
	else if (!digits(w, "in numeric literal"))
		return false;
	if (w->rest.n && w->rest.p[0] == '.') {
		w->rest = str_from(w->rest, 1);
		if (!digits(w, "after decimal point in numeric literal"))
			return false;
	}
	if (w->rest.n && (w->rest.p[0] == 'e' || w->rest.p[0] == 'E')) {
		w->rest = str_from(w->rest, 1);
		if (w->rest.n && (w->rest.p[0] == '+' || w->rest.p[0] == '-'))
			w->rest = str_from(w->rest, 1);
		return digits(w, "in exponent of numeric literal");
	}
	return true;
}

static bool escape(struct walk *w)
{
	char c = w->rest.n ? w->rest.p[0] : 0;

	if (!c || !strchr("bfnrt\\/\"u", c))
		return unexpected(w, "in string escape code");
	w->rest = str_from(w->rest, 1);
	for (int i = 0; c == 'u' && i < 4; i++) {
		char h = w->rest.n ? w->rest.p[0] : 0;

		if (!h || !strchr("0123456789abcdefABCDEF", h))
			return unexpected(w, "in \\u hexadecimal character escape");
		w->rest = str_from(w->rest, 1);
	}
	return true;
}

static bool string(struct walk *w)
{
	w->rest = str_from(w->rest, 1);
	while (w->rest.n && w->rest.p[0] != '"') {
		char c = w->rest.p[0];

		if ((unsigned char)c < ' ')
			return unexpected(w, "in string literal");
		w->rest = str_from(w->rest, 1);
		if (c == '\\' && !escape(w))
			return false;
	}
	if (!w->rest.n)
		return unexpected(w, "");
	w->rest = str_from(w->rest, 1);
	return true;
}

static bool member(struct walk *w)
{
	if (!w->rest.n || w->rest.p[0] != '"')
		return unexpected(w, "looking for beginning of object key string");
	if (!string(w))
		return false;
	skip_space(w);
	if (!w->rest.n || w->rest.p[0] != ':')
		return unexpected(w, "after object key");
	w->rest = str_from(w->rest, 1);
	return value(w, "looking for beginning of value");
}

/* The inside of an object or a list, up to its end. */
static bool items(struct walk *w, bool object)
{
	char end = object ? '}' : ']';

	w->rest = str_from(w->rest, 1);
	skip_space(w);
	if (w->rest.n && w->rest.p[0] == end) {
		w->rest = str_from(w->rest, 1);
		return true;
	}
	for (;;) {
		skip_space(w);
		if (!(object ? member(w) : value(w, "looking for beginning of value")))
			return false;
		skip_space(w);
		if (!w->rest.n || (w->rest.p[0] != ',' && w->rest.p[0] != end))
			return unexpected(w, object ? "after object key:value pair"
						    : "after array element");
		w->rest = str_from(w->rest, 1);
		if (w->rest.p[-1] == end)
			return true;
	}
}

static bool nested(struct walk *w, bool object)
{
	bool ok;

	if (++w->depth > DEPTH_MAX)
		return err_set(w->err, -1, "exceeded max depth");
	ok = items(w, object);
	w->depth--;
	return ok;
}

static bool value(struct walk *w, const char *where)
{
	skip_space(w);
	if (!w->rest.n)
		return unexpected(w, where);
	switch (w->rest.p[0]) {
	case '{': return nested(w, true);
	case '[': return nested(w, false);
	case '"': return string(w);
	case 't': return word(w, "true");
	case 'f': return word(w, "false");
	case 'n': return word(w, "null");
	default: break;
	}
	if (w->rest.p[0] == '-' || is_digit(w))
		return number(w);
	return unexpected(w, where);
}

bool am_syntax(struct str text, struct err *err)
{
	struct walk w = {.rest = text, .err = err};

	return value(&w, "looking for beginning of value");
}
