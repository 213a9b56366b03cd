/*
 * A cursor over JSON text that may be cut off anywhere: every function either moves past what it
 * reads, or stops, with `more` set when the text ended too early and with an error when no
 * continuation can make it right. Strict RFC 8259, UTF-8 only, no lone surrogates.
 *
 * It exists beside jansson for one reason: speed on query results, without a tree of objects.
 */
#ifndef EVALUATOR_JSON_IN_H
#define EVALUATOR_JSON_IN_H

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

struct json_in {
	const char *p, *end;
	const char *begin; /* positions of errors count from here */
	bool more;	   /* stopped because the text ends */
	struct err *err;   /* else: stopped because of this */
};

/* Always false; the error is at the cursor. */
bool json_in_fail(struct json_in *in, const char *fmt, ...) ATTR_PRINTF(2, 3);
bool json_in_unexpected(struct json_in *in); /* the byte at the cursor, or the end */
/* Past white space, to a byte that exists. */
ATTR_CHECK bool json_in_space(struct json_in *in);
/* Past white space and c. */
ATTR_CHECK bool json_in_take(struct json_in *in, char c);
/* After an element of an object or array: past ',' (*again) or past `close`. */
ATTR_CHECK bool json_in_next(struct json_in *in, char close, bool *again);
/* The string at the cursor; out is a slice of the text, or of *text when there were escapes. */
ATTR_CHECK bool json_in_string(struct json_in *in, struct buf *text, struct str *out);
ATTR_CHECK bool json_in_number(struct json_in *in);
/* Any value at the cursor, at most `depth` deep. */
ATTR_CHECK bool json_in_skip(struct json_in *in, struct buf *text, int depth);

/* The first byte in [p, end) that is a quote, a backslash, a control character or not ASCII. Looks
 * only at whole pieces; the last few bytes are looked at one by one. */
static inline const char *json_in_plain(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), back = _mm_set1_epi8('\\');
	const __m128i blank = _mm_set1_epi8(' ');

	for (; end - p >= 16; p += 16) {
		__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* Signed: bytes from 0x80 on are less than a blank as well. */
		__m128i hit = _mm_or_si128(_mm_cmplt_epi8(x, blank),
					   _mm_or_si128(_mm_cmpeq_epi8(x, quote),
							_mm_cmpeq_epi8(x, back)));
		int mask = _mm_movemask_epi8(hit);

		if (mask)
			return p + __builtin_ctz((unsigned)mask);
	}
#endif
	while (p < end && *p != '"' && *p != '\\' && (signed char)*p >= ' ')
		p++;
	return p;
}

/* json_in_string for the common case, in line. */
static inline bool json_in_string_fast(struct json_in *in, struct buf *text, struct str *out)
{
	if (in->p < in->end && *in->p == '"') {
		const char *q = json_in_plain(in->p + 1, in->end);

		if (q < in->end && *q == '"') {
			*out = (struct str){.p = in->p + 1, .n = (size_t)(q - in->p - 1)};
			in->p = q + 1;
			return true;
		}
	}
	return json_in_string(in, text, out);
}

/* json_in_space, when there is none. */
static inline bool json_in_space_fast(struct json_in *in)
{
	return (in->p < in->end && (unsigned char)*in->p > ' ') || json_in_space(in);
}

/* json_in_take, when no white space stands before c. */
static inline bool json_in_take_fast(struct json_in *in, char c)
{
	if (in->p < in->end && *in->p == c) {
		in->p++;
		return true;
	}
	return json_in_take(in, c);
}

/* json_in_next, when no white space stands around. */
static inline bool json_in_next_fast(struct json_in *in, char close, bool *again)
{
	if (in->end - in->p >= 2 && *in->p == ',' && in->p[1] == '"') {
		in->p++;
		*again = true;
		return true;
	}
	return json_in_next(in, close, again);
}

#endif
