/* The escaping writer: nothing from outside becomes markup. */
#include "tests/unit/unit.h"

#include <math.h>

#include "tests/unit/web_fake.h"
#include "web/html.h"

static struct buf b;

static int begin(void **state ATTR_UNUSED)
{
	buf_init(&b, 1 << 20);
	return 0;
}

static int end(void **state ATTR_UNUSED)
{
	buf_done(&b);
	return 0;
}

static void expect(const char *want)
{
	assert_string_equal(buf_cstr(&b), want);
	buf_clear(&b);
}

static void test_text(void **state ATTR_UNUSED)
{
	html_text(&b, STR("a<b>&\"c'"));
	expect("a&lt;b&gt;&amp;&quot;c&#39;");
	html_text(&b, STR("größe ✓ 🔔"));
	expect("größe ✓ 🔔");
	html_text(&b, STR("\xFFx\xC3(\xE2\x82\xED\xA0\x80\xF0\x9F"));
	expect("\uFFFDx\uFFFD(\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
	html_text(&b, (struct str){.p = "a\0b\x01\t\n\r\x7F", .n = 8});
	expect("a\uFFFDb\uFFFD\t\n\uFFFD\uFFFD");
	html_text(&b, STR(""));
	expect("");
}

static void test_put(void **state ATTR_UNUSED)
{
	html_put(&b, "<a href=\"$\">$</a>", STR("\"><script>"), STR("$&"));
	expect("<a href=\"&quot;&gt;&lt;script&gt;\">$&amp;</a>");
}

static void test_links(void **state ATTR_UNUSED)
{
	assert_true(html_is_link(STR("https://x/y?z")));
	assert_true(html_is_link(STR("HTTP://x")));
	assert_false(html_is_link(STR("https://")));
	assert_false(html_is_link(STR("javascript:alert(1)")));
	assert_false(html_is_link(STR("//x")));
	assert_false(html_is_link(STR(" https://x")));
	assert_false(html_is_link(STR("https://x y")));
	assert_false(html_is_link(STR("https://x\ny")));
	html_link(&b, STR("data:text/html,x"), STR("Runbook"));
	expect("<span class=\"out\">Runbook: data:text/html,x</span>");
	html_query(&b, STR("a b&c=d/\xC3\xA9~"));
	expect("a%20b%26c%3Dd%2F%C3%A9~");
}

static void span(ms_t d, const char *want)
{
	html_span(&b, d);
	expect(want);
}

static void test_spans(void **state ATTR_UNUSED)
{
	span(0, "0s");
	span(-5, "0s");
	span(59 * SECOND + 999, "59s");
	span(MINUTE, "1m");
	span(59 * MINUTE + 59 * SECOND, "59m");
	span(3 * HOUR + 5 * MINUTE, "3h 5m");
	span(3 * HOUR, "3h");
	span(2 * DAY + 4 * HOUR + MINUTE, "2d 4h");
	span(400 * DAY, "400d");
}

static void test_times(void **state ATTR_UNUSED)
{
	html_time(&b, FAKE_NOW, FAKE_NOW);
	expect("<time data-clock datetime=\"2026-11-23T06:30:00Z\">06:30 UTC</time>");
	html_time(&b, FAKE_NOW - DAY + 250, FAKE_NOW);
	expect("<time data-clock datetime=\"2026-11-22T06:30:00Z\">Nov 22, 06:30 UTC</time>");
	html_time(&b, FAKE_NOW - 365 * DAY, FAKE_NOW);
	expect("<time data-clock datetime=\"2025-11-23T06:30:00Z\">2025 Nov 23, 06:30 UTC</time>");
	html_time(&b, MS_NONE, FAKE_NOW);
	expect("<span class=\"none\">–</span>");
	html_ago(&b, FAKE_NOW - 90 * SECOND, FAKE_NOW);
	expect("<time datetime=\"2026-11-23T06:28:30Z\" title=\"2026-11-23T06:28:30Z\">1m "
	       "ago</time>");
	html_ago(&b, MS_NONE, FAKE_NOW);
	expect("<span class=\"none\">never</span>");
}

static void test_numbers(void **state ATTR_UNUSED)
{
	html_count(&b, 0);
	html_count(&b, 999);
	html_count(&b, 1000);
	html_count(&b, 1234567);
	expect("09991,0001,234,567");
	html_value(&b, 0.0912345678);
	expect("<data value=\"0.0912345678\" title=\"0.0912345678\">0.0912346</data>");
	html_value(&b, (double)NAN);
	expect("<data value=\"NaN\" title=\"NaN\">NaN</data>");
}

static void test_labels(void **state ATTR_UNUSED)
{
	struct core *c = fake_new();

	html_labels(&b, fake_labels(c, "alertname", "X", "a", "<1>", "b", "2", NULL),
		    fake_labels(c, "b", "2", NULL));
	expect("<ul class=\"labels\"><li><span class=\"ln\">a</span>=<span "
	       "class=\"lv\">&lt;1&gt;</span></li></ul>");
	html_labels(&b, fake_labels(c, "alertname", "X", NULL), (struct labels){0});
	expect("");
	fake_free(c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
TEST_GROUP(web_html, T(test_text), T(test_put), T(test_links), T(test_spans), T(test_times),
	   T(test_numbers), T(test_labels))
