/*
 * The state a Prometheus kept before rouse came: when the store has never seen a group, the ages of
 * its alerts are taken from ALERTS_FOR_STATE, once, after the group's second evaluation. From then
 * on the store knows better.
 */
#ifndef EVALUATOR_RESTORE_H
#define EVALUATOR_RESTORE_H

#include "base/base.h"

struct core;
struct group;

/* Begins, if the group has rules that are not restored; they are marked when it is over. */
void restore_begin(struct core *c, struct now now, struct group *g);
/* Gives up for a group that goes away, or for all with NULL. */
void restores_drop(struct core *c, const struct group *g);

#endif
