/*
 * When would who be told of an alert that fires and goes on firing? The notifier itself, in virtual
 * time: an alert is put in, receivers take everything at once, and what is sent is listed.
 */
#ifndef NOTIFY_TIMING_H
#define NOTIFY_TIMING_H

#include "base/base.h"
#include "base/io.h"
#include "base/limits.h"
#include "promql/labels.h"

struct notify_config;

struct timing_send {
	ms_t at;    /* wall */
	ms_t after; /* since the alert began */
	struct str integration, reason;
};

struct timing_query {
	struct labels labels; /* of the alert */
	ms_t start;	      /* wall; when it begins to fire */
	size_t most;	      /* so many sends to each integration */
	ms_t span;	      /* nothing later than that; 0: a year */
};

/* The first sends to each integration, in the order of time; false from fn stops. Gives up after
 * a year. Behind an oncall integration come the pages of people, as if nobody ever answered. */
void notify_timing(const struct notify_config *c, const struct limits *l,
		   const struct timing_query *q, bool (*fn)(void *arg, const struct timing_send *s),
		   void *arg);

#endif
