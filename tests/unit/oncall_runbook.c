/* Runbooks: what is a stage, a step, a query, a command; what is harmless; who matches; mistakes
 * with their places. */
#include <string.h>

#include "base/buf.h"
#include "oncall/markdown.h"
#include "oncall/runbook.h"
#include "tests/unit/unit.h"

static struct arena arena;
static struct diags diags;
static struct limits limits;

static struct runbook read_as(const char *name, const char *text)
{
	struct runbook_source in = {str_of(name), STR("x.md"), str_of(text)};
	struct runbook r;

	limits_default(&limits);
	diags_done(&diags);
	diags_init(&diags);
	runbook_parse(&in, &limits, &arena, &r, &diags);
	return r;
}

static void told(const char *expected)
{
	struct buf b;

	buf_init(&b, 10000);
	for (size_t i = 0; i < diags.n; i++)
		buf_printf(&b, "%d:%d %s%s\n", diags.v[i].line, diags.v[i].col,
			   diags.v[i].warning ? "warning: " : "", diags.v[i].msg);
	assert_string_equal(buf_cstr(&b), expected);
	buf_done(&b);
}

static void is(struct str s, const char *expected)
{
	if (!str_is(s, expected))
		fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(s), expected);
}

static void test_stages(void **state ATTR_UNUSED)
{
	struct runbook r = read_as("down", "# The API is *down*\n"
					   "\n"
					   "First words.\n"
					   "\n"
					   "## 1. Triage\n"
					   "\n"
					   "Look twice.\n"
					   "\n"
					   "- [ ] Is it `really` down?\n"
					   "- [x] Tell customers\n"
					   "\n"
					   "## Stage 2: **Diagnosis**\n"
					   "\n"
					   "1. Error rate\n"
					   "\n"
					   "   ```promql\n"
					   "   rate(errors[5m])\n"
					   "   ```\n"
					   "2. Logs\n"
					   "\n"
					   "- no step\n"
					   "\n"
					   "## Mitigation\n"
					   "- [ ] Revert\n"
					   "```console\n"
					   "$ deploy --to 'last good'\n"
					   "```\n"
					   "End.\n"
					   "## Links\n"
					   "[wiki](https://example.org/)\n");

	told("");
	is(r.title, "The API is down");
	is(r.intro, "<p>First words.</p>\n");
	assert_int_equal(r.n_steps, 5);
	assert_int_equal(r.stages[STAGE_TRIAGE].n, 2);
	is(r.stages[STAGE_TRIAGE].steps[0].before, "<p>Look twice.</p>\n");
	is(r.stages[STAGE_TRIAGE].steps[0].words, "Is it really down?");
	is(r.stages[STAGE_TRIAGE].steps[0].html, "Is it <code>really</code> down?");
	is(r.stages[STAGE_TRIAGE].steps[1].words, "Tell customers");
	assert_int_equal(r.stages[STAGE_DIAGNOSIS].n, 2);
	assert_int_equal(r.stages[STAGE_DIAGNOSIS].steps[0].kind, RUNBOOK_QUERY);
	is(r.stages[STAGE_DIAGNOSIS].steps[0].code, "rate(errors[5m])");
	is(r.stages[STAGE_DIAGNOSIS].steps[1].words, "Logs");
	is(r.stages[STAGE_DIAGNOSIS].after, "<ul>\n<li>no step</li>\n</ul>\n");

	const struct runbook_step *s = &r.stages[STAGE_MITIGATION].steps[0];

	assert_int_equal(s->kind, RUNBOOK_COMMAND);
	assert_int_equal(s->n_argv, 3);
	is(s->argv[0], "deploy");
	is(s->argv[2], "last good");
	is(r.stages[STAGE_MITIGATION].after, "<p>End.</p>\n");
	is(r.rest, "<h2>Links</h2>\n<p><a href=\"https://example.org/\">wiki</a></p>\n");
	assert_ptr_equal(runbook_step(&r, s->id), s);
	assert_null(runbook_step(&r, STR("triage-00000000")));
}

/* Who ticked a step is known by its own words alone. */
static void test_identity(void **state ATTR_UNUSED)
{
	struct runbook a = read_as("a", "## Triage\n- [ ] one\n- [ ] two\n- [ ] two\n");
	struct runbook b = read_as("a", "## Triage\n\ntext\n\n- [ ] zero\n- [x] *two*\n- [ ] one\n"
					"## Recovery\n- [ ] two\n");
	const struct runbook_step *x = a.stages[STAGE_TRIAGE].steps;
	const struct runbook_step *y = b.stages[STAGE_TRIAGE].steps;

	assert_true(str_eq(x[0].id, y[2].id));
	assert_true(str_eq(x[1].id, y[1].id));
	assert_false(str_eq(x[1].id, x[2].id));
	assert_false(str_eq(y[1].id, b.stages[STAGE_RECOVERY].steps[0].id));
	/* Another command is another step: nobody runs what they have not seen. */
	a = read_as("a", "## Triage\n- [ ] one\n\n  ```sh\n  true\n  ```\n");
	b = read_as("a", "## Triage\n- [ ] one\n\n  ```sh\n  false\n  ```\n");
	assert_false(str_eq(a.stages[0].steps[0].id, b.stages[0].steps[0].id));
}

static void test_harmless(void **state ATTR_UNUSED)
{
	struct runbook r =
		read_as("evil",
			"## Triage\n"
			"- [ ] <script>alert(1)</script> [x](javascript:alert(1)) "
			"[y](JaVaScRiPt:alert(1))\n"
			"- [ ] ![img](http://example.org/pixel.png) ![d](data:image/png;base64,AA) "
			"<b>bold</b>\n"
			"- [ ] [rel](other.md) [mail](mailto:a@example.org) [abs](//evil.example) "
			"[v](vbscript:x) <https://example.org>\n"
			"\n"
			"<iframe src=\"http://evil\"></iframe>\n"
			"<img src=x onerror=alert(1)>\n"
			"\n"
			"[![badge](http://example.org/b.svg)](http://example.org/) &#1;&#x7f;\n"
			"\n"
			"[q](http://example.org/\"onmouseover=\"alert(1))\n"
			"[t](<http://example.org/> \"\\\" onclick=alert(1)\")\n");
	const struct runbook_step *s = r.stages[STAGE_TRIAGE].steps;

	assert_int_equal(r.n_steps, 3);
	is(s[0].html, "&lt;script&gt;alert(1)&lt;/script&gt; x y");
	is(s[1].html, "<a href=\"http://example.org/pixel.png\">img</a> d &lt;b&gt;bold&lt;/b&gt;");
	is(s[2].html,
	   "<a href=\"other.md\">rel</a> <a href=\"mailto:a@example.org\">mail</a> abs v "
	   "<a href=\"https://example.org\">https://example.org</a>");
	is(r.stages[STAGE_TRIAGE].after,
	   "<pre><code>&lt;iframe src=&quot;http://evil&quot;&gt;&lt;/iframe&gt;\n"
	   "&lt;img src=x onerror=alert(1)&gt;\n</code></pre>\n"
	   "<p><a href=\"http://example.org/\">badge</a> \xef\xbf\xbd\xef\xbf\xbd</p>\n"
	   "<p><a href=\"http://example.org/%22onmouseover=%22alert(1)\">q</a>\n"
	   "<a href=\"http://example.org/\" title=\"&quot; onclick=alert(1)\">t</a></p>\n");
}

static void test_links(void **state ATTR_UNUSED)
{
	assert_true(markdown_link_ok(STR("HTTPS://example.org/a:b")));
	assert_true(markdown_link_ok(STR("a/b:c")));
	assert_true(markdown_link_ok(STR("#there")));
	assert_false(markdown_link_ok(STR("")));
	assert_false(markdown_link_ok(STR("javascript:alert(1)")));
	assert_false(markdown_link_ok(STR("java\nscript:alert(1)")));
	assert_false(markdown_link_ok(STR("/\\evil.example")));
	assert_false(markdown_link_ok(STR("//evil.example")));
	assert_false(markdown_link_ok(STR(":x")));
}

static void test_mistakes(void **state ATTR_UNUSED)
{
	struct runbook r = read_as("x", "# Title\n\n- [ ] a step\n");

	told("3:1 warning: steps outside of the stages (triage diagnosis mitigation recovery) are "
	     "text: nobody can tick them\n"
	     "1:1 no heading is a stage: \"## Triage\", \"## Diagnosis\", \"## Mitigation\", \"## "
	     "Recovery\" with steps (\"- [ ] ...\") below\n");
	assert_int_equal(r.n_steps, 0);
	is(r.intro, "<ul>\n<li>[ ] a step</li>\n</ul>\n");
	read_as("x",
		"## Triage\n- [ ] a\n\n  ```promql\n  up ==\n  ```\n- [ ] b\n\n"
		"  ```sh\n  echo 'a\n  ```\n- [ ] c\n\n  ```sh\n  a | b\n  ```\n"
		"- [ ] d\n\n  ```console\n  $ a\n  out\n  $ b\n  ```\n## Mitigaton\n- [ ] e\n");
	told("5:8 query: unexpected end of input\n"
	     "10:3 the quotes of the command do not match\n"
	     "14:3 warning: the command is shown, but rouse cannot run it: | needs a shell, and "
	     "there is none\n"
	     "19:3 warning: the command is shown, but rouse cannot run it: it is more than one "
	     "command: put them into a script\n"
	     "24:1 warning: \"Mitigaton\" is no stage: did you mean mitigation?\n"
	     "25:1 warning: steps outside of the stages (triage diagnosis mitigation recovery) are "
	     "text: nobody can tick them\n");
	read_as("x", "## Triage\nnothing\n");
	told("1:1 warning: the stages have no steps: write them as \"- [ ] ...\"\n");
	read_as("x", "## Triage\n\n- [ ] a\001\n");
	told("3:0 a control character: this is no text\n");
	read_as("x", "## Triage\n\n- [ ] a\xff\n");
	told("0:0 the file is not UTF-8\n");
}

static void test_limits(void **state ATTR_UNUSED)
{
	struct runbook_source in[3] = {{STR("a"), STR("a.md"),
					STR("## Triage\n1. x\n2. y\n3. z\n")},
				       {STR("b"), STR("b.md"), STR("")},
				       {STR("c"), STR("c.md"), STR("")}};
	struct runbook r;
	struct runbooks *all = runbooks_new();

	read_as("x", "## Triage\n- [ ] a\n");
	limits.runbook_steps = 2;
	runbook_parse(&in[0], &limits, &arena, &r, &diags);
	told("4:1 a runbook has at most 2 steps: what follows is text\n");
	assert_int_equal(r.n_steps, 2);
	diags_done(&diags);
	diags_init(&diags);
	limits.runbook_bytes = 10;
	limits.runbooks = 1;
	runbooks_parse(all, in, 3, &limits, &diags);
	told("0:0 a runbook has at most 10 bytes, this one has 25\n"
	     "0:0 there are more than 1 runbooks: this one and what follows are left out\n");
	assert_int_equal(all->n, 1);
	runbooks_free(all);
}

/* Too much HTML: whole blocks are left out, never half a tag. */
static void test_html_limit(void **state ATTR_UNUSED)
{
	struct runbook r;
	struct buf b;

	buf_init(&b, 1000000);
	buf_adds(&b, "## Triage\n- [ ] first\n- [ ] ");
	for (int i = 0; i < 100000; i++)
		buf_adds(&b, "\"");
	buf_adds(&b, "\n- [ ] last\n");
	r = read_as("big", buf_cstr(&b));
	told("0:0 it makes more than 1048576 bytes of HTML: not all of it is shown\n");
	is(r.stages[STAGE_TRIAGE].steps[0].html, "first");
	is(r.stages[STAGE_TRIAGE].steps[1].html, "");
	is(r.stages[STAGE_TRIAGE].steps[2].html, "last");
	buf_done(&b);
}

static void test_match(void **state ATTR_UNUSED)
{
	struct runbook_source in[] = {{STR("high-error-rate"), STR("a"), STR("## Triage\n1. x\n")},
				      {STR("Down"), STR("b"), STR("## Triage\n1. x\n")},
				      {STR("HighErrorRate"), STR("c"), STR("## Triage\n1. x\n")},
				      {STR("a b"), STR("d"), STR("## Triage\n1. x\n")}};
	struct runbooks *all = runbooks_new();
	static const struct {
		const char *annotation, *alertname, *name;
	} cases[] = {
		{"", "HighErrorRate", "high-error-rate"},
		{"", "down", "Down"},
		{"", "Dow", NULL},
		{"", "", NULL},
		{"down", "HighErrorRate", "Down"},
		{"down.md", "", "Down"},
		{"https://example.org/runbooks/high_error_rate.md?raw=1#top", "x",
		 "high-error-rate"},
		{"https://example.org/runbooks/down/", "x", "Down"},
		{"https://example.org/elsewhere", "Down", "Down"},
		{"/", "-", NULL},
	};

	read_as("x", "");
	diags_done(&diags);
	diags_init(&diags);
	runbooks_parse(all, in, ARRAY_LEN(in), &limits, &diags);
	told("0:0 it has the same name as a\n"
	     "0:0 the name of a runbook has letters, digits, _ . - and nothing else\n");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct runbook *r = runbooks_match(all, str_of(cases[i].annotation),
							 str_of(cases[i].alertname));

		if (!r != !cases[i].name || (r && !str_is(r->name, cases[i].name)))
			fail_msg("%s %s", cases[i].annotation, cases[i].alertname);
	}
	assert_null(runbooks_match(NULL, STR("a"), STR("b")));
	assert_non_null(runbooks_get(all, STR("Down")));
	assert_null(runbooks_get(all, STR("down")));
	runbooks_free(all);
}

static void test_split(void **state ATTR_UNUSED)
{
	static const struct {
		const char *line, *words; /* joined by |; NULL: the quotes do not match */
		const char *why_not;
	} cases[] = {
		{"a  b\tc", "a|b|c", ""},
		{"a 'b c' \"d e\" f\\ g", "a|b c|d e|f g", ""},
		{"a '' \"\"", "a||", ""},
		{"a'b'\"c\"d", "abcd", ""},
		{"echo '$HOME `x` | & ; < >'", "echo|$HOME `x` | & ; < >", ""},
		{"echo \"\\$HOME \\\"q\\\"\"", "echo|$HOME \"q\"", ""},
		{"echo \"$HOME\"", "echo|$HOME", "$ needs a shell, and there is none"},
		{"a | b", "a|||b", "| needs a shell, and there is none"},
		{"ls *.c", "ls|*.c", "* needs a shell, and there is none"},
		{"ls ~/x a~", "ls|~/x|a~", "~ needs a shell, and there is none"},
		{"kubectl get -o jsonpath={.items} x=y#z", "kubectl|get|-o|jsonpath={.items}|x=y#z",
		 ""},
		{"a 'b", NULL, ""},
		{"a \"b", NULL, ""},
		{"a \\", NULL, ""},
		{"''", "", "the name of the program is empty"},
		{"  ", "", "there is no command in it"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct str *argv, why_not;
		struct buf b;
		size_t n;

		if (!runbook_split(str_of(cases[i].line), &arena, &argv, &n, &why_not)) {
			if (cases[i].words)
				fail_msg("%s", cases[i].line);
			continue;
		}
		assert_non_null(cases[i].words);
		buf_init(&b, 1000);
		for (size_t k = 0; k < n; k++)
			buf_printf(&b, "%s%.*s", k ? "|" : "", STR_ARG(argv[k]));
		assert_string_equal(buf_cstr(&b), cases[i].words);
		is(why_not, cases[i].why_not);
		buf_done(&b);
	}
}

TEST_GROUP(runbook, cmocka_unit_test(test_stages), cmocka_unit_test(test_identity),
	   cmocka_unit_test(test_harmless), cmocka_unit_test(test_links),
	   cmocka_unit_test(test_mistakes), cmocka_unit_test(test_limits),
	   cmocka_unit_test(test_html_limit), cmocka_unit_test(test_match),
	   cmocka_unit_test(test_split));
