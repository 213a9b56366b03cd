/* rouse incident, ack, page: what the incident's page does, from the command line. */
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/num.h"
#include "base/time.h"
#include "base/url.h"
#include "host/command_words.h"
#include "host/commands.h"
#include "host/prom_client.h"
#include "host/report_file.h"
#include "host/when.h"

struct incident_options {
	struct str url, bearer_file, by, policy, severity, span, person, seen, from, into, to;
	bool all, json, normal;
};

#define COMMON_FLAGS \
	FLAG_DEFAULT("url", "URL", TEXT, struct incident_options, url, "http://localhost:9095", \
		     "The rouse to ask."), \
		FLAG("by", "NAME", TEXT, struct incident_options, by, \
		     "Who; default: the name of the user."), \
		FLAG("json", NULL, SWITCH, struct incident_options, json, "The answer as JSON."), \
		FLAG("bearer-token-file", "FILE", TEXT, struct incident_options, bearer_file, \
		     "A file with a token for Authorization: Bearer.")

static const struct flag incident_flags[] = {
	COMMON_FLAGS,
	FLAG("all", NULL, SWITCH, struct incident_options, all, "list: also those that are over."),
	FLAG_DEFAULT("for", "DURATION", TEXT, struct incident_options, span, "30m",
		     "snooze: how long."),
	FLAG("person", "NAME", TEXT, struct incident_options, person, "page, assign: whom."),
	FLAG("to", "FOLDER", TEXT, struct incident_options, to,
	     "report: write it into this folder, and commit it where that is under git."),
	FLAG("into", "ID", TEXT, struct incident_options, into, "merge: into which."),
	FLAG("seen", "STEP", TEXT, struct incident_options, seen,
	     "escalate: only if this is still the next step."),
};

static const struct flag ack_flags[] = {COMMON_FLAGS};

static const struct flag page_flags[] = {
	COMMON_FLAGS,
	FLAG("policy", "NAME", TEXT, struct incident_options, policy,
	     "The escalation policy that it goes to."),
	FLAG("severity", "NAME", TEXT, struct incident_options, severity, "Its severity."),
	FLAG("normal", NULL, SWITCH, struct incident_options, normal,
	     "Not urgent: quiet hours and everybody's normal sequence."),
};

static const struct flag stats_flags[] = {
	COMMON_FLAGS,
	FLAG_DEFAULT("from", "TIME", TEXT, struct incident_options, from, "-30d",
		     "Incidents that were opened since then."),
};

struct work {
	const struct command *command;
	struct incident_options o;
	struct prom_client *client;
	struct arena arena;
};

/* ---- talking ----------------------------------------------------------------------------- */
static json_t *call(struct work *w, struct prom_call *c)
{
	return command_call(w->command->name, w->client, c, &w->arena);
}

/* ---- showing ----------------------------------------------------------------------------- */
static void print_incident(const json_t *i)
{
	const char *acked = command_text(i, "acknowledgedBy");

	printf("#%lld  %-12s  %s%s%s  since %s  policy %s\n",
	       (long long)json_integer_value(json_object_get(i, "id")), command_text(i, "status"),
	       command_text(i, "title"), *acked ? "  by " : "", acked, command_text(i, "openedAt"),
	       command_text(i, "policy"));
	if (*command_text(i, "plan"))
		printf("     %s\n", command_text(i, "plan"));
}

/* What may have to do with it. */
static void print_related(const json_t *i)
{
	json_t *e;
	size_t k;

	json_array_foreach(json_object_get(i, "events"), k, e)
		printf("  %s  %s %s%s%s\n", command_text(e, "at"), command_text(e, "kind"),
		       command_text(e, "title"), *command_text(e, "service") ? " of " : "",
		       command_text(e, "service"));
	json_array_foreach(json_object_get(i, "similar"), k, e)
		printf("  similar: #%lld %s, %s%s%s\n",
		       (long long)json_integer_value(json_object_get(e, "id")),
		       command_text(e, "title"), command_text(e, "openedAt"),
		       *command_text(e, "acknowledgedBy") ? ", in the hands of " : "",
		       command_text(e, "acknowledgedBy"));
}

static void print_timeline(const json_t *i)
{
	json_t *e;
	size_t k;

	json_array_foreach(json_object_get(i, "timeline"), k, e)
	{
		const char *who = command_text(e, "who");

		printf("  %s  %-14s %s%s%s\n", command_text(e, "at"), command_text(e, "kind"), who,
		       *who ? ": " : "", command_text(e, "text"));
	}
}

static int list(struct work *w)
{
	struct prom_call c = {.method = "GET",
			      .path = w->o.all ? STR("/api/rouse/v1/incidents?status=all")
					       : STR("/api/rouse/v1/incidents")};
	json_t *data = call(w, &c), *i, *all;
	size_t k;

	if (!data)
		return 2;
	all = json_object_get(data, "incidents");
	if (w->o.json)
		command_print_json(all);
	else if (!json_array_size(all))
		puts("no incidents");
	else
		json_array_foreach(all, k, i) print_incident(i);
	json_decref(data);
	return 0;
}

static int show(struct work *w, struct prom_call *c, bool timeline)
{
	json_t *data = call(w, c);

	if (!data)
		return 2;
	if (w->o.json) {
		command_print_json(data);
	} else {
		print_incident(data);
		if (timeline) {
			print_related(data);
			print_timeline(data);
		}
	}
	json_decref(data);
	return 0;
}

/* ---- doing ------------------------------------------------------------------------------- */
static int act(struct work *w, uint64_t id, const char *verb, struct str text)
{
	struct prom_call c = {.method = "POST"};
	struct json_writer j;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	j = (struct json_writer){.b = &b};
	json_open(&j, NULL, '{');
	json_put(&j, "by", command_user(w->o.by, STR("somebody")));
	json_put(&j, "means", STR("command line"));
	json_put_given(&j, "text", text);
	json_put_given(&j, "for", w->o.span);
	json_put_given(&j, "person", w->o.person);
	json_put_given(&j, "seen", w->o.seen);
	json_close(&j, '}');
	c.json = arena_str(&w->arena, buf_str(&b));
	buf_done(&b);
	c.path = arena_printf(&w->arena, "/api/rouse/v1/incidents/%llu/%s", (unsigned long long)id,
			      verb);
	return show(w, &c, false);
}

static int open_one(struct work *w, struct str title)
{
	struct prom_call c = {.method = "POST", .path = STR("/api/rouse/v1/incidents")};
	struct json_writer j;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	j = (struct json_writer){.b = &b};
	json_open(&j, NULL, '{');
	json_put(&j, "by", command_user(w->o.by, STR("somebody")));
	json_put(&j, "policy", w->o.policy);
	json_put(&j, "title", title);
	json_put_given(&j, "severity", w->o.severity);
	json_put_bool(&j, "urgent", !w->o.normal);
	json_close(&j, '}');
	c.json = arena_str(&w->arena, buf_str(&b));
	buf_done(&b);
	return show(w, &c, false);
}

/* The words from `from` on as one text. */
static struct str join(struct work *w, const struct flag_texts *words, size_t from)
{
	struct buf b;
	struct str s;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = from; i < words->n; i++)
		buf_printf(&b, "%s%.*s", i > from ? " " : "", STR_ARG(words->v[i]));
	s = arena_str(&w->arena, buf_str(&b));
	buf_done(&b);
	return s;
}

static bool read_id(struct str s, uint64_t *id, struct err *err)
{
	if (str_starts(s, "#"))
		s = str_from(s, 1);
	return num_uint(s, 10, id) == NUM_OK ||
	       err_set(err, -1, "\"%.*s\" is no number of an incident", STR_ARG(s));
}

/* The Markdown as it is, or into a folder. */
static int report(struct work *w, uint64_t id)
{
	struct prom_call c = {.method = "GET"};
	struct err err;

	c.path = arena_printf(&w->arena, "/api/rouse/v1/incidents/%llu/report",
			      (unsigned long long)id);
	if (!prom_client_call(w->client, &c, &w->arena, &err) || c.status != 200) {
		fprintf(stderr, "rouse incident: %s\n",
			c.status == 404 ? "there is no incident of that number"
			: c.status	? "is there a rouse?"
					: err.msg);
		return 2;
	}
	if (!w->o.to.n) {
		command_write(STDOUT_FILENO, c.body);
		return 0;
	}
	if (report_file_write(w->o.to, id, c.body, &w->arena, &err))
		return 0;
	fprintf(stderr, "rouse incident: %s\n", err.msg);
	return 2;
}

static int incident(void *arg, const struct flag_texts *words, struct err *err)
{
	struct work *w = arg;
	static const char *const verbs[] = {"ack",    "unack", "escalate", "resolve",  "note",
					    "snooze", "page",  "assign",   "severity", "tell"};
	struct str verb = words->n ? words->v[0] : STR("list");
	struct prom_call c = {.method = "GET"};
	uint64_t id;

	if (str_is(verb, "list"))
		return list(w);
	if (words->n < 2 || !read_id(words->v[1], &id, err)) {
		if (words->n < 2)
			err_set(err, -1, "%.*s which incident? its number", STR_ARG(verb));
		return -1;
	}
	if (str_is(verb, "show")) {
		c.path = arena_printf(&w->arena, "/api/rouse/v1/incidents/%llu",
				      (unsigned long long)id);
		return show(w, &c, true);
	}
	if (str_is(verb, "report"))
		return report(w, id);
	if (str_is(verb, "merge"))
		return act(w, id, "merge", w->o.into);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (str_is(verb, verbs[i]))
			return act(w, id, verbs[i], join(w, words, 2));
	}
	err_set(err, -1,
		"list, show, report, ack, unack, escalate, resolve, note, snooze, page, assign, "
		"severity, merge or tell?");
	return -1;
}

/* ---- numbers ----------------------------------------------------------------------------- */
static void print_median(const json_t *s, const char *key, const char *what)
{
	const json_t *v = json_object_get(s, key);
	struct buf b;

	if (!json_is_number(v))
		return;
	buf_init(&b, 60);
	num_put_duration(&b, (ms_t)json_number_value(v) * SECOND);
	printf("half of them %s within %s\n", what, buf_cstr(&b));
	buf_done(&b);
}

static long long count_of(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static int stats(void *arg, const struct flag_texts *words, struct err *err)
{
	struct work *w = arg;
	struct prom_call c = {.method = "GET"};
	ms_t now = when_now(), from = now - 30 * DAY;
	json_t *data, *p;
	struct buf path;
	size_t i;

	if (words->n) {
		err_set(err, -1, "unexpected word \"%.*s\"", STR_ARG(words->v[0]));
		return -1;
	}
	if (w->o.from.n && !when_parse(w->o.from, now, &from, err)) {
		err_prefix(err, "--from: ");
		return -1;
	}
	buf_init(&path, BUF_MAX_ANY);
	buf_adds(&path, "/api/rouse/v1/stats?from=");
	time_put_rfc3339(&path, from);
	c.path = arena_str(&w->arena, buf_str(&path));
	buf_done(&path);
	data = call(w, &c);
	if (!data)
		return 2;
	if (w->o.json) {
		command_print_json(data);
		json_decref(data);
		return 0;
	}
	printf("%lld incidents since %s, %lld acknowledged, %lld over\n", count_of(data, "opened"),
	       command_text(data, "from"), count_of(data, "acknowledged"),
	       count_of(data, "resolved"));
	print_median(data, "medianSecondsToAcknowledge", "were acknowledged");
	print_median(data, "medianSecondsToResolve", "were over");
	json_array_foreach(json_object_get(data, "people"), i, p)
		printf("%-16s %4lld pages, %lld at night, %lld at a weekend; %lld acknowledged; "
		       "%.0f hours on call\n",
		       command_text(p, "person"), count_of(p, "pages"), count_of(p, "nightPages"),
		       count_of(p, "weekendPages"), count_of(p, "acknowledged"),
		       json_number_value(json_object_get(p, "hoursOnCall")));
	json_decref(data);
	return 0;
}

static int ack(void *arg, const struct flag_texts *words, struct err *err)
{
	struct work *w = arg;
	int rc = 0;
	uint64_t id;

	if (!words->n) {
		err_set(err, -1, "acknowledge which incident? its number, or several");
		return -1;
	}
	for (size_t i = 0; i < words->n && rc == 0; i++)
		rc = read_id(words->v[i], &id, err) ? act(w, id, "ack", STR("")) : -1;
	return rc;
}

static int page(void *arg, const struct flag_texts *words, struct err *err)
{
	struct work *w = arg;

	if (!w->o.policy.n) {
		err_set(err, -1, "page whom? --policy=NAME, one of oncall.policies");
		return -1;
	}
	if (!words->n) {
		err_set(err, -1, "page for what? say it in a few words");
		return -1;
	}
	return open_one(w, join(w, words, 0));
}

static int run(const struct command *command, int argc, char **argv,
	       int (*go)(void *work, const struct flag_texts *words, struct err *err))
{
	struct work w = {.command = command};
	const struct command_talk t = {.options = &w.o,
				       .url = &w.o.url,
				       .bearer_file = &w.o.bearer_file,
				       .arena = &w.arena,
				       .client = &w.client,
				       .go = go,
				       .work = &w};

	return command_talk(command, argc, argv, &t);
}

static int run_incident(int argc, char **argv)
{
	return run(&cmd_incident, argc, argv, incident);
}

static int run_ack(int argc, char **argv)
{
	return run(&cmd_ack, argc, argv, ack);
}

static int run_page(int argc, char **argv)
{
	return run(&cmd_page, argc, argv, page);
}

const struct command cmd_incident = {
	.name = "incident",
	.summary = "Lists and shows incidents, and does what their page does.",
	.usage = "[FLAGS] list | show|report ID | "
		 "ack|unack|escalate|resolve|snooze|page|assign|merge "
		 "ID | note|tell|severity ID TEXT",
	.flags = incident_flags,
	.n_flags = ARRAY_LEN(incident_flags),
	.run = run_incident,
};

const struct command cmd_ack = {
	.name = "ack",
	.summary = "Acknowledges incidents: it is in your hands.",
	.usage = "[FLAGS] ID...",
	.flags = ack_flags,
	.n_flags = ARRAY_LEN(ack_flags),
	.run = run_ack,
};

static int run_stats(int argc, char **argv)
{
	return run(&cmd_stats, argc, argv, stats);
}

const struct command cmd_stats = {
	.name = "stats",
	.summary = "Pages a person, nights, times to acknowledge and to mend.",
	.usage = "[FLAGS]",
	.flags = stats_flags,
	.n_flags = ARRAY_LEN(stats_flags),
	.run = run_stats,
};

const struct command cmd_page = {
	.name = "page",
	.summary = "Opens an incident by hand and pages whom its policy names.",
	.usage = "--policy=NAME [FLAGS] TEXT...",
	.flags = page_flags,
	.n_flags = ARRAY_LEN(page_flags),
	.run = run_page,
};
