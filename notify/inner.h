/*
 * What the files of the notifier share; nobody else includes this.
 *
 *   notify   the object; alerts.c keeps the alerts, group.c the aggregation groups
 *   group    alerts of one route with the same group labels; a timer decides when it is flushed
 *   lane     one group towards one integration: what was told last, and the open rows in order
 *   dest     one integration: how much may run at once, whether it is paused, its counters
 *   row      one notification on its way, durable (outbox.c); an attempt is one try (deliver.c)
 *
 * Rules that hold between events:
 *   - only the first open row of a lane is ever on its way, so that a receiver hears of the end
 *     after it heard of the beginning;
 *   - a request starts only when its row is on disk as SENDING: a crash leaves no request behind
 *     that the next start does not know of;
 *   - an alert leaves a group only when it is over and no lane of the group has anything open
 *     or anything left to tell about it.
 */
#ifndef NOTIFY_INNER_H
#define NOTIFY_INNER_H

#include "base/arena.h"
#include "base/map.h"
#include "notify/config.h"
#include "notify/dedup.h"
#include "notify/journal.h"
#include "notify/message.h"
#include "notify/notify.h"
#include "notify/receiver.h"
#include "store/batch.h"

struct attempt;
struct dest;
struct group;
struct inhibitor;
struct lane;
struct store;

/* ---- alerts ------------------------------------------------------------------------------ */
struct kept_alert {
	struct alert a;
	uint64_t id;	    /* its row's */
	bool posted;	    /* it came from outside first: it counts against the limit */
	struct member **in; /* groups that hold it */
	size_t n_in, cap_in;
};

/* An alert in a group; known to both by place, so that leaving costs nothing. */
struct member {
	struct kept_alert *alert;
	struct group *group;
	size_t at_alert, at_group;
	bool muted;	  /* as of the last look: nobody is told of it now */
	bool flap_told;	  /* that it is flapping */
	uint64_t kept_by; /* hash of what kept it back at the last flush, as the journal has it */
};

/* Why alerts of a flush were kept back: names as in alertmanager_notifications_suppressed_total. */
enum suppression { BY_SILENCE, BY_INHIBITION, BY_MUTE_TIME, BY_ACTIVE_TIME, SUPPRESSIONS };

/* ---- groups ------------------------------------------------------------------------------ */
struct group {
	struct notify *n;
	const struct route *route;
	const struct receiver *receiver; /* NULL: unknown name, tells nobody */
	const struct receiver *fallback; /* NULL: none, or the same */
	struct labels labels;		 /* owned */
	char *id;			 /* ROUTEID:{...}: unique; the store's key */
	char *key;			 /* ROUTEKEY:{...}: what is told */
	struct member **members;
	size_t n_members, cap;
	struct lane **lanes;   /* one an integration of the receiver, then those of the fallback */
	size_t n_own, n_lanes; /* ... which come when they are needed first */
	struct timer timer;    /* mono; always set while it has members */
	bool flushed;
	ms_t flushed_mono; /* the last time in this life */
	ms_t stored_next;  /* what the store knows; MS_NONE: no row */
	bool stored_flushed;
};

/* A group's time as the store or the configuration before had it. */
struct group_time {
	ms_t next_wall;
	ms_t stored_next; /* of its row; MS_NONE: none */
	bool flushed;
	bool taken;
};

/* ---- lanes and destinations -------------------------------------------------------------- */
struct lane {
	struct dest *dest;
	int users;	     /* groups that tell through it: 0 or 1, 2 if two routes have one key */
	bool broken;	     /* its last page could not be delivered, or is late: others stand in */
	struct group *group; /* one of them, or NULL */
	char *group_key;
	struct row *first, *last; /* open rows, oldest first */
	bool told;		  /* there is a notice */
	ms_t sent_at, sent_mono, expires_at;
	ms_t held_mono; /* until then no notice grew old: something was kept back, nobody looked */
	struct hashes firing, resolved; /* as told */
	struct hashes doubt;		/* may have been told as firing, or not, or as over */
	char *message_id;
	ms_t asked_mono; /* ear.c: when it was asked about last */
};

enum fail_reason {
	FAIL_OTHER,
	FAIL_CLIENT,
	FAIL_SERVER,
	FAIL_AUTH,
	FAIL_LIMITED,
	FAIL_DEADLINE,
	FAIL_CANCELED,
	FAIL_COUNT,
};

#define BUNDLE_FROM 5 /* pages to one contact within a minute; what waits then goes together */

struct dest {
	struct notify *n;
	char *id;			/* "name/kind/index" */
	const struct integration *to;	/* NULL: not configured */
	struct row *ready, *ready_last; /* first rows of lanes that may go now */
	struct timer timer;		/* end of the pause */
	bool paused;
	int running;  /* rows SENDING */
	int failures; /* connections failed in a row */
	/* When the last pages to a person were begun (bundle.c), wall; a ring. */
	ms_t page_begun[BUNDLE_FROM];
	size_t next_begun;
	bool bundling; /* it is paged a lot */
	bool raised;   /* a self alert about it may be firing */
	bool unsure;   /* ... or not: nobody knows since the start */
	uint64_t sent, failed, retried, open, begun;
	uint64_t requests, failed_requests;
	uint64_t reasons[8]; /* failed, by enum fail_reason */
	ms_t last_sent_at, last_failed_at;
	bool took; /* something, at: */
	ms_t took_mono;
	char *last_error;
	char *memo; /* what its kind told to remember; NULL: nothing */
	double latency_sum_s;
	uint64_t latency_count;
};

/* ---- outbox ------------------------------------------------------------------------------ */
struct row {
	struct notify *n;
	uint64_t id;
	enum outbox_status status;
	struct lane *lane; /* while open */
	char *group_key, *receiver, *reason, *key, *title, *provider_id, *error;
	bool resolved;
	struct message *message;	     /* while open */
	struct hashes firing, told_resolved; /* done: for the history, unless they are many */
	ms_t created_at, created_mono, next_at, next_mono, done_at;
	int attempts;
	bool plain;	       /* the plainer form is wanted */
	bool twice;	       /* may have been told before a crash */
	bool late_raised;      /* the self alert for being late is out */
	bool is_page;	       /* for an incident (paging.c), not an edit or an end */
	char *unwanted;	       /* withdrawn while on its way: why; NULL: it is wanted */
	bool moved_on;	       /* a page that is late: the next contact was tried */
	bool is_ready;	       /* waits in dest->ready */
	bool stored;	       /* the store has the row */
	enum fail_reason fail; /* of the last attempt */
	uint64_t turn;	       /* durable when this turn is */
	struct timer timer;    /* RETRY: when it is due, or when it is late */
	struct attempt *attempt;
	struct row *leader;   /* SENDING: its message carries this one's; NULL: it goes by itself */
	struct row **carried; /* rows whose leader this is */
	size_t n_carried;
	bool alone; /* never carried again: a message that carried it was refused */
	struct row *lane_next, *ready_next, *ready_prev;
	struct row *newer, *older; /* all rows */
	struct row *done_next;	   /* finished rows, oldest first */
};

struct self_event { /* waits until nothing else is going on */
	const char *name;
	char *what, *text;
	bool firing;
	struct self_event *next;
};

struct notify {
	struct notify_env env;
	struct notify_config *config; /* a reference; NULL: none yet */
	struct inhibitor *inhibitor;  /* of the configuration; NULL: none yet */
	char *external_url;
	struct map alerts;   /* by label bytes: struct kept_alert */
	struct map names;    /* by alertname: how many of them there are (struct alert_count) */
	struct map groups;   /* by id: struct group */
	struct map lanes;    /* by group key, NUL, dest id: struct lane */
	struct map dests;    /* by id: struct dest */
	struct map silences; /* by id: struct kept_silence */
	struct map silence_index;
	uint64_t last_silence;
	struct timer reminder;
	struct journal journal;
	struct oncall *oncall; /* paging.c */
	struct map pagings;    /* by group key: struct paging */
	struct map canaries;   /* by dest id: struct canary (drill.c) */
	struct map ears;       /* by kind and account: struct ear */
	struct map flaps;      /* by hash: when the alert began lately */
	struct map times;      /* by group id: struct group_time, until the first configuration */
	struct row *newest, *oldest;
	struct row *done_first, *done_last;
	size_t n_done, n_open;
	/* SENDING, waiting for the commit, in the order of their turns; NULL: withdrawn. Those
	 * before `started` are on their way. */
	struct row **starting;
	size_t n_starting, cap_starting, started;
	uint64_t next_id;
	uint64_t last_alert; /* id */
	uint64_t turn;	     /* what is decided now belongs to it */
	uint64_t durable;    /* the last turn that is on disk */
	uint64_t version;
	uint64_t alerts_dropped; /* posted beyond the limits */
	size_t n_posted;
	uint64_t suppressed[SUPPRESSIONS];
	uint64_t over_limit; /* rows kept although the outbox was full */
	bool full_raised;
	bool configured; /* once at least */
	ms_t hold_until; /* mono; no group is flushed before */
	bool stopped;
	int depth; /* of entries: self alerts go out at the outermost end */
	struct self_event *self_first, *self_last;
};

/* Every entry from outside is between these two: self alerts are raised at the end. */
void notify_enter(struct notify *n);
void notify_leave(struct notify *n, struct now now);
#define SELF_RECEIVER "RouseReceiverFailing"
#define SELF_OUTBOX "RouseOutboxFull"
#define SELF_DEAF "RouseNotHearing"
/* Queues a self alert; `name` is a constant. */
void notify_self(struct notify *n, const char *name, const char *what, const char *text,
		 bool firing);
static inline struct batch *notify_batch(struct notify *n)
{
	return n->env.batch(n->env.core);
}

/* ---- alerts.c ---------------------------------------------------------------------------- */
void alerts_put(struct notify *n, struct now now, const struct alert_in *in, size_t count);
void alerts_store(struct notify *n, const struct kept_alert *ka);
/* Forgets an alert that is over and in no group. */
void alerts_drop_if_done(struct notify *n, struct now now, struct kept_alert *ka);
void alerts_free(struct notify *n);
ATTR_CHECK bool alerts_restore(struct notify *n, struct now now, struct store *s, struct err *err);

/* ---- group.c ----------------------------------------------------------------------------- */
/* Puts an alert into the groups its routes ask for, where it is not yet. */
void group_route(struct notify *n, struct now now, struct kept_alert *ka);
/* A member changed: the group's next flush becomes durable. */
void group_touched(struct group *g, struct now now, const struct kept_alert *ka);
/* The words about a member came after it: messages that told of exactly what fires now are edited
 * at once where the receiver can; all others have the words in their next message. */
void group_explained(struct group *g, struct now now);
/* The row's page does not arrive at one of the group's lanes: the fallback gets it. */
void group_stand_in(struct group *g, struct now now, const struct row *r);
/* Lets alerts go that are over and told; the group too when it is empty. */
void group_reap(struct group *g, struct now now);
/* How long what was told counts, as entries of Alertmanager's notification log expire. */
ms_t group_notice_keep(const struct group *g);
/* Rebuilds all groups for the configuration that is now in n. */
void group_rebuild(struct notify *n, struct now now);
/* The group as template data: everything in it, muted or not. The caller owns it. */
struct message *group_message(const struct group *g, struct now now);
void group_free_all(struct notify *n);
void group_stop_all(struct notify *n);
ATTR_CHECK bool group_restore(struct notify *n, struct store *s, struct err *err);
void group_times_free(struct notify *n);

/* ---- silence.c --------------------------------------------------------------------------- */
ATTR_CHECK bool silence_restore(struct notify *n, struct store *s, struct err *err);
/* Those that are over for longer than data_retention. */
void silence_forget_old(struct notify *n, struct now now);
void silence_free_all(struct notify *n);

/* ---- lane.c ------------------------------------------------------------------------------ */
struct lane *lane_get(struct notify *n, struct str group_key, struct dest *d);
struct lane *lane_find(struct notify *n, struct str group_key, struct str dest); /* or NULL */
/* Frees it when nothing needs it: no group, no rows (its notice is dropped). */
void lane_release(struct notify *n, struct lane *l);
/* What the receiver knows once everything open has arrived; `before` leaves out that row and
 * those behind it (NULL: none left out). */
struct told lane_told(const struct lane *l, struct now now, const struct row *before);
/* Writes down what was told by a row that is SENT; it counts for `keep`. */
void lane_note(struct lane *l, struct now now, const struct row *r, ms_t keep);
/* The row is DEAD, but one attempt may have arrived: what it says is in doubt. Beginnings will be
 * told again, ends too. */
void lane_doubt(struct lane *l, struct now now, const struct row *r);
void lane_forget(struct lane *l); /* drops the notice */
struct dest *dest_get(struct notify *n, struct str id);
void lane_free_all(struct notify *n);
ATTR_CHECK bool lane_restore(struct notify *n, struct now now, struct store *s, struct err *err);

/* ---- outbox.c ---------------------------------------------------------------------------- */
/* Queues a notification behind what is open in the lane; `replaces` (NULL: none) is the lane's
 * last row, unsent, and goes away for it. */
void outbox_queue(struct lane *l, struct now now, struct message *take, struct row *replaces);
/* May the message stand in for the lane's last open row? */
struct row *outbox_replaceable(const struct lane *l, struct hashes firing, struct hashes resolved);
/* What is in the lane and has not gone out is not wanted any more; what is on its way is not tried
 * again. */
void outbox_withdraw(struct lane *l, struct now now, const char *why);
/* The same of pages that are older than that (wall); edits and ends stay. */
void outbox_withdraw_pages(struct lane *l, struct now now, ms_t before, const char *why);
/* Starts what is durable and may go out. */
void outbox_durable(struct notify *n, struct now now);
/* Gives every configured destination its chance (after a reload or a start). */
void outbox_rebind(struct notify *n, struct now now);
void outbox_sent(struct row *r, struct now now, struct str provider_id);
/* wait: ms from now, or -1 for the policy's back-off; whole: the destination rests too. */
void outbox_retry(struct row *r, struct now now, ms_t wait, bool whole, const char *why);
void outbox_dead(struct row *r, struct now now, enum dead_scope scope, const char *why);
/* The wall clock was set: open rows grow no older by that, also over a restart. */
void outbox_clock_stepped(struct notify *n, ms_t by);
void outbox_stop_all(struct notify *n);
void outbox_free_all(struct notify *n);
ATTR_CHECK bool outbox_restore(struct notify *n, struct now now, struct store *s, struct err *err);

/* ---- drill.c ----------------------------------------------------------------------------- */
/* Tries contacts that have changed since they were seen last. */
void canary_configure(struct notify *n, struct now now);
ATTR_CHECK bool canary_restore(struct notify *n, struct store *s, struct err *err);
void canary_free_all(struct notify *n);

/* ---- bundle.c ---------------------------------------------------------------------------- */
/* A page to a person is begun; whether there were BUNDLE_FROM within a minute before it. */
bool bundle_begin(struct dest *d, const struct row *r);
/* Whether the row may go in one message with others. */
bool bundle_may(const struct row *r);
/* The leader carries r from now on. */
void bundle_carry(struct row *leader, struct row *r);
/* Lets all that it carries go; the caller frees the array of *n. */
struct row **bundle_release(struct row *leader, size_t *n);
/* It is carried no more. */
void bundle_leave(struct row *r);
/* One message for a row and all that it carries; the caller owns it. */
struct message *bundle_message(const struct row *leader, struct now now);

/* ---- deliver.c --------------------------------------------------------------------------- */
/* The row is SENDING and durable: build the request and send it. */
void deliver_start(struct row *r, struct now now);
void deliver_cancel(struct row *r);

#endif
