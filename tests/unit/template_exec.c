/* The language: what templates print over a fixed set of data, and the words of their errors. */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/mem.h"
#include "template/template.h"

struct thing {
	const char *name;
};

static struct value thing_name(const void *data, struct arena *a)
{
	(void)a;
	return value_str(str_of(((const struct thing *)data)->name));
}

static enum template_outcome thing_greet(struct template_call *c, const struct value *args,
					 size_t n, struct value *out)
{
	const struct thing *t = args[0].object;

	assert_int_equal(n, 2);
	*out = value_str(arena_printf(c->arena, "%.*s, %s", STR_ARG(args[1].s), t->name));
	return TEMPLATE_OK;
}

static const struct value_field thing_fields[] = {{"Name", thing_name}, {0}};
static const struct template_func thing_methods[] =
	{{.name = "Greet", .call = thing_greet, .params = {&TYPE_STRING}, .n_params = 1}, {0}};
static const struct value_type TYPE_THING = {.name = "test.Thing",
					     .kind = VALUE_OBJECT,
					     .fields = thing_fields};
static const struct value_type TYPE_THING_PTR = {.name = "*test.Thing",
						 .kind = VALUE_OBJECT,
						 .pointee = &TYPE_THING,
						 .methods = thing_methods};

static enum template_outcome func_wait(struct template_call *c, const struct value *args, size_t n,
				       struct value *out)
{
	bool *ready = c->user;

	(void)args, (void)n;
	if (!*ready)
		return TEMPLATE_WAIT;
	*out = value_str(STR("answer"));
	return TEMPLATE_OK;
}

static enum template_outcome func_sum(struct template_call *c, const struct value *args, size_t n,
				      struct value *out)
{
	int64_t sum = 0;

	(void)c;
	for (size_t i = 0; i < n; i++)
		sum += args[i].i;
	*out = value_int(sum);
	return TEMPLATE_OK;
}

static enum template_outcome func_nested(struct template_call *c, const struct value *args,
					 size_t n, struct value *out)
{
	struct template_result r;
	struct buf b;

	(void)n;
	buf_init(&b, 1000);
	r = template_exec_nested(c, args[0].s, args[1], &b);
	*out = value_str(arena_str(c->arena, buf_str(&b)));
	buf_done(&b);
	return r.outcome == TEMPLATE_ERROR ? template_fail(c, "%.*s", STR_ARG(r.error)) : r.outcome;
}

static const struct template_func funcs[] = {
	{.name = "wait", .call = func_wait},
	{.name = "sum", .call = func_sum, .params = {&TYPE_INT}, .n_params = 1, .variadic = true},
	{.name = "nested", .call = func_nested, .params = {&TYPE_STRING, &TYPE_ANY}, .n_params = 2},
	{0},
};
static const struct template_funcs func_table = {.table = funcs};

static struct value test_data(struct arena *a)
{
	static const struct thing thing = {"thing"};
	static struct value list[3], mixed[2];

	list[0] = value_str(STR("a"));
	list[1] = value_str(STR("b"));
	list[2] = value_str(STR("c"));
	mixed[0] = value_int(1);
	mixed[1] = value_none();

	struct value_pair m[] = {{STR("y"), value_str(STR("2"))}, {STR("x"), value_str(STR("1"))}};
	struct value_pair d[] = {
		{STR("s"), value_str(STR("text"))},
		{STR("i"), value_int(42)},
		{STR("f"), value_float(2.5)},
		{STR("u"), value_uint64(7)},
		{STR("yes"), value_bool(true)},
		{STR("list"), value_list(&TYPE_STRINGS, list, 3)},
		{STR("mixed"), value_list(&TYPE_ANYS, mixed, 2)},
		{STR("m"), value_pairs(a, &TYPE_STRING_MAP, m, 2)},
		{STR("thing"), value_object(&TYPE_THING_PTR, &thing)},
		{STR("gone"), value_object(&TYPE_THING_PTR, NULL)},
		{STR("fn"), value_func(&funcs[1])},
		{STR("t"), value_time_ms(a, 1435065584128)},
	};

	return value_pairs(a, &TYPE_ANY_MAP, d, ARRAY_LEN(d));
}

struct run {
	struct arena arena;
	struct limits limits;
	enum template_missing_key missing_key;
	bool ready; /* for the wait function */
	enum template_outcome outcome;
	struct str text; /* what was printed, or the error */
};

static void run_init(struct run *r)
{
	*r = (struct run){.missing_key = TEMPLATE_MISSING_ZERO};
	arena_init(&r->arena);
	limits_default(&r->limits);
}

static void run(struct run *r, const char *text)
{
	struct template_set *ts = template_set_new(&r->arena, &r->limits);
	struct template_options o = {.arena = &r->arena, .limits = &r->limits, .user = &r->ready};
	struct template_result res;
	struct err err;
	struct buf b;

	template_set_missing_key(ts, r->missing_key);
	if (!template_set_parse(ts, STR("t"), str_of(text), &func_table, &err)) {
		r->outcome = TEMPLATE_ERROR;
		r->text = arena_str(&r->arena, str_of(err.msg));
		return;
	}
	buf_init(&b, r->limits.template_bytes);
	res = template_exec(ts, STR("t"), test_data(&r->arena), &o, &b);
	r->outcome = res.outcome;
	r->text = res.outcome == TEMPLATE_ERROR ? res.error : arena_str(&r->arena, buf_str(&b));
	buf_done(&b);
}

static void expect(const char *text, enum template_outcome outcome, const char *want)
{
	struct run r;

	run_init(&r);
	run(&r, text);
	if (!str_is(r.text, want))
		fail_msg("%s\n  expected %s\n  got      %.*s", text, want, STR_ARG(r.text));
	assert_int_equal(r.outcome, outcome);
	arena_done(&r.arena);
}

static const char *const prints[][2] = {
	{"plain }} text", "plain }} text"},
	{"{{.s}} {{ .i }} {{.f}} {{.yes}} {{.list}} {{.m}}",
	 "text 42 2.5 true [a b c] map[x:1 y:2]"},
	{"a  {{- .s -}}  b", "atextb"},
	{"a {{/* gone */}} b {{- /* and trimmed */ -}} c", "a  bc"},
	{"{{$x := 1}}{{if .yes}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}", "32"},
	{"{{with .s}}{{.}}{{$.i}}{{end}}{{with .none}}x{{else with .i}}{{.}}{{else}}y{{end}}",
	 "text4242"},
	{"{{if false}}a{{else if 0}}b{{else if \"\"}}c{{else}}d{{end}}", "d"},
	{"{{range .list}}{{.}},{{end}}{{range $i, $e := .list}}{{$i}}{{$e}}{{end}}",
	 "a,b,c,0a1b2c"},
	{"{{range $k, $v := .m}}{{$k}}={{$v}} {{end}}{{range .none}}{{else}}empty{{end}}",
	 "x=1 y=2 empty"},
	{"{{range 4}}{{if eq . 1}}{{continue}}{{end}}{{if eq . 3}}{{break}}{{end}}{{.}}{{end}}",
	 "02"},
	{"{{range .u}}{{.}}{{end}} {{range $i := 2}}{{$i}}{{end}}", "0123456 01"},
	{"{{define \"a\"}}<{{.}}>{{end}}{{template \"a\" .i}}{{template \"a\"}}",
	 "<42><<no value>>"},
	{"{{block \"b\" .s}}[{{.}}]{{end}}{{template \"b\" 1}}", "[text][1]"},
	{"{{(.thing).Name}} {{.thing.Greet \"hi\"}} {{\"ho\" | .thing.Greet}}",
	 "thing hi, thing ho, thing"},
	{"{{.thing}} {{printf \"%v %+v\" .thing .thing}}", "{thing} &{thing} &{Name:thing}"},
	{"{{sum}} {{sum 1 2}} {{3 | sum 1 2}} {{call .fn 4 5}}", "0 3 6 9"},
	{"{{and 0 (nested \"no\" 1)}} {{or 1 (nested \"no\" 1)}} {{not .s}}", "0 1 false"},
	{"{{eq 1 2 1}} {{ne .s \"x\"}} {{lt 1 2}} {{le 2.5 .f}} {{gt \"b\" \"a\"}} {{ge .u 7}}",
	 "true true true true true true"},
	{"{{len .list}} {{len .s}} {{index .list 1}} {{index .m \"y\"}} {{slice .s 1 3}}",
	 "3 4 b 2 ex"},
	{"{{0x10}} {{0b11}} {{0o17}} {{1_000}} {{1e3}} {{'a'}} {{0x1p4}} {{-3}} {{1e6}}",
	 "16 3 15 1000 1000 97 16 -3 1e+06"},
	{"{{\"\\u00e9\\n\\x41\"}}{{`raw\\n`}}", "\u00e9\nAraw\\n"},
	{"{{html \"<a>\"}} {{js \"it's\"}} {{urlquery \"a b\"}} {{print 1 2 \"x\"}}{{println}}",
	 "&lt;a&gt; it\\'s a+b 1 2x\n"},
	{"{{.mixed}} {{.none}} {{.gone}}", "[1 <nil>] <no value> <nil>"},
	{"{{.t}} {{.t.Year}} {{.t.Format \"Jan _2 3:04PM .000\"}} {{(.t.Add 1000000000).Unix}}",
	 "2015-06-23 13:19:44.128 +0000 UTC 2015 Jun 23 1:19PM .128 1435065585"},
	{"{{(.t.Sub .t).String}} {{.t.Weekday}} {{.t.Month}}", "0s Tuesday June"},
	{"{{define \"in\"}}{{.}}!{{end}}{{nested \"in\" .s}}", "text!"},
};

static void test_prints(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(prints); i++)
		expect(prints[i][0], TEMPLATE_OK, prints[i][1]);
}

static const char *const errors[][2] = {
	{"{{", "template: t:1: unclosed action"},
	{"\n{{\n\"a\n", "template: t:3: unterminated quoted string in action started at t:2"},
	{"{{/* x", "template: t:1: unclosed comment"},
	{"{{nope}}", "template: t:1: function \"nope\" not defined"},
	{"{{$x}}", "template: t:1: undefined variable \"$x\""},
	{"{{if}}x{{end}}", "template: t:1: missing value for if"},
	{"{{if .s}}x", "template: t:1: unexpected EOF"},
	{"{{end}}", "template: t:1: unexpected {{end}}"},
	{"{{if 1}}{{else}}{{else}}{{end}}", "template: t:1: expected end; found {{else}}"},
	{"{{break}}", "template: t:1: {{break}} outside {{range}}"},
	{"{{(1}}", "template: t:1: unclosed left paren"},
	{"{{1)}}", "template: t:1: unexpected right paren"},
	{"{{.s | 1}}", "template: t:1: non executable command in pipeline stage 2"},
	{"{{1.foo}}", "template: t:1: bad number syntax: \"1.f\""},
	{"{{nil.foo}}", "template: t:1: unexpected . after term \"nil\""},
	{"{{range $a, 3 := .s}}{{end}}", "template: t:1: range can only initialize variables"},
	{"{{$a, $b := .s}}", "template: t:1: too many declarations in command"},
	{"{{\"\\z\"}}", "template: t:1: invalid syntax"},
	{"{{1+2i}}", "template: t:1: complex numbers are not supported: \"1+2i\""},
	{"{{99999999999999999999}}", "template: t:1: integer overflow: \"99999999999999999999\""},
	{"{{define \"a\"}}x{{end}}{{define \"a\"}}y{{end}}",
	 "template: t:1: template: multiple definition of template \"a\""},
	{"{{template \"a\" .s", "template: t:1: unclosed action"},
	{"{{\x01}}", "template: t:1: unrecognized character in action: U+0001"},
	{"a\n{{.s.foo}}",
	 "template: t:2:4: executing \"t\" at <.s.foo>: can't evaluate field foo in "
	 "type interface {}"},
	{"{{lt .f 80}}", "template: t:1:2: executing \"t\" at <lt .f 80>: error calling lt: "
			 "incompatible types for comparison: float64 and int"},
	{"{{sum \"x\"}}",
	 "template: t:1:6: executing \"t\" at <\"x\">: expected integer; found \"x\""},
	{"{{.s | sum}}", "template: t:1:7: executing \"t\" at <sum>: wrong type for value; "
			 "expected int; got string"},
	{"{{.thing.Greet}}", "template: t:1:8: executing \"t\" at <.thing.Greet>: wrong number of "
			     "args for Greet: want 1 got 0"},
	{"{{.gone.Name}}", "template: t:1:7: executing \"t\" at <.gone.Name>: nil pointer "
			   "evaluating interface {}.Name"},
	{"{{template \"zz\"}}", "template: t:1:11: executing \"t\" at <{{template \"zz\"}}>: "
				"template \"zz\" not defined"},
	{"{{index .list 5}}", "template: t:1:2: executing \"t\" at <index .list 5>: error calling "
			      "index: index out of range: 5"},
	{"{{range .f}}{{end}}",
	 "template: t:1:8: executing \"t\" at <.f>: range can't iterate over 2.5"},
	{"{{nil}}", "template: t:1:2: executing \"t\" at <nil>: nil is not a command"},
	{"{{define \"r\"}}{{template \"r\"}}{{end}}{{template \"r\"}}",
	 "template: t:1:25: executing \"r\" at <{{template \"r\"}}>: exceeded maximum template "
	 "depth (100)"},
};

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		expect(errors[i][0], TEMPLATE_ERROR, errors[i][1]);
}

static void test_missing_key(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	run(&r, "{{.m.zz}}|{{.none}}");
	assert_true(str_is(r.text, "|<no value>"));
	r.missing_key = TEMPLATE_MISSING_DEFAULT;
	run(&r, "{{.m.zz}}|{{.none}}");
	assert_true(str_is(r.text, "<no value>|<no value>"));
	r.missing_key = TEMPLATE_MISSING_ERROR;
	run(&r, "{{.m.zz}}");
	assert_true(str_is(r.text, "template: t:1:4: executing \"t\" at <.m.zz>: map has no entry "
				   "for key \"zz\""));
	arena_done(&r.arena);
}

static void test_wait(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	run(&r, "a{{with wait}}{{.}}{{end}}");
	assert_int_equal(r.outcome, TEMPLATE_WAIT);
	r.ready = true;
	run(&r, "a{{with wait}}{{.}}{{end}}");
	assert_int_equal(r.outcome, TEMPLATE_OK);
	assert_true(str_is(r.text, "aanswer"));
	arena_done(&r.arena);
}

static void test_limits(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	r.limits.template_bytes = 10;
	run(&r, "{{range 100}}0123{{end}}");
	assert_int_equal(r.outcome, TEMPLATE_ERROR);
	assert_true(str_ends(r.text, "output exceeds 10 bytes"));
	r.limits.template_steps = 50;
	r.limits.template_bytes = 10000;
	run(&r, "{{range 100}}{{end}}");
	assert_int_equal(r.outcome, TEMPLATE_ERROR);
	assert_true(str_ends(r.text, "exceeded maximum number of steps (50)"));
	run(&r, "{{printf \"%900000d\" 1}}");
	assert_int_equal(r.outcome, TEMPLATE_ERROR);
	arena_done(&r.arena);
}

/* Parentheses and actions nested too deep are refused while parsing. */
static void test_nesting(void **state)
{
	struct buf b;
	struct run r;

	(void)state;
	run_init(&r);
	buf_init(&b, 1 << 20);
	buf_adds(&b, "{{");
	buf_fill(&b, '(', 10000);
	run(&r, buf_cstr(&b));
	assert_true(str_is(r.text, "template: t:1: max expression depth exceeded"));
	buf_clear(&b);
	for (int i = 0; i < 10000; i++)
		buf_adds(&b, "{{if 1}}");
	run(&r, buf_cstr(&b));
	assert_true(str_is(r.text, "template: t:1: max expression depth exceeded"));
	buf_done(&b);
	arena_done(&r.arena);
}

static struct str exec_named(struct arena *a, const struct template_set *ts, const char *name,
			     bool html)
{
	struct limits l;
	struct template_options o = {.arena = a, .limits = &l, .html = html};
	struct buf b;
	struct str out;

	limits_default(&l);
	buf_init(&b, 1000);
	if (template_exec(ts, str_of(name), value_str(STR("<x>")), &o, &b).outcome != TEMPLATE_OK)
		buf_adds(&b, "error");
	out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return out;
}

/* Several texts in one set: the later definition counts, an empty one does not. */
static void test_sets(void **state)
{
	struct arena a;
	struct limits l;
	struct template_set *ts;
	struct err err;

	(void)state;
	arena_init(&a);
	limits_default(&l);
	ts = template_set_new(&a, &l);
	assert_true(
		template_set_parse(ts, STR("one"), STR("{{define \"x\"}}1{{end}}A"), NULL, &err));
	assert_true(
		template_set_parse(ts, STR("two"), STR("{{define \"x\"}}2{{end}} "), NULL, &err));
	assert_true(
		template_set_parse(ts, STR("three"), STR("{{define \"x\"}} {{end}}"), NULL, &err));
	assert_true(
		template_set_parse(ts, STR("main"), STR("{{template \"x\"}}{{.}}"), NULL, &err));
	assert_false(template_set_parse(ts, STR("main"), STR("broken {{"), NULL, &err));
	assert_true(template_set_has(ts, STR("x")));
	assert_false(template_set_has(ts, STR("y")));
	assert_true(str_is(exec_named(&a, ts, "main", false), "2<x>"));
	assert_true(str_is(exec_named(&a, ts, "main", true), "2&lt;x&gt;"));
	assert_true(str_is(exec_named(&a, ts, "one", false), "A"));
	assert_true(str_is(exec_named(&a, ts, "nowhere", false), "error"));
	assert_true(template_set_option(ts, STR("missingkey=error"), &err));
	assert_false(template_set_option(ts, STR("missingkey=x"), &err));
	assert_string_equal(err.msg, "unrecognized option: missingkey=x");
	arena_done(&a);
}

TEST_GROUP(template_exec, cmocka_unit_test(test_prints), cmocka_unit_test(test_errors),
	   cmocka_unit_test(test_missing_key), cmocka_unit_test(test_wait),
	   cmocka_unit_test(test_limits), cmocka_unit_test(test_nesting),
	   cmocka_unit_test(test_sets))
