/*
 * What a random world's configuration is: groups, rules, routes, receivers. Drawn from the seed,
 * changed by reloads, written as the files rouse reads, and promised to the oracle.
 *
 * Alerts are A0, A1 ...; their elements' labels are app, i, mount, n. Routes: the root, and up to
 * two children by alertname or severity.
 */
#ifndef TESTS_SIM_PLAN_H
#define TESTS_SIM_PLAN_H

#include "base/base.h"

#define PLAN_RULES 8
#define PLAN_CHILDREN 2
#define PLAN_RECEIVERS 3
#define PLAN_INTEGRATIONS 3

struct sim;

enum plan_kind { PLAN_WEBHOOK, PLAN_DISCORD, PLAN_MAIL };

struct plan_rule {
	bool exists;
	int group; /* 0 .. 3; those of one number stand together */
	bool page; /* severity: page, else ticket */
	ms_t hold, keep;
	bool asks; /* its annotation queries */
};

struct plan_group {
	ms_t interval, offset;
	size_t limit;
	bool team; /* a group label */
};

struct plan_integration {
	enum plan_kind kind;
	bool send_resolved;
};

struct plan_receiver {
	struct plan_integration v[PLAN_INTEGRATIONS];
	size_t n;
};

struct plan_child {
	bool exists, by_name, goes_on;
	int what;     /* alert number or 1: page */
	int receiver; /* number */
	bool grouped; /* by alertname and app, else as the root */
	bool late;    /* its fallback is written down */
	bool ends;    /* it tells ends while muted */
	bool muted;   /* in the first half of the day */
};

struct plan {
	struct plan_rule rules[PLAN_RULES];
	struct plan_group groups[4];
	struct plan_receiver receivers[PLAN_RECEIVERS];
	struct plan_child children[PLAN_CHILDREN];
	int group_by, group_wait, group_interval, repeat;
	bool inhibit; /* A0 hides what is a ticket */
	bool write, forward, two_urls, region, records;
	ms_t settle; /* how long the slowest settings need */
};

/* Draws; afterwards the files are written and the oracle knows. */
void plan_draw(struct plan *p, struct sim *s);
/* Nothing is kept back any more: for the end, when everybody must hear the truth. */
void plan_open(struct plan *p, struct sim *s);
/* Draws a change for a reload. */
void plan_change(struct plan *p, struct sim *s);

#endif
