/*
 * Rules run over a store in memory, by the engine: no clock, no waiting. Rule tests and scenarios
 * use it; states, labels and series are made by the same functions as in the daemon.
 *
 * Two ways to the same result: step by step, as it happens live; or rule by rule, each over all
 * steps at once, where nothing can tell the difference (replay_run finds out).
 */
#ifndef EVALUATOR_REPLAY_H
#define EVALUATOR_REPLAY_H

#include "evaluator/element.h"
#include "evaluator/state.h"
#include "promql/engine.h"
#include "promql/memory.h"
#include "promql/parse.h"
#include "rules/rules.h"

struct replay_options {
	struct engine_options engine;
	struct promql_options promql; /* for the queries of templates */
	const struct limits *limits;
	struct labels external_labels;
	struct str external_url;
	bool no_alert_series; /* nobody reads ALERTS: they are not written */
};

struct replay_rule {
	const struct rule *rule;
	struct replay_group *group;
	struct states states;
	struct map written; /* series of the previous evaluation */
	bool restored;	    /* else ALERTS is not written yet */
	enum rule_health health;
	char *error; /* owned; of the last evaluation; NULL: none */
	bool stepwise;
};

struct replay_group {
	const struct rule_group *def;
	struct replay_rule *rules;
};

/* After each evaluation of an alerting rule, at the evaluation time `ts`. */
typedef void replay_see_fn(void *arg, struct replay_rule *rr, ms_t ts);

struct replay {
	struct replay_options o;
	struct memory *store; /* borrowed */
	struct replay_group **groups;
	size_t n, cap;
	struct expander expander;
	struct arena arena; /* of one evaluation */
	struct element_maker maker;
	replay_see_fn *see; /* may be NULL */
	void *see_arg;
};

struct replay *replay_new(const struct replay_options *o, struct memory *store);
void replay_free(struct replay *r);
OWNED_DEFINE(replay)

/* Groups run in the order in which they are added; the definition is borrowed. Rules are not
 * restored yet. */
struct replay_group *replay_add(struct replay *r, const struct rule_group *def);
/* One iteration of a group. Errors stay in its rules. */
void replay_eval(struct replay *r, struct replay_group *g, ms_t ts);
/* What a restart finds in ALERTS_FOR_STATE, asked at `ts`; then all rules count as restored. */
void replay_restore(struct replay *r, struct replay_group *g, ms_t ts, ms_t tolerance, ms_t grace);
/* All groups at start, start + step ... <= end. False as soon as an iteration has left an error in
 * a rule: *at is its time. The store must hold nothing but input; it is the caller's to load it
 * again if the run failed and `again` is set: then the next call goes step by step. */
ATTR_CHECK bool replay_run(struct replay *r, ms_t start, ms_t end, ms_t step, bool *again,
			   ms_t *at);

#endif
