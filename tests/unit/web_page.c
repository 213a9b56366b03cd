/*
 * The pages: goldens of whole pages (GOLDEN_WRITE=1 rewrites them), well-formed markup whatever
 * the data, lists that are cut, filters.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "tests/unit/web_fake.h"

struct shown {
	struct core *core;
	struct web *web;
	struct arena arena;
	struct web_answer ans;
	char *text; /* the body, terminated */
};

static void show(struct shown *s, struct core *c, const char *path)
{
	*s = (struct shown){.core = c, .web = fake_web(c, "")};
	s->ans = fake_get(s->web, &s->arena, path);
	s->text = arena_cstr(&s->arena, s->ans.body);
	assert_int_equal(strlen(s->text), s->ans.body.n);
}

static void hide(struct shown *s)
{
	arena_done(&s->arena);
	web_free(s->web);
	fake_free(s->core);
}

static size_t times(const struct shown *s, const char *what)
{
	size_t n = 0;

	for (const char *p = s->text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

/* ---- goldens ------------------------------------------------------------------------------------
 */

/* The hashes of assets change with every touch of a style: goldens do not. */
static void mask_hashes(char *text)
{
	for (char *p = text; (p = strstr(p, "?v=")); p += 3)
		memset(p + 3, 'x', 16);
}

static void read_whole(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "rb");
	char part[4096];
	size_t n;

	if (!f)
		fail_msg("no golden %s: run with GOLDEN_WRITE=1", path);
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_add(b, (struct str){.p = part, .n = n});
	fclose(f);
}

static void golden(struct core *c, const char *path, const char *name)
{
	char file[200];
	struct shown s;
	struct buf want;

	show(&s, c, path);
	assert_int_equal(s.ans.status, 200);
	snprintf(file, sizeof(file), "tests/golden/pages/%s.html", name);
	mask_hashes(s.text);
	if (getenv("GOLDEN_WRITE")) {
		FILE *f = fopen(file, "wb");

		assert_non_null(f);
		assert_int_equal(fwrite(s.text, 1, s.ans.body.n, f), s.ans.body.n);
		assert_int_equal(fclose(f), 0);
	}
	buf_init(&want, 1 << 24);
	read_whole(file, &want);
	assert_string_equal(s.text, buf_cstr(&want));
	buf_done(&want);
	hide(&s);
}

static void test_golden_calm(void **state ATTR_UNUSED)
{
	golden(fake_calm(), "/", "calm");
}

static void test_golden_firing(void **state ATTR_UNUSED)
{
	golden(fake_firing(), "/", "firing");
}

static void test_golden_trouble(void **state ATTR_UNUSED)
{
	golden(fake_trouble(), "/", "trouble");
}

static void test_golden_hostile(void **state ATTR_UNUSED)
{
	golden(fake_hostile(), "/", "hostile");
}

static void test_golden_rule(void **state ATTR_UNUSED)
{
	golden(fake_firing(), "/rule?group=rules/dolthub.yml;dolthub&number=1", "rule");
}

/* ---- well-formed --------------------------------------------------------------------------------
 */

static void well_formed(struct core *c, const char *path)
{
	struct shown s;

	show(&s, c, path);
	assert_string_equal(markup_error(s.ans.body), "");
	hide(&s);
}

static void test_well_formed(void **state ATTR_UNUSED)
{
	well_formed(fake_new(), "/");
	well_formed(fake_calm(), "/");
	well_formed(fake_firing(), "/");
	well_formed(fake_trouble(), "/");
	well_formed(fake_many(30, 50), "/");
	well_formed(fake_hostile(), "/");
	well_formed(fake_hostile(), "/?q=\"><script>alert(1)</script>&state=<b>");
	well_formed(fake_hostile(), "/?q=\xFF\xC3\x01");
	well_formed(fake_firing(), "/rule?group=rules/disk.yml;disks&number=1");
	well_formed(fake_firing(), "/rule?group=<script>&number=1");
}

static void test_injection(void **state ATTR_UNUSED)
{
	struct shown s;

	show(&s, fake_hostile(), "/?q=<script>alert(1)</script>");
	assert_int_equal(times(&s, "<script>"), 0);
	assert_int_equal(times(&s, "<script"), 1);
	assert_int_equal(times(&s, "href=\"javascript"), 0);
	assert_true(times(&s, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;`") > 10);
	hide(&s);
}

/* ---- what is said -------------------------------------------------------------------------------
 */

static void test_headline(void **state ATTR_UNUSED)
{
	struct shown s;

	show(&s, fake_calm(), "/");
	assert_int_equal(times(&s, "<h1>Nothing is firing</h1>"), 1);
	assert_int_equal(times(&s, "<body class=\"calm\">"), 1);
	assert_int_equal(times(&s, "calm.svg"), 1);
	hide(&s);
	show(&s, fake_firing(), "/");
	assert_int_equal(times(&s, "<h1>4 alerts firing</h1>"), 1);
	assert_int_equal(times(&s, "<title>4 firing · rouse</title>"), 1);
	assert_int_equal(times(&s, "firing.svg"), 1);
	assert_int_equal(times(&s, "absent(up{app=&quot;dolthubapi&quot;}) &gt; 0</code></p>"), 1);
	assert_int_equal(times(&s, "<b>6m</b>, at "), 1);
	assert_int_equal(times(&s, "at the next evaluation"), 1);
	hide(&s);
	show(&s, fake_trouble(), "/");
	assert_int_equal(times(&s, "<h1>Blind: Prometheus does not answer</h1>"), 1);
	assert_int_equal(times(&s, "class=\"banner bad\""), 5);
	assert_int_equal(times(&s, "class=\"banner warn\""), 2);
	hide(&s);
	show(&s, fake_new(), "/");
	assert_int_equal(times(&s, "Nobody is told."), 1);
	assert_int_equal(times(&s, "No rules are loaded."), 2);
	hide(&s);
}

static void test_recording(void **state ATTR_UNUSED)
{
	struct core *c = fake_calm();
	struct endpoint e = {.url = STR("http://x")};
	struct shown s;

	c->groups[1].rules[0].view.health = RULE_UNKNOWN;
	c->groups[1].rules[0].view.evaluated = false;
	show(&s, c, "/");
	assert_int_equal(times(&s, "left to Prometheus"), 1);
	assert_int_equal(times(&s, ">recording</span>"), 1);
	c->config.prometheus.remote_write = &e;
	arena_done(&s.arena);
	web_free(s.web);
	show(&s, c, "/");
	assert_int_equal(times(&s, "left to Prometheus"), 0);
	assert_int_equal(times(&s, "not evaluated yet"), 1);
	hide(&s);
}

static void test_worst_first(void **state ATTR_UNUSED)
{
	struct shown s;

	show(&s, fake_firing(), "/?state=firing");
	assert_true(strstr(s.text, ">DolthubAPIDown</a></h3>") <
		    strstr(s.text, ">DiskAlmostFull</a></h3>"));
	hide(&s);
}

static void test_cut(void **state ATTR_UNUSED)
{
	struct shown s;

	show(&s, fake_many(1500, 3), "/");
	assert_int_equal(times(&s, "<p class=\"since\">"), 500);
	assert_int_equal(times(&s, "<p class=\"more\">and 3,999 more"), 1);
	assert_int_equal(times(&s, "<p class=\"more\">and 500 more rules"), 1);
	hide(&s);
	show(&s, fake_many(1, 2000), "/");
	assert_int_equal(times(&s, "<p class=\"since\">"), 20);
	assert_int_equal(times(&s, "and 1,980 more: <a href=\"rule?group="), 1);
	hide(&s);
	show(&s, fake_many(1, 2000), "/rule?group=rules/many.yml;group-000&number=1");
	assert_int_equal(times(&s, "<td data-th=\"Since\">"), 500);
	assert_int_equal(times(&s, "and 1,500 more"), 1);
	hide(&s);
}

/* How many cards, pending rows and rule rows a filter leaves. */
static void filtered(const char *path, size_t cards, size_t pending, size_t groups)
{
	struct shown s;

	show(&s, fake_firing(), path);
	if (times(&s, "<article") != cards || times(&s, "data-th=\"Fires in\"") != pending ||
	    times(&s, "<details class=\"group\"") != groups)
		fail_msg("%s: %zu cards, %zu pending, %zu groups", path, times(&s, "<article"),
			 times(&s, "data-th=\"Fires in\""), times(&s, "<details class=\"group\""));
	hide(&s);
}

static void test_filter(void **state ATTR_UNUSED)
{
	filtered("/", 2, 2, 4);
	filtered("/?state=firing", 2, 0, 2);
	filtered("/?state=pending", 0, 2, 1);
	filtered("/?state=failing", 0, 0, 0);
	filtered("/?state=nonsense&other=1", 2, 2, 4);
	filtered("/?q=DOLThub", 1, 0, 1);
	filtered("/?q=instance=db-1", 1, 2, 0);
	filtered("/?q=db-1 device=sda", 0, 1, 0);
	filtered("/?q=reads slow", 0, 2, 0);
	filtered("/?q=nothing-like-it", 0, 0, 0);
}

static void test_rule_page(void **state ATTR_UNUSED)
{
	struct shown s;

	show(&s, fake_firing(), "/rule?group=rules/dolthub.yml;dolthub&number=1");
	assert_int_equal(times(&s, "<dt>For</dt><dd>1m</dd>"), 1);
	assert_int_equal(times(&s, "{{ $labels.app }}"), 1);
	assert_int_equal(times(&s, "/graph?g0.expr=sum%28up%7Bapp%3D%22dolthubapi%22%7D%29"), 1);
	hide(&s);
	show(&s, fake_firing(), "/rule?group=rules/dolthub.yml;dolthub&number=2");
	assert_int_equal(s.ans.status, 404);
	hide(&s);
	show(&s, fake_firing(), "/rule");
	assert_int_equal(s.ans.status, 404);
	hide(&s);
}

TEST_GROUP(web_page, cmocka_unit_test(test_golden_calm), cmocka_unit_test(test_golden_firing),
	   cmocka_unit_test(test_golden_trouble), cmocka_unit_test(test_golden_hostile),
	   cmocka_unit_test(test_golden_rule), cmocka_unit_test(test_well_formed),
	   cmocka_unit_test(test_injection), cmocka_unit_test(test_headline),
	   cmocka_unit_test(test_recording), cmocka_unit_test(test_worst_first),
	   cmocka_unit_test(test_cut), cmocka_unit_test(test_filter),
	   cmocka_unit_test(test_rule_page))
