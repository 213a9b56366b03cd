/* Prometheus's API and rouse's own: exact bytes, parameters, errors, paging. */
#include "tests/unit/unit.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "tests/unit/web_fake.h"

static struct core *core;
static struct web *web;
static struct arena arena;

static int begin(void **state ATTR_UNUSED)
{
	core = fake_new();
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

static const char *ask(const char *path, int status)
{
	struct web_answer ans = fake_get(web, &arena, path);
	const char *text = arena_cstr(&arena, ans.body);
	json_t *j = json_loads(text, 0, NULL);

	if (!j)
		fail_msg("no JSON: %s", text);
	json_decref(j);
	if (ans.status != status)
		fail_msg("%s: %d: %s", path, ans.status, text);
	assert_true(str_is(fake_header(&ans, "Content-Type"), "application/json"));
	return text;
}

static void expect(const char *path, const char *want)
{
	assert_string_equal(ask(path, 200), want);
}

static void expect_error(const char *path, const char *error)
{
	struct str want =
		arena_printf(&arena,
			     "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"%s\"}",
			     error);

	assert_string_equal(ask(path, 400), want.p);
}

/* ---- exact bytes --------------------------------------------------------------------------------
 */

static void test_empty(void **state ATTR_UNUSED)
{
	expect("/api/v1/rules", "{\"status\":\"success\",\"data\":{\"groups\":[]}}");
	expect("/api/v1/alerts", "{\"status\":\"success\",\"data\":{\"alerts\":[]}}");
}

static void one_of_each(void)
{
	struct fake_group *g = fake_group(core, "a.yml", "g<1>", 90 * SECOND);
	struct fake_rule *r = fake_alerting(core, g, "Down", "up == 0", 5 * MINUTE);

	g->group.limit = 7;
	r->rule.keep_firing_for = 1500;
	r->rule.labels = fake_labels(core, "severity", "page", NULL);
	fake_annotate(core, r, "summary", "{{ $value }} & more");
	fake_active(core, r, ALERT_FIRING, HOUR, fake_labels(core, "job", "x", NULL),
		    fake_labels(core, "summary", "75 & more", NULL))
		->value = 75;
	r->alerts[0].keep_firing_since = FAKE_NOW - 1;
	fake_active(core, r, ALERT_PENDING, 1001, fake_labels(core, NULL), fake_labels(core, NULL))
		->value = (double)INFINITY;
	r = fake_recording(core, g, "job:up:sum", "sum by (job) (up)");
	r->view.health = RULE_ERR;
	r->view.last_error = STR("no \"answer\"");
	r->view.last_evaluation = MS_NONE;
	r->view.evaluation_s = 0;
}

#define ALERTS \
	"[{\"labels\":{\"alertname\":\"Down\",\"job\":\"x\"},\"annotations\":{\"summary\":\"75 " \
	"\\u0026 more\"},\"state\":\"firing\",\"activeAt\":\"2026-11-23T05:25:00Z\"," \
	"\"keepFiringSince\":\"2026-11-23T06:29:59.999Z\",\"value\":\"7.5e+01\"}," \
	"{\"labels\":{\"alertname\":\"Down\"},\"annotations\":{},\"state\":\"pending\"," \
	"\"activeAt\":\"2026-11-23T06:29:58.999Z\",\"value\":\"+Inf\"}]"
#define ALERTING(alerts) \
	"{\"state\":\"firing\",\"name\":\"Down\",\"query\":\"up == 0\",\"duration\":300," \
	"\"keepFiringFor\":1.5,\"labels\":{\"severity\":\"page\"},\"annotations\":{\"summary\":" \
	"\"{{ $value }} \\u0026 more\"},\"alerts\":" alerts \
	",\"health\":\"ok\",\"evaluationTime\":" \
	"0.00125,\"lastEvaluation\":\"2026-11-23T06:29:56.5Z\",\"type\":\"alerting\"}"
#define RECORDING \
	"{\"name\":\"job:up:sum\",\"query\":\"sum by (job) " \
	"(up)\",\"labels\":{},\"health\":\"err\"," \
	"\"lastError\":\"no \\\"answer\\\"\",\"evaluationTime\":0,\"lastEvaluation\":" \
	"\"0001-01-01T00:00:00Z\",\"type\":\"recording\"}"
#define GROUP(rules) \
	"{\"status\":\"success\",\"data\":{\"groups\":[{\"name\":\"g\\u003c1\\u003e\",\"file\":" \
	"\"a.yml\",\"rules\":[" rules "],\"interval\":90,\"limit\":7,\"evaluationTime\":0.0025," \
	"\"lastEvaluation\":\"2026-11-23T06:29:56.5Z\"}]}}"

static void test_rules(void **state ATTR_UNUSED)
{
	one_of_each();
	expect("/api/v1/rules", GROUP(ALERTING(ALERTS) "," RECORDING));
	expect("/api/v1/rules?unknown=1&type=", GROUP(ALERTING(ALERTS) "," RECORDING));
	expect("/api/v1/rules?type=ALERT", GROUP(ALERTING(ALERTS)));
	expect("/api/v1/rules?type=record", GROUP(RECORDING));
	expect("/api/v1/rules?exclude_alerts=True&type=alert", GROUP(ALERTING("null")));
	expect("/api/v1/rules?exclude_alerts=0&type=alert", GROUP(ALERTING(ALERTS)));
	expect("/api/v1/alerts", "{\"status\":\"success\",\"data\":{\"alerts\":" ALERTS "}}");
}

static void test_never_evaluated(void **state ATTR_UNUSED)
{
	struct fake_group *g = fake_group(core, "a.yml", "g", MINUTE);
	struct fake_rule *r = fake_alerting(core, g, "A", "up", 0);

	r->view.evaluated = false;
	r->view.health = RULE_UNKNOWN;
	assert_non_null(strstr(ask("/api/v1/rules", 200), "{\"state\":\"unknown\",\"name\":\"A\""));
	assert_non_null(strstr(ask("/api/v1/rules", 200), "\"alerts\":[],\"health\":\"unknown\","));
}

/* ---- parameters ---------------------------------------------------------------------------------
 */

/* "file/group:rule,rule file/group:..." of the answer, and the token of the next page. */
static const char *listed(const char *path)
{
	json_t *j = json_loads(ask(path, 200), 0, NULL);
	json_t *data = json_object_get(j, "data"), *g, *r;
	size_t i, k;
	struct buf b;

	buf_init(&b, 100000);
	json_array_foreach(json_object_get(data, "groups"), i, g)
	{
		buf_printf(&b, "%s%s/%s:", i ? " " : "",
			   json_string_value(json_object_get(g, "file")),
			   json_string_value(json_object_get(g, "name")));
		json_array_foreach(json_object_get(g, "rules"), k, r)
			buf_printf(&b, "%s%s", k ? "," : "",
				   json_string_value(json_object_get(r, "name")));
	}
	if (json_object_get(data, "groupNextToken"))
		buf_printf(&b, " next %.8s",
			   json_string_value(json_object_get(data, "groupNextToken")));

	const char *text = arena_cstr(&arena, buf_str(&b));

	buf_done(&b);
	json_decref(j);
	return text;
}

static void three_groups(void)
{
	struct fake_group *g = fake_group(core, "a.yml", "one", MINUTE);

	fake_alerting(core, g, "A", "up", 0)->rule.labels =
		fake_labels(core, "severity", "page", "team", "{{ x }}", NULL);
	fake_recording(core, g, "r:a", "up")->rule.labels =
		fake_labels(core, "severity", "info", NULL);
	g = fake_group(core, "a.yml", "two", MINUTE);
	fake_recording(core, g, "r:b", "up");
	g = fake_group(core, "b.yml", "one", MINUTE);
	fake_alerting(core, g, "A", "up", 0);
	fake_alerting(core, g, "B", "up", 0)->rule.labels =
		fake_labels(core, "severity", "page", NULL);
}

static void test_names(void **state ATTR_UNUSED)
{
	three_groups();
	assert_string_equal(listed("/api/v1/rules"), "a.yml/one:A,r:a a.yml/two:r:b b.yml/one:A,B");
	assert_string_equal(listed("/api/v1/rules?rule_name[]=A"), "a.yml/one:A b.yml/one:A");
	assert_string_equal(listed("/api/v1/rules?rule_name[]=B&rule_name[]=r:b"),
			    "a.yml/two:r:b b.yml/one:B");
	assert_string_equal(listed("/api/v1/rules?rule_group[]=one&file[]=b.yml"), "b.yml/one:A,B");
	assert_string_equal(listed("/api/v1/rules?rule_group[]=one&rule_name[]=r:b"), "");
	assert_string_equal(listed("/api/v1/rules?file[]="), "");
	assert_string_equal(listed("/api/v1/rules?type=record&file[]=b.yml"), "");
}

static void test_match(void **state ATTR_UNUSED)
{
	three_groups();
	assert_string_equal(listed("/api/v1/rules?match[]={severity=\"page\"}"),
			    "a.yml/one:A b.yml/one:B");
	assert_string_equal(listed("/api/v1/rules?match[]={severity=~\"page|info\",team=\"\"}"),
			    "a.yml/one:r:a b.yml/one:B");
	assert_string_equal(listed("/api/v1/rules?match[]={severity=\"page\",team=\"{{ x }}\"}"),
			    "a.yml/one:A");
	/* several selectors: any of them */
	assert_string_equal(listed("/api/v1/"
				   "rules?match[]={severity=\"info\"}&match[]={team=~\".+\"}"),
			    "a.yml/one:A,r:a");
	/* a metric name is a label that no rule has */
	assert_string_equal(listed("/api/v1/rules?match[]=up"), "");
	assert_string_equal(listed("/api/v1/rules?match[]={severity=~\".+\"}&type=record"),
			    "a.yml/one:r:a");
}

#define ONE "d36ed90a5ff36c5ce68488700ca108b65339b1c4f06aa8956c6726011d51b279"
#define TWO "469a21c4e4b8fe431e661454af41939da192cf9453d69b7c4281b6d928bc19bb"
#define THREE "d0c8de1b71abeb92ba49bdfdbd475757bba62bd10fb29260952160daaa92c226"

static void test_paging(void **state ATTR_UNUSED)
{
	three_groups();
	assert_string_equal(listed("/api/v1/rules?group_limit=3"),
			    "a.yml/one:A,r:a a.yml/two:r:b b.yml/one:A,B");
	assert_string_equal(listed("/api/v1/rules?group_limit=2"),
			    "a.yml/one:A,r:a a.yml/two:r:b next d0c8de1b");
	assert_string_equal(listed("/api/v1/rules?group_limit=1"), "a.yml/one:A,r:a next 469a21c4");
	assert_string_equal(listed("/api/v1/rules?group_limit=1&group_next_token=" TWO),
			    "a.yml/two:r:b next d0c8de1b");
	assert_string_equal(listed("/api/v1/rules?group_limit=5&group_next_token=" TWO),
			    "a.yml/two:r:b b.yml/one:A,B");
	assert_string_equal(listed("/api/v1/rules?group_limit=1&group_next_token=" THREE),
			    "b.yml/one:A,B");
	assert_string_equal(listed("/api/v1/rules?group_limit=1&group_next_token=" ONE),
			    "a.yml/one:A,r:a next 469a21c4");
	/* groups that are left without rules neither count nor begin a page */
	assert_string_equal(listed("/api/v1/rules?group_limit=1&type=alert"),
			    "a.yml/one:A next d0c8de1b");
	assert_non_null(strstr(ask("/api/v1/rules?group_limit=1", 200),
			       "],\"groupNextToken\":\"" TWO "\"}}"));
}

static void test_bad_params(void **state ATTR_UNUSED)
{
	expect_error("/api/v1/rules?type=x<",
		     "invalid parameter \\\"type\\\": not supported value \\\"x\\u003c\\\"");
	expect_error("/api/v1/rules?exclude_alerts=yes",
		     "invalid parameter \\\"exclude_alerts\\\": error converting exclude_alerts: "
		     "strconv.ParseBool: parsing \\\"yes\\\": invalid syntax");
	expect_error("/api/v1/rules?group_limit=0", "invalid parameter \\\"group_limit\\\": "
						    "group_limit needs to be greater than 0");
	expect_error("/api/v1/rules?group_limit=-1", "invalid parameter \\\"group_limit\\\": "
						     "group_limit needs to be greater than 0");
	expect_error("/api/v1/rules?group_limit=1e3",
		     "invalid parameter \\\"group_limit\\\": group_limit needs to be a valid "
		     "number: "
		     "strconv.ParseInt: parsing \\\"1e3\\\": invalid syntax");
	expect_error("/api/v1/rules?group_limit=2147483648",
		     "invalid parameter \\\"group_limit\\\": group_limit needs to be a valid "
		     "number: "
		     "strconv.ParseInt: parsing \\\"2147483648\\\": value out of range");
	expect_error("/api/v1/rules?group_next_token=abc",
		     "invalid parameter \\\"group_next_token\\\": group_limit needs to be present "
		     "in "
		     "order to paginate over the groups");
	expect_error("/api/v1/rules?group_next_token=abc&group_limit=2",
		     "invalid parameter \\\"group_next_token\\\": invalid group_next_token 'abc'. "
		     "were "
		     "rule groups changed?");
	expect_error("/api/v1/rules?match[]={}",
		     "match[] must contain at least one non-empty matcher");
	expect_error("/api/v1/rules?match[]=up&match[]={x!~\"y\"}",
		     "match[] must contain at least one non-empty matcher");
	expect_error("/api/v1/rules?match[]=up{",
		     "1:4: parse error: unexpected end of input inside braces");
}

/* ---- status, our own ----------------------------------------------------------------------------
 */

static void test_status(void **state ATTR_UNUSED)
{
	expect("/api/v1/status/buildinfo", "{\"status\":\"success\",\"data\":{\"version\":\"0.1."
					   "0\",\"revision\":\"\",\"branch\":\"\","
					   "\"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":"
					   "\"\",\"application\":\"rouse\"}}");
	expect("/api/v1/status/runtimeinfo",
	       "{\"status\":\"success\",\"data\":{\"startTime\":\"2026-11-20T06:30:00Z\","
	       "\"serverTime\":"
	       "\"2026-11-23T06:30:00Z\",\"reloadConfigSuccess\":true,\"lastConfigTime\":"
	       "\"2026-11-20T06:30:00Z\"}}");
	expect("/api/v1/status/config",
	       "{\"status\":\"success\",\"data\":{\"yaml\":\"route: {receiver: team}\\nsecret: "
	       "\\u003csecret\\u003e\\n\"}}");
	expect("/api/v1/alertmanagers", "{\"status\":\"success\",\"data\":{\"activeAlertmanagers\":"
					"[],\"droppedAlertmanagers\":[]}}");
	core->has_config = false;
	expect("/api/v1/status/config", "{\"status\":\"success\",\"data\":{\"yaml\":\"\"}}");
	ask("/api/v1/alertmanagers", 200);
}

static void test_own(void **state ATTR_UNUSED)
{
	fake_receiver(core, "team", "discord");
	fake_delivery(core, OUTBOX_RETRY, "T", MINUTE)->attempts = 3;
	expect("/api/rouse/v1/deliveries",
	       "{\"status\":\"success\",\"data\":{\"deliveries\":[{\"id\":999,\"status\":\"RETRY\","
	       "\"receiver\":\"team/discord/"
	       "0\",\"groupKey\":\"{}:{alertname=\\\"x\\\"}\",\"title\":\"T\","
	       "\"reason\":\"first notification\",\"error\":\"\",\"resolved\":false,\"attempts\":3,"
	       "\"createdAt\":\"2026-11-23T06:29:00Z\",\"nextAt\":\"2026-11-23T06:30:40Z\","
	       "\"doneAt\":"
	       "null}]}}");
	expect("/api/rouse/v1/receivers",
	       "{\"status\":\"success\",\"data\":{\"receivers\":[{\"name\":\"team\",\"kind\":"
	       "\"discord\","
	       "\"index\":0,\"sent\":1204,\"failed\":0,\"retried\":0,\"open\":0,\"lastSentAt\":"
	       "\"2026-11-23T06:18:00Z\",\"lastFailedAt\":null,\"lastError\":\"\"}]}}");
	one_of_each();
	expect("/api/rouse/v1/status",
	       "{\"status\":\"success\",\"data\":{\"version\":\"0.1.0\",\"time\":\"2026-11-23T06:"
	       "30:00Z\","
	       "\"ready\":true,\"firing\":1,\"pending\":1,\"groups\":1,\"rules\":2,\"failing\":1,"
	       "\"lastEvaluation\":\"2026-11-23T06:29:56.5Z\",\"startedAt\":\"2026-11-20T06:30:"
	       "00Z\","
	       "\"blind\":false,\"blindSince\":null,\"storeFailing\":false,\"storeError\":\"\","
	       "\"reloadOk\":"
	       "true,\"reloadedAt\":\"2026-11-20T06:30:00Z\",\"reloadError\":\"\",\"clockJumped\":"
	       "false,"
	       "\"prometheuses\":[{\"url\":\"http://prometheus.example.org:9090\",\"healthy\":true,"
	       "\"current\":true,\"lastOk\":\"2026-11-23T06:29:58Z\",\"lastFailed\":null,"
	       "\"lastError\":\"\","
	       "\"queries\":123456,\"failures\":0}]}}");
}

static void test_hostile(void **state ATTR_UNUSED)
{
	struct core *c = fake_hostile();
	struct web *w = fake_web(c, "");
	static const char *const paths[] = {"/api/v1/rules",
					    "/api/v1/alerts",
					    "/api/rouse/v1/status",
					    "/api/rouse/v1/deliveries",
					    "/api/rouse/v1/receivers",
					    "/api/v1/status/config",
					    "/api/v1/rules?type=\xFF\x01"};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct web_answer ans = fake_get(w, &arena, paths[i]);
		json_t *j = json_loadb(ans.body.p, ans.body.n, 0, NULL);

		assert_non_null(j);
		json_decref(j);
		assert_int_equal(str_find(ans.body, STR("<script")), -1);
	}
	web_free(w);
	fake_free(c);
}

/* ---- Alertmanager's API ------------------------------------------------------------------- */
static void post(struct core *c, const char *path, const char *type, const char *body, int status,
		 const char *answer)
{
	const struct web_param header = {STR("content-type"), str_of(type)};
	struct web_request r = {.method = STR("POST"),
				.path = str_of(path),
				.headers = &header,
				.n_headers = 1,
				.body = str_of(body)};
	struct web *w = fake_web(c, "");
	struct web_answer ans;

	web_handle(w, (struct now){0, 1000}, &r, &arena, &ans);
	assert_string_equal(arena_printf(&arena, "%d %.*s", ans.status, STR_ARG(ans.body)).p,
			    arena_printf(&arena, "%d %s", status, answer).p);
	/* What was taken is answered when it is durable. */
	assert_int_equal(ans.after_turn, status == 200 ? core_turn(c) : ans.after_turn);
	web_free(w);
}

#define JSON "application/json; charset=utf-8"
#define MATCHERS "\"matchers\":[{\"name\":\"a\",\"value\":\"b\",\"isRegex\":false}]"
#define SPAN "\"startsAt\":\"2026-01-01T00:00:00Z\",\"endsAt\":\"2026-01-02T00:00:00Z\""
#define WHO "\"createdBy\":\"bob\",\"comment\":\"\""

static void test_post_alerts(void **state ATTR_UNUSED)
{
	struct core *c = fake_calm();
	const char *at = "/api/v2/alerts";

	post(c, at, JSON,
	     "[{\"labels\":{\"alertname\":\"x\",\"empty\":\"\"}},{\"labels\":{\"a\":\"b\"}}]", 200,
	     "");
	assert_int_equal(c->n_posted, 2);
	post(c, at, JSON, "null", 200, "");
	post(c, at, JSON, "", 422, "{\"code\":602,\"message\":\"alerts in body is required\"}\n");
	post(c, at, JSON, "[{}]", 422,
	     "{\"code\":602,\"message\":\"0.labels in body is required\"}\n");
	post(c, at, JSON, "[{\"labels\":{\"a\":\"\"}},{\"labels\":{\"a\":\"b\"}}]", 400,
	     "\"at least one label pair required\"\n");
	assert_int_equal(c->n_posted, 3); /* the valid one was taken */
	post(c, at, JSON,
	     "[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"2026-01-02T00:00:00Z\","
	     "\"endsAt\":\"2026-01-01T00:00:00Z\"}]",
	     400, "\"start time must be before end time\"\n");
	post(c, at, "text/plain", "[]", 415,
	     "{\"code\":415,\"message\":\"unsupported media type \\\"text/plain\\\", only "
	     "[application/json] are allowed\"}\n");
	assert_int_equal(c->n_posted, 3);
	fake_free(c);
}

static void test_post_silences(void **state ATTR_UNUSED)
{
	struct core *c = fake_calm();
	const char *at = "/api/v2/silences";

	post(c, at, JSON, "{" MATCHERS "," SPAN "," WHO "}", 200,
	     "{\"silenceID\":\"11111111-2222-4333-8444-555555555555\"}\n");
	post(c, at, JSON, "{\"id\":\"x\"," MATCHERS "," SPAN "," WHO "}", 404,
	     "\"silence not found\"\n");
	post(c, at, JSON, "{" MATCHERS "," SPAN "}", 422,
	     "{\"code\":602,\"message\":\"comment in body is required\"}\n");
	post(c, at, JSON, "{\"matchers\":[]," SPAN "," WHO "}", 422,
	     "{\"code\":612,\"message\":\"matchers in body should have at least 1 "
	     "items\"}\n");
	post(c, at, JSON, "{\"matchers\":[{\"name\":\"a\",\"value\":\"b\"}]," SPAN "," WHO "}", 422,
	     "{\"code\":602,\"message\":\"matchers.0.isRegex in body is required\"}\n");
	fake_free(c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
TEST_GROUP(web_api, T(test_empty), T(test_rules), T(test_never_evaluated), T(test_names),
	   T(test_match), T(test_paging), T(test_bad_params), T(test_status), T(test_own),
	   T(test_hostile), T(test_post_alerts), T(test_post_silences))
