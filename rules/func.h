/*
 * Prometheus's template functions over the template engine: query, humanize and the rest, with
 * the Go signatures that its error texts name. A query is asked through a callback that may
 * answer "not yet".
 */
#ifndef RULES_FUNC_H
#define RULES_FUNC_H

#include "base/base.h"
#include "promql/labels.h"
#include "template/template.h"
#include "template/value.h"

/* A native histogram as templates show it. */
struct rule_histogram {
	struct str text; /* "{count:3, sum:10}" */
	double count, sum;
};

struct rule_sample {
	struct labels labels;
	double value;
	const struct rule_histogram *histogram; /* NULL: value is a float */
};

/* QUERY_ANSWER: v and n are set; QUERY_ERROR: error is; QUERY_WAIT: asked, not answered yet.
 * What it points to must live until the expansion is over. */
enum query_state { QUERY_ANSWER, QUERY_ERROR, QUERY_WAIT };
struct query_result {
	const struct rule_sample *v;
	size_t n;
	struct str error;
};

struct rule_query {
	/* NULL fn: queries fail. `at` is the evaluation time. */
	enum query_state (*fn)(void *user, struct str expr, ms_t at, struct query_result *out);
	void *user;
};

/* What the functions look at; the `user` of the template options. */
struct rule_func_env {
	ms_t now;
	struct str external_url;
	struct rule_query query;
};

/* Tags of the functions: what an expansion that calls them depends on besides its data. */
enum rule_func_tag { RULE_FUNC_QUERY = 1, RULE_FUNC_NOW = 2, RULE_FUNC_EXTERNAL = 4 };

extern const struct template_funcs RULE_FUNCS;
/* With what HTML mode has besides: tmpl. */
extern const struct template_funcs RULE_HTML_FUNCS;

/* map[string]string over a label set; ls must outlive the value. */
struct value rule_labels_value(const struct labels *ls);
/* The same as a map of another type. */
struct value rule_labels_value_as(const struct value_type *type, const struct labels *ls);
/* *template.sample; s must outlive the value. */
struct value rule_sample_value(const struct rule_sample *s);
/* float64, or *histogram.FloatHistogram. */
struct value rule_number_value(double v, const struct rule_histogram *h);

#endif
