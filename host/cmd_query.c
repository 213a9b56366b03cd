/* rouse query: asks a Prometheus, at one instant or over a range; text, JSON, a table, a chart. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/num.h"
#include "base/time.h"
#include "host/block_files.h"
#include "host/chart.h"
#include "host/commands.h"
#include "host/fetch_series.h"
#include "host/prom_client.h"
#include "host/when.h"
#include "promql/histogram.h"
#include "promql/parse.h"

struct query_options {
	struct str url, blocks, time, start, end, output, bearer_file;
	ms_t range, step, timeout;
	bool local;
};

static const struct flag flags[] = {
	FLAG_DEFAULT("url", "URL", TEXT, struct query_options, url, "http://localhost:9090",
		     "The Prometheus to ask."),
	FLAG("blocks", "DIR", TEXT, struct query_options, blocks,
	     "Ask no Prometheus, but the data that one has left: its folder of blocks, or one."),
	FLAG_DEFAULT("time", "TIME", TEXT, struct query_options, time, "now",
		     "When: now, -1h, Unix seconds or RFC 3339."),
	FLAG("range", "DURATION", DURATION, struct query_options, range,
	     "A range query that ends at --time and is so long."),
	FLAG("start", "TIME", TEXT, struct query_options, start, "Begin of a range query."),
	FLAG("end", "TIME", TEXT, struct query_options, end,
	     "End of a range query that has --start (default now)."),
	FLAG("step", "DURATION", DURATION, struct query_options, step,
	     "Step of a range query (default: a 250th of it)."),
	{.name = "output",
	 .value = "FORMAT",
	 .kind = FLAG_TEXT,
	 .at = offsetof(struct query_options, output),
	 .choices = "promql json table chart",
	 .fallback = "promql",
	 .help = "promql (as promtool prints), json, table, or chart (of a range)."},
	FLAG("bearer-token-file", "FILE", TEXT, struct query_options, bearer_file,
	     "A file with a token for Authorization: Bearer."),
	FLAG("local", NULL, SWITCH, struct query_options, local,
	     "Fetch the samples and evaluate here, with the functions of Prometheus 3.14."),
	FLAG_DEFAULT("timeout", "DURATION", DURATION, struct query_options, timeout, "2m",
		     "How long the answer may take."),
};

/* ---- text and JSON -----------------------------------------------------------------------------
 */

static void put_time(struct buf *b, ms_t t)
{
	num_put_float(b, (double)t / 1e3, 'f', -1);
}

static void put_value(struct buf *b, const struct points *p, size_t i)
{
	if (p->h && p->h[i])
		histogram_put_go(b, p->h[i]);
	else
		num_put_float(b, p->v[i], 'f', -1);
}

static void put_sample(struct buf *b, const struct points *p, size_t i)
{
	put_value(b, p, i);
	buf_adds(b, " @[");
	put_time(b, p->t[i]);
	buf_adds(b, "]\n");
}

static void put_promql(struct buf *b, const struct result *r)
{
	if (r->type == PROMQL_STRING) {
		buf_add(b, r->text);
		buf_addc(b, '\n');
	}
	for (size_t k = 0; k < r->n; k++) {
		const struct points *p = &r->v[k].points;

		if (r->type == PROMQL_SCALAR)
			buf_adds(b, "scalar: ");
		else
			labels_put(b, r->v[k].labels, true);
		if (r->type != PROMQL_SCALAR)
			buf_adds(b, r->type == PROMQL_MATRIX ? " =>\n" : " => ");
		for (size_t i = 0; i < p->n; i++)
			put_sample(b, p, i);
	}
}

static void put_pair(struct buf *b, const struct points *p, size_t i)
{
	struct buf text;

	buf_init(&text, BUF_MAX_ANY);
	put_value(&text, p, i);
	buf_addc(b, '[');
	put_time(b, p->t[i]);
	buf_addc(b, ',');
	json_put_str(b, buf_str(&text));
	buf_addc(b, ']');
	buf_done(&text);
}

static void put_series_json(struct buf *b, const struct result_series *s, bool matrix)
{
	buf_adds(b, "{\"metric\":");
	labels_put_json(b, s->labels);
	buf_adds(b, matrix ? ",\"values\":[" : ",\"value\":");
	for (size_t i = 0; i < s->points.n; i++) {
		buf_adds(b, i ? "," : "");
		put_pair(b, &s->points, i);
	}
	buf_adds(b, matrix ? "]}" : "}");
}

static void put_json(struct buf *b, const struct result *r)
{
	if (r->type == PROMQL_STRING) {
		json_put_str(b, r->text);
	} else if (r->type == PROMQL_SCALAR && r->n) {
		put_pair(b, &r->v[0].points, 0);
	} else {
		buf_addc(b, '[');
		for (size_t k = 0; k < r->n; k++) {
			buf_adds(b, k ? "," : "");
			put_series_json(b, &r->v[k], r->type == PROMQL_MATRIX);
		}
		buf_addc(b, ']');
	}
	buf_addc(b, '\n');
}

/* ---- table -------------------------------------------------------------------------------------
 */

#define COLUMNS_MAX 64

struct table {
	struct arena arena;
	struct str names[COLUMNS_MAX]; /* of labels */
	size_t n_names;
	struct str *cells; /* rows of n_cols; the first row has the heads */
	size_t n_cols, n_rows;
	bool times;
};

static void add_name(struct table *t, struct str name)
{
	for (size_t i = 0; i < t->n_names; i++) {
		if (str_eq(t->names[i], name))
			return;
	}
	if (t->n_names < COLUMNS_MAX)
		t->names[t->n_names++] = name;
}

/* A label that is the same everywhere says nothing, unless there is one row only. */
static bool differs(const struct result *r, struct str name)
{
	for (size_t k = 1; k < r->n; k++) {
		if (!str_eq(labels_get(r->v[k].labels, name), labels_get(r->v[0].labels, name)))
			return true;
	}
	return r->n == 1;
}

static void find_names(struct table *t, const struct result *r)
{
	for (size_t k = 0; k < r->n; k++) {
		struct labels_iter it = {0};
		struct label l;

		while (labels_next(r->v[k].labels, &it, &l)) {
			if (differs(r, l.name))
				add_name(t, l.name);
		}
	}
}

static void fill_row(struct table *t, struct str *cells, const struct result_series *s, size_t i)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	if (t->times) {
		time_put_rfc3339(&b, s->points.t[i]);
		*cells++ = arena_str(&t->arena, buf_str(&b));
		buf_clear(&b);
	}
	for (size_t k = 0; k < t->n_names; k++)
		*cells++ = labels_get(s->labels, t->names[k]);
	put_value(&b, &s->points, i);
	*cells = arena_str(&t->arena, buf_str(&b));
	buf_done(&b);
}

static void table_fill(struct table *t, const struct result *r)
{
	size_t rows = 1, row = 1, col = 0;

	for (size_t k = 0; k < r->n; k++)
		rows += r->v[k].points.n;
	t->times = r->type == PROMQL_MATRIX;
	find_names(t, r);
	t->n_cols = t->n_names + t->times + 1;
	t->n_rows = rows;
	t->cells = ARENA_ARRAY(&t->arena, struct str, rows * t->n_cols);
	if (t->times)
		t->cells[col++] = STR("TIME");
	for (size_t k = 0; k < t->n_names; k++)
		t->cells[col++] = str_is(t->names[k], LABEL_NAME) ? STR("NAME") : t->names[k];
	t->cells[col] = STR("VALUE");
	for (size_t k = 0; k < r->n; k++) {
		for (size_t i = 0; i < r->v[k].points.n; i++)
			fill_row(t, &t->cells[row++ * t->n_cols], &r->v[k], i);
	}
}

static size_t width_of(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

static void put_table(struct buf *b, const struct result *r)
{
	struct table t = {0};
	size_t *widths;

	arena_init(&t.arena);
	table_fill(&t, r);
	widths = ARENA_ARRAY(&t.arena, size_t, t.n_cols);
	for (size_t i = 0; i < t.n_rows * t.n_cols; i++)
		widths[i % t.n_cols] = MAX(widths[i % t.n_cols], width_of(t.cells[i]));
	for (size_t i = 0; i < t.n_rows * t.n_cols; i++) {
		size_t col = i % t.n_cols;

		buf_add(b, t.cells[i]);
		if (col + 1 < t.n_cols)
			buf_fill(b, ' ', widths[col] - width_of(t.cells[i]) + 2);
		else
			buf_addc(b, '\n');
	}
	arena_done(&t.arena);
}

/* ---- the command -------------------------------------------------------------------------------
 */

struct asked {
	struct query_options o;
	struct limits limits;
	struct arena arena;
	struct str expr;
	const struct expr *parsed; /* NULL: a function that only the Prometheus may know */
	bool range;
	ms_t start, end, step;
	/* Where samples come from if we evaluate; results borrow from it. */
	struct memory *fetched;
	struct block_files *blocks;
};

/* 1, 2, 5, 10, 15, 30 of seconds, minutes, hours: not less than `least`. */
static ms_t nice_step(ms_t least)
{
	static const ms_t UNITS[] = {SECOND, MINUTE, HOUR};
	static const ms_t NICE[] = {1, 2, 5, 10, 15, 30};

	for (size_t u = 0; u < ARRAY_LEN(UNITS); u++) {
		for (size_t i = 0; i < ARRAY_LEN(NICE); i++) {
			if (NICE[i] * UNITS[u] >= least)
				return NICE[i] * UNITS[u];
		}
	}
	return (least / DAY + 1) * DAY;
}

static bool read_times(struct asked *q, struct err *err)
{
	ms_t now = when_now();

	q->range = q->o.start.n || q->o.range > 0;
	if (!when_parse(q->o.time, now, &q->end, err))
		return false;
	q->start = q->end - q->o.range;
	if (q->o.end.n && !q->o.start.n)
		return err_set(err, -1, "--end needs --start");
	if (q->o.start.n && !when_parse(q->o.start, now, &q->start, err))
		return false;
	if (q->o.end.n && !when_parse(q->o.end, now, &q->end, err))
		return false;
	if (q->start > q->end)
		return err_set(err, -1, "the range begins after its end");
	q->step = q->o.step > 0 ? q->o.step : nice_step((q->end - q->start) / 250);
	return q->range || !str_is(q->o.output, "chart") ||
	       err_set(err, -1, "a chart needs a range: --range 1h, or --start and --end");
}

/* What is wrong with the expression is said here, with its place; functions that only a newer
 * Prometheus knows are left to it. */
static bool parses(struct asked *q, struct buf *errors)
{
	struct promql_options o = {true, true, true, true};
	struct err err;

	if (promql_parse(q->expr, &o, &q->limits, &q->arena, &q->parsed, &err))
		return true;
	q->parsed = NULL;
	if (!q->o.local && !q->o.blocks.n && str_starts(str_of(err.msg), "unknown function"))
		return true;
	promql_error_put(errors, q->expr, &err);
	buf_addc(errors, '\n');
	promql_error_put_place(errors, q->expr, &err, 2);
	return false;
}

static void put_result(struct asked *q, struct buf *b, const struct result *r)
{
	struct chart_options chart = chart_terminal(STDOUT_FILENO);

	chart.start = q->start;
	chart.end = q->end;
	if (str_is(q->o.output, "json"))
		put_json(b, r);
	else if (str_is(q->o.output, "table"))
		put_table(b, r);
	else if (str_is(q->o.output, "chart"))
		chart_put(b, &chart, r);
	else
		put_promql(b, r);
}

#define LOCAL_SAMPLES 50000000 /* fetched at most: about a gigabyte */

static bool evaluate(struct asked *q, struct prom_client *c, struct result *r, struct notes *notes,
		     struct err *err)
{
	struct engine_options o;
	struct engine_query query = {.source = memory_source(q->fetched),
				     .expr = q->parsed,
				     .start = q->range ? q->start : q->end,
				     .end = q->end,
				     .step = q->range ? q->step : 0};

	engine_options_default(&o);
	if (q->o.blocks.n) {
		if (!block_files_open(q->o.blocks, &q->blocks, err))
			return false;
		query.source = block_files_source(q->blocks);
	} else if (!fetch_series(c, &o, &query, LOCAL_SAMPLES, q->fetched, err)) {
		return false;
	}
	return engine_eval(&o, &query, &q->arena, r, notes, err);
}

static bool ask(struct asked *q, struct prom_client *c, struct result *r, struct notes *notes,
		struct err *err)
{
	struct prom_question question = {.expr = q->expr,
					 .start = q->start,
					 .end = q->end,
					 .step = q->range ? q->step : 0};

	return q->o.local || q->o.blocks.n
		       ? evaluate(q, c, r, notes, err)
		       : prom_client_query(c, &question, &q->arena, r, notes, err);
}

static int answer(struct asked *q)
{
	struct prom_client_options co = {.url = q->o.url,
					 .bearer_file = q->o.bearer_file,
					 .timeout = q->o.timeout,
					 .limits = &q->limits};
	struct err err;
	OWNED(prom_client) c = prom_client_new(&co, &err);
	struct notes notes;
	struct result r;
	struct buf out;
	bool ok;

	notes_init(&notes, q->expr);
	buf_init(&out, BUF_MAX_ANY);
	ok = c && ask(q, c, &r, &notes, &err);
	for (size_t i = 0; i < notes.n; i++)
		fprintf(stderr, "%.*s\n", STR_ARG(notes.v[i].text));
	if (ok) {
		put_result(q, &out, &r);
		ok = command_write(STDOUT_FILENO, buf_str(&out));
	} else {
		fprintf(stderr, "rouse query: %s\n", err.msg);
	}
	buf_done(&out);
	notes_done(&notes);
	return ok ? 0 : 1;
}

static int run_query(struct asked *q, const struct flag_texts *words)
{
	struct buf text;
	int status = 1;

	buf_init(&text, BUF_MAX_ANY);
	for (size_t i = 0; i < words->n; i++) {
		buf_adds(&text, i ? " " : "");
		buf_add(&text, words->v[i]);
	}
	q->expr = arena_str(&q->arena, buf_str(&text));
	buf_clear(&text);
	if (parses(q, &text))
		status = answer(q);
	else
		command_write(STDERR_FILENO, buf_str(&text));
	buf_done(&text);
	return status;
}

static int run(int argc, char **argv)
{
	struct asked q = {0};
	struct flag_texts words;
	struct err err;
	int status;

	limits_default(&q.limits);
	q.fetched = memory_new();
	arena_init(&q.arena);
	if (!flags_parse(&cmd_query, argc, argv, &q.arena, &q.o, &words, &err) ||
	    !(words.n || err_set(&err, -1, "which expression?")) || !read_times(&q, &err))
		status = command_usage_error(&cmd_query, &err);
	else
		status = run_query(&q, &words);
	arena_done(&q.arena);
	memory_free(q.fetched);
	block_files_close(q.blocks);
	return status;
}

const struct command cmd_query = {
	.name = "query",
	.summary = "Asks a Prometheus: text, JSON, a table or a chart.",
	.usage = "[FLAGS] EXPR",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
