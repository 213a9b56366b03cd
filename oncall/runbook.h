/*
 * Runbooks: Markdown files that say what to do when an alert fires, in four stages. Pure: texts in,
 * check-lists out. Markdown is read by libcmark; what comes out as HTML has nothing of the file's
 * own HTML, no image, and links to http, https, mailto and relative addresses only.
 *
 * A step is an item of a list with boxes (`- [ ] text`) or of a numbered one below a heading that
 * is one of the stages. A fenced block below it makes it more: ```promql is a query whose value is
 * shown,
 * ```sh, ```console or ```command is one command, split into words without a shell. All else is
 * text and stays where it stands.
 *
 * A step is known by its stage and its own words: editing others does not change who ticked it.
 */
#ifndef ONCALL_RUNBOOK_H
#define ONCALL_RUNBOOK_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/limits.h"

enum runbook_stage_name { STAGE_TRIAGE, STAGE_DIAGNOSIS, STAGE_MITIGATION, STAGE_RECOVERY };
#define RUNBOOK_STAGES 4
const char *runbook_stage_name(enum runbook_stage_name s); /* "triage" */

enum runbook_step_kind { RUNBOOK_TEXT, RUNBOOK_QUERY, RUNBOOK_COMMAND };

struct runbook_step {
	struct str id; /* "triage-1f3c9a20" */
	enum runbook_stage_name stage;
	enum runbook_step_kind kind;
	struct str words;  /* of its first line, without markup */
	struct str before; /* HTML: the text between the step before and this one */
	struct str html;   /* its own, without its query or command */
	struct str code;   /* the query, or the command as it is written */
	struct str *argv;  /* of a command that can be run */
	size_t n_argv;
	struct str why_not; /* why a command cannot be run; empty: it can */
	int line, col;
};

struct runbook_stage {
	struct runbook_step *steps;
	size_t n;
	struct str after; /* HTML behind the last step */
};

struct runbook {
	struct str name;  /* of the file, without .md */
	struct str file;  /* as it was read */
	struct str title; /* the first heading, or the name */
	struct str intro; /* HTML before the first stage */
	struct runbook_stage stages[RUNBOOK_STAGES];
	struct str rest; /* HTML below headings that are no stage */
	size_t n_steps;
};

struct runbook_source {
	struct str name, file, text;
};

/* Reads one file. Mistakes go to diags with their places; *out holds what could be understood all
 * the same, in the arena. The limits: runbook_bytes, runbook_steps. */
void runbook_parse(const struct runbook_source *in, const struct limits *l, struct arena *a,
		   struct runbook *out, struct diags *diags);
/* The step, or NULL. */
const struct runbook_step *runbook_step(const struct runbook *r, struct str id);

/* All of a folder. */
struct runbooks {
	struct arena arena;
	struct runbook *v; /* by name */
	size_t n;
};
struct runbooks *runbooks_new(void);
void runbooks_free(struct runbooks *r);
OWNED_DEFINE(runbooks)
/* Reads them all, sorted by name, into an empty set; what has no name or the same name as another
 * one is told and left out, as is what is too much (runbooks of the limits). */
void runbooks_parse(struct runbooks *r, const struct runbook_source *in, size_t n,
		    const struct limits *l, struct diags *diags);
/* By its exact name, or NULL; r may be NULL. */
const struct runbook *runbooks_get(const struct runbooks *r, struct str name);
/* The one that an alert means: its annotation (a name, or an address that ends in one) before its
 * alertname; letters, digits and nothing else count, in any case: HighErrorRate is
 * high-error-rate.md. NULL: none. r may be NULL. */
const struct runbook *runbooks_match(const struct runbooks *r, struct str annotation,
				     struct str alertname);

/* A command as the words of its argv, by the quotes of a shell and nothing else of it. False: the
 * quotes do not match. *why_not is not empty where only a shell could run it (pipes, variables). */
ATTR_CHECK bool runbook_split(struct str line, struct arena *a, struct str **argv, size_t *n,
			      struct str *why_not);

#endif
