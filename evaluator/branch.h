/*
 * Which side of an `or` holds: when an alert of such a rule starts to fire, its sides are asked for
 * one by one at the same instant, and the alert learns in words which one holds with which value.
 * The page does not wait for it: the words are there when they come before the group's flush.
 */
#ifndef EVALUATOR_BRANCH_H
#define EVALUATOR_BRANCH_H

#include "base/base.h"
#include "evaluator/group.h"

struct branch;

/* Asks, if the rule's expression is an `or` at its top. */
void branch_ask(struct core *c, struct rule_run *rr, const struct active *a);
/* Drops the questions about rules of this group (it goes away), or all with NULL. */
void branches_drop(struct core *c, const struct group *g);

#endif
