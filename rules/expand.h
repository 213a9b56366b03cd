/*
 * The texts of alerting rules (label and annotation values): compiled once when the rule file is
 * loaded, expanded for each sample. A text without an action is copied, nothing is executed.
 *
 * A compiled text lives in the arena it was compiled into and never changes.
 */
#ifndef RULES_EXPAND_H
#define RULES_EXPAND_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "promql/labels.h"
#include "rules/func.h"

struct expand;

/* What the expansion of a text looks at; without a bit it does not change with it. */
enum expand_needs {
	EXPAND_LABELS = 1,   /* the sample's labels */
	EXPAND_VALUE = 2,    /* its value */
	EXPAND_EXTERNAL = 4, /* external labels or URL */
	EXPAND_QUERY = 8,    /* asks Prometheus */
	EXPAND_NOW = 16,     /* the evaluation time */
};

/* `alert` is the rule's name: the template is called __alert_NAME. The error is upstream's:
 * `template: __alert_NAME:1: function "x" not defined`. */
ATTR_CHECK bool expand_compile(struct arena *a, struct str alert, struct str text,
			       const struct limits *l, const struct expand **out, struct err *err);
/* The same with the whole name of the template. */
ATTR_CHECK bool expand_compile_as(struct arena *a, struct str name, struct str text,
				  const struct limits *l, const struct expand **out,
				  struct err *err);
/* Calls fn for each label that the text uses as $labels.NAME; e NULL: none. */
void expand_labels_used(const struct expand *e, void (*fn)(void *arg, struct str name), void *arg);
/* Whether it calls a function: only then it can fail. */
bool expand_calls(const struct expand *e);
unsigned expand_needs(const struct expand *e); /* of enum expand_needs; 0: plain text */
/* The result for a plain text (expand_needs is 0 and no action is in it), else false. */
bool expand_plain(const struct expand *e, struct str *out);
struct str expand_text(const struct expand *e); /* as written */

/* Scratch memory, reused from run to run; one for each user at a time. */
struct expander {
	struct arena arena;
	struct buf buf;
	const struct limits *limits;
};
void expander_init(struct expander *x, const struct limits *l);
void expander_done(struct expander *x);

/* The same for all texts of one evaluation. */
struct expand_env {
	struct labels external_labels;
	struct str external_url;
	ms_t at; /* evaluation time: of queries and `now` */
	struct rule_query query;
};

enum expand_result {
	EXPAND_OK,
	EXPAND_ERROR, /* *out is `<error expanding template: MSG>` */
	EXPAND_WAIT,  /* a query is not answered yet: *out is untouched, run again later */
};

/* The sample's labels are those of the result, __name__ included. *out is written into `a`; for a
 * plain text it is borrowed from the compiled text. */
enum expand_result expand_run(struct expander *x, const struct expand *e,
			      const struct expand_env *env, const struct rule_sample *s,
			      struct arena *a, struct str *out);

#endif
