/* Explanations as JSON; see notify/explain.h for what is said of alerts, here for rules. */
#include "web/api_explain.h"

#include "base/json.h"
#include "base/json_writer.h"
#include "base/num.h"
#include "base/time.h"
#include "evaluator/core.h"
#include "evaluator/view.h"
#include "notify/explain.h"
#include "notify/matcher.h"
#include "notify/route.h"
#include "web/answer.h"

#define ALERTS_MAX 1000

struct explaining {
	struct exchange *x;
	struct json_writer w;
	struct matcher *matchers;
	size_t n;
	const struct group_view *group;
	const struct rule_view *rule;
	uint64_t last; /* alert that is open in the answer */
	size_t n_alerts;
};

/* ---- the question ------------------------------------------------------------------------ */
/* A name alone stands for alertname="name". */
static struct str as_matchers(struct arena *a, struct str text)
{
	text = str_trim(text);
	for (size_t i = 0; i < text.n; i++) {
		if (strchr("={~!\"", text.p[i]))
			return text;
	}
	return text.n ? arena_printf(a, "alertname=\"%.*s\"", STR_ARG(text)) : text;
}

static bool parse_time(struct str text, ms_t *out)
{
	double seconds;

	if (num_float(text, &seconds) == NUM_OK && seconds > -1e12 && seconds < 1e12) {
		*out = (ms_t)(seconds * 1e3);
		return true;
	}
	return time_rfc3339(text, out);
}

static bool read_query(struct explaining *e, struct explain_query *q)
{
	struct exchange *x = e->x;
	struct str alert = as_matchers(x->arena, exchange_param(x, "alert"));
	struct str at = exchange_param(x, "at");
	struct err err = {0};

	*q = (struct explain_query){.receiver = exchange_param(x, "receiver"), .at = MS_NONE};
	if (!alert.n) {
		answer_json_error(x, API_BAD_DATA,
				  STR("which alert? say alert=NAME, or matchers like "
				      "alert={alertname=\"Down\",instance=\"a\"}"));
		return false;
	}
	if (!am_matchers_parse(MATCHERS_FALLBACK, alert, x->arena, &e->matchers, &e->n, &err)) {
		answer_json_error(x, API_BAD_DATA, str_of(err.msg));
		return false;
	}
	if (at.n && !parse_time(at, &q->at)) {
		answer_json_error(x, API_BAD_DATA,
				  STR("at: neither Unix seconds nor like 2024-01-31T12:00:00Z"));
		return false;
	}
	q->matchers = e->matchers;
	q->n = e->n;
	return true;
}

/* ---- small pieces ------------------------------------------------------------------------ */
static void put_time(struct json_writer *w, const char *key, ms_t t)
{
	struct buf b;

	if (t == MS_NONE) {
		json_put_raw(w, key, STR("null"));
		return;
	}
	buf_init(&b, 64);
	time_put_rfc3339(&b, t);
	json_put(w, key, buf_str(&b));
	buf_done(&b);
}

static void put_labels(struct json_writer *w, const char *key, struct labels ls)
{
	struct labels_iter it = {0};
	struct label l;

	json_open(w, key, '{');
	while (labels_next(ls, &it, &l)) {
		json_key(w, l.name);
		json_put_str(w->b, l.value);
	}
	json_close(w, '}');
}

/* ---- alerts ------------------------------------------------------------------------------ */
static bool put_event(void *arg, const struct explain_event *ev)
{
	struct json_writer *w = arg;

	json_open(w, NULL, '{');
	put_time(w, "at", ev->at);
	json_put(w, "kind", str_of(ev->kind));
	json_put(w, "text", ev->text);
	json_close(w, '}');
	return true;
}

static void close_alert(struct explaining *e)
{
	if (!e->n_alerts)
		return;
	json_close(&e->w, ']');
	json_open(&e->w, "timeline", '[');
	notify_timeline(core_notify(e->x->core), e->x->now, e->last, put_event, &e->w);
	json_close(&e->w, ']');
	json_close(&e->w, '}');
}

static bool put_decision(void *arg, const struct explanation *d)
{
	struct explaining *e = arg;
	struct json_writer *w = &e->w;

	if (!e->n_alerts || e->last != d->alert) {
		close_alert(e);
		if (e->n_alerts == ALERTS_MAX)
			return false;
		e->n_alerts++;
		e->last = d->alert;
		json_open(w, NULL, '{');
		put_labels(w, "labels", d->labels);
		json_put_bool(w, "firing", d->firing);
		put_time(w, "startsAt", d->starts_at);
		put_time(w, "endsAt", d->ends_at);
		json_open(w, "decisions", '[');
	}
	json_open(w, NULL, '{');
	json_put(w, "receiver", d->receiver);
	json_put(w, "integration", d->integration);
	json_put(w, "route", d->route ? d->route->id : STR(""));
	json_put_int(w, "routeLine", d->route ? d->route->line : 0);
	json_put(w, "groupKey", d->group_key);
	json_put(w, "kind", str_of(explain_kind_name(d->kind)));
	json_put(w, "object", d->object);
	put_time(w, "until", d->until);
	json_put(w, "text", d->text);
	json_close(w, '}');
	return true;
}

/* ---- rules ------------------------------------------------------------------------------- */
static bool passes(const struct explaining *e, struct labels ls)
{
	struct err err;
	bool ok;

	return am_matchers_test(e->matchers, e->n, ls, &ok, &err) && ok;
}

/* Whether a rule of that name could make such an alert. */
static bool names_rule(const struct explaining *e, struct str name)
{
	for (size_t i = 0; i < e->n; i++) {
		struct err err;
		bool ok;

		struct labels_builder lb;
		struct labels ls;

		if (!str_is(e->matchers[i].name, LABEL_ALERTNAME))
			continue;
		labels_builder_init(&lb);
		labels_builder_set(&lb, STR(LABEL_ALERTNAME), name);
		ls = labels_builder_build(&lb, e->x->arena);
		labels_builder_done(&lb);
		return am_matchers_test(&e->matchers[i], 1, ls, &ok, &err) && ok;
	}
	return false;
}

static struct str rule_alert_text(const struct explaining *e, const struct rule_alert_view *a)
{
	struct arena *arena = e->x->arena;
	struct str text;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	if (a->state == ALERT_PENDING) {
		buf_adds(&b, "pending since ");
		time_put_rfc3339(&b, a->active_at);
		buf_adds(&b, "; it fires at ");
		time_put_rfc3339(&b, a->active_at + e->rule->rule->hold);
		buf_adds(&b, " if the expression goes on to hold (for: ");
		num_put_duration(&b, e->rule->rule->hold);
		buf_addc(&b, ')');
	} else if (a->keep_firing_since != MS_NONE) {
		buf_adds(&b, "the expression holds no more since ");
		time_put_rfc3339(&b, a->keep_firing_since);
		buf_adds(&b, "; it fires on until ");
		time_put_rfc3339(&b, a->keep_firing_since + e->rule->rule->keep_firing_for);
		buf_adds(&b, " (keep_firing_for)");
	} else {
		buf_adds(&b, "fires since ");
		time_put_rfc3339(&b, a->fired_at);
		if (a->because.n)
			buf_printf(&b, ", because %.*s", STR_ARG(a->because));
	}
	text = arena_str(arena, buf_str(&b));
	buf_done(&b);
	return text;
}

static bool put_rule_alert(void *arg, const struct rule_alert_view *a)
{
	struct explaining *e = arg;
	struct json_writer *w = &e->w;

	if (!passes(e, a->labels))
		return true;
	json_open(w, NULL, '{');
	put_labels(w, "labels", a->labels);
	json_put(w, "state", str_of(alert_state_name(a->state)));
	put_time(w, "activeAt", a->active_at);
	json_put(w, "text", rule_alert_text(e, a));
	json_close(w, '}');
	return true;
}

static struct str rule_text(const struct explaining *e, const struct rule_view *r)
{
	struct str text;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	if (r->health == RULE_ERR) {
		buf_printf(&b, "its last evaluation failed, so its alerts stay as they are: %.*s",
			   STR_ARG(r->last_error));
	} else if (!r->evaluated) {
		buf_adds(&b, "it has not been evaluated yet; the next time is ");
		time_put_rfc3339(&b, e->group->next_evaluation);
	} else if (!r->n_alerts) {
		buf_adds(&b, "its expression returned nothing at ");
		time_put_rfc3339(&b, r->last_evaluation);
	} else {
		buf_printf(&b, "it has %zu alerts pending or firing", r->n_alerts);
	}
	text = arena_str(e->x->arena, buf_str(&b));
	buf_done(&b);
	return text;
}

static bool put_rule(void *arg, const struct rule_view *r)
{
	struct explaining *e = arg;
	struct json_writer *w = &e->w;

	if (!r->rule->alerting || !names_rule(e, r->rule->name))
		return true;
	e->rule = r;
	json_open(w, NULL, '{');
	json_put(w, "name", r->rule->name);
	json_put(w, "group", r->group->name);
	json_put(w, "file", r->group->file);
	json_put_int(w, "line", r->rule->line);
	json_put(w, "health", str_of(rule_health_name(r->health)));
	put_time(w, "lastEvaluation", r->last_evaluation);
	json_put(w, "text", rule_text(e, r));
	json_open(w, "alerts", '[');
	core_rule_alerts(e->x->core, r, put_rule_alert, e);
	json_close(w, ']');
	json_close(w, '}');
	return true;
}

static bool put_group(void *arg, const struct group_view *g)
{
	struct explaining *e = arg;

	e->group = g;
	core_rules(e->x->core, g->group, put_rule, e);
	return true;
}

/* ---- the answer -------------------------------------------------------------------------- */
void api_rouse_explain(struct exchange *x)
{
	struct explaining e = {.x = x, .w = {.b = &x->body}};
	struct explain_query q;

	if (!read_query(&e, &q))
		return;
	answer_json_begin(x);
	json_open(&e.w, NULL, '{');
	put_time(&e.w, "at", q.at == MS_NONE ? x->now.wall : q.at);
	json_open(&e.w, "rules", '[');
	/* What rules see is known of now only. */
	if (q.at == MS_NONE)
		core_groups(x->core, put_group, &e);
	json_close(&e.w, ']');
	json_open(&e.w, "alerts", '[');
	notify_explain(core_notify(x->core), x->now, &q, put_decision, &e);
	close_alert(&e);
	json_close(&e.w, ']');
	json_close(&e.w, '}');
	answer_json_end(x);
}
