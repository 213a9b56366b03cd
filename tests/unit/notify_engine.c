/* The notifier's engine in virtual time: groups, dedup, repeats, retries, restarts, reloads. */
#include "tests/unit/notify_harness.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"

#define HOOK(name, url, more) "- name: " name "\n  webhook_configs: [{url: '" url "'" more "}]\n"
#define ROUTE(more) \
	"route: {receiver: team, group_by: [alertname], group_wait: 30s, group_interval: 5m, " \
	"repeat_interval: 4h" more "}\n"
static const char ONE[] = ROUTE("") "receivers:\n" HOOK("team", "http://hook/", "");

static bool has(const struct world *w, const char *text)
{
	return strstr(w->self, text) != NULL;
}

static void test_first_page(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	world_fire(w, "alertname=Down,i=a", "summary=it is down");
	world_run(w, 29 * SECOND);
	assert_int_equal(w->n_heard, 0);
	world_run(w, 2 * SECOND);
	assert_int_equal(w->n_heard, 1);
	assert_said(w, 0, "firing: a | resolved: | first notification");
	assert_string_equal(w->heard[0].url, "http://hook/");
	assert_int_equal(strlen(w->heard[0].key), 32);
	assert_int_equal(w->heard[0].at, WORLD_START + 30 * SECOND);
	world_run(w, HOUR);
	assert_int_equal(w->n_heard, 1);
	assert_statuses(w, "sent");
	world_resolve(w, "alertname=Down,i=a");
	world_run(w, 5 * MINUTE);
	assert_said(w, 1, "firing: | resolved: a | all alerts resolved");
	assert_string_not_equal(w->heard[0].key, w->heard[1].key);
	world_run(w, DAY);
	assert_int_equal(w->n_heard, 2);
	world_free(w);
}

static void test_old_alert_at_once(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	world_put(w, "alertname=Down,i=a", "", w->now.wall - 30 * SECOND, MS_NONE, ALERT_FROM_RULE);
	world_run(w, 0);
	assert_int_equal(w->n_heard, 1);
	/* A second group, not yet flushed, gets one that has waited long enough. */
	world_fire(w, "alertname=Up,i=a", "");
	world_run(w, 10 * SECOND);
	assert_int_equal(w->n_heard, 1);
	world_put(w, "alertname=Up,i=b", "", w->now.wall - MINUTE, MS_NONE, ALERT_FROM_RULE);
	world_run(w, 0);
	assert_said(w, 1, "firing: a b | resolved: | first notification");
	world_free(w);
}

static void test_grouping(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	world_fire(w, "alertname=Down,i=b", "");
	world_fire(w, "alertname=Down,i=a", "");
	world_fire(w, "alertname=Slow,i=x", "");
	world_run(w, 31 * SECOND);
	assert_int_equal(w->n_heard, 2);
	assert_said(w, 0, "firing: a b | resolved: | first notification");
	assert_said(w, 1, "firing: x | resolved: | first notification");
	assert_non_null(strstr(w->heard[0].body, "{}:{alertname=\\\"Down\\\"}"));
	/* A newcomer waits for the group's interval. */
	world_fire(w, "alertname=Down,i=c", "");
	world_run(w, 4 * MINUTE + 58 * SECOND);
	assert_int_equal(w->n_heard, 2);
	world_run(w, 2 * SECOND);
	assert_said(w, 2, "firing: a b c | resolved: | new alerts added");
	world_resolve(w, "alertname=Down,i=b");
	world_run(w, 5 * MINUTE);
	assert_said(w, 3, "firing: a c | resolved: b | some alerts resolved");
	/* b is told once. */
	world_resolve(w, "alertname=Down,i=a");
	world_resolve(w, "alertname=Down,i=c");
	world_run(w, 5 * MINUTE);
	assert_said(w, 4, "firing: | resolved: a c | all alerts resolved");
	assert_int_equal(w->n_heard, 5);
	world_free(w);
}

static void test_repeat(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 4 * HOUR);
	assert_int_equal(w->n_heard, 1);
	world_run(w, 6 * MINUTE);
	assert_int_equal(w->n_heard, 2);
	assert_said(w, 1, "firing: a | resolved: | repeat interval elapsed");
	world_run(w, 4 * HOUR + 6 * MINUTE);
	assert_int_equal(w->n_heard, 3);
	world_free(w);
}

static bool count_delivery(void *arg, const struct delivery_view *d)
{
	*(size_t *)arg += d->id > 0;
	return true;
}

static size_t deliveries(const struct world *w)
{
	size_t n = 0;

	notify_deliveries(w->n, count_delivery, &n);
	return n;
}

/* What was told counts for data_retention: a longer repeat_interval repeats earlier, the end is
 * told all the same, and finished pages go. */
static void test_retention(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->data_retention = HOUR;
	world_restart(w, 0);
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 55 * MINUTE);
	assert_int_equal(w->n_heard, 1);
	world_run(w, 25 * MINUTE);
	assert_int_equal(w->n_heard, 2);
	assert_said(w, 1, "firing: a | resolved: | first notification");
	world_run(w, HOUR);
	assert_int_equal(w->n_heard, 2);
	world_resolve(w, "alertname=Down,i=a");
	world_run(w, 6 * MINUTE);
	assert_int_equal(w->n_heard, 3);
	assert_said(w, 2, "firing: | resolved: a | all alerts resolved");
	assert_int_equal(deliveries(w), 1);
	world_run(w, 61 * MINUTE);
	notify_expire(w->n, w->now);
	world_turn(w);
	assert_int_equal(deliveries(w), 0);
	world_restart(w, 0);
	assert_int_equal(deliveries(w), 0);
	world_free(w);
}

/* The clock was set back by a year while rouse was away: nobody waits a year. */
static void test_clock_back(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 1);
	world_fire(w, "alertname=Down,i=b", "");
	world_turn(w);
	world_restart(w, -365 * DAY);
	world_run(w, 6 * MINUTE);
	assert_int_equal(w->n_heard, 2);
	assert_said(w, 1, "firing: a b | resolved: | new alerts added");
	world_resolve(w, "alertname=Down,i=a");
	world_resolve(w, "alertname=Down,i=b");
	world_run(w, 6 * MINUTE);
	assert_int_equal(w->n_heard, 3);
	assert_said(w, 2, "firing: | resolved: a b | all alerts resolved");
	world_free(w);
}

/* Fired and gone within group_wait: nobody hears; what nobody heard of does not resolve. */
static void test_short_alert(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 10 * SECOND);
	world_resolve(w, "alertname=Down,i=a");
	world_run(w, HOUR);
	assert_int_equal(w->n_heard, 0);
	world_fire(w, "alertname=Down,i=b", "");
	world_run(w, MINUTE);
	world_fire(w, "alertname=Down,i=c", "");
	world_run(w, MINUTE);
	world_resolve(w, "alertname=Down,i=c");
	world_run(w, HOUR);
	assert_int_equal(w->n_heard, 1);
	assert_said(w, 0, "firing: b | resolved: | first notification");
	world_free(w);
}

static void test_unchanged_costs_nothing(void **state)
{
	struct world *w = world_new(ONE);
	size_t rows;

	(void)state;
	world_put(w, "alertname=Down,i=a", "v=1", WORLD_START, MS_NONE, ALERT_FROM_RULE);
	world_run(w, MINUTE);
	rows = w->rows_written;
	for (int i = 0; i < 100; i++) {
		char text[32];

		snprintf(text, sizeof(text), "v=%d", i);
		world_put(w, "alertname=Down,i=a", text, WORLD_START, MS_NONE, ALERT_FROM_RULE);
		world_run(w, MINUTE);
	}
	assert_int_equal(w->rows_written, rows);
	/* The message takes the newest. */
	world_fire(w, "alertname=Down,i=b", "");
	world_run(w, 5 * MINUTE);
	assert_non_null(strstr(w->heard[1].body, "\"annotations\":{\"v\":\"99\"}"));
	world_free(w);
}

static void test_send_resolved_false(void **state)
{
	struct world *w = world_new(
		ROUTE("") "receivers:\n" HOOK("team", "http://hook/", ", send_resolved: false"));

	(void)state;
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 1);
	world_resolve(w, "alertname=Down,i=a");
	world_run(w, 10 * MINUTE);
	assert_int_equal(w->n_heard, 1);
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 10 * MINUTE);
	assert_int_equal(w->n_heard, 2);
	assert_said(w, 1, "firing: a | resolved: | first notification");
	world_free(w);
}

/* Down for ten minutes, and over meanwhile: both are told, in order, once it is back. */
static void test_receiver_down(void **state)
{
	struct world *w = world_new(ONE);
	size_t tries;

	(void)state;
	w->answer = (struct answer){.outcome = IO_UNSENT, .latency = 5};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 5 * MINUTE);
	world_resolve(w, "alertname=Down,i=a");
	world_run(w, 6 * MINUTE);
	tries = w->n_heard;
	assert_true(tries > 15 && tries < 40);
	for (size_t i = 1; i < tries; i++)
		assert_string_equal(w->heard[i].key, w->heard[0].key);
	assert_true(
		has(w, "+RouseReceiverFailing team/webhook/0: a notification has been waiting"));
	assert_statuses(w, "retry queued");
	w->answer = (struct answer){.status = 200, .latency = 5};
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, tries + 2);
	assert_said(w, tries, "firing: a | resolved: | first notification");
	assert_said(w, tries + 1, "firing: | resolved: a | all alerts resolved");
	assert_true(has(w, "-RouseReceiverFailing team/webhook/0"));
	assert_statuses(w, "sent sent");
	world_run(w, HOUR);
	assert_int_equal(w->n_heard, tries + 2);
	world_free(w);
}

/* A newer beginning stands in for an unsent older one only if it says all of it. */
static void test_replace(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->answer = (struct answer){.outcome = IO_UNSENT, .latency = 5};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	world_fire(w, "alertname=Down,i=b", "");
	world_run(w, 5 * MINUTE);
	assert_statuses(w, "replaced retry");
	world_resolve(w, "alertname=Down,i=a");
	world_fire(w, "alertname=Down,i=c", "");
	world_run(w, 5 * MINUTE);
	assert_statuses(w, "replaced retry queued");

	size_t tries = w->n_heard;

	w->answer = (struct answer){.status = 200, .latency = 5};
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, tries + 2);
	assert_said(w, tries, "firing: a b | resolved: | first notification");
	assert_said(w, tries + 1, "firing: b c | resolved: a | new alerts added");
	world_free(w);
}

static ms_t retry_wait(const char *header, const char *value, const char *body)
{
	struct world *w = world_new(ONE);
	ms_t wait;

	w->answer = (struct answer){.status = 429,
				    .header = header,
				    .value = value,
				    .body = body,
				    .latency = 0};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 30 * SECOND);
	assert_int_equal(w->n_heard, 1);
	w->answer = (struct answer){.status = 200};
	world_run(w, HOUR);
	assert_int_equal(w->n_heard, 2);
	assert_string_equal(w->heard[0].key, w->heard[1].key);
	wait = w->heard[1].at - w->heard[0].at;
	world_free(w);
	return wait;
}

static void test_retry_after(void **state)
{
	ms_t wait = retry_wait(NULL, NULL, NULL);

	(void)state;
	assert_true(wait >= 800 && wait <= 1200);
	assert_int_equal(retry_wait("retry-after", "7", NULL), 7000);
	assert_int_equal(retry_wait("retry-after", "0.4", NULL), 400);
	assert_int_equal(retry_wait("retry-after", "0", NULL), 250);
	assert_int_equal(retry_wait("retry-after", "86400", NULL), 15 * MINUTE);
	/* WORLD_START is Fri, 15 Jan 2027 08:00:00 GMT; the request leaves 30 s later. */
	assert_int_equal(retry_wait("retry-after", "Fri, 15 Jan 2027 08:01:00 GMT", NULL),
			 30 * SECOND);
	assert_int_equal(retry_wait("retry-after", "Fri, 15 Jan 2027 07:00:00 GMT", NULL), 250);
	wait = retry_wait("retry-after", "soon", NULL);
	assert_true(wait >= 800 && wait <= 1200);
}

/* A wait that the receiver asks for holds for all that goes there. */
static void test_rest_of_destination(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->answer = (struct answer){.status = 429, .header = "retry-after", .value = "60"};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 30 * SECOND);
	assert_int_equal(w->n_heard, 1);
	world_put(w, "alertname=Slow,i=b", "", w->now.wall - MINUTE, MS_NONE, ALERT_FROM_RULE);
	world_run(w, 59 * SECOND);
	assert_int_equal(w->n_heard, 1);
	w->answer = (struct answer){.status = 200};
	world_run(w, 2 * SECOND);
	assert_int_equal(w->n_heard, 3);
	world_free(w);
}

static void test_dead(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->answer = (struct answer){.status = 400, .body = "no such thing"};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 1);
	assert_statuses(w, "dead");
	assert_true(has(w, "+RouseReceiverFailing team/webhook/0: refused: HTTP status 400: "
			   "no such thing"));
	/* The alert still fires: it is tried again with the group's next flush. */
	w->answer = (struct answer){.status = 200};
	world_run(w, 5 * MINUTE);
	assert_statuses(w, "dead sent");
	assert_said(w, 1, "firing: a | resolved: | first notification");
	assert_true(has(w, "-RouseReceiverFailing team/webhook/0"));
	world_free(w);
}

/* Nobody heard of the beginning: no end follows. */
static void test_dead_then_over(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->answer = (struct answer){.status = 403};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	world_resolve(w, "alertname=Down,i=a");
	w->answer = (struct answer){.status = 200};
	world_run(w, HOUR);
	assert_int_equal(w->n_heard, 1);
	assert_statuses(w, "dead");
	world_free(w);
}

static void test_gives_up_after_a_day(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->answer = (struct answer){.status = 503};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, DAY - MINUTE);
	assert_statuses(w, "retry");
	world_run(w, 2 * MINUTE);
	assert_statuses(w, "dead");
	world_free(w);
}

static void test_self_alerts_raise_none(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->answer = (struct answer){.status = 403};
	world_put(w, "alertname=RouseBlind,i=a", "", w->now.wall, MS_NONE, ALERT_FROM_SELF);
	world_run(w, HOUR);
	assert_true(w->n_heard > 0);
	assert_string_equal(w->self, "");
	world_free(w);
}

/* ---- restart ----------------------------------------------------------------------------- */
static void test_restart_keeps_time(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 10 * SECOND);
	world_restart(w, 5 * SECOND);
	world_run(w, 14 * SECOND);
	assert_int_equal(w->n_heard, 0);
	world_run(w, 1 * SECOND);
	assert_int_equal(w->n_heard, 1);
	assert_int_equal(w->heard[0].at, WORLD_START + 30 * SECOND);
	/* What was told is not told again, and is taken back later. */
	world_run(w, SECOND);
	world_restart(w, HOUR);
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 1);
	world_resolve(w, "alertname=Down,i=a");
	world_run(w, 5 * MINUTE);
	assert_int_equal(w->n_heard, 2);
	assert_said(w, 1, "firing: | resolved: a | all alerts resolved");
	world_restart(w, HOUR);
	world_run(w, DAY);
	assert_int_equal(w->n_heard, 2);
	world_free(w);
}

static void test_restart_overdue(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 10 * SECOND);
	world_restart(w, MINUTE);
	world_run(w, 0);
	assert_int_equal(w->n_heard, 1);
	world_free(w);
}

/* Killed while the request was out: the same key again, marked. */
static bool find_twice(void *arg, const struct delivery_view *d)
{
	*(bool *)arg = str_find(d->error, STR("twice")) >= 0;
	return false;
}

/* Nobody is told for a while after a start; a reload is none. */
static void test_start_delay(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->start_delay = 5 * MINUTE;
	world_fire(w, "alertname=Down,i=a", "");
	world_turn(w);
	world_restart(w, MINUTE);
	world_put(w, "alertname=Old,i=b", "", w->now.wall - HOUR, MS_NONE, ALERT_FROM_RULE);
	world_run(w, 5 * MINUTE - SECOND);
	assert_int_equal(w->n_heard, 0);
	world_run(w, 2 * SECOND);
	assert_int_equal(w->n_heard, 2);
	world_reload(w, ONE);
	world_put(w, "alertname=New,i=b", "", w->now.wall - HOUR, MS_NONE, ALERT_FROM_RULE);
	world_run(w, SECOND);
	assert_int_equal(w->n_heard, 3);
	world_free(w);
}

static void test_restart_while_sending(void **state)
{
	struct world *w = world_new(ONE);
	bool twice = false;

	(void)state;
	w->answer = (struct answer){.status = 200, .latency = MINUTE};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 31 * SECOND);
	assert_int_equal(w->n_heard, 1);
	world_restart(w, SECOND);
	w->answer.latency = 1;
	world_run(w, SECOND);
	assert_int_equal(w->n_heard, 2);
	assert_string_equal(w->heard[0].key, w->heard[1].key);
	assert_string_equal(w->heard[0].body, w->heard[1].body);
	assert_statuses(w, "sent");
	notify_deliveries(w->n, find_twice, &twice);
	assert_true(twice);
	world_run(w, HOUR);
	assert_int_equal(w->n_heard, 2);
	world_free(w);
}

static void test_restart_in_retry(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->answer = (struct answer){.status = 429, .header = "retry-after", .value = "300"};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	world_resolve(w, "alertname=Down,i=a");
	world_run(w, 0);
	world_restart(w, MINUTE);
	w->answer = (struct answer){.status = 200};
	world_run(w, 209 * SECOND);
	assert_int_equal(w->n_heard, 1);
	world_run(w, 5 * MINUTE);
	assert_int_equal(w->n_heard, 3);
	assert_said(w, 1, "firing: a | resolved: | first notification");
	assert_said(w, 2, "firing: | resolved: a | all alerts resolved");
	assert_string_equal(w->heard[0].key, w->heard[1].key);
	world_free(w);
}

static void test_nothing_before_the_commit(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->hold_commits = true;
	world_put(w, "alertname=Down,i=a", "", w->now.wall - MINUTE, MS_NONE, ALERT_FROM_RULE);
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 0);
	/* The batch is taken; another page is decided before the answer comes. */
	notify_taken(w->n);

	struct batch *first = w->batch;
	struct err err;

	w->batch = batch_new();
	world_put(w, "alertname=Slow,i=b", "", w->now.wall - MINUTE, MS_NONE, ALERT_FROM_RULE);
	world_run(w, 0);
	assert_true(store_commit(w->store, first, &err));
	batch_free(first);
	notify_committed(w->n, w->now, true);
	assert_int_equal(w->n_heard, 1);
	world_commit(w);
	assert_int_equal(w->n_heard, 2);
	world_free(w);
}

/* A store that fails does not hold pages back. */
static void test_failed_commit(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->hold_commits = w->unchecked = true;
	world_put(w, "alertname=Down,i=a", "", w->now.wall - MINUTE, MS_NONE, ALERT_FROM_RULE);
	world_run(w, 0);
	notify_committed(w->n, w->now, false);
	assert_int_equal(w->n_heard, 1);
	world_free(w);
}

/* ---- alerts from outside ----------------------------------------------------------------- */
static void test_timeout(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	world_put(w, "alertname=Down,i=a", "", w->now.wall, MS_NONE, ALERT_FROM_API);
	world_run(w, 4 * MINUTE);
	assert_int_equal(w->n_heard, 1);
	world_put(w, "alertname=Down,i=a", "", MS_NONE, MS_NONE, ALERT_FROM_API);
	world_run(w, 4 * MINUTE);
	/* A restart gives it its whole time again. */
	world_restart(w, 30 * MINUTE);
	world_run(w, 4 * MINUTE);
	assert_int_equal(w->n_heard, 1);
	world_run(w, 7 * MINUTE);
	assert_int_equal(w->n_heard, 2);
	assert_said(w, 1, "firing: | resolved: a | all alerts resolved");
	world_free(w);
}

/* ---- routes and reloads ------------------------------------------------------------------ */
static void test_routes(void **state)
{
	struct world *w = world_new(ROUTE(
		", routes: ["
		"{matchers: ['sev=\"page\"'], receiver: pager, continue: true, routes: "
		"[{matchers: ['team=\"db\"'], receiver: db}]},"
		"{matchers: ['sev=~\"page|warn\"'], receiver: log}]") "receivers:\n" HOOK("team",
											  "http://"
											  "team/",
											  "")
					    HOOK("pager", "http://pager/", "")
						    HOOK("db", "http://db/", "")
							    HOOK("log", "http://log/", ""));

	(void)state;
	world_fire(w, "alertname=A,i=a,sev=page,team=db", "");
	world_fire(w, "alertname=B,i=b,sev=page", "");
	world_fire(w, "alertname=C,i=c,sev=warn", "");
	world_fire(w, "alertname=D,i=d", "");
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 6);
	assert_string_equal(w->heard[0].url, "http://db/");
	assert_string_equal(w->heard[1].url, "http://log/");
	assert_string_equal(w->heard[2].url, "http://pager/");
	assert_string_equal(w->heard[3].url, "http://log/");
	assert_string_equal(w->heard[4].url, "http://log/");
	assert_string_equal(w->heard[5].url, "http://team/");
	world_free(w);
}

static void test_reload_tells_nothing_again(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	world_fire(w, "alertname=Down,i=b", "");
	/* The group's interval goes on over the reload, though the route has moved. */
	world_reload(w, ROUTE(", routes: [{matchers: ['x=\"y\"']}]") "receivers:\n" HOOK(
				"team", "http://other/", ""));
	world_run(w, 4 * MINUTE + 28 * SECOND);
	assert_int_equal(w->n_heard, 1);
	world_run(w, 3 * SECOND);
	assert_int_equal(w->n_heard, 2);
	assert_said(w, 1, "firing: a b | resolved: | new alerts added");
	assert_string_equal(w->heard[1].url, "http://other/");
	world_free(w);
}

static void test_reload_open_rows(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->answer = (struct answer){.outcome = IO_UNSENT};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	w->answer = (struct answer){.status = 200};
	world_reload(w, ROUTE("") "receivers:\n" HOOK("team", "http://new/", ""));
	world_run(w, MINUTE);
	assert_string_equal(w->heard[w->n_heard - 1].url, "http://new/");
	assert_statuses(w, "sent");
	world_free(w);
}

static void test_receiver_removed(void **state)
{
	struct world *w = world_new(ONE);
	static const char other[] = "route: {receiver: other, group_by: "
				    "[alertname]}\nreceivers:\n" HOOK("other", "http://other/", "");

	(void)state;
	w->answer = (struct answer){.outcome = IO_UNSENT};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	w->answer = (struct answer){.status = 200};
	world_reload(w, other);
	assert_true(has(w, "+RouseReceiverFailing team/webhook/0: receiver was removed"));
	assert_statuses(w, "dead");
	world_run(w, 5 * MINUTE);
	assert_string_equal(w->heard[w->n_heard - 1].url, "http://other/");
	assert_statuses(w, "dead sent");
	world_run(w, HOUR);
	assert_true(has(w, "-RouseReceiverFailing team/webhook/0"));
	world_free(w);
}

/* ---- messages that are edited, messages in a plainer form ---------------------------------- */
#define DISCORD \
	ROUTE("") \
	"receivers:\n- name: team\n  discord_configs: [{webhook_url: 'https://d.example/1/tok', " \
	"update_message: true}]\n"

static void test_update_message(void **state)
{
	struct world *w = world_new(DISCORD);

	(void)state;
	w->answer = (struct answer){.status = 200, .body = "{\"id\":\"77\"}"};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	assert_string_equal(w->heard[0].method, "POST");
	world_restart(w, SECOND);
	world_fire(w, "alertname=Down,i=b", "");
	world_run(w, 5 * MINUTE);
	assert_string_equal(w->heard[1].method, "PATCH");
	assert_string_equal(w->heard[1].url, "https://d.example/1/tok/messages/77");
	world_resolve(w, "alertname=Down,i=a");
	world_resolve(w, "alertname=Down,i=b");
	world_run(w, 5 * MINUTE);
	assert_string_equal(w->heard[2].method, "PATCH");
	assert_non_null(strstr(w->heard[2].body, "[RESOLVED]"));
	/* What begins anew is a message of its own. */
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 5 * MINUTE);
	assert_int_equal(w->n_heard, 4);
	assert_string_equal(w->heard[3].method, "POST");
	world_free(w);
}

/* Words that come after the page edit it, once, where editing is possible. */
static void test_late_words(void **state)
{
	struct world *w = world_new(DISCORD "  webhook_configs: [{url: 'http://hook/'}]\n");
	ms_t start = w->now.wall;

	(void)state;
	w->answer = (struct answer){.status = 200, .body = "{\"id\":\"77\"}"};
	world_fire(w, "alertname=Down,i=a", "because=a holds");
	world_explain(w, "alertname=Down,i=a", "because=b holds", start);
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 2); /* the first flush has them */
	world_put(w, "alertname=Down,i=a", "because=c holds", start, MS_NONE, ALERT_FROM_RULE);
	world_run(w, SECOND);
	assert_int_equal(w->n_heard, 2); /* only what comes late edits */
	world_explain(w, "alertname=Down,i=a", "because=d holds", start);
	world_explain(w, "alertname=Down,i=a", "because=d holds", start);
	world_run(w, SECOND);
	assert_int_equal(w->n_heard, 3);
	assert_string_equal(w->heard[2].method, "PATCH");
	assert_non_null(strstr(w->heard[2].body, "d holds"));
	/* A group that is not as it was told waits for its flush: nothing may get lost. */
	world_fire(w, "alertname=Down,i=b", "");
	world_explain(w, "alertname=Down,i=a", "because=e holds", start);
	world_run(w, SECOND);
	assert_int_equal(w->n_heard, 3);
	world_run(w, 5 * MINUTE);
	assert_int_equal(w->n_heard, 5);
	world_resolve(w, "alertname=Down,i=b");
	world_explain(w, "alertname=Down,i=a", "because=f holds", start);
	world_run(w, SECOND);
	assert_int_equal(w->n_heard, 5);
	world_run(w, 5 * MINUTE);
	assert_int_equal(w->n_heard, 7);
	world_free(w);
}

static struct answer refuse_once(struct world *w, const struct heard *h)
{
	bool plain = strstr(h->body, "FIRING Down {i=a}") != NULL;

	(void)w;
	return (struct answer){.status = plain ? 200 : 400,
			       .body = plain ? "{\"id\":\"1\"}" : "{\"code\":50035}"};
}

static void test_plainer_form(void **state)
{
	struct world *w = world_new(DISCORD);

	(void)state;
	w->answer_fn = refuse_once;
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 2);
	assert_statuses(w, "sent");
	world_free(w);
}

/* ---- limits and numbers ------------------------------------------------------------------ */
static void test_full_outbox_keeps_pages(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->limits.outbox_rows = 2;
	w->answer = (struct answer){.outcome = IO_UNSENT};
	for (int i = 0; i < 5; i++) {
		char labels[64];

		snprintf(labels, sizeof(labels), "alertname=A%d,i=%d", i, i);
		world_fire(w, labels, "");
	}
	world_run(w, MINUTE);
	assert_true(has(w, "+RouseOutboxFull"));
	/* Over and back again and again: behind the first page nothing piles up. */
	for (int k = 0; k < 20; k++) {
		world_resolve(w, "alertname=A0,i=0");
		world_run(w, 5 * MINUTE);
		world_fire(w, "alertname=A0,i=0", "");
		world_run(w, 5 * MINUTE);
	}
	size_t tries = w->n_heard;

	w->answer = (struct answer){.status = 200};
	world_run(w, 5 * MINUTE);
	assert_int_equal(w->n_heard, tries + 5);
	assert_true(has(w, "-RouseOutboxFull"));
	world_free(w);
}

static void test_history_is_bounded(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->limits.history_rows = 3;
	for (int i = 0; i < 6; i++) {
		char labels[64];

		snprintf(labels, sizeof(labels), "alertname=A%d,i=%d", i, i);
		world_fire(w, labels, "");
	}
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 6);
	assert_statuses(w, "sent sent sent");
	world_restart(w, 0);
	assert_statuses(w, "sent sent sent");
	world_free(w);
}

static void test_ten_thousand(void **state)
{
	struct world *w = world_new(ONE);

	(void)state;
	w->unchecked = true;
	w->answer.latency = 0;
	for (int i = 0; i < 10000; i++) {
		char labels[64];

		snprintf(labels, sizeof(labels), "alertname=%s%d,i=%d", i % 2 ? "One" : "A",
			 i % 2 ? 0 : i, i);
		world_fire(w, labels, "summary=something is wrong");
	}
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 5001);
	world_restart(w, MINUTE);
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 5001);
	world_free(w);
}

static void test_metrics(void **state)
{
	struct world *w = world_new(ONE);
	struct buf b;

	(void)state;
	w->answer = (struct answer){.status = 403};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	buf_init(&b, BUF_MAX_ANY);
	notify_metrics(w->n, w->now, &b);
	assert_non_null(strstr(buf_cstr(&b),
			       "alertmanager_notifications_total{integration=\"webhook\"} 1\n"));
	assert_non_null(strstr(buf_cstr(&b), "alertmanager_notifications_failed_total{integration="
					     "\"webhook\",reason=\"authError\"} 1\n"));
	assert_non_null(strstr(buf_cstr(&b), "alertmanager_alerts{state=\"active\"} 1\n"));
	assert_non_null(strstr(buf_cstr(&b), "alertmanager_dispatcher_aggregation_groups 1\n"));
	assert_non_null(strstr(buf_cstr(&b), "\nrouse_outbox_open 0\n"));
	buf_done(&b);
	world_free(w);
}

TEST_GROUP(engine, cmocka_unit_test(test_first_page), cmocka_unit_test(test_old_alert_at_once),
	   cmocka_unit_test(test_grouping), cmocka_unit_test(test_repeat),
	   cmocka_unit_test(test_retention), cmocka_unit_test(test_clock_back),
	   cmocka_unit_test(test_short_alert), cmocka_unit_test(test_unchanged_costs_nothing),
	   cmocka_unit_test(test_send_resolved_false), cmocka_unit_test(test_receiver_down),
	   cmocka_unit_test(test_replace), cmocka_unit_test(test_retry_after),
	   cmocka_unit_test(test_rest_of_destination), cmocka_unit_test(test_dead),
	   cmocka_unit_test(test_dead_then_over), cmocka_unit_test(test_gives_up_after_a_day),
	   cmocka_unit_test(test_self_alerts_raise_none), cmocka_unit_test(test_restart_keeps_time),
	   cmocka_unit_test(test_restart_overdue), cmocka_unit_test(test_start_delay),
	   cmocka_unit_test(test_restart_while_sending), cmocka_unit_test(test_restart_in_retry),
	   cmocka_unit_test(test_nothing_before_the_commit), cmocka_unit_test(test_failed_commit),
	   cmocka_unit_test(test_timeout), cmocka_unit_test(test_routes),
	   cmocka_unit_test(test_reload_tells_nothing_again),
	   cmocka_unit_test(test_reload_open_rows), cmocka_unit_test(test_receiver_removed),
	   cmocka_unit_test(test_update_message), cmocka_unit_test(test_late_words),
	   cmocka_unit_test(test_plainer_form), cmocka_unit_test(test_full_outbox_keeps_pages),
	   cmocka_unit_test(test_history_is_bounded), cmocka_unit_test(test_ten_thousand),
	   cmocka_unit_test(test_metrics))
