/*
 * Forwarding alerts to existing Alertmanagers, as Prometheus does it: for a migration side by side.
 * One queue and one POST at a time for each URL; a full queue loses its oldest alerts, and a batch
 * that is not taken is lost too: whoever puts alerts here puts them again every resend_delay.
 * Nothing is durable. rouse's own pages do not come this way.
 */
#ifndef EVALUATOR_ALERTMANAGER_H
#define EVALUATOR_ALERTMANAGER_H

#include "base/base.h"
#include "base/buf.h"
#include "base/io.h"
#include "promql/labels.h"

struct config;

#define AM_QUEUE_CAPACITY 10000 /* alerts waiting for one Alertmanager: the oldest goes */
#define AM_BATCH 256		/* alerts of one POST */

/* One alert at one point in time. */
struct am_alert {
	struct labels labels; /* external labels are added here, where they are absent */
	struct labels annotations;
	ms_t starts_at, ends_at; /* wall; MS_NONE: left out */
	struct str generator_url;
};

struct am_sender;

/* Sends to cfg->prometheus.alertmanagers; cfg must outlive the sender. Needs no timer: the host
 * keeps the timeout. */
struct am_sender *am_sender_new(const struct io *io, const struct config *cfg);
/* Cancels what runs; what waits is gone. */
void am_sender_free(struct am_sender *s);
OWNED_DEFINE(am_sender)
/* At a reload: queues and counts of URLs that both have move on; `from` is freed. Both may be
 * NULL. */
void am_sender_take(struct am_sender *s, struct am_sender *from);

/* The alerts of one evaluation, borrowed for the call. */
void am_sender_put(struct am_sender *s, struct now now, const struct am_alert *v, size_t n);
/* prometheus_notifications_*; s may be NULL. */
void am_sender_metrics(const struct am_sender *s, struct buf *b);

#endif
