/* rouse runbook: what runbooks there are and how they are used, by the running rouse; and files
 * read as it would read them. */
#include <jansson.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/url.h"
#include "evaluator/config.h"
#include "host/command_words.h"
#include "host/commands.h"
#include "host/files.h"
#include "host/prom_client.h"
#include "oncall/runbook.h"

struct runbook_options {
	struct str url, bearer_file;
	bool json;
};

static const struct flag flags[] = {
	FLAG_DEFAULT("url", "URL", TEXT, struct runbook_options, url, "http://localhost:9095",
		     "The rouse to ask."),
	FLAG("json", NULL, SWITCH, struct runbook_options, json, "The answer as JSON."),
	FLAG("bearer-token-file", "FILE", TEXT, struct runbook_options, bearer_file,
	     "A file with a token for Authorization: Bearer."),
};

struct work {
	struct runbook_options o;
	struct limits limits;
	struct arena arena;
};

/* ---- the running rouse --------------------------------------------------------------------- */
/* NULL: it is said why, or `err` is set (*usage). */
static json_t *ask(struct work *w, struct str path, bool *usage, struct err *err)
{
	struct prom_call c = {.method = "GET", .path = path};
	struct prom_client *client = command_client(w->o.url, w->o.bearer_file, &w->limits, err);
	json_t *data;

	*usage = !client;
	if (!client)
		return NULL;
	data = command_call("runbook", client, &c, &w->arena);
	prom_client_free(client);
	return data;
}

static long long count_of(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static void print_use(const json_t *r)
{
	json_t *s;
	size_t k;

	printf("%-24s %lld steps, matched %lld, opened %lld%s\n", command_text(r, "name"),
	       count_of(r, "steps"), count_of(r, "matched"), count_of(r, "opened"),
	       json_is_true(json_object_get(r, "neverOpened")) ? "  STALE: never opened" : "");
	json_array_foreach(json_object_get(r, "alwaysSkipped"), k, s)
		printf("  STALE: always skipped (%lld times): %s\n", count_of(s, "skipped"),
		       command_text(s, "text"));
}

static int list(struct work *w, struct err *err)
{
	bool usage;
	json_t *data = ask(w, STR("/api/rouse/v1/runbooks"), &usage, err), *all, *r;
	size_t i;

	if (!data)
		return usage ? -1 : 2;
	all = json_object_get(data, "runbooks");
	if (w->o.json)
		command_print_json(data);
	else if (!json_array_size(all))
		puts("no runbooks");
	else
		json_array_foreach(all, i, r) print_use(r);
	json_decref(data);
	return 0;
}

/* "- [ ] text", with the query or the command below. */
static void print_step(const json_t *s)
{
	const char *query = command_text(s, "query"), *command = command_text(s, "command");

	printf("- [ ] %s\n", command_text(s, "text"));
	if (*query || *command)
		printf("      %s %s\n", *query ? "query:" : "command:", *query ? query : command);
	if (*command_text(s, "cannotRun"))
		printf("      (rouse cannot run it: %s)\n", command_text(s, "cannotRun"));
}

static int show(struct work *w, struct str name, struct err *err)
{
	json_t *data, *stage, *step;
	struct buf path;
	bool usage;
	size_t i, k;

	buf_init(&path, BUF_MAX_ANY);
	buf_adds(&path, "/api/rouse/v1/runbooks/");
	url_put_query(&path, name);
	data = ask(w, arena_str(&w->arena, buf_str(&path)), &usage, err);
	buf_done(&path);
	if (!data)
		return usage ? -1 : 2;
	if (w->o.json) {
		command_print_json(data);
		json_decref(data);
		return 0;
	}
	printf("# %s\n(%s)\n", command_text(data, "title"), command_text(data, "file"));
	json_array_foreach(json_object_get(data, "stages"), i, stage)
	{
		printf("\n## %s\n", command_text(stage, "stage"));
		json_array_foreach(json_object_get(stage, "steps"), k, step) print_step(step);
	}
	json_decref(data);
	return 0;
}

/* ---- files --------------------------------------------------------------------------------- */
static int check(struct work *w, struct str dir, struct err *err)
{
	struct config_files files = files_for_config(&w->limits);
	struct runbooks *all;
	struct diags diags;
	size_t steps = 0;
	int rc = 0;

	while (dir.n > 1 && str_ends(dir, "/"))
		dir.n--;
	if (!file_stamp(arena_cstr(&w->arena, dir)).there) {
		err_set(err, -1, "there is no folder %.*s", STR_ARG(dir));
		return -1;
	}
	diags_init(&diags);
	all = config_load_runbooks(dir, &files, &w->limits, &diags);
	for (size_t i = 0; i < all->n; i++)
		steps += all->v[i].n_steps;
	command_print_diags(&diags, w->limits.file_bytes);
	if (diags.errors)
		rc = 1;
	printf("%zu runbook%s, %zu step%s, %zu error%s\n", all->n, all->n == 1 ? "" : "s", steps,
	       steps == 1 ? "" : "s", diags.errors, diags.errors == 1 ? "" : "s");
	diags_done(&diags);
	runbooks_free(all);
	return rc;
}

static int go(struct work *w, const struct flag_texts *words, struct err *err)
{
	struct str verb = words->n ? words->v[0] : STR("list");

	if (str_is(verb, "list") && words->n <= 1)
		return list(w, err);
	if (str_is(verb, "show") && words->n == 2)
		return show(w, words->v[1], err);
	if (str_is(verb, "check") && words->n == 2)
		return check(w, words->v[1], err);
	err_set(err, -1, "list, show NAME or check FOLDER?");
	return -1;
}

static int run(int argc, char **argv)
{
	struct work w = {.o = {.json = false}};
	struct flag_texts words;
	struct err err;
	int rc = -1;

	limits_default(&w.limits);
	arena_init(&w.arena);
	if (flags_parse(&cmd_runbook, argc, argv, &w.arena, &w.o, &words, &err))
		rc = go(&w, &words, &err);
	if (rc < 0)
		rc = command_usage_error(&cmd_runbook, &err);
	arena_done(&w.arena);
	return rc;
}

const struct command cmd_runbook = {
	.name = "runbook",
	.summary = "Lists and shows runbooks and says which are stale; checks a folder of them.",
	.usage = "[FLAGS] list | show NAME | check FOLDER",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
