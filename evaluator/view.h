/*
 * What pages and the API may see of the running rules: plain records, borrowed until the next
 * event reaches the core.
 */
#ifndef EVALUATOR_VIEW_H
#define EVALUATOR_VIEW_H

#include "base/base.h"
#include "promql/labels.h"
#include "rules/rules.h"

struct core;

enum alert_state { ALERT_INACTIVE, ALERT_PENDING, ALERT_FIRING };
const char *alert_state_name(enum alert_state s); /* inactive, pending, firing */

enum rule_health { RULE_UNKNOWN, RULE_OK, RULE_ERR };
const char *rule_health_name(enum rule_health h); /* unknown, ok, err */

struct rule_alert_view {
	struct labels labels; /* alertname included, external labels not */
	struct labels annotations;
	enum alert_state state;
	ms_t active_at, fired_at, keep_firing_since; /* MS_NONE: unset */
	double value;
	struct str because; /* which side of an `or` holds, in words; empty: not known (yet) */
};

struct rule_view {
	const struct rule *rule;
	const struct rule_group *group;
	enum rule_health health;
	enum alert_state state; /* of the worst alert */
	bool evaluated;		/* false: state is "unknown" */
	struct str last_error;
	ms_t last_evaluation; /* wall; MS_NONE: never */
	double evaluation_s;
	size_t n_alerts; /* pending and firing */
};

struct group_view {
	const struct rule_group *group;
	ms_t last_evaluation; /* wall start; MS_NONE */
	double evaluation_s;
	ms_t next_evaluation; /* wall */
	uint64_t iterations, missed, evaluations, failures;
	size_t last_samples;
};

struct prometheus_view {
	struct str url;		   /* without user info */
	bool healthy;		   /* the last answer was one */
	bool current;		   /* asked first now */
	ms_t last_ok, last_failed; /* wall, MS_NONE */
	struct str last_error;
	uint64_t queries, failures;
};

struct self_view {
	bool blind; /* too many missed evaluations: nothing can be seen */
	ms_t blind_since;
	bool store_failing;
	struct str store_error;
	ms_t started_at;
	bool reload_ok;
	ms_t reloaded_at;
	struct str reload_error;
	bool tilt; /* the clock jumped: only observing */
};

/* Groups by file, then name, as the API lists them. fn returns false to stop. */
void core_groups(const struct core *c, bool (*fn)(void *arg, const struct group_view *g),
		 void *arg);
/* Rules of a group in order. */
void core_rules(const struct core *c, const struct rule_group *g,
		bool (*fn)(void *arg, const struct rule_view *r), void *arg);
/* Pending and firing alerts of a rule. */
void core_rule_alerts(const struct core *c, const struct rule_view *r,
		      bool (*fn)(void *arg, const struct rule_alert_view *a), void *arg);
void core_prometheuses(const struct core *c, bool (*fn)(void *arg, const struct prometheus_view *p),
		       void *arg);
void core_self(const struct core *c, struct self_view *out);

#endif
