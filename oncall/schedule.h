/*
 * Who is on call at an instant: a pure function of the schedule, the overrides and the instant.
 *
 * What decides, the strongest first: a temporary schedule (it also says that there is nobody),
 * overrides in the order of their ids, the first layer that has somebody, the fallback.
 */
#ifndef ONCALL_SCHEDULE_H
#define ONCALL_SCHEDULE_H

#include "base/base.h"
#include "base/err.h"
#include "oncall/config.h"

enum override_kind {
	OVERRIDE_CHANGE,    /* add, remove, or both: instead of, if that one is on call */
	OVERRIDE_TEMPORARY, /* only `add` is on call, whatever the plan says; empty: nobody */
	OVERRIDE_SWAP,	    /* `add` and `remove` stand in for each other: one thing, both ways */
};

struct buf;

struct override {
	uint64_t id;
	enum override_kind kind;
	struct str schedule;
	struct str add, remove; /* names of people; empty: none */
	ms_t from, to;		/* wall */
	struct str by;		/* who made it */
	ms_t made_at;
};

/* Why somebody is on call. */
enum on_call_why { WHY_LAYER, WHY_OVERRIDE, WHY_TEMPORARY, WHY_FALLBACK };

struct on_call {
	const struct person *person;
	enum on_call_why why;
	const struct layer *layer;	  /* WHY_LAYER */
	const struct calendar_span *span; /* WHY_LAYER: the holiday, or the event of its calendar */
	const struct override *override;  /* WHY_OVERRIDE, WHY_TEMPORARY */
	const struct person *instead_of;  /* WHY_OVERRIDE that replaces; else NULL */
};

#define ON_CALL_MAX 64 /* people at one time; more are left out */

struct roster {
	struct on_call v[ON_CALL_MAX];
	size_t n;
	ms_t until; /* the answer holds at least until then; MS_NONE: for ever */
};

/* Overrides of other schedules are ignored; those whose people are unknown too (a person who left).
 * They stand in the order of ids. */
void schedule_at(const struct oncall_config *c, const struct schedule *s,
		 const struct override *const *overrides, size_t n, ms_t at, struct roster *out);

/* Whether an override can be made beside those that there are: known schedule and people, an end
 * after the start and after `now`, not longer than a year, add and remove different and not both
 * empty (a swap has both), and none of its people in another override of that schedule at the same
 * time (the message names that one). */
ATTR_CHECK bool override_check(const struct oncall_config *c, const struct override *o,
			       const struct override *const *others, size_t n, ms_t now,
			       struct err *err);

/* "bob instead of alice", "bob as well", "without alice", "only bob", "nobody", "alice and bob
 * swapped": what an override does. */
void override_put_what(struct buf *b, const struct override *o);

/* "layer weekdays", "layer off: Christmas", "override 7 by bob (instead of alice)", "the fallback":
 * in words. */
void on_call_put_why(struct buf *b, const struct on_call *oc);

#endif
