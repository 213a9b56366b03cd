/* A file of unit tests as records. */
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/time.h"
#include "base/yaml_source.h"
#include "evaluator/unittest_private.h"
#include "promql/print.h"

/* What is read of a test group before its lists are. */
struct group_draft {
	struct str name, external_url, start;
	ms_t interval;
	const struct yaml_node *input_series, *alert_rule_test, *promql_expr_test;
	const struct yaml_node *external_labels, *page_test;
};

struct page_draft {
	ms_t eval_time;
	const struct yaml_node *exp_pages;
};

struct file_draft {
	struct field_texts rule_files, group_eval_order;
	struct str config_file;
	ms_t evaluation_interval;
	bool fuzzy_compare;
	const struct yaml_node *tests;
};

struct series_draft {
	struct str series, values;
};

struct alert_draft {
	ms_t eval_time;
	struct str alertname;
	const struct yaml_node *exp_alerts;
};

struct exp_alert_draft {
	const struct yaml_node *exp_labels, *exp_annotations;
};

struct expr_draft {
	struct str expr;
	ms_t eval_time;
	const struct yaml_node *exp_samples;
};

struct sample_draft {
	struct str labels, value, histogram;
};

static const struct field FILE_FIELDS[] = {
	FIELD(TEXTS, struct file_draft, rule_files),
	FIELD(DURATION, struct file_draft, evaluation_interval),
	FIELD(TEXTS, struct file_draft, group_eval_order),
	FIELD(BOOL, struct file_draft, fuzzy_compare),
	FIELD(LIST, struct file_draft, tests),
	FIELD(TEXT, struct file_draft, config_file),
};

static const struct field GROUP_FIELDS[] = {
	FIELD(TEXT, struct group_draft, name),
	FIELD(DURATION, struct group_draft, interval),
	FIELD_AS(TEXT, "start_timestamp", struct group_draft, start),
	FIELD(LIST, struct group_draft, input_series),
	FIELD(LIST, struct group_draft, alert_rule_test),
	FIELD(LIST, struct group_draft, promql_expr_test),
	FIELD(MAP, struct group_draft, external_labels),
	FIELD(TEXT, struct group_draft, external_url),
	FIELD(LIST, struct group_draft, page_test),
};

static const struct field PAGE_FIELDS[] = {
	FIELD(DURATION, struct page_draft, eval_time),
	FIELD(LIST, struct page_draft, exp_pages),
};

static const struct field EXP_PAGE_FIELDS[] = {
	FIELD(TEXT, struct exp_page, receiver),
	FIELD(TEXT, struct exp_page, title),
	FIELD(TEXT, struct exp_page, text),
	FIELD(TEXTS, struct exp_page, alerts),
};

static const struct field SERIES_FIELDS[] = {
	FIELD(TEXT, struct series_draft, series),
	FIELD(TEXT, struct series_draft, values),
};

static const struct field ALERT_FIELDS[] = {
	FIELD(DURATION, struct alert_draft, eval_time),
	FIELD(TEXT, struct alert_draft, alertname),
	FIELD(LIST, struct alert_draft, exp_alerts),
};

static const struct field EXP_ALERT_FIELDS[] = {
	FIELD(MAP, struct exp_alert_draft, exp_labels),
	FIELD(MAP, struct exp_alert_draft, exp_annotations),
};

static const struct field EXPR_FIELDS[] = {
	FIELD(TEXT, struct expr_draft, expr),
	FIELD(DURATION, struct expr_draft, eval_time),
	FIELD(LIST, struct expr_draft, exp_samples),
};

static const struct field SAMPLE_FIELDS[] = {
	FIELD(TEXT, struct sample_draft, labels),
	FIELD(TEXT, struct sample_draft, value),
	FIELD(TEXT, struct sample_draft, histogram),
};

struct reader {
	const struct fields *f;
	const struct unittest_options *o;
	const struct test_file *file;
};

static size_t length(const struct yaml_node *list)
{
	return list ? list->n : 0;
}

static int label_cmp(const void *x, const void *y)
{
	return str_cmp(((const struct label *)x)->name, ((const struct label *)y)->name);
}

/* A map of texts in name order, and alertname if given; empty values stay if `annotations`. */
static bool read_labels(const struct reader *r, const struct yaml_node *map, bool annotations,
			struct str alertname, struct labels *out)
{
	size_t n = 0, pairs = map ? map->n : 0;
	struct label *v = ARENA_ARRAY(r->f->arena, struct label, pairs + 1);
	struct buf b;

	for (size_t i = 0; i < pairs; i++) {
		v[n].name = map->pairs[i].key->value;
		if (!fields_text(r->f, map->pairs[i].value, "value", &v[n].value))
			return false;
		n += !alertname.n || !str_is(v[n].name, LABEL_ALERTNAME);
	}
	if (alertname.n)
		v[n++] = (struct label){.name = STR(LABEL_ALERTNAME), .value = alertname};
	qsort(v, n, sizeof(*v), label_cmp);
	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < n; i++) {
		if (annotations || v[i].value.n)
			labels_append(&b, v[i].name, v[i].value);
	}
	*out = labels_dup(r->f->arena, labels_of_bytes(buf_str(&b)));
	buf_done(&b);
	return true;
}

/* ---- input series -----------------------------------------------------------------------------
 */

static bool read_series(const struct reader *r, const struct yaml_node *n, struct series_desc *out)
{
	struct series_draft d = {0};
	struct str text;
	struct err err;

	if (!FIELDS_READ(r->f, n, "type main.series", SERIES_FIELDS, &d))
		return false;
	text = arena_printf(r->f->arena, "%.*s %.*s", STR_ARG(d.series), STR_ARG(d.values));
	if (series_desc_parse(text, r->o->limits, r->f->arena, out, &err))
		return true;
	return fields_error(r->f, n, "series %.*s: %s", (int)MIN(text.n, (size_t)200), text.p,
			    err.msg);
}

static bool read_all_series(const struct reader *r, const struct yaml_node *list,
			    struct test_group *g)
{
	bool ok = true;

	g->n_series = length(list);
	g->series = ARENA_ARRAY(r->f->arena, struct series_desc, g->n_series);
	for (size_t i = 0; i < g->n_series; i++)
		ok &= read_series(r, list->items[i], &g->series[i]);
	return ok;
}

/* ---- alert_rule_test --------------------------------------------------------------------------
 */

static bool read_exp_alert(const struct reader *r, const struct yaml_node *n, struct str alertname,
			   struct test_alert *out)
{
	struct exp_alert_draft d = {0};

	return FIELDS_READ(r->f, n, "type main.alert", EXP_ALERT_FIELDS, &d) &&
	       read_labels(r, d.exp_labels, false, alertname, &out->labels) &&
	       read_labels(r, d.exp_annotations, true, STR(""), &out->annotations);
}

static bool read_alert(const struct reader *r, const struct yaml_node *n, struct alert_test *t)
{
	struct alert_draft d = {0};
	bool ok = true;

	if (!FIELDS_READ(r->f, n, "type main.alertTestCase", ALERT_FIELDS, &d))
		return false;
	if (d.alertname.n == 0)
		return fields_error(r->f, n,
				    "an item under alert_rule_test misses required attribute "
				    "alertname at eval_time %lldms",
				    (long long)d.eval_time);
	t->line = n->line;
	t->eval_time = d.eval_time;
	t->alertname = d.alertname;
	t->n_exp = length(d.exp_alerts);
	t->exp = ARENA_ARRAY(r->f->arena, struct test_alert, t->n_exp);
	for (size_t i = 0; i < t->n_exp; i++)
		ok &= read_exp_alert(r, d.exp_alerts->items[i], d.alertname, &t->exp[i]);
	return ok;
}

static bool read_alerts(const struct reader *r, const struct yaml_node *list, struct test_group *g)
{
	bool ok = true;

	g->n_alerts = length(list);
	g->alerts = ARENA_ARRAY(r->f->arena, struct alert_test, g->n_alerts);
	for (size_t i = 0; i < g->n_alerts; i++)
		ok &= read_alert(r, list->items[i], &g->alerts[i]);
	return ok;
}

/* ---- promql_expr_test -------------------------------------------------------------------------
 */

/* YAML's words for what is no number to Go's parser. */
static bool number(struct str s, double *out)
{
	if (s.n > 1 && (s.p[0] == '.' || s.p[1] == '.') && !num_float(s, out))
		return true;
	if (str_is(s, ".nan") || str_is(s, ".NaN") || str_is(s, ".NAN"))
		*out = (double)NAN;
	else if (str_is(s, ".inf") || str_is(s, "+.inf") || str_is(s, ".Inf") || str_is(s, "+.Inf"))
		*out = (double)INFINITY;
	else if (str_is(s, "-.inf") || str_is(s, "-.Inf"))
		*out = -(double)INFINITY;
	else
		return num_float(s, out) == NUM_OK;
	return true;
}

static bool read_histogram(const struct reader *r, const struct yaml_node *n, struct str text,
			   struct test_sample *out)
{
	struct series_desc d;
	struct err err;

	text = arena_printf(r->f->arena, "{} %.*s", STR_ARG(text));
	if (!series_desc_parse(text, r->o->limits, r->f->arena, &d, &err))
		return fields_error(r->f, n, "histogram: %s", err.msg);
	if (d.n != 1 || !d.values[0].hist)
		return fields_error(r->f, n, "expected one histogram like {{schema:0 count:1}}");
	out->hist = d.values[0].hist;
	return true;
}

static bool read_sample(const struct reader *r, const struct yaml_node *n, struct test_sample *out)
{
	struct sample_draft d = {0};
	struct err err;

	if (!FIELDS_READ(r->f, n, "type main.sample", SAMPLE_FIELDS, &d))
		return false;
	if (str_trim(d.labels).n &&
	    !series_desc_parse_labels(d.labels, r->o->limits, r->f->arena, &out->labels, &err))
		return fields_error(r->f, n, "labels %.*s: %s", STR_ARG(d.labels), err.msg);
	if (d.histogram.n)
		return read_histogram(r, n, d.histogram, out);
	if (d.value.n && !number(d.value, &out->value))
		return fields_error(r->f, n, "value %.*s is no number", STR_ARG(d.value));
	return true;
}

static bool read_expr(const struct reader *r, const struct yaml_node *n, struct expr_test *t)
{
	struct expr_draft d = {0};
	struct err err;
	bool ok = true;

	if (!FIELDS_READ(r->f, n, "type main.promqlTestCase", EXPR_FIELDS, &d))
		return false;
	t->line = n->line;
	t->eval_time = d.eval_time;
	t->text = d.expr;
	if (!promql_parse(d.expr, &r->o->promql, r->o->limits, r->f->arena, &t->expr, &err))
		ok = fields_error(r->f, yaml_get(n, "expr"), "%d:%d: parse error: %s", err.line,
				  err.col, err.msg);
	t->n_exp = length(d.exp_samples);
	t->exp = ARENA_ARRAY(r->f->arena, struct test_sample, t->n_exp);
	for (size_t i = 0; i < t->n_exp; i++)
		ok &= read_sample(r, d.exp_samples->items[i], &t->exp[i]);
	return ok;
}

static bool read_exprs(const struct reader *r, const struct yaml_node *list, struct test_group *g)
{
	bool ok = true;

	g->n_exprs = length(list);
	g->exprs = ARENA_ARRAY(r->f->arena, struct expr_test, g->n_exprs);
	for (size_t i = 0; i < g->n_exprs; i++)
		ok &= read_expr(r, list->items[i], &g->exprs[i]);
	return ok;
}

/* ---- page_test ---------------------------------------------------------------------------------
 */

static bool read_page(const struct reader *r, const struct yaml_node *n, struct page_test *t)
{
	struct page_draft d = {0};
	bool ok = FIELDS_READ(r->f, n, "type main.pageTestCase", PAGE_FIELDS, &d);

	t->line = n->line;
	t->eval_time = d.eval_time;
	t->n_exp = length(d.exp_pages);
	t->exp = ARENA_ARRAY(r->f->arena, struct exp_page, t->n_exp);
	for (size_t i = 0; ok && i < t->n_exp; i++) {
		const struct yaml_node *page = d.exp_pages->items[i];

		ok = FIELDS_READ(r->f, page, "type main.page", EXP_PAGE_FIELDS, &t->exp[i]);
		if (ok && t->exp[i].receiver.n == 0)
			ok = fields_error(r->f, page, "a page needs the name of a receiver");
	}
	return ok;
}

static bool read_pages(const struct reader *r, const struct yaml_node *list, struct test_group *g)
{
	bool ok = true;

	g->n_pages = length(list);
	g->pages = ARENA_ARRAY(r->f->arena, struct page_test, g->n_pages);
	for (size_t i = 0; i < g->n_pages; i++)
		ok &= read_page(r, list->items[i], &g->pages[i]);
	if (g->n_pages && r->file->config_file.n == 0)
		ok = fields_error(r->f, list,
				  "page_test needs config_file at the top of the file: whose "
				  "routes "
				  "are meant?");
	return ok;
}

/* ---- groups -----------------------------------------------------------------------------------
 */

static bool read_start(const struct reader *r, const struct yaml_node *n, struct str text,
		       ms_t *out)
{
	double seconds;

	if (text.n == 0)
		return true;
	if (num_float(text, &seconds) == NUM_OK && fabs(seconds) < 1e12) {
		*out = (ms_t)llround(seconds * 1e3);
		return true;
	}
	return time_rfc3339(text, out) ||
	       fields_error(r->f, n,
			    "start_timestamp %.*s is neither a number of seconds nor a time like "
			    "2024-01-01T00:00:00Z",
			    STR_ARG(text));
}

static bool read_group(const struct reader *r, const struct yaml_node *n, struct test_group *g)
{
	struct group_draft d = {.interval = r->file->evaluation_interval};
	bool ok = FIELDS_READ(r->f, n, "type main.testGroup", GROUP_FIELDS, &d);

	g->line = n->line;
	g->name = d.name;
	g->interval = d.interval > 0 ? d.interval : r->file->evaluation_interval;
	g->external_url = d.external_url;
	ok &= read_start(r, n, d.start, &g->start);
	ok &= read_labels(r, d.external_labels, false, STR(""), &g->external_labels);
	ok &= read_all_series(r, d.input_series, g);
	ok &= read_alerts(r, d.alert_rule_test, g);
	ok &= read_pages(r, d.page_test, g);
	return read_exprs(r, d.promql_expr_test, g) && ok;
}

static bool read_groups(const struct reader *r, const struct yaml_node *list, struct test_file *out)
{
	bool ok = true;

	out->n_groups = length(list);
	out->groups = ARENA_ARRAY(r->f->arena, struct test_group, out->n_groups);
	for (size_t i = 0; i < out->n_groups; i++)
		ok &= read_group(r, list->items[i], &out->groups[i]);
	return ok;
}

static bool order_is_unique(const struct fields *f, const struct field_texts *order)
{
	for (size_t i = 0; i < order->n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (str_eq(order->v[i], order->v[k]))
				return fields_error(f, NULL,
						    "group name repeated in evaluation order: %.*s",
						    STR_ARG(order->v[i]));
		}
	}
	return true;
}

bool test_file_read(const struct fields *f, struct str text, const struct unittest_options *o,
		    struct test_file *out)
{
	struct file_draft d = {.evaluation_interval = MINUTE};
	struct reader r = {.f = f, .o = o, .file = out};
	struct yaml_node *root = NULL;
	struct err err;
	bool more;

	if (!yaml_parse(text, o->limits, f->arena, &root, &more, &err)) {
		diags_add(f->diags, f->file, err.line, err.col, "%s", err.msg);
		return false;
	}
	if (!FIELDS_READ(f, root, "type main.unitTestFile", FILE_FIELDS, &d))
		return false;
	*out = (struct test_file){.rule_files = d.rule_files,
				  .config_file = d.config_file,
				  .group_eval_order = d.group_eval_order,
				  .evaluation_interval = d.evaluation_interval,
				  .fuzzy_compare = d.fuzzy_compare};
	if (out->evaluation_interval <= 0)
		out->evaluation_interval = MINUTE;
	return read_groups(&r, d.tests, out) && order_is_unique(f, &d.group_eval_order);
}
