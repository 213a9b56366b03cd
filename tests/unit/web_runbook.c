/* Runbooks over HTTP: ticks, values, commands, what is refused, that nothing from outside becomes
 * markup, and which are stale. */
#include "tests/unit/web_fake.h"

#include <string.h>

#include "oncall/incident.h"
#include "oncall/tick.h"
#include "tests/unit/unit.h"

#define PLAN \
	"people:\n" \
	"  alice: {contacts: {push: {ntfy: {topic: a}}}}\n" \
	"policies:\n" \
	"  backend: {steps: [{page: person/alice}]}\n"
#define TEXT \
	"# The API is down\n" \
	"First [look](javascript:alert(1)) <script>alert(1)</script>.\n" \
	"## Triage\n" \
	"- [ ] Is it really *down*?\n" \
	"- [ ] Tell customers\n" \
	"## Diagnosis\n" \
	"1. Error rate\n" \
	"   ```promql\n" \
	"   rate(errors_total[5m]) > 0\n" \
	"   ```\n" \
	"## Mitigation\n" \
	"- [ ] Revert\n" \
	"  ```sh\n" \
	"  deploy --to 'last good'\n" \
	"  ```\n" \
	"- [ ] Look at logs\n" \
	"  ```sh\n" \
	"  logs | tail\n" \
	"  ```\n"
#define RUNBOOK "/api/rouse/v1/incidents/1/runbook"

static struct arena arena;

static struct web_answer ask(struct web *w, struct fake_question a)
{
	if (a.body)
		a.type = "application/json";
	return fake_question(w, &arena, &a);
}

static struct web_answer get(struct web *w, const char *path)
{
	return ask(w, (struct fake_question){.method = "GET", .path = path});
}

static struct web_answer page(struct web *w, const char *id)
{
	return ask(w, (struct fake_question){.method = "GET",
					     .path = "/incident",
					     .params = {"id", id}});
}

static struct web_answer post(struct web *w, const char *body)
{
	return ask(w, (struct fake_question){.method = "POST", .path = RUNBOOK, .body = body});
}

static void says(struct web_answer a, int status, const char *text)
{
	if (a.status != status || str_find(a.body, str_of(text)) < 0)
		fail_msg("%d, not %d with %s: %.*s", a.status, status, text, STR_ARG(a.body));
}

static void says_not(struct web_answer a, const char *text)
{
	if (str_find(a.body, str_of(text)) >= 0)
		fail_msg("%s: %.*s", text, STR_ARG(a.body));
}

static void report(struct core *c, const char *key, bool firing)
{
	struct report r = {.key = str_of(key),
			   .policy = STR("backend"),
			   .title = STR("Down"),
			   .runbook = STR("down"),
			   .urgent = true,
			   .firing = firing};

	oncall_report(notify_oncall((struct notify *)(void *)c), (struct now){.wall = FAKE_NOW},
		      &r);
}

static struct core *house(struct web **w)
{
	struct core *c = fake_new();

	fake_plan(c, PLAN);
	fake_runbook(c, "down", TEXT);
	c->live_text = STR("{a=\"<b>\"} 0.25");
	report(c, "a", true);
	*w = fake_web(c, "");
	return c;
}

/* "{"step":"ID",REST}" of a step of the runbook. */
static const char *of(const struct core *c, int stage, size_t number, const char *rest)
{
	struct str id = c->told.runbooks->v[0].stages[stage].steps[number].id;

	return arena_printf(&arena, "{\"step\":\"%.*s\",%s}", STR_ARG(id), rest).p;
}

static void test_ticks(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);

	says(get(w, RUNBOOK), 200,
	     "\"text\":\"Is it really down?\",\"kind\":\"text\",\"state\":\"open\"}");
	says(get(w, RUNBOOK), 200, "\"query\":\"rate(errors_total[5m]) \\u003e 0\"");
	says(post(w, of(c, STAGE_TRIAGE, 0, "\"state\":\"done\",\"by\":\"alice\"")), 200,
	     "\"state\":\"done\",\"by\":\"alice\",\"at\":\"2026-11-23T06:30:00");
	says(post(w, of(c, STAGE_TRIAGE, 0, "\"state\":\"done\",\"by\":\"alice\"")), 409,
	     "so already");
	says(post(w, of(c, STAGE_TRIAGE, 1, "\"state\":\"skipped\",\"by\":\"bob\"")), 200,
	     "\"state\":\"skipped\",\"by\":\"bob\"");
	says(post(w, of(c, STAGE_TRIAGE, 1, "\"state\":\"open\",\"by\":\"bob\"")), 200,
	     "\"state\":\"open\",\"by\":\"bob\"");
	says(post(w, of(c, STAGE_TRIAGE, 1, "\"state\":\"skipped\",\"by\":\"bob\"")), 200,
	     "skipped");
	says(get(w, "/api/rouse/v1/incidents/1"), 200,
	     "\"kind\":\"step skipped\",\"who\":\"bob\",\"text\":\"down/triage-");
	/* Also when it is over. */
	report(c, "a", false);
	says(post(w, of(c, STAGE_DIAGNOSIS, 0, "\"state\":\"done\",\"by\":\"alice\"")), 200,
	     "done");
	says(get(w, "/api/rouse/v1/incidents/1/report"), 200,
	     "## Runbook\n\ndown:\n\n- [x] Is it really down? (API), alice, 2026-11-23 06:30:00\n"
	     "- [ ] skipped: Tell customers (API), bob, 2026-11-23 06:30:00\n- [x] Error rate");
	web_free(w);
	fake_free(c);
}

static void test_refused(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);

	says(post(w, "{\"step\":\"triage-00000000\",\"state\":\"done\"}"), 404, "no such step");
	says(post(w, of(c, STAGE_TRIAGE, 0, "\"state\":\"gone\"")), 400,
	     "done, skipped, open or run");
	says(post(w, of(c, STAGE_TRIAGE, 0, "\"state\":\"open\"")), 409, "so already");
	says(ask(w, (struct fake_question){.method = "POST", .path = RUNBOOK}), 400,
	     "application/json");
	says(get(w, "/api/rouse/v1/incidents/2/runbook"), 404, "no incident");
	fake_runbook(c, "other", TEXT);
	says(get(w, RUNBOOK), 404, "no runbook for this incident");
	says(post(w, "{\"step\":\"triage-00000000\",\"state\":\"done\"}"), 404, "no runbook");
	says(page(w, "1"), 200, "Its runbook, down, is not there any more.");
	says(get(w, "/api/rouse/v1/runbooks/down"), 404, "no runbook of that name");
	says(get(w, "/api/rouse/v1/runbooks/other"), 200, "\"title\":\"The API is down\"");
	web_free(w);
	fake_free(c);
}

static void test_commands(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);
	struct step_name name;

	says(post(w, of(c, STAGE_MITIGATION, 0, "\"state\":\"run\",\"confirm\":true")), 403,
	     "--runbooks.allow-exec");
	says_not(page(w, "1"), "Run it now");
	c->may_run = true;
	says(post(w, of(c, STAGE_MITIGATION, 0, "\"state\":\"run\"")), 409, "confirm");
	says(post(w, of(c, STAGE_MITIGATION, 1, "\"state\":\"run\",\"confirm\":true")), 409,
	     "| needs a shell");
	says(post(w, of(c, STAGE_TRIAGE, 0, "\"state\":\"run\",\"confirm\":true")), 409,
	     "has no command");
	says_not(get(w, RUNBOOK), "\"run\":");
	says(page(w, "1"), 200, "Run it now");
	says(post(w, of(c, STAGE_MITIGATION, 0,
			"\"state\":\"run\",\"confirm\":true,\"by\":\"alice\"")),
	     200, "\"run\":{\"at\":\"2026-11-23T06:30:00");
	name = step_name_of(&c->told.runbooks->v[0],
			    &c->told.runbooks->v[0].stages[STAGE_MITIGATION].steps[0]);
	oncall_step_ran(c->oncall, (struct now){.wall = FAKE_NOW}, 1, &name,
			STR("status 0 after 1s"), STR("<i>ok\n2"));
	says(get(w, RUNBOOK), 200,
	     "\"result\":\"status 0 after 1s\",\"output\":\"\\u003ci\\u003eok\\n2\"");
	says(page(w, "1"), 200, ">status 0 after 1s\n&lt;i&gt;ok\n2</pre>");
	says(get(w, "/api/rouse/v1/incidents/1/report"), 200, ": Revert: status 0 after 1s |\n");
	web_free(w);
	fake_free(c);
}

static void test_page(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);
	struct str id = c->told.runbooks->v[0].stages[STAGE_TRIAGE].steps[0].id;
	struct str run = c->told.runbooks->v[0].stages[STAGE_MITIGATION].steps[0].id;
	const char *done = arena_printf(&arena, "done %.*s", STR_ARG(id)).p;
	struct fake_question form = {.method = "POST",
				     .path = "/incident",
				     .site = "same-origin",
				     .params = {"id", "1", "verb", "step", "by", "al ice", "do",
						done}};
	struct fake_question foreign = form;
	struct web_answer a = page(w, "1");

	says(a, 200, "<h2>Runbook: The API is down</h2>");
	says(a, 200, "First look &lt;script&gt;alert(1)&lt;/script&gt;.");
	says(a, 200, "Is it really <em>down</em>?");
	says(a, 200, "<b class=\"pre\">{a=&quot;&lt;b&gt;&quot;} 0.25</b>");
	says(a, 200, "/graph?g0.expr=rate%28errors_total%5B5m%5D%29%20%3E%200");
	says(a, 200, "To be run by hand: | needs a shell, and there is none.");
	assert_string_equal(markup_error(a.body), "");
	says_not(a, "<script>alert");
	foreign.site = "cross-site";
	says(ask(w, foreign), 403, "not sent by a page of rouse");
	a = ask(w, form);
	assert_int_equal(a.status, 303);
	if (!str_eq(fake_header(&a, "Location"),
		    arena_printf(&arena, "incident?id=1&by=al%%20ice#%.*s", STR_ARG(id))))
		fail_msg("%.*s", STR_ARG(fake_header(&a, "Location")));
	says(page(w, "1"), 200, "<b>done</b> by <i>al ice</i>");
	says(ask(w, form), 409, "Not done:</b> it is so already");
	/* A GET never does anything. */
	form.method = "GET";
	form.params[7] = arena_printf(&arena, "skipped %.*s", STR_ARG(id)).p;
	says(ask(w, form), 200, "<b>done</b> by <i>al ice</i>");
	/* Enter in the field of the name ticks nothing. */
	form.method = "POST";
	form.params[7] = "";
	assert_int_equal(ask(w, form).status, 303);
	says(page(w, "1"), 200, "Triage <small>1 of 2</small>");
	/* A command needs its own tick. */
	c->may_run = true;
	form.params[7] = arena_printf(&arena, "run %.*s", STR_ARG(run)).p;
	form.params[8] = "confirm";
	form.params[9] = id.p;
	says(ask(w, form), 409, "runs only with confirm");
	form.params[9] = run.p;
	assert_int_equal(ask(w, form).status, 303);
	says(page(w, "1"), 200, "run by <i>al ice</i>");
	web_free(w);
	fake_free(c);
}

/* Never opened; always skipped, or passed over. */
static void test_stale(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);
	struct oncall *oc = c->oncall;
	const struct runbook *r = &c->told.runbooks->v[0];
	struct step_name done = step_name_of(r, &r->stages[STAGE_TRIAGE].steps[0]);
	struct step_name skipped = step_name_of(r, &r->stages[STAGE_TRIAGE].steps[1]);
	struct now now = {.wall = FAKE_NOW};

	says(get(w, "/api/rouse/v1/runbooks"), 200,
	     "\"name\":\"down\",\"title\":\"The API is "
	     "down\",\"steps\":5,\"matched\":1,\"opened\":0,"
	     "\"lastOpened\":null,\"neverOpened\":true,\"alwaysSkipped\":[]}");
	report(c, "b", true);
	for (uint64_t id = 1; id <= 2; id++) {
		assert_int_equal(oncall_tick(oc, now, id, &done, TICK_DONE,
					     (struct actor){STR("a"), STR("x")}),
				 ONCALL_DONE);
		assert_int_equal(oncall_tick(oc, now, id, &skipped, TICK_SKIPPED,
					     (struct actor){STR("a"), STR("x")}),
				 ONCALL_DONE);
	}
	says(get(w, "/api/rouse/v1/runbooks"), 200, "\"text\":\"Tell customers\",\"skipped\":2}]}");
	report(c, "a", false);
	report(c, "b", false);
	says(get(w, "/api/rouse/v1/runbooks"), 200, "\"text\":\"Error rate\",\"skipped\":2}");
	says_not(get(w, "/api/rouse/v1/runbooks"), "\"text\":\"Is it really down?\"");
	assert_int_equal(oncall_tick(oc, now, 2, &skipped, TICK_DONE,
				     (struct actor){STR("a"), STR("x")}),
			 ONCALL_DONE);
	says_not(get(w, "/api/rouse/v1/runbooks"), "\"text\":\"Tell customers\"");
	web_free(w);
	fake_free(c);
}

/* One that is opened by hand has the runbook of its title. */
static void test_by_hand(void **state ATTR_UNUSED)
{
	struct web *w;
	struct core *c = house(&w);

	says(ask(w, (struct fake_question){.method = "POST",
					   .path = "/api/rouse/v1/incidents",
					   .body = "{\"policy\":\"backend\",\"title\":\"Down\"}"}),
	     200, "\"runbook\":\"down\"");
	says(ask(w, (struct fake_question){.method = "POST",
					   .path = "/api/rouse/v1/incidents",
					   .body = "{\"policy\":\"backend\",\"title\":\"x\","
						   "\"runbook\":\"down\"}"}),
	     200, "\"runbook\":\"down\"");
	says(ask(w, (struct fake_question){.method = "POST",
					   .path = "/api/rouse/v1/incidents",
					   .body = "{\"policy\":\"backend\",\"title\":\"x\"}"}),
	     200, "\"runbook\":\"\"");
	web_free(w);
	fake_free(c);
}

TEST_GROUP(runbook, cmocka_unit_test(test_ticks), cmocka_unit_test(test_refused),
	   cmocka_unit_test(test_commands), cmocka_unit_test(test_page),
	   cmocka_unit_test(test_stale), cmocka_unit_test(test_by_hand));
