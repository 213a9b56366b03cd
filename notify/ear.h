/*
 * The ears: one for each account of a service that can tell of answers (notify/hearing.h). An ear
 * listens only while an incident is open that was told through its account; what it hears is acted
 * on (oncall/answer.h), and the service is told only when that is on disk, so that a crash loses no
 * answer.
 */
#ifndef NOTIFY_EAR_H
#define NOTIFY_EAR_H

#include "base/base.h"

struct lane;
struct notify;

/* A page went out through the lane: its account listens now. */
void ear_open(struct notify *n, struct now now, const struct lane *l);
/* After a reload or a start: all that are needed. */
void ear_open_all(struct notify *n, struct now now);
/* The turns up to n->durable are on disk. */
void ear_durable(struct notify *n, struct now now);
void ear_stop_all(struct notify *n);
void ear_free_all(struct notify *n);

#endif
