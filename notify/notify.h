/*
 * From alert to message: routing, grouping, dedup, the durable outbox and the receivers. The
 * evaluator hands alerts in (notify_put) and owns the object; everything else happens on timers.
 *
 * Durable before visible: what notify decides goes into the batch of the turn; deliveries start
 * only in notify_committed, when that batch is on disk.
 *
 *   alert -> route -> aggregation group -> timer -> flush: mutes -> for each integration:
 *   dedup (why tell?) -> outbox row QUEUED -> committed: SENDABLE -> request -> SENT|RETRY|DEAD
 */
#ifndef NOTIFY_NOTIFY_H
#define NOTIFY_NOTIFY_H

#include "base/base.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"
#include "base/timer.h"
#include "notify/alert.h"

struct batch;
struct buf;
struct notify;
struct notify_config;
struct oncall;
struct store;

/* What the notifier stands on; all borrowed for its life. */
struct notify_env {
	const struct io *io;
	struct timers *timers;
	const struct limits *limits;
	ms_t data_retention; /* of what is over; 0: as limits say */
	ms_t start_delay;    /* after the first configuration nothing is told for so long */
	/* The batch of this turn; asked for each time something becomes durable. */
	struct batch *(*batch)(void *core);
	/* Something about rouse itself is wrong or right again: raise or end an alert. `name` is an
	 * alertname like RouseReceiverFailing, `what` tells which one (a receiver). */
	void (*self_alert)(void *core, struct now now, struct str name, struct str what,
			   struct str text, bool firing);
	/* What a rule's alert is worth; false: it is no rule's, or does not fire. NULL: nobody
	 * knows.
	 */
	bool (*worth)(void *core, struct labels labels, struct alert_worth *out);
	/* Adds an event to the trail, durable with the batch of this turn. NULL: what the journal
	 * keeps is not durable. */
	void (*event)(void *core, ms_t at, const char *kind, struct str subject, struct str text);
	void *core;
};

struct notify *notify_new(const struct notify_env *env);
void notify_free(struct notify *n);
OWNED_DEFINE(notify)

/* Reads alerts, groups, log and outbox back. Before the first notify_configure. */
ATTR_CHECK bool notify_restore(struct notify *n, struct now now, struct store *s, struct err *err);
/* Takes a configuration into use (start and reload): groups are rebuilt from the alerts, nothing
 * is told again that was told, open deliveries go on with the receiver of the same name and kind.
 * The configuration is referenced (notify_config_ref) until the next one and running deliveries
 * are done. `external_url` without a trailing slash. */
void notify_configure(struct notify *n, struct now now, const struct notify_config *c,
		      struct str external_url);

/* New, changed and ended alerts. Identity is the label set. An alert that is already known with
 * the same annotations and times costs nothing durable. */
void notify_put(struct notify *n, struct now now, const struct alert_in *alerts, size_t count);
/* The batch that held what was decided up to this turn is on disk (ok), or could not be written
 * (not ok: pages go out all the same, the self alert says so). `seq` counts committed turns;
 * rows queued in a turn carry the seq current then (notify_turn). */
void notify_committed(struct notify *n, struct now now, bool ok);
/* The batch of this turn was taken away to be committed: what is decided from now on belongs to
 * the next one. To be called whenever a batch is handed out; each call is answered by one
 * notify_committed, in order. (Without it, notify_committed speaks for all that was decided.) */
void notify_taken(struct notify *n);
/* The wall clock jumped by that much: what has ended has still ended, and as long ago. */
void notify_clock_stepped(struct notify *n, struct now now, ms_t by);
/* Forgets what is over for longer than data_retention; to be called now and then. */
void notify_expire(struct notify *n, struct now now);
/* Stop starting deliveries (shutdown); open ones stay in the outbox. */
void notify_stop(struct notify *n);

/* People, schedules, incidents: oncall/incident.h. Changes made there belong to the turn's batch.
 */
struct oncall *notify_oncall(struct notify *n);

/* What is told of an incident that no alert has opened: a message as JSON, put behind `b`. */
void notify_snapshot(const struct notify *n, struct now now, struct labels labels,
		     struct labels annotations, struct buf *b);
/* A marked page by each of somebody's contacts. Its number; the rows of it have the group key
 * "drill/NUMBER". 0: there is no such person, or no contact. */
uint64_t notify_drill(struct notify *n, struct now now, struct str person, struct str by);

/* ---- for pages, API and metrics ---------------------------------------------------------- */
enum outbox_status {
	OUTBOX_QUEUED,
	OUTBOX_SENDING,
	OUTBOX_RETRY,
	OUTBOX_SENT,
	OUTBOX_DEAD,
	OUTBOX_REPLACED
};
const char *outbox_status_name(enum outbox_status s);

struct delivery_view { /* one row of "last pages"; strings borrowed until the next event */
	uint64_t id;
	enum outbox_status status;
	struct str receiver; /* "name/kind/index" */
	struct str group_key;
	struct str title;  /* what it said, one line */
	struct str reason; /* why it was told: "first notification" ... */
	struct str error;  /* of the last attempt */
	ms_t created_at, next_at, done_at;
	int attempts;
	bool resolved; /* it told of the end */
};
/* Newest first; fn returns false to stop. */
void notify_deliveries(const struct notify *n, bool (*fn)(void *arg, const struct delivery_view *d),
		       void *arg);

struct receiver_view {
	struct str name, kind;
	int index;
	uint64_t sent, failed, retried;	   /* attempts since start */
	uint64_t open;			   /* rows not done */
	ms_t last_sent_at, last_failed_at; /* MS_NONE: never */
	struct str last_error;		   /* of the last failure; empty after a success */
};
void notify_receivers(const struct notify *n, bool (*fn)(void *arg, const struct receiver_view *r),
		      void *arg);
/* Counts changes of what the functions here show. */
uint64_t notify_version(const struct notify *n);
/* Pages have been waiting for longer than that, and none has got through meanwhile. */
bool notify_stuck(const struct notify *n, struct now now, ms_t longest);
/* All alerts the notifier holds, in the order in which they came. */
void notify_alerts(const struct notify *n, bool (*fn)(void *arg, const struct alert *a), void *arg);
/* The same from where an earlier call ended, so that a long list can be read in pieces while
 * alerts come and go: the first that came after the one with the number *last (0: the first of
 * all). *last becomes the number of the last that fn saw. False: there are no more. */
bool notify_alerts_after(const struct notify *n, uint64_t *last,
			 bool (*fn)(void *arg, const struct alert *a), void *arg);
/* The firing alert that inhibits one with these labels, or NULL. Borrowed until the next event. */
const struct alert *notify_inhibited_by(const struct notify *n, ms_t wall, struct labels ls);
/* An aggregation group; borrowed for the call. */
struct alert_group_view {
	struct str id; /* unique */
	struct str receiver;
	struct labels labels;
	const struct route *route; /* route_muted_by tells which time intervals mute it */
};
/* The groups that hold an alert of notify_alerts. */
void notify_groups_of(const struct alert *a,
		      void (*fn)(void *arg, const struct alert_group_view *g), void *arg);
/* The order in which Alertmanager lists them: by labels, those with fewer first, then by receiver.
 */
int notify_group_order(const struct alert_group_view *a, const struct alert_group_view *b);
/* The labels of a group's route, their templates expanded over the group; in the arena. */
struct labels notify_group_route_labels(const struct notify *n, struct now now, struct str id,
					struct arena *a);
/* For the simulator's oracle: each route that the firing alert `a` matches has a group that holds
 * it and will look again, and nothing of that group's open rows is stuck. */
bool notify_covers(const struct notify *n, const struct alert *a);
/* Alertmanager's and rouse_notify_* metrics in the text format. */
void notify_metrics(const struct notify *n, struct now now, struct buf *b);

#endif
