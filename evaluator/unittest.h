/*
 * Rule unit tests in promtool's file format: input series, what alerts fire when, what expressions
 * give. Rules run through the replay; file formats, comparisons and texts are promtool's.
 *
 * Pure: files come through the table of callbacks that a configuration is read by.
 */
#ifndef EVALUATOR_UNITTEST_H
#define EVALUATOR_UNITTEST_H

#include "base/err.h"
#include "base/limits.h"
#include "base/regex.h"
#include "notify/config.h"
#include "promql/engine.h"
#include "promql/parse.h"

struct unittest_options {
	const struct limits *limits;
	const struct config_files *files; /* reads rule files */
	struct promql_options promql;
	struct engine_options engine; /* lookback, features, limits, stop */
	bool ignore_unknown_fields;
	struct regex **run; /* only groups whose name matches one; none: all */
	size_t n_run;
};

/* What did not come out as expected. */
struct unittest_failure {
	struct str text;     /* as promtool tells it */
	struct str about;    /* its first line, without what was expected and got */
	struct str exp, got; /* lists of lines, for a diff; empty: there is nothing to compare */
	int line;	     /* of the test in its file */
};

struct unittest_group {
	struct str name;
	int line;
	bool left_out; /* by `run` */
	struct unittest_failure *failures;
	size_t n_failures;
};

/* A rule of the rule files, and whether any test looks at it (or at what is made of it). */
struct unittest_rule {
	struct str file, group, name;
	int line;
	bool alerting, touched;
};

struct unittest_result {
	bool ok;
	struct unittest_group *groups;
	size_t n_groups;
	struct unittest_rule *rules;
	size_t n_rules;
	struct str *warnings; /* file patterns that match nothing */
	size_t n_warnings;
};

/* Runs the tests of one file. False: the file or a rule file cannot be used, diags says why; else
 * *out, which lives in the arena, tells what came of each group. */
ATTR_CHECK bool unittest_run(struct str file, struct str text, const struct unittest_options *o,
			     struct arena *a, struct diags *diags, struct unittest_result *out);

#endif
