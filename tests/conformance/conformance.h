/*
 * The conformance runner: cases of other projects, as data, run through the functions of the
 * product. One file a family of kinds; main.c has the table of kinds.
 */
#ifndef TESTS_CONFORMANCE_CONFORMANCE_H
#define TESTS_CONFORMANCE_CONFORMANCE_H

#include <jansson.h>

#include "base/base.h"

struct tally {
	size_t passed, failed, skipped;
};

/* Runs one path (a file, or a folder with a manifest or with such files); adds to the tally. */
typedef void kind_fn(struct tally *t, const char *path);

/* case_fail(t, "file.json:3 rate(x)", "expected %s, got %s", ...) prints a line and counts. */
void case_fail(struct tally *t, const char *name, const char *fmt, ...) ATTR_PRINTF(3, 4);
void case_pass(struct tally *t);
void case_skip(struct tally *t, const char *name, const char *why);

/* The whole file, terminated, malloc'ed; exits with a message if it cannot be read. */
char *file_read(const char *path, size_t *n);
/* A file of JSON: an array of cases. Calls fn for each with a name made of path and number. */
void json_cases(struct tally *t, const char *path,
		void (*fn)(struct tally *t, const char *name, const json_t *c));
/* The text of a case's string: "x" or {"b64": ...}; NULL p if absent. Valid as long as the json. */
struct str case_text(const json_t *c, const char *key);

/* kind_<name> with - as _; each is defined in one tests/conformance/kind_*.c */
#define KINDS(K) \
	K("promql", kind_promql) \
	K("promql-lex", kind_promql_lex) \
	K("promql-parse", kind_promql_parse) \
	K("promql-series", kind_promql_series) \
	K("promql-pretty", kind_promql_pretty) \
	K("rule-dependencies", kind_rule_dependencies) \
	K("rule-scenarios", kind_rule_scenarios) \
	K("rule-unit-tests", kind_rule_unit_tests) \
	K("templates", kind_templates) \
	K("rule-files", kind_rule_files) \
	K("real-rules", kind_real_rules) \
	K("am-inhibit", kind_am_inhibit) \
	K("am-matchers", kind_am_matchers) \
	K("am-routing", kind_am_routing) \
	K("am-timeinterval", kind_am_timeinterval) \
	K("am-templates", kind_am_templates) \
	K("am-payloads", kind_am_payloads) \
	K("am-config", kind_am_config) \
	K("am-api", kind_am_api)
#define KIND_DECLARE(name, fn) kind_fn fn __attribute__((weak));
KINDS(KIND_DECLARE)
#undef KIND_DECLARE

#endif
