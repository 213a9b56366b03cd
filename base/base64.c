/* Base64: see base64.h. */
#include "base/base64.h"

#include <string.h>

static const char *const DIGITS[] = {
	[BASE64_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	[BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

struct str base64_encode(struct str bytes, enum base64_alphabet alphabet, struct arena *a)
{
	const char *digits = DIGITS[alphabet];
	char *p = arena_bytes(a, (bytes.n + 2) / 3 * 4 + 1);
	size_t n = 0;

	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t have = MIN(bytes.n - i, 3);
		uint32_t v = 0;

		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < have ? (unsigned char)bytes.p[i + k] : 0);
		for (size_t k = 0; k < 4; k++)
			p[n++] = k <= have ? digits[v >> (18 - 6 * k) & 63] : '=';
	}
	p[n] = '\0';
	return (struct str){p, n};
}

static size_t skip_line_ends(struct str s, size_t i)
{
	while (i < s.n && (s.p[i] == '\n' || s.p[i] == '\r'))
		i++;
	return i;
}

/* What stands behind the last digit, when `have` digits of four were read: *at is past it, or where
 * it is wrong. */
static bool end_is_right(struct str s, size_t have, size_t *at)
{
	size_t i = *at;

	if (i == s.n) {
		*at = i - have;
		return have == 0;
	}
	if (s.p[i] != '=' || have < 2)
		return false;
	i = skip_line_ends(s, i + 1);
	if (have == 2) {
		if (i == s.n || s.p[i] != '=') {
			*at = i == s.n ? i : i - 1;
			return false;
		}
		i = skip_line_ends(s, i + 1);
	}
	*at = i;
	return i == s.n;
}

bool base64_decode(struct str text, enum base64_alphabet alphabet, struct arena *a, struct str *out,
		   size_t *at)
{
	char *p = arena_bytes(a, text.n / 4 * 3 + 4);
	size_t n = 0, have = 0, i;
	uint32_t v = 0;

	for (i = skip_line_ends(text, 0); i < text.n; i = skip_line_ends(text, i + 1)) {
		const char *digit = text.p[i] ? strchr(DIGITS[alphabet], text.p[i]) : NULL;

		if (!digit)
			break;
		v = v << 6 | (uint32_t)(digit - DIGITS[alphabet]);
		if (have)
			p[n++] = (char)(v >> (6 - 2 * have));
		have = (have + 1) % 4;
	}

	bool ok = end_is_right(text, have, &i);

	if (ok)
		*out = (struct str){p, n};
	else if (at)
		*at = i;
	return ok;
}
