/* From alerts to people: what an outage of contacts, a long stop and a plan without anybody do. */
#include "tests/unit/notify_harness.h"

#include <stdio.h>
#include <string.h>

#include "oncall/incident.h"
#include "store/batch.h"

#define HEAD \
	"route: {receiver: team, group_by: [alertname], group_wait: 5s, group_interval: 10s}\n" \
	"receivers: [{name: team, oncall_configs: [{policy: p}]}]\n" \
	"oncall:\n" \
	"  people:\n" \
	"    alice: {contacts: {push: {webhook: {url: 'http://push/'}}, call: {webhook: {url: " \
	"'http://call/'}}}, urgent: [push, {after: 20m, do: call}]}\n" \
	"    bob: {contacts: {push: {webhook: {url: 'http://bob/'}}}}\n" \
	"    carol: {contacts: {push: {webhook: {url: 'http://carol/'}}}}\n" \
	"    dave: {}\n"
#define THREE \
	HEAD "  policies: {p: {steps: [{page: person/alice}, {after: 10m, page: person/bob}, " \
	     "{after: 20m, page: person/carol}], wait: 3h}}\n"

static size_t heard(const struct world *w, const char *url)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_heard; i++)
		n += strcmp(w->heard[i].url, url) == 0;
	return n;
}

static struct answer refuse_push(struct world *w ATTR_UNUSED, const struct heard *h)
{
	return (struct answer){.status = strstr(h->url, "push") ? 404 : 200};
}

static struct actor bob = {.who = STR("bob"), .means = STR("test")};

/* So many that the history does not keep which they were: the next contact is tried all the same,
 * and what arrived is known to have. */
static void test_many_alerts(void **state ATTR_UNUSED)
{
	struct world *w = world_new(THREE);
	const struct incident *i;
	bool sent = false;

	w->answer_fn = refuse_push;
	w->unchecked = true;
	for (int k = 0; k < 300; k++) {
		char labels[60];

		snprintf(labels, sizeof(labels), "alertname=Down,i=%d", k);
		world_fire(w, labels, "");
	}
	world_run(w, MINUTE);
	assert_int_equal(heard(w, "http://call/"), 1);
	i = oncall_incident(notify_oncall(w->n), 1);
	for (size_t k = 0; k < i->n_events; k++)
		sent |= strcmp(i->events[k].kind, "sent") == 0;
	assert_true(sent);
	world_free(w);
}

/* The text of the newest event of that kind that is to become durable. */
static const char *trailed(struct world *w, const char *kind)
{
	static char text[300];

	text[0] = '\0';
	for (size_t i = 0; i < batch_count(w->batch); i++) {
		const struct val *v;
		size_t n;

		if (batch_at(w->batch, i, &v, &n) == ST_EVENT_PUT && str_is(v[2].s, kind))
			snprintf(text, sizeof(text), "%.*s: %.*s", STR_ARG(v[3].s),
				 STR_ARG(v[4].s));
	}
	return text;
}

/* Who changed the plan stands in the trail. What was so until an override ended stays so. */
static void test_override_trail(void **state ATTR_UNUSED)
{
	struct world *w = world_new(HEAD "  schedules: {s: {layers: [{people: [alice]}]}}\n"
					 "  policies: {p: {steps: [{page: schedule/s}]}}\n");
	struct oncall *oc = notify_oncall(w->n);
	struct override o = {.schedule = STR("s"),
			     .add = STR("bob"),
			     .remove = STR("alice"),
			     .by = STR("bob"),
			     .from = w->now.wall,
			     .to = w->now.wall + HOUR};
	const struct schedule *s = oncall_schedule(oncall_config(oc), STR("s"));
	struct roster r;
	struct err err;
	ms_t begin = w->now.wall;
	uint64_t id;

	assert_true(oncall_override_put(oc, w->now, &o, STR("test"), &id, &err));
	assert_non_null(
		strstr(trailed(w, "override-made"), "s: override 1: bob instead of alice from "));
	world_run(w, MINUTE);
	assert_true(oncall_override_delete(oc, w->now, id, bob));
	assert_non_null(strstr(trailed(w, "override-ended"), ", by bob (test)"));
	oncall_who(oc, s, w->now.wall, &r);
	assert_true(str_is(r.v[0].person->name, "alice"));
	oncall_who(oc, s, begin, &r);
	assert_true(str_is(r.v[0].person->name, "bob"));
	assert_false(oncall_override_delete(oc, w->now, id, bob));
	world_free(w);
}

/* "Escalate now" is one step; those behind it keep their distance, however old the incident is. */
static void test_by_hand(void **state ATTR_UNUSED)
{
	struct world *w = world_new(THREE);

	world_fire(w, "alertname=Down", "");
	world_run(w, MINUTE);
	assert_int_equal(oncall_ack(notify_oncall(w->n), w->now, 1, bob), ONCALL_DONE);
	world_run(w, 30 * MINUTE);
	assert_int_equal(oncall_escalate(notify_oncall(w->n), w->now, 1, bob, -1), ONCALL_DONE);
	world_run(w, 9 * MINUTE);
	assert_int_equal(heard(w, "http://bob/"), 1);
	assert_int_equal(heard(w, "http://carol/"), 0);
	world_run(w, 2 * MINUTE);
	assert_int_equal(heard(w, "http://carol/"), 1);
	world_free(w);
}

/* After a long stop the next step is taken, not all that were missed. */
static void test_long_stop(void **state ATTR_UNUSED)
{
	struct world *w = world_new(THREE);

	world_fire(w, "alertname=Down", "");
	world_run(w, MINUTE);
	world_restart(w, HOUR);
	world_run(w, MINUTE);
	assert_int_equal(heard(w, "http://bob/"), 1);
	assert_int_equal(heard(w, "http://carol/"), 0);
	world_run(w, 10 * MINUTE);
	assert_int_equal(heard(w, "http://carol/"), 1);
	world_free(w);
}

static size_t said(const struct world *w, const char *line)
{
	size_t n = 0;

	for (const char *at = w->self ? w->self : ""; (at = strstr(at, line)); at++)
		n++;
	return n;
}

/* Nobody has answered to the end: that is said until somebody does. */
static void test_unanswered(void **state ATTR_UNUSED)
{
	struct world *w =
		world_new(HEAD "  policies: {p: {steps: [{page: person/bob}], repeat: 0}}\n");

	world_fire(w, "alertname=Down", "");
	world_run(w, 4 * MINUTE);
	assert_int_equal(said(w, "+RouseUnanswered"), 0);
	world_run(w, 2 * MINUTE);
	assert_int_equal(said(w, "+RouseUnanswered #1"), 1);
	world_restart(w, MINUTE);
	world_run(w, MINUTE);
	assert_int_equal(said(w, "-RouseUnanswered"), 0);
	oncall_ack(notify_oncall(w->n), w->now, 1, bob);
	world_run(w, MINUTE);
	assert_int_equal(said(w, "-RouseUnanswered #1"), 1);
	world_free(w);
}

#define TWO(dave) \
	"route: {receiver: p, group_by: [alertname], group_wait: 5s, group_interval: 10s, " \
	"routes: " \
	"[{receiver: q, matchers: [t=q]}]}\n" \
	"receivers: [{name: p, oncall_configs: [{policy: p}]}, {name: q, oncall_configs: " \
	"[{policy: q}]}]\n" \
	"oncall:\n" \
	"  people:\n" \
	"    bob: {contacts: {push: {webhook: {url: 'http://bob/'}}}}\n" \
	"    dave: " dave "\n" \
	"  policies: {p: {steps: [{page: person/dave}]}, q: {steps: [{page: person/bob}]}}\n"

/* A policy with nobody in it is said until it has somebody, whatever becomes of other ones. */
static void test_hole(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TWO("{}"));

	world_fire(w, "alertname=Down", "");
	world_run(w, MINUTE);
	assert_int_equal(said(w, "+RouseScheduleHole p"), 1);
	world_fire(w, "alertname=Down,t=q", "");
	world_run(w, 10 * MINUTE);
	assert_int_equal(said(w, "-RouseScheduleHole p"), 0);
	world_restart(w, MINUTE);
	world_reload(w, TWO("{contacts: {push: {webhook: {url: 'http://dave/'}}}}"));
	world_run(w, 10 * MINUTE);
	assert_true(heard(w, "http://dave/") > 0);
	assert_true(said(w, "-RouseScheduleHole p") > 0);
	world_free(w);
}

TEST_GROUP(oncall, cmocka_unit_test(test_many_alerts), cmocka_unit_test(test_by_hand),
	   cmocka_unit_test(test_override_trail), cmocka_unit_test(test_long_stop),
	   cmocka_unit_test(test_unanswered), cmocka_unit_test(test_hole));
