/* The ways to run the simulator: random worlds, and fixed stories with a crash at every point. */
#ifndef TESTS_SIM_RUN_H
#define TESTS_SIM_RUN_H

#include "base/base.h"

struct sim;

/* One random world; exits with words if an invariant breaks. Returns the hash of its trace. */
uint64_t swarm_run(uint64_t seed, bool verbose);
/* Each story once for every point where it can be cut; returns how many that were. */
size_t crash_run(bool verbose);
/* Lets time pass; a crash that comes meanwhile is followed by a start a second later. */
void run_for(struct sim *s, ms_t span);
/* Starts, again and again if the power goes away meanwhile. */
void run_start(struct sim *s);

#endif
