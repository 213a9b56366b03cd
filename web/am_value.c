/* The reader of JSON; see am_value.h. Recursion is bounded by DEPTH_MAX, as in Go. */
#include "web/am_value.h"

#include <string.h>

#include "base/buf.h"

#define DEPTH_MAX 10000
#define VALUES_MAX (1u << 20)
#define REPLACEMENT 0xFFFDu

struct walk {
	struct str rest;
	struct arena *arena;
	struct err *err;
	int depth;
	size_t n_values;
};

static bool value(struct walk *w, const char *where, struct am_value *out);

static void skip_space(struct walk *w)
{
	const char *p = w->rest.p, *end = p + w->rest.n;

	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	w->rest = (struct str){p, (size_t)(end - p)};
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

/* ---- strings ----------------------------------------------------------------------------- */
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

static void put_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(b, (char)c);
	} else if (c < 0x800) {
		buf_addc(b, (char)(0xC0 | c >> 6));
		buf_addc(b, (char)(0x80 | (c & 0x3F)));
	} else if (c < 0x10000) {
		buf_addc(b, (char)(0xE0 | c >> 12));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3F)));
		buf_addc(b, (char)(0x80 | (c & 0x3F)));
	} else {
		buf_addc(b, (char)(0xF0 | c >> 18));
		buf_addc(b, (char)(0x80 | (c >> 12 & 0x3F)));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3F)));
		buf_addc(b, (char)(0x80 | (c & 0x3F)));
	}
}

/* The four digits at s, which were checked. */
static uint32_t hex4(struct str s)
{
	uint32_t v = 0;

	for (size_t i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)s.p[i];

		v = v << 4 | (c <= '9' ? c - (uint32_t)'0' : (c & 0x5Fu) - 'A' + 10u);
	}
	return v;
}

/* Behind the backslash; how much of s was read. */
static size_t put_escape(struct buf *b, struct str s)
{
	static const char FROM[] = "bfnrt", TO[] = "\b\f\n\r\t";
	const char *at = strchr(FROM, s.p[0]);
	uint32_t c, low;

	if (s.p[0] != 'u') {
		buf_addc(b, at ? TO[at - FROM] : s.p[0]);
		return 1;
	}
	c = hex4(str_from(s, 1));
	if (c < 0xD800 || c > 0xDFFF) {
		put_utf8(b, c);
		return 5;
	}
	low = c < 0xDC00 && s.n >= 11 && s.p[5] == '\\' && s.p[6] == 'u' ? hex4(str_from(s, 7)) : 0;
	if (low < 0xDC00 || low > 0xDFFF) {
		put_utf8(b, REPLACEMENT);
		return 5;
	}
	put_utf8(b, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
	return 11;
}

/* How long the character at the head of s is; 0: it is none. */
static size_t utf8_length(struct str s)
{
	for (size_t n = 1; n <= 4 && n <= s.n; n++) {
		if (str_is_utf8(str_cut(s, 0, n)))
			return n;
	}
	return 0;
}

static struct str unescape(struct arena *a, struct str s)
{
	struct str out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	while (s.n) {
		size_t n = utf8_length(s);

		if (s.p[0] == '\\') {
			n = 1 + put_escape(&b, str_from(s, 1));
		} else if (n) {
			buf_add(&b, str_cut(s, 0, n));
		} else {
			put_utf8(&b, REPLACEMENT);
			n = 1;
		}
		s = str_from(s, n);
	}
	out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return out;
}

static bool string(struct walk *w, struct str *out)
{
	const char *p = w->rest.p + 1, *end = w->rest.p + w->rest.n;
	bool plain = true;

	while (p < end && *p != '"') {
		unsigned char c = (unsigned char)*p++;

		if (c >= ' ' && c != '\\') {
			plain &= c < 0x80;
			continue;
		}
		w->rest = (struct str){c < ' ' ? p - 1 : p, (size_t)(end - p) + (c < ' ')};
		if (c < ' ')
			return unexpected(w, "in string literal");
		if (!escape(w))
			return false;
		plain = false;
		p = w->rest.p;
	}
	*out = (struct str){out->p, (size_t)(p - out->p)};
	w->rest = (struct str){p, (size_t)(end - p)};
	if (p == end)
		return unexpected(w, "");
	if (!plain && (memchr(out->p, '\\', out->n) || !str_is_utf8(*out)))
		*out = unescape(w->arena, *out);
	w->rest = str_from(w->rest, 1);
	return true;
}

/* ---- objects and lists ------------------------------------------------------------------- */
static bool member(struct walk *w, struct am_member *out)
{
	if (!w->rest.n || w->rest.p[0] != '"')
		return unexpected(w, "looking for beginning of object key string");
	out->name.p = w->rest.p + 1;
	if (!string(w, &out->name))
		return false;
	skip_space(w);
	if (!w->rest.n || w->rest.p[0] != ':')
		return unexpected(w, "after object key");
	w->rest = str_from(w->rest, 1);
	return value(w, "looking for beginning of value", &out->value);
}

/* Room for one more; what was there moves. */
static void grow(struct arena *a, struct am_value *v, size_t *cap)
{
	bool object = v->kind == AM_OBJECT;
	size_t size = object ? sizeof(*v->members) : sizeof(*v->items);
	void *more;

	if (v->n < *cap)
		return;
	*cap = *cap ? 2 * *cap : 8;
	more = arena_alloc(a, *cap * size);
	if (v->n)
		memcpy(more, object ? (void *)v->members : (void *)v->items, v->n * size);
	if (object)
		v->members = more;
	else
		v->items = more;
}

static bool item(struct walk *w, struct am_value *v, size_t *cap)
{
	bool ok;

	if (++w->n_values > VALUES_MAX)
		return err_set(w->err, -1, "there are more than %u values", VALUES_MAX);
	grow(w->arena, v, cap);
	if (v->kind == AM_OBJECT)
		ok = member(w, &v->members[v->n]);
	else
		ok = value(w, "looking for beginning of value", &v->items[v->n]);
	v->n++;
	return ok;
}

/* The inside, up to its end. */
static bool items(struct walk *w, struct am_value *v)
{
	bool object = v->kind == AM_OBJECT;
	char end = object ? '}' : ']';
	size_t cap = 0;

	w->rest = str_from(w->rest, 1);
	skip_space(w);
	if (w->rest.n && w->rest.p[0] == end) {
		w->rest = str_from(w->rest, 1);
		return true;
	}
	for (;;) {
		skip_space(w);
		if (!item(w, v, &cap))
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

static bool nested(struct walk *w, struct am_value *v, enum am_kind kind)
{
	bool ok;

	v->kind = kind;
	if (++w->depth > DEPTH_MAX)
		return err_set(w->err, -1, "exceeded max depth");
	ok = items(w, v);
	w->depth--;
	return ok;
}

static bool literal(struct walk *w, struct am_value *v, enum am_kind kind, const char *text)
{
	v->kind = kind;
	return word(w, text);
}

static bool value(struct walk *w, const char *where, struct am_value *out)
{
	skip_space(w);
	*out = (struct am_value){.kind = AM_NUMBER, .text = {.p = w->rest.p}};
	if (!w->rest.n)
		return unexpected(w, where);
	switch (w->rest.p[0]) {
	case '{': return nested(w, out, AM_OBJECT);
	case '[': return nested(w, out, AM_LIST);
	case '"':
		out->kind = AM_STRING;
		out->text.p++;
		return string(w, &out->text);
	case 't': return literal(w, out, AM_TRUE, "true");
	case 'f': return literal(w, out, AM_FALSE, "false");
	case 'n': return literal(w, out, AM_NULL, "null");
	default: break;
	}
	if (w->rest.p[0] != '-' && !is_digit(w))
		return unexpected(w, where);
	if (!number(w))
		return false;
	out->text.n = (size_t)(w->rest.p - out->text.p);
	return true;
}

/* ---- for readers ------------------------------------------------------------------------- */
bool am_value_read(struct str text, struct arena *a, struct am_value *out, struct err *err)
{
	struct walk w = {.rest = text, .arena = a, .err = err};

	return value(&w, "looking for beginning of value", out);
}

const struct am_value *am_member(const struct am_value *object, const char *name)
{
	if (!object || object->kind != AM_OBJECT)
		return NULL;
	for (size_t i = object->n; i > 0; i--) {
		if (str_is(object->members[i - 1].name, name))
			return &object->members[i - 1].value;
	}
	return NULL;
}

const char *am_kind_name(const struct am_value *v)
{
	static const char *const NAMES[] = {
		[AM_NULL] = "null",	[AM_FALSE] = "bool",	[AM_TRUE] = "bool",
		[AM_NUMBER] = "number", [AM_STRING] = "string", [AM_LIST] = "array",
		[AM_OBJECT] = "object",
	};

	return NAMES[v->kind];
}
