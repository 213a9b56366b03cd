/* Maps into records by table; scalars back to the bytes they were written with. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fields.h"
#include "base/mem.h"
#include "base/yaml_source.h"

struct thing {
	struct str name, url;
	bool on, has_span;
	int64_t count;
	ms_t span, timeout;
	struct field_texts list;
	const struct yaml_node *map, *any;
};

static const struct field THING[] = {
	FIELD(TEXT, struct thing, name),
	FIELD(URL, struct thing, url),
	FIELD(BOOL, struct thing, on),
	FIELD(INT, struct thing, count),
	FIELD_GIVEN(DURATION, struct thing, span),
	FIELD(GO_DURATION, struct thing, timeout),
	FIELD(TEXTS, struct thing, list),
	FIELD(MAP, struct thing, map),
	FIELD(NODE, struct thing, any),
	FIELD_REFUSED("future"),
};

struct doc {
	struct arena arena;
	struct yaml_node *root;
	struct diags diags;
	struct fields fields;
};

static void doc_read(struct doc *d, const char *text)
{
	struct limits limits;
	struct err err = {0};
	bool more;

	*d = (struct doc){0};
	arena_init(&d->arena);
	diags_init(&d->diags);
	limits_default(&limits);
	if (!yaml_parse(str_of(text), &limits, &d->arena, &d->root, &more, &err))
		fail_msg("%s", err.msg);
	d->fields = (struct fields){.arena = &d->arena, .file = STR("f"), .diags = &d->diags};
}

static void doc_done(struct doc *d)
{
	diags_done(&d->diags);
	arena_done(&d->arena);
}

static void test_reads(void **state)
{
	struct thing t = {.count = 7};
	struct doc d;

	(void)state;
	doc_read(&d,
		 "{name: 5, url: 'http://h', on: yes, span: 1h30m, timeout: 1.5s, list: [a, 'b'], "
		 "map: {x: y}, any: ~, count: ~}");
	assert_true(FIELDS_READ(&d.fields, d.root, "thing", THING, &t));
	assert_true(str_is(t.name, "5"));
	assert_true(t.on && t.has_span);
	assert_int_equal(t.span, 90 * MINUTE);
	assert_int_equal(t.timeout, 1500);
	assert_int_equal(t.list.n, 2);
	assert_int_equal(t.map->n, 1);
	assert_int_equal(t.any->kind, YAML_NULL);
	assert_int_equal(t.count, 7);
	doc_done(&d);
	t = (struct thing){0};
	doc_read(&d, "{name: x}");
	assert_true(FIELDS_READ(&d.fields, d.root, "thing", THING, &t));
	assert_false(t.has_span);
	assert_true(FIELDS_READ(&d.fields, NULL, "thing", THING, &t));
	doc_done(&d);
}

static void test_mistakes(void **state)
{
	static const struct {
		const char *text, *msg;
	} cases[] = {
		{"[]", "thing must be a map, found a list"},
		{"{nmae: x}", "field nmae not found in thing; did you mean name?"},
		{"{zzz: x}", "field zzz not found in thing"},
		{"{name: []}", "field 'name' must be text, found a list"},
		{"{on: 1}", "field 'on' must be true or false, found \"1\""},
		{"{count: x}", "field 'count' must be a whole number, found \"x\""},
		{"{span: 5}", "field 'span': not a valid duration string: \"5\""},
		{"{timeout: 1d}", "field 'timeout': time: unknown unit \"d\" in duration \"1d\""},
		{"{timeout: -1s}", "field 'timeout': a negative duration makes no sense here"},
		{"{list: x}", "field 'list' must be a list of texts, found \"x\""},
		{"{list: [{}]}", "field 'list' must be text, found a map"},
		{"{map: []}", "field 'map' must be a map, found a list"},
		{"{url: 'http://h/%zz'}", "field 'url': invalid URL escape \"%zz\""},
		{"{url: 'http://h/a b'}", "field 'url': blank or control character in URL"},
		{"{future: 1}",
		 "future is not supported yet: remove it, or wait for a later version"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct thing t = {0};
		struct doc d;

		doc_read(&d, cases[i].text);
		assert_false(FIELDS_READ(&d.fields, d.root, "thing", THING, &t));
		assert_int_equal(d.diags.n, 1);
		assert_string_equal(d.diags.v[0].msg, cases[i].msg);
		doc_done(&d);
	}
}

static void test_shared_maps(void **state)
{
	static const struct field NAME[] = {FIELD(TEXT, struct thing, name)};
	struct thing t = {0};
	struct doc d;

	(void)state;
	doc_read(&d, "{name: x, asked: y, otherr: z}");
	d.fields.ignore_unknown = true;
	assert_true(FIELDS_READ(&d.fields, d.root, "thing", NAME, &t));
	assert_non_null(yaml_get(d.root, "asked"));
	assert_false(fields_unseen(&d.fields, d.root, "thing", "name other"));
	assert_int_equal(d.diags.n, 1);
	assert_string_equal(d.diags.v[0].msg,
			    "field otherr not found in thing; did you mean other?");
	doc_done(&d);
}

static void test_nearest(void **state)
{
	static const char WORDS[] = "for expr labels annotations keep_firing_for";

	(void)state;
	assert_true(str_is(fields_nearest(STR("fro"), WORDS), "for"));
	assert_true(str_is(fields_nearest(STR("label"), WORDS), "labels"));
	assert_true(str_is(fields_nearest(STR("keep-firing-for"), WORDS), "keep_firing_for"));
	assert_int_equal(fields_nearest(STR("owner"), WORDS).n, 0);
	assert_true(fields_has_word(WORDS, STR("expr")));
	assert_false(fields_has_word(WORDS, STR("exp")));
	assert_false(fields_has_word(WORDS, STR("")));
}

/* `@` in the value stands where `@` in the text does; the span is what [ ] enclose in `span`. */
static void test_source(void **state)
{
	static const struct {
		const char *text, *span;
	} cases[] = {
		{"k: ab@cd\n", "ab@cd"},
		{"k: 'a''b@c'\n", "'a''b@c'"},
		{"k: \"a\\\"\\u00e9\\n @c\"\n", "\"a\\\"\\u00e9\\n @c\""},
		{"k: &anchor !!str \"a@\"\n", "\"a@\""},
		{"k: |\n    one\n      two @\n    three\nl: x\n",
		 "|\n    one\n      two @\n    three"},
		{"k: >-\n  one\n  two\n\n  @three\n", ">-\n  one\n  two\n\n  @three"},
		{"k: one\n  two\n  @ three\n", "one\n  two\n  @ three"},
		{"\xef\xbb\xbfk: a@\n", "a@"},
		{"# \xc3\xa9\r\nk: \xc3\xa9@\r\n", "\xc3\xa9@"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct str text = str_of(cases[i].text);
		size_t want = (size_t)str_find_char(text, '@'), at, from, to;
		const struct yaml_node *n;
		struct yaml_source s;
		struct doc d;

		doc_read(&d, cases[i].text);
		yaml_source_init(&s, text);
		n = d.root->pairs[0].value;
		assert_true(yaml_source_of(&s, n, (size_t)str_find_char(n->value, '@'), &at));
		assert_int_equal(at, want);
		assert_true(yaml_source_span(&s, n, &from, &to));
		if (!str_is(str_cut(text, from, to), cases[i].span))
			fail_msg("case %zu: %.*s", i, STR_ARG(str_cut(text, from, to)));
		yaml_source_done(&s);
		doc_done(&d);
	}
}

static void test_source_places(void **state)
{
	struct yaml_source s;
	int line, col;

	(void)state;
	yaml_source_init(&s, STR("a\r\n\xc3\xa9x\n\ny"));
	yaml_source_place(&s, 0, &line, &col);
	assert_int_equal(line * 100 + col, 101);
	yaml_source_place(&s, 5, &line, &col);
	assert_int_equal(line * 100 + col, 202);
	yaml_source_place(&s, 8, &line, &col);
	assert_int_equal(line * 100 + col, 401);
	yaml_source_done(&s);
}

TEST_GROUP(fields, cmocka_unit_test(test_reads), cmocka_unit_test(test_mistakes),
	   cmocka_unit_test(test_shared_maps), cmocka_unit_test(test_nearest),
	   cmocka_unit_test(test_source), cmocka_unit_test(test_source_places))
