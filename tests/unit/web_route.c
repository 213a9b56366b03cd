/* Paths, methods, prefix, headers, assets, health, reload, metrics, events. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <string.h>

#include "tests/unit/web_fake.h"

static struct core *core;
static struct web *web;
static struct arena arena;

static int begin(void **state ATTR_UNUSED)
{
	core = fake_calm();
	web = fake_web(core, "");
	return 0;
}

static int end(void **state ATTR_UNUSED)
{
	arena_done(&arena);
	web_free(web);
	fake_free(core);
	return 0;
}

static void expect(const char *method, const char *path, int status, const char *body)
{
	struct web_answer ans = fake_ask(web, &arena, method, path);

	if (ans.status != status)
		fail_msg("%s %s: %d, not %d", method, path, ans.status, status);
	if (body)
		assert_string_equal(arena_cstr(&arena, ans.body), body);
}

static void test_paths(void **state ATTR_UNUSED)
{
	expect("GET", "/", 200, NULL);
	expect("HEAD", "/", 200, NULL);
	expect("GET", "/nothing", 404, "404 page not found\n");
	expect("GET", "/api/v1/nothing", 404, NULL);
	expect("GET", "/api/v1/rules/", 404, NULL);
	expect("GET", "//", 404, NULL);
	expect("GET", "/assets/../web.c", 404, NULL);
	expect("GET", "nothing", 400, NULL);
	expect("GET", "", 400, NULL);
	expect("POST", "/", 405, NULL);
	expect("DELETE", "/api/v1/rules", 405, NULL);
	expect("GET", "/-/reload", 405, "Only POST or PUT requests allowed\n");
}

static void test_allow(void **state ATTR_UNUSED)
{
	struct web_answer ans = fake_ask(web, &arena, "PATCH", "/-/reload");

	assert_int_equal(ans.status, 405);
	assert_true(str_is(fake_header(&ans, "Allow"), "POST, PUT"));
	ans = fake_ask(web, &arena, "POST", "/metrics");
	assert_true(str_is(fake_header(&ans, "Allow"), "GET, HEAD"));
}

static void test_limits(void **state ATTR_UNUSED)
{
	struct buf b;

	buf_init(&b, 100000);
	buf_addc(&b, '/');
	buf_fill(&b, 'a', 2047);
	expect("GET", buf_cstr(&b), 404, NULL);
	buf_addc(&b, 'a');
	expect("GET", buf_cstr(&b), 414, NULL);
	buf_clear(&b);
	buf_adds(&b, "/?");
	for (size_t i = 0; i < 1000; i++)
		buf_adds(&b, "x&");
	expect("GET", buf_cstr(&b), 200, NULL);
	buf_adds(&b, "y");
	expect("GET", buf_cstr(&b), 400, NULL);
	buf_done(&b);
}

static void test_headers(void **state ATTR_UNUSED)
{
	struct web_answer ans = fake_get(web, &arena, "/");

	assert_true(str_is(fake_header(&ans, "Content-Type"), "text/html; charset=utf-8"));
	assert_true(str_is(fake_header(&ans, "X-Content-Type-Options"), "nosniff"));
	assert_true(str_is(fake_header(&ans, "Referrer-Policy"), "no-referrer"));
	assert_true(str_is(fake_header(&ans, "Cache-Control"), "no-store"));
	assert_true(str_starts(fake_header(&ans, "Content-Security-Policy"),
			       "default-src 'none'; style-src 'self'; script-src 'self'; "
			       "connect-src 'self'; img-src 'self' data:"));
	ans = fake_get(web, &arena, "/nothing");
	assert_true(str_is(fake_header(&ans, "X-Content-Type-Options"), "nosniff"));
}

static void test_prefix(void **state ATTR_UNUSED)
{
	struct web *w = fake_web(core, "/rouse");
	struct web_answer ans = fake_get(w, &arena, "/");

	assert_int_equal(ans.status, 302);
	assert_true(str_is(fake_header(&ans, "Location"), "/rouse"));
	ans = fake_get(w, &arena, "/rouse");
	assert_int_equal(ans.status, 302);
	assert_true(str_is(fake_header(&ans, "Location"), "/rouse/"));
	assert_int_equal(fake_get(w, &arena, "/rouse/").status, 200);
	assert_int_equal(fake_get(w, &arena, "/rouse/-/healthy").status, 200);
	assert_int_equal(fake_get(w, &arena, "/rousex/-/healthy").status, 404);
	assert_int_equal(fake_get(w, &arena, "/-/healthy").status, 404);
	web_free(w);
}

static struct web_answer with_header(const char *method, const char *path, const char *name,
				     struct str value)
{
	struct web_param h = {.name = str_of(name), .value = value};
	struct web_request r = {.method = str_of(method),
				.path = str_of(path),
				.headers = &h,
				.n_headers = 1};
	struct web_answer ans;

	web_handle(web, (struct now){.wall = FAKE_NOW}, &r, &arena, &ans);
	return ans;
}

static void test_assets(void **state ATTR_UNUSED)
{
	static const char *const names[] = {"style.css", "app.js", "calm.svg", "pending.svg",
					    "firing.svg"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str path = arena_printf(&arena, "/assets/%s", names[i]);
		struct web_answer ans = fake_get(web, &arena, path.p);
		struct str etag = fake_header(&ans, "ETag");

		assert_int_equal(ans.status, 200);
		assert_true(ans.body.n > 100);
		assert_int_equal(etag.n, 18);
		assert_true(str_is(fake_header(&ans, "Cache-Control"), "no-cache"));
		ans = with_header("GET", path.p, "if-none-match", etag);
		assert_int_equal(ans.status, 304);
		assert_int_equal(ans.body.n, 0);
		ans = with_header("GET", path.p, "if-none-match", STR("\"other\""));
		assert_int_equal(ans.status, 200);
		path = arena_printf(&arena, "/assets/%s?v=%.*s", names[i],
				    STR_ARG(str_cut(etag, 1, 17)));
		ans = fake_get(web, &arena, path.p);
		assert_true(str_starts(fake_header(&ans, "Cache-Control"), "public, max-age="));
	}
}

static void test_health(void **state ATTR_UNUSED)
{
	expect("GET", "/-/healthy", 200, "OK");
	expect("GET", "/-/ready", 200, "OK");
	core->ready = false;
	expect("GET", "/-/ready", 503, NULL);
	expect("GET", "/-/healthy", 200, NULL);
}

struct loader {
	int calls;
	const char *error;
};

static bool load(void *host, struct now now, struct err *err)
{
	struct loader *l = host;

	assert_int_equal(now.wall, FAKE_NOW);
	l->calls++;
	return !l->error || err_set(err, -1, "%s", l->error);
}

static void test_reload(void **state ATTR_UNUSED)
{
	struct loader l = {0};
	struct web_options o = {.reload = load, .host = &l};

	expect("POST", "/-/reload", 403, NULL);
	web_free(web);
	web = web_new(core, &o);
	expect("GET", "/-/reload", 405, NULL);
	assert_int_equal(l.calls, 0);
	expect("POST", "/-/reload", 200, NULL);
	expect("PUT", "/-/reload", 200, NULL);
	assert_int_equal(l.calls, 2);
	l.error = "rouse.yml:3:1: field x not found";
	expect("POST", "/-/reload", 500,
	       "failed to reload config: rouse.yml:3:1: field x not found\n");
	assert_int_equal(with_header("POST", "/-/reload", "sec-fetch-site", STR("cross-site"))
				 .status,
			 403);
	assert_int_equal(l.calls, 3);
}

static void host_metrics(void *host ATTR_UNUSED, struct buf *b)
{
	buf_adds(b, "process_metrics 1\n");
}

static void test_metrics(void **state ATTR_UNUSED)
{
	struct web_options o = {.metrics = host_metrics};

	web_free(web);
	web = web_new(core, &o);
	expect("GET", "/nothing", 404, NULL);
	expect("GET", "/-/healthy", 200, NULL);
	expect("GET", "/-/healthy", 200, NULL);
	expect("POST", "/-/healthy", 405, NULL);
	expect("GET", "/metrics", 200,
	       "core_metrics 1\nnotify_metrics 1\nprocess_metrics 1\n"
	       "# HELP prometheus_http_requests_total Counter of HTTP requests.\n"
	       "# TYPE prometheus_http_requests_total counter\n"
	       "prometheus_http_requests_total{code=\"200\",handler=\"/-/healthy\"} 2\n"
	       "prometheus_http_requests_total{code=\"405\",handler=\"/-/healthy\"} 1\n"
	       "prometheus_http_requests_total{code=\"404\",handler=\"other\"} 1\n");
}

static void test_events(void **state ATTR_UNUSED)
{
	struct web_answer ans = fake_get(web, &arena, "/api/events");
	struct now now = {.wall = FAKE_NOW};
	uint64_t seen = 0;
	struct buf b;

	assert_int_equal(ans.kind, WEB_STREAM);
	assert_int_equal(ans.status, 200);
	assert_true(str_is(fake_header(&ans, "Content-Type"), "text/event-stream"));
	buf_init(&b, 10000);
	web_event_put(web, now, &seen, &b);
	assert_string_equal(buf_cstr(&b),
			    "retry: 3000\nid: 1\nevent: state\ndata: {\"version\":1,\"time\":"
			    "\"2026-11-23T06:30:00Z\",\"firing\":0,\"pending\":0,\"rules\":4,"
			    "\"failing\":0,\"blind\":false}\n\n");
	assert_int_equal(seen, 1);
	buf_clear(&b);
	web_event_put(web, now, &seen, &b);
	assert_int_equal(b.n, 0);
	fake_active(core, &core->groups[0].rules[0], ALERT_FIRING, 0, fake_labels(core, NULL),
		    fake_labels(core, NULL));
	core->version = 2;
	web_event_put(web, now, &seen, &b);
	assert_non_null(strstr(buf_cstr(&b), "id: 2\n"));
	assert_non_null(strstr(buf_cstr(&b), "\"firing\":1,"));
	assert_null(strstr(buf_cstr(&b), "retry"));
	assert_int_equal(seen, 2);
	buf_done(&b);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
TEST_GROUP(web_route, T(test_paths), T(test_allow), T(test_limits), T(test_headers), T(test_prefix),
	   T(test_assets), T(test_health), T(test_reload), T(test_metrics), T(test_events))
