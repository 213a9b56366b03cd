/*
 * Every limit on what comes from outside, in one place, so that the simulator can shrink them.
 * Each has a defined result: refuse with an error, defer, or drop the oldest. A page is never
 * what gets dropped.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include "base/base.h"

struct limits {
	size_t file_bytes;	/* a configuration, rule or template file: refused */
	size_t yaml_depth;	/* nesting of a YAML file: refused */
	size_t yaml_nodes;	/* nodes of a file, aliases counted each time: refused */
	size_t expr_bytes;	/* a PromQL expression: refused */
	size_t expr_depth;	/* its nesting: refused */
	size_t template_depth;	/* nesting of templates and of their expressions: an error */
	size_t template_steps;	/* actions executed for one expansion: an error */
	size_t template_bytes;	/* what one expansion may write: an error */
	size_t reply_bytes;	/* a query's answer: the rule fails */
	size_t reply_series;	/* series of one answer: the rule fails */
	size_t rules;		/* of one configuration: refused */
	size_t runbooks;	/* files: a further one is left out and told */
	size_t runbook_bytes;	/* of one file: it is left out and told */
	size_t runbook_steps;	/* of one file: a further one is text, and told */
	size_t silences;	/* of any state; 0: as many as the notifier can hold: refused */
	size_t silence_bytes;	/* of one, as Alertmanager would store it; 0: any: refused */
	size_t posted_alerts;	/* alerts from outside: a further one is dropped and counted */
	size_t alerts_of_name;	/* posted ones with one alertname; 0: any: dropped */
	size_t outbox_rows;	/* open deliveries: a newer one replaces an open one of its group */
	size_t history_rows;	/* finished deliveries remembered: the oldest goes */
	size_t event_rows;	/* the trail kept for explain: the oldest goes */
	size_t http_body_bytes; /* a request to us: 413 */
	size_t http_clients;	/* connections to us: the next one waits */
	size_t event_streams;	/* open event streams: 503 */
	size_t calendar_events; /* events of an iCalendar file: refused */
	size_t calendar_spans;	/* spans of time that they come to: refused */
};

void limits_default(struct limits *l);

#endif
