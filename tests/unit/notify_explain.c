/* Why (not): the one thing that decides, now and in the past, also after a restart; and timing. */
#include "tests/unit/notify_harness.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "notify/explain.h"
#include "notify/matcher.h"
#include "notify/silence.h"
#include "notify/timing.h"

static const char CONFIG[] =
	"route:\n  receiver: team\n  group_by: [alertname]\n  group_wait: 30s\n"
	"  group_interval: 5m\n  repeat_interval: 1h\n"
	"  routes: [{receiver: nobody, matchers: ['t=\"n\"']},\n"
	"           {receiver: boss, matchers: ['t=\"m\"'], mute_time_intervals: [always]}]\n"
	"time_intervals: [{name: always, time_intervals: [{years: ['2000:2100']}]}]\n"
	"inhibit_rules: [{name: site, source_matchers: ['alertname=\"Site\"'],\n"
	"                 target_matchers: ['alertname=\"Down\"'], equal: [s]}]\n"
	"receivers:\n"
	"- name: nobody\n"
	"- name: team\n  webhook_configs: [{url: 'http://team/'}]\n"
	"- name: boss\n  webhook_configs: [{url: 'http://boss/', send_resolved: false}]\n";

static bool put(void *arg, const struct explanation *e)
{
	buf_printf(arg, "%.*s %s %.*s: %.*s\n",
		   STR_ARG(e->integration.n ? e->integration : e->receiver),
		   explain_kind_name(e->kind), STR_ARG(e->object), STR_ARG(e->text));
	return true;
}

/* What is said of alerts with that name; at MS_NONE: now. */
static void explain(struct world *w, const char *name, ms_t at, struct buf *b)
{
	struct matcher *v;
	struct arena a;
	struct err err;
	size_t n;

	arena_init(&a);
	assert_true(am_matchers_parse(MATCHERS_FALLBACK, arena_printf(&a, "alertname=\"%s\"", name),
				      &a, &v, &n, &err));
	buf_clear(b);
	notify_explain(w->n, w->now, &(struct explain_query){.matchers = v, .n = n, .at = at}, put,
		       b);
	arena_done(&a);
}

static void assert_explained(struct world *w, const char *name, ms_t at, const char *want)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	explain(w, name, at, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void silence(struct world *w, const char *name, ms_t span)
{
	struct matcher *v;
	struct str id;
	struct arena a;
	struct err err;
	size_t n;

	arena_init(&a);
	assert_true(am_matchers_parse(MATCHERS_FALLBACK, arena_printf(&a, "alertname=\"%s\"", name),
				      &a, &v, &n, &err));
	assert_int_equal(notify_silence_put(w->n, w->now,
					    &(struct silence){.matchers = v,
							      .n = n,
							      .starts_at = w->now.wall,
							      .ends_at = w->now.wall + span,
							      .created_by = STR("bob"),
							      .comment = STR("deploy")},
					    &id, &err),
			 SILENCE_OK);
	arena_done(&a);
}

/* Ends an alert that began with the world. */
static void over(struct world *w, const char *labels)
{
	world_put(w, labels, "", WORLD_START, w->now.wall, ALERT_FROM_RULE);
}

/* Each decision in the life of one alert. */
static void test_life(void **state)
{
	struct world *w = world_new(CONFIG);

	(void)state;
	assert_explained(w, "Down", MS_NONE, "");
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 10 * SECOND);
	assert_explained(w, "Down", MS_NONE,
			 "team/webhook/0 group_wait : its group waits 30s for company "
			 "(group_wait); "
			 "it is told at 2027-01-15T08:00:30Z\n");
	world_run(w, MINUTE);
	assert_explained(w, "Down", MS_NONE,
			 "team/webhook/0 told 1: told at 2027-01-15T08:00:30Z; again at "
			 "2027-01-15T09:05:30Z if nothing changes (repeat_interval 1h, at a flush "
			 "every 5m)\n");
	/* The forecast is what happens. */
	world_run(w, 2 * HOUR);
	assert_int_equal(w->heard[1].at, WORLD_START + HOUR + 5 * MINUTE + 30 * SECOND);
	over(w, "alertname=Down,i=a");
	assert_explained(w, "Down", MS_NONE,
			 "team/webhook/0 group_interval : it is over; that is told at "
			 "2027-01-15T10:05:30Z (group_interval 5m)\n");
	world_run(w, HOUR);
	assert_explained(w, "Down", MS_NONE,
			 "team/webhook/0 told 3: had been told at 2027-01-15T10:05:30Z (all alerts "
			 "resolved)\n");
	/* The past, also over a restart. */
	for (int i = 0; i < 2; i++) {
		assert_explained(w, "Down", WORLD_START + 5 * SECOND,
				 "team group_wait : its group waited 30s for company "
				 "(group_wait)\n");
		world_restart(w, MINUTE);
	}
	world_free(w);
}

/* What keeps an alert back is named, also later. */
static void test_kept_back(void **state)
{
	struct world *w = world_new(CONFIG);
	ms_t silenced, inhibited;
	char want[400];
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_ANY);
	world_fire(w, "alertname=Quiet,t=n", "");
	world_fire(w, "alertname=Muted,t=m", "");
	silence(w, "Down", 10 * MINUTE);
	world_fire(w, "alertname=Down,i=a,s=x", "");
	world_run(w, MINUTE);
	assert_explained(w, "Quiet", MS_NONE,
			 "nobody nobody nobody: receiver \"nobody\" has no integrations: it tells "
			 "nobody\n");
	assert_explained(w, "Muted", MS_NONE,
			 "boss time_interval always: muted by the time interval \"always\"\n");
	explain(w, "Down", MS_NONE, &b);
	assert_non_null(strstr(buf_cstr(&b), "team silence "));
	assert_non_null(strstr(buf_cstr(&b),
			       ": silenced by bob until 2027-01-15T08:10:00Z: deploy (silence "));
	silenced = w->now.wall;
	world_run(w, 8 * MINUTE);
	world_fire(w, "alertname=Site,s=x,t=n", "");
	world_run(w, 5 * MINUTE);
	inhibited = w->now.wall;
	snprintf(want, sizeof(want),
		 "team inhibition {alertname=\"Site\", s=\"x\", t=\"n\"}: inhibited by "
		 "{alertname=\"Site\", s=\"x\", t=\"n\"} (inhibition rule \"site\")\n");
	assert_explained(w, "Down", MS_NONE, want);
	world_resolve(w, "alertname=Site,s=x,t=n");
	world_run(w, 5 * MINUTE);
	explain(w, "Down", MS_NONE, &b);
	assert_non_null(strstr(buf_cstr(&b), "team/webhook/0 told 1: told at "));
	over(w, "alertname=Down,i=a,s=x");
	world_run(w, HOUR);
	for (int i = 0; i < 2; i++) {
		explain(w, "Down", silenced, &b);
		assert_non_null(strstr(buf_cstr(&b), "team silence "));
		assert_non_null(strstr(buf_cstr(&b), "(since 2027-01-15T08:00:30Z)"));
		explain(w, "Down", inhibited, &b);
		assert_non_null(strstr(buf_cstr(&b), "team inhibition "));
		explain(w, "Down", WORLD_START + DAY, &b);
		explain(w, "Muted", silenced, &b);
		assert_non_null(strstr(buf_cstr(&b), "boss time_interval always"));
		world_restart(w, MINUTE);
	}
	buf_done(&b);
	world_free(w);
}

/* On its way, refused, and not hearing of ends. */
static void test_trouble(void **state)
{
	struct world *w = world_new(CONFIG);
	struct buf b;

	(void)state;
	buf_init(&b, BUF_MAX_ANY);
	w->answer = (struct answer){.status = 503};
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, MINUTE);
	explain(w, "Down", MS_NONE, &b);
	assert_non_null(
		strstr(buf_cstr(&b), "team/webhook/0 delivery 1: not delivered yet, after "));
	assert_non_null(strstr(buf_cstr(&b), "HTTP status 503"));
	w->answer = (struct answer){.status = 404};
	world_run(w, MINUTE);
	explain(w, "Down", MS_NONE, &b);
	assert_non_null(strstr(buf_cstr(&b), "team/webhook/0 refused 1: refused at "));
	assert_non_null(strstr(buf_cstr(&b), "it is tried again at 2027-01-15T08:05:30Z"));
	buf_done(&b);
	world_free(w);
}

static bool put_event(void *arg, const struct explain_event *e)
{
	buf_printf(arg, "%s ", e->kind);
	return true;
}

static void test_timeline(void **state)
{
	struct world *w = world_new(CONFIG);
	struct arena a;
	struct buf b;

	(void)state;
	arena_init(&a);
	buf_init(&b, BUF_MAX_ANY);
	silence(w, "Down", 3 * MINUTE);
	world_fire(w, "alertname=Down,i=a", "");
	world_run(w, 10 * MINUTE);
	over(w, "alertname=Down,i=a");
	world_run(w, HOUR);
	world_restart(w, MINUTE);
	notify_timeline(w->n, w->now, labels_hash(world_labels(&a, "alertname=Down,i=a")),
			put_event, &b);
	assert_string_equal(buf_cstr(&b), "fires kept freed queued sent over queued sent ");
	buf_done(&b);
	arena_done(&a);
	world_free(w);
}

static bool put_send(void *arg, const struct timing_send *s)
{
	buf_printf(arg, "%lld %.*s | ", (long long)(s->after / SECOND), STR_ARG(s->integration));
	return true;
}

/* The forecast, against what the notifier does (test_repeat and others hold it to upstream's). */
static void test_timing(void **state)
{
	struct notify_config *c = world_config(CONFIG);
	struct limits l;
	struct arena a;
	struct buf b;

	(void)state;
	arena_init(&a);
	limits_default(&l);
	buf_init(&b, BUF_MAX_ANY);
	notify_timing(c, &l,
		      &(struct timing_query){world_labels(&a, "alertname=Down"), WORLD_START, 3, 0},
		      put_send, &b);
	assert_string_equal(buf_cstr(&b),
			    "30 team/webhook/0 | 3930 team/webhook/0 | 7830 team/webhook/0 | ");
	buf_clear(&b);
	notify_timing(c, &l,
		      &(struct timing_query){world_labels(&a, "alertname=Down,t=n"), WORLD_START, 3,
					     0},
		      put_send, &b);
	assert_string_equal(buf_cstr(&b), "");
	buf_done(&b);
	arena_done(&a);
	notify_config_free(c);
}

TEST_GROUP(explain, cmocka_unit_test(test_life), cmocka_unit_test(test_kept_back),
	   cmocka_unit_test(test_trouble), cmocka_unit_test(test_timeline),
	   cmocka_unit_test(test_timing))
