/*
 * A house to show: implements evaluator/view.h, evaluator/core.h and notify/notify.h as far as
 * web/ asks for them, from tables that the tests fill. Defining these functions here keeps the
 * real ones out of the test program.
 */
#ifndef TESTS_UNIT_WEB_FAKE_H
#define TESTS_UNIT_WEB_FAKE_H

#include "base/arena.h"
#include "base/timer.h"
#include "evaluator/config.h"
#include "evaluator/core.h"
#include "evaluator/view.h"
#include "notify/notify.h"
#include "oncall/runbook.h"
#include "web/web.h"

#define FAKE_NOW ((ms_t)1795415400000) /* 2026-11-23T06:30:00Z */
#define FAKE_GROUPS 400

struct fake_rule {
	struct rule rule;
	struct rule_view view;
	struct rule_alert_view *alerts;
	size_t n, cap;
};

struct fake_group {
	struct rule_group group;
	struct group_view view;
	struct fake_rule *rules;
	size_t n, cap;
};

struct core {
	struct arena arena;
	struct fake_group groups[FAKE_GROUPS];
	size_t n_groups;
	struct prometheus_view prometheuses[4];
	size_t n_prometheuses;
	struct delivery_view deliveries[200];
	size_t n_deliveries;
	struct receiver_view receivers[8];
	size_t n_receivers;
	size_t n_posted; /* alerts that came through the API */
	struct self_view self;
	struct config config;
	bool has_config, ready;
	uint64_t version;
	/* A real one: pages that it asks for are counted. */
	struct oncall *oncall;
	struct oncall_config *plan;
	struct timers timers;
	struct batch *batch;
	size_t n_pages;
	char audited[400];	   /* the last entry of the audit log */
	enum ping pinged;	   /* last */
	struct notify_config told; /* its runbooks only */
	bool may_run;		   /* commands of runbooks */
	struct str live_text;	   /* what a live query says */
};

struct core *fake_new(void); /* ready, healthy, empty */
void fake_free(struct core *c);
struct fake_group *fake_group(struct core *c, const char *file, const char *name, ms_t interval);
struct fake_rule *fake_alerting(struct core *c, struct fake_group *g, const char *name,
				const char *query, ms_t hold);
struct fake_rule *fake_recording(struct core *c, struct fake_group *g, const char *name,
				 const char *query);
/* name, value, name, value, ..., NULL */
struct labels fake_labels(struct core *c, ...);
void fake_annotate(struct core *c, struct fake_rule *r, const char *name, const char *value);
/* An alert that is active since `ago` before FAKE_NOW; the rule's state follows. */
struct rule_alert_view *fake_active(struct core *c, struct fake_rule *r, enum alert_state s,
				    ms_t ago, struct labels ls, struct labels annotations);
void fake_receiver(struct core *c, const char *name, const char *kind);
struct delivery_view *fake_delivery(struct core *c, enum outbox_status s, const char *title,
				    ms_t ago);

/* Takes the map under `oncall:` into use. */
void fake_plan(struct core *c, const char *yaml);

/* Its only runbook. */
void fake_runbook(struct core *c, const char *name, const char *text);

/* The stories that goldens and pictures show. */
struct core *fake_calm(void);
struct core *fake_firing(void);
struct core *fake_trouble(void);
struct core *fake_hostile(void);
struct core *fake_many(size_t rules, size_t alerts_each);

/* One request; path may have ?a=b&c=d behind it, not decoded. The answer lives in `a`. */
struct web_answer fake_get(struct web *w, struct arena *a, const char *path);
struct web_answer fake_ask(struct web *w, struct arena *a, const char *method, const char *path);
/* One request with all that may come with it; NULL: it does not. */
struct fake_question {
	const char *method, *path, *body, *type, *site, *user, *remote, *authorization, *forwarded;
	const char *params[20]; /* name, value, ... */
};
struct web_answer fake_question(struct web *w, struct arena *a, const struct fake_question *q);
struct web *fake_web(struct core *c, const char *prefix);
struct str fake_header(const struct web_answer *ans, const char *name);

/* What is wrong with a page: tags that do not match, handlers, styles or scripts that are not
 * ours, bytes that are no text. Empty if nothing is. */
const char *markup_error(struct str page);

#endif
