/* From alerts to people: what an outage of contacts, a long stop and a plan without anybody do. */
#include "tests/unit/notify_harness.h"

#include <stdio.h>
#include <string.h>

#include "oncall/incident.h"

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
	   cmocka_unit_test(test_long_stop), cmocka_unit_test(test_unanswered),
	   cmocka_unit_test(test_hole));
