/*
 * Alertmanager's part of the configuration: global, route, receivers, as unmodified
 * alertmanager.yml files have it. Every key Alertmanager knows is known; what rouse cannot do yet
 * is refused with words that say so, never taken silently.
 */
#ifndef NOTIFY_CONFIG_H
#define NOTIFY_CONFIG_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/http_config.h"
#include "base/limits.h"
#include "notify/matcher.h"
#include "promql/labels.h"

struct inhibit_rule;
struct oncall_config;
struct person;
struct receiver_kind;
struct runbooks;
struct template_set;
struct time_interval;
struct yaml_node;

struct route {
	struct str id;	/* {}/{a="b"}/0 */
	struct str key; /* {}/{a="b"} */
	struct str receiver;
	struct str fallback; /* receiver of what that one refuses; inherited; default: root's */
	bool fallback_late;  /* written down: it gets what waits too long as well */
	struct str *group_by;
	size_t n_group_by;
	bool group_by_all;
	ms_t group_wait, group_interval, repeat_interval;
	const struct matcher *matchers; /* sorted by name, value, type */
	size_t n_matchers;
	bool goes_on; /* continue: true */
	/* Names are looked up in the configuration; see notify/route.h. */
	const struct time_interval **mute, **active;
	size_t n_mute, n_active;
	unsigned flap_times; /* so many begins within that time are flapping; 0: never; inherited */
	ms_t flap_within;
	bool resolve_while_muted; /* ends are told at once; inherited */
	struct labels labels;	  /* templates over the group's data, with those of the parents */
	struct route **routes;
	size_t n_routes;
	int line;
};

/* One entry of a receiver's xxx_configs. */
struct integration {
	const struct receiver_kind *kind;
	struct str receiver; /* name */
	int index;	     /* in the list of its kind */
	struct str id;	     /* "name/kind/index" */
	bool send_resolved;
	bool update_message;
	struct http_config *http;
	/* As it is printed, where the kind has put a token into http; NULL: http. */
	const struct http_config *http_written;
	bool own_http;	    /* it has an http_config of its own */
	bool nothing;	    /* written as null */
	const void *config; /* the kind's own struct */
	struct str account; /* whose requests tell of answers (notify/hearing.h); empty: none do */
};

/* By what name a service knows somebody. */
struct account {
	struct str kind, user; /* "telegram", "4711" */
	const struct person *person;
};

struct receiver {
	struct str name;
	struct labels labels; /* its own, and its name as "name" */
	struct integration *integrations;
	size_t n;
	int line;
};

struct global_config {
	ms_t resolve_timeout;
	struct http_config http;
	struct str smtp_from, smtp_hello, smtp_smarthost, smtp_auth_username, smtp_auth_password,
		smtp_auth_password_file, smtp_auth_secret, smtp_auth_secret_file,
		smtp_auth_identity;
	bool smtp_require_tls;
	bool smtp_force_implicit_tls, has_smtp_force_implicit_tls;
	struct tls_config smtp_tls;
	/* Of the kinds that have them; the addresses have Alertmanager's defaults. */
	struct str slack_api_url, slack_api_url_file, slack_app_token, slack_app_token_file,
		slack_app_url;
	struct str pagerduty_url;
	struct str opsgenie_api_url, opsgenie_api_key, opsgenie_api_key_file;
	struct str wechat_api_url, wechat_api_secret, wechat_api_secret_file, wechat_api_corp_id;
	struct str victorops_api_url, victorops_api_key, victorops_api_key_file;
	struct str telegram_api_url, telegram_bot_token, telegram_bot_token_file;
	struct str webex_api_url;
	struct str rocketchat_api_url, rocketchat_token, rocketchat_token_file, rocketchat_token_id,
		rocketchat_token_id_file;
	struct str mattermost_webhook_url, mattermost_webhook_url_file;
	struct str jira_api_url;
	bool allow_exec; /* --receivers.allow-exec */
};

struct notify_config {
	struct arena arena;
	struct global_config global;
	struct route *root; /* NULL: nothing is routed anywhere */
	struct receiver *receivers;
	size_t n_receivers;
	struct inhibit_rule *inhibit_rules; /* notify/inhibit.h */
	size_t n_inhibit_rules;
	struct time_interval *time_intervals; /* notify/interval.h; of both keys */
	size_t n_time_intervals;
	struct template_set *templates; /* default templates, then those of `templates:` */
	enum matcher_mode matcher_mode; /* the one it was read in */
	bool flapping;			/* a route asks for it */
	ms_t remind_before;		/* silences: {remind_before}: 0: no reminders */
	struct oncall_config *oncall;	/* oncall/config.h; owned */
	/* How the people of it are reached: a receiver each, in their order, named "person/alice",
	 * with an integration a contact. No route leads there. */
	struct receiver *people;
	size_t n_people;
	struct account *accounts; /* by kind and user */
	size_t n_accounts;
	struct runbooks *runbooks; /* oncall/runbook.h; owned; put in by who reads the whole file */
	const struct yaml_node *written; /* the top-level map, for notify_config_print */
	int refs;
};

/* What the parser needs of the outside: files that the configuration names, and how it is to be
 * read. The host fills it in. */
struct config_files {
	/* The whole file into the arena; false with words. */
	bool (*read)(void *arg, struct str path, struct arena *a, struct str *out, struct err *err);
	/* Paths that match a glob, sorted. */
	bool (*glob)(void *arg, struct str pattern, struct arena *a, struct str **out, size_t *n,
		     struct err *err);
	/* ${env:NAME}; false if unset. */
	bool (*env)(void *arg, struct str name, struct arena *a, struct str *out);
	void *arg;
	ms_t now;			/* wall: plans are looked at from here on */
	enum matcher_mode matcher_mode; /* --enable-feature */
	bool allow_exec;		/* --receivers.allow-exec */
	bool lenient_runbooks; /* mistakes in runbooks are told and refuse nothing: the daemon */
};

/* Reads the Alertmanager keys of the top-level map (others are left alone: the caller knows them).
 * Every mistake goes to diags. `file` is for messages, its folder is what relative files stand in.
 */
ATTR_CHECK bool notify_config_parse(const struct yaml_node *top, struct str file,
				    const struct config_files *files, const struct limits *l,
				    struct notify_config **out, struct diags *diags);
/* The configuration as Alertmanager prints its own in /api/v2/status: its keys in its order, with
 * defaults, secrets as <secret>. */
void notify_config_print(const struct notify_config *c, struct buf *out);
/* The lines of the file's text that are Alertmanager's: what its strict readers can load. */
void notify_config_original(const struct notify_config *c, struct str text, struct buf *out);
struct notify_config *notify_config_ref(struct notify_config *c);
void notify_config_free(struct notify_config *c); /* drops a reference */
OWNED_DEFINE(notify_config)

/* NULL: there is none of that name. */
const struct time_interval *notify_config_interval(const struct notify_config *c, struct str name);
/* The name of the person; empty: a stranger. */
struct str notify_config_person(const struct notify_config *c, const char *kind, struct str user);
const struct receiver *notify_config_receiver(const struct notify_config *c, struct str name);

#endif
