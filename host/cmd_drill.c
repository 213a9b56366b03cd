/* rouse drill: tries by day what must work at night. */
#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "base/json_writer.h"
#include "host/command_words.h"
#include "host/commands.h"
#include "host/prom_client.h"

#define PATIENCE_S 30 /* until pages that are still on their way are no news any more */

struct drill_options {
	struct str url, bearer_file, by;
	bool json;
};

static const struct flag flags[] = {
	FLAG_DEFAULT("url", "URL", TEXT, struct drill_options, url, "http://localhost:9095",
		     "The rouse to ask."),
	FLAG("by", "NAME", TEXT, struct drill_options, by, "Who; default: the name of the user."),
	FLAG("json", NULL, SWITCH, struct drill_options, json, "The answer as JSON."),
	FLAG("bearer-token-file", "FILE", TEXT, struct drill_options, bearer_file,
	     "A file with a token for Authorization: Bearer."),
};

struct work {
	struct drill_options o;
	struct prom_client *client;
	struct arena arena;
};

static json_t *call(struct work *w, struct prom_call *c)
{
	return command_call("drill", w->client, c, &w->arena);
}

static json_t *begin(struct work *w, const char *what, struct str name)
{
	struct prom_call c = {.method = "POST", .path = STR("/api/rouse/v1/drill")};
	struct json_writer j;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	j = (struct json_writer){.b = &b};
	json_open(&j, NULL, '{');
	json_put(&j, what, name);
	json_put(&j, "by", command_user(w->o.by, STR("somebody")));
	json_close(&j, '}');
	c.json = arena_str(&w->arena, buf_str(&b));
	buf_done(&b);
	return call(w, &c);
}

static size_t count(const json_t *pages, const char *status)
{
	size_t n = 0, i;
	json_t *p;

	json_array_foreach(pages, i, p) n += str_is(str_of(command_text(p, "status")), status);
	return n;
}

/* Asks until all pages have arrived or are given up. */
static json_t *wait_for(struct work *w, long long id)
{
	const struct timespec pause = {.tv_nsec = 250 * 1000 * 1000};
	json_t *data = NULL;

	for (int i = 0; i < PATIENCE_S * 4; i++) {
		struct prom_call c = {.method = "GET"};
		const json_t *pages;

		c.path = arena_printf(&w->arena, "/api/rouse/v1/drill/%lld", id);
		json_decref(data);
		data = call(w, &c);
		pages = json_object_get(data, "pages");
		if (!data || count(pages, "sent") + count(pages, "dead") == json_array_size(pages))
			break;
		nanosleep(&pause, NULL);
	}
	return data;
}

static int contact(struct work *w, struct str person)
{
	json_t *begun = begin(w, "person", person), *data, *p;
	const json_t *pages;
	size_t i;
	int rc;

	if (!begun)
		return 2;
	data = wait_for(w, json_integer_value(json_object_get(begun, "drill")));
	json_decref(begun);
	if (!data)
		return 2;
	pages = json_object_get(data, "pages");
	rc = count(pages, "sent") == json_array_size(pages) ? 0 : 1;
	if (w->o.json)
		command_print_json(pages);
	else
		json_array_foreach(pages, i, p)
			printf("%-36s %s%s%s\n", command_text(p, "contact"),
			       command_text(p, "status"), *command_text(p, "error") ? ": " : "",
			       command_text(p, "error"));
	json_decref(data);
	return rc;
}

static int policy(struct work *w, struct str name)
{
	json_t *data = begin(w, "policy", name);

	if (!data)
		return 2;
	if (w->o.json)
		command_print_json(data);
	else
		printf("the drill is incident #%lld: it is passed when somebody acknowledges\n",
		       (long long)json_integer_value(json_object_get(data, "incident")));
	json_decref(data);
	return 0;
}

static int work(void *arg, const struct flag_texts *words, struct err *err)
{
	struct work *w = arg;

	if (words->n == 2 && str_is(words->v[0], "contact"))
		return contact(w, words->v[1]);
	if (words->n == 2 && str_is(words->v[0], "policy"))
		return policy(w, words->v[1]);
	err_set(err, -1, "what is to be tried? contact PERSON, or policy NAME");
	return -1;
}

static int run(int argc, char **argv)
{
	struct work w = {0};
	const struct command_talk t = {.options = &w.o,
				       .url = &w.o.url,
				       .bearer_file = &w.o.bearer_file,
				       .arena = &w.arena,
				       .client = &w.client,
				       .go = work,
				       .work = &w};

	return command_talk(&cmd_drill, argc, argv, &t);
}

const struct command cmd_drill = {
	.name = "drill",
	.summary = "Tries somebody's contacts, or a whole policy, with pages that say so.",
	.usage = "[FLAGS] contact PERSON | policy NAME",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
