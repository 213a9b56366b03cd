/* A cursor over JSON text that may be cut off. See the header. */
#include "evaluator/json_in.h"

#include <stdarg.h>
#include <stdio.h>

bool json_in_fail(struct json_in *in, const char *fmt, ...)
{
	char msg[sizeof(in->err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	return err_set(in->err, (int)(in->p - in->begin), "%s", msg);
}

static bool need_more(struct json_in *in)
{
	in->more = true;
	return false;
}

bool json_in_unexpected(struct json_in *in)
{
	if (in->p >= in->end)
		return need_more(in);

	unsigned char c = (unsigned char)*in->p;

	if (c > ' ' && c < 0x7F)
		return json_in_fail(in, "unexpected '%c'", c);
	return json_in_fail(in, "unexpected byte 0x%02X", c);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool json_in_space(struct json_in *in)
{
	while (in->p < in->end && is_space(*in->p))
		in->p++;
	return in->p < in->end || need_more(in);
}

bool json_in_take(struct json_in *in, char c)
{
	if (!json_in_space(in))
		return false;
	if (*in->p != c)
		return json_in_unexpected(in);
	in->p++;
	return true;
}

bool json_in_next(struct json_in *in, char close, bool *again)
{
	if (!json_in_space(in))
		return false;
	*again = *in->p == ',';
	if (!*again && *in->p != close)
		return json_in_unexpected(in);
	in->p++;
	return !*again || json_in_space(in);
}

/* ---- strings --------------------------------------------------------------------------------- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits. */
static bool read_hex4(struct json_in *in, uint32_t *out)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++, in->p++) {
		if (in->p >= in->end)
			return need_more(in);

		int x = hex_value(*in->p);

		if (x < 0)
			return json_in_fail(in, "bad \\u escape");
		v = v << 4 | (uint32_t)x;
	}
	*out = v;
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

/* Behind "\u": one code point, which may take a second escape. */
static bool read_unicode(struct json_in *in, struct buf *text)
{
	uint32_t c, low;

	if (!read_hex4(in, &c))
		return false;
	if (c >= 0xDC00 && c < 0xE000)
		return json_in_fail(in, "half a surrogate pair");
	if (c >= 0xD800 && c < 0xDC00) {
		for (const char *want = "\\u"; *want; want++, in->p++) {
			if (in->p >= in->end)
				return need_more(in);
			if (*in->p != *want)
				return json_in_fail(in, "half a surrogate pair");
		}
		if (!read_hex4(in, &low))
			return false;
		if (low < 0xDC00 || low >= 0xE000)
			return json_in_fail(in, "half a surrogate pair");
		c = 0x10000 + ((c - 0xD800) << 10 | (low - 0xDC00));
	}
	put_utf8(text, c);
	return true;
}

/* At a backslash. */
static bool read_escape(struct json_in *in, struct buf *text)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";

	if (in->end - in->p < 2)
		return need_more(in);
	in->p += 2;
	if (in->p[-1] == 'u')
		return read_unicode(in, text);

	const char *at = in->p[-1] ? strchr(names, in->p[-1]) : NULL;

	if (!at)
		return json_in_fail(in, "bad escape in a string");
	buf_addc(text, values[at - names]);
	return true;
}

/* Past everything that stands for itself in a string. */
static const char *string_run(const char *p, const char *end, bool *ascii)
{
	for (;;) {
		p = json_in_plain(p, end);
		if (p >= end || (signed char)*p >= 0)
			return p;
		*ascii = false;
		while (p < end && (signed char)*p < 0)
			p++;
	}
}

bool json_in_string(struct json_in *in, struct buf *text, struct str *out)
{
	struct str piece;
	bool escapes = false, ascii = true;

	if (in->p >= in->end || *in->p != '"')
		return json_in_unexpected(in);
	buf_clear(text);
	in->p++;
	for (;;) {
		piece.p = in->p;
		in->p = string_run(in->p, in->end, &ascii);
		if (in->p >= in->end)
			return need_more(in);
		piece.n = (size_t)(in->p - piece.p);
		if (*in->p == '"')
			break;
		if (*in->p != '\\')
			return json_in_fail(in, "control character in a string");
		escapes = true;
		buf_add(text, piece);
		if (!read_escape(in, text))
			return false;
	}
	if (escapes) {
		buf_add(text, piece);
		piece = buf_str(text);
	}
	if (!ascii && !str_is_utf8(piece))
		return json_in_fail(in, "string is not UTF-8");
	in->p++;
	*out = piece;
	return true;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool read_digits(struct json_in *in)
{
	const char *from = in->p;

	while (in->p < in->end && *in->p >= '0' && *in->p <= '9')
		in->p++;
	if (in->p >= in->end)
		return need_more(in);
	return in->p > from || json_in_unexpected(in);
}

bool json_in_number(struct json_in *in)
{
	in->p += in->p < in->end && *in->p == '-';
	if (in->p < in->end && *in->p == '0') {
		if (++in->p >= in->end)
			return need_more(in);
	} else if (!read_digits(in)) {
		return false;
	}
	if (*in->p == '.') {
		in->p++;
		if (!read_digits(in))
			return false;
	}
	if (*in->p != 'e' && *in->p != 'E')
		return true;
	in->p++;
	in->p += in->p < in->end && (*in->p == '-' || *in->p == '+');
	return read_digits(in);
}

static bool read_word(struct json_in *in, const char *word)
{
	for (; *word; word++, in->p++) {
		if (in->p >= in->end || *in->p != *word)
			return json_in_unexpected(in);
	}
	return true;
}

/* Behind '[' or '{'. */
static bool skip_inside(struct json_in *in, struct buf *text, char close, int depth)
{
	struct str key;
	bool again = true;

	if (depth <= 0)
		return json_in_fail(in, "nested too deep");
	if (!json_in_space(in))
		return false;
	if (*in->p == close) {
		in->p++;
		return true;
	}
	while (again) {
		if (close == '}' && (!json_in_string(in, text, &key) || !json_in_take(in, ':') ||
				     !json_in_space(in)))
			return false;
		if (!json_in_skip(in, text, depth) || !json_in_next(in, close, &again))
			return false;
	}
	return true;
}

bool json_in_skip(struct json_in *in, struct buf *text, int depth)
{
	struct str s;

	if (in->p >= in->end)
		return need_more(in);
	switch (*in->p) {
	case '"': return json_in_string(in, text, &s);
	case '{': in->p++; return skip_inside(in, text, '}', depth - 1);
	case '[': in->p++; return skip_inside(in, text, ']', depth - 1);
	case 't': return read_word(in, "true");
	case 'f': return read_word(in, "false");
	case 'n': return read_word(in, "null");
	default: return json_in_number(in);
	}
}
