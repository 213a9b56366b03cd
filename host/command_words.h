/*
 * What several subcommands do in the same way: read an alert's labels or a configuration, ask the
 * running rouse, print its JSON.
 */
#ifndef HOST_COMMAND_WORDS_H
#define HOST_COMMAND_WORDS_H

#include <jansson.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "promql/labels.h"

struct command;
struct config;
struct flag_texts;
struct limits;
struct prom_call;
struct prom_client;

/* alertname=Down, severity="page": the labels of an alert. */
ATTR_CHECK bool command_labels(struct str text, struct arena *a, struct labels *out,
			       struct err *err);
/* Loads a configuration; what is wrong with it goes to stderr. */
ATTR_CHECK bool command_config(struct str path, struct config **out);

/* A client of the rouse at `url`; NULL: err says why. `l` must live as long. */
struct prom_client *command_client(struct str url, struct str bearer_file, const struct limits *l,
				   struct err *err);
/* A subcommand that asks a running rouse, from its flags to its exit status. `go` returns that, or
 * -1 with words about the command line. All of it belongs to the caller and lives until the end. */
struct command_talk {
	void *options; /* the record of its flags, and two of them: */
	const struct str *url, *bearer_file;
	struct arena *arena;	     /* is made and freed here */
	struct prom_client **client; /* the same */
	int (*go)(void *work, const struct flag_texts *words, struct err *err);
	void *work;
};
int command_talk(const struct command *c, int argc, char **argv, const struct command_talk *t);
/* Asks it; the answer's data, which the caller frees. NULL: it is said why not. */
json_t *command_call(const char *command, struct prom_client *client, struct prom_call *c,
		     struct arena *a);
/* Findings with their places on stderr; of files bigger than `max` no line is shown. */
void command_print_diags(const struct diags *diags, size_t max);
/* Who is at the keyboard: `given`, else the name of the user, else `unknown`. */
struct str command_user(struct str given, struct str unknown);
/* A member's text; "" if there is none. Borrowed. */
const char *command_text(const json_t *object, const char *key);
/* Indented, with a line end, on stdout. */
void command_print_json(const json_t *root);
/* Ends a list: the JSON, or the text that was gathered, or that there is nothing. Frees both; the
 * exit status. */
int command_print_list(struct buf *text, json_t *json, size_t n, const char *nothing);

#endif
