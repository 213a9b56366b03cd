/*
 * Rule files as they are written: groups, rules, their validation in Prometheus's words
 * (model/rulefmt). A loaded set never changes; the evaluator and the pages borrow from it.
 */
#ifndef RULES_RULES_H
#define RULES_RULES_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/limits.h"
#include "promql/labels.h"

struct expr;
struct expand;
struct promql_options;

/* A label or annotation as written: the text is a template. */
struct rule_text {
	struct str name, value;
	int line, col;
	const struct expand
		*expand; /* compiled; NULL in recording rules (their labels are verbatim) */
};

struct rule {
	bool alerting;
	struct str name;      /* alert or record */
	struct str expr_text; /* as in the file */
	struct str query;     /* canonical print of the expression: what is asked and shown */
	const struct expr *expr;
	ms_t hold; /* `for` */
	ms_t keep_firing_for;
	struct labels labels; /* group labels overlaid by the rule's, texts unexpanded */
	/* The same, sorted by name, and those that are empty: they take that label off a result. */
	struct rule_text *label_texts;
	size_t n_labels;
	struct rule_text *annotations; /* sorted by name */
	size_t n_annotations;
	int line, col; /* of the rule in its file */
	int number;    /* in its group, from 1 */
};

struct rule_group {
	struct str file, name;
	struct str key; /* "file;name" */
	ms_t interval;	/* never 0: the default is filled in */
	bool has_query_offset;
	ms_t query_offset; /* the default is filled in */
	int64_t limit;	   /* 0: none */
	struct labels labels;
	struct rule *rules;
	size_t n;
	int line;
};

/* All groups of a configuration, by file (in the order given), then in file order. */
struct rule_set {
	struct arena arena;
	struct rule_group *groups;
	size_t n;
	size_t n_rules;
	int refs; /* the configuration and running evaluations hold it */
};

struct rule_defaults {
	ms_t interval; /* of groups without one */
	ms_t query_offset;
	bool legacy_names; /* metric_name_validation_scheme: legacy */
	bool ignore_unknown_fields;
	const struct promql_options *promql; /* NULL: a server's */
	const struct limits *limits;
};

struct rule_file {
	struct str name; /* as shown and as hashed into the group's slot */
	struct str text;
};

/* Reads and checks all files; every error of every file goes to diags (messages in upstream's
 * words, places kept in the diag). The set is made only if there was no error; the caller owns
 * one reference. */
ATTR_CHECK bool rule_set_load(const struct rule_file *files, size_t n,
			      const struct rule_defaults *d, struct rule_set **out,
			      struct diags *diags);
struct rule_set *rule_set_ref(struct rule_set *rs);
void rule_set_free(struct rule_set *rs); /* drops a reference */
OWNED_DEFINE(rule_set)

/* Two groups are equal when a reload must leave the running one alone: name, file, interval,
 * limit, query_offset, and each rule's alert/record, canonical expr, for, keep_firing_for, labels,
 * annotations. */
bool rule_group_eq(const struct rule_group *a, const struct rule_group *b);
/* Where on the interval's grid the group is evaluated: xxHash64 of {file, name} modulo interval,
 * in nanoseconds as upstream; then the last slot at or before `wall`, in nanoseconds. */
int64_t rule_group_offset_ns(const struct rule_group *g);
int64_t rule_group_slot_ns(const struct rule_group *g, int64_t wall_ns);

/* Rules of one file that share name and labels (promtool's duplicate-rules lint): warnings. */
void rule_set_lint_duplicates(const struct rule_set *rs, struct diags *diags);

#endif
