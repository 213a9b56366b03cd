/*
 * What steps of runbooks do: queries that are asked while somebody looks, and commands that
 * somebody runs.
 *
 * A value is asked for in the background and kept for LIVE_AGE; who looks gets what is known and
 * never waits. A command begins when its event is on disk, so that none has run of which the
 * timeline knows nothing; after a crash it is not run again.
 */
#ifndef EVALUATOR_LIVE_H
#define EVALUATOR_LIVE_H

#include "base/base.h"
#include "oncall/tick.h"

struct core;

#define LIVE_AGE (10 * SECOND)
#define LIVE_QUERIES 500 /* kept; those that nobody looked at for longest go */
#define LIVE_AT_ONCE 4	 /* questions under way: the others wait, or give up */
#define LIVE_SERIES 5	 /* shown of an answer */
#define RUN_AT_ONCE 8
#define RUN_TIMEOUT MINUTE

struct live_value {
	bool asking;
	ms_t at;	  /* wall, of the answer; MS_NONE: there is none yet */
	struct str text;  /* a line a series: `0.25`, `{job="a"} 3`; "nothing" */
	struct str error; /* why the last question got none; empty: it got one */
};

/* The query's value; asks for it when what is known is old. Borrowed until the next call. */
void core_live(struct core *c, struct now now, struct str query, struct live_value *out);

enum run_result {
	RUN_BEGUN,
	RUN_OFF,     /* not allowed (--runbooks.allow-exec) */
	RUN_NO,	     /* the step has no command that can be run */
	RUN_BUSY,    /* it runs already, or too many do */
	RUN_UNKNOWN, /* no such incident */
};
enum run_result core_run_step(struct core *c, struct now now, uint64_t incident,
			      const struct runbook *r, const struct runbook_step *s,
			      struct actor by);
bool core_may_run(const struct core *c);
/* Whether the command of that step of the incident runs now. */
bool core_step_runs(const struct core *c, uint64_t incident, struct str step);

/* ---- for the core -------------------------------------------------------------------------- */
struct live *live_new(struct core *c, bool may_run);
/* What runs is cancelled. */
void live_free(struct live *l);
void live_stop(struct live *l);
/* There is another configuration: values of the old one are forgotten. */
void live_configure(struct live *l);
/* All up to this turn is on disk. */
void live_committed(struct live *l, uint64_t durable_turn);

#endif
