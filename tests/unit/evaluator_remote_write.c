/* Remote write bodies, read back by a small reader of protobuf that knows nothing of the writer. */
#include "tests/unit/unit.h"

#include <math.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluator/remote_write.h"
#include "promql/histogram.h"

static uint64_t take_varint(const unsigned char **p, const unsigned char *end)
{
	uint64_t v = 0;

	for (int shift = 0;; shift += 7) {
		assert_true(*p < end && shift < 70);
		v |= (uint64_t)(**p & 0x7F) << shift;
		if (!(*(*p)++ & 0x80))
			return v;
	}
}

/* Writes a message as text, fields in order: 1{...} for a nested message, 1=... for the rest. The
 * path is that of fields from the outermost message down. */
static void dump(struct buf *b, const unsigned char *p, size_t n, const char *path)
{
	static const char *const messages[] = {"/1", "/1/1", "/1/2", "/1/4", "/1/4/8", "/1/4/11"};
	static const char *const doubles[] = {"/1/4/10", "/1/4/13", "/1/4/16"};
	const unsigned char *end = p + n;

	while (p < end) {
		uint64_t tag = take_varint(&p, end), len;
		char sub[64];
		double v;
		bool message = false, packed = false;

		snprintf(sub, sizeof(sub), "%s/%d", path, (int)(tag >> 3));
		for (size_t i = 0; i < ARRAY_LEN(messages); i++)
			message = message || strcmp(sub, messages[i]) == 0;
		for (size_t i = 0; i < ARRAY_LEN(doubles); i++)
			packed = packed || strcmp(sub, doubles[i]) == 0;
		buf_printf(b, " %d", (int)(tag >> 3));
		switch (tag & 7) {
		case 0: buf_printf(b, "=%lld", (long long)take_varint(&p, end)); break;
		case 1:
			assert_true(end - p >= 8);
			memcpy(&v, p, 8);
			p += 8;
			buf_printf(b, "=%g", v);
			break;
		case 2:
			len = take_varint(&p, end);
			assert_true(len <= (size_t)(end - p));
			if (message) {
				buf_adds(b, "{");
				dump(b, p, len, sub);
				buf_adds(b, " }");
			} else if (packed) {
				assert_int_equal(len % 8, 0);
				for (size_t i = 0; i < len; i += 8) {
					memcpy(&v, p + i, 8);
					buf_printf(b, "%s%g", i ? "," : "=", v);
				}
			} else {
				buf_printf(b, "=\"%.*s\"", (int)len, (const char *)p);
			}
			p += len;
			break;
		default: fail_msg("wire type %d", (int)(tag & 7));
		}
	}
}

static void expect(struct remote_write *w, const char *want)
{
	struct arena a;
	struct str body;
	struct err err;
	struct buf b;
	size_t n;

	arena_init(&a);
	buf_init(&b, 100000);
	assert_true(remote_write_finish(w, &a, &body, &err));
	assert_int_equal(snappy_uncompressed_length(body.p, body.n, &n), SNAPPY_OK);

	char *plain = malloc(n + 1);

	assert_int_equal(snappy_uncompress(body.p, body.n, plain, &n), SNAPPY_OK);
	dump(&b, (const unsigned char *)plain, n, "");
	assert_string_equal(buf_cstr(&b), want);
	free(plain);
	buf_done(&b);
	arena_done(&a);
}

static struct labels make(struct arena *a, const char *n1, const char *v1, const char *n2,
			  const char *v2)
{
	struct labels_builder lb;

	labels_builder_init(&lb);
	labels_builder_set(&lb, str_of(n1), str_of(v1));
	labels_builder_set(&lb, str_of(n2), str_of(v2));

	struct labels ls = labels_builder_build(&lb, a);

	labels_builder_done(&lb);
	return ls;
}

static void test_samples(ATTR_UNUSED void **state)
{
	struct remote_write w;
	struct arena a;
	char value[301], want[1000];

	arena_init(&a);
	remote_write_init(&w);
	remote_write_begin(&w);
	expect(&w, "");
	remote_write_add(&w, make(&a, "job", "x", "__name__", "up"), 1.5, 1435781430781);
	remote_write_add(&w, (struct labels){0}, -0.25, -1);
	expect(&w, " 1{ 1{ 1=\"__name__\" 2=\"up\" } 1{ 1=\"job\" 2=\"x\" } 2{ 1=1.5 "
		   "2=1435781430781 } } 1{ 2{ 1=-0.25 2=-1 } }");
	assert_int_equal(w.n, 2);

	/* The next one begins anew. */
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	remote_write_begin(&w);
	remote_write_add(&w, make(&a, "a", value, "b", "\u00e9"), HUGE_VAL, 0);
	snprintf(want, sizeof(want),
		 " 1{ 1{ 1=\"a\" 2=\"%s\" } 1{ 1=\"b\" 2=\"\u00e9\" } 2{ 1=inf 2=0 } }", value);
	expect(&w, want);
	remote_write_done(&w);
	arena_done(&a);
}

static void test_stale(ATTR_UNUSED void **state)
{
	static const unsigned char marker[] = {0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f};
	struct remote_write w;

	assert_true(isnan(remote_write_stale()));
	assert_true(remote_write_is_stale(remote_write_stale()));
	assert_false(remote_write_is_stale((double)NAN));
	remote_write_init(&w);
	remote_write_begin(&w);
	remote_write_add(&w, (struct labels){0}, remote_write_stale(), 5);
	/* tag, length, tag, length, tag, eight bytes, tag, time: the bits are not made quiet. */
	assert_int_equal(w.message.n, 15);
	assert_memory_equal(w.message.p + 5, marker, sizeof(marker));
	remote_write_done(&w);
}

static void test_histogram(ATTR_UNUSED void **state)
{
	struct histogram_span pos[] = {{-2, 1}, {3, 2}}, neg[] = {{0, 1}};
	double pos_counts[] = {1, 2, 3}, neg_counts[] = {4}, custom[] = {0.5, 1};
	struct histogram h = {
		.schema = -1,
		.reset = RESET_GAUGE,
		.count = 12,
		.sum = 3.5,
		.zero_count = 2,
		.zero_threshold = 0.001,
		.pos = {.spans = pos, .n_spans = 2, .counts = pos_counts, .n_counts = 3},
		.neg = {.spans = neg, .n_spans = 1, .counts = neg_counts, .n_counts = 1},
		.custom_values = custom,
		.n_custom_values = 2,
	};
	struct remote_write w;

	remote_write_init(&w);
	remote_write_begin(&w);
	remote_write_add_histogram(&w, (struct labels){0}, &h, 1000);
	/* Zigzag: schema -1 is 1, offset -2 is 3, offset 3 is 6. */
	expect(&w, " 1{ 4{ 2=12 3=3.5 4=1 5=0.001 7=2 8{ 1=0 2=1 } 10=4 11{ 1=3 2=1 } 11{ 1=6 2=2 }"
		   " 13=1,2,3 14=3 15=1000 16=0.5,1 } }");
	remote_write_done(&w);
}

static void test_answers(ATTR_UNUSED void **state)
{
	static const struct {
		enum io_outcome outcome;
		int status;
		const char *body, *error;
		enum remote_write_result want;
		const char *msg;
	} cases[] = {
		{IO_REPLIED, 204, "", "", REMOTE_WRITE_OK, NULL},
		{IO_REPLIED, 200, "out of order sample", "", REMOTE_WRITE_OK, NULL},
		{IO_REPLIED, 400, "out of order sample\n", "", REMOTE_WRITE_TOLERATED,
		 "HTTP 400: out of order sample"},
		{IO_REPLIED, 400, "duplicate sample for timestamp", "", REMOTE_WRITE_TOLERATED,
		 "HTTP 400: duplicate sample for timestamp"},
		{IO_REPLIED, 400, "(err-mimir-sample-timestamp-too-old)", "",
		 REMOTE_WRITE_TOLERATED, "HTTP 400: (err-mimir-sample-timestamp-too-old)"},
		{IO_REPLIED, 409, "Out of order sample", "", REMOTE_WRITE_TOLERATED,
		 "HTTP 409: Out of order sample"},
		{IO_REPLIED, 400, "bad labels", "", REMOTE_WRITE_FAILED, "HTTP 400: bad labels"},
		{IO_REPLIED, 500, "out of order sample", "", REMOTE_WRITE_FAILED,
		 "HTTP 500: out of order sample"},
		{IO_REPLIED, 429, "", "", REMOTE_WRITE_FAILED, "HTTP 429"},
		{IO_UNSENT, 0, "", "connection refused", REMOTE_WRITE_FAILED, "connection refused"},
		{IO_AMBIGUOUS, 0, "", "timed out", REMOTE_WRITE_FAILED, "timed out"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct io_reply r = {.outcome = cases[i].outcome,
				     .status = cases[i].status,
				     .body = str_of(cases[i].body),
				     .error = str_of(cases[i].error)};
		struct err err = {0};

		assert_int_equal(remote_write_judge(&r, &err), cases[i].want);
		if (cases[i].msg)
			assert_string_equal(err.msg, cases[i].msg);
	}
}

TEST_GROUP(remote_write, cmocka_unit_test(test_samples), cmocka_unit_test(test_stale),
	   cmocka_unit_test(test_histogram), cmocka_unit_test(test_answers))
