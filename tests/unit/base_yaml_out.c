/* YAML as Go writes it: quotes, blocks, folding, tables. */
#include "base/fields_out.h"
#include "base/limits.h"
#include "tests/unit/unit.h"

static void text_is(const char *text, const char *want)
{
	struct buf b;
	OWNED(yaml_out) o = NULL;

	buf_init(&b, BUF_MAX_ANY);
	o = yaml_out_new(&b);
	yaml_out_map(o);
	yaml_out_key(o, "k");
	yaml_out_text(o, str_of(text));
	yaml_out_map_end(o);
	assert_true(yaml_out_end(o));
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

/* A text that would read as something else is quoted, and only such a one. */
static void test_quotes(void **state)
{
	(void)state;
	text_is("plain words", "k: plain words\n");
	text_is("", "k: \"\"\n");
	text_is("yes", "k: \"yes\"\n");
	text_is("n", "k: \"n\"\n");
	text_is("~", "k: \"~\"\n");
	text_is("2", "k: \"2\"\n");
	text_is("1e3", "k: \"1e3\"\n");
	text_is("0x1f", "k: \"0x1f\"\n");
	text_is("0x1g", "k: 0x1g\n");
	text_is("+1", "k: \"+1\"\n");
	text_is("1.2.3", "k: 1.2.3\n");
	text_is("09:00", "k: \"09:00\"\n");
	text_is("2026-01-02", "k: \"2026-01-02\"\n");
	text_is("10m", "k: 10m\n");
	text_is("#ops", "k: '#ops'\n");
	text_is("{{ .x }}", "k: '{{ .x }}'\n");
	text_is("a: b", "k: 'a: b'\n");
	text_is("it's", "k: it's\n");
	text_is("a\nb\n", "k: |\n  a\n  b\n");
	text_is("a\tb", "k: \"a\\tb\"\n");
	text_is("\xc3\xa9", "k: \xc3\xa9\n");
}

struct thing {
	struct str name, token;
	int64_t count;
	ms_t wait;
	bool up, has_up, down;
	struct field_texts list;
	const struct yaml_node *map;
};

static const struct field SUB[] = {
	FIELD_AS(TEXT, "a", struct thing, name),
	FIELD_AS(TEXT, "b", struct thing, token, .secret = true),
	FIELD_AS(BOOL, "c", struct thing, down, .always = true),
};

static const struct field THING[] = {
	FIELD(TEXT, struct thing, name),     FIELD(TEXT, struct thing, token, .secret = true),
	FIELD(INT, struct thing, count),     FIELD(DURATION, struct thing, wait, .always = true),
	FIELD_GIVEN(BOOL, struct thing, up), FIELD(BOOL, struct thing, down),
	FIELD(TEXTS, struct thing, list),    FIELD(MAP, struct thing, map, FIELD_SUB(SUB)),
};

static void record_is(const struct thing *t, const char *want)
{
	struct buf b;
	OWNED(yaml_out) o = NULL;

	buf_init(&b, BUF_MAX_ANY);
	o = yaml_out_new(&b);
	yaml_out_map(o);
	fields_put(o, THING, ARRAY_LEN(THING), t);
	yaml_out_map_end(o);
	assert_true(yaml_out_end(o));
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void test_records(void **state)
{
	struct str words[] = {STR("x"), STR("7")};
	struct yaml_node *map = NULL;
	struct limits l;
	struct arena a;
	struct err err;
	bool more;

	(void)state;
	record_is(&(struct thing){0}, "wait: 0s\n");
	record_is(&(struct thing){.name = STR("n"),
				  .token = STR("hush"),
				  .count = 7,
				  .wait = 90000},
		  "name: \"n\"\ntoken: <secret>\ncount: 7\nwait: 1m30s\n");
	record_is(&(struct thing){.has_up = true, .list = {words, 2}},
		  "wait: 0s\nup: false\nlist:\n- x\n- \"7\"\n");
	arena_init(&a);
	limits_default(&l);
	assert_true(yaml_parse(STR("{b: hush, a: 1, other: 2}"), &l, &a, &map, &more, &err));
	record_is(&(struct thing){.map = map},
		  "wait: 0s\nmap:\n  a: \"1\"\n  b: <secret>\n  c: false\n");
	arena_done(&a);
}

TEST_GROUP(yaml_out, cmocka_unit_test(test_quotes), cmocka_unit_test(test_records))
