/*
 * The outer part of the decoder: a stack of places, one expectation, and units. A unit is a string,
 * a number or word, or a whole series; it is read where it lies, and only when it is cut off by the
 * end of a piece its beginning is carried over to the next. So nothing is read twice but that one
 * unit, and where the pieces end changes nothing in the outcome, the texts of errors included.
 */
#include "evaluator/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "evaluator/decode_series.h"

#define TEXT_SHOWN 400 /* bytes of an error of Prometheus that are passed on */

enum expect {
	EXPECT_START,
	EXPECT_KEY_OR_END,
	EXPECT_KEY,
	EXPECT_COLON,
	EXPECT_VALUE_OR_END,
	EXPECT_VALUE,
	EXPECT_NEXT, /* a comma or the end of the object or array */
	EXPECT_NOTHING,
};

enum place { PLACE_TOP, PLACE_DATA, PLACE_RESULT, PLACE_WARNINGS, PLACE_OBJECT, PLACE_ARRAY };

enum key {
	KEY_OTHER,
	KEY_STATUS,
	KEY_DATA,
	KEY_ERROR_TYPE,
	KEY_ERROR,
	KEY_WARNINGS,
	KEY_RESULT_TYPE,
	KEY_RESULT,
};

enum status { STATUS_NONE, STATUS_SUCCESS, STATUS_ERROR };
enum type { TYPE_NONE, TYPE_VECTOR, TYPE_SCALAR };
enum shape { SHAPE_NONE, SHAPE_EMPTY, SHAPE_SERIES, SHAPE_PAIR };
enum unit { UNIT_NONE, UNIT_STRING, UNIT_WORD, UNIT_SERIES };

static const struct {
	struct str name;
	enum place place;
	enum key key;
} keys[] = {
	{{"status", 6}, PLACE_TOP, KEY_STATUS},
	{{"data", 4}, PLACE_TOP, KEY_DATA},
	{{"errorType", 9}, PLACE_TOP, KEY_ERROR_TYPE},
	{{"error", 5}, PLACE_TOP, KEY_ERROR},
	{{"warnings", 8}, PLACE_TOP, KEY_WARNINGS},
	{{"resultType", 10}, PLACE_DATA, KEY_RESULT_TYPE},
	{{"result", 6}, PLACE_DATA, KEY_RESULT},
};

static bool is_object(enum place p)
{
	return p == PLACE_TOP || p == PLACE_DATA || p == PLACE_OBJECT;
}

static enum place place_now(const struct decoder *d)
{
	return d->place[d->depth - 1];
}

/* ---- life ------------------------------------------------------------------------------------ */

void decode_init(struct decoder *d, const struct limits *l, struct vector *out)
{
	*d = (struct decoder){.max_bytes = l->reply_bytes, .max_series = l->reply_series};
	buf_init(&d->carry, DECODE_SERIES_MAX + 2);
	buf_init(&d->text, DECODE_SERIES_MAX);
	buf_init(&d->error_type, DECODE_TOKEN_MAX);
	buf_init(&d->error, DECODE_TOKEN_MAX);
	decode_reset(d, out);
}

void decode_done(struct decoder *d)
{
	buf_done(&d->carry);
	buf_done(&d->text);
	buf_done(&d->error_type);
	buf_done(&d->error);
	free(d->enc);
	free(d->sorting);
	free(d->buckets);
	*d = (struct decoder){0};
}

void decode_reset(struct decoder *d, struct vector *out)
{
	vector_clear(out);
	d->out = out;
	d->fed = 0;
	d->expect = EXPECT_START;
	d->key = KEY_OTHER;
	d->depth = 0;
	d->seen = 0;
	buf_clear(&d->carry);
	d->carry_kind = UNIT_NONE;
	d->status = STATUS_NONE;
	d->type = TYPE_NONE;
	d->shape = SHAPE_NONE;
	d->pair_n = 0;
	d->no_value = false;
	buf_clear(&d->error_type);
	buf_clear(&d->error);
	d->failed = d->refused = false;
}

/* Sets the error of the whole answer; false. */
ATTR_PRINTF(2, 3) static bool fail(struct decoder *d, const char *fmt, ...)
{
	char msg[sizeof(d->err.msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	d->failed = true;
	return err_set(&d->err, -1, "%s", msg);
}

/* Marks the failure as one of this query: the answer as such makes sense. */
static bool refuse(struct decoder *d, bool failed)
{
	d->refused = true;
	return failed;
}

/* The same for bytes that do not belong where they stand. */
static bool fail_at(struct decoder *d, uint64_t at, const char *what)
{
	return fail(d, "bad answer at byte %llu: %s", (unsigned long long)at, what);
}

/* ---- what values mean ------------------------------------------------------------------------ */

static bool on_key(struct decoder *d, struct str name)
{
	d->key = KEY_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (place_now(d) != keys[i].place || !str_eq(name, keys[i].name))
			continue;
		if (d->seen & 1u << keys[i].key)
			return fail(d, "bad answer: \"%s\" twice", keys[i].name.p);
		d->seen |= 1u << keys[i].key;
		d->key = (uint8_t)keys[i].key;
	}
	d->expect = EXPECT_COLON;
	return true;
}

static bool on_result_type(struct decoder *d, struct str s)
{
	if (str_eq(s, STR("vector")))
		d->type = TYPE_VECTOR;
	else if (str_eq(s, STR("scalar")))
		d->type = TYPE_SCALAR;
	else
		return refuse(d, fail(d, "rule result is not a vector or scalar"));
	return true;
}

static bool on_status(struct decoder *d, struct str s)
{
	if (str_eq(s, STR("success")))
		d->status = STATUS_SUCCESS;
	else if (str_eq(s, STR("error")))
		d->status = STATUS_ERROR;
	return true;
}

/* A string where no key is due. */
static bool on_string(struct decoder *d, struct str s)
{
	enum place place = place_now(d);

	d->expect = EXPECT_NEXT;
	if (place == PLACE_WARNINGS)
		d->out->n_warnings++;
	if (place == PLACE_RESULT && d->pair_n++ == 1 && num_float(s, &d->pair_v) != NUM_OK)
		d->no_value = true;
	if (place != PLACE_TOP && place != PLACE_DATA)
		return true;
	switch ((enum key)d->key) {
	case KEY_STATUS: return on_status(d, s);
	case KEY_RESULT_TYPE: return on_result_type(d, s);
	case KEY_ERROR_TYPE: buf_add(&d->error_type, s); return true;
	case KEY_ERROR: buf_add(&d->error, s); return true;
	case KEY_OTHER:
	case KEY_DATA:
	case KEY_WARNINGS:
	case KEY_RESULT: return true;
	}
	return true;
}

/* A number, true, false or null. */
static bool on_word(struct decoder *d)
{
	d->expect = EXPECT_NEXT;
	if (place_now(d) == PLACE_RESULT)
		d->pair_n++;
	return true;
}

static bool on_series(struct decoder *d)
{
	d->expect = EXPECT_NEXT;
	if (d->out->n > d->max_series)
		return refuse(d, fail(d, "the answer has more than %zu series", d->max_series));
	return true;
}

/* ---- units ----------------------------------------------------------------------------------- */

static size_t unit_max(enum unit kind)
{
	return kind == UNIT_SERIES ? DECODE_SERIES_MAX : DECODE_TOKEN_MAX;
}

static bool read_unit(struct decoder *d, struct json_in *in, enum unit kind, struct str *s)
{
	if (kind == UNIT_SERIES)
		return decode_series(d, in);
	if (kind == UNIT_STRING)
		return json_in_string(in, &d->text, s);
	return json_in_skip(in, &d->text, 0);
}

/* Reads the unit that begins at byte `at` of the answer. Returns the first byte after it; NULL: it
 * is cut off, or d->failed. */
static const char *take_unit(struct decoder *d, enum unit kind, struct str text, uint64_t at)
{
	struct err err;
	struct str s = {0};
	size_t max = unit_max(kind);
	struct json_in in = {.p = text.p,
			     .begin = text.p,
			     .end = text.p + MIN(text.n, max + 1),
			     .err = &err};

	if (!read_unit(d, &in, kind, &s)) {
		if (!in.more)
			fail_at(d, at + (uint64_t)err.pos, err.msg);
		else if (text.n > max)
			fail(d, "the answer has a %s of more than %zu bytes",
			     kind == UNIT_SERIES ? "series" : "string", max);
		return NULL;
	}

	bool ok = kind == UNIT_SERIES	    ? on_series(d)
		  : kind == UNIT_WORD	    ? on_word(d)
		  : d->expect == EXPECT_KEY ? on_key(d, s)
					    : on_string(d, s);

	return ok ? in.p : NULL;
}

static bool ends_word(char c)
{
	return c == ',' || c == ']' || c == '}' || c == ':' || c == '"' || c == ' ' || c == '\n' ||
	       c == '\t' || c == '\r';
}

/* Where the carried unit ends in [p, end): behind its last byte, or NULL if it goes on. Looks only
 * at quotes and brackets. */
static const char *carry_end(struct decoder *d, const char *p, const char *end)
{
	if (d->carry_kind == UNIT_WORD) {
		while (p < end && !ends_word(*p))
			p++;
		return p < end ? p : NULL;
	}
	for (; p < end; p++) {
		if (d->carry_escape) {
			d->carry_escape = false;
		} else if (d->carry_string) {
			d->carry_escape = *p == '\\';
			d->carry_string = *p != '"';
		} else if (*p == '"') {
			d->carry_string = true;
		} else if (*p == '{' || *p == '[') {
			d->carry_depth++;
		} else if (*p == '}' || *p == ']') {
			d->carry_depth -= d->carry_depth > 0;
		}
		if (!d->carry_string && !d->carry_depth)
			return p + 1;
	}
	return NULL;
}

static void carry_add(struct decoder *d, const char *p, size_t n)
{
	/* One more than the maximum is enough to see that it is too long. */
	n = MIN(n, unit_max(d->carry_kind) + 1 - d->carry.n);
	buf_add(&d->carry, (struct str){.p = p, .n = n});
}

/* Reads what is carried. Its last `behind` bytes are not of the unit. */
static bool carry_take(struct decoder *d, size_t behind)
{
	struct str text = buf_str(&d->carry);
	const char *q = take_unit(d, d->carry_kind, text, d->carry_at);

	if (!q)
		return false;

	const char *end = text.p + text.n - behind;

	if (q != end) {
		struct json_in in = {.p = q, .begin = q, .end = end, .err = &d->err};

		json_in_unexpected(&in);
		return fail_at(d, d->carry_at + (uint64_t)(q - text.p), d->err.msg);
	}
	d->carry_kind = UNIT_NONE;
	buf_clear(&d->carry);
	return true;
}

/* Begins or goes on to carry what lies in [p, end). Returns where to go on; NULL: failed. */
static const char *carry_on(struct decoder *d, const char *p, const char *end)
{
	const char *q = carry_end(d, p, end);
	bool peek = q && d->carry_kind == UNIT_WORD; /* a number needs to see what is behind it */

	carry_add(d, p, (size_t)((q ? q : end) - p));
	if (!q && d->carry.n <= unit_max(d->carry_kind))
		return end;
	if (peek)
		buf_addc(&d->carry, *q);
	if (!carry_take(d, peek)) {
		if (!d->failed)
			fail_at(d, d->carry_at, "a series or string without an end");
		return NULL;
	}
	return q ? q : end;
}

/* A unit begins at p. Returns where to go on; NULL: failed. */
static const char *unit(struct decoder *d, enum unit kind, const char *p, const char *end,
			uint64_t at)
{
	const char *q = take_unit(d, kind, (struct str){.p = p, .n = (size_t)(end - p)}, at);

	if (q || d->failed)
		return q;
	d->carry_kind = (uint8_t)kind;
	d->carry_string = d->carry_escape = false;
	d->carry_depth = 0;
	d->carry_at = at;
	buf_clear(&d->carry);
	return carry_on(d, p, end);
}

/* ---- the walk -------------------------------------------------------------------------------- */

static bool push(struct decoder *d, enum place place)
{
	if (d->depth == DECODE_DEPTH)
		return fail(d, "bad answer: nested more than %d deep", DECODE_DEPTH);
	d->place[d->depth++] = (uint8_t)place;
	d->expect = is_object(place) ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	return true;
}

static void pop(struct decoder *d)
{
	d->depth--;
	d->expect = d->depth ? EXPECT_NEXT : EXPECT_NOTHING;
}

/* An object or array begins as the value of d->key. */
static bool open_value(struct decoder *d, bool object)
{
	enum place place = place_now(d);

	if (place == PLACE_TOP && d->key == KEY_DATA && object)
		return push(d, PLACE_DATA);
	if (place == PLACE_TOP && d->key == KEY_WARNINGS && !object)
		return push(d, PLACE_WARNINGS);
	if (place == PLACE_DATA && d->key == KEY_RESULT && !object) {
		d->shape = SHAPE_EMPTY;
		return push(d, PLACE_RESULT);
	}
	return push(d, object ? PLACE_OBJECT : PLACE_ARRAY);
}

static bool begins_number(char c)
{
	return c == '-' || (c >= '0' && c <= '9');
}

/* The shape of a result shows in its first element: series, or a time and a string. */
static bool on_element(struct decoder *d, char c, uint64_t at)
{
	enum shape shape = c == '{' ? SHAPE_SERIES : SHAPE_PAIR;
	bool fits = c == '{' || (d->pair_n == 0 ? begins_number(c) : c == '"' && d->pair_n == 1);

	if (!fits || (d->shape != SHAPE_EMPTY && d->shape != shape))
		return fail_at(d, at, "the result is neither series nor a number");
	d->shape = (uint8_t)shape;
	return true;
}

static bool begins_word(char c)
{
	return begins_number(c) || c == 't' || c == 'f' || c == 'n';
}

/* c at p, which is no white space. Returns where to go on; NULL: failed. */
static const char *value(struct decoder *d, const char *p, const char *end, uint64_t at)
{
	bool in_result = place_now(d) == PLACE_RESULT;

	if (*p != '{' && *p != '[' && *p != '"' && !begins_word(*p))
		return NULL;
	if (in_result && !on_element(d, *p, at))
		return NULL;
	if (in_result && *p == '{')
		return unit(d, UNIT_SERIES, p, end, at);
	if (*p == '{' || *p == '[')
		return open_value(d, *p == '{') ? p + 1 : NULL;
	return unit(d, *p == '"' ? UNIT_STRING : UNIT_WORD, p, end, at);
}

/* Past a comma or the end of the object or array. */
static const char *next(struct decoder *d, const char *p)
{
	bool object = is_object(place_now(d));

	if (*p == ',')
		d->expect = object ? EXPECT_KEY : EXPECT_VALUE;
	else if (*p == (object ? '}' : ']'))
		pop(d);
	else
		return NULL;
	return p + 1;
}

static const char *step(struct decoder *d, const char *p, const char *end, uint64_t at)
{
	switch ((enum expect)d->expect) {
	case EXPECT_START: return *p == '{' && push(d, PLACE_TOP) ? p + 1 : NULL;
	case EXPECT_KEY_OR_END:
		if (*p == '}')
			return next(d, p);
		d->expect = EXPECT_KEY;
		return *p == '"' ? unit(d, UNIT_STRING, p, end, at) : NULL;
	case EXPECT_KEY: return *p == '"' ? unit(d, UNIT_STRING, p, end, at) : NULL;
	case EXPECT_COLON: d->expect = EXPECT_VALUE; return *p == ':' ? p + 1 : NULL;
	case EXPECT_VALUE_OR_END:
		if (*p == ']')
			return next(d, p);
		return value(d, p, end, at);
	case EXPECT_VALUE: return value(d, p, end, at);
	case EXPECT_NEXT: return next(d, p);
	case EXPECT_NOTHING: break;
	}
	return NULL;
}

static void walk(struct decoder *d, const char *begin, const char *end)
{
	const char *p = begin;

	if (d->carry_kind) {
		p = carry_on(d, p, end);
		if (!p)
			return;
	}
	while (p < end) {
		struct json_in in = {.p = p, .end = end, .begin = p, .err = &d->err};

		if (!json_in_space(&in))
			return;
		p = in.p;

		const char *q = step(d, p, end, d->fed + (uint64_t)(p - begin));

		if (!q) {
			in.p = p;
			if (!d->failed && !json_in_unexpected(&in))
				fail_at(d, d->fed + (uint64_t)(p - begin), d->err.msg);
			return;
		}
		p = q;
	}
}

bool decode_feed(struct decoder *d, struct str bytes)
{
	bool fits = bytes.n <= d->max_bytes - d->fed;

	if (d->failed || !bytes.n)
		return !d->failed;
	if (!fits)
		bytes.n = (size_t)(d->max_bytes - d->fed);
	walk(d, bytes.p, bytes.p + bytes.n);
	d->fed += bytes.n;
	if (!fits && !d->failed)
		refuse(d, fail(d, "the answer is longer than %zu bytes", d->max_bytes));
	return !d->failed;
}

/* ---- the end --------------------------------------------------------------------------------- */

static bool whole(struct decoder *d)
{
	if (d->carry_kind && !carry_take(d, 0) && d->failed)
		return false;
	if (!d->fed)
		return fail(d, "the answer is empty");
	if (d->expect != EXPECT_NOTHING || d->carry_kind)
		return fail(d, "the answer ends in the middle, after %llu bytes",
			    (unsigned long long)d->fed);
	return true;
}

static bool fail_envelope(struct decoder *d)
{
	int type = (int)MIN(d->error_type.n, (size_t)TEXT_SHOWN / 4);
	int msg = (int)MIN(d->error.n, (size_t)TEXT_SHOWN);

	if (!type && !msg)
		return refuse(d,
			      fail(d, "Prometheus answered with an error that it does not name"));
	return refuse(d, fail(d, "%.*s%s%.*s", type, d->error_type.p, type && msg ? ": " : "", msg,
			      d->error.p));
}

/* An answer that is whole: is it a result? */
static bool judge(struct decoder *d)
{
	if (d->status == STATUS_ERROR)
		return fail_envelope(d);
	if (d->status != STATUS_SUCCESS)
		return fail(d, "bad answer: no \"status\" of success or error");
	if (d->type == TYPE_NONE || d->shape == SHAPE_NONE)
		return fail(d, "bad answer: no \"%s\"",
			    d->type == TYPE_NONE ? "resultType" : "result");
	if (d->type == TYPE_SCALAR && (d->shape != SHAPE_PAIR || d->pair_n != 2))
		return fail(d, "bad answer: a scalar that is no time and value");
	if (d->type == TYPE_VECTOR && d->shape == SHAPE_PAIR)
		return fail(d, "bad answer: a vector that is no list of series");
	if (d->no_value)
		return fail(d, "bad answer: a %s without a value",
			    d->type == TYPE_SCALAR ? "scalar" : "series");
	return true;
}

bool decode_end(struct decoder *d, struct err *err)
{
	if (d->failed || !whole(d) || !judge(d)) {
		vector_clear(d->out);
		return err_set(err, -1, "%s", d->err.msg);
	}
	if (d->type == TYPE_SCALAR) {
		d->out->scalar = true;
		vector_add(d->out, (struct sample){.v = d->pair_v});
	}
	return true;
}

/* The words of a page or text: without tags, in one line. */
static void put_words(struct buf *b, struct str s)
{
	bool tag = false, gap = false;

	for (size_t i = 0; i < s.n && b->n < TEXT_SHOWN / 2; i++) {
		char c = s.p[i];

		if (c == '<' || tag) {
			tag = c != '>';
			gap = true;
		} else if ((unsigned char)c <= ' ' || c == 0x7F) {
			gap = true;
		} else {
			if (gap && b->n)
				buf_addc(b, ' ');
			gap = false;
			buf_addc(b, c);
		}
	}
}

bool decode_error_body(int status, struct str body, struct err *err)
{
	struct limits l = {.reply_bytes = DECODE_TOKEN_MAX};
	struct vector v;
	struct decoder d;
	struct buf words;

	vector_init(&v);
	decode_init(&d, &l, &v);
	buf_init(&words, TEXT_SHOWN);
	decode_feed(&d, body);
	if (!decode_end(&d, err) && d.status == STATUS_ERROR && d.expect == EXPECT_NOTHING) {
		/* err is the envelope's */
	} else {
		if (str_is_utf8(body))
			put_words(&words, body);
		while (!str_is_utf8(buf_str(&words)))
			words.n--; /* cut within a character */
		err_set(err, -1, "HTTP %d%s%.*s", status, words.n ? ": " : "", (int)words.n,
			words.n ? words.p : "");
	}
	buf_done(&words);
	decode_done(&d);
	vector_done(&v);
	return false;
}
