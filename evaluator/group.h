/*
 * Rule groups at work: when they run (Prometheus's slots), their rules one after another, what
 * each rule remembers from one evaluation to the next, and the counters.
 *
 *   timer at slot -> rule 1: ask -> expand -> step -> write -> rule 2 ... -> timer at next slot
 *
 * A rule whose query failed changes nothing. When nobody can be asked, the rest of the group is not
 * asked either, and an iteration without any answer counts as missed sight (selfmon counts them).
 */
#ifndef EVALUATOR_GROUP_H
#define EVALUATOR_GROUP_H

#include "base/base.h"
#include "base/map.h"
#include "base/timer.h"
#include "evaluator/state.h"
#include "evaluator/view.h"
#include "rules/rules.h"

struct core;
struct evaluation;
struct group;

/* One element of a rule's last result: when the next result has the same element at the same
 * place, nothing needs to be expanded again. */
struct seen {
	struct labels labels; /* of the sample; owned */
	double value;
	struct active *active;
};

struct rule_run {
	const struct rule *rule;
	struct group *group;
	char *key;    /* in the store: "file;group;name;labels", "#n" for the n-th twin */
	bool settled; /* a reload has found where its state comes from or goes to */
	struct states states;
	struct seen *seen;
	size_t n_seen, seen_cap;
	unsigned label_needs, text_needs; /* enum expand_needs over all label texts, annotations */
	struct map written; /* series of the previous evaluation: encoding -> themselves */
	enum rule_health health;
	bool evaluated, restored;
	char *last_error;     /* owned; NULL: none */
	ms_t last_evaluation; /* wall; MS_NONE */
	double evaluation_s;
	size_t samples;
	uint64_t n_pending, n_firing;
};

struct group {
	struct core *core;
	struct rule_set *set; /* held */
	const struct rule_group *def;
	struct rule_run *rules;
	struct timer timer;
	int64_t slot_ns; /* of the evaluation that runs or ran last */
	bool started;	 /* slot_ns is set */
	struct evaluation *running;
	bool known; /* the store has had this group before: nothing to restore elsewhere */
	unsigned evaluations_done; /* up to 2: then the restoration */
	int blind;		   /* iterations in a row in which nobody could be asked */
	ms_t last_start;	   /* wall; MS_NONE */
	ms_t started_mono;	   /* the same by the other clock */
	double last_s, last_rules_s;
	size_t last_samples;
	uint64_t iterations, missed, evaluations, failures;
	double last_restore_s;
	struct labels *stale; /* series of rules that went away in a reload; owned */
	size_t n_stale;
};

/* Makes the group and sets its timer: the first evaluation is one slot after the present one. */
struct group *group_new(struct core *c, struct now now, struct rule_set *set,
			const struct rule_group *def);
/* Cancels what runs. */
void group_free(struct group *g);
/* Takes over the state of rules with the same name and labels (reload). `from` loses it. */
void group_take_state(struct group *g, struct group *from);
/* The same for one rule. */
void rule_take_state(struct rule_run *to, struct rule_run *from);
/* Name, labels and number of the twin: the part of the key that stays when a rule moves to another
 * group. */
struct str rule_run_identity(const struct rule_run *rr);
/* The series that `from` has written and no rule has taken over: to be marked as stale. */
void group_take_stale(struct group *g, const struct group *from);
/* The clock was stepped by `by`: states keep their ages, slots are found anew, and an iteration
 * that runs is given up. */
void group_shift(struct group *g, struct now now, ms_t by);
ms_t group_slot_ms(const struct group *g); /* the slot as milliseconds, floored */
struct rule_run *group_rule(struct group *g, const struct rule *r);

/* For evaluation.c: the iteration is over. `reached` is false if nobody could be asked. */
void group_finished(struct group *g, struct now now, bool reached);

#endif
