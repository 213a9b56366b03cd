/* HTML mode: what becomes of hostile values in each place, and what is refused. */
#include "tests/unit/unit.h"

#include "template/template.h"

static struct str html(struct arena *a, const char *text, const char *value)
{
	struct limits l;
	struct template_set *ts;
	struct template_options o = {.arena = a, .limits = &l, .html = true};
	struct err err;
	struct buf b;
	struct str out;

	limits_default(&l);
	ts = template_set_new(a, &l);
	if (!template_set_parse(ts, STR("t"), str_of(text), NULL, &err))
		return STR("no template");
	buf_init(&b, 10000);
	if (template_exec(ts, STR("t"), value_str(str_of(value)), &o, &b).outcome != TEMPLATE_OK)
		out = STR("error");
	else
		out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return out;
}

static void test_places(void **state)
{
	static const char EVIL[] = "<img src=x onerror=\"alert('1')\">";
	static const struct {
		const char *text, *value, *want;
	} cases[] = {
		{"<b>{{.}}</b>", EVIL,
		 "<b>&lt;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&gt;</b>"},
		{"<a title=\"{{.}}\">x</a>", "\" onclick=\"x",
		 "<a title=\"&#34; onclick=&#34;x\">x</a>"},
		{"<a title={{.}}>x</a>", "a b>c", "<a title=a&#32;b&gt;c>x</a>"},
		{"<a title={{.}} href=x>x</a>", "", "<a title=ZgotmplZ href=x>x</a>"},
		{"<a href=\"{{.}}\">x</a>", "javascript:alert(1)", "<a href=\"#ZgotmplZ\">x</a>"},
		{"<a href=\"{{.}}\">x</a>", "JAVASCRIPT:x", "<a href=\"#ZgotmplZ\">x</a>"},
		{"<a href=\"{{.}}\">x</a>", "//a/b c?d=\"e\"",
		 "<a href=\"//a/b%20c?d=%22e%22\">x</a>"},
		{"<a href=\"/?q={{.}}&r=1\">x</a>", "a&b=#",
		 "<a href=\"/?q=a%26b%3d%23&r=1\">x</a>"},
		{"<img srcset=\"{{.}}\">", "javascript:x 2x, /a b",
		 "<img srcset=\"#ZgotmplZ, /a b\">"},
		{"<a {{.}}=1>x</a>", "onclick", "<a ZgotmplZ=1>x</a>"},
		{"<a {{.}}=1>x</a>", "title", "<a title=1>x</a>"},
		{"<script>f({{.}})</script>", "</script><b>",
		 "<script>f(\"\\u003c/script\\u003e\\u003cb\\u003e\")</script>"},
		{"<script>f('{{.}}')</script>", "');g('",
		 "<script>f('\\u0027);g(\\u0027')</script>"},
		{"<script>/{{.}}/.test(x)</script>", "a.b/", "<script>/a\\.b\\//.test(x)</script>"},
		{"<script>a = 1 / 2; /* {{.}} */ b</script>", "*/ evil",
		 "<script>a = 1 / 2;    b</script>"},
		{"<a onclick=\"f({{.}})\">x</a>", "x", "<a onclick=\"f(&#34;x&#34;)\">x</a>"},
		{"<style>p { color: {{.}} }</style>", "red", "<style>p { color: red }</style>"},
		{"<style>p { color: {{.}} }</style>", "expression(x)",
		 "<style>p { color: ZgotmplZ }</style>"},
		{"<style>p { background: url('{{.}}') }</style>", "javascript:x",
		 "<style>p { background: url('#ZgotmplZ') }</style>"},
		{"<p style=\"color: {{.}}\">x</p>", "a;b:c", "<p style=\"color: ZgotmplZ\">x</p>"},
		{"<textarea>{{.}}</textarea>", "</textarea><b>",
		 "<textarea>&lt;/textarea&gt;&lt;b&gt;</textarea>"},
		{"a <!-- {{.}} --> b < c", "--><b>", "a  b &lt; c"},
		{"{{. | html}}", "<", "&lt;"},
		{"<!DOCTYPE html><br/>{{if true}}<i>{{.}}</i>{{end}}", "&",
		 "<!DOCTYPE html><br/><i>&amp;</i>"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a;
		struct str got;

		arena_init(&a);
		got = html(&a, cases[i].text, cases[i].value);
		if (!str_is(got, cases[i].want))
			fail_msg("%s: %.*s", cases[i].text, STR_ARG(got));
		arena_done(&a);
	}
}

/* Where nobody can tell what a value would become, nothing is written. */
static void test_refused(void **state)
{
	static const char *const texts[] = {
		"<a href=\"{{.}}",
		"<script>`{{.}}`</script>",
		"<script>'\\{{.}}'</script>",
		"<script>/[{{.}}]/</script>",
		"<a b'c={{.}}>",
		"<a title=a\"b{{.}}>",
		"<b {{.}}",
		"<!-- {{.}}",
		"<style>p { {{.}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct arena a;

		arena_init(&a);
		if (!str_is(html(&a, texts[i], "x"), "error"))
			fail_msg("%s is taken", texts[i]);
		arena_done(&a);
	}
}

TEST_GROUP(html, cmocka_unit_test(test_places), cmocka_unit_test(test_refused))
