/* rouse run: the daemon's command line. Flags are named as Prometheus and Alertmanager name them.
 */
#include <stdio.h>

#include "base/fields.h"
#include "base/num.h"
#include "host/commands.h"
#include "host/daemon.h"
#include "host/process.h"
#include "host/url.h"

struct run_options {
	struct daemon_options d;
	struct flag_texts rules, features;
	struct str log_level, log_format;
	struct str max_silences, silence_bytes, alerts_of_name, cluster;
};

#define ARG(name, value, kind, member, help) \
	FLAG(name, value, kind, struct run_options, member, help)
#define ARG_DEFAULT(name, value, kind, member, fallback, help) \
	FLAG_DEFAULT(name, value, kind, struct run_options, member, fallback, help)

static const struct flag flags[] = {
	ARG("config.file", "FILE", TEXT, d.config_file,
	    "rouse.yml, or an alertmanager.yml as it is. Without it the flags below say what to "
	    "do."),
	ARG("prometheus", "URL", TEXT, d.args.prometheus_url, "The Prometheus to ask."),
	ARG("rules", "GLOB", GLOBS, rules,
	    "Rule files; may be given several times or with several files."),
	ARG("discord", "URL", TEXT, d.args.discord, "Page to this Discord webhook."),
	ARG("webhook", "URL", TEXT, d.args.webhook,
	    "Page by POSTing Alertmanager's JSON (version 4) to this address."),
	ARG("email", "ADDRESS", TEXT, d.args.email,
	    "Page to this mail address (with --smtp.smarthost)."),
	ARG("console", NULL, SWITCH, d.args.console, "Print pages on stdout."),
	ARG("smtp.smarthost", "HOST:PORT", TEXT, d.args.smtp_smarthost,
	    "The mail server for --email."),
	ARG("smtp.from", "ADDRESS", TEXT, d.args.smtp_from, "The sender for --email."),
	ARG("group-wait", "DURATION", DURATION, d.args.group_wait,
	    "How long a new group of alerts waits for more before it is told (for the receivers "
	    "given by "
	    "flags)."),
	ARG_DEFAULT("storage.path", "FOLDER", TEXT, d.storage_path, "data/",
		    "Where the state lives: pending and firing alerts, what was sent."),
	ARG_DEFAULT("data.retention", "DURATION", DURATION, d.retention, "120h",
		    "How long to keep what is over."),
	ARG("web.listen-address", "HOST:PORT", TEXTS, d.listen,
	    "Where to serve pages, API and metrics; may be given several times; port 0 takes any "
	    "free "
	    "one and logs it. Default :9095."),
	ARG("web.external-url", "URL", TEXT, d.external_url,
	    "How others reach the pages: for links in messages."),
	ARG("web.route-prefix", "PATH", TEXT, d.route_prefix,
	    "Prefix of all paths. Default: the path of --web.external-url."),
	ARG("web.config.file", "FILE", TEXT, d.web_config_file,
	    "TLS, headers and users, in the format of Prometheus's exporter-toolkit."),
	ARG("enable-feature", "NAMES", TEXTS, features,
	    "As Alertmanager's, separated by commas: classic-mode, utf8-strict-mode (how matchers "
	    "and label names are read). Its others are taken and change nothing."),
	ARG_DEFAULT("dispatch.start-delay", "DURATION", DURATION, d.dispatch_delay, "0s",
		    "As Alertmanager's: after a start nobody is told for so long."),
	{"receivers.allow-exec", NULL, FLAG_SWITCH, offsetof(struct run_options, d.allow_exec),
	 NULL, NULL,
	 "Let exec_configs run commands. Who may change the configuration may then run anything as "
	 "this user."},
	ARG("runbooks.allow-exec", NULL, SWITCH, d.runbook_exec,
	    "Let people run the commands of runbooks from an incident, each by hand. Who may write "
	    "runbooks may then have anything run as this user."),
	ARG("silences.max-silences", "NUMBER", TEXT, max_silences,
	    "How many silences there may be, expired ones too. Default 0: as many as rouse can "
	    "keep."),
	ARG("silences.max-silence-size-bytes", "NUMBER", TEXT, silence_bytes,
	    "How big one silence may be, as Alertmanager counts. Default 0: 64 KiB."),
	ARG("alerts.per-alertname-limit", "NUMBER", TEXT, alerts_of_name,
	    "How many posted alerts there may be with one alertname; more are dropped. Default 0: "
	    "any number."),
	ARG_DEFAULT("cluster.listen-address", "HOST:PORT", TEXT, cluster, "0.0.0.0:9094",
		    "Taken for Alertmanager's sake: rouse has no cluster. Empty: the API's status "
		    "says so."),
	{"log.level", "LEVEL", FLAG_TEXT, offsetof(struct run_options, log_level),
	 "debug info warn error", "info", "What is logged."},
	{"log.format", "FORMAT", FLAG_TEXT, offsetof(struct run_options, log_format), "logfmt json",
	 "logfmt", "How it is logged, on stderr."},
};

static bool check_urls(const struct run_options *o, struct err *err)
{
	const struct {
		const char *flag;
		struct str url;
	} urls[] = {{"prometheus", o->d.args.prometheus_url},
		    {"discord", o->d.args.discord},
		    {"webhook", o->d.args.webhook},
		    {"web.external-url", o->d.external_url}};
	struct url u;

	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		if (!urls[i].url.n)
			continue;
		if (!url_split(urls[i].url, &u, err))
			return err_prefix(err, "--%s: ", urls[i].flag);
		if (!str_starts(u.scheme, "http"))
			return err_set(err, -1, "--%s must begin with http:// or https://",
				       urls[i].flag);
	}
	return true;
}

/* "a,b": the modes of matchers; other features of Alertmanager are on, or not needed. */
static bool read_features(struct str names, enum matcher_mode *mode, struct err *err)
{
	static const char others[] =
		"alert-names-in-metrics receiver-name-in-metrics group-key-in-metrics "
		"auto-gomemlimit auto-gomaxprocs event-recorder";
	enum matcher_mode was = *mode;

	while (names.n) {
		ptrdiff_t comma = str_find_char(names, ',');
		struct str name = comma < 0 ? names : str_cut(names, 0, (size_t)comma);

		names = comma < 0 ? STR("") : str_from(names, (size_t)comma + 1);
		if (str_is(name, "classic-mode"))
			*mode = MATCHERS_CLASSIC;
		else if (str_is(name, "utf8-strict-mode"))
			*mode = MATCHERS_UTF8;
		else if (!fields_has_word(others, name))
			return err_set(err, -1, "--enable-feature: there is no \"%.*s\"",
				       STR_ARG(name));
		if (was != MATCHERS_FALLBACK && was != *mode)
			return err_set(err, -1,
				       "--enable-feature: classic-mode and utf8-strict-mode "
				       "exclude each other");
		was = *mode;
	}
	return true;
}

static bool read_limits(struct run_options *o, struct err *err)
{
	const struct {
		const char *flag;
		struct str text;
		size_t *out;
	} all[] = {
		{"silences.max-silences", o->max_silences, &o->d.max_silences},
		{"silences.max-silence-size-bytes", o->silence_bytes, &o->d.silence_bytes},
		{"alerts.per-alertname-limit", o->alerts_of_name, &o->d.alerts_of_name},
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		uint64_t v = 0;

		if (all[i].text.n && num_uint(all[i].text, 10, &v) != NUM_OK)
			return err_set(err, -1, "--%s: \"%.*s\" is no whole number", all[i].flag,
				       STR_ARG(all[i].text));
		*all[i].out = v;
	}
	return true;
}

static bool complete(struct run_options *o, const struct flag_texts *rest, struct err *err)
{
	static struct str listen[] = {STR(":9095")};

	if (rest->n)
		return err_set(err, -1, "unexpected \"%.*s\"", STR_ARG(rest->v[0]));
	if (!o->d.config_file.n && !o->d.args.prometheus_url.n)
		return err_set(err, -1,
			       "nothing to do: give --config.file, or --prometheus and --rules "
			       "with "
			       "--discord, --webhook, --email or --console");
	for (size_t i = 0; i < o->features.n; i++) {
		if (!read_features(o->features.v[i], &o->d.matcher_mode, err))
			return false;
	}
	if (!o->d.listen.n)
		o->d.listen = (struct flag_texts){listen, 1};
	o->d.args.rule_globs = o->rules.v;
	o->d.args.n_rule_globs = o->rules.n;
	o->d.log_json = str_is(o->log_format, "json");
	o->d.no_cluster = !o->cluster.n;
	return log_level_of(o->log_level, &o->d.log_level) && read_limits(o, err) &&
	       check_urls(o, err);
}

static int run(int argc, char **argv)
{
	struct run_options o = {.d.args.group_wait = MS_NONE, .d.started = process_started()};
	struct flag_texts rest;
	struct arena a;
	struct err err;
	int status;

	process_raise_limits();
	arena_init(&a);
	if (flags_parse(&cmd_run, argc, argv, &a, &o, &rest, &err) && complete(&o, &rest, &err))
		status = daemon_run(&o.d);
	else
		status = command_usage_error(&cmd_run, &err);
	arena_done(&a);
	return status;
}

const struct command cmd_run = {
	.name = "run",
	.summary = "The daemon: evaluates rules, pages, serves the status page.",
	.usage = "[FLAGS]",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
