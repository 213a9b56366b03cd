/* rouse who: who is on call, by the running rouse (with its overrides) or by a file alone. */
#include <jansson.h>
#include <stdio.h>

#include "base/time.h"
#include "base/url.h"
#include "evaluator/config.h"
#include "host/command_words.h"
#include "host/commands.h"
#include "host/prom_client.h"
#include "host/when.h"
#include "oncall/schedule.h"

struct who_options {
	struct str url, bearer_file, file, at, schedule;
	bool json;
};

static const struct flag flags[] = {
	FLAG_DEFAULT("url", "URL", TEXT, struct who_options, url, "http://localhost:9095",
		     "The rouse to ask."),
	FLAG("config.file", "FILE", TEXT, struct who_options, file,
	     "Ask this file instead: the plan without overrides."),
	FLAG("at", "TIME", TEXT, struct who_options, at,
	     "When; default: now. The past can be asked too."),
	FLAG("schedule", "NAME", TEXT, struct who_options, schedule, "Only this one."),
	FLAG("json", NULL, SWITCH, struct who_options, json, "The answer as JSON."),
	FLAG("bearer-token-file", "FILE", TEXT, struct who_options, bearer_file,
	     "A file with a token for Authorization: Bearer."),
};

static void print(const json_t *data)
{
	json_t *s, *oc;
	size_t i, k;

	json_array_foreach(json_object_get(data, "schedules"), i, s)
	{
		json_t *all = json_object_get(s, "onCall");
		const char *until = command_text(s, "until");

		if (!json_array_size(all))
			printf("%s: nobody%s%s\n", command_text(s, "schedule"),
			       *until ? " until " : "", until);
		json_array_foreach(all, k, oc)
		{
			printf("%s: %s (%s)%s%s\n", command_text(s, "schedule"),
			       command_text(oc, "person"), command_text(oc, "why"),
			       *until ? " until " : "", until);
		}
	}
}

static void show(const json_t *data, bool json)
{
	if (json)
		command_print_json(data);
	else
		print(data);
}

/* ---- by a file --------------------------------------------------------------------------- */
static json_t *time_json(ms_t t)
{
	struct buf b;
	json_t *j;

	if (t == MS_NONE)
		return json_null();
	buf_init(&b, 100);
	time_put_rfc3339(&b, t);
	j = json_string(buf_cstr(&b));
	buf_done(&b);
	return j;
}

static json_t *roster_json(const struct schedule *s, const struct roster *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->n; i++) {
		struct str name = r->v[i].person->name;
		struct buf why;

		buf_init(&why, BUF_MAX_ANY);
		on_call_put_why(&why, &r->v[i]);
		json_array_append_new(all, json_pack("{s:s%, s:s}", "person", name.p, name.n, "why",
						     buf_cstr(&why)));
		buf_done(&why);
	}
	return json_pack("{s:s%, s:o, s:o}", "schedule", s->name.p, s->name.n, "onCall", all,
			 "until", time_json(r->until));
}

static int by_file(const struct who_options *o, ms_t at, struct err *err)
{
	struct config *c = NULL;
	json_t *all, *data;
	bool found = false;

	if (!command_config(o->file, &c))
		return 1;
	all = json_array();
	for (size_t i = 0; i < c->notify->oncall->n_schedules; i++) {
		const struct schedule *s = &c->notify->oncall->schedules[i];
		struct roster r;

		if (o->schedule.n && !str_eq(o->schedule, s->name))
			continue;
		found = true;
		schedule_at(c->notify->oncall, s, NULL, 0, at, &r);
		json_array_append_new(all, roster_json(s, &r));
	}
	data = json_pack("{s:o, s:o}", "at", time_json(at), "schedules", all);
	if (found || !o->schedule.n)
		show(data, o->json);
	json_decref(data);
	config_free(c);
	if (found || !o->schedule.n)
		return 0;
	err_set(err, -1, "there is no schedule \"%.*s\" in %.*s", STR_ARG(o->schedule),
		STR_ARG(o->file));
	return -1;
}

/* ---- by the running rouse ---------------------------------------------------------------- */
static int by_asking(const struct who_options *o, ms_t at, struct arena *a, struct err *err)
{
	struct limits l;
	struct prom_call c = {.method = "GET"};
	struct prom_client *client;
	struct buf b;
	json_t *root;
	int rc = 0;

	limits_default(&l);
	client = command_client(o->url, o->bearer_file, &l, err);
	if (!client)
		return -1;
	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "/api/rouse/v1/who?at=");
	time_put_rfc3339(&b, at);
	buf_adds(&b, "&schedule=");
	url_put_query(&b, o->schedule);
	c.path = arena_str(a, buf_str(&b));
	buf_done(&b);
	if (!prom_client_call(client, &c, a, err)) {
		fprintf(stderr, "rouse who: %s\n", err->msg);
		prom_client_free(client);
		return 2;
	}
	root = json_loadb(c.body.p, c.body.n, 0, NULL);
	if (c.status / 100 == 2) {
		show(json_object_get(root, "data"), o->json);
	} else {
		fprintf(stderr, "rouse who: %s\n",
			*command_text(root, "error") ? command_text(root, "error")
						     : "is there a rouse?");
		rc = 2;
	}
	json_decref(root);
	prom_client_free(client);
	return rc;
}

static int run(int argc, char **argv)
{
	struct who_options o = {.json = false};
	struct flag_texts words;
	struct arena a;
	struct err err;
	ms_t at = when_now();
	int rc = -1;

	arena_init(&a);
	if (flags_parse(&cmd_who, argc, argv, &a, &o, &words, &err)) {
		if (words.n)
			err_set(&err, -1, "unexpected word \"%.*s\"", STR_ARG(words.v[0]));
		else if (o.at.n && !when_parse(o.at, at, &at, &err))
			err_prefix(&err, "--at: ");
		else
			rc = o.file.n ? by_file(&o, at, &err) : by_asking(&o, at, &a, &err);
	}
	if (rc < 0)
		rc = command_usage_error(&cmd_who, &err);
	arena_done(&a);
	return rc;
}

const struct command cmd_who = {
	.name = "who",
	.summary = "Says who is on call, and what decides it.",
	.usage = "[FLAGS]",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
