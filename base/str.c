/* Borrowed strings: compare, cut, search, check. */
#include "base/base.h"

#include <string.h>
#include <xxhash.h>

struct str str_of(const char *cstr)
{
	return (struct str){.p = cstr, .n = cstr ? strlen(cstr) : 0};
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(struct str a, const char *cstr)
{
	return str_eq(a, str_of(cstr));
}

int str_cmp(struct str a, struct str b)
{
	size_t n = MIN(a.n, b.n);
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, const char *prefix)
{
	return str_eq(str_cut(s, 0, strlen(prefix)), str_of(prefix));
}

bool str_ends(struct str s, const char *suffix)
{
	size_t n = strlen(suffix);

	return s.n >= n && str_eq(str_from(s, s.n - n), str_of(suffix));
}

struct str str_from(struct str s, size_t at)
{
	return str_cut(s, at, s.n);
}

struct str str_cut(struct str s, size_t from, size_t to)
{
	to = MIN(to, s.n);
	from = MIN(from, to);
	return (struct str){.p = s.p ? s.p + from : NULL, .n = to - from};
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	size_t from = 0, to = s.n;

	while (from < to && is_space(s.p[from]))
		from++;
	while (to > from && is_space(s.p[to - 1]))
		to--;
	return str_cut(s, from, to);
}

ptrdiff_t str_find(struct str s, struct str what)
{
	const char *at = s.n >= what.n && what.n ? memmem(s.p, s.n, what.p, what.n) : NULL;

	if (what.n == 0)
		return 0;
	return at ? at - s.p : -1;
}

ptrdiff_t str_find_char(struct str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? at - s.p : -1;
}

/* The length of the valid UTF-8 sequence at p (Unicode table 3-7), 0 if there is none. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
	unsigned char lo = 0x80, hi = 0xBF;
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;

	if (len <= 1)
		return len;
	if (p[0] > 0xF4 || n < len)
		return 0;
	if (p[0] == 0xE0)
		lo = 0xA0;
	else if (p[0] == 0xED)
		hi = 0x9F;
	else if (p[0] == 0xF0)
		lo = 0x90;
	else if (p[0] == 0xF4)
		hi = 0x8F;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	}
	return len;
}

bool str_is_utf8(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_sequence(p + i, s.n - i);

		if (!len)
			return false;
		i += len;
	}
	return true;
}

uint64_t str_hash(struct str s)
{
	return XXH64(s.p, s.n, 0);
}

bool str_is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '.' || c == '-'))
			return false;
	}
	return s.n > 0 && s.n <= STR_NAME_MAX;
}
