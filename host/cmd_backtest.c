/*
 * rouse backtest: runs alerting rules over what a Prometheus remembers, and tells what would have
 * fired: before a new rule wakes anybody.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/regex.h"
#include "host/backtest_report.h"
#include "host/commands.h"
#include "host/diag_text.h"
#include "host/fetch_pool.h"
#include "host/files.h"
#include "host/when.h"
#include "promql/parse.h"

struct backtest_options {
	struct str url, since, until, compare, rule, night, svg, parallel, max_qps, max_pages;
	struct str bearer_file;
	ms_t piece, timeout, interval;
	bool json, all;
};

static const struct flag flags[] = {
	FLAG_DEFAULT("prometheus", "URL", TEXT, struct backtest_options, url,
		     "http://localhost:9090", "The Prometheus that remembers."),
	FLAG_DEFAULT("since", "TIME", TEXT, struct backtest_options, since, "7d",
		     "Begin: 30d (ago), Unix seconds or RFC 3339."),
	FLAG_DEFAULT("until", "TIME", TEXT, struct backtest_options, until, "now", "End."),
	FLAG("compare", "OLD", TEXT, struct backtest_options, compare,
	     "Run this rule file too and tell what is different with the others."),
	FLAG("rule", "REGEX", TEXT, struct backtest_options, rule,
	     "Only alerts whose name matches."),
	FLAG_DEFAULT("night", "FROM-TO", TEXT, struct backtest_options, night, "22:00-07:00",
		     "What counts as night, in local time."),
	FLAG("json", NULL, SWITCH, struct backtest_options, json, "Print JSON."),
	FLAG("all", NULL, SWITCH, struct backtest_options, all,
	     "List every time an alert fires, not only the first ten."),
	FLAG("svg", "FILE", TEXT, struct backtest_options, svg,
	     "Also write a picture: a line for each alert, a bar for each time it fires."),
	FLAG("max-pages", "N", TEXT, struct backtest_options, max_pages,
	     "Exit with 3 if more alerts fire than this."),
	FLAG_DEFAULT("parallel", "N", TEXT, struct backtest_options, parallel, "2",
		     "Queries under way at a time."),
	FLAG_DEFAULT("max-qps", "N", TEXT, struct backtest_options, max_qps, "10",
		     "Queries a second, at most; 0: as fast as answers come."),
	FLAG_DEFAULT("piece", "DURATION", DURATION, struct backtest_options, piece, "1d",
		     "The longest span of one query."),
	FLAG_DEFAULT("interval", "DURATION", DURATION, struct backtest_options, interval, "1m",
		     "Evaluation interval of groups that have none."),
	FLAG("bearer-token-file", "FILE", TEXT, struct backtest_options, bearer_file,
	     "A file with a token for Authorization: Bearer."),
	FLAG_DEFAULT("timeout", "DURATION", DURATION, struct backtest_options, timeout, "2m",
		     "How long one answer may take."),
};

/* The rules of one set of files, run. */
struct side {
	struct rule_set *rules;
	struct backtest *tests;
	struct fetch_job *jobs;
	const struct backtest **v;
	const char **errors;
	size_t n;
};

struct session {
	struct backtest_options o;
	struct limits limits;
	struct arena arena;
	struct regex *rule;
	struct fetch_options fetch;
	struct backtest_report report;
	int64_t max_pages; /* -1: any */
};

/* ---- the command line --------------------------------------------------------------------------
 */

static bool read_clock(struct str s, int *minutes)
{
	int64_t h, m;

	if (s.n != 5 || s.p[2] != ':' || num_int(str_cut(s, 0, 2), 10, &h) != NUM_OK ||
	    num_int(str_from(s, 3), 10, &m) != NUM_OK || h < 0 || h > 24 || m < 0 || m > 59)
		return false;
	*minutes = (int)(h * 60 + m);
	return true;
}

static bool read_count(struct str s, const char *flag, int64_t least, int64_t *out, struct err *err)
{
	if (num_int(s, 10, out) == NUM_OK && *out >= least)
		return true;
	return err_set(err, -1, "--%s: \"%.*s\" is no number of at least %lld", flag, STR_ARG(s),
		       (long long)least);
}

static bool read_span(struct session *s, struct err *err)
{
	ms_t now = when_now(), ago;

	if (!when_parse(s->o.until, now, &s->report.to, err))
		return false;
	if (num_duration(s->o.since, &ago, NULL))
		s->report.from = s->report.to - ago;
	else if (!when_parse(s->o.since, now, &s->report.from, err))
		return false;
	return s->report.from < s->report.to || err_set(err, -1, "--since is not before --until");
}

static bool read_options(struct session *s, struct err *err)
{
	struct night *night = &s->report.night;
	int64_t parallel;
	double qps;

	s->max_pages = -1;
	if (!read_span(s, err) || !read_count(s->o.parallel, "parallel", 1, &parallel, err))
		return false;
	if (s->o.max_pages.n && !read_count(s->o.max_pages, "max-pages", 0, &s->max_pages, err))
		return false;
	if (num_float(s->o.max_qps, &qps) != NUM_OK || !(qps >= 0))
		return err_set(err, -1, "--max-qps: \"%.*s\" is no number", STR_ARG(s->o.max_qps));
	if (s->o.night.n != 11 || s->o.night.p[5] != '-' ||
	    !read_clock(str_cut(s->o.night, 0, 5), &night->from) ||
	    !read_clock(str_from(s->o.night, 6), &night->to))
		return err_set(err, -1, "--night: write it as 22:00-07:00");
	if (s->o.rule.n && !regex_compile(s->o.rule, 0, &s->arena, &s->rule, err))
		return err_prefix(err, "--rule: ");
	s->fetch = (struct fetch_options){.client = {.url = s->o.url,
						     .bearer_file = s->o.bearer_file,
						     .timeout = s->o.timeout,
						     .limits = &s->limits},
					  .parallel = (size_t)parallel,
					  .max_qps = qps,
					  .piece = MAX(s->o.piece, MINUTE),
					  .progress = isatty(STDERR_FILENO)};
	return true;
}

/* ---- rules -------------------------------------------------------------------------------------
 */

static bool load(struct session *s, const struct flag_texts *files, struct side *side)
{
	struct promql_options promql = {true, true, true, true};
	struct rule_defaults d = {.interval = s->o.interval,
				  .promql = &promql,
				  .limits = &s->limits};
	struct rule_file *v = ARENA_ARRAY(&s->arena, struct rule_file, files->n);
	struct diags diags;
	struct buf text;
	struct err err;
	bool ok = true;

	diags_init(&diags);
	for (size_t i = 0; i < files->n; i++) {
		v[i].name = files->v[i];
		if (!file_read(v[i].name, s->limits.file_bytes, &s->arena, &v[i].text, &err)) {
			diags_add(&diags, v[i].name, 0, 0, "%s", err.msg);
			ok = false;
		}
	}
	ok = ok && rule_set_load(v, files->n, &d, &side->rules, &diags);
	buf_init(&text, BUF_MAX_ANY);
	diag_text_put_all(&text, &diags, s->limits.file_bytes);
	command_write(STDERR_FILENO, buf_str(&text));
	buf_done(&text);
	diags_done(&diags);
	return ok;
}

static bool wanted(const struct session *s, const struct rule *r)
{
	bool yes = r->alerting;

	if (yes && s->rule && !regex_match(s->rule, r->name, &yes, NULL))
		return false;
	return yes;
}

static void add_rule(struct session *s, struct side *side, const struct rule_group *g,
		     const struct rule *r)
{
	struct backtest *b = &side->tests[side->n];
	struct fetch_job *job = &side->jobs[side->n];

	backtest_init(b, g, r, &s->limits);
	side->v[side->n++] = b;
	*job = (struct fetch_job){.backtest = b,
				  .from = backtest_slot(g, s->report.from),
				  .to = backtest_slot(g, s->report.to) - g->interval};
	job->to = MAX(job->to, job->from);
}

static void add_rules(struct session *s, struct side *side)
{
	size_t n = side->rules->n_rules + 1;

	side->tests = mem_alloc(n * sizeof(*side->tests));
	side->jobs = mem_alloc(n * sizeof(*side->jobs));
	side->v = mem_alloc(n * sizeof(struct backtest *));
	side->errors = mem_alloc(n * sizeof(char *));
	for (size_t g = 0; g < side->rules->n; g++) {
		const struct rule_group *group = &side->rules->groups[g];

		for (size_t k = 0; k < group->n; k++) {
			if (wanted(s, &group->rules[k]))
				add_rule(s, side, group, &group->rules[k]);
		}
	}
}

static void side_done(struct side *side)
{
	for (size_t i = 0; i < side->n; i++)
		backtest_done(&side->tests[i]);
	free(side->tests);
	free(side->jobs);
	free((void *)side->v);
	free((void *)side->errors);
	rule_set_free(side->rules);
}

static bool run_side(struct session *s, const struct flag_texts *files, struct side *side)
{
	struct err err;

	if (!load(s, files, side))
		return false;
	add_rules(s, side);
	if (!fetch_all(&s->fetch, side->jobs, side->n, &err)) {
		fprintf(stderr, "rouse backtest: %s\n", err.msg);
		return false;
	}
	for (size_t i = 0; i < side->n; i++)
		side->errors[i] = side->jobs[i].error[0] ? side->jobs[i].error : NULL;
	return true;
}

/* ---- results -----------------------------------------------------------------------------------
 */

static struct backtest_report report_of(const struct session *s, const struct side *side)
{
	struct backtest_report r = s->report;

	r.v = side->v;
	r.errors = side->errors;
	r.n = side->n;
	r.episodes_most = s->o.all ? SIZE_MAX : 10;
	return r;
}

static bool write_svg(const struct session *s, const struct backtest_report *r)
{
	struct buf b;
	FILE *f;
	bool ok;

	if (s->o.svg.n == 0)
		return true;
	buf_init(&b, BUF_MAX_ANY);
	backtest_put_svg(&b, r);
	f = fopen(arena_cstr((struct arena *)(uintptr_t)&s->arena, s->o.svg), "w");
	ok = f && fwrite(b.p, 1, b.n, f) == b.n;
	ok = f && fclose(f) == 0 && ok;
	if (!ok)
		fprintf(stderr, "rouse backtest: cannot write %.*s: %m\n", STR_ARG(s->o.svg));
	buf_done(&b);
	return ok;
}

static int tell(struct session *s, const struct side *now, const struct side *old)
{
	struct backtest_report r = report_of(s, now), before = report_of(s, old);
	bool ok = write_svg(s, &r);
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	if (s->o.json)
		backtest_put_json(&b, &r);
	else if (s->o.compare.n)
		backtest_put_compare(&b, &before, &r);
	else
		backtest_put_text(&b, &r);
	ok = command_write(STDOUT_FILENO, buf_str(&b)) && ok;
	buf_done(&b);
	for (size_t i = 0; i < now->n; i++)
		ok = ok && !now->errors[i];
	if (!ok)
		return 1;
	return s->max_pages >= 0 && backtest_pages(&r) > (size_t)s->max_pages ? 3 : 0;
}

static int backtest(struct session *s, const struct flag_texts *files)
{
	struct flag_texts compare = {.v = &s->o.compare, .n = 1};
	struct side now = {0}, old = {0};
	int status = 1;

	if (run_side(s, files, &now) && (s->o.compare.n == 0 || run_side(s, &compare, &old)))
		status = tell(s, &now, &old);
	side_done(&now);
	side_done(&old);
	return status;
}

static int run(int argc, char **argv)
{
	struct session s = {0};
	struct flag_texts files;
	struct err err;
	int status;

	limits_default(&s.limits);
	arena_init(&s.arena);
	if (!flags_parse(&cmd_backtest, argc, argv, &s.arena, &s.o, &files, &err) ||
	    !(files.n || err_set(&err, -1, "which rule files?")) || !read_options(&s, &err))
		status = command_usage_error(&cmd_backtest, &err);
	else
		status = backtest(&s, &files);
	arena_done(&s.arena);
	return status;
}

const struct command cmd_backtest = {
	.name = "backtest",
	.summary = "Runs alerting rules over history: what would have fired, and when.",
	.usage = "[FLAGS] RULES...",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
