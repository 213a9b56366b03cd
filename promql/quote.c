/* Quoting as Go's strconv.Quote: the form of every string that PromQL prints. */
#include "promql/print.h"

#include <stdlib.h>
#include <string.h>

#include "promql/labels.h"
#include "promql/quote.h"

struct range {
	uint32_t from, to;
};

static const struct range PRINTABLE[] = {
#include "promql/printable.def"
};

static int range_compare(const void *key, const void *at)
{
	uint32_t r = *(const uint32_t *)key;
	const struct range *range = at;

	return r < range->from ? -1 : r > range->to;
}

/* unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the plain space. */
static bool printable(uint32_t r)
{
	if (r < 0x80)
		return r >= 0x20 && r < 0x7F;
	return bsearch(&r, PRINTABLE, ARRAY_LEN(PRINTABLE), sizeof(*PRINTABLE), range_compare);
}

size_t rune_decode(struct str s, uint32_t *r)
{
	if (s.n == 0) {
		*r = RUNE_ERROR;
		return 0;
	}

	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;

	if (n == 1) {
		*r = c;
		return 1;
	}
	if (!str_is_utf8(str_cut(s, 0, n)) || s.n < n) {
		*r = RUNE_ERROR;
		return 1;
	}
	*r = c & (0xFFu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		*r = *r << 6 | ((unsigned char)s.p[i] & 0x3F);
	return n;
}

void rune_put(struct buf *b, uint32_t r)
{
	if (r > RUNE_MAX || (r >= 0xD800 && r < 0xE000))
		r = RUNE_ERROR;

	int extra = r < 0x80 ? 0 : r < 0x800 ? 1 : r < 0x10000 ? 2 : 3;

	if (extra == 0)
		buf_addc(b, (char)r);
	else
		buf_addc(b, (char)((0xF00u >> (extra + 1) & 0xFF) | r >> 6 * extra));
	while (extra--)
		buf_addc(b, (char)(0x80 | (r >> 6 * extra & 0x3F)));
}

static void put_escaped(struct buf *b, uint32_t r, char quote)
{
	static const char NAMES[] = "abtnvfr"; /* 7 to 13 */

	if (r == (unsigned char)quote || r == '\\')
		buf_printf(b, "\\%c", (int)r);
	else if (printable(r))
		rune_put(b, r);
	else if (r >= 7 && r <= 13)
		buf_printf(b, "\\%c", NAMES[r - 7]);
	else if (r < 0x20 || r == 0x7F)
		buf_printf(b, "\\x%02x", r);
	else
		buf_printf(b, r < 0x10000 ? "\\u%04x" : "\\U%08x", r);
}

void promql_put_quoted(struct buf *b, struct str s)
{
	uint32_t r;

	buf_addc(b, '"');
	for (size_t n; s.n; s = str_from(s, n)) {
		n = rune_decode(s, &r);
		if (r == RUNE_ERROR && n == 1)
			buf_printf(b, "\\x%02x", (unsigned char)s.p[0]);
		else
			put_escaped(b, r, '"');
	}
	buf_addc(b, '"');
}

void rune_put_quoted(struct buf *b, uint32_t r)
{
	buf_addc(b, '\'');
	put_escaped(b, r <= RUNE_MAX ? r : RUNE_ERROR, '\'');
	buf_addc(b, '\'');
}

void rune_put_code(struct buf *b, uint32_t r)
{
	buf_printf(b, "U+%04X", r);
	if (r <= RUNE_MAX && printable(r)) {
		buf_adds(b, " '");
		rune_put(b, r);
		buf_addc(b, '\'');
	}
}

void promql_put_label_name(struct buf *b, struct str name)
{
	if (label_name_legacy(name))
		buf_add(b, name);
	else
		promql_put_quoted(b, name);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Reads n digits of the base at *i. */
static bool unquote_number(struct str s, size_t *i, size_t n, uint32_t base, uint32_t *out)
{
	*out = 0;
	for (; n; n--, ++*i) {
		if (*i >= s.n || hex_value(s.p[*i]) >= (int)base)
			return false;
		*out = *out * base + (uint32_t)hex_value(s.p[*i]);
	}
	return true;
}

/* escape = "\" ( a b f n r t v \ quote | ooo | xhh | uhhhh | Uhhhhhhhh ), after the backslash. */
static bool unquote_escape(struct buf *b, struct str s, size_t *i, char quote)
{
	static const char NAMES[] = "abfnrtv\\", VALUES[] = "\a\b\f\n\r\t\v\\";
	char c = *i < s.n ? s.p[(*i)++] : '\0';
	const char *at = c ? memchr(NAMES, c, sizeof(NAMES) - 1) : NULL;
	uint32_t v;

	if (at || (c && c == quote)) {
		buf_addc(b, at ? VALUES[at - NAMES] : quote);
		return true;
	}
	if (c >= '0' && c <= '7') {
		--*i;
		if (!unquote_number(s, i, 3, 8, &v) || v > 255)
			return false;
		buf_addc(b, (char)v);
		return true;
	}
	if (c != 'x' && c != 'u' && c != 'U')
		return false;
	if (!unquote_number(s, i, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16, &v) || v > RUNE_MAX)
		return false;
	if (c == 'x')
		buf_addc(b, (char)v);
	else
		rune_put(b, v);
	return true;
}

bool promql_unquote(struct buf *b, struct str s)
{
	char quote = s.n >= 2 ? s.p[0] : '\0';
	struct str in = str_cut(s, 1, s.n ? s.n - 1 : 0);

	if ((quote != '"' && quote != '\'' && quote != '`') || s.p[s.n - 1] != quote)
		return false;
	if (quote == '`') {
		buf_add(b, in);
		return str_find_char(in, '`') < 0;
	}
	for (size_t i = 0; i < in.n;) {
		char c = in.p[i++];

		if (c == '\\') {
			if (!unquote_escape(b, in, &i, quote))
				return false;
		} else if (c == quote || c == '\n') {
			return false;
		} else {
			buf_addc(b, c);
		}
	}
	return true;
}
