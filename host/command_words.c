/* Shared words of subcommands; see command_words.h. */
#include "host/command_words.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "evaluator/config.h"
#include "host/commands.h"
#include "host/diag_text.h"
#include "host/files.h"
#include "host/prom_client.h"
#include "notify/matcher.h"

bool command_labels(struct str text, struct arena *a, struct labels *out, struct err *err)
{
	struct labels_builder lb;
	struct matcher *v;
	size_t n;
	bool ok = am_matchers_parse(MATCHERS_FALLBACK, text, a, &v, &n, err);

	labels_builder_init(&lb);
	for (size_t i = 0; ok && i < n; i++) {
		if (v[i].op != MATCH_EQ)
			ok = err_set(err, -1, "the labels of an alert are name=value");
		labels_builder_set(&lb, v[i].name, v[i].value);
	}
	if (ok)
		*out = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return ok;
}

void command_print_diags(const struct diags *diags, size_t max)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	diag_text_put_all(&b, diags, max);
	command_write(STDERR_FILENO, buf_str(&b));
	buf_done(&b);
}

bool command_config(struct str path, struct config **out)
{
	struct config_args args = {.group_wait = MS_NONE};
	struct config_files files;
	struct diags diags;
	struct limits l;
	bool ok;

	limits_default(&l);
	diags_init(&diags);
	files = files_for_config(&l);
	files.lenient_runbooks = true;
	ok = config_load(path, &args, &files, &l, out, &diags);
	if (!ok)
		command_print_diags(&diags, l.file_bytes);
	diags_done(&diags);
	return ok;
}

struct prom_client *command_client(struct str url, struct str bearer_file, const struct limits *l,
				   struct err *err)
{
	struct prom_client_options o = {.url = url,
					.bearer_file = bearer_file,
					.timeout = 30 * SECOND,
					.limits = l};

	return prom_client_new(&o, err);
}

struct str command_user(struct str given, struct str unknown)
{
	const struct passwd *p = given.n ? NULL : getpwuid(getuid());

	return given.n ? given : p ? str_of(p->pw_name) : unknown;
}

const char *command_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

void command_print_json(const json_t *root)
{
	char *text = json_dumps(root, JSON_INDENT(2));

	puts(text);
	free(text);
}

int command_print_list(struct buf *text, json_t *json, size_t n, const char *nothing)
{
	if (json)
		command_print_json(json);
	else if (n)
		command_write(STDOUT_FILENO, buf_str(text));
	else
		puts(nothing);
	json_decref(json);
	buf_done(text);
	return n ? 0 : 1;
}

int command_talk(const struct command *c, int argc, char **argv, const struct command_talk *t)
{
	struct limits l;
	struct flag_texts words;
	struct err err;
	int rc = -1;

	limits_default(&l);
	arena_init(t->arena);
	if (flags_parse(c, argc, argv, t->arena, t->options, &words, &err)) {
		*t->client = command_client(*t->url, *t->bearer_file, &l, &err);
		if (*t->client)
			rc = t->go(t->work, &words, &err);
	}
	if (rc < 0)
		rc = command_usage_error(c, &err);
	prom_client_free(*t->client);
	arena_done(t->arena);
	return rc;
}

json_t *command_call(const char *command, struct prom_client *client, struct prom_call *c,
		     struct arena *a)
{
	struct err err;
	json_t *root, *data;

	if (!prom_client_call(client, c, a, &err)) {
		fprintf(stderr, "rouse %s: %s\n", command, err.msg);
		return NULL;
	}
	root = json_loadb(c->body.p, c->body.n, 0, NULL);
	if (c->status / 100 != 2 || !json_is_object(root)) {
		const char *why = command_text(root, "error");

		if (*why)
			fprintf(stderr, "rouse %s: %s\n", command, why);
		else
			fprintf(stderr, "rouse %s: HTTP status %d: is there a rouse?\n", command,
				c->status);
		json_decref(root);
		return NULL;
	}
	data = json_incref(json_object_get(root, "data"));
	json_decref(root);
	return data;
}
