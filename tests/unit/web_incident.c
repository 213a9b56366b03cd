/* Incidents over HTTP: what may be done, by whom, what is refused, and that nothing from outside
 * becomes markup. */
#include "tests/unit/web_fake.h"

#include <string.h>

#include "oncall/incident.h"
#include "tests/unit/unit.h"

#define PLAN \
	"people:\n" \
	"  alice: {contacts: {push: {ntfy: {topic: a}}}}\n" \
	"  bob: {contacts: {push: {ntfy: {topic: b}}}}\n" \
	"schedules:\n" \
	"  primary: {layers: [{rotation: weekly, since: 2020-01-06, people: [alice, bob]}]}\n" \
	"policies:\n" \
	"  backend: {steps: [{page: schedule/primary}, {after: 10m, page: person/bob}]}\n"

#define JSON "application/json"
#define FORM "application/x-www-form-urlencoded"

static struct arena arena;

static struct web_answer ask(struct web *w, struct fake_question a)
{
	return fake_question(w, &arena, &a);
}

static struct web_answer post(struct web *w, const char *path, const char *body)
{
	return ask(w, (struct fake_question){.method = "POST",
					     .path = path,
					     .body = body,
					     .type = JSON});
}

static struct core *house(struct web **w)
{
	struct core *c = fake_new();

	fake_plan(c, PLAN);
	*w = fake_web(c, "");
	return c;
}

static void says(struct web_answer a, int status, const char *text)
{
	if (a.status != status || str_find(a.body, str_of(text)) < 0)
		fail_msg("%d, not %d with %s: %.*s", a.status, status, text, STR_ARG(a.body));
}

#define INCIDENTS "/api/rouse/v1/incidents"

static void test_verbs(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);

	says(post(w, INCIDENTS,
		  "{\"policy\":\"backend\",\"title\":\"login is slow\",\"by\":\"dave\"}"),
	     200, "\"id\":1");
	assert_int_equal(c->n_pages, 1);
	says(ask(w, (struct fake_question){.method = "GET", .path = INCIDENTS}), 200,
	     "login is slow");
	says(post(w, INCIDENTS "/1/ack", "{\"by\":\"alice\"}"), 200,
	     "\"acknowledgedBy\":\"alice\"");
	says(post(w, INCIDENTS "/1/ack", "{\"by\":\"bob\"}"), 409, "alice has acknowledged it");
	says(post(w, INCIDENTS "/1/unack", "{\"by\":\"alice\"}"), 200, "triggered");
	says(post(w, INCIDENTS "/1/escalate", "{\"by\":\"alice\",\"seen\":\"0\"}"), 409,
	     "look again");
	says(post(w, INCIDENTS "/1/escalate", "{\"by\":\"alice\",\"seen\":1}"), 200, "\"step\":2");
	says(post(w, INCIDENTS "/1/page", "{\"by\":\"alice\",\"person\":\"bob\"}"), 200, "called");
	says(post(w, INCIDENTS "/1/page", "{\"by\":\"alice\",\"person\":\"zoe\"}"), 404, "nobody");
	says(post(w, INCIDENTS "/1/note", "{\"by\":\"alice\",\"text\":\"found it\"}"), 200,
	     "found it");
	says(post(w, INCIDENTS "/1/note", "{\"by\":\"alice\",\"text\":\" \"}"), 400,
	     "needs a text");
	says(post(w, INCIDENTS "/1/snooze", "{\"for\":\"10m\"}"), 200, "snoozedUntil");
	says(post(w, INCIDENTS "/1/snooze", "{\"for\":\"10 days\"}"), 400, "duration");
	says(post(w, INCIDENTS "/1/resolve", "{\"by\":\"alice\"}"), 200, "\"status\":\"resolved\"");
	says(post(w, INCIDENTS "/1/ack", "{\"by\":\"alice\"}"), 409, "is over");
	says(post(w, INCIDENTS "/2/ack", "{}"), 404, "no incident of that number");
	says(post(w, INCIDENTS "/1/explode", "{}"), 404, "ack, unack");
	web_free(w);
	fake_free(c);
}

static void test_refused(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);

	says(post(w, INCIDENTS, "{\"policy\":\"none\",\"title\":\"x\"}"), 400, "no policy");
	says(post(w, INCIDENTS, "{\"policy\":\"backend\"}"), 400, "needs a title");
	says(post(w, INCIDENTS, "[1]"), 400, "JSON object");
	says(post(w, INCIDENTS, "{"), 400, "JSON object");
	says(ask(w, (struct fake_question){.method = "POST",
					   .path = INCIDENTS,
					   .body = "{}",
					   .type = FORM}),
	     400, "application/json");
	says(post(w, INCIDENTS "/x/ack", "{}"), 404, "no incident");
	says(post(w, INCIDENTS "/1", "{}"), 404, "a verb is asked for");
	says(ask(w, (struct fake_question){.method = "GET", .path = INCIDENTS "/1/ack"}), 404,
	     "by POST");
	assert_int_equal(ask(w, (struct fake_question){.method = "PUT", .path = INCIDENTS}).status,
			 405);
	assert_int_equal(c->n_pages, 0);
	web_free(w);
	fake_free(c);
}

/* A user who has shown a password is who it was, whatever the form says. */
static void test_who_it_was(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);

	post(w, INCIDENTS, "{\"policy\":\"backend\",\"title\":\"x\"}");
	says(ask(w, (struct fake_question){.method = "POST",
					   .path = INCIDENTS "/1/ack",
					   .body = "{\"by\":\"mallory\"}",
					   .type = JSON,
					   .user = "alice"}),
	     200, "\"acknowledgedBy\":\"alice\"");
	web_free(w);
	fake_free(c);
}

static void test_page(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);
	struct fake_question form = {.method = "POST",
				     .path = "/incident",
				     .site = "same-origin",
				     .params = {"id", "1", "verb", "ack", "by", "alice"}};
	struct fake_question foreign = form, look = {.method = "GET", .path = "/incident"};
	struct web_answer a;

	foreign.site = "cross-site";
	look.params[0] = "id";
	look.params[1] = "1";
	says(ask(w, look), 404, "No such incident");
	post(w, INCIDENTS,
	     "{\"policy\":\"backend\",\"title\":\"<script>alert(1)</script>\",\"by\":\"<b>\"}");
	a = ask(w, look);
	says(a, 200, "&lt;script&gt;alert(1)");
	assert_true(str_find(a.body, STR("<script>alert")) < 0);
	says(a, 200, "Acknowledge</button>");
	says(ask(w, foreign), 403, "not sent by a page of rouse");
	a = ask(w, form);
	assert_int_equal(a.status, 303);
	assert_true(str_is(fake_header(&a, "Location"), "incident?id=1"));
	says(ask(w, look), 200, "Acknowledged by</dt><dd>alice");
	/* A GET never does anything. */
	form.method = "GET";
	form.params[3] = "resolve";
	says(ask(w, form), 200, "Acknowledged by</dt><dd>alice");
	says(ask(w, (struct fake_question){.method = "GET", .path = "/incidents"}), 200,
	     "&lt;script&gt;");
	says(ask(w, (struct fake_question){.method = "GET", .path = "/oncall"}), 200,
	     "layer layer 1");
	web_free(w);
	fake_free(c);
}

static void test_plan(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);

	says(ask(w, (struct fake_question){.method = "GET",
					   .path = "/api/rouse/v1/who",
					   .params = {"at", "2020-01-07T00:00:00Z"}}),
	     200, "\"person\":\"alice\"");
	says(ask(w, (struct fake_question){.method = "GET",
					   .path = "/api/rouse/v1/who",
					   .params = {"schedule", "none"}}),
	     404, "no schedule");
	says(post(w, "/api/rouse/v1/overrides",
		  "{\"schedule\":\"primary\",\"add\":\"bob\",\"to\":\"2027-01-01T00:00:00Z\"}"),
	     200, "\"id\":1");
	says(post(w, "/api/rouse/v1/overrides",
		  "{\"schedule\":\"primary\",\"add\":\"bob\",\"to\":\"2027-01-01T00:00:00Z\"}"),
	     400, "override 1 of somebody");
	says(post(w, "/api/rouse/v1/overrides", "{\"schedule\":\"primary\",\"add\":\"bob\"}"), 400,
	     "from and to");
	says(ask(w, (struct fake_question){.method = "GET", .path = "/api/rouse/v1/overrides"}),
	     200, "\"add\":\"bob\"");
	says(ask(w,
		 (struct fake_question){.method = "DELETE", .path = "/api/rouse/v1/overrides/1"}),
	     200, "success");
	says(ask(w,
		 (struct fake_question){.method = "DELETE", .path = "/api/rouse/v1/overrides/1"}),
	     404, "no override");
	says(post(w, "/api/rouse/v1/overrides",
		  "{\"schedule\":\"primary\",\"swap\":[\"alice\",\"bob\"],\"from\":"
		  "\"2026-11-20T00:00:00Z\",\"to\":\"2027-01-01T00:00:00Z\",\"by\":\"bob\"}"),
	     200, "\"id\":");
	says(post(w, "/api/rouse/v1/overrides",
		  "{\"schedule\":\"primary\",\"swap\":[\"alice\"],\"to\":\"2027-01-01T00:00:"
		  "00Z\"}"),
	     400, "list of two people");
	says(ask(w, (struct fake_question){.method = "GET", .path = "/api/rouse/v1/overrides"}),
	     200, "\"kind\":\"swap\",\"what\":\"alice and bob swapped\"");
	says(ask(w, (struct fake_question){.method = "GET", .path = "/api/rouse/v1/who"}), 200,
	     "swap 2 by bob instead of");
	/* What has been stays: only the rest is ended. */
	says(ask(w,
		 (struct fake_question){.method = "DELETE", .path = "/api/rouse/v1/overrides/2"}),
	     200, "success");
	says(ask(w, (struct fake_question){.method = "GET",
					   .path = "/api/rouse/v1/who",
					   .params = {"at", "2026-11-21T00:00:00Z"}}),
	     200, "swap 2 by bob");
	says(ask(w,
		 (struct fake_question){.method = "DELETE", .path = "/api/rouse/v1/overrides/2"}),
	     404, "no override");
	web_free(w);
	fake_free(c);
}

static struct web_answer week(struct web *w, const char *schedule, const char *monday)
{
	return ask(w, (struct fake_question){.method = "GET",
					     .path = "/oncall",
					     .params = {"schedule", schedule, "week", monday}});
}

/* A week of a plan with gaps, on the schedule's clocks: here they change on Sunday. */
static void test_week(void **state ATTR_UNUSED)
{
	struct core *c = fake_new();
	struct web *w;
	struct web_answer a;

	fake_plan(c,
		  "people: {alice: {name: '<i>'}, bob: {}}\n"
		  "schedules:\n"
		  "  primary: {layers: [{people: [bob]}]}\n"
		  "  office:\n"
		  "    time_zone: Europe/Berlin\n"
		  "    layers:\n"
		  "    - {name: day, people: [alice], hours: [{days: mon-fri, from: '09:00', to: "
		  "'17:00'}]}\n"
		  "    - {name: sunday, people: [alice, bob], hours: [{days: sun}]}\n");
	w = fake_web(c, "");
	/* Whatever day is asked for, it is the week of that day. */
	a = week(w, "office", "2026-03-26");
	says(a, 200, "Mon 23 Mar – Sun 29 Mar 2026");
	says(a, 200, "<a href=\"oncall?schedule=office&amp;week=2026-03-16\">");
	says(a, 200, "<a href=\"oncall?schedule=office&amp;week=2026-03-30\">");
	says(a, 200,
	     "<li><span class=\"hours\">00:00–09:00</span> <span><b class=\"who gap\">nobody</b>"
	     "</span></li><li><span class=\"hours\">09:00–17:00</span> <span><b class=\"who p0\" "
	     "title=\"&lt;i&gt;\">alice</b> <small class=\"since\">layer day</small></span></li>"
	     "<li><span class=\"hours\">17:00–24:00</span>");
	/* 23 hours, two people, one above the other. */
	says(a, 200,
	     "viewBox=\"0 0 1380 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
	     "<rect x=\"0\" y=\"0\" width=\"1380\" height=\"5\" class=\"p0\"/>"
	     "<rect x=\"0\" y=\"5\" width=\"1380\" height=\"5\" class=\"p1\"/></svg>");
	says(week(w, "primary", "soon"), 200, "<tr class=\"today\"><th scope=\"row\">Mon 23 Nov");
	says(week(w, "primary", "9999-12-31"), 200, "Mon 23 Nov – Sun 29 Nov 2026");
	says(week(w, "none", ""), 404, "no such schedule");
	web_free(w);
	fake_free(c);
}

static struct fake_question plan_form(const char *kind, const char *who, const char *whom)
{
	return (struct fake_question){.method = "POST",
				      .path = "/oncall",
				      .site = "same-origin",
				      .params = {"schedule", "primary", "week", "2026-11-23",
						 "kind", kind, "who", who, "whom", whom, "from",
						 "2026-11-24T00:00", "to", "2026-12-02T12:00:00",
						 "by", "<b>"}};
}

static void test_plan_forms(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);
	struct fake_question form = plan_form("replace", "bob", "alice"), get = form,
			     foreign = form, end;
	struct web_answer a;

	foreign.site = "cross-site";
	says(ask(w, foreign), 403, "not sent by a page of rouse");
	get.method = "GET"; /* never does anything */
	says(ask(w, get), 200, "None: it is as the file says");
	a = ask(w, form);
	assert_int_equal(a.status, 303);
	assert_true(str_is(fake_header(&a, "Location"), "oncall?schedule=primary&week=2026-11-23"));
	says(week(w, "primary", "2026-11-30"), 200,
	     "override 1 by &lt;b&gt; instead of alice</small></span></li><li><span "
	     "class=\"hours\">12:00–24:00</span> <span><b class=\"who p0\">alice");
	says(week(w, "primary", ""), 200, "bob instead of alice <span class=\"state\">to come");
	/* What is refused is said, and the form keeps what was written. */
	a = ask(w, form);
	says(a, 400, "override 1 of &lt;b&gt; has one of these people");
	says(a, 400, "<option value=\"alice\" selected>");
	says(a, 400, "value=\"2026-12-02T12:00:00\"");
	says(ask(w, plan_form("swap", "bob", "")), 400, "with whom?");
	says(ask(w, plan_form("add", "", "")), 400, "goes with nobody");
	says(ask(w, plan_form("add", "mallory", "")), 400, "nobody called");
	form.params[11] = "tomorrow";
	says(ask(w, form), 400, "from and until must be times");
	assert_int_equal(ask(w, plan_form("only", "", "")).status, 303);
	says(week(w, "primary", ""), 200, "nobody <span class=\"state\">to come");
	end = (struct fake_question){.method = "POST",
				     .path = "/oncall",
				     .site = "same-origin",
				     .params = {"schedule", "primary", "end", "1", "by", "bob"}};
	assert_int_equal(ask(w, end).status, 303);
	says(ask(w, end), 400, "no override of that number");
	a = week(w, "primary", "");
	assert_true(str_find(a.body, STR("bob instead of alice")) < 0);
	web_free(w);
	fake_free(c);
}

/* The report is Markdown in which nothing from outside is markup. */
static void test_report(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);
	struct web_answer a;

	post(w, INCIDENTS, "{\"policy\":\"backend\",\"title\":\"disk: full\",\"by\":\"dave\"}");
	post(w, INCIDENTS,
	     "{\"policy\":\"backend\",\"title\":\"disk: <b>*full*</b> | x\",\"by\":\"dave\"}");
	oncall_page_sent(c->oncall, (struct now){.wall = FAKE_NOW}, 2, STR("alice"),
			 STR("person/alice/ntfy/0"));
	post(w, INCIDENTS "/2/ack", "{\"by\":\"alice\"}");
	a = ask(w, (struct fake_question){.method = "GET", .path = INCIDENTS "/2/report"});
	says(a, 200, "# Incident #2: disk: &lt;b\\>\\*full\\*&lt;/b\\> \\| x\n");
	says(a, 200, "| 2026-11-23 06:30:00 | acknowledged | alice | by API |");
	says(a, 200, "## Similar incidents\n\n- #1 disk: full, 2026-11-23 06:30:00");
	says(ask(w, (struct fake_question){.method = "GET", .path = INCIDENTS "/3/report"}), 404,
	     "no incident");
	says(ask(w, (struct fake_question){.method = "GET", .path = "/api/rouse/v1/stats"}), 200,
	     "\"opened\":0,");
	says(ask(w, (struct fake_question){.method = "GET",
					   .path = "/api/rouse/v1/stats",
					   .params = {"from", "2026-11-23T00:00:00Z", "to",
						      "2026-11-24T00:00:00Z"}}),
	     200,
	     "\"opened\":2,\"acknowledged\":1,\"resolved\":0,\"medianSecondsToAcknowledge\":0,"
	     "\"medianSecondsToResolve\":null,\"people\":[{\"person\":\"alice\",\"pages\":1,"
	     "\"nightPages\":1,\"weekendPages\":0,\"acknowledged\":1,\"hoursOnCall\":");
	web_free(w);
	fake_free(c);
}

static void test_calendar(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);
	struct fake_question of = {.method = "GET",
				   .path = "/api/rouse/v1/calendar",
				   .params = {"person", "bob"}};
	struct web_answer a = ask(w, of);

	/* Its UID does not depend on when it is asked for. */
	says(a, 200,
	     "UID:bob-primary-1795996800@rouse\r\nDTSTAMP:20261123T063000Z\r\n"
	     "DTSTART:20261123T000000Z\r\nDTEND:20261130T000000Z\r\n"
	     "SUMMARY:bob on call (primary)\r\n");
	assert_true(str_find(a.body, STR("alice")) < 0);
	of.params[1] = "zoe";
	says(ask(w, of), 404, "no such");
	web_free(w);
	fake_free(c);
}

static void test_ping(void **state ATTR_UNUSED)
{
	static const struct {
		const char *path;
		int status;
		enum ping what;
	} cases[] = {{"/ping/backup", 200, PING_SUCCESS},     {"/ping/backup/0", 200, PING_SUCCESS},
		     {"/ping/backup/start", 200, PING_START}, {"/ping/backup/fail", 200, PING_FAIL},
		     {"/ping/backup/3", 200, PING_FAIL},      {"/ping/other", 404, PING_SUCCESS},
		     {"/ping/backup/256", 400, PING_START},   {"/ping/backup/x", 400, PING_START}};
	struct web *w;
	struct core *c = house(&w);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		c->pinged = PING_START;
		assert_int_equal(ask(w, (struct fake_question){.method = "POST",
							       .path = cases[i].path})
					 .status,
				 cases[i].status);
		assert_int_equal(c->pinged, cases[i].what);
	}
	assert_int_equal(ask(w, (struct fake_question){.method = "GET", .path = "/ping/backup"})
				 .status,
			 405);
	says(ask(w, (struct fake_question){.method = "GET", .path = "/api/rouse/v1/heartbeats"}),
	     200, "{\"name\":\"backup\",\"state\":\"late\",\"everySeconds\":3600,");
	web_free(w);
	fake_free(c);
}

TEST_GROUP(incident, cmocka_unit_test(test_verbs), cmocka_unit_test(test_refused),
	   cmocka_unit_test(test_who_it_was), cmocka_unit_test(test_page),
	   cmocka_unit_test(test_plan), cmocka_unit_test(test_week),
	   cmocka_unit_test(test_plan_forms), cmocka_unit_test(test_report),
	   cmocka_unit_test(test_calendar), cmocka_unit_test(test_ping));
