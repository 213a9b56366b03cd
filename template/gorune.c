/*
 * Runes and Go's string literals. The classes come from glib's Unicode tables, which do not depend
 * on the locale.
 */
#include "template/gorune.h"

#include <glib.h>

struct gorune gorune_first(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (!s.n)
		return (struct gorune){.r = GORUNE_ERROR, .n = 0};
	if (p[0] < 0x80)
		return (struct gorune){.r = p[0], .n = 1};

	int len = p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
	int32_t r = len ? p[0] & (0x7F >> len) : 0;

	if (!len || s.n < (size_t)len || !str_is_utf8(str_cut(s, 0, (size_t)len)))
		return (struct gorune){.r = GORUNE_ERROR, .n = 1};
	for (int i = 1; i < len; i++)
		r = r << 6 | (p[i] & 0x3F);
	return (struct gorune){.r = r, .n = len};
}

struct gorune gorune_last(struct str s)
{
	if (s.n && (unsigned char)s.p[s.n - 1] < 0x80)
		return (struct gorune){.r = s.p[s.n - 1], .n = 1};
	for (size_t back = MIN(s.n, (size_t)4); back > 1; back--) {
		struct gorune r = gorune_first(str_from(s, s.n - back));

		if ((size_t)r.n == back)
			return r;
	}
	return gorune_first(str_from(s, s.n ? s.n - 1 : 0));
}

size_t gorune_count(struct str s)
{
	size_t n = 0;

	for (size_t at = 0; at < s.n; n++)
		at += (size_t)gorune_first(str_from(s, at)).n;
	return n;
}

static bool is_rune(int32_t r)
{
	return r >= 0 && r <= GORUNE_MAX && !(r >= 0xD800 && r <= 0xDFFF);
}

void gorune_put(struct buf *b, int32_t r)
{
	char utf8[6];

	if (!is_rune(r))
		r = GORUNE_ERROR;
	buf_add(b, (struct str){.p = utf8, .n = (size_t)g_unichar_to_utf8((gunichar)r, utf8)});
}

bool gorune_is_letter(int32_t r)
{
	if (r < 0x80)
		return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z');
	return g_unichar_isalpha((gunichar)r);
}

bool gorune_is_digit(int32_t r)
{
	if (r < 0x80)
		return r >= '0' && r <= '9';
	return g_unichar_isdigit((gunichar)r);
}

bool gorune_is_space(int32_t r)
{
	if (r < 0x80)
		return r == ' ' || (r >= '\t' && r <= '\r');
	return r == 0x85 || r == 0xA0 || g_unichar_type((gunichar)r) == G_UNICODE_SPACE_SEPARATOR ||
	       r == 0x2028 || r == 0x2029;
}

bool gorune_is_print(int32_t r)
{
	if (r < 0x80)
		return r >= ' ' && r < 0x7F;
	if (!is_rune(r))
		return false;

	GUnicodeType t = g_unichar_type((gunichar)r);

	return t != G_UNICODE_CONTROL && t != G_UNICODE_FORMAT && t != G_UNICODE_UNASSIGNED &&
	       t != G_UNICODE_PRIVATE_USE && t != G_UNICODE_SURROGATE &&
	       t != G_UNICODE_LINE_SEPARATOR && t != G_UNICODE_PARAGRAPH_SEPARATOR &&
	       t != G_UNICODE_SPACE_SEPARATOR;
}

int32_t gorune_upper(int32_t r)
{
	return (int32_t)g_unichar_toupper((gunichar)r);
}

int32_t gorune_lower(int32_t r)
{
	return (int32_t)g_unichar_tolower((gunichar)r);
}

int32_t gorune_title(int32_t r)
{
	return (int32_t)g_unichar_totitle((gunichar)r);
}

static const char short_escapes[] = "abtnvfr"; /* of 7 ... 13 */

static void put_escaped(struct buf *b, int32_t r, char quote, bool ascii)
{
	if (r == quote || r == '\\') {
		buf_addc(b, '\\');
		buf_addc(b, (char)r);
	} else if (r < 0x80 ? gorune_is_print(r) : !ascii && gorune_is_print(r)) {
		gorune_put(b, r);
	} else if (r >= 7 && r <= 13) {
		buf_addc(b, '\\');
		buf_addc(b, short_escapes[r - 7]);
	} else if (r < ' ' || r == 0x7F) {
		buf_printf(b, "\\x%02x", (unsigned)r);
	} else if (r < 0x10000) {
		buf_printf(b, "\\u%04x", (unsigned)r);
	} else {
		buf_printf(b, "\\U%08x", (unsigned)r);
	}
}

void gorune_quote(struct buf *b, struct str s, bool ascii)
{
	buf_addc(b, '"');
	for (size_t at = 0; at < s.n;) {
		struct gorune r = gorune_first(str_from(s, at));

		if (r.n == 1 && r.r == GORUNE_ERROR)
			buf_printf(b, "\\x%02x", (unsigned)(unsigned char)s.p[at]);
		else
			put_escaped(b, r.r, '"', ascii);
		at += (size_t)r.n;
	}
	buf_addc(b, '"');
}

void gorune_quote_char(struct buf *b, int32_t r, bool ascii)
{
	buf_addc(b, '\'');
	put_escaped(b, is_rune(r) ? r : GORUNE_ERROR, '\'', ascii);
	buf_addc(b, '\'');
}

void gorune_put_unicode(struct buf *b, int32_t r)
{
	buf_printf(b, "U+%04X", (unsigned)r);
	if (gorune_is_print(r)) {
		buf_adds(b, " '");
		gorune_put(b, r);
		buf_addc(b, '\'');
	}
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool digits(struct str s, size_t *at, int n, int base, int64_t *out)
{
	int64_t v = 0;

	for (int i = 0; i < n; i++, ++*at) {
		int d = *at < s.n ? hex_value(s.p[*at]) : -1;

		if (d < 0 || d >= base)
			return false;
		v = v * base + d;
	}
	*out = v;
	return true;
}

static bool numeric_escape(struct str s, size_t *at, int32_t *out, bool *byte)
{
	char c = s.p[*at];
	bool octal = c >= '0' && c <= '7';
	int n = octal ? 3 : c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
	int64_t v;

	if (!n)
		return false;
	*at += !octal;
	if (!digits(s, at, n, octal ? 8 : 16, &v))
		return false;
	*byte = octal || c == 'x';
	*out = (int32_t)v;
	return *byte ? v <= 255 : v <= GORUNE_MAX && is_rune((int32_t)v);
}

bool gorune_unquote_char(struct str s, size_t *at, char quote, int32_t *out, bool *byte)
{
	struct gorune r = gorune_first(str_from(s, *at));

	*byte = false;
	if (!r.n || (r.r == quote && (quote == '"' || quote == '\'')))
		return false;
	*at += (size_t)r.n;
	*out = r.r;
	if (r.r != '\\')
		return true;
	if (*at >= s.n)
		return false;

	const char *esc = s.p[*at] ? strchr(short_escapes, s.p[*at]) : NULL;

	if (esc)
		*out = (int32_t)(esc - short_escapes) + 7;
	else if (s.p[*at] == '\\' || (s.p[*at] == quote && (quote == '"' || quote == '\'')))
		*out = s.p[*at];
	else
		return numeric_escape(s, at, out, byte);
	++*at;
	return true;
}

static void unquote_raw(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\r')
			buf_addc(out, s.p[i]);
	}
}

bool gorune_unquote(struct str s, struct buf *out)
{
	char quote = s.n >= 2 ? s.p[0] : 0;
	struct str in = str_cut(s, 1, s.n - 1);

	if (!quote || s.p[s.n - 1] != quote)
		return false;
	if (quote == '`') {
		unquote_raw(in, out);
		return str_find_char(in, '`') < 0;
	}
	if (str_find_char(in, '\n') >= 0)
		return false;
	for (size_t at = 0; at < in.n;) {
		size_t from = at;
		int32_t r;
		bool byte;

		if (!gorune_unquote_char(in, &at, quote, &r, &byte))
			return false;
		if (byte)
			buf_addc(out, (char)r);
		else if (in.p[from] == '\\')
			gorune_put(out, r);
		else
			buf_add(out, str_cut(in, from, at)); /* bytes as they are */
	}
	return true;
}
