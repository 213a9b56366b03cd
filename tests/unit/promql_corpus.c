/*
 * Every expression of the evaluation scripts reads, prints, and reads back as the same tree. The
 * data are other projects': read at run time from $ROUSE_CONFORMANCE, skipped if they are not
 * there.
 */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "promql/parse.h"
#include "promql/print.h"

static json_t *load(const char *name)
{
	const char *dir = getenv("ROUSE_CONFORMANCE");
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir ? dir : "../shared/conformance", name);
	return json_load_file(path, 0, NULL);
}

static const struct expr *parse(struct arena *a, struct str text)
{
	static const struct promql_options EVERYTHING = {true, true, true, true};
	struct limits l;
	const struct expr *e;
	struct err err;

	limits_default(&l);
	if (!promql_parse(text, &EVERYTHING, &l, a, &e, &err))
		fail_msg("%.*s: %s", STR_ARG(text), err.msg);
	return e;
}

static bool put_node(void *arg, const struct expr *e)
{
	buf_printf(arg, "%d@%u ", (int)e->kind, e->depth);
	return true;
}

static void expect_same(const struct expr *a, const struct expr *b)
{
	struct buf x, y;

	buf_init(&x, BUF_MAX_ANY);
	buf_init(&y, BUF_MAX_ANY);
	promql_print(&x, a);
	promql_print(&y, b);
	expr_walk(a, put_node, &x);
	expr_walk(b, put_node, &y);
	assert_string_equal(buf_cstr(&x), buf_cstr(&y));
	buf_done(&x);
	buf_done(&y);
}

static void round_trip(const char *text)
{
	static const size_t WIDTHS[] = {SIZE_MAX / 2, PROMQL_PRETTY_WIDTH, 10};
	struct arena a;
	struct buf b;

	arena_init(&a);
	buf_init(&b, BUF_MAX_ANY);

	const struct expr *e = parse(&a, str_of(text));

	for (size_t i = 0; i < ARRAY_LEN(WIDTHS); i++) {
		buf_clear(&b);
		promql_pretty(&b, e, WIDTHS[i]);
		expect_same(e, parse(&a, buf_str(&b)));
	}
	buf_clear(&b);
	promql_print(&b, e);
	expect_same(e, parse(&a, buf_str(&b)));
	buf_done(&b);
	arena_done(&a);
}

static void test_round_trips(void **state)
{
	json_t *root = load("promql/index.json"), *one;
	size_t i;

	(void)state;
	if (!root)
		skip();
	assert_true(json_array_size(root) > 1000);
	json_array_foreach(root, i, one)
		round_trip(json_string_value(json_object_get(one, "expr")));
	json_decref(root);
}

TEST_GROUP(corpus, cmocka_unit_test(test_round_trips))
