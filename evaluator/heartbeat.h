/*
 * Dead man's switches, in both directions.
 *
 * In: jobs and other systems report (POST /ping/NAME). Who does not in time, reports a failure, or
 * has never reported since twice its time, is an alert (HeartbeatMissed) that goes the way of all
 * alerts; the next success ends it. What was reported is on disk before it is answered.
 *
 * Out: rouse tells others that it lives, while and only while it evaluates and delivers: not when
 * it is blind, when its store takes nothing, when a group has missed its time, or when pages have
 * been waiting for long and none got through.
 */
#ifndef EVALUATOR_HEARTBEAT_H
#define EVALUATOR_HEARTBEAT_H

#include "base/base.h"
#include "base/err.h"

struct core;
struct heartbeats;
struct store;

enum heartbeat_state { HEARTBEAT_NEW, HEARTBEAT_OK, HEARTBEAT_LATE, HEARTBEAT_FAILED };
const char *heartbeat_state_name(enum heartbeat_state s);

struct heartbeat_view {
	struct str name;
	enum heartbeat_state state;
	ms_t every, grace;
	ms_t last_ok, last_start; /* wall; MS_NONE: never */
	ms_t due;		  /* then it is late */
	ms_t took;		  /* from the last start to its success; MS_NONE: unknown */
};

struct heartbeats *heartbeats_new(struct core *c);
void heartbeats_free(struct heartbeats *h);
ATTR_CHECK bool heartbeats_restore(struct heartbeats *h, struct store *s, struct err *err);
/* After the core has the configuration. */
void heartbeats_configure(struct heartbeats *h, struct now now);
void heartbeats_clock_stepped(struct heartbeats *h, struct now now, ms_t by);
void heartbeats_stop(struct heartbeats *h);

enum ping { PING_SUCCESS, PING_START, PING_FAIL };

#endif
