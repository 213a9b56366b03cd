/*
 * The states of one alerting rule's alerts: Prometheus's machine, pure.
 *
 *            in result                 ts - active_at >= for
 *   (none) ------------> PENDING ---------------------------> FIRING
 *      ^                 |    ^   ts - active_at < for (reload)  |
 *      |  not in result  |    +---------------------------------+
 *      +-----------------+                                      | not in result, not kept firing
 *      |                                                        v
 *      +--------- 15 m after, or in result again ----------- INACTIVE (resolved)
 *
 * One evaluation is: states_begin, states_see for each element of the result; then states_abort
 * (a duplicate: nothing has changed), or states_drop (too many), or states_apply for each element
 * and states_step. Times are slots in wall ms.
 * Source: Prometheus rules/alerting.go as told by its 3.14 behaviour.
 */
#ifndef EVALUATOR_STATE_H
#define EVALUATOR_STATE_H

#include "base/base.h"
#include "base/map.h"
#include "evaluator/view.h"
#include "promql/labels.h"

#define RESOLVED_RETENTION (15 * MINUTE)

/* How a value went: samples of all of the time since it began, the same distance apart. */
#define TRAIL_MAX 16 /* even */
struct trail {
	float v[TRAIL_MAX];
	uint8_t n;
	uint8_t stride_log2; /* one of so many evaluations is kept */
	uint16_t skipped;
};

struct active {
	struct labels labels;	   /* owned; identity */
	struct labels annotations; /* owned; empty values stay */
	double value;
	struct trail trail; /* since active_at, or the start */
	double fired_value; /* when it began to fire; NaN: not known (it was before the start) */
	enum alert_state state;
	ms_t active_at;	  /* first seen */
	ms_t fired_at;	  /* MS_NONE: not (yet) */
	ms_t resolved_at; /* MS_NONE: not */
	ms_t keep_since;  /* gone from the result but kept firing since; MS_NONE: not */
	ms_t sent_at;	  /* last forwarded to Alertmanagers; MS_NONE: never */
	uint64_t mark;	  /* number of the evaluation that last had it */
	bool fresh;	  /* made by the evaluation that is going on */
	bool told;	  /* the notifier holds it as firing (it may be pending again since) */
	bool dropped;  /* lost to `limit`: told as firing, state unknown until the next good one */
	char *because; /* owned; which branch held when it fired; NULL: unknown */
};

struct states {
	struct map by_labels; /* encoding of the labels -> struct active */
	uint64_t evaluation;
};

struct state_rule {
	ms_t hold, keep_firing_for;
	ms_t settling_since; /* not MS_NONE: what is absent stays, what became active later than
				that does not fire yet (sight.h) */
};

/* What became of an alert in one step. */
enum state_change {
	STATE_PENDING, /* new, or back from firing because `for` grew */
	STATE_FIRED,
	STATE_REFIRED,	 /* fires again, and was told as firing all the time */
	STATE_UPDATED,	 /* firing on with other annotations */
	STATE_KEPT,	 /* gone from the result, kept firing from now on */
	STATE_BACK,	 /* in the result again before it resolved */
	STATE_RESOLVED,	 /* what was told as firing is over */
	STATE_FORGOTTEN, /* pending and gone, or resolved long ago: freed after the call */
	STATE_DROPPED,	 /* lost to `limit` while firing */
};
typedef void state_change_fn(void *arg, struct active *a, enum state_change what);

void states_init(struct states *s);
void states_done(struct states *s);

void states_begin(struct states *s);
/* One element of the result: finds or makes its entry. Labels and annotations are copied where
 * needed. NULL: the same label set came twice in this evaluation. */
struct active *states_see(struct states *s, struct labels labels);
/* The same for an entry that is known to be meant. */
struct active *states_see_again(struct states *s, struct active *a);
/* Nothing has happened in this evaluation. */
void states_abort(struct states *s);

/* The element's part of the step, in result order, before states_step: new entries become
 * pending, known ones take the value and annotations. */
void states_apply(struct states *s, struct active *a, struct labels annotations, double value,
		  ms_t ts, state_change_fn *fn, void *arg);
/* Then all others. */
void states_step(struct states *s, const struct state_rule *r, ms_t ts, state_change_fn *fn,
		 void *arg);
/* How many alerts would be active after the step: before it, as `limit` is checked on that. */
size_t states_would_be_active(const struct states *s, const struct state_rule *r, ms_t ts);
/* `limit` was exceeded: all state of the rule is lost, as upstream; but what was told as firing is
 * remembered until a good evaluation says whether it is over. */
void states_drop(struct states *s, state_change_fn *fn, void *arg);

/* Puts an alert back as the store or another rule set had it. */
struct active *states_restore(struct states *s, const struct active *from);
/* Moves every wall time by `by`: the clock was stepped. */
void active_shift(struct active *a, ms_t by);
void states_shift(struct states *s, ms_t by);
size_t states_count(const struct states *s, enum alert_state state);
/* The worst state of any alert. */
enum alert_state states_worst(const struct states *s);

/* What `for` is worth after an outage (ALERTS_FOR_STATE): the sample said at `sample_at` that the
 * alert was active since `active_at`. Returns the new active_at; see prometheus.md, "restoring". */
ms_t state_restored_active_at(ms_t hold, ms_t grace, ms_t now, ms_t sample_at, ms_t active_at);
/* Whether an alert must be forwarded to Alertmanagers at `ts` (needsSending). */
bool state_needs_sending(const struct active *a, ms_t ts, ms_t resend_delay);

#define states_each(s, a) \
	for (struct map_entry *e_ = map_next(&(s)->by_labels, NULL); \
	     e_ && ((a) = e_->value, true); e_ = map_next(&(s)->by_labels, e_))

#endif
