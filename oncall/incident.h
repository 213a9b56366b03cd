/*
 * Incidents: what people are paged for, from the first page until it is over, and the escalation
 * that goes on until somebody answers. Pure: events and a `now` in, pages out through the
 * environment.
 *
 *	        report, open                     ack
 *	(none) --------------> TRIGGERED <----------------> ACKNOWLEDGED
 *	                        ^      |    un-ack, lease        |
 *	                reopen  |      | over                    | over
 *	                        +---- RESOLVED <-----------------+
 *
 * Rules that hold between events:
 *   - a TRIGGERED incident has a timer: the next step, the next contact of somebody, the end of a
 *     snooze, the next hand-off;
 *   - an ACKNOWLEDGED one starts no page, until the acknowledgement is taken back or its lease
 *ends;
 *   - every change is an event of the incident's timeline, in the batch of the change;
 *   - instants are wall time; a step of the wall clock moves them all (oncall_clock_stepped).
 */
#ifndef ONCALL_INCIDENT_H
#define ONCALL_INCIDENT_H

#include "base/base.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/timer.h"
#include "oncall/config.h"
#include "oncall/schedule.h"

struct batch;
struct oncall;
struct store;

enum incident_status {
	INCIDENT_TRIGGERED,
	INCIDENT_ACKNOWLEDGED,
	INCIDENT_RESOLVED,
	INCIDENT_MERGED, /* belongs to another one until its alerts are over */
};
const char *incident_status_name(enum incident_status s);

struct incident_event {
	ms_t at;
	char *kind; /* "opened", "step", "paged", "sent", "failed", "acknowledged" ... */
	char *who;  /* a person or what acted; "" nobody */
	char *text;
};

/* Somebody who is being reached: their contacts, one after the other. */
struct cycle {
	char *person;
	char *why; /* "step 1, schedule primary: layer weekdays" */
	bool urgent, shadow;
	ms_t started_at;
	size_t next;	     /* of the sequence */
	size_t sent, failed; /* pages that arrived; that were refused or are late */
};

struct incident {
	uint64_t id;
	enum incident_status status;
	char *key; /* what reports it: one open incident a key; "" made by hand */
	char *policy;
	char *severity, *title;
	char *snapshot; /* what is told: opaque here (notify/message as JSON) */
	bool urgent;
	ms_t opened_at, acked_at, resolved_at; /* MS_NONE: not */
	char *acked_by;			       /* "" nobody */
	char *runbook; /* the name of the last one that was for it; "" none; from its timeline */
	ms_t lease_at; /* ACKNOWLEDGED; MS_NONE: for ever */
	bool reminded;
	ms_t snoozed_until;   /* MS_NONE: not */
	int pass;	      /* from 0 */
	size_t step;	      /* the next one */
	bool pass_reached;    /* somebody was paged in this pass */
	ms_t next_at;	      /* of that step */
	ms_t handoff_at;      /* a schedule of this pass may change then */
	uint64_t merged_into; /* 0: nowhere; it stays when the part is over */
	bool part_over;	      /* its own alerts are over, it goes on for its parts */
	bool severity_set;    /* by hand: alerts do not change it */
	struct cycle *cycles;
	size_t n_cycles, cap_cycles;
	struct incident_event *events;
	size_t n_events, cap_events;
	/* inner */
	struct oncall *oncall;
	struct timer timer;
	bool unanswered; /* as of the last change: the self alert is out */
};

/* A page that is to go out. */
enum page_kind { PAGE_FIRE, PAGE_REMIND, PAGE_SHADOW };

struct oncall_page {
	const struct incident *incident;
	enum page_kind kind;
	const struct person *person; /* NULL: the receiver */
	size_t contact;
	struct str receiver;
	struct str why;	 /* why this one, why now */
	struct str next; /* what happens if nobody answers */
};

struct oncall_env {
	struct timers *timers;
	struct batch *(*batch)(void *core);
	/* Queues a page. */
	void (*page)(void *arg, struct now now, const struct oncall_page *p);
	/* Pages that have not gone out are not wanted any more. */
	void (*withdraw)(void *arg, struct now now, const struct incident *i, struct str why);
	/* Messages that can be edited should say what is so now; when it is RESOLVED, all who were
	 * told hear it. */
	void (*update)(void *arg, struct now now, const struct incident *i);
	/* Words for those who are not paged, to a receiver. */
	void (*tell)(void *arg, struct now now, const struct incident *i, struct str receiver,
		     struct str text);
	/* Something is wrong with the plan, or right again: a self alert. */
	void (*self_alert)(void *arg, struct now now, struct str name, struct str what,
			   struct str text, bool firing);
	/* What is told of an incident that no alert has opened; the caller frees it. */
	char *(*snapshot)(void *arg, struct now now, struct str title, struct str words);
	/* A marked page by each of somebody's contacts. */
	void (*drill_person)(void *arg, struct now now, struct str person, struct str by);
	/* 64 bits that nobody can guess. */
	uint64_t (*entropy)(void *arg);
	/* Adds an event to the trail, durable with the batch of this turn; NULL: there is none. */
	void (*event)(void *core, ms_t at, const char *kind, struct str subject, struct str text);
	void *arg;
	void *core;
};

struct oncall *oncall_new(const struct oncall_env *env);
void oncall_free(struct oncall *oc);
OWNED_DEFINE(oncall)

ATTR_CHECK bool oncall_restore(struct oncall *oc, struct store *s, struct err *err);
/* Start and reload; the configuration is borrowed until the next call. */
void oncall_configure(struct oncall *oc, struct now now, const struct oncall_config *c);
void oncall_clock_stepped(struct oncall *oc, struct now now, ms_t by);
/* Forgets the oldest of very many that are resolved; now and then. */
void oncall_expire(struct oncall *oc);
void oncall_stop(struct oncall *oc);
uint64_t oncall_version(const struct oncall *oc);

/* ---- what happens -------------------------------------------------------------------------- */
/* A routed group says what it is now. */
struct report {
	struct str key, policy, severity, title, snapshot;
	struct str runbook; /* the name of the one that is for it; empty: none */
	bool urgent, firing;
};
void oncall_report(struct oncall *oc, struct now now, const struct report *r);

/* Opens one by hand, or (with a key) by form; returns its number. A policy that does not exist: 0.
 */
uint64_t oncall_open(struct oncall *oc, struct now now, const struct report *r, struct str by);

enum oncall_result {
	ONCALL_DONE,
	ONCALL_UNKNOWN,	 /* no such incident (or person) */
	ONCALL_RESOLVED, /* it is over */
	ONCALL_ALREADY,	 /* it is so already, or the button is stale */
};
/* `means`: "command line", "API", "page", "telegram": for the timeline. */
struct actor {
	struct str who, means;
};
/* A second acknowledgement by the same one prolongs the lease; by another one is noted. */
enum oncall_result oncall_ack(struct oncall *oc, struct now now, uint64_t id, struct actor by);
enum oncall_result oncall_unack(struct oncall *oc, struct now now, uint64_t id, struct actor by);
/* The next step now; `seen`: the step that the one who asks has seen (stale buttons do nothing), or
 * -1. */
enum oncall_result oncall_escalate(struct oncall *oc, struct now now, uint64_t id, struct actor by,
				   int64_t seen);
/* Pages somebody by hand, whatever the state. */
enum oncall_result oncall_page_person(struct oncall *oc, struct now now, uint64_t id,
				      struct str person, struct actor by);
enum oncall_result oncall_snooze(struct oncall *oc, struct now now, uint64_t id, ms_t until,
				 struct actor by);
enum oncall_result oncall_note(struct oncall *oc, struct now now, uint64_t id, struct str text,
			       struct actor by);
enum oncall_result oncall_resolve(struct oncall *oc, struct now now, uint64_t id, struct actor by);

enum oncall_result oncall_severity(struct oncall *oc, struct now now, uint64_t id,
				   struct str severity, struct actor by);
/* It is theirs, as if they had acknowledged; they are paged, unless they did it themselves. */
enum oncall_result oncall_assign(struct oncall *oc, struct now now, uint64_t id, struct str person,
				 struct actor by);
/* An update for customers: to the policy's `updates`. ONCALL_UNKNOWN too if it has none. */
enum oncall_result oncall_tell(struct oncall *oc, struct now now, uint64_t id, struct str text,
			       struct actor by);
/* One belongs to another from now on: what is asked of the part is asked of the whole, which is
 * over when the alerts of both are. ONCALL_ALREADY: one of them is a part itself, or they are the
 * same. */
enum oncall_result oncall_merge(struct oncall *oc, struct now now, uint64_t id, uint64_t into,
				struct actor by);

/* ---- what became of pages ------------------------------------------------------------------ */
/* It went out (once a page). */
void oncall_page_sent(struct oncall *oc, struct now now, uint64_t incident, struct str person,
		      struct str dest);
/* It cannot be delivered, or is late: the next contact is tried now, then the next step. */
void oncall_page_failed(struct oncall *oc, struct now now, uint64_t incident, struct str person,
			struct str dest, struct str why);

/* ---- overrides ----------------------------------------------------------------------------- */
/* Checks and keeps it; its id in *id. `means` is for the trail, as an actor's. */
ATTR_CHECK bool oncall_override_put(struct oncall *oc, struct now now, const struct override *o,
				    struct str means, uint64_t *id, struct err *err);
/* Ends it: what has been stays as it was. False: there is none of that number, or it is over. */
bool oncall_override_delete(struct oncall *oc, struct now now, uint64_t id, struct actor by);
/* In the order of ids; borrowed until the next change. */
const struct override *const *oncall_overrides(const struct oncall *oc, size_t *n);
/* Who is on call, by the configuration and the overrides. */
void oncall_who(const struct oncall *oc, const struct schedule *s, ms_t at, struct roster *out);

/* ---- for pages and API --------------------------------------------------------------------- */
const struct oncall_config *oncall_config(const struct oncall *oc);	      /* NULL: none yet */
const struct incident *oncall_incident(const struct oncall *oc, uint64_t id); /* or NULL */
/* The one with that key that is not over, or NULL. */
const struct incident *oncall_open_of(const struct oncall *oc, struct str key);
/* Newest first; fn returns false to stop. */
void oncall_incidents(const struct oncall *oc, bool (*fn)(void *arg, const struct incident *i),
		      void *arg);
/* "then alice by sms in 2m; step 2 in 10m" */
struct buf;
void incident_put_plan(struct buf *b, const struct incident *i, ms_t wall);

#endif
