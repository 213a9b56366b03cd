/*
 * rouse check: configuration files and rule files (known by their key `groups`), all errors with
 * their places and the source line underlined.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/yaml.h"
#include "evaluator/config.h"
#include "host/check_prometheus.h"
#include "host/commands.h"
#include "host/diag_text.h"
#include "host/exposure.h"
#include "host/files.h"
#include "host/route_tree.h"
#include "host/web_config.h"
#include "host/when.h"
#include "rules/lint.h"
#include "rules/rules.h"

struct check_options {
	struct flag_texts lint, listen;
	struct str prometheus, web_config_file;
	ms_t scrape_interval;
	bool lint_fatal, explain, quiet;
};

static const struct flag flags[] = {
	FLAG("lint", "NAMES", TEXTS, struct check_options, lint,
	     "Lints to run: all (default), none, names with commas between, or exceptions: "
	     "--lint=-missing-for."),
	FLAG("lint-fatal", NULL, SWITCH, struct check_options, lint_fatal,
	     "Exit with 3 if a lint finds something."),
	FLAG_DEFAULT("scrape-interval", "DURATION", DURATION, struct check_options, scrape_interval,
		     "15s", "Of what the rules look at, for lints about ranges."),
	FLAG("prometheus", "URL", TEXT, struct check_options, prometheus,
	     "Also look there for metrics and labels that do not exist, now or in the last 30 "
	     "days."),
	FLAG("web.listen-address", "ADDRESS", TEXTS, struct check_options, listen,
	     "Where rouse will listen (as for rouse run; default: everywhere), for the warning "
	     "that "
	     "it is public."),
	FLAG("web.config.file", "FILE", TEXT, struct check_options, web_config_file,
	     "TLS and users (as for rouse run): checked too."),
	FLAG("quiet", NULL, SWITCH, struct check_options, quiet,
	     "Without the picture of the routes."),
	FLAG("explain-lints", NULL, SWITCH, struct check_options, explain,
	     "List the lints with their reasons."),
};

struct check {
	struct check_options o;
	struct limits limits;
	struct lint_options lint;
	size_t found; /* by lints */
	struct buf out, errors;
	bool failed;
};

/* ---- checking ------------------------------------------------------------------------------ */

static bool is_rule_file(struct check *c, struct str text, struct arena *a)
{
	struct yaml_node *root = NULL;
	bool more;

	/* Written as people do; else the file is read to see. */
	if (str_starts(text, "groups:") || str_find(text, STR("\ngroups:")) >= 0)
		return true;
	return yaml_parse(text, &c->limits, a, &root, &more, NULL) && root &&
	       root->kind == YAML_MAP && yaml_get(root, "groups");
}

static void look_up(struct check *c, const struct lint_pass *p)
{
	struct prom_client_options o = {.url = c->o.prometheus,
					.timeout = 30 * SECOND,
					.limits = &c->limits};
	struct prom_client *client;
	struct err err;

	if (c->o.prometheus.n == 0)
		return;
	client = prom_client_new(&o, &err);
	if (!client || !check_prometheus(client, p, when_now(), &err))
		diags_add(p->diags, STR("--prometheus"), 0, 0, "%s", err.msg);
	prom_client_free(client);
}

static void lint(struct check *c, const struct rule_set *rs, const struct rule_file *files,
		 size_t n, struct diags *diags)
{
	struct lint_pass p = {rs, files, n, &c->lint, diags};

	rule_set_lint(&p);
	look_up(c, &p);
}

static void check_rules(struct check *c, struct str file, struct str text, struct diags *diags)
{
	struct rule_file f = {.name = file, .text = text};
	struct rule_defaults d = {.interval = MINUTE, .limits = &c->limits};
	struct rule_set *rs = NULL;

	if (!rule_set_load(&f, 1, &d, &rs, diags))
		return;
	buf_printf(&c->out, "  SUCCESS: %zu rules found\n", rs->n_rules);
	lint(c, rs, &f, 1, diags);
	rule_set_free(rs);
}

/* The files are read again, for their lines. */
static void lint_config(struct check *c, const struct rule_set *rs, struct diags *diags)
{
	struct rule_file *files;
	struct arena a;
	size_t n = 0;

	arena_init(&a);
	files = ARENA_ARRAY(&a, struct rule_file, rs->n);
	for (size_t i = 0; i < rs->n; i++) {
		struct rule_file *f = &files[n];

		if (n && str_eq(files[n - 1].name, rs->groups[i].file))
			continue;
		f->name = rs->groups[i].file;
		n += file_read(f->name, c->limits.file_bytes, &a, &f->text, NULL);
	}
	lint(c, rs, files, n, diags);
	arena_done(&a);
}

/* Whether it has users; mistakes in it are told. */
static bool check_web_config(struct check *c, struct diags *diags)
{
	struct str file = c->o.web_config_file, text;
	struct web_config *web = NULL;
	struct arena a;
	struct err err;
	bool users;

	if (!file.n)
		return false;
	arena_init(&a);
	if (!file_read(file, c->limits.file_bytes, &a, &text, &err))
		diags_add(diags, file, 0, 0, "%s", err.msg);
	else if (!web_config_parse(text, file, &c->limits, &web, diags))
		c->failed = true;
	users = web && web->n_users;
	web_config_free(web);
	arena_done(&a);
	return users;
}

static void check_exposure(struct check *c, const struct config *cfg, struct str file,
			   struct diags *diags)
{
	const char *words = exposure_warning(cfg, &c->o.listen, check_web_config(c, diags));

	if (words)
		diags_warn(diags, file, 0, 0, "%s", words);
}

static void check_config(struct check *c, struct str file, struct diags *diags)
{
	struct config_files files = files_for_config(&c->limits);
	struct config_args args = {.group_wait = MS_NONE};
	struct config *cfg = NULL;

	if (!config_load(file, &args, &files, &c->limits, &cfg, diags))
		return;
	buf_printf(&c->out, "  SUCCESS: %.*s is a valid configuration", STR_ARG(file));
	if (cfg->notify)
		buf_printf(&c->out, ", %zu receivers", cfg->notify->n_receivers);
	if (cfg->rules) {
		buf_printf(&c->out, ", %zu rules in %zu groups", cfg->rules->n_rules,
			   cfg->rules->n);
		lint_config(c, cfg->rules, diags);
	}
	buf_addc(&c->out, '\n');
	check_exposure(c, cfg, file, diags);
	if (cfg->notify && !c->o.quiet)
		route_tree_put(&c->out, cfg->notify);
	config_free(cfg);
}

static void check_file(struct check *c, struct str file)
{
	struct arena a;
	struct str text;
	struct diags diags;
	struct err err;

	arena_init(&a);
	diags_init(&diags);
	buf_printf(&c->out, "Checking %.*s\n", STR_ARG(file));
	if (!file_read(file, c->limits.file_bytes, &a, &text, &err))
		diags_add(&diags, file, 0, 0, "%s", err.msg);
	else if (is_rule_file(c, text, &a))
		check_rules(c, file, text, &diags);
	else
		check_config(c, file, &diags);
	if (diags.errors)
		buf_printf(&c->out, "  FAILED: %zu error%s\n", diags.errors + diags.left_out,
			   diags.errors + diags.left_out == 1 ? "" : "s");
	diag_text_put_all(&c->errors, &diags, c->limits.file_bytes);
	c->failed |= diags.errors > 0;
	c->found += diags.n - MIN(diags.n, diags.errors);
	command_write(STDOUT_FILENO, buf_str(&c->out));
	command_write(STDERR_FILENO, buf_str(&c->errors));
	buf_clear(&c->out);
	buf_clear(&c->errors);
	diags_done(&diags);
	arena_done(&a);
}

static int explain(void)
{
	struct buf b;
	bool ok;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < LINTS; i++)
		buf_printf(&b, "%-20s %s\n", LINT_TABLE[i].name, LINT_TABLE[i].reason);
	ok = command_write(STDOUT_FILENO, buf_str(&b));
	buf_done(&b);
	return ok ? 0 : 1;
}

static bool read_lints(struct check *c, struct err *err)
{
	lint_options_default(&c->lint, &c->limits);
	c->lint.scrape_interval = c->o.scrape_interval;
	for (size_t i = 0; i < c->o.lint.n; i++) {
		if (!lint_options_parse(&c->lint, c->o.lint.v[i], err))
			return err_prefix(err, "--lint: ");
	}
	return true;
}

static int run(int argc, char **argv)
{
	struct check c = {0};
	struct flag_texts files;
	struct arena a;
	struct err err;
	bool ok;

	limits_default(&c.limits);
	arena_init(&a);
	buf_init(&c.out, BUF_MAX_ANY);
	buf_init(&c.errors, BUF_MAX_ANY);
	ok = flags_parse(&cmd_check, argc, argv, &a, &c.o, &files, &err) &&
	     (files.n || c.o.explain || err_set(&err, -1, "which files?")) && read_lints(&c, &err);
	if (ok && c.o.explain && !files.n)
		explain();
	for (size_t i = 0; ok && i < files.n; i++)
		check_file(&c, files.v[i]);
	buf_done(&c.out);
	buf_done(&c.errors);
	arena_done(&a);
	if (!ok)
		return command_usage_error(&cmd_check, &err);
	if (c.failed)
		return 1;
	return c.o.lint_fatal && c.found ? 3 : 0;
}

const struct command cmd_check = {
	.name = "check",
	.summary = "Checks configuration files and rule files: all errors, with their places.",
	.usage = "[FLAGS] FILE...",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
