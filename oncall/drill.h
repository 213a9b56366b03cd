/*
 * Drills: pages through the whole real chain that are marked as such, so that a broken path is
 * found by day. A drill of a policy is an incident that escalates until somebody acknowledges,
 * which ends it; if nobody has after DRILL_PATIENCE it has failed, and RouseDrillFailed fires until
 * one passes.
 */
#ifndef ONCALL_DRILL_H
#define ONCALL_DRILL_H

#include "base/base.h"
#include "oncall/incident.h"

#define DRILL_PATIENCE (30 * MINUTE)
#define DRILL_LATE HOUR /* one that could not begin in time begins so late at most */

/* Begins one; its incident, also if it goes on already. 0: there is no such policy. */
uint64_t oncall_drill(struct oncall *oc, struct now now, struct str policy, struct str by);
bool incident_is_drill(const struct incident *i);

#endif
