/*
 * rouse test: rule unit tests in promtool's format, with promtool's output and exit status; JUnit,
 * a diff, and which rules no test looks at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "evaluator/unittest.h"
#include "host/commands.h"
#include "host/diag_text.h"
#include "host/files.h"
#include "host/junit.h"

struct test_options {
	struct flag_texts run, features;
	struct str junit;
	bool diff, ignore_unknown_fields, coverage;
};

static const struct flag flags[] = {
	FLAG("run", "REGEX", TEXTS, struct test_options, run,
	     "Only test groups whose name matches; may be given several times."),
	FLAG("junit", "FILE", TEXT, struct test_options, junit,
	     "Also write the results as JUnit XML to this file."),
	FLAG("diff", NULL, SWITCH, struct test_options, diff,
	     "Show what was expected and what came as a diff, in colour on a terminal."),
	FLAG("coverage", NULL, SWITCH, struct test_options, coverage,
	     "List the rules that no test looks at."),
	FLAG("ignore-unknown-fields", NULL, SWITCH, struct test_options, ignore_unknown_fields,
	     "Do not refuse keys that are not known."),
	FLAG("enable-feature", "NAME", TEXTS, struct test_options, features,
	     "Accepted for promtool's sake: what the features enable is on."),
};

struct session {
	struct test_options o;
	struct limits limits;
	struct config_files files;
	struct unittest_options unit;
	struct junit junit;
	struct buf out, errors;
	bool colour, failed;
};

/* ---- failures ---------------------------------------------------------------------------------
 */

static struct str next_line(struct str *text)
{
	ptrdiff_t end = str_find_char(*text, '\n');
	struct str line = end < 0 ? *text : str_cut(*text, 0, (size_t)end);

	*text = end < 0 ? (struct str){0} : str_from(*text, (size_t)end + 1);
	return line;
}

static bool has_line(struct str text, struct str line)
{
	while (text.n) {
		if (str_eq(next_line(&text), line))
			return true;
	}
	return false;
}

static void put_marked(struct session *s, char mark, struct str line)
{
	const char *colour = mark == '-' ? "\x1b[31m" : mark == '+' ? "\x1b[32m" : "";

	buf_printf(&s->errors, "        %s%c %.*s%s\n", s->colour ? colour : "", mark,
		   STR_ARG(line), s->colour && colour[0] ? "\x1b[0m" : "");
}

/* Lines of exp that got lacks with -, lines that are too many with +, in between what both have. */
static void put_diff(struct session *s, const struct unittest_failure *f)
{
	struct str exp = f->exp, got = f->got;

	buf_printf(&s->errors, "    line %d: %.*s\n", f->line, STR_ARG(f->about));
	while (exp.n) {
		struct str line = next_line(&exp);

		put_marked(s, has_line(f->got, line) ? ' ' : '-', line);
	}
	while (got.n) {
		struct str line = next_line(&got);

		if (!has_line(f->exp, line))
			put_marked(s, '+', line);
	}
}

static void put_failure(struct session *s, const struct unittest_failure *f)
{
	if (s->o.diff && (f->exp.n || f->got.n)) {
		put_diff(s, f);
		return;
	}
	buf_add(&s->errors, f->text);
	buf_addc(&s->errors, '\n');
}

static void put_coverage(struct session *s, const struct unittest_result *r)
{
	size_t touched = 0;

	for (size_t i = 0; i < r->n_rules; i++)
		touched += r->rules[i].touched;
	buf_printf(&s->out, "  COVERAGE: %zu of %zu rules are tested\n", touched, r->n_rules);
	for (size_t i = 0; i < r->n_rules; i++) {
		const struct unittest_rule *u = &r->rules[i];

		if (!u->touched)
			buf_printf(&s->out, "    %.*s:%d: %s %.*s\n", STR_ARG(u->file), u->line,
				   u->alerting ? "alert" : "record", STR_ARG(u->name));
	}
}

/* ---- files ------------------------------------------------------------------------------------
 */

static void put_result(struct session *s, const struct unittest_result *r)
{
	for (size_t i = 0; i < r->n_warnings; i++)
		buf_printf(&s->errors, "  WARNING: %.*s\n", STR_ARG(r->warnings[i]));
	if (!r->ok)
		buf_adds(&s->errors, "  FAILED:\n");
	for (size_t i = 0; i < r->n_groups; i++) {
		for (size_t k = 0; k < r->groups[i].n_failures; k++)
			put_failure(s, &r->groups[i].failures[k]);
	}
	if (r->ok)
		buf_adds(&s->out, "  SUCCESS\n");
	if (s->o.coverage)
		put_coverage(s, r);
	buf_addc(&s->out, '\n');
	s->failed |= !r->ok;
}

static void put_refused(struct session *s, const struct diags *diags)
{
	buf_adds(&s->errors, "  FAILED:\n");
	diag_text_put_all(&s->errors, diags, s->limits.file_bytes);
	buf_addc(&s->out, '\n');
	s->failed = true;
}

static bool flush(struct session *s)
{
	bool ok = command_write(STDERR_FILENO, buf_str(&s->errors)) &&
		  command_write(STDOUT_FILENO, buf_str(&s->out));

	buf_clear(&s->errors);
	buf_clear(&s->out);
	return ok;
}

static bool test_file(struct session *s, struct str file)
{
	struct unittest_result r = {0};
	struct diags diags;
	struct arena a;
	struct str text;
	struct err err;
	bool ok;

	arena_init(&a);
	diags_init(&diags);
	ok = file_read(file, s->limits.file_bytes, &a, &text, &err);
	if (!ok)
		diags_add(&diags, file, 0, 0, "%s", err.msg);
	ok = ok && unittest_run(file, text, &s->unit, &a, &diags, &r);
	if (ok)
		put_result(s, &r);
	else
		put_refused(s, &diags);
	if (s->o.junit.n)
		junit_add(&s->junit, file, ok ? &r : NULL, &diags);
	ok = flush(s);
	diags_done(&diags);
	arena_done(&a);
	return ok;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static bool compile_patterns(struct session *s, struct arena *a, struct err *err)
{
	s->unit.n_run = s->o.run.n;
	s->unit.run = ARENA_ARRAY(a, struct regex *, s->o.run.n);
	for (size_t i = 0; i < s->o.run.n; i++) {
		if (!regex_compile(s->o.run.v[i], 0, a, &s->unit.run[i], err))
			return err_prefix(err, "--run: ");
	}
	return true;
}

static void session_init(struct session *s)
{
	limits_default(&s->limits);
	s->files = files_for_config(&s->limits);
	s->unit = (struct unittest_options){
		.limits = &s->limits,
		.files = &s->files,
		.promql = {.experimental_functions = true,
			   .duration_expressions = true,
			   .extended_range_selectors = true,
			   .binop_fill_modifiers = true},
		.ignore_unknown_fields = s->o.ignore_unknown_fields,
	};
	engine_options_default(&s->unit.engine);
	buf_init(&s->out, BUF_MAX_ANY);
	buf_init(&s->errors, BUF_MAX_ANY);
	s->colour = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
	junit_init(&s->junit);
}

static int test_all(struct session *s, const struct flag_texts *files)
{
	bool ok = true;

	for (size_t i = 0; ok && i < files->n; i++)
		ok = test_file(s, files->v[i]);
	if (ok && s->o.junit.n && !junit_write(&s->junit, s->o.junit)) {
		fprintf(stderr, "rouse test: cannot write %.*s: %m\n", STR_ARG(s->o.junit));
		ok = false;
	}
	return !ok || s->failed;
}

static int run(int argc, char **argv)
{
	struct session s = {0};
	struct flag_texts files;
	struct arena a;
	struct err err;
	int status = 2;

	arena_init(&a);
	if (!flags_parse(&cmd_test, argc, argv, &a, &s.o, &files, &err)) {
		command_usage_error(&cmd_test, &err);
		arena_done(&a);
		return status;
	}
	session_init(&s);
	if (files.n == 0)
		err_set(&err, -1, "needs the names of test files");
	if (files.n == 0 || !compile_patterns(&s, &a, &err))
		command_usage_error(&cmd_test, &err);
	else
		status = test_all(&s, &files);
	junit_done(&s.junit);
	buf_done(&s.out);
	buf_done(&s.errors);
	arena_done(&a);
	return status;
}

const struct command cmd_test = {
	.name = "test",
	.summary = "Runs rule unit tests, in promtool's file format.",
	.usage = "[FLAGS] FILE...",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
