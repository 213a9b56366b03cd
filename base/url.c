/* URLs as text. */
#include "base/url.h"

static const char HEX[] = "0123456789ABCDEF";

static bool unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.' || c == '~';
}

void url_put_query(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (unreserved(c)) {
			buf_addc(b, (char)c);
		} else if (c == ' ') {
			buf_addc(b, '+');
		} else {
			char hex[3] = {'%', HEX[c >> 4], HEX[c & 15]};

			buf_add(b, (struct str){.p = hex, .n = 3});
		}
	}
}

void url_put_path(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (unreserved(c) || c == '$' || c == '&' || c == '+' || c == '=' || c == ':' ||
		    c == '@')
			buf_addc(b, (char)c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool url_unescape(struct arena *a, struct str s, bool plus, struct str *out)
{
	char *p = arena_bytes(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%') {
			bool whole = s.n - i > 2;
			int hi = whole ? hex_digit(s.p[i + 1]) : -1;
			int lo = whole ? hex_digit(s.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return false;
			p[n++] = (char)(hi << 4 | lo);
			i += 2;
		} else {
			p[n++] = plus && s.p[i] == '+' ? ' ' : s.p[i];
		}
	}
	p[n] = '\0';
	*out = (struct str){.p = p, .n = n};
	return true;
}

struct str url_public(struct arena *a, struct str url)
{
	ptrdiff_t scheme = str_find(url, STR("://"));
	size_t host = scheme < 0 ? 0 : (size_t)scheme + 3;
	size_t end = host;

	while (end < url.n && url.p[end] != '?' && url.p[end] != '#')
		end++;

	size_t path = host;

	while (path < end && url.p[path] != '/')
		path++;
	for (size_t i = host; i < path; i++) {
		if (url.p[i] == '@')
			return arena_printf(a, "%.*s%.*s", (int)host, url.p, (int)(end - i - 1),
					    url.p + i + 1);
	}
	return arena_str(a, str_cut(url, 0, end));
}

struct str url_base(struct str url)
{
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	return url;
}
