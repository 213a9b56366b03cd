/*
 * Kinds rule-files and real-rules: a manifest of rule files and what loading each must give. A
 * path is the folder, its manifest, or one rule file, which must load.
 */
#include "tests/conformance/conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "promql/parse.h"
#include "rules/rules.h"

/* What loading a file gave. */
struct loaded {
	bool ok;
	size_t errors, duplicates;
	size_t groups, rules, alerts;
	struct diags diags;
};

struct rule_case {
	struct tally *tally;
	const char *name;
	const json_t *want;
	struct rule_file file;
	struct limits limits;
	struct promql_options promql;
	struct rule_defaults defaults;
};

static void count(struct loaded *l, const struct rule_set *set)
{
	struct diags lint;

	l->groups = set->n;
	l->rules = set->n_rules;
	for (size_t i = 0; i < set->n; i++) {
		for (size_t j = 0; j < set->groups[i].n; j++)
			l->alerts += set->groups[i].rules[j].alerting;
	}
	diags_init(&lint);
	rule_set_lint_duplicates(set, &lint);
	l->duplicates = lint.n;
	diags_done(&lint);
}

static struct loaded load(const struct rule_case *c)
{
	struct loaded l = {0};
	OWNED(rule_set) set = NULL;

	diags_init(&l.diags);
	l.ok = rule_set_load(&c->file, 1, &c->defaults, &set, &l.diags);
	l.errors = l.diags.errors;
	if (l.ok)
		count(&l, set);
	return l;
}

static const char *first_error(const struct loaded *l)
{
	for (size_t i = 0; i < l->diags.n; i++) {
		if (!l->diags.v[i].warning)
			return l->diags.v[i].msg;
	}
	return "no error";
}

static bool has_error(const struct loaded *l, const char *part)
{
	for (size_t i = 0; i < l->diags.n; i++) {
		if (!l->diags.v[i].warning && strstr(l->diags.v[i].msg, part))
			return true;
	}
	return false;
}

static bool number_is(const struct rule_case *c, const char *key, size_t got)
{
	const json_t *want = json_object_get(c->want, key);

	if (!want || (size_t)json_integer_value(want) == got)
		return true;
	case_fail(c->tally, c->name, "%s: expected %lld, got %zu", key,
		  (long long)json_integer_value(want), got);
	return false;
}

/* Exit status of `check rules`: 1 for a bad file, 3 for a lint where lints are fatal. */
static size_t check_exit(const struct loaded *l, bool lint_fatal)
{
	if (!l->ok)
		return 1;
	return lint_fatal && l->duplicates > 0 ? 3 : 0;
}

static bool outcome_is(const struct rule_case *c, const struct loaded *l, bool want)
{
	if (l->ok == want)
		return true;
	case_fail(c->tally, c->name, want ? "expected it to load: %s" : "expected a refusal: %s",
		  first_error(l));
	return false;
}

static bool case_holds(const struct rule_case *c, const struct loaded *l)
{
	const char *part = json_string_value(json_object_get(c->want, "error"));

	if (!outcome_is(c, l, json_is_true(json_object_get(c->want, "ok"))))
		return false;
	if (part && !has_error(l, part)) {
		case_fail(c->tally, c->name, "expected \"%s\" in the error, got: %s", part,
			  first_error(l));
		return false;
	}
	return number_is(c, "errors", l->errors) &&
	       number_is(c, "check_rules_exit", check_exit(l, false)) &&
	       number_is(c, "check_rules_lint_fatal_exit", check_exit(l, true)) &&
	       (!l->ok || (number_is(c, "groups", l->groups) && number_is(c, "rules", l->rules) &&
			   number_is(c, "alerts", l->alerts) &&
			   number_is(c, "records", l->rules - l->alerts) &&
			   number_is(c, "duplicates", l->duplicates)));
}

/* Cases that are refused as they are and taken otherwise. */
static bool variant_holds(const struct rule_case *c, const char *key, struct rule_case variant)
{
	const json_t *want = json_object_get(c->want, key);
	struct loaded l;
	bool ok;

	if (!want)
		return true;
	l = load(&variant);
	ok = outcome_is(c, &l, json_is_true(want));
	diags_done(&l.diags);
	return ok;
}

static void read_flags(struct rule_case *c)
{
	const struct {
		const char *name;
		bool *to;
	} flags[] = {
		{"experimental-functions", &c->promql.experimental_functions},
		{"duration-expressions", &c->promql.duration_expressions},
		{"extended-range-selectors", &c->promql.extended_range_selectors},
		{"binop-fill-modifiers", &c->promql.binop_fill_modifiers},
	};
	size_t i;
	json_t *f;

	json_array_foreach(json_object_get(c->want, "flags"), i, f)
	{
		for (size_t j = 0; j < ARRAY_LEN(flags); j++) {
			if (strcmp(json_string_value(f), flags[j].name) == 0)
				*flags[j].to = true;
		}
	}
}

static void run_case(struct tally *t, const char *path, const json_t *want)
{
	const char *names = json_string_value(json_object_get(want, "name_validation"));
	struct rule_case c = {.tally = t, .name = path, .want = want};
	struct rule_case utf8, lax;
	struct loaded l;
	char *text = file_read(path, &c.file.text.n);

	c.file.text.p = text;
	c.file.name = str_of(path);
	c.promql = promql_options_default();
	limits_default(&c.limits);
	read_flags(&c);
	c.defaults = (struct rule_defaults){.interval = MINUTE,
					    .legacy_names = names && strcmp(names, "legacy") == 0,
					    .promql = &c.promql,
					    .limits = &c.limits};
	utf8 = lax = c;
	utf8.defaults.legacy_names = false;
	lax.defaults.ignore_unknown_fields = true;
	l = load(&c);
	if (case_holds(&c, &l) && variant_holds(&c, "ok_utf8", utf8) &&
	    variant_holds(&c, "ok_ignoring_unknown_fields", lax))
		case_pass(t);
	diags_done(&l.diags);
	free(text);
}

static void run_manifest(struct tally *t, const char *path)
{
	size_t n, i;
	char *text = file_read(path, &n);
	json_t *root = json_loadb(text, n, 0, NULL), *c;
	const char *slash = strrchr(path, '/');

	if (!json_is_array(root)) {
		fprintf(stderr, "conformance: %s is no array of cases\n", path);
		exit(2);
	}
	json_array_foreach(root, i, c)
	{
		char file[4096];

		snprintf(file, sizeof(file), "%.*s%s", slash ? (int)(slash + 1 - path) : 0, path,
			 json_string_value(json_object_get(c, "file")));
		run_case(t, file, c);
	}
	json_decref(root);
	free(text);
}

static void run_path(struct tally *t, const char *path)
{
	struct stat st;
	char manifest[4096];

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		snprintf(manifest, sizeof(manifest), "%s/manifest.json", path);
		run_manifest(t, manifest);
	} else if (str_ends(str_of(path), ".json")) {
		run_manifest(t, path);
	} else {
		json_t *want = json_pack("{s:b}", "ok", 1);

		run_case(t, path, want);
		json_decref(want);
	}
}

void kind_rule_files(struct tally *t, const char *path)
{
	run_path(t, path);
}

void kind_real_rules(struct tally *t, const char *path)
{
	run_path(t, path);
}
