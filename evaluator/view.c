/* What pages and the API may see of the core. */
#include "evaluator/view.h"

#include "evaluator/alertmanager.h"
#include "evaluator/config.h"
#include "evaluator/core_private.h"
#include "evaluator/group.h"
#include "evaluator/prom.h"

const char *alert_state_name(enum alert_state s)
{
	static const char *const names[] = {"inactive", "pending", "firing"};

	return names[s];
}

const char *rule_health_name(enum rule_health h)
{
	static const char *const names[] = {"unknown", "ok", "err"};

	return names[h];
}

/* The groups are kept by file, then name. */
static struct group *group_of(const struct core *c, const struct rule_group *def)
{
	size_t lo = 0, hi = c->n_groups;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct rule_group *at = c->groups[mid]->def;
		int order = str_cmp(at->file, def->file);

		if (!order)
			order = str_cmp(at->name, def->name);
		if (!order)
			return at == def ? c->groups[mid] : NULL;
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

void core_groups(const struct core *c, bool (*fn)(void *arg, const struct group_view *g), void *arg)
{
	for (size_t i = 0; i < c->n_groups; i++) {
		const struct group *g = c->groups[i];
		struct group_view v = {
			.group = g->def,
			.last_evaluation = g->last_start,
			.evaluation_s = g->last_s,
			.next_evaluation = group_slot_ms(g) + g->def->interval,
			.iterations = g->iterations,
			.missed = g->missed,
			.evaluations = g->evaluations,
			.failures = g->failures,
			.last_samples = g->last_samples,
		};

		if (!fn(arg, &v))
			return;
	}
}

static struct rule_view view_of(const struct rule_run *rr)
{
	return (struct rule_view){
		.rule = rr->rule,
		.group = rr->group->def,
		.health = rr->health,
		.state = states_worst(&rr->states),
		.evaluated = rr->evaluated,
		.last_error = str_of(rr->last_error),
		.last_evaluation = rr->last_evaluation,
		.evaluation_s = rr->evaluation_s,
		.n_alerts = states_count(&rr->states, ALERT_PENDING) +
			    states_count(&rr->states, ALERT_FIRING),
	};
}

void core_rules(const struct core *c, const struct rule_group *def,
		bool (*fn)(void *arg, const struct rule_view *r), void *arg)
{
	const struct group *g = group_of(c, def);

	for (size_t i = 0; g && i < def->n; i++) {
		struct rule_view v = view_of(&g->rules[i]);

		if (!fn(arg, &v))
			return;
	}
}

void core_rule_alerts(const struct core *c, const struct rule_view *r,
		      bool (*fn)(void *arg, const struct rule_alert_view *a), void *arg)
{
	struct group *g = group_of(c, r->group);
	const struct active *a;

	if (!g)
		return;
	states_each(&group_rule(g, r->rule)->states, a)
	{
		struct rule_alert_view v = {
			.labels = a->labels,
			.annotations = a->annotations,
			.state = a->state,
			.active_at = a->active_at,
			.fired_at = a->fired_at,
			.keep_firing_since = a->keep_since,
			.value = a->value,
			.because = str_of(a->because),
		};

		if (a->state != ALERT_INACTIVE && !fn(arg, &v))
			return;
	}
}

void core_prometheuses(const struct core *c, bool (*fn)(void *arg, const struct prometheus_view *p),
		       void *arg)
{
	size_t n, current;
	const struct prom_url_health *h = prom_health(c->prom, &n, &current);

	for (size_t i = 0; i < n; i++) {
		struct prometheus_view v = {
			.url = c->config->prometheus.urls[i].public_url,
			.healthy = h[i].healthy,
			.current = i == current,
			.last_ok = h[i].last_ok,
			.last_failed = h[i].last_failed,
			.last_error = str_of(h[i].last_error),
			.queries = h[i].queries,
			.failures = h[i].failures,
		};

		if (!fn(arg, &v))
			return;
	}
}

void core_self(const struct core *c, struct self_view *out)
{
	*out = (struct self_view){
		.blind = c->blind,
		.blind_since = c->blind_since,
		.store_failing = c->store_failing,
		.store_error = str_of(c->store_error),
		.started_at = c->started_at,
		.reload_ok = c->reload_ok,
		.reloaded_at = c->reloaded_at,
		.reload_error = str_of(c->reload_error),
		.tilt = c->tilt,
	};
}

/* ---- metrics -------------------------------------------------------------------------- */

/* One family with a value a group. */
static void put_groups(const struct core *c, struct buf *b, const char *name, const char *type,
		       const char *help, double (*value)(const struct group *g))
{
	metric_put_head(b, name, type, help);
	for (size_t i = 0; i < c->n_groups; i++)
		metric_put(b, name, "rule_group", c->groups[i]->def->key, value(c->groups[i]));
}

#define GROUP_VALUE(name, expr) \
	static double name(const struct group *g) \
	{ \
		return (double)(expr); \
	}
GROUP_VALUE(of_missed, g->missed)
GROUP_VALUE(of_iterations, g->iterations)
GROUP_VALUE(of_evaluations, g->evaluations)
GROUP_VALUE(of_failures, g->failures)
GROUP_VALUE(of_interval, (double)g->def->interval / 1000)
GROUP_VALUE(of_last, g->last_start == MS_NONE ? 0 : (double)g->last_start / 1000)
GROUP_VALUE(of_last_s, g->last_s)
GROUP_VALUE(of_rules_s, g->last_rules_s)
GROUP_VALUE(of_restore_s, g->last_restore_s)
GROUP_VALUE(of_rules, g->def->n)
GROUP_VALUE(of_samples, g->last_samples)

static const struct {
	const char *name, *type, *help;
	double (*value)(const struct group *g);
} GROUP_METRICS[] = {
	{"prometheus_rule_group_iterations_missed_total", "counter",
	 "Iterations missed because an earlier one took longer than the interval.", of_missed},
	{"prometheus_rule_group_iterations_total", "counter",
	 "Scheduled iterations, executed or missed.", of_iterations},
	{"prometheus_rule_evaluations_total", "counter", "Rule evaluations.", of_evaluations},
	{"prometheus_rule_evaluation_failures_total", "counter", "Rule evaluations that failed.",
	 of_failures},
	{"prometheus_rule_group_interval_seconds", "gauge", "The interval of a group.",
	 of_interval},
	{"prometheus_rule_group_last_evaluation_timestamp_seconds", "gauge",
	 "When the last iteration began.", of_last},
	{"prometheus_rule_group_last_duration_seconds", "gauge",
	 "How long the last iteration took.", of_last_s},
	{"prometheus_rule_group_last_rule_duration_sum_seconds", "gauge",
	 "Sum of the durations of its rules in the last iteration.", of_rules_s},
	{"prometheus_rule_group_last_restore_duration_seconds", "gauge",
	 "How long the restoration of `for` took.", of_restore_s},
	{"prometheus_rule_group_rules", "gauge", "Rules of a group.", of_rules},
	{"prometheus_rule_group_last_evaluation_samples", "gauge",
	 "Samples returned in the last iteration.", of_samples},
};

static void put_one(struct buf *b, const char *name, const char *type, const char *help, double v)
{
	metric_put_head(b, name, type, help);
	metric_put(b, name, NULL, (struct str){0}, v);
}

static void put_prometheuses(const struct core *c, struct buf *b)
{
	size_t n, current;
	const struct prom_url_health *h = prom_health(c->prom, &n, &current);

	metric_put_head(b, "rouse_prometheus_up", "gauge",
			"Whether the URL's last answer was one.");
	for (size_t i = 0; i < n; i++)
		metric_put(b, "rouse_prometheus_up", "url",
			   c->config->prometheus.urls[i].public_url, h[i].healthy);
	metric_put_head(b, "rouse_prometheus_queries_total", "counter", "Queries sent to the URL.");
	for (size_t i = 0; i < n; i++)
		metric_put(b, "rouse_prometheus_queries_total", "url",
			   c->config->prometheus.urls[i].public_url, (double)h[i].queries);
	metric_put_head(b, "rouse_prometheus_query_failures_total", "counter",
			"Queries the URL did not answer.");
	for (size_t i = 0; i < n; i++)
		metric_put(b, "rouse_prometheus_query_failures_total", "url",
			   c->config->prometheus.urls[i].public_url, (double)h[i].failures);
}

static void put_alerts(const struct core *c, struct buf *b)
{
	size_t pending = 0, firing = 0;

	for (size_t i = 0; i < c->n_groups; i++) {
		for (size_t k = 0; k < c->groups[i]->def->n; k++) {
			const struct states *s = &c->groups[i]->rules[k].states;

			pending += states_count(s, ALERT_PENDING);
			firing += states_count(s, ALERT_FIRING);
		}
	}
	metric_put_head(b, "rouse_rule_alerts", "gauge", "Alerts of rouse's own rules by state.");
	metric_put(b, "rouse_rule_alerts", "state", STR("pending"), (double)pending);
	metric_put(b, "rouse_rule_alerts", "state", STR("firing"), (double)firing);
}

void core_metrics(const struct core *c, struct now now ATTR_UNUSED, struct buf *b)
{
	static const double RULE_Q[] = {0.5, 0.9, 0.99};
	static const double GROUP_Q[] = {0.01, 0.05, 0.5, 0.9, 0.99};

	metric_put_summary(b, "prometheus_rule_evaluation_duration_seconds",
			   "How long a rule took, its query included.", &c->evaluation_s, RULE_Q,
			   ARRAY_LEN(RULE_Q));
	metric_put_summary(b, "prometheus_rule_group_duration_seconds",
			   "How long the iteration of a group took.", &c->group_s, GROUP_Q,
			   ARRAY_LEN(GROUP_Q));
	for (size_t i = 0; i < ARRAY_LEN(GROUP_METRICS); i++)
		put_groups(c, b, GROUP_METRICS[i].name, GROUP_METRICS[i].type,
			   GROUP_METRICS[i].help, GROUP_METRICS[i].value);
	put_prometheuses(c, b);
	am_sender_metrics(c->am, b);
	put_alerts(c, b);
	put_one(b, "rouse_blind", "gauge", "1 while Prometheus cannot be asked.", c->blind);
	put_one(b, "rouse_store_failing", "gauge", "1 while the store takes no writes.",
		c->store_failing);
	put_one(b, "rouse_clock_jumps_total", "counter", "Steps of the wall clock that were seen.",
		(double)c->tilts);
	put_one(b, "prometheus_config_last_reload_successful", "gauge",
		"Whether the last reload of the configuration was taken.", c->reload_ok);
	put_one(b, "prometheus_config_last_reload_success_timestamp_seconds", "gauge",
		"When a configuration was last taken.",
		c->reloaded_at == MS_NONE ? 0 : (double)c->reloaded_at / 1000);
}
