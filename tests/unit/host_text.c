/* What the host parses and prints by itself: URLs, request targets, base64, flags, log lines, the
 * web configuration. */
#include <string.h>

#include "base/arena.h"
#include "host/flags.h"
#include "host/log.h"
#include "host/url.h"
#include "host/web_config.h"
#include "tests/unit/unit.h"

static void assert_str(struct str s, const char *want)
{
	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
}

static void test_url_split(void **state)
{
	struct url u;

	(void)state;
	assert_true(url_split(STR("https://u:p@Host.example:8443/a?b#c"), &u, NULL));
	assert_str(u.scheme, "https");
	assert_str(u.user_info, "u:p");
	assert_str(u.host, "Host.example");
	assert_int_equal(u.port, 8443);
	assert_str(u.rest, "/a?b#c");
	assert_true(url_split(STR("http://[::1]"), &u, NULL));
	assert_str(u.host, "::1");
	assert_true(u.brackets);
	assert_int_equal(u.port, 80);
	assert_false(u.has_port);
	assert_str(u.rest, "");
	assert_true(url_split(STR("smtps://mail"), &u, NULL));
	assert_int_equal(u.port, 465);
}

static void test_url_refused(void **state)
{
	static const char *const bad[] = {"",		"x",	       "http://",
					  "http://:80", "http://a:0",  "http://a:99999",
					  "http://a:b", "http://[::1", "http://[::1]x",
					  "http://a b", "http://a\nb", "file:///etc"};
	struct url u;
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(url_split(str_of(bad[i]), &u, &err));
		assert_true(err.msg[0]);
	}
}

static void test_url_origin(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	url_put_origin(&b, STR("https://u:p@h:1/tok/en?x=y"));
	assert_string_equal(buf_cstr(&b), "https://h:1");
	buf_clear(&b);
	url_put_origin(&b, STR("https://u:p@[::1]/a/b?x=y"));
	assert_string_equal(buf_cstr(&b), "https://[::1]");
	buf_done(&b);
}

static void test_target(void **state)
{
	struct arena a;
	struct target t;

	(void)state;
	arena_init(&a);
	assert_true(target_parse(STR("/a%20b+c?x=1+2&y&z=%26&=e&&"), &a, &t, NULL));
	assert_str(t.path, "/a b+c");
	assert_int_equal(t.n_query, 4);
	assert_str(t.query[0].value, "1 2");
	assert_str(t.query[1].name, "y");
	assert_str(t.query[1].value, "");
	assert_str(t.query[2].value, "&");
	assert_str(t.query[3].value, "e");
	assert_true(target_parse(STR("http://host/p?q=1#f"), &a, &t, NULL));
	assert_str(t.path, "/p");
	assert_true(target_parse(STR("http://host"), &a, &t, NULL));
	assert_str(t.path, "/");
	assert_false(target_parse(STR("/%zz"), &a, &t, NULL));
	assert_false(target_parse(STR("/%0"), &a, &t, NULL));
	assert_false(target_parse(STR("/%00"), &a, &t, NULL));
	assert_false(target_parse(STR("/%ff"), &a, &t, NULL));
	assert_false(target_parse(STR("/?a=%ff"), &a, &t, NULL));
	assert_false(target_parse(STR("*"), &a, &t, NULL));
	assert_false(target_parse(STR(""), &a, &t, NULL));
	arena_done(&a);
}

struct options {
	struct str text, choice;
	struct flag_texts many, globs;
	bool on;
	ms_t span;
};

static const struct flag flags[] = {
	FLAG("some.text", "X", TEXT, struct options, text, ""),
	{"choice", "X", FLAG_TEXT, offsetof(struct options, choice), "a b", "a", ""},
	FLAG("many", "X", TEXTS, struct options, many, ""),
	FLAG("globs", "X", GLOBS, struct options, globs, ""),
	FLAG("switch", NULL, SWITCH, struct options, on, ""),
	FLAG_DEFAULT("span", "X", DURATION, struct options, span, "1h", "a help text"),
};

static const struct command command = {.name = "test",
				       .summary = "",
				       .usage = "",
				       .flags = flags,
				       .n_flags = ARRAY_LEN(flags)};

static bool parse(struct arena *a, const char *line, struct options *o, struct flag_texts *rest,
		  struct err *err)
{
	char *argv[32] = {arena_cstr(a, STR("test"))};
	char *words = arena_cstr(a, str_of(line)), *save = NULL;
	int argc = 1;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	*o = (struct options){0};
	return flags_parse(&command, argc, argv, a, o, rest, err);
}

static void test_flags(void **state)
{
	struct arena a;
	struct options o;
	struct flag_texts rest;
	struct err err;

	(void)state;
	arena_init(&a);
	assert_true(parse(&a, "--some.text=x=y --many 1 --many=2 --globs a b c --switch word", &o,
			  &rest, &err));
	assert_str(o.text, "x=y");
	assert_str(o.choice, "a");
	assert_int_equal(o.many.n, 2);
	assert_str(o.many.v[1], "2");
	assert_int_equal(o.globs.n, 3);
	assert_true(o.on);
	assert_int_equal(o.span, HOUR);
	assert_int_equal(rest.n, 1);
	assert_true(parse(&a, "--no-switch --span 90s -- --many", &o, &rest, &err));
	assert_false(o.on);
	assert_int_equal(o.span, 90 * SECOND);
	assert_str(rest.v[0], "--many");
	assert_true(parse(&a, "--switch=false -", &o, &rest, &err));
	assert_int_equal(rest.n, 1);
	arena_done(&a);
}

static void test_flags_refused(void **state)
{
	static const char *const bad[][2] = {{"--some.txt x", "did you mean --some.text?"},
					     {"--zzzzzzzz", "--help"},
					     {"--some.text", "needs a value"},
					     {"--choice=c", "one of a b"},
					     {"--span=1x", "unknown unit"},
					     {"--switch=maybe", "switch"},
					     {"-x", "two dashes"}};
	struct arena a;
	struct options o;
	struct flag_texts rest;
	struct err err;

	(void)state;
	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(parse(&a, bad[i][0], &o, &rest, &err));
		if (!strstr(err.msg, bad[i][1]))
			fail_msg("%s: %s", bad[i][0], err.msg);
	}
	arena_done(&a);
}

static void test_log(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10000);
	log_render(&b, false, 0, LOG_LEVEL_WARN, STR("msg=\"a\nlevel=error\" k=v"), 3);
	assert_string_equal(buf_cstr(&b), "ts=1970-01-01T00:00:00.000Z level=warn "
					  "msg=\"a\\nlevel=error\" k=v repeated=3\n");
	buf_clear(&b);
	log_render(&b, true, 0, LOG_LEVEL_INFO, STR("msg=\"a \\\"q\\\" b\" k=v=w flag x=\"\""), 0);
	assert_string_equal(buf_cstr(&b),
			    "{\"ts\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\","
			    "\"msg\":\"a \\\"q\\\" b\",\"k\":\"v=w\",\"flag\":\"true\","
			    "\"x\":\"\"}\n");
	buf_done(&b);
	assert_string_equal(log_value(STR("plain")), "plain");
	assert_string_equal(log_value(STR("two words")), "\"two words\"");
	assert_string_equal(log_value(STR("a\"b\n")), "\"a\\\"b\\n\"");
	assert_string_equal(log_value(STR("")), "\"\"");
}

static size_t web_errors(const char *text, struct web_config **c, char *first, size_t max)
{
	struct diags d;
	struct limits l;
	size_t n;

	*c = NULL;
	limits_default(&l);
	diags_init(&d);
	(void)!web_config_parse(str_of(text), STR("/etc/web.yml"), &l, c, &d);
	n = d.errors;
	snprintf(first, max, "%d:%s", d.n ? d.v[0].line : 0, d.n ? d.v[0].msg : "");
	diags_done(&d);
	return n;
}

#define HASH "$2y$10$abcdefghijklmnopqrstuu4T826PRnz0Hu6YlprUuxkZxOOj5Fw5S"

static void test_web_config(void **state)
{
	struct web_config *c;
	char first[600];

	(void)state;
	assert_int_equal(web_errors("tls_server_config:\n  cert_file: c.pem\n  key_file: /k.pem\n"
				    "  min_version: TLS12\n  max_version: TLS12\n"
				    "http_server_config:\n  http2: true\n  headers:\n"
				    "    X-Frame-Options: deny\n"
				    "basic_auth_users:\n  alice: " HASH "\n",
				    &c, first, sizeof(first)),
			 0);
	assert_non_null(c);
	assert_true(c->tls);
	assert_str(c->cert_file, "/etc/c.pem");
	assert_str(c->key_file, "/k.pem");
	assert_string_equal(c->priorities, "NORMAL:-VERS-ALL:+VERS-TLS1.2");
	assert_int_equal(c->n_headers, 1);
	assert_int_equal(c->n_users, 1);
	web_config_free(c);
	assert_int_equal(web_errors("", &c, first, sizeof(first)), 0);
	assert_false(c->tls);
	web_config_free(c);
}

static void test_web_config_refused(void **state)
{
	static const char *const bad[] = {
		"[a]",
		"unknown: 1",
		"tls_server_config: {cert_file: a}",
		"tls_server_config: {cert_file: a, key_file: b, min_version: SSL3}",
		"tls_server_config: {cert_file: a, key_file: b, min_version: TLS13, max_version: "
		"TLS12}",
		"tls_server_config: {cert_file: a, key_file: b, client_auth_type: "
		"RequireAndVerifyClientCert}",
		"tls_server_config: {cert_file: a, key_file: b, client_auth_type: "
		"RequireAnyClientCert}",
		"tls_server_config: {cert_file: a, key_file: b, client_auth_type: x}",
		"http_server_config: {headers: {X-Other: y}}",
		"basic_auth_users: {alice: plain}",
		"basic_auth_users: [a]",
	};
	struct web_config *c;
	char first[600];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_true(web_errors(bad[i], &c, first, sizeof(first)) > 0);
		assert_null(c);
		if (first[0] != '1')
			fail_msg("%s: %s", bad[i], first);
	}
}

TEST_GROUP(host_text, cmocka_unit_test(test_url_split), cmocka_unit_test(test_url_refused),
	   cmocka_unit_test(test_url_origin), cmocka_unit_test(test_target),
	   cmocka_unit_test(test_flags), cmocka_unit_test(test_flags_refused),
	   cmocka_unit_test(test_log), cmocka_unit_test(test_web_config),
	   cmocka_unit_test(test_web_config_refused))
