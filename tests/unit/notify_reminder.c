/* A word before a silence ends, and silences that end when what they hold back is over. */
#include "tests/unit/notify_harness.h"

#include <string.h>

#include "base/time.h"
#include "notify/matcher.h"
#include "notify/silence.h"

#define CONFIG(more) \
	more "route:\n  receiver: all\n  group_by: [alertname]\n  group_wait: 30s\n" \
	     "  group_interval: 1m\n  routes: [{receiver: db, matchers: ['team=\"db\"']}]\n" \
	     "receivers:\n" \
	     "- name: all\n  webhook_configs: [{url: 'http://all/'}]\n" \
	     "- name: db\n  webhook_configs: [{url: 'http://db/'}]\n"

static char id[40];

static void silence(struct world *w, const char *matchers, ms_t span, bool until_resolved)
{
	struct silence s = {.starts_at = w->now.wall,
			    .ends_at = w->now.wall + span,
			    .created_by = STR("bob"),
			    .comment = STR("deploy")};
	struct arena a;
	struct err err;
	struct str got;

	arena_init(&a);
	assert_true(am_matchers_parse(MATCHERS_FALLBACK, str_of(matchers), &a, &s.matchers, &s.n,
				      &err));
	if (until_resolved)
		s.annotations = world_labels(&a, "until_resolved=true");
	assert_int_equal(notify_silence_put(w->n, w->now, &s, &got, &err), SILENCE_OK);
	snprintf(id, sizeof(id), "%.*s", STR_ARG(got));
	arena_done(&a);
	world_turn(w);
}

/* Who was told of alerts with that name, as "url firing|resolved" each. */
static void assert_told(struct world *w, const char *name, const char *want)
{
	struct buf b;
	char quoted[64];

	snprintf(quoted, sizeof(quoted), "\"alertname\":\"%s\"", name);
	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < w->n_heard; i++) {
		if (strstr(w->heard[i].body, quoted))
			buf_printf(&b, "%s %s ", w->heard[i].url,
				   strstr(w->heard[i].body, "\"status\":\"firing\"") ? "firing"
										     : "resolved");
	}
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

/* The reminder goes where the alert would go, before the end; its own end is the second word. */
static void test_reminder(void **state)
{
	struct world *w = world_new(CONFIG("silences: {remind_before: 15m}\n"));

	(void)state;
	silence(w, "alertname=\"Down\",team=\"db\"", 2 * HOUR, false);
	world_fire(w, "alertname=Down,i=a,team=db", "");
	world_run(w, HOUR + 44 * MINUTE);
	assert_told(w, "RouseSilenceEnding", "");
	world_run(w, 2 * MINUTE);
	assert_told(w, "RouseSilenceEnding", "http://db/ firing ");
	assert_non_null(
		strstr(w->heard[0].body,
		       "the silence of bob on {alertname=\\\"Down\\\",team=\\\"db\\\"} ends "
		       "soon; 1 alert that it holds back fires (deploy)"));
	world_restart(w, MINUTE);
	world_run(w, 30 * MINUTE);
	assert_told(w, "RouseSilenceEnding", "http://db/ firing http://db/ resolved ");
	assert_told(w, "Down", "http://db/ firing ");
	world_free(w);
}

/* Not for a silence that holds nothing back, nor for one that is shorter than the warning, nor when
 * it is prolonged; and not by default. */
static void test_no_reminder(void **state)
{
	struct world *w = world_new(CONFIG("silences: {remind_before: 15m}\n"));

	(void)state;
	silence(w, "alertname=\"Down\"", 2 * HOUR, false);
	silence(w, "alertname=\"Up\"", 10 * MINUTE, false);
	world_fire(w, "alertname=Up,i=a", "");
	world_run(w, 3 * HOUR);
	assert_told(w, "RouseSilenceEnding", "");
	world_free(w);

	w = world_new(CONFIG(""));
	silence(w, "alertname=\"Down\"", 2 * HOUR, false);
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 3 * HOUR);
	assert_told(w, "RouseSilenceEnding", "");
	world_free(w);
}

/* An alert that begins in the last minutes is seen; ended by hand, the reminder ends. */
static void test_late_alert(void **state)
{
	struct world *w = world_new(CONFIG("silences: {remind_before: 15m}\n"));

	(void)state;
	/* It would catch its own reminder, were that labelled by it: then it goes to the root. */
	silence(w, "team=\"db\"", 2 * HOUR, false);
	world_run(w, HOUR + 50 * MINUTE);
	world_fire(w, "alertname=Down,i=a,team=db", "");
	world_run(w, 3 * MINUTE);
	assert_told(w, "RouseSilenceEnding", "http://all/ firing ");
	assert_int_equal(notify_silence_expire(w->n, w->now, str_of(id)), SILENCE_OK);
	world_run(w, 3 * MINUTE);
	assert_told(w, "RouseSilenceEnding", "http://all/ firing http://all/ resolved ");
	world_free(w);
}

/* Silenced until it is over: the next time it is told. */
static void test_until_resolved(void **state)
{
	struct world *w = world_new(CONFIG(""));

	(void)state;
	silence(w, "alertname=\"Down\"", DAY, true);
	world_run(w, 5 * MINUTE);
	assert_int_equal(silence_state(notify_silence(w->n, str_of(id)), w->now.wall),
			 SILENCE_ACTIVE);
	world_fire(w, "alertname=Down,i=a", "");
	world_fire(w, "alertname=Down,i=b", "");
	world_run(w, 5 * MINUTE);
	world_resolve(w, "alertname=Down,i=a");
	world_run(w, 5 * MINUTE);
	assert_int_equal(w->n_heard, 0);
	world_resolve(w, "alertname=Down,i=b");
	assert_int_equal(silence_state(notify_silence(w->n, str_of(id)), w->now.wall),
			 SILENCE_EXPIRED);
	world_run(w, 5 * MINUTE);
	assert_int_equal(w->n_heard, 0);
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 5 * MINUTE);
	assert_told(w, "Down", "http://all/ firing ");
	world_free(w);
}

TEST_GROUP(reminder, cmocka_unit_test(test_reminder), cmocka_unit_test(test_no_reminder),
	   cmocka_unit_test(test_late_alert), cmocka_unit_test(test_until_resolved))
