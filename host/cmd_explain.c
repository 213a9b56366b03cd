/* rouse explain: why somebody is (or was) told of an alert, or not, as the daemon knows it;
 * rouse explain timing: when who would be told, by a configuration file. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "base/time.h"
#include "base/url.h"
#include "evaluator/config.h"
#include "host/command_words.h"
#include "host/commands.h"
#include "host/diag_text.h"
#include "host/files.h"
#include "host/prom_client.h"
#include "host/when.h"
#include "notify/matcher.h"
#include "notify/timing.h"

struct explain_options {
	struct str url, at, receiver, config, bearer_file, sends;
	bool json;
};

static const struct flag flags[] = {
	FLAG_DEFAULT("url", "URL", TEXT, struct explain_options, url, "http://localhost:9095",
		     "The rouse to ask."),
	FLAG("at", "TIME", TEXT, struct explain_options, at,
	     "Then instead of now: -1h, Unix seconds or RFC 3339. With timing: when the alert "
	     "begins."),
	FLAG("receiver", "NAME", TEXT, struct explain_options, receiver, "Only this receiver."),
	FLAG("json", NULL, SWITCH, struct explain_options, json, "The answer as JSON."),
	FLAG("bearer-token-file", "FILE", TEXT, struct explain_options, bearer_file,
	     "A file with a token for Authorization: Bearer."),
	FLAG_DEFAULT("config", "FILE", TEXT, struct explain_options, config, "rouse.yml",
		     "With timing: the configuration."),
	FLAG_DEFAULT("sends", "N", TEXT, struct explain_options, sends, "10",
		     "With timing: how many sends to each integration."),
};

/* The words of the command line as one, matchers with commas between. */
static struct str joined(const struct flag_texts *words, size_t from, struct arena *a)
{
	struct str s = {0};

	for (size_t i = from; i < words->n; i++)
		s = arena_printf(a, "%.*s%s%.*s", STR_ARG(s), s.n ? "," : "", STR_ARG(words->v[i]));
	return s;
}

/* ---- asking the daemon ------------------------------------------------------------------- */
static void put_labels(struct buf *b, const json_t *labels)
{
	const char *key, *comma = "";
	json_t *v;

	buf_adds(b, command_text(labels, "alertname"));
	buf_addc(b, '{');
	json_object_foreach((json_t *)(uintptr_t)labels, key, v)
	{
		if (strcmp(key, "alertname") == 0)
			continue;
		buf_printf(b, "%s%s=\"%s\"", comma, key, json_string_value(v));
		comma = ", ";
	}
	buf_addc(b, '}');
}

static void put_alert(struct buf *b, const json_t *al)
{
	json_t *x;
	size_t i;

	put_labels(b, json_object_get(al, "labels"));
	if (json_is_true(json_object_get(al, "firing")))
		buf_printf(b, " fires since %s\n", command_text(al, "startsAt"));
	else
		buf_printf(b, " is over since %s\n", command_text(al, "endsAt"));
	json_array_foreach(json_object_get(al, "decisions"), i, x)
	{
		const char *to = command_text(x, "integration");

		buf_printf(b, "  %s: %s\n", *to ? to : command_text(x, "receiver"),
			   command_text(x, "text"));
	}
	json_array_foreach(json_object_get(al, "timeline"), i, x)
		buf_printf(b, "    %s  %s\n", command_text(x, "at"), command_text(x, "text"));
}

static void put_rule(struct buf *b, const json_t *r)
{
	json_t *al;
	size_t i;

	buf_printf(b, "rule %s (%s:%d): %s\n", command_text(r, "name"), command_text(r, "file"),
		   (int)json_integer_value(json_object_get(r, "line")), command_text(r, "text"));
	json_array_foreach(json_object_get(r, "alerts"), i, al)
	{
		buf_adds(b, "  ");
		put_labels(b, json_object_get(al, "labels"));
		buf_printf(b, ": %s\n", command_text(al, "text"));
	}
}

/* 0: something is known; 1: nothing is. */
static int print(struct str body, bool json, struct str alert)
{
	json_t *root = json_loadb(body.p, body.n, 0, NULL), *data, *x;
	size_t n, i;
	struct buf b;

	data = json_object_get(root, "data");
	n = json_array_size(json_object_get(data, "alerts")) +
	    json_array_size(json_object_get(data, "rules"));
	buf_init(&b, BUF_MAX_ANY);
	if (json) {
		buf_add(&b, body);
	} else {
		json_array_foreach(json_object_get(data, "rules"), i, x) put_rule(&b, x);
		json_array_foreach(json_object_get(data, "alerts"), i, x) put_alert(&b, x);
		if (!n)
			buf_printf(&b, "no rule and no alert that is remembered is %.*s\n",
				   STR_ARG(alert));
	}
	if (b.n && buf_str(&b).p[b.n - 1] != '\n')
		buf_addc(&b, '\n');
	command_write(STDOUT_FILENO, buf_str(&b));
	buf_done(&b);
	json_decref(root);
	return n ? 0 : 1;
}

static bool build_path(const struct explain_options *o, struct str alert, struct arena *a,
		       struct str *out, struct err *err)
{
	struct buf b;
	ms_t at;

	if (o->at.n && !when_parse(o->at, when_now(), &at, err))
		return err_prefix(err, "--at: ");
	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "/api/rouse/v1/explain?alert=");
	url_put_query(&b, alert);
	if (o->receiver.n) {
		buf_adds(&b, "&receiver=");
		url_put_query(&b, o->receiver);
	}
	if (o->at.n) {
		buf_adds(&b, "&at=");
		num_put_float(&b, (double)at / 1e3, 'f', -1);
	}
	*out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return true;
}

static int ask(const struct explain_options *o, const struct flag_texts *words, struct arena *a,
	       struct err *err)
{
	struct limits l;
	struct str alert = joined(words, 0, a), path, body;
	OWNED(prom_client) c = NULL;

	limits_default(&l);
	if (!alert.n) {
		err_set(err, -1,
			"which alert? its name, or matchers like alertname=Down instance=a");
		return -1;
	}
	if (!build_path(o, alert, a, &path, err))
		return -1;
	c = command_client(o->url, o->bearer_file, &l, err);
	if (!c || !prom_client_get(c, path, a, &body, err)) {
		fprintf(stderr, "rouse explain: %s\n", err->msg);
		return 2;
	}
	return print(body, o->json, alert);
}

/* ---- timing ------------------------------------------------------------------------------ */
struct listing {
	struct buf b;
	struct json_t *json;
	struct str receiver;
	size_t n;
};

static bool put_send(void *arg, const struct timing_send *s)
{
	struct listing *l = arg;
	struct buf at, after;

	if (l->receiver.n && !(str_eq(str_cut(s->integration, 0, l->receiver.n), l->receiver) &&
			       str_starts(str_from(s->integration, l->receiver.n), "/")))
		return true;
	l->n++;
	buf_init(&at, 64);
	buf_init(&after, 64);
	time_put_rfc3339(&at, s->at);
	num_put_duration(&after, s->after);
	if (l->json)
		json_array_append_new(l->json,
				      json_pack("{s:s, s:s, s:s%, s:s%}", "at", buf_cstr(&at),
						"after", buf_cstr(&after), "integration",
						s->integration.p, s->integration.n, "reason",
						s->reason.p, s->reason.n));
	else
		buf_printf(&l->b, "%-12s %s  %.*s: %.*s\n", buf_cstr(&after), buf_cstr(&at),
			   STR_ARG(s->integration), STR_ARG(s->reason));
	buf_done(&at);
	buf_done(&after);
	return true;
}

static int list_sends(const struct explain_options *o, const struct config *cfg,
		      const struct timing_query *q)
{
	struct listing l = {.receiver = o->receiver, .json = o->json ? json_array() : NULL};
	struct limits limits;

	limits_default(&limits);
	buf_init(&l.b, BUF_MAX_ANY);
	notify_timing(cfg->notify, &limits, q, put_send, &l);
	return command_print_list(&l.b, l.json, l.n, "nobody would be told within a year");
}

static int timing(const struct explain_options *o, const struct flag_texts *words, struct arena *a,
		  struct err *err)
{
	OWNED(config) cfg = NULL;
	struct str text = joined(words, 1, a);
	struct timing_query q = {.start = when_now()};
	int64_t sends = 0;

	if (o->at.n && !when_parse(o->at, q.start, &q.start, err)) {
		err_prefix(err, "--at: ");
		return -1;
	}
	if (num_int(o->sends, 10, &sends) != NUM_OK || sends < 1 || sends > 10000) {
		err_set(err, -1, "--sends: a number from 1 to 10000, not %.*s", STR_ARG(o->sends));
		return -1;
	}
	if (!text.n) {
		err_set(err, -1, "timing of which alert? its labels: alertname=Down severity=page");
		return -1;
	}
	if (!command_labels(text, a, &q.labels, err))
		return -1;
	q.most = (size_t)sends;
	return command_config(o->config, &cfg) ? list_sends(o, cfg, &q) : 1;
}

/* ---- the command ------------------------------------------------------------------------- */
static int run(int argc, char **argv)
{
	struct explain_options o = {0};
	struct flag_texts words;
	struct arena a;
	struct err err;
	int rc = -1;

	arena_init(&a);
	if (flags_parse(&cmd_explain, argc, argv, &a, &o, &words, &err))
		rc = words.n && str_is(words.v[0], "timing") ? timing(&o, &words, &a, &err)
							     : ask(&o, &words, &a, &err);
	if (rc < 0)
		rc = command_usage_error(&cmd_explain, &err);
	arena_done(&a);
	return rc;
}

const struct command cmd_explain = {
	.name = "explain",
	.summary = "Says why somebody is (or was) told of an alert, or not; or when they would be.",
	.usage = "[FLAGS] ALERT | timing [FLAGS] LABELS...",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
