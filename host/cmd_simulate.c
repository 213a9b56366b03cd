/* rouse simulate: who would be paged, how and when, if an alert fired and nobody answered. */
#include <jansson.h>
#include <string.h>

#include "base/num.h"
#include "base/time.h"
#include "evaluator/config.h"
#include "host/command_words.h"
#include "host/commands.h"
#include "host/when.h"
#include "notify/timing.h"
#include "oncall/config.h"

struct simulate_options {
	struct str config, alert, at;
	ms_t span;
	bool json;
};

static const struct flag flags[] = {
	FLAG_DEFAULT("config.file", "FILE", TEXT, struct simulate_options, config, "rouse.yml",
		     "The configuration."),
	FLAG("alert", "LABELS", TEXT, struct simulate_options, alert,
	     "The alert: alertname=Down,severity=page"),
	FLAG("at", "TIME", TEXT, struct simulate_options, at,
	     "When it begins to fire; default: now."),
	FLAG_DEFAULT("for", "DURATION", DURATION, struct simulate_options, span, "1h",
		     "How long nobody answers."),
	FLAG("json", NULL, SWITCH, struct simulate_options, json, "The answer as JSON."),
};

struct listing {
	struct buf b;
	json_t *json; /* NULL: text */
	const struct oncall_config *plan;
	size_t n;
};

/* "person/alice/telegram/0" to "alice by push". */
static struct str whom(const struct oncall_config *c, struct str integration, struct arena *a)
{
	struct str rest = str_from(integration, strlen("person/"));
	ptrdiff_t slash = str_find_char(rest, '/');
	const struct person *p =
		slash < 0 ? NULL : oncall_person(c, str_cut(rest, 0, (size_t)slash));
	int64_t contact = -1;

	if (!p || !str_starts(integration, "person/"))
		return integration;
	while ((slash = str_find_char(rest, '/')) >= 0)
		rest = str_from(rest, (size_t)slash + 1);
	if (num_int(rest, 10, &contact) != NUM_OK || contact < 0 ||
	    (size_t)contact >= p->n_contacts)
		return integration;
	return arena_printf(a, "%.*s by %.*s", STR_ARG(p->name),
			    STR_ARG(p->contacts[contact].name));
}

static bool put(void *arg, const struct timing_send *s)
{
	struct listing *l = arg;
	struct buf at, after;
	struct arena a;
	struct str who;

	if (str_find(s->integration, STR("/oncall/")) >= 0)
		return true; /* the people behind it follow */
	arena_init(&a);
	buf_init(&at, 64);
	buf_init(&after, 64);
	time_put_rfc3339(&at, s->at);
	num_put_duration(&after, s->after);
	who = whom(l->plan, s->integration, &a);
	l->n++;
	if (l->json)
		json_array_append_new(l->json,
				      json_pack("{s:s, s:s, s:s%, s:s%}", "at", buf_cstr(&at),
						"after", buf_cstr(&after), "who", who.p, who.n,
						"why", s->reason.p, s->reason.n));
	else
		buf_printf(&l->b, "%-10s %s  %.*s (%.*s)\n", buf_cstr(&after), buf_cstr(&at),
			   STR_ARG(who), STR_ARG(s->reason));
	buf_done(&at);
	buf_done(&after);
	arena_done(&a);
	return true;
}

static int print(const struct simulate_options *o, const struct config *c,
		 const struct timing_query *q)
{
	struct listing l = {.json = o->json ? json_array() : NULL, .plan = c->notify->oncall};
	struct limits limits;

	limits_default(&limits);
	buf_init(&l.b, BUF_MAX_ANY);
	notify_timing(c->notify, &limits, q, put, &l);
	return command_print_list(&l.b, l.json, l.n, "nobody would be told");
}

static int simulate(const struct simulate_options *o, struct arena *a, struct err *err)
{
	struct timing_query q = {.start = when_now(), .most = SIZE_MAX, .span = o->span};
	OWNED(config) c = NULL;

	if (o->at.n && !when_parse(o->at, q.start, &q.start, err)) {
		err_prefix(err, "--at: ");
		return -1;
	}
	if (!o->alert.n) {
		err_set(err, -1, "which alert? --alert=alertname=Down,severity=page");
		return -1;
	}
	if (o->span <= 0 || o->span > 30 * DAY) {
		err_set(err, -1, "--for: up to 30d");
		return -1;
	}
	if (!command_labels(o->alert, a, &q.labels, err)) {
		err_prefix(err, "--alert: ");
		return -1;
	}
	return command_config(o->config, &c) ? print(o, c, &q) : 1;
}

static int run(int argc, char **argv)
{
	struct simulate_options o = {.json = false};
	struct flag_texts words;
	struct arena a;
	struct err err;
	int rc = -1;

	arena_init(&a);
	if (flags_parse(&cmd_simulate, argc, argv, &a, &o, &words, &err)) {
		if (words.n)
			err_set(&err, -1, "unexpected word \"%.*s\"", STR_ARG(words.v[0]));
		else
			rc = simulate(&o, &a, &err);
	}
	if (rc < 0)
		rc = command_usage_error(&cmd_simulate, &err);
	arena_done(&a);
	return rc;
}

const struct command cmd_simulate = {
	.name = "simulate",
	.summary = "Says who would be paged, how and when, if nobody answered.",
	.usage = "--alert=LABELS [FLAGS]",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
