/*
 * A word before a silence ends that still holds something back: the alert RouseSilenceEnding, which
 * ends with the silence, so that whoever hears of ends has a word then too. It has the labels that
 * the silence asks for by name (except those by which the silence would catch it), and so goes the
 * way of the alerts that are held back.
 */
#ifndef NOTIFY_REMINDER_H
#define NOTIFY_REMINDER_H

#include "base/base.h"
#include "base/io.h"

struct alert;
struct notify;

/* Looks at all silences and sets the timer for the next time; after every change of one, of the
 * configuration, and after a restart. */
void reminder_update(struct notify *n, struct now now);
/* The alert is over: silences that hold only until then (annotation until_resolved="true") end if
 * nothing that they catch fires. */
void reminder_alert_over(struct notify *n, struct now now, const struct alert *a);
void reminder_stop(struct notify *n);

#endif
