/* rouse silence: makes, lists and ends silences of a rouse (or an Alertmanager), and shows what one
 * would catch before it is made. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/num.h"
#include "base/time.h"
#include "base/url.h"
#include "host/command_words.h"
#include "host/commands.h"
#include "host/prom_client.h"
#include "host/when.h"
#include "notify/matcher.h"
#include "promql/matcher.h"

struct silence_options {
	struct str url, bearer_file, start, comment, author;
	ms_t span;
	bool until_resolved, dry_run, expired, json;
};

static const struct flag flags[] = {
	FLAG_DEFAULT("url", "URL", TEXT, struct silence_options, url, "http://localhost:9095",
		     "The rouse to ask."),
	FLAG_DEFAULT("for", "DURATION", DURATION, struct silence_options, span, "1h",
		     "add: how long it holds."),
	FLAG("start", "TIME", TEXT, struct silence_options, start,
	     "add: from then on; default: from now."),
	FLAG("comment", "TEXT", TEXT, struct silence_options, comment, "add: why."),
	FLAG("author", "NAME", TEXT, struct silence_options, author,
	     "add: who; default: the name of the user."),
	FLAG("until-resolved", NULL, SWITCH, struct silence_options, until_resolved,
	     "add: it ends as well when nothing that it catches fires any more."),
	FLAG("dry-run", NULL, SWITCH, struct silence_options, dry_run,
	     "add: only show what it would catch now."),
	FLAG("expired", NULL, SWITCH, struct silence_options, expired,
	     "list: also those that are over."),
	FLAG("json", NULL, SWITCH, struct silence_options, json, "The answers as JSON."),
	FLAG("bearer-token-file", "FILE", TEXT, struct silence_options, bearer_file,
	     "A file with a token for Authorization: Bearer."),
};

struct work {
	struct silence_options o;
	struct prom_client *client;
	struct arena arena;
	struct matcher *v;
	size_t n;
};

/* ---- talking ----------------------------------------------------------------------------- */
/* Whether the answer is 2xx; else what it says is said. */
static bool call(struct work *w, struct prom_call *c)
{
	struct err err;

	if (!prom_client_call(w->client, c, &w->arena, &err)) {
		fprintf(stderr, "rouse silence: %s\n", err.msg);
		return false;
	}
	if (c->status / 100 == 2)
		return true;
	fprintf(stderr, "rouse silence: HTTP status %d: %.*s\n", c->status,
		STR_ARG(str_trim(c->body)));
	return false;
}

static json_t *get(struct work *w, const char *path)
{
	struct prom_call c = {.method = "GET"};
	const char *mark = "?";
	json_t *root;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, path);
	for (size_t i = 0; i < w->n; i++) {
		struct buf m;

		buf_init(&m, BUF_MAX_ANY);
		am_matcher_put(&m, &w->v[i]);
		buf_printf(&b, "%sfilter=", mark);
		url_put_query(&b, buf_str(&m));
		buf_done(&m);
		mark = "&";
	}
	c.path = arena_str(&w->arena, buf_str(&b));
	buf_done(&b);
	if (!call(w, &c))
		return NULL;
	root = json_loadb(c.body.p, c.body.n, 0, NULL);
	if (!json_is_array(root)) {
		fprintf(stderr, "rouse silence: the answer is no list: is there a rouse?\n");
		json_decref(root);
		return NULL;
	}
	return root;
}

/* ---- add --------------------------------------------------------------------------------- */
static void print_labels(const json_t *labels)
{
	const char *key, *comma = "";
	json_t *v;

	printf("  %s{", command_text(labels, "alertname"));
	json_object_foreach((json_t *)(uintptr_t)labels, key, v)
	{
		if (strcmp(key, "alertname") == 0)
			continue;
		printf("%s%s=\"%s\"", comma, key, json_string_value(v));
		comma = ", ";
	}
	puts("}");
}

/* What fires now and would be caught. */
static int preview(struct work *w)
{
	json_t *root = get(w, "/api/v2/alerts"), *al;
	size_t i;

	if (!root)
		return 2;
	if (w->o.json) {
		command_print_json(root);
	} else {
		printf("%s %zu alert%s that fire%s now%s\n",
		       w->o.dry_run ? "would catch" : "catches", json_array_size(root),
		       json_array_size(root) == 1 ? "" : "s", json_array_size(root) == 1 ? "s" : "",
		       json_array_size(root) ? ":" : "");
		json_array_foreach(root, i, al) print_labels(json_object_get(al, "labels"));
	}
	json_decref(root);
	return 0;
}

static void put_time(struct json_writer *jw, const char *key, ms_t t)
{
	struct buf b;

	buf_init(&b, 64);
	time_put_rfc3339_milli(&b, t);
	json_put(jw, key, buf_str(&b));
	buf_done(&b);
}

static void put_silence(struct buf *b, const struct work *w, ms_t start)
{
	struct json_writer jw = {.b = b};

	json_open(&jw, NULL, '{');
	json_open(&jw, "matchers", '[');
	for (size_t i = 0; i < w->n; i++) {
		enum match_op op = w->v[i].op;

		json_open(&jw, NULL, '{');
		json_put(&jw, "name", w->v[i].name);
		json_put(&jw, "value", w->v[i].value);
		json_put_bool(&jw, "isRegex", op == MATCH_RE || op == MATCH_NRE);
		json_put_bool(&jw, "isEqual", op == MATCH_EQ || op == MATCH_RE);
		json_close(&jw, '}');
	}
	json_close(&jw, ']');
	put_time(&jw, "startsAt", start);
	put_time(&jw, "endsAt", start + w->o.span);
	json_put(&jw, "createdBy", command_user(w->o.author, STR("unknown")));
	json_put(&jw, "comment", w->o.comment);
	if (w->o.until_resolved) {
		json_open(&jw, "annotations", '{');
		json_put(&jw, "until_resolved", STR("true"));
		json_close(&jw, '}');
	}
	json_close(&jw, '}');
}

static int add(struct work *w, ms_t start)
{
	struct prom_call c = {.method = "POST", .path = STR("/api/v2/silences")};
	json_t *root;
	struct buf b;
	int rc = preview(w);

	if (rc || w->o.dry_run)
		return rc;
	buf_init(&b, BUF_MAX_ANY);
	put_silence(&b, w, start);
	c.json = arena_str(&w->arena, buf_str(&b));
	buf_done(&b);
	if (!call(w, &c))
		return 2;
	root = json_loadb(c.body.p, c.body.n, 0, NULL);
	printf("%s\n", command_text(root, "silenceID"));
	json_decref(root);
	return 0;
}

/* ---- list and end ------------------------------------------------------------------------ */
static void print_silence(const json_t *s)
{
	json_t *m;
	size_t i;

	printf("%s  %-7s until %s  by %s  {", command_text(s, "id"),
	       command_text(json_object_get(s, "status"), "state"), command_text(s, "endsAt"),
	       command_text(s, "createdBy"));
	json_array_foreach(json_object_get(s, "matchers"), i, m)
	{
		bool regex = json_is_true(json_object_get(m, "isRegex"));
		bool equal = !json_is_false(json_object_get(m, "isEqual"));

		printf("%s%s%s\"%s\"", i ? ", " : "", command_text(m, "name"),
		       equal   ? regex ? "=~" : "="
		       : regex ? "!~"
			       : "!=",
		       command_text(m, "value"));
	}
	printf("}  %s\n", command_text(s, "comment"));
}

static int list(struct work *w)
{
	json_t *root = get(w, "/api/v2/silences"), *s;
	size_t i, n = 0;

	if (!root)
		return 2;
	if (w->o.json) {
		command_print_json(root);
		json_decref(root);
		return 0;
	}
	json_array_foreach(root, i, s)
	{
		if (!w->o.expired &&
		    strcmp(command_text(json_object_get(s, "status"), "state"), "expired") == 0)
			continue;
		print_silence(s);
		n++;
	}
	if (!n)
		puts("no silences");
	json_decref(root);
	return 0;
}

static int end(struct work *w, const struct flag_texts *words)
{
	for (size_t i = 1; i < words->n; i++) {
		struct prom_call c = {.method = "DELETE"};
		struct buf b;

		buf_init(&b, BUF_MAX_ANY);
		buf_adds(&b, "/api/v2/silence/");
		url_put_path(&b, words->v[i]);
		c.path = arena_str(&w->arena, buf_str(&b));
		buf_done(&b);
		if (!call(w, &c))
			return 2;
		printf("ended %.*s\n", STR_ARG(words->v[i]));
	}
	return 0;
}

/* ---- the command ------------------------------------------------------------------------- */
/* A name alone stands for alertname="name", as amtool has it. */
static bool read_matchers(struct work *w, const struct flag_texts *words, struct err *err)
{
	w->v = ARENA_ARRAY(&w->arena, struct matcher, words->n);
	for (size_t i = 1; i < words->n; i++) {
		struct str text = words->v[i];
		bool bare = true;

		for (size_t k = 0; k < text.n; k++)
			bare &= !strchr("={~!\"", text.p[k]);
		if (bare)
			text = arena_printf(&w->arena, "alertname=\"%.*s\"", STR_ARG(text));
		if (!am_matcher_parse(MATCHERS_FALLBACK, text, &w->arena, &w->v[w->n++], err))
			return false;
	}
	return true;
}

static int work(void *arg, const struct flag_texts *words, struct err *err)
{
	struct work *w = arg;
	struct str verb = words->n ? words->v[0] : STR("");
	ms_t start = when_now();

	if (str_is(verb, "end") && words->n > 1)
		return end(w, words);
	if (str_is(verb, "end")) {
		err_set(err, -1, "end which silence? its id, or several");
		return -1;
	}
	if (!str_is(verb, "add") && !str_is(verb, "list")) {
		err_set(err, -1, "add, list or end?");
		return -1;
	}
	if (!read_matchers(w, words, err))
		return -1;
	if (str_is(verb, "list"))
		return list(w);
	if (!w->n) {
		err_set(err, -1,
			"add a silence for what? matchers like alertname=Down instance=~\"db.*\"");
		return -1;
	}
	if (w->o.start.n && !when_parse(w->o.start, start, &start, err)) {
		err_prefix(err, "--start: ");
		return -1;
	}
	return add(w, start);
}

static int run(int argc, char **argv)
{
	struct work w = {.n = 0};
	const struct command_talk t = {.options = &w.o,
				       .url = &w.o.url,
				       .bearer_file = &w.o.bearer_file,
				       .arena = &w.arena,
				       .client = &w.client,
				       .go = work,
				       .work = &w};

	return command_talk(&cmd_silence, argc, argv, &t);
}

const struct command cmd_silence = {
	.name = "silence",
	.summary = "Makes, lists and ends silences; shows what one would catch.",
	.usage = "[FLAGS] add MATCHERS... | list [MATCHERS...] | end ID...",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
