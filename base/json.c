/* JSON out. Runs that need no escape are copied whole. */
#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/num.h"

/* What a byte asks for: 0 nothing, 1 an escape, 2 a look at the sequence, 3 an escape for HTML. */
static const unsigned char classes[256] = {
	[0 ... 0x1F] = 1, ['"'] = 1, ['\\'] = 1,	  ['<'] = 3,
	['>'] = 3,	  ['&'] = 3, [0x80 ... 0xFF] = 2,
};

static void put_escape(struct buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[] = "btn\0fr"; /* from 8; 11 has none */
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
	size_t n = 6;

	if (c == '"' || c == '\\') {
		text[1] = (char)c;
		n = 2;
	} else if (c >= 8 && c <= 13 && c != 11) {
		text[1] = letters[c - 8];
		n = 2;
	}
	buf_add(b, (struct str){.p = text, .n = n});
}

/* The length of the valid UTF-8 sequence at p, 0 if it is none. */
static size_t sequence(const char *p, size_t n)
{
	unsigned char c = (unsigned char)*p;
	size_t len = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;

	return len <= n && str_is_utf8((struct str){.p = p, .n = len}) ? len : 0;
}

static bool is_line_separator(const char *p, size_t len)
{
	return len == 3 && memcmp(p, "\xE2\x80", 2) == 0 && ((unsigned char)p[2] & 0xFE) == 0xA8;
}

#define EACH(c) ((uint64_t)0x0101010101010101 * (c))

/* Which of eight bytes are zero: the top bit of such a byte is set (and, above it, perhaps others).
 */
static uint64_t zero_bytes(uint64_t x)
{
	return (x - EACH(1)) & ~x & EACH(0x80);
}

/* Are the next eight bytes nothing that asks for a look? */
static bool all_plain(const char *p, bool html)
{
	uint64_t x, odd;

	memcpy(&x, p, sizeof(x));
	odd = (x & EACH(0x80)) | ((x - EACH(0x20)) & ~x & EACH(0x80)) | zero_bytes(x ^ EACH('"')) |
	      zero_bytes(x ^ EACH('\\'));
	if (html)
		odd |= zero_bytes(x ^ EACH('<')) | zero_bytes(x ^ EACH('>')) |
		       zero_bytes(x ^ EACH('&'));
	return odd == 0;
}

static void put_str(struct buf *b, struct str s, bool html)
{
	size_t from = 0, i = 0;

	buf_addc(b, '"');
	while (i < s.n) {
		if (i + 8 <= s.n && all_plain(s.p + i, html)) {
			i += 8;
			continue;
		}

		unsigned char c = (unsigned char)s.p[i];
		unsigned char class = classes[c];

		if (class == 0 || (class == 3 && !html)) {
			i++;
			continue;
		}

		size_t len = class == 2 ? sequence(s.p + i, s.n - i) : 1;

		if (class == 2 && len && !is_line_separator(s.p + i, len)) {
			i += len;
			continue;
		}
		buf_add(b, str_cut(s, from, i));
		if (class != 2)
			put_escape(b, c);
		else if (!len)
			buf_adds(b, "\\ufffd");
		else
			buf_adds(b, s.p[i + 2] == (char)0xA8 ? "\\u2028" : "\\u2029");
		i += MAX(len, (size_t)1);
		from = i;
	}
	buf_add(b, str_from(s, from));
	buf_addc(b, '"');
}

void json_put_str(struct buf *b, struct str s)
{
	put_str(b, s, false);
}

void json_put_str_html(struct buf *b, struct str s)
{
	put_str(b, s, true);
}

void json_put_float(struct buf *b, double v)
{
	double a = fabs(v);
	size_t from = b->n;

	if (!isfinite(v)) {
		buf_adds(b, "null");
		return;
	}
	if (a == 0 || (a >= 1e-6 && a < 1e21)) {
		num_put_float(b, v, 'f', -1);
		return;
	}
	num_put_float(b, v, 'e', -1);
	/* e-09 becomes e-9. */
	if (!b->full && b->n - from >= 4 && memcmp(b->p + b->n - 4, "e-0", 3) == 0) {
		b->p[b->n - 2] = b->p[b->n - 1];
		b->n--;
	}
}
