/*
 * Random teams on call: schedules, policies, people who answer late or never, overrides, faults.
 *
 *	S4   after an acknowledgement that is on disk no page of that incident starts, until it is
 *	     taken back, its lease ends, somebody asks for it, or it fires again
 *	S10  a step pages whom the schedule names at that instant (an account of its own), not
 *before its delay, and, if nothing is broken, not after it L1   after the faults an incident that
 *nobody has is told to somebody again and again L3   what is acknowledged or over is quiet L5   the
 *outgoing heartbeat goes on
 */
#ifndef TESTS_SIM_PEOPLE_H
#define TESTS_SIM_PEOPLE_H

#include "base/base.h"

/* One random team for `days`; exits with words if an invariant breaks. Returns the hash of its
 * trace. */
uint64_t people_run(uint64_t seed, int days, bool verbose);

#endif
