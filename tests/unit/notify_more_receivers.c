/* The receivers that Alertmanager does not have: what they ask, what they make of answers. */
#include "tests/unit/notify_harness.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/yaml.h"

static struct world *start(const char *kind, const char *entry)
{
	char yaml[4096];

	snprintf(yaml, sizeof(yaml),
		 "route: {receiver: r, group_by: [alertname], group_wait: 1s, group_interval: 1m}\n"
		 "receivers:\n- name: r\n  %s_configs:\n  - %s\n",
		 kind, entry);

	struct world *w = world_new(yaml);

	w->unchecked = true;
	return w;
}

/* One alert; the one request that comes of it. */
static const struct heard *page(struct world *w)
{
	size_t n = w->n_heard;

	world_fire(w, "alertname=Down,instance=db1,severity=page",
		   "summary=it is down <b> & @everyone,runbook_url=http://run/down");
	world_run(w, 2 * SECOND);
	assert_int_equal(w->n_heard, n + 1);
	return &w->heard[n];
}

static void asked(const char *kind, const char *entry, const char *request, const char *body)
{
	struct world *w = start(kind, entry);
	const struct heard *h = page(w);
	char got[2048];

	snprintf(got, sizeof(got), "%s %s", h->method, h->url);
	assert_string_equal(got, request);
	assert_string_equal(h->body, body);
	world_free(w);
}

#define TEXT "it is down <b> & @everyone http://run/down"
#define JSON_TEXT "it is down \\u003cb\\u003e \\u0026 @everyone http://run/down"

static void test_requests(void **state)
{
	(void)state;
	asked("ntfy", "{topic: ops}", "POST https://ntfy.sh",
	      "{\"topic\":\"ops\",\"title\":\"PAGE: Down db1\",\"message\":\"" JSON_TEXT
	      "\",\"priority\":5,\"tags\":[\"rotating_light\"],\"click\":\"http://"
	      "rouse.example\"}\n");
	asked("gotify", "{url: 'http://g/', token: A1}", "POST http://g/message",
	      "{\"title\":\"PAGE: Down db1\",\"message\":\"" JSON_TEXT
	      "\",\"priority\":9,\"extras\":{\"client::notification\":{\"click\":{\"url\":\"http://"
	      "rouse.example\"}}}}\n");
	asked("googlechat", "{webhook_url: 'http://c/v1?key=k', threads: false}",
	      "POST http://c/v1?key=k", "{\"text\":\"*PAGE: Down db1*\\n" JSON_TEXT "\"}\n");
	asked("zulip", "{url: 'http://z', email: b@z, api_key: k, stream: ops}",
	      "POST http://z/api/v1/messages",
	      "type=stream&to=ops&topic=Down&content=%2A%2APAGE%3A+Down+db1%2A%2A%0Ait+is+down+%"
	      "3Cb%3E+"
	      "%26+%40everyone+http%3A%2F%2Frun%2Fdown");
	asked("zulip", "{url: 'http://z', email: b@z, api_key: k, to: 'a@z, c@z', message: m}",
	      "POST http://z/api/v1/messages",
	      "type=direct&to=%5B%22a%40z%22%2C%22c%40z%22%5D&content=m");
	asked("twilio", "{account_sid: AC1, auth_token: t, to: '+1', from: '+2', message: m}",
	      "POST https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json",
	      "To=%2B1&From=%2B2&Body=m");
	asked("twilio",
	      "{account_sid: AC1, auth_token: t, to: '+1', from: '+2', mode: call, message: 'a<b & "
	      "c'}",
	      "POST https://api.twilio.com/2010-04-01/Accounts/AC1/Calls.json",
	      "To=%2B1&From=%2B2&Twiml=%3CResponse%3E%3CPause+length%3D%221%22%2F%3E%3CSay+loop%3D%"
	      "222"
	      "%22%3Ea%26lt%3Bb+%26amp%3B+c%3C%2FSay%3E%3C%2FResponse%3E&Timeout=25");
	asked("signal", "{url: 'http://s', number: '+1', recipients: ['+2', group.x], message: m}",
	      "POST http://s/v2/send",
	      "{\"number\":\"+1\",\"recipients\":[\"+2\",\"group.x\"],\"message\":\"m\"}\n");
	asked("sms",
	      "{url: 'http://g/send', form: {to: '+1', text: '{{ template \"rouse.short\" . }}'}}",
	      "POST http://g/send",
	      "to=%2B1&text=PAGE%3A+Down+db1%3A+it+is+down+%3Cb%3E+%26+%40everyone+http%3A%2F%"
	      "2Frun%"
	      "2Fdown");
	asked("sms", "{url: 'http://g/send', method: GET, query: {text: '{{ .Status }}', key: k}}",
	      "GET http://g/send?text=firing&key=k", "");
	asked("sms", "{url: 'http://g/send', json: {to: ['+1'], text: '{{ .Status }}'}}",
	      "POST http://g/send", "{\"text\":\"firing\",\"to\":[\"+1\"]}");
}

/* The transaction is the delivery's key; the room stands escaped in the path. */
static void test_matrix(void **state)
{
	struct world *w = start("matrix", "{homeserver_url: 'http://m/', room_id: '!a:m', "
					  "access_token: t, update_message: true}");
	const struct heard *h;

	(void)state;
	w->answer = (struct answer){.status = 200, .body = "{\"event_id\":\"$1\"}"};
	h = page(w);
	assert_string_equal(h->method, "PUT");
	assert_true(str_starts(str_of(h->url),
			       "http://m/_matrix/client/v3/rooms/%21a:m/send/m.room.message/"));
	assert_int_equal(strlen(strrchr(h->url, '/')), 33);
	assert_non_null(strstr(h->body, "\"formatted_body\":\"\\u003cb\\u003ePAGE: Down db1\\u003c/"
					"b\\u003e\\u003cbr\\u003eit is down \\u0026lt;b\\u0026gt; "
					"\\u0026amp; @everyone"));
	assert_null(strstr(h->body, "m.replace"));
	world_resolve(w, "alertname=Down,instance=db1,severity=page");
	world_run(w, 2 * MINUTE);
	h = &w->heard[w->n_heard - 1];
	assert_non_null(strstr(h->body, "\"m.new_content\":{\"msgtype\":\"m.text\",\"body\":\"OK: "
					"Down db1\\nover: "));
	assert_non_null(strstr(h->body, "\"rel_type\":\"m.replace\",\"event_id\":\"$1\""));
	world_free(w);
}

/* With update_message the end replaces the beginning. */
static void test_edits(void **state)
{
	struct world *w = start("ntfy", "{topic: ops, update_message: true}");

	(void)state;
	w->answer = (struct answer){.status = 200, .body = "{\"id\":\"abc\"}"};
	page(w);
	world_resolve(w, "alertname=Down,instance=db1,severity=page");
	world_run(w, 2 * MINUTE);
	assert_non_null(strstr(w->heard[1].body, "\"sequence_id\":\"abc\""));
	world_free(w);

	w = start("zulip",
		  "{url: 'http://z', email: b@z, api_key: k, stream: ops, update_message: true}");
	w->answer = (struct answer){.status = 200, .body = "{\"id\":42}"};
	page(w);
	world_resolve(w, "alertname=Down,instance=db1,severity=page");
	world_run(w, 2 * MINUTE);
	assert_string_equal(w->heard[1].method, "PATCH");
	assert_string_equal(w->heard[1].url, "http://z/api/v1/messages/42");
	world_free(w);

	w = start("webex", "{api_url: 'http://w/v1/messages', room_id: r, update_message: true, "
			   "http_config: {authorization: {credentials: t}}}");
	w->answer = (struct answer){.status = 200, .body = "{\"id\":\"M1\"}"};
	page(w);
	w->answer = (struct answer){.status = 400, .body = "{\"message\":\"edited too often\"}"};
	world_resolve(w, "alertname=Down,instance=db1,severity=page");
	world_run(w, 61 * SECOND);
	assert_string_equal(w->heard[1].method, "PUT");
	assert_string_equal(w->heard[1].url, "http://w/v1/messages/M1");
	assert_string_equal(w->heard[2].method, "POST");
	world_free(w);

	w = start("signal",
		  "{url: 'http://s', number: '+1', recipients: ['+2'], update_message: true}");
	w->answer = (struct answer){.status = 201, .body = "{\"timestamp\":\"1700\"}"};
	page(w);
	world_resolve(w, "alertname=Down,instance=db1,severity=page");
	world_run(w, 2 * MINUTE);
	assert_non_null(strstr(w->heard[1].body, "\"edit_timestamp\":1700}"));
	world_free(w);
}

/* What becomes of a page with this answer. */
static void becomes(const char *kind, const char *entry, struct answer a, const char *status)
{
	struct world *w = start(kind, entry);

	w->answer = a;
	world_fire(w, "alertname=Down", "summary=x");
	world_run(w, 3 * SECOND);
	assert_statuses(w, status);
	world_free(w);
}

static void test_answers(void **state)
{
	static const char TWILIO[] = "{account_sid: A, auth_token: t, to: '+1', from: '+2'}";
	static const char SMS[] = "{url: 'http://g/', form: {to: '+1'}, success: {pointer: "
				  "/messages/0/status, value: '0'}}";

	(void)state;
	becomes("ntfy", "{topic: t}", (struct answer){.status = 429, .body = "{\"code\":42901}"},
		"retry");
	becomes("ntfy", "{topic: t}", (struct answer){.status = 429, .body = "{\"code\":42908}"},
		"dead");
	becomes("twilio", TWILIO, (struct answer){.status = 201, .body = "{\"sid\":\"SM1\"}"},
		"sent");
	becomes("twilio", TWILIO,
		(struct answer){.status = 201, .body = "{\"sid\":\"SM1\",\"error_code\":30007}"},
		"dead");
	becomes("twilio", TWILIO,
		(struct answer){.status = 400, .body = "{\"code\":21610,\"message\":\"STOP\"}"},
		"dead");
	becomes("twilio", TWILIO, (struct answer){.status = 400, .body = "{\"code\":30001}"},
		"retry");
	becomes("sms", SMS,
		(struct answer){.status = 200, .body = "{\"messages\":[{\"status\":\"0\"}]}"},
		"sent");
	becomes("sms", SMS,
		(struct answer){.status = 200, .body = "{\"messages\":[{\"status\":\"4\"}]}"},
		"dead");
	becomes("sms", SMS, (struct answer){.status = 200, .body = "no JSON"}, "dead");
	becomes("matrix", "{homeserver_url: 'http://m', room_id: '!a:m', access_token: t}",
		(struct answer){.status = 429, .body = "{\"retry_after_ms\":60000}"}, "retry");
	becomes("gotify", "{url: 'http://g', token: A1}", (struct answer){.status = 401}, "dead");
}

/* ---- credentials of AWS ------------------------------------------------------------------- */
static bool aws_env(void *arg, struct str name, struct arena *a, struct str *out)
{
	(void)arg;
	(void)a;
	*out = STR("/home/x");
	return str_is(name, "HOME");
}

static bool aws_read(void *arg, struct str path, struct arena *a, struct str *out, struct err *err)
{
	(void)arg;
	(void)err;
	*out = arena_str(a, STR("# keys\n[default]\naws_access_key_id = AK1\n"
				"aws_secret_access_key=S1\n[ops]\naws_access_key_id=AK2\n"
				"aws_secret_access_key = S2\nregion = eu-west-1\n"));
	return str_is(path, "/home/x/.aws/credentials");
}

/* How many warnings there are with this sigv4. */
static size_t sns_warns(const char *sigv4)
{
	const struct config_files files = {.env = aws_env, .read = aws_read, .glob = NO_FILES.glob};
	struct yaml_node *root = NULL;
	struct notify_config *c = NULL;
	struct diags diags;
	struct limits l;
	struct arena a;
	struct buf b;
	size_t n;
	bool more;

	limits_default(&l);
	arena_init(&a);
	diags_init(&diags);
	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b,
		   "{route: {receiver: r}, receivers: [{name: r, sns_configs: [{topic_arn: "
		   "'arn:aws:sns:eu-west-1:1:p', sigv4: %s}]}]}",
		   sigv4);
	assert_true(yaml_parse(buf_str(&b), &l, &a, &root, &more, NULL));
	assert_true(notify_config_parse(root, STR("rouse.yml"), &files, &l, &c, &diags));
	n = diags.n;
	notify_config_free(c);
	diags_done(&diags);
	buf_done(&b);
	arena_done(&a);
	return n;
}

static void test_aws_credentials(void **state)
{
	(void)state;
	assert_int_equal(sns_warns("{}"), 0);
	assert_int_equal(sns_warns("{profile: ops}"), 0);
	assert_int_equal(sns_warns("{profile: none}"), 1);
	assert_int_equal(sns_warns("{access_key: a, secret_key: b}"), 0);
	assert_int_equal(sns_warns("{role_arn: 'arn:aws:iam::1:role/x'}"), 1);
}

static void refused(const char *kind, const char *entry, const char *why)
{
	struct yaml_node *root = NULL;
	struct notify_config *c = NULL;
	struct diags diags;
	struct limits l;
	struct arena a;
	struct buf b;
	bool more;

	limits_default(&l);
	arena_init(&a);
	diags_init(&diags);
	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "{route: {receiver: r}, receivers: [{name: r, %s_configs: [%s]}]}", kind,
		   entry);
	assert_true(yaml_parse(buf_str(&b), &l, &a, &root, &more, NULL));
	assert_false(notify_config_parse(root, STR("rouse.yml"), &NO_FILES, &l, &c, &diags));
	if (!diags.n || !strstr(diags.v[0].msg, why))
		fail_msg("%s: %s", entry, diags.n ? diags.v[0].msg : "no error");
	diags_done(&diags);
	buf_done(&b);
	arena_done(&a);
}

static void test_refused(void **state)
{
	(void)state;
	refused("ntfy", "{}", "missing topic");
	refused("ntfy", "{topic: t, token: a, token_file: b}", "at most one of token");
	refused("ntfy", "{topic: t, topics: u}", "did you mean topic?");
	refused("gotify", "{url: 'http://g'}", "one of token or token_file");
	refused("matrix", "{homeserver_url: 'http://m', room_id: '#a:m', access_token: t}",
		"an alias does not do");
	refused("zulip", "{url: 'http://z', email: b, api_key: k}", "exactly one of stream & to");
	refused("twilio", "{account_sid: A, auth_token: t, to: '+1', from: '+1'}", "same number");
	refused("twilio", "{account_sid: A, auth_token: t, to: '+1', from: '+2', mode: fax}",
		"sms or call");
	refused("signal", "{url: 'http://s', number: '+1'}", "missing recipients");
	refused("irc", "{server: 'irc.example.org', channel: '#ops'}", "must be like ircs://");
	refused("irc", "{server: 'irc://h', channel: '#a b'}", "one word each");
	refused("irc", "{server: 'irc://h'}", "one word each");
	refused("exec", "{command: [page.sh]}", "with its whole path");
	refused("exec", "{command: [/bin/true]}", "commands are off");
	refused("sms", "{url: 'http://g'}", "missing form, json or query");
	refused("sms", "{url: 'http://g', form: {a: b}, headers: {'a b': c}}", "no header name");
	refused("sms", "{url: 'http://g', form: {a: b}, success: {pointer: x}}", "JSON pointer");
}

TEST_GROUP(more_receivers, cmocka_unit_test(test_requests), cmocka_unit_test(test_matrix),
	   cmocka_unit_test(test_edits), cmocka_unit_test(test_answers),
	   cmocka_unit_test(test_aws_credentials), cmocka_unit_test(test_refused))
