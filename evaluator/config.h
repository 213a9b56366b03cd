/*
 * rouse.yml, whole: rouse's own keys here, Alertmanager's by notify/config. An unmodified
 * alertmanager.yml is a valid one.
 */
#ifndef EVALUATOR_CONFIG_H
#define EVALUATOR_CONFIG_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/http_config.h"
#include "base/limits.h"
#include "notify/config.h"
#include "promql/labels.h"

struct access;
struct rule_set;

/* Somebody rouse talks HTTP to: Prometheus, a remote-write receiver, an Alertmanager. */
struct endpoint {
	struct str url;	       /* without a trailing slash */
	struct str public_url; /* without user info: what may be shown */
	struct http_config http;
	ms_t timeout;
	struct io_header *headers; /* extra ones (X-Scope-OrgID) */
	size_t n_headers;
};

struct prometheus_config {
	struct endpoint *urls; /* tried in order; all share http and timeout */
	size_t n_urls;
	bool gzip;		   /* ask for compressed answers (far Prometheuses) */
	ms_t evaluation_interval;  /* 1m */
	ms_t rule_query_offset;	   /* 0 */
	ms_t query_timeout;	   /* 30s */
	ms_t resend_delay;	   /* 1m, towards alertmanagers */
	ms_t for_outage_tolerance; /* 1h */
	ms_t for_grace_period;	   /* 10m */
	int blind_after;  /* missed evaluations of a group until rouse calls itself blind: 3 */
	ms_t blind_for;	  /* how long it stays blind until somebody is paged for it: 6m */
	ms_t settle_time; /* after a gap in Prometheus's answers (sight.h): 2m */
	struct labels external_labels;
	struct endpoint *remote_write;	/* NULL: none */
	struct endpoint *alertmanagers; /* forwarded to, beside rouse's own paging */
	size_t n_alertmanagers;
	struct str console_url; /* where links to graphs lead; default the first url */
};

/* Somebody who reports to rouse. */
struct heartbeat_in {
	struct str name;
	ms_t every, grace;
	struct labels labels; /* of the alert: alertname and heartbeat included */
	struct labels annotations;
};

/* Somebody whom rouse tells that it lives. */
struct heartbeat_out {
	struct endpoint to;
	ms_t every;
};

struct config {
	struct arena arena;
	struct str file;
	struct str text; /* as read, secrets replaced by <secret>: for the status API */
	struct prometheus_config prometheus;
	bool has_prometheus;
	struct str *rule_globs; /* as written, joined to the file's folder */
	size_t n_rule_globs;
	struct rule_set *rules;
	struct heartbeat_in *heartbeats_in;
	size_t n_heartbeats_in;
	struct heartbeat_out *heartbeats_out;
	size_t n_heartbeats_out;
	struct access *access; /* evaluator/access.h; NULL: whoever gets in may all */
	struct notify_config *notify;
	int refs;
};

/* What the command line says without or beside a file. */
struct config_args {
	struct str prometheus_url;
	struct str *rule_globs;
	size_t n_rule_globs;
	struct str discord, webhook, email; /* any of them: a receiver "default" */
	struct str smtp_smarthost, smtp_from;
	bool console;	 /* print pages to stdout */
	ms_t group_wait; /* MS_NONE: the default */
};

/* Reads the file (path empty: only args), the rule files it names, templates and secrets' places.
 * Every mistake goes to diags; *out only if there is none. */
ATTR_CHECK bool config_load(struct str path, const struct config_args *args,
			    const struct config_files *files, const struct limits *l,
			    struct config **out, struct diags *diags);
/* The Markdown files of a folder; mistakes go to diags, what could be read is there all the same.
 * The caller owns it. */
struct runbooks *config_load_runbooks(struct str dir, const struct config_files *files,
				      const struct limits *l, struct diags *diags);
struct config *config_ref(struct config *c);
void config_free(struct config *c);
OWNED_DEFINE(config)

#endif
