/*
 * Lints: what is allowed in a rule and still probably a mistake. Each has a name, a reason in one
 * sentence, and can be switched off: all over, or where it stands by a comment in the rule's lines
 * or on the line above it:
 *
 *	- alert: DiskFull   # rouse: disable=missing-for,or-different-labels
 */
#ifndef RULES_LINT_H
#define RULES_LINT_H

#include "base/err.h"
#include "rules/rules.h"

enum lint_id {
	LINT_DUPLICATE_RULES,
	LINT_NEVER_FIRES,
	LINT_NEVER_RESOLVES,
	LINT_ABSENT_LOSES_LABELS,
	LINT_LABEL_NOT_IN_RESULT,
	LINT_TEMPLATE_FAILS,
	LINT_FLOAT_EQUALITY,
	LINT_MISSING_FOR,
	LINT_SHORT_RANGE,
	LINT_NEVER_MATCHES,
	LINT_OR_DIFFERENT_LABELS,
	LINT_NO_SUCH_METRIC, /* these two are told by who can ask a Prometheus */
	LINT_NO_SUCH_LABEL,
	LINTS
};

struct lint {
	const char *name, *reason;
};
extern const struct lint LINT_TABLE[LINTS];

struct lint_options {
	bool on[LINTS];
	ms_t scrape_interval; /* of what the rules look at; default 15s */
	const struct limits *limits;
};

void lint_options_default(struct lint_options *o, const struct limits *l);
/* "all", "none", or names separated by commas; a name with - in front is switched off. False: an
 * unknown name, with the nearest known one. */
ATTR_CHECK bool lint_options_parse(struct lint_options *o, struct str text, struct err *err);

/* What is looked at and where findings go. `files` are those the set was loaded from, for places in
 * expressions and comments that switch lints off. All is borrowed. */
struct lint_pass {
	const struct rule_set *rules;
	const struct rule_file *files;
	size_t n_files;
	const struct lint_options *o;
	struct diags *diags;
};

/* Adds warnings "NAME: RULE: what is wrong". */
void rule_set_lint(const struct lint_pass *p);

/* For lints that others make: fn is called for each rule and tells what it finds by lint_tell. */
struct linter;
void lint_each_rule(const struct lint_pass *p,
		    void (*fn)(void *arg, struct linter *l, const struct rule *r), void *arg);
/* A finding about e, a part of the rule's expression, or about the rule (e NULL). False: that lint
 * is off, here or all over, and nothing was told. */
bool lint_tell(struct linter *l, enum lint_id id, const struct expr *e, const char *fmt, ...)
	ATTR_PRINTF(4, 5);

#endif
