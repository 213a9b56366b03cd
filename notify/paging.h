/*
 * Between routes and people: what an oncall integration is told becomes an incident
 * (oncall/incident.h), and the pages that the incident asks for become outbox rows in lanes of
 * their own, one an incident and contact. Group keys of such lanes are "incident/42".
 */
#ifndef NOTIFY_PAGING_H
#define NOTIFY_PAGING_H

#include "base/base.h"
#include "base/err.h"

struct integration;
struct lane;
struct notify;
struct notify_config;
struct oncall;
struct row;

void paging_init(struct notify *n);
void paging_free(struct notify *n);
/* After the lanes are restored and bound: those of open incidents stay. */
void paging_configure(struct notify *n, struct now now);

/* A row of an integration that hands over: an incident, and the row is SENT. */
void paging_hand_over(struct row *r, struct now now);
/* A lane of an incident has nothing open any more: when the incident is over it is let go, and may
 * be freed. Lanes of groups are left alone. */
void paging_idle(struct notify *n, struct lane *l);
/* Lanes in which incidents that are not over were told; fn returns false to stop, and changes
 * nothing. */
struct incident;
void paging_each(const struct notify *n,
		 bool (*fn)(void *arg, struct lane *l, const struct incident *i), void *arg);
/* "alice" of "person/alice/telegram/0"; empty for other destinations. */
struct str paging_person(struct str dest);
/* A message of its own with one alert in it that no rule has: an update, a drill. */
struct paging_words {
	const struct integration *to;
	struct str key; /* of the lane: "updates/42" */
	struct str reason, title, text;
	ms_t starts_at, ends_at; /* MS_NONE: it goes on */
};
void paging_say(struct notify *n, struct now now, const struct paging_words *w);
/* What became of a page; called when the row is done, or late for the first time. */
void paging_sent(struct notify *n, struct now now, const struct row *r);
void paging_failed(struct notify *n, struct now now, const struct row *r, const char *why);

#endif
