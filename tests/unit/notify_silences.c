/* Silences: what is refused, what keeps its id, who is not told while one holds. */
#include "tests/unit/notify_harness.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "notify/matcher.h"
#include "notify/silence.h"

static const char TEAM[] =
	"route: {receiver: team, group_by: [alertname], group_wait: 30s, group_interval: 5m}\n"
	"receivers:\n- name: team\n  webhook_configs: [{url: 'http://hook/'}]\n";

static const char *comment = ""; /* of the next ones */

/* Makes or changes one; the id, "not found", or why not. */
static const char *put(struct world *w, const char *id, const char *matchers, ms_t from, ms_t span)
{
	static char text[600];
	struct silence s = {.id = str_of(id),
			    .starts_at = from,
			    .ends_at = from + span,
			    .created_by = STR("bob"),
			    .comment = str_of(comment)};
	struct err err = {0};
	struct arena a;
	struct str got;

	arena_init(&a);
	assert_true(am_matchers_parse(MATCHERS_FALLBACK, str_of(matchers), &a, &s.matchers, &s.n,
				      &err));
	switch (notify_silence_put(w->n, w->now, &s, &got, &err)) {
	case SILENCE_OK: snprintf(text, sizeof(text), "%.*s", STR_ARG(got)); break;
	case SILENCE_NOT_FOUND: snprintf(text, sizeof(text), "not found"); break;
	case SILENCE_INVALID: snprintf(text, sizeof(text), "%s", err.msg); break;
	}
	arena_done(&a);
	world_turn(w);
	return text;
}

static enum silence_state state_of(struct world *w, const char *id)
{
	const struct silence *s = notify_silence(w->n, str_of(id));

	assert_non_null(s);
	return silence_state(s, w->now.wall);
}

static void test_refused(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TEAM);
	ms_t now = w->now.wall;

	assert_string_equal(put(w, "", "a=\"b\"", now, 0),
			    "Failed to create silence: start time must be before end time");
	assert_string_equal(put(w, "", "a=\"b\"", now - HOUR, MINUTE),
			    "Failed to create silence: end time can't be in the past");
	assert_string_equal(put(w, "", "a=\"\",b=~\".*\"", now, HOUR),
			    "invalid silence: at least one matcher must not match the empty "
			    "string");
	char *big = mem_alloc(70003);

	memset(big, 'x', 70002);
	memcpy(big, "a=\"", 3);
	big[70001] = '"';
	big[70002] = 0;
	assert_string_equal(put(w, "", big, now, HOUR),
			    "silence exceeded maximum size: 140093 bytes (limit: 65536 bytes)");
	free(big);
	assert_string_equal(put(w, "nobody", "a=\"b\"", now, HOUR), "not found");
	world_free(w);
}

static bool count_one(void *arg, const struct alert *a)
{
	(void)a;
	++*(size_t *)arg;
	return true;
}

static size_t count_alerts(const struct world *w)
{
	size_t n = 0;

	notify_alerts(w->n, count_one, &n);
	return n;
}

static void test_limits(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TEAM);
	ms_t now = w->now.wall;
	char id[64];

	w->limits.silences = 1;
	snprintf(id, sizeof(id), "%s", put(w, "", "a=\"b\"", now, HOUR));
	assert_string_equal(put(w, "", "a=\"c\"", now, HOUR),
			    "exceeded maximum number of silences: 1 (limit: 1)");
	assert_string_equal(put(w, id, "a=\"b\"", now, 2 * HOUR), id); /* no new one */
	/* Other matchers would be a new one: refused, and the old one holds on. */
	assert_string_equal(put(w, id, "a=\"c\"", now, HOUR),
			    "exceeded maximum number of silences: 1 (limit: 1)");
	assert_int_equal(state_of(w, id), SILENCE_ACTIVE);
	w->limits.silences = 0;
	w->limits.silence_bytes = 64;
	assert_non_null(
		strstr(put(w, "", "a=\"c\"", now, HOUR), "silence exceeded maximum size: "));
	world_free(w);
}

static void test_annotations(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TEAM);
	struct labels_builder lb;
	struct silence s = {.starts_at = w->now.wall, .ends_at = w->now.wall + HOUR};
	struct err err = {0};
	struct arena a;
	struct labels labels;
	struct str id;
	char kept[64];

	arena_init(&a);
	labels_builder_init(&lb);
	lb.keep_empty = true;
	labels_builder_set(&lb, STR("ticket"), STR("X-1"));
	labels = labels_builder_build(&lb, &a);
	labels_builder_set(&lb, STR("empty"), STR(""));
	s.annotations = labels_builder_build(&lb, &a);
	labels_builder_done(&lb);
	notify_put(w->n, w->now,
		   &(struct alert_in){.labels = labels,
				      .annotations = s.annotations,
				      .starts_at = w->now.wall,
				      .ends_at = MS_NONE,
				      .source = ALERT_FROM_API},
		   1);
	assert_true(am_matchers_parse(MATCHERS_FALLBACK, STR("a=b"), &a, &s.matchers, &s.n, &err));
	assert_int_equal(notify_silence_put(w->n, w->now, &s, &id, &err), SILENCE_OK);
	snprintf(kept, sizeof(kept), "%.*s", STR_ARG(id));
	world_turn(w);
	world_restart(w, MINUTE);
	assert_true(labels_eq(notify_silence(w->n, str_of(kept))->annotations, s.annotations));
	assert_int_equal(count_alerts(w), 1);
	arena_done(&a);
	world_free(w);
}

static void test_alerts_of_one_name(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TEAM);
	ms_t now = w->now.wall;

	w->limits.alerts_of_name = 1;
	world_put(w, "alertname=Down,i=a", "", now, MS_NONE, ALERT_FROM_API);
	world_put(w, "alertname=Down,i=b", "", now, MS_NONE, ALERT_FROM_API);
	world_put(w, "alertname=Up,i=b", "", now, MS_NONE, ALERT_FROM_API);
	assert_int_equal(count_alerts(w), 2);
	/* Rules are ours: what they find is never dropped. */
	world_put(w, "alertname=Down,i=c", "", now, MS_NONE, ALERT_FROM_RULE);
	assert_int_equal(count_alerts(w), 3);
	world_turn(w);
	world_restart(w, SECOND);
	world_put(w, "alertname=Down,i=d", "", now, MS_NONE, ALERT_FROM_API);
	assert_int_equal(count_alerts(w), 3);
	world_free(w);
}

/* All of them together, also after a restart; room comes back when one ends. */
static void test_posted_alerts(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TEAM);

	w->limits.posted_alerts = 2;
	for (int again = 0; again < 2; again++) {
		world_put(w, "alertname=A", "", w->now.wall, MS_NONE, ALERT_FROM_API);
		world_put(w, "alertname=B", "", w->now.wall, MS_NONE, ALERT_FROM_API);
		world_put(w, "alertname=C", "", w->now.wall, MS_NONE, ALERT_FROM_API);
		assert_int_equal(count_alerts(w), 2);
		world_turn(w);
		world_restart(w, SECOND);
	}
	world_put(w, "alertname=D", "", w->now.wall, MS_NONE, ALERT_FROM_RULE);
	assert_int_equal(count_alerts(w), 3);
	world_put(w, "alertname=A", "", w->now.wall - 1, w->now.wall, ALERT_FROM_API);
	world_run(w, 10 * MINUTE);
	/* A and B are over (B timed out) and told: there is room for two. */
	world_put(w, "alertname=C", "", w->now.wall, w->now.wall + HOUR, ALERT_FROM_API);
	world_put(w, "alertname=E", "", w->now.wall, w->now.wall + HOUR, ALERT_FROM_API);
	world_put(w, "alertname=F", "", w->now.wall, w->now.wall + HOUR, ALERT_FROM_API);
	assert_int_equal(count_alerts(w), 3);
	world_free(w);
}

static bool metrics_say(const struct world *w, const char *line)
{
	struct buf b;
	bool found;

	buf_init(&b, BUF_MAX_ANY);
	notify_metrics(w->n, w->now, &b);
	found = str_find(buf_str(&b), str_of(line)) >= 0;
	buf_done(&b);
	return found;
}

static void test_counted(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TEAM);

	put(w, "", "i=\"a\"", w->now.wall, HOUR);
	world_put(w, "alertname=Down,i=a", "", w->now.wall, MS_NONE, ALERT_FROM_RULE);
	world_put(w, "alertname=Down,i=b", "", w->now.wall, MS_NONE, ALERT_FROM_RULE);
	world_run(w, MINUTE);
	assert_true(metrics_say(w, "\nalertmanager_alerts{state=\"active\"} 1\n"));
	assert_true(metrics_say(w, "\nalertmanager_alerts{state=\"suppressed\"} 1\n"));
	assert_true(metrics_say(w, "\nalertmanager_notifications_suppressed_total{reason="
				   "\"silence\"} 1\n"));
	assert_true(metrics_say(w, "\nalertmanager_notifications_suppressed_total{reason="
				   "\"inhibition\"} 0\n"));
	world_free(w);
}

static void test_ids(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TEAM);
	char first[64], second[64], pending[64];
	ms_t start = w->now.wall;

	snprintf(first, sizeof(first), "%s", put(w, "", "a=\"b\"", start, HOUR));
	assert_int_equal(strlen(first), 36);
	world_run(w, MINUTE);
	/* A later end keeps the id; other matchers do not, and the old one is over. */
	assert_string_equal(put(w, first, "a=\"b\"", start, 2 * HOUR), first);
	snprintf(second, sizeof(second), "%s", put(w, first, "a=\"c\"", start, HOUR));
	assert_string_not_equal(second, first);
	assert_int_equal(state_of(w, first), SILENCE_EXPIRED);
	assert_int_equal(state_of(w, second), SILENCE_ACTIVE);
	assert_int_equal(notify_silence(w->n, str_of(second))->starts_at, w->now.wall);
	/* One that has not begun may begin later, not earlier than now. */
	snprintf(pending, sizeof(pending), "%s", put(w, "", "a=\"b\"", start + HOUR, HOUR));
	assert_int_equal(state_of(w, pending), SILENCE_PENDING);
	assert_string_equal(put(w, pending, "a=\"b\"", start + 2 * HOUR, HOUR), pending);
	assert_string_not_equal(put(w, pending, "a=\"b\"", start, HOUR), pending);
	assert_int_equal(notify_silence_expire(w->n, w->now, str_of(second)), SILENCE_OK);
	world_turn(w);
	assert_int_equal(state_of(w, second), SILENCE_EXPIRED);
	assert_int_equal(notify_silence_expire(w->n, w->now, STR("x")), SILENCE_NOT_FOUND);
	world_restart(w, MINUTE);
	assert_int_equal(state_of(w, second), SILENCE_EXPIRED);
	assert_int_equal(state_of(w, first), SILENCE_EXPIRED);
	world_free(w);
}

static void test_part_of_a_group(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TEAM);

	put(w, "", "i=\"a\"", w->now.wall, HOUR);
	world_fire(w, "alertname=Down,i=a", "");
	world_fire(w, "alertname=Down,i=b", "");
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 1);
	assert_said(w, 0, "firing: b | resolved: | first notification");
	world_run(w, 65 * MINUTE);
	assert_int_equal(w->n_heard, 2);
	assert_said(w, 1, "firing: a b | resolved: | new alerts added");
	world_free(w);
}

/* What was told before the silence is taken back after it, also over a restart. */
static void test_end_is_told_later(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TEAM);

	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 1);
	put(w, "", "alertname=\"Down\"", w->now.wall, HOUR);
	world_resolve(w, "alertname=Down,i=a");
	world_run(w, 20 * MINUTE);
	world_restart(w, MINUTE);
	world_run(w, 20 * MINUTE);
	assert_int_equal(w->n_heard, 1);
	world_run(w, 30 * MINUTE);
	assert_int_equal(w->n_heard, 2);
	assert_said(w, 1, "firing: | resolved: a | all alerts resolved");
	world_free(w);
}

/* However long the silence was: what was told before it is not too old, as its end is news. */
static void test_end_after_long(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TEAM);

	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	assert_int_equal(w->n_heard, 1);
	put(w, "", "alertname=\"Down\"", w->now.wall, 3 * DAY);
	world_resolve(w, "alertname=Down,i=a");
	world_run(w, 2 * DAY);
	world_restart(w, MINUTE);
	world_run(w, 2 * DAY);
	assert_int_equal(w->n_heard, 2);
	assert_said(w, 1, "firing: | resolved: a | all alerts resolved");
	world_free(w);
}

/* What begins and ends within a silence is no news at all. */
static void test_nothing_to_tell(void **state ATTR_UNUSED)
{
	struct world *w = world_new(TEAM);

	put(w, "", "alertname=\"Down\"", w->now.wall, HOUR);
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 10 * MINUTE);
	world_resolve(w, "alertname=Down,i=a");
	world_run(w, 2 * HOUR);
	assert_int_equal(w->n_heard, 0);
	world_free(w);
}

static bool add_comment(void *arg, const struct silence *s)
{
	buf_printf(arg, "%.*s ", STR_ARG(s->comment));
	return true;
}

static void caught_by(struct world *w, const char *labels, const char *want)
{
	struct arena a;
	struct buf b;

	arena_init(&a);
	buf_init(&b, BUF_MAX_ANY);
	notify_silenced_by(w->n, w->now.wall, world_labels(&a, labels), add_comment, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
	arena_done(&a);
}

/* Whatever they ask for they are found, the oldest first, also after a change and a restart. */
static void test_found(void **state ATTR_UNUSED)
{
	static const char *const MATCHERS[] = {"i=~\"a|b\"",	   "i=\"a\"",
					       "j!=\"x\",i=\"a\"", "alertname=\"Down\",i=~\".+\"",
					       "i!=\"a\"",	   "k=\"\",i=\"b\""};
	struct world *w = world_new(TEAM);
	char first[40], number[16];

	for (size_t i = 0; i < ARRAY_LEN(MATCHERS); i++) {
		snprintf(number, sizeof(number), "%zu", i);
		comment = number;

		const char *id = put(w, "", MATCHERS[i], w->now.wall, (ms_t)(i + 1) * HOUR);

		if (i == 1)
			snprintf(first, sizeof(first), "%s", id);
	}
	comment = "";
	for (int again = 0; again < 2; again++) {
		caught_by(w, "alertname=Down,i=a", "0 1 2 3 ");
		caught_by(w, "alertname=Down,i=a,j=x", "0 1 3 ");
		caught_by(w, "alertname=Up,i=b", "0 4 5 ");
		caught_by(w, "alertname=Up,i=b,k=y", "0 4 ");
		caught_by(w, "alertname=Up", "4 ");
		world_restart(w, SECOND);
	}
	assert_int_equal(notify_silence_expire(w->n, w->now, str_of(first)), SILENCE_OK);
	caught_by(w, "alertname=Down,i=a", "0 2 3 ");
	world_run(w, HOUR);
	caught_by(w, "alertname=Down,i=a", "2 3 ");
	world_free(w);
}

TEST_GROUP(silences, cmocka_unit_test(test_found), cmocka_unit_test(test_refused),
	   cmocka_unit_test(test_limits), cmocka_unit_test(test_counted),
	   cmocka_unit_test(test_annotations), cmocka_unit_test(test_alerts_of_one_name),
	   cmocka_unit_test(test_posted_alerts), cmocka_unit_test(test_ids),
	   cmocka_unit_test(test_part_of_a_group), cmocka_unit_test(test_end_is_told_later),
	   cmocka_unit_test(test_end_after_long), cmocka_unit_test(test_nothing_to_tell))
