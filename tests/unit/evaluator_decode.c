/* The decoder of query answers: by hand, against jansson, in every way of cutting. */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "base/buf.h"
#include "tests/unit/reply_oracle.h"

#define OK_HEAD "{\"status\":\"success\",\"data\":{\"resultType\":"

struct fixture {
	struct limits limits;
	struct vector v;
	struct decoder d;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	limits_default(&f->limits);
	vector_init(&f->v);
	decode_init(&f->d, &f->limits, &f->v);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	decode_done(&f->d);
	vector_done(&f->v);
	free(f);
	return 0;
}

static bool decode(struct fixture *f, struct str text, size_t piece)
{
	decode_reset(&f->d, &f->v);
	for (size_t at = 0; at < text.n; at += piece) {
		struct str s = str_cut(text, at, at + piece);
		char *copy = malloc(s.n); /* so that a look behind the piece is found out */

		memcpy(copy, s.p, s.n);
		decode_feed(&f->d, (struct str){.p = copy, .n = s.n});
		free(copy);
	}
	return decode_end(&f->d, &f->err);
}

/* In all sizes of pieces up to 40, and whole, the outcome is the same. */
static bool decode_any(struct fixture *f, struct str text)
{
	bool ok = decode(f, text, text.n + 1);
	struct err err = f->err;

	for (size_t piece = 1; piece <= MIN(text.n, (size_t)40); piece++) {
		bool again = decode(f, text, piece);

		if (again != ok || (!ok && strcmp(err.msg, f->err.msg) != 0))
			fail_msg("pieces of %zu: %s, whole: %s: %.*s", piece,
				 again ? "ok" : f->err.msg, ok ? "ok" : err.msg, STR_ARG(text));
	}
	return decode(f, text, text.n + 1);
}

static void expect_error(struct fixture *f, struct str text, const char *want)
{
	if (decode_any(f, text))
		fail_msg("taken: %.*s", STR_ARG(text));
	assert_string_equal(f->err.msg, want);
	assert_int_equal(f->v.n, 0);
}

static void expect_labels(struct labels ls, const char *want)
{
	struct buf b;

	buf_init(&b, 10000);
	labels_put_json(&b, ls);
	assert_string_equal(buf_cstr(&b), want);
	assert_true(labels_valid(labels_bytes(ls)));
	buf_done(&b);
}

static void test_vector(void **state)
{
	struct fixture *f = *state;

	assert_true(decode_any(f, STR(OK_HEAD
				      "\"vector\",\"result\":["
				      "{\"metric\":{\"__name__\":\"up\",\"job\":\"node\"},"
				      "\"value\":[1435781430.781,\"1\"]},"
				      "{\"metric\":{},\"value\":[1435781430.781,\"NaN\"]},"
				      "{\"metric\":{\"a\":\"b\"},\"value\":[1435781430,\"-Inf\"]},"
				      "{\"metric\":{\"a\":\"c\"},\"value\":[1e9,\"1.5e-07\"]}"
				      "]},\"warnings\":[\"one\",\"two\"],\"infos\":[\"x\"]}\n")));
	assert_int_equal(f->v.n, 4);
	assert_false(f->v.scalar);
	assert_int_equal(f->v.n_warnings, 2);
	expect_labels(f->v.v[0].labels, "{\"__name__\":\"up\",\"job\":\"node\"}");
	assert_true(f->v.v[0].v == 1.0);
	expect_labels(f->v.v[1].labels, "{}");
	assert_true(isnan(f->v.v[1].v));
	assert_true(isinf(f->v.v[2].v) && f->v.v[2].v < 0);
	assert_true(f->v.v[3].v == 1.5e-07);
	assert_ptr_equal(vector_find(&f->v, f->v.v[2].labels), &f->v.v[2]);
}

static void test_scalar_and_empty(void **state)
{
	struct fixture *f = *state;

	assert_true(decode_any(f, STR(OK_HEAD "\"scalar\",\"result\":[1.5,\"42\"]}}")));
	assert_true(f->v.scalar);
	assert_int_equal(f->v.n, 1);
	assert_int_equal(f->v.v[0].labels.n, 0);
	assert_true(f->v.v[0].v == 42.0);

	assert_true(decode_any(f, STR(OK_HEAD "\"vector\",\"result\":[]}}")));
	assert_false(f->v.scalar);
	assert_int_equal(f->v.n, 0);
}

static void test_any_order(void **state)
{
	struct fixture *f = *state;

	assert_true(decode_any(
		f, STR(" {\n \"infos\" : [ ] "
		       ",\t\"extra\":{\"a\":[1,-2.5e+3,true,false,null,\"\\\"]\"],"
		       "\"b\":{}},\"data\" : { \"result\" : [ { \"value\" : [ 0 , \"7\" ] ,"
		       " \"x\" : [ { } ] , \"metric\" : { \"z\" : \"1\" , \"a\" : \"2\" ,"
		       " \"m\" : \"\" } } ] , \"stats\":null, \"resultType\" : \"vector\" } ,\r\n"
		       " \"status\" : \"success\" } \n")));
	assert_int_equal(f->v.n, 1);
	expect_labels(f->v.v[0].labels, "{\"a\":\"2\",\"z\":\"1\"}");
	assert_true(f->v.v[0].v == 7.0);
}

#define ONE(labels) \
	OK_HEAD "\"vector\",\"result\":[{\"metric\":{" labels "},\"value\":[0,\"1\"]}]}}"

static void test_strings(void **state)
{
	struct fixture *f = *state;

	assert_true(decode_any(f, STR(ONE("\"a\\u0062\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u00e9"
					  "\\u20ac\\ud83d\\ude00\u00e9\u20ac\U0001f600\""))));
	assert_true(str_eq(labels_get(f->v.v[0].labels, STR("ab")),
			   STR("\"\\/\b\f\n\r\t\x01\u00e9\u20ac\U0001f600\u00e9\u20ac\U0001f600")));
	expect_error(f, STR(ONE("\"a\":\"\\ud83d\"")),
		     "bad answer at byte 82: half a surrogate pair");
	expect_error(f, STR(ONE("\"a\":\"\\ude00\"")),
		     "bad answer at byte 82: half a surrogate pair");
	expect_error(f, STR(ONE("\"a\":\"\\ud83d\\u0041\"")),
		     "bad answer at byte 88: half a surrogate pair");
	expect_error(f, STR(ONE("\"a\":\"\\x\"")), "bad answer at byte 78: bad escape in a string");
	expect_error(f, STR(ONE("\"a\":\"\\u12g4\"")), "bad answer at byte 80: bad \\u escape");
	expect_error(f, STR(ONE("\"a\":\"x\ny\"")),
		     "bad answer at byte 77: control character in a string");
	expect_error(f, STR(ONE("\"a\":\"x\xffy\"")), "bad answer at byte 79: string is not UTF-8");
}

static void test_labels(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	expect_error(f, STR(ONE("\"a\":\"1\",\"a\":\"2\"")),
		     "bad answer at byte 104: label \"a\" twice in one series");
	expect_error(f, STR(ONE("\"b\":\"1\",\"a\":\"2\",\"b\":\"\"")),
		     "bad answer at byte 111: label \"b\" twice in one series");
	expect_error(f, STR(ONE("\"\":\"1\"")), "bad answer at byte 73: a label without a name");
	expect_error(f, STR(ONE("\"a\":1")), "bad answer at byte 75: unexpected '1'");

	/* Lengths around the one-byte limit, in order and out of order. */
	for (size_t n = 250; n < 260; n++) {
		buf_init(&b, 10000);
		buf_adds(&b, OK_HEAD "\"vector\",\"result\":[{\"metric\":{\"");
		buf_fill(&b, 'n', n);
		buf_adds(&b, "\":\"");
		buf_fill(&b, 'v', n);
		buf_adds(&b, n % 2 ? "\",\"a\":\"1\"" : "\",\"z\":\"1\"");
		buf_adds(&b, "},\"value\":[0,\"1\"]}]}}");
		assert_true(decode_any(f, buf_str(&b)));
		assert_true(labels_valid(labels_bytes(f->v.v[0].labels)));
		assert_int_equal(labels_count(f->v.v[0].labels), 2);
		buf_done(&b);
	}
}

static void test_bad_answers(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"", "the answer is empty"},
		{"   ", "the answer ends in the middle, after 3 bytes"},
		{"<html>", "bad answer at byte 0: unexpected '<'"},
		{"[]", "bad answer at byte 0: unexpected '['"},
		{"{}", "bad answer: no \"status\" of success or error"},
		{"{} x", "bad answer at byte 3: unexpected 'x'"},
		{"{\"status\":\"success\"}", "bad answer: no \"resultType\""},
		{"{\"status\":\"maybe\"}", "bad answer: no \"status\" of success or error"},
		{"{\"status\":tru}", "bad answer at byte 13: unexpected '}'"},
		{"{\"status\":01}", "bad answer at byte 11: unexpected '1'"},
		{"{\"a\":-}", "bad answer at byte 6: unexpected '}'"},
		{"{\"a\":[1,]}", "bad answer at byte 8: unexpected ']'"},
		{"{\"a\":1,}", "bad answer at byte 7: unexpected '}'"},
		{"{\"a\":[1}", "bad answer at byte 7: unexpected '}'"},
		{"{\"status\":\"success\",\"status\":\"error\"}", "bad answer: \"status\" twice"},
		{OK_HEAD "\"vector\"}}", "bad answer: no \"result\""},
		{OK_HEAD "\"vector\",\"result\":null}}", "bad answer: no \"result\""},
		{OK_HEAD "\"matrix\",\"result\":[]}}", "rule result is not a vector or scalar"},
		{OK_HEAD "\"string\",\"result\":[1,\"x\"]}}",
		 "rule result is not a vector or scalar"},
		{"{\"status\":\"success\",\"data\":{\"result\":[{\"metric\":{},\"values\":[[1,"
		 "\"2\"]]}],\"resultType\":\"matrix\"}}",
		 "rule result is not a vector or scalar"},
		{"{\"status\":\"success\",\"data\":{\"result\":[1,\"x\"],\"resultType\":"
		 "\"string\"}}",
		 "rule result is not a vector or scalar"},
		{OK_HEAD "\"vector\",\"result\":[1,\"2\"]}}",
		 "bad answer: a vector that is no list of series"},
		{OK_HEAD "\"vector\",\"result\":[{},[]]}}",
		 "bad answer at byte 63: the result is neither series nor a number"},
		{OK_HEAD "\"scalar\",\"result\":[]}}",
		 "bad answer: a scalar that is no time and value"},
		{OK_HEAD "\"scalar\",\"result\":[1,\"x\"]}}",
		 "bad answer: a scalar without a value"},
		{OK_HEAD "\"vector\",\"result\":[{\"metric\":{}}]}}",
		 "bad answer: a series without a value"},
		{OK_HEAD "\"vector\",\"result\":[{\"value\":[0,\"1\"]}]}}",
		 "bad answer at byte 77: a series without \"metric\""},
		{ONE("") "}", "bad answer at byte 92: unexpected '}'"},
		{"{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"1:2: parse error\"}",
		 "bad_data: 1:2: parse error"},
		{"{\"error\":\"too \\\"slow\\\"\",\"status\":\"error\"}", "too \"slow\""},
		{"{\"status\":\"error\",\"data\":null}",
		 "Prometheus answered with an error that it does not name"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		expect_error(*state, str_of(cases[i].text), cases[i].want);
}

/* Every head of a good answer is half an answer. */
static void test_half_answers(void **state)
{
	struct fixture *f = *state;
	struct str good = STR(ONE("\"a\":\"\\u00e9\",\"b\":\"x\"") " ");
	char want[100];

	for (size_t n = 1; n < good.n - 1; n++) {
		snprintf(want, sizeof(want), "the answer ends in the middle, after %zu bytes", n);
		expect_error(f, str_cut(good, 0, n), want);
	}
	assert_true(decode_any(f, good));
}

static void test_values(void **state)
{
	struct fixture *f = *state;

	expect_error(f,
		     STR(OK_HEAD "\"vector\",\"result\":[{\"metric\":{},\"value\":[0,\"one\"]}]}}"),
		     "bad answer at byte 89: \"one\" is not a sample value");
	expect_error(f, STR(OK_HEAD "\"vector\",\"result\":[{\"metric\":{},\"value\":[0,1]}]}}"),
		     "bad answer at byte 84: unexpected '1'");
	expect_error(f,
		     STR(OK_HEAD "\"vector\",\"result\":[{\"metric\":{},\"value\":[0,\"1\",2]}]}}"),
		     "bad answer at byte 87: unexpected ','");
	expect_error(f, STR(OK_HEAD "\"vector\",\"result\":[{\"metric\":{},\"metric\":{}}]}}"),
		     "bad answer at byte 81: \"metric\" twice in one series");
}

static void test_limits(void **state)
{
	struct fixture *f = *state;
	struct limits l = {.reply_bytes = 200, .reply_series = 2};
	struct buf b;

	decode_done(&f->d);
	decode_init(&f->d, &l, &f->v);
	assert_true(decode_any(f, STR(OK_HEAD "\"vector\",\"result\":["
					      "{\"metric\":{},\"value\":[0,\"1\"]},"
					      "{\"metric\":{},\"value\":[0,\"1\"]}]}}")));
	expect_error(f,
		     STR(OK_HEAD "\"vector\",\"result\":[{\"metric\":{},\"value\":[0,\"1\"]},"
				 "{\"metric\":{},\"value\":[0,\"1\"]},"
				 "{\"metric\":{},\"value\":[0,\"1\"]}]}}"),
		     "the answer has more than 2 series");
	buf_init(&b, 1000);
	buf_fill(&b, ' ', 201);
	expect_error(f, buf_str(&b), "the answer is longer than 200 bytes");
	buf_clear(&b);
	buf_adds(&b, "{\"a\":");
	buf_fill(&b, '[', 100);
	expect_error(f, buf_str(&b), "bad answer: nested more than 64 deep");
	buf_clear(&b);
	buf_adds(&b, "{\"data\":{\"result\":[{\"x\":");
	buf_fill(&b, '[', 100);
	assert_false(decode(f, buf_str(&b), b.n));
	assert_non_null(strstr(f->err.msg, "nested too deep"));
	buf_done(&b);
}

static void test_long_tokens(void **state)
{
	struct fixture *f = *state;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t piece = 100000; piece < 30000000; piece *= 17) {
		buf_clear(&b);
		buf_adds(&b, "{\"x\":\"");
		buf_fill(&b, 'x', DECODE_TOKEN_MAX + 10);
		buf_adds(&b, "\"}");
		assert_false(decode(f, buf_str(&b), piece));
		assert_string_equal(f->err.msg,
				    "the answer has a string of more than 1048576 bytes");
		buf_clear(&b);
		buf_adds(&b, "{\"data\":{\"result\":[{\"metric\":{\"a\":\"");
		buf_fill(&b, 'x', DECODE_SERIES_MAX);
		buf_adds(&b, "\"},\"value\":[0,\"1\"]}]}}");
		assert_false(decode(f, buf_str(&b), piece));
		assert_string_equal(f->err.msg,
				    "the answer has a series of more than 8388608 bytes");
	}
	buf_done(&b);
}

static void test_histogram(void **state)
{
	struct fixture *f = *state;

	/* As Prometheus prints {{schema:0 sum:5 count:9 z_bucket:1 z_bucket_w:0.001
	 * buckets:[2 0 1] n_buckets:[2 3]}}: filled buckets only, from the lowest bound up. */
	assert_true(
		decode_any(f,
			   STR(OK_HEAD
			       "\"vector\",\"result\":[{\"metric\":{\"a\":\"b\"},\"histogram\":[0,{"
			       "\"count\":\"9\",\"sum\":\"5\",\"buckets\":["
			       "[1,\"-2\",\"-1\",\"3\"],[1,\"-1\",\"-0.5\",\"2\"],"
			       "[3,\"-0.001\",\"0.001\",\"1\"],"
			       "[0,\"0.5\",\"1\",\"2\"],[0,\"2\",\"4\",\"1\"]]}]}]}}")));
	struct histogram *h = f->v.v[0].h;

	assert_non_null(h);
	assert_int_equal(h->schema, 0);
	assert_true(h->count == 9 && h->sum == 5 && h->zero_count == 1);
	assert_true(h->zero_threshold == 0.001);
	assert_int_equal(h->pos.n_spans, 2);
	assert_int_equal(h->pos.spans[0].offset, 0);
	assert_int_equal(h->pos.spans[0].length, 1);
	assert_int_equal(h->pos.spans[1].offset, 1);
	assert_int_equal(h->pos.spans[1].length, 1);
	assert_true(h->pos.counts[0] == 2 && h->pos.counts[1] == 1);
	assert_int_equal(h->neg.n_spans, 1);
	assert_int_equal(h->neg.spans[0].offset, 0);
	assert_int_equal(h->neg.spans[0].length, 2);
	assert_true(h->neg.counts[0] == 2 && h->neg.counts[1] == 3);
	expect_error(f,
		     STR(OK_HEAD
			 "\"vector\",\"result\":[{\"metric\":{},\"histogram\":[0,{\"count\":"
			 "\"1\"}]}]}}"),
		     "bad answer at byte 101: a histogram without count or sum");
}

/* Each schema is found again from any one of its buckets. */
static void test_histogram_schemas(ATTR_UNUSED void **state)
{
	struct arena a;

	arena_init(&a);
	for (int schema = -4; schema <= 8; schema++) {
		int most = MIN(1020 * (schema < 0 ? 1 : 1 << schema) >> (schema < 0 ? -schema : 0),
			       3000);

		for (int i = 1 - most; i < most; i += 1 + most / 50) {
			struct decode_bucket b = {.lo = exp2(ldexp(i - 1, -schema)),
						  .hi = exp2(ldexp(i, -schema)),
						  .count = 3};
			struct histogram *h = decode_histogram(&a, 3, 1, &b, 1);

			assert_int_equal(h->schema, schema);
			assert_int_equal(h->pos.spans[0].offset, i);
		}
	}
	arena_done(&a);
}

static void test_histogram_custom(ATTR_UNUSED void **state)
{
	static const struct decode_bucket v[] = {{3, -HUGE_VAL, 1, 4},
						 {0, 1, 2.5, 5},
						 {0, 10, HUGE_VAL, 6}};
	struct arena a;

	arena_init(&a);

	struct histogram *h = decode_histogram(&a, 15, 1, v, ARRAY_LEN(v));

	assert_int_equal(h->schema, HISTOGRAM_CUSTOM_SCHEMA);
	assert_int_equal(h->n_custom_values, 3);
	assert_true(h->custom_values[0] == 1 && h->custom_values[1] == 2.5);
	assert_true(h->custom_values[2] == 10);
	assert_int_equal(h->pos.n_spans, 2);
	assert_int_equal(h->pos.spans[0].offset, 0);
	assert_int_equal(h->pos.spans[0].length, 2);
	assert_int_equal(h->pos.spans[1].offset, 1);
	arena_done(&a);
}

static void expect_body(int status, struct str body, const char *want)
{
	struct err err;

	assert_false(decode_error_body(status, body, &err));
	assert_string_equal(err.msg, want);
}

static void test_error_bodies(ATTR_UNUSED void **state)
{
	expect_body(422, STR("{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"x\"}"),
		    "execution: x");
	expect_body(503, STR(""), "HTTP 503");
	expect_body(502, STR("<html>\r\n<head><title>502 Bad  Gateway</title></head>"),
		    "HTTP 502: 502 Bad Gateway");
	expect_body(400, STR("{\"status\":\"error\""), "HTTP 400: {\"status\":\"error\"");
	expect_body(500, STR("\xff\xfe"), "HTTP 500");
	expect_body(404, STR(ONE("")), "HTTP 404: " ONE(""));
}

/* ---- against jansson ------------------------------------------------------------------------- */

struct dice {
	uint64_t x;
};

static uint32_t roll(struct dice *r, uint32_t n)
{
	r->x = r->x * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(r->x >> 33) % n;
}

static void put_space(struct buf *b, struct dice *r)
{
	if (roll(r, 12) == 0)
		buf_addc(b, " \n\t\r"[roll(r, 4)]);
}

static void put_any_string(struct buf *b, struct dice *r)
{
	static const char *const pieces[] = {
		"a",	     "_",      "host-1.example:9100",
		"\\n",	     "\\\\",   "\\\"",
		"\\u00e9",   "\u00e9", "\\ud83d\\ude00",
		"\u20ac",    " ",      "\\u0000",
		"\\/",	     "{}[],:", "0123456789abcdef",
		"Z",	     "b",      "\U0001f600",
		"\\uD800\\", "\\u12",  "\xff",
		"\x01",
	};
	uint32_t n = roll(r, 20) ? roll(r, 4) : roll(r, 80);

	buf_addc(b, '"');
	for (uint32_t i = 0; i < n; i++)
		buf_adds(b,
			 pieces[roll(r, roll(r, 400) ? ARRAY_LEN(pieces) - 4 : ARRAY_LEN(pieces))]);
	buf_addc(b, '"');
}

static void put_any_value(struct buf *b, struct dice *r, int depth)
{
	static const char *const words[] = {"1",    "-0.5e3", "true", "false", "null",
					    "1E+2", "0",      "nul",  "1.",    "-"};
	uint32_t kind = depth > 4 ? 0 : roll(r, 5), n = roll(r, 3);

	if (kind < 2) {
		buf_adds(b, words[roll(r, roll(r, 100) ? 7 : ARRAY_LEN(words))]);
	} else if (kind == 2) {
		put_any_string(b, r);
	} else {
		buf_addc(b, kind == 3 ? '[' : '{');
		for (uint32_t i = 0; i < n; i++) {
			buf_adds(b, i ? "," : "");
			if (kind == 4)
				buf_printf(b, "\"k%u\":", i);
			put_any_value(b, r, depth + 1);
		}
		buf_addc(b, kind == 3 ? ']' : '}');
	}
}

static void put_metric(struct buf *b, struct dice *r)
{
	uint32_t n = roll(r, 8), sorted = roll(r, 3);

	buf_adds(b, "\"metric\":{");
	for (uint32_t i = 0; i < n; i++) {
		put_space(b, r);
		buf_adds(b, i ? "," : "");
		put_space(b, r);
		if (sorted)
			buf_printf(b, "\"l%u\"", i);
		else
			put_any_string(b, r);
		put_space(b, r);
		buf_addc(b, ':');
		put_any_string(b, r);
	}
	buf_addc(b, '}');
}

static void put_sample(struct buf *b, struct dice *r)
{
	static const char *const values[] = {"1",      "-0",	  "NaN", "+Inf",
					     "1e-300", "3.14159", "x",	 ""};
	uint32_t n = ARRAY_LEN(values) - (roll(r, 50) ? 2 : 0);

	if (roll(r, 10) == 0)
		buf_printf(b,
			   "\"histogram\":[1,{\"count\":\"%u\",\"buckets\":[[%u,\"1\",\"2\",\"3\"]]"
			   ","
			   "\"sum\":\"2\"}]",
			   roll(r, 9), roll(r, 4));
	else
		buf_printf(b, "\"value\":[%u.%03u,\"%s\"]", roll(r, 2000000000), roll(r, 1000),
			   values[roll(r, n)]);
}

static void put_series(struct buf *b, struct dice *r)
{
	bool first = roll(r, 2);

	buf_addc(b, '{');
	put_space(b, r);
	if (first)
		put_metric(b, r);
	else
		put_sample(b, r);
	buf_addc(b, ',');
	if (roll(r, 10) == 0) {
		buf_adds(b, "\"other\":");
		put_any_value(b, r, 0);
		buf_addc(b, ',');
	}
	if (first)
		put_sample(b, r);
	else
		put_metric(b, r);
	put_space(b, r);
	buf_addc(b, '}');
}

static void put_data(struct buf *b, struct dice *r)
{
	uint32_t n = roll(r, 6), type_first = roll(r, 2);
	const char *type = roll(r, 20) ? "vector" : roll(r, 2) ? "scalar" : "matrix";

	buf_addc(b, '{');
	if (type_first)
		buf_printf(b, "\"resultType\":\"%s\",", type);
	buf_adds(b, "\"result\":[");
	for (uint32_t i = 0; i < n; i++) {
		buf_adds(b, i ? "," : "");
		put_series(b, r);
	}
	if (!n && roll(r, 2))
		buf_adds(b, "1.5,\"2\"");
	buf_addc(b, ']');
	if (!type_first)
		buf_printf(b, ",\"resultType\":\"%s\"", type);
	buf_addc(b, '}');
}

static void put_answer(struct buf *b, struct dice *r)
{
	buf_clear(b);
	put_space(b, r);
	buf_adds(b, "{\"status\":\"success\"");
	if (roll(r, 4) == 0) {
		buf_adds(b, ",\"x\":");
		put_any_value(b, r, 0);
	}
	buf_adds(b, ",\"data\":");
	put_data(b, r);
	if (roll(r, 4) == 0)
		buf_adds(b, ",\"warnings\":[\"a\",1]");
	buf_addc(b, '}');
	put_space(b, r);
	if (roll(r, 10) == 0)
		b->n = roll(r, (uint32_t)b->n);
	if (b->n && roll(r, 10) == 0)
		b->p[roll(r, (uint32_t)b->n)] = "\"{}[],:0a\\ \xff"[roll(r, 12)];
}

static void test_against_jansson(void **state)
{
	struct fixture *f = *state;
	struct dice r = {.x = 42};
	struct vector want;
	struct buf b;
	size_t good = 0, bad = 0;

	vector_init(&want);
	buf_init(&b, BUF_MAX_ANY);
	for (int i = 0; i < 5000; i++) {
		put_answer(&b, &r);

		enum oracle verdict = oracle_decode(buf_str(&b), &want);
		bool ok = i % 16 ? decode(f, buf_str(&b), 1 + roll(&r, 400))
				 : decode_any(f, buf_str(&b));

		if (verdict == ORACLE_UNSURE)
			continue;
		if (ok != (verdict == ORACLE_OK) || (ok && !oracle_same(&f->v, &want)))
			fail_msg("%s, jansson says %s: %.*s", ok ? "taken" : f->err.msg,
				 verdict == ORACLE_OK ? "good" : "bad", STR_ARG(buf_str(&b)));
		good += ok;
		bad += !ok;
	}
	assert_true(good > 1000 && bad > 500);
	buf_done(&b);
	vector_done(&want);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

TEST_GROUP(decode, WITH(test_vector), WITH(test_scalar_and_empty), WITH(test_any_order),
	   WITH(test_strings), WITH(test_labels), WITH(test_bad_answers), WITH(test_half_answers),
	   WITH(test_values), WITH(test_limits), WITH(test_long_tokens), WITH(test_histogram),
	   cmocka_unit_test(test_histogram_schemas), cmocka_unit_test(test_histogram_custom),
	   cmocka_unit_test(test_error_bodies), WITH(test_against_jansson))
