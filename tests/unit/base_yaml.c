/* The YAML reader: trees, places, aliases, merge keys, errors in words, limits. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/yaml.h"

struct doc {
	struct arena arena;
	struct yaml_node *root;
	struct limits limits;
	struct err err;
	bool more, ok;
};

static void doc_read(struct doc *d, struct str text)
{
	*d = (struct doc){0};
	arena_init(&d->arena);
	limits_default(&d->limits);
	d->ok = yaml_parse(text, &d->limits, &d->arena, &d->root, &d->more, &d->err);
}

static void doc_done(struct doc *d)
{
	arena_done(&d->arena);
}

/* The tree on one line: [a "b" {k=v}], with null as ~ and block scalars as |n"...". */
static void show(struct buf *b, const struct yaml_node *n)
{
	switch (n->kind) {
	case YAML_NULL: buf_addc(b, '~'); break;
	case YAML_SCALAR:
		if (n->block)
			buf_printf(b, "|%d", n->indent);
		buf_printf(b, "%s%.*s%s", n->quoted ? "\"" : "", STR_ARG(n->value),
			   n->quoted ? "\"" : "");
		break;
	case YAML_LIST:
		for (size_t i = 0; i < n->n; i++) {
			buf_addc(b, i ? ' ' : '[');
			show(b, n->items[i]);
		}
		buf_adds(b, n->n ? "]" : "[]");
		break;
	case YAML_MAP:
		for (size_t i = 0; i < n->n; i++) {
			buf_addc(b, i ? ' ' : '{');
			show(b, n->pairs[i].key);
			buf_addc(b, '=');
			show(b, n->pairs[i].value);
		}
		buf_adds(b, n->n ? "}" : "{}");
		break;
	}
}

static void check_tree(const char *text, const char *want)
{
	struct doc d;
	struct buf b;

	doc_read(&d, str_of(text));
	buf_init(&b, 10000);
	if (!d.ok)
		buf_printf(&b, "%d:%d: %s", d.err.line, d.err.col, d.err.msg);
	else if (d.root)
		show(&b, d.root);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
	doc_done(&d);
}

static void test_trees(ATTR_UNUSED void **state)
{
	check_tree("", "");
	check_tree("# only a comment\n", "");
	check_tree("---\n", "~");
	check_tree("a: 1\nb: [x, 'y', \"z\"]\nc:\n- d: ~\n  e:\n- null\n",
		   "{a=1 b=[x \"y\" \"z\"] c=[{d=~ e=~} ~]}");
	check_tree("{}", "{}");
	check_tree("[]", "[]");
	check_tree("\xEF\xBB\xBFk: v", "{k=v}");
	check_tree("a: \"\"\nb: ''\nc: 'null'\nd: !!str ~\n", "{a=\"\" b=\"\" c=\"null\" d=~}");
}

static void test_blocks(ATTR_UNUSED void **state)
{
	check_tree("a: |\n  one\n    two\n", "{a=|2\"one\n  two\n\"}");
	check_tree("- a: >-\n\n\n      one\n      two\n", "[{a=|6\"\n\none two\"}]");
	check_tree("a: |2\n    one\n", "{a=|2\"  one\n\"}");
	check_tree("a: |\nb: |+\n\n", "{a=|0\"\" b=|0\"\n\"}");
	check_tree("x: '\xC3\xA4'\na: |\r\n   one\r\n", "{x=\"\xC3\xA4\" a=|3\"one\n\"}");
}

static void test_aliases(ATTR_UNUSED void **state)
{
	check_tree("a: &x {b: 1}\nc: *x\n", "{a={b=1} c={b=1}}");
	check_tree("a: &x k\n*x : 1\n", "{a=k k=1}");
	check_tree("a: &x 1\nb: &x 2\nc: *x\n", "{a=1 b=2 c=2}");
	check_tree("a: *x\n",
		   "1:4: unknown alias *x: no anchor &x stands before it (if no alias is "
		   "meant, put the value in quotes)");
	check_tree("a: &x [1, *x]\n", "1:11: anchor \"x\" contains itself");
}

static void test_merge(ATTR_UNUSED void **state)
{
	check_tree("a: &a {x: 1, y: 2}\nb:\n  y: 3\n  <<: *a\n  z: 4\n",
		   "{a={x=1 y=2} b={y=3 z=4 x=1}}");
	check_tree("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc:\n  <<: [*a, *b]\n",
		   "{a={x=1} b={x=2 y=2} c={x=1 y=2}}");
	check_tree("a:\n  '<<': 1\n", "{a={\"<<\"=1}}");
	check_tree("a:\n  <<: 1\n", "2:7: map merge requires map or sequence of maps as the value, "
				    "this is text");
	check_tree("a:\n  <<: [{}, [x]]\n", "2:12: map merge requires map or sequence of maps as "
					    "the value, this is a list");
}

static void test_duplicates(ATTR_UNUSED void **state)
{
	struct buf b;

	check_tree("a: 1\nb: 2\na: 3\n", "3:1: mapping key \"a\" already defined at line 1");
	check_tree("x:\n  a: 1\n  'a': 3\n", "3:3: mapping key \"a\" already defined at line 2");
	buf_init(&b, 10000);
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "k%d: %d\n", i, i);
	buf_adds(&b, "k7: 1\n");
	check_tree(buf_cstr(&b), "101:1: mapping key \"k7\" already defined at line 8");
	buf_done(&b);
}

static void test_places(ATTR_UNUSED void **state)
{
	struct doc d;

	doc_read(&d, STR("a:\n  - \xC3\xA4\xC3\xA4: [1, 2]\n    b: |\n      text\n"));
	assert_true(d.ok);

	const struct yaml_node *item = yaml_get(d.root, "a")->items[0];
	const struct yaml_node *two = item->pairs[0].value->items[1];

	assert_int_equal(item->line, 2);
	assert_int_equal(item->col, 5);
	assert_int_equal(two->line, 2);
	assert_int_equal(two->col, 13); /* columns count characters, not bytes */
	assert_int_equal(item->pairs[1].key->line, 3);
	assert_int_equal(item->pairs[1].value->line, 3);
	doc_done(&d);
}

static void test_more(ATTR_UNUSED void **state)
{
	struct doc d;

	doc_read(&d, STR("a: 1\n---\nb: 2\n"));
	assert_true(d.ok && d.more);
	assert_int_equal(d.root->n, 1);
	doc_done(&d);
	doc_read(&d, STR("a: 1\n...\n"));
	assert_true(d.ok && !d.more);
	doc_done(&d);
}

static void test_errors(ATTR_UNUSED void **state)
{
	check_tree("a: b: c\n",
		   "1:5: \":\" is not allowed here: put a value that holds \": \" in quotes, and "
		   "start each key on a line of its own with the indentation of its neighbours");
	check_tree("a: 1\nbcd\ne: 2\n",
		   "2:1: expected \":\" and a space behind this key (or, if it goes on from the "
		   "line above, more indentation)");
	check_tree("a: 'bc\nd: e\n", "1:4: this quote is never closed");
	check_tree("a:\n\tb: 1\n", "2:1: a tab stands where a value could begin: indent with "
				   "spaces, YAML allows no tabs there");
	check_tree("a: @b\n", "1:4: a value cannot begin with \"@\": put it in quotes");
	check_tree("a: *.yml\n",
		   "1:4: a value that begins with \"*\" must be in quotes (it would be "
		   "an alias)");
	check_tree("a: [1, 2\nb: 3\n",
		   "2:2: expected \",\" or \"]\" (in the list that was opened in line 1)");
	check_tree("a: {b: 1\n",
		   "2:1: expected \",\" or \"}\" (in the map that was opened in line 1)");
	check_tree("a:\n    b: 1\n  c: 2\n",
		   "3:3: the indentation fits nothing above: keys of one map and items of one list "
		   "must start in the same column (in the map that began in line 1)");
	check_tree("a:\n  - b\n  c: 1\n",
		   "3:3: expected \"- \" or less indentation (in the list that began in line 2)");
	check_tree("a: - b\n",
		   "1:4: \"- \" is not allowed here: start the list on a line of its own");
	check_tree("a: \"\\d\"\n", "1:5: unknown escape in double quotes: write \\\\ for a "
				   "backslash, or use single quotes");
	check_tree("a: {{ x }}\n", "1:5: a map cannot be a key: a template in braces must be in "
				   "quotes");
	check_tree("[1]\n[2]\n", "2:1: this does not belong to what stands above: check the "
				 "indentation");
}

static void check_bytes(struct str text, int line, int col, const char *says)
{
	struct doc d;

	doc_read(&d, text);
	assert_false(d.ok);
	assert_int_equal(d.err.line, line);
	assert_int_equal(d.err.col, col);
	assert_string_equal(d.err.msg, says);
	doc_done(&d);
}

static void test_bytes(ATTR_UNUSED void **state)
{
	check_bytes(STR("a: \xC3\xA4\nb: \xC3\xA4\xFFz\n"), 2, 5,
		    "this byte is not valid UTF-8: is this a text file?");
	check_bytes(STR("\xFF\xFE"
			"a\0"),
		    1, 1, "this byte is not valid UTF-8: is this a text file?");
	check_bytes(STR("a: 1\nb: \xC3"), 2, 4,
		    "this byte is not valid UTF-8: is this a text file?");
	check_bytes(STR("a: 1\nb: \0x\n"), 2, 4,
		    "control characters are not allowed in YAML: is this a text file?");
}

/* A file of n times `piece`. */
static void check_repeated(const char *head, const char *piece, size_t n, const char *says)
{
	struct doc d;
	struct buf b;

	buf_init(&b, 200u << 20);
	buf_adds(&b, head);
	for (size_t i = 0; i < n; i++)
		buf_adds(&b, piece);
	doc_read(&d, buf_str(&b));
	assert_false(d.ok);
	if (!strstr(d.err.msg, says))
		assert_string_equal(d.err.msg, says);
	doc_done(&d);
	buf_done(&b);
}

static void test_limits(ATTR_UNUSED void **state)
{
	check_repeated("", "[", 10000, "nested deeper than 100 levels");
	check_repeated("", "- ", 10000, "nested deeper than 100 levels");
	check_repeated("", "{a: ", 10000, "nested deeper than 100 levels");
	check_repeated("", "? ", 10000, "nested deeper than 100 levels");
	check_repeated("", "# nothing\n", 10u << 20, "the file is too large: 104857600 bytes");
	check_repeated("---\n", "%TAG !a! b\n", 500000, "too many %TAG lines");
	check_repeated("", "-\n", 3000000, "more than 2000000 values");
}

/* Ten levels of ten aliases each stand for 10^10 values. */
static void test_laughs(ATTR_UNUSED void **state)
{
	struct buf b;
	struct doc d;

	buf_init(&b, 100000);
	buf_adds(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 10; i++) {
		buf_printf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_printf(&b, "*a%d,", i - 1);
		buf_adds(&b, "]\n");
	}
	doc_read(&d, buf_str(&b));
	assert_false(d.ok);
	assert_non_null(strstr(d.err.msg, "more than 2000000 values"));
	assert_int_equal(d.err.line, 7);
	assert_true(arena_used(&d.arena) < 100000);
	doc_done(&d);
	buf_done(&b);
}

/* Each alias adds its height: 60 levels that end in an alias to 60 levels are 120. */
static void test_deep_alias(ATTR_UNUSED void **state)
{
	struct buf b;
	struct doc d;

	buf_init(&b, 100000);
	buf_adds(&b, "a: &a ");
	buf_fill(&b, '[', 60);
	buf_fill(&b, ']', 60);
	buf_adds(&b, "\nb: ");
	buf_fill(&b, '[', 60);
	buf_adds(&b, "*a");
	buf_fill(&b, ']', 60);
	doc_read(&d, buf_str(&b));
	assert_false(d.ok);
	assert_non_null(strstr(d.err.msg, "nested deeper than 100 levels"));
	assert_int_equal(d.err.line, 2);
	doc_done(&d);
	buf_done(&b);
}

static void test_scalars(ATTR_UNUSED void **state)
{
	struct doc d;
	struct str s;
	bool yes = false;
	int64_t i = 0;

	doc_read(&d, STR("t: yes\nf: Off\nq: 'true'\ni: 0x10\nm: -12\nu: 1_000\ne: 1e3\nh: 1.5\n"
			 "big: 99999999999999999999\nn:\nl: []\n"));
	assert_true(d.ok);
	assert_true(yaml_is_bool(yaml_get(d.root, "t"), &yes) && yes);
	assert_true(yaml_is_bool(yaml_get(d.root, "f"), &yes) && !yes);
	assert_false(yaml_is_bool(yaml_get(d.root, "q"), &yes));
	assert_false(yaml_is_bool(yaml_get(d.root, "i"), &yes));
	assert_true(yaml_is_int(yaml_get(d.root, "i"), &i) && i == 16);
	assert_true(yaml_is_int(yaml_get(d.root, "m"), &i) && i == -12);
	assert_true(yaml_is_int(yaml_get(d.root, "u"), &i) && i == 1000);
	assert_true(yaml_is_int(yaml_get(d.root, "e"), &i) && i == 1000);
	assert_false(yaml_is_int(yaml_get(d.root, "h"), &i));
	assert_false(yaml_is_int(yaml_get(d.root, "big"), &i));
	assert_true(yaml_is_str(yaml_get(d.root, "i"), &s) && str_is(s, "0x10"));
	assert_false(yaml_is_str(yaml_get(d.root, "n"), &s));
	assert_false(yaml_is_str(yaml_get(d.root, "l"), &s));
	assert_null(yaml_get(d.root, "zzz"));
	assert_int_equal(yaml_get(d.root, "n")->kind, YAML_NULL);
	doc_done(&d);
}

static void test_unknown(ATTR_UNUSED void **state)
{
	struct doc d;
	struct diags diags;

	diags_init(&diags);
	doc_read(&d, STR("a: 1\nb: 2\n c: 3\n"));
	assert_false(d.ok);
	doc_done(&d);
	doc_read(&d, STR("a: 1\nb: 2\nc: 3\n"));
	assert_non_null(yaml_get(d.root, "b"));
	yaml_unknown_keys(d.root, "thing", STR("f.yml"), &diags);
	assert_int_equal(diags.errors, 2);
	assert_string_equal(diags.v[1].msg, "field c not found in thing");
	assert_int_equal(diags.v[1].line, 3);
	assert_string_equal(diags.v[1].file, "f.yml");
	diags_done(&diags);
	doc_done(&d);
}

TEST_GROUP(yaml, cmocka_unit_test(test_trees), cmocka_unit_test(test_blocks),
	   cmocka_unit_test(test_aliases), cmocka_unit_test(test_merge),
	   cmocka_unit_test(test_duplicates), cmocka_unit_test(test_places),
	   cmocka_unit_test(test_more), cmocka_unit_test(test_errors), cmocka_unit_test(test_bytes),
	   cmocka_unit_test(test_limits), cmocka_unit_test(test_laughs),
	   cmocka_unit_test(test_deep_alias), cmocka_unit_test(test_scalars),
	   cmocka_unit_test(test_unknown))
