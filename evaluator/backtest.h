/*
 * One alerting rule run over history: the results of its expression at every slot go in, piece by
 * piece in order of time, and what would have fired comes out. States, `for`, `keep_firing_for` and
 * labels are those of the daemon.
 */
#ifndef EVALUATOR_BACKTEST_H
#define EVALUATOR_BACKTEST_H

#include "evaluator/element.h"
#include "evaluator/state.h"
#include "promql/engine.h"
#include "rules/rules.h"

#define BACKTEST_FLAP (15 * MINUTE) /* fires again so soon after its end */

/* An alert from its beginning to its end. */
struct episode {
	struct labels labels;	 /* owned by the backtest */
	ms_t pending_at;	 /* when the condition began to hold */
	ms_t fired_at, ended_at; /* ended_at MS_NONE: fires at the end of the time looked at */
	double value;		 /* when it fired */
	bool flap;		 /* the same alert had ended shortly before */
};

struct backtest {
	const struct rule_group *group;
	const struct rule *rule;
	struct states states;
	struct arena labels; /* of episodes */
	struct arena step;   /* of one step */
	struct expander expander;
	struct element_maker maker;
	struct map open; /* labels -> number of its last episode + 1 */
	struct episode *v;
	size_t n, cap;
	size_t almost; /* was pending and never fired */
	ms_t now;
	char error[256]; /* the first one; empty: none */
	ms_t error_at;
	size_t errors;
};

/* Group and rule are borrowed. */
void backtest_init(struct backtest *b, const struct rule_group *g, const struct rule *r,
		   const struct limits *l);
void backtest_done(struct backtest *b);

/* The first slot of the group at or after t. */
ms_t backtest_slot(const struct rule_group *g, ms_t t);
/* The result of the expression from slot `from` to slot `to` (times of points are slots less the
 * group's query_offset). */
void backtest_feed(struct backtest *b, const struct result *r, ms_t from, ms_t to);

struct backtest_sum {
	size_t pages, flaps, night, series;
	ms_t firing, longest; /* in all, of one episode */
};

/* `end` ends what still fires; `at_night` may be NULL. */
struct backtest_sum backtest_sum(const struct backtest *b, ms_t end,
				 bool (*at_night)(void *arg, ms_t t), void *arg);

#endif
