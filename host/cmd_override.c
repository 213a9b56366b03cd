/* rouse override: who is on call in spite of the plan: lists, makes and ends changes of it. */
#include <jansson.h>
#include <stdio.h>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/num.h"
#include "base/time.h"
#include "base/url.h"
#include "host/command_words.h"
#include "host/commands.h"
#include "host/prom_client.h"
#include "host/when.h"

#define PATH "/api/rouse/v1/overrides"

struct override_options {
	struct str url, bearer_file, by, schedule, add, remove, only, from, to;
	ms_t span;
	bool all, json;
};

static const struct flag flags[] = {
	FLAG_DEFAULT("url", "URL", TEXT, struct override_options, url, "http://localhost:9095",
		     "The rouse to ask."),
	FLAG("schedule", "NAME", TEXT, struct override_options, schedule,
	     "add, swap: whose plan is changed; list: only this one's."),
	FLAG("add", "NAME", TEXT, struct override_options, add, "add: who is on call."),
	FLAG("remove", "NAME", TEXT, struct override_options, remove,
	     "add: who is not; with --add: in whose place, while that one is on call."),
	FLAG("only", "NAME", TEXT, struct override_options, only,
	     "add: who is on call whatever the plan says, or nobody."),
	FLAG("from", "TIME", TEXT, struct override_options, from,
	     "add, swap: from then on; default: from now."),
	FLAG("to", "TIME", TEXT, struct override_options, to, "add, swap: until then."),
	FLAG("for", "DURATION", DURATION, struct override_options, span,
	     "add, swap: instead of --to, so long."),
	FLAG("all", NULL, SWITCH, struct override_options, all, "list: also those that are over."),
	FLAG("by", "NAME", TEXT, struct override_options, by,
	     "Who; default: the name of the user."),
	FLAG("json", NULL, SWITCH, struct override_options, json, "The answer as JSON."),
	FLAG("bearer-token-file", "FILE", TEXT, struct override_options, bearer_file,
	     "A file with a token for Authorization: Bearer."),
};

struct work {
	struct override_options o;
	struct prom_client *client;
	struct arena arena;
	ms_t now;
};

static json_t *call(struct work *w, struct prom_call *c)
{
	return command_call("override", w->client, c, &w->arena);
}

/* ---- list -------------------------------------------------------------------------------- */
static void put_line(struct buf *b, const json_t *o)
{
	buf_printf(b, "#%lld  %s: %s  from %s to %s  by %s\n",
		   (long long)json_integer_value(json_object_get(o, "id")),
		   command_text(o, "schedule"), command_text(o, "what"), command_text(o, "from"),
		   command_text(o, "to"), command_text(o, "by"));
}

static int list(struct work *w)
{
	struct prom_call c = {.method = "GET",
			      .path = w->o.all ? STR(PATH "?status=all") : STR(PATH)};
	json_t *data = call(w, &c), *shown, *o;
	struct buf text;
	size_t i;

	if (!data)
		return 2;
	shown = json_array();
	buf_init(&text, BUF_MAX_ANY);
	json_array_foreach(json_object_get(data, "overrides"), i, o)
	{
		if (w->o.schedule.n && !str_is(w->o.schedule, command_text(o, "schedule")))
			continue;
		json_array_append(shown, o);
		put_line(&text, o);
	}
	json_decref(data);
	if (!w->o.json) {
		json_decref(shown);
		shown = NULL;
	}
	command_print_list(&text, shown, text.n, "no overrides");
	return 0;
}

/* ---- add and swap ------------------------------------------------------------------------ */
static void put_time(struct json_writer *jw, const char *key, ms_t t)
{
	struct buf b;

	buf_init(&b, 64);
	time_put_rfc3339(&b, t);
	json_put(jw, key, buf_str(&b));
	buf_done(&b);
}

static bool read_span(const struct work *w, ms_t *from, ms_t *to, struct err *err)
{
	*from = w->now;
	if (!w->o.schedule.n)
		return err_set(err, -1, "of which schedule? --schedule=NAME");
	if (w->o.from.n && !when_parse(w->o.from, w->now, from, err))
		return err_prefix(err, "--from: ");
	if (!w->o.to.n == !w->o.span)
		return err_set(err, -1, "until when? --to=TIME or --for=DURATION");
	*to = *from + w->o.span;
	if (w->o.to.n && !when_parse(w->o.to, w->now, to, err))
		return err_prefix(err, "--to: ");
	return true;
}

static void put_who(struct json_writer *jw, const struct work *w, const struct flag_texts *words)
{
	if (words->n == 3) {
		json_open(jw, "swap", '[');
		json_put(jw, NULL, words->v[1]);
		json_put(jw, NULL, words->v[2]);
		json_close(jw, ']');
	} else if (w->o.only.n) {
		json_put(jw, "kind", STR("temporary"));
		json_put(jw, "add", str_is(w->o.only, "nobody") ? STR("") : w->o.only);
	} else {
		json_put_given(jw, "add", w->o.add);
		json_put_given(jw, "remove", w->o.remove);
	}
}

static int make(struct work *w, const struct flag_texts *words, struct err *err)
{
	struct prom_call c = {.method = "POST", .path = STR(PATH)};
	struct json_writer jw;
	json_t *data;
	struct buf b;
	ms_t from, to;

	if (!read_span(w, &from, &to, err))
		return -1;
	buf_init(&b, BUF_MAX_ANY);
	jw = (struct json_writer){.b = &b};
	json_open(&jw, NULL, '{');
	json_put(&jw, "schedule", w->o.schedule);
	put_who(&jw, w, words);
	put_time(&jw, "from", from);
	put_time(&jw, "to", to);
	json_put(&jw, "by", command_user(w->o.by, STR("somebody")));
	json_put(&jw, "means", STR("command line"));
	json_close(&jw, '}');
	c.json = arena_str(&w->arena, buf_str(&b));
	buf_done(&b);
	data = call(w, &c);
	if (!data)
		return 2;
	if (w->o.json)
		command_print_json(data);
	else
		printf("#%lld\n", (long long)json_integer_value(json_object_get(data, "id")));
	json_decref(data);
	return 0;
}

static int add(struct work *w, const struct flag_texts *words, struct err *err)
{
	if (words->n > 1) {
		err_set(err, -1, "unexpected word \"%.*s\"", STR_ARG(words->v[1]));
		return -1;
	}
	if (w->o.only.n ? w->o.add.n || w->o.remove.n : !w->o.add.n && !w->o.remove.n) {
		err_set(err, -1, "whom? --add, --remove or both, or --only");
		return -1;
	}
	return make(w, words, err);
}

static int swap(struct work *w, const struct flag_texts *words, struct err *err)
{
	if (words->n == 3 && !w->o.add.n && !w->o.remove.n && !w->o.only.n)
		return make(w, words, err);
	err_set(err, -1, "swap whom with whom? two names, and --schedule");
	return -1;
}

/* ---- delete ------------------------------------------------------------------------------ */
static int end(struct work *w, const struct flag_texts *words, struct err *err)
{
	if (words->n < 2) {
		err_set(err, -1, "delete which override? its number, or several");
		return -1;
	}
	for (size_t i = 1; i < words->n; i++) {
		struct str id = words->v[i];
		struct prom_call c = {.method = "DELETE"};
		struct buf b;
		uint64_t n;
		json_t *data;

		if (str_starts(id, "#"))
			id = str_from(id, 1);
		if (num_uint(id, 10, &n) != NUM_OK) {
			err_set(err, -1, "\"%.*s\" is no number of an override", STR_ARG(id));
			return -1;
		}
		buf_init(&b, BUF_MAX_ANY);
		buf_printf(&b, PATH "/%llu?means=command%%20line&by=", (unsigned long long)n);
		url_put_query(&b, command_user(w->o.by, STR("somebody")));
		c.path = arena_str(&w->arena, buf_str(&b));
		buf_done(&b);
		data = call(w, &c);
		if (!data)
			return 2;
		json_decref(data);
		if (!w->o.json)
			printf("ended #%llu\n", (unsigned long long)n);
	}
	return 0;
}

/* ---- the command ------------------------------------------------------------------------- */
static int work(void *arg, const struct flag_texts *words, struct err *err)
{
	struct work *w = arg;
	struct str verb = words->n ? words->v[0] : STR("list");

	if (str_is(verb, "list") && words->n <= 1)
		return list(w);
	if (str_is(verb, "add"))
		return add(w, words, err);
	if (str_is(verb, "swap"))
		return swap(w, words, err);
	if (str_is(verb, "delete"))
		return end(w, words, err);
	err_set(err, -1, "list, add, swap or delete?");
	return -1;
}

static int run(int argc, char **argv)
{
	struct work w = {.now = when_now()};
	const struct command_talk t = {.options = &w.o,
				       .url = &w.o.url,
				       .bearer_file = &w.o.bearer_file,
				       .arena = &w.arena,
				       .client = &w.client,
				       .go = work,
				       .work = &w};

	return command_talk(&cmd_override, argc, argv, &t);
}

const struct command cmd_override = {
	.name = "override",
	.summary = "Lists, makes and ends changes of the on-call plan; swaps shifts.",
	.usage = "[FLAGS] list | add --schedule=NAME | swap --schedule=NAME NAME NAME | delete "
		 "ID...",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
