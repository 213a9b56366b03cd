/* Reminders and early ends of silences; see reminder.h. */
#include "notify/reminder.h"

#include "notify/inner.h"
#include "notify/matcher.h"
#include "notify/route.h"
#include "notify/silence.h"

#define NAME "RouseSilenceEnding"
#define UNTIL_RESOLVED "until_resolved"
#define LOOK_EVERY MINUTE /* at a silence that will end soon and holds nothing back yet */

static bool catches(const struct silence *s, struct labels ls)
{
	struct err err;
	bool ok;

	return am_matchers_test(s->matchers, s->n, ls, &ok, &err) && ok;
}

static bool is_own(const struct alert *a)
{
	return a->source == ALERT_FROM_SELF || a->source == ALERT_FROM_SILENCE;
}

/* Alerts that fire and are held back by it; those of rouse about itself do not count. */
static size_t held_back(const struct notify *n, ms_t wall, const struct silence *s)
{
	size_t count = 0;

	map_each (&n->alerts, e) {
		const struct alert *a = &((const struct kept_alert *)e->value)->a;

		count += !is_own(a) && !alert_resolved(a, wall) && catches(s, a->labels);
	}
	return count;
}

/* ---- the alert --------------------------------------------------------------------------- */
static struct labels labels_of(const struct silence *s, struct arena *a, bool wanted)
{
	struct labels_builder lb;
	struct labels out;

	labels_builder_init(&lb);
	for (size_t i = 0; wanted && i < s->n; i++) {
		if (s->matchers[i].op == MATCH_EQ)
			labels_builder_set(&lb, s->matchers[i].name, s->matchers[i].value);
	}
	labels_builder_set(&lb, STR(LABEL_ALERTNAME), STR(NAME));
	labels_builder_set(&lb, STR("severity"), STR("info"));
	labels_builder_set(&lb, STR("subject"), s->id);
	out = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return wanted && catches(s, out) ? labels_of(s, a, false) : out;
}

static struct labels words_of(const struct silence *s, struct arena *a, size_t held)
{
	struct labels_builder lb;
	struct labels out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "the silence of %.*s on ", STR_ARG(s->created_by));
	am_matchers_put(&b, s->matchers, s->n);
	buf_printf(&b, " ends soon; %zu alert%s that it holds back fire%s", held,
		   held == 1 ? "" : "s", held == 1 ? "s" : "");
	if (s->comment.n)
		buf_printf(&b, " (%.*s)", STR_ARG(s->comment));
	labels_builder_init(&lb);
	labels_builder_set(&lb, STR("summary"), buf_str(&b));
	out = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	buf_done(&b);
	return out;
}

static const struct kept_alert *reminder_of(const struct notify *n, const struct silence *s,
					    struct arena *a)
{
	const struct kept_alert *ka;

	if (!map_get(&n->names, STR(NAME)))
		return NULL; /* there is none at all */
	ka = map_get(&n->alerts, labels_bytes(labels_of(s, a, true)));
	return ka && ka->a.ends_at == MS_NONE ? ka : NULL;
}

static void put(struct notify *n, struct now now, const struct silence *s, size_t held,
		ms_t starts_at, struct arena *a)
{
	struct alert_in in = {
		.labels = labels_of(s, a, true),
		.annotations = words_of(s, a, held),
		.starts_at = starts_at,
		.ends_at = held ? MS_NONE : now.wall,
		.source = ALERT_FROM_SILENCE,
	};

	alerts_put(n, now, &in, 1);
}

/* ---- looking ----------------------------------------------------------------------------- */
/* Raises or ends the reminder of one silence; when to look again, or MS_NONE. */
static ms_t look_at(struct notify *n, struct now now, const struct silence *s, ms_t before)
{
	bool active = silence_state(s, now.wall) == SILENCE_ACTIVE;
	/* A short one needs no reminder. */
	bool soon = active && before > 0 && s->ends_at - s->starts_at > before &&
		    s->ends_at - now.wall <= before;
	const struct kept_alert *is;
	ms_t again = MS_NONE;
	struct arena a;
	size_t held;

	arena_init(&a);
	is = reminder_of(n, s, &a);
	held = soon && !is ? held_back(n, now.wall, s) : 0;
	if (held)
		put(n, now, s, held, now.wall, &a);
	else if (is && !soon)
		put(n, now, s, 0, is->a.starts_at, &a);
	if (soon && (held || is))
		again = s->ends_at;
	else if (soon)
		again = MIN(s->ends_at, now.wall + LOOK_EVERY);
	else if (before > 0 && silence_state(s, now.wall) != SILENCE_EXPIRED &&
		 s->ends_at - s->starts_at > before)
		again = s->ends_at - before;
	arena_done(&a);
	return again;
}

static void on_time(struct timer *t, struct now now)
{
	struct notify *n = CONTAINER(t, struct notify, reminder);

	notify_enter(n);
	reminder_update(n, now);
	notify_leave(n, now);
}

void reminder_update(struct notify *n, struct now now)
{
	ms_t before = n->config ? n->config->remind_before : 0, next = MS_NONE;

	/* Without reminders there may still be one of an earlier configuration. */
	map_each (&n->silences, e) {
		ms_t again = look_at(n, now, notify_silence(n, e->key), before);

		if (again != MS_NONE)
			next = next == MS_NONE ? again : MIN(next, again);
	}
	timer_stop(n->env.timers, &n->reminder);
	if (next != MS_NONE)
		timer_set(n->env.timers, &n->reminder, TIMER_WALL, next, on_time);
}

void reminder_stop(struct notify *n)
{
	timer_stop(n->env.timers, &n->reminder);
}

/* ---- until resolved ---------------------------------------------------------------------- */
struct ids {
	struct arena arena;
	struct str v[64];
	size_t n;
};

static bool take_id(void *arg, const struct silence *s)
{
	struct ids *ids = arg;

	if (str_is(labels_get(s->annotations, STR(UNTIL_RESOLVED)), "true"))
		ids->v[ids->n++] = arena_str(&ids->arena, s->id);
	return ids->n < ARRAY_LEN(ids->v);
}

void reminder_alert_over(struct notify *n, struct now now, const struct alert *a)
{
	struct ids ids = {.n = 0};

	if (!n->silences.n || is_own(a))
		return;
	arena_init(&ids.arena);
	notify_silenced_by(n, now.wall, a->labels, take_id, &ids);
	for (size_t i = 0; i < ids.n; i++) {
		const struct silence *s = notify_silence(n, ids.v[i]);

		if (s && !held_back(n, now.wall, s))
			(void)notify_silence_expire(n, now, ids.v[i]);
	}
	arena_done(&ids.arena);
}
