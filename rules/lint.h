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

/* Adds warnings "NAME: what is wrong". `files` are those the set was loaded from, for places in
 * expressions and comments that switch lints off. */
void rule_set_lint(const struct rule_set *rs, const struct rule_file *files, size_t n,
		   const struct lint_options *o, struct diags *diags);

#endif
