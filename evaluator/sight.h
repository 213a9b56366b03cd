/*
 * What rouse has seen of Prometheus lately. A Prometheus that comes back after a while has data
 * that went stale meanwhile and has not scraped yet: for some time an empty answer is no news. So
 * after a gap rouse settles: alerts that are not in a result stay as they are, and alerts that
 * appear do not fire yet; what was pending before the gap and still holds goes on.
 *
 * A gap is a minute or more without any answer while Prometheus was asked in vain; or two minutes
 * while rouse itself was away, for the store has the time of the last answer to the minute only.
 */
#ifndef EVALUATOR_SIGHT_H
#define EVALUATOR_SIGHT_H

#include "base/base.h"

struct core;

#define SIGHT_GAP MINUTE

struct sight {
	ms_t last;	 /* wall; the last answer; MS_NONE: never */
	ms_t stored;	 /* wall; the same as the store has it, at most a minute old */
	bool lost;	 /* asked in vain since, or rouse has just started */
	bool from_store; /* no answer since the start: `last` may be a minute too old */
	ms_t before_gap; /* wall; the last answer before the gap that is being settled */
	ms_t settled_at; /* mono; MS_NONE: not settling */
};

void sight_init(struct sight *s);
/* From the store, at the start. */
void sight_restore(struct core *c, ms_t last);
void sight_answered(struct core *c, struct now now);
void sight_lost(struct core *c);
void sight_shift(struct core *c, ms_t by);
/* The wall time of the last answer before the gap, while settling; else MS_NONE. */
ms_t sight_settling_since(struct core *c, struct now now);

#endif
