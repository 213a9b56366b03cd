/* Inside unit tests: the file as records (unittest_file.c), its run (unittest.c), texts of
 * failures (unittest_text.c). */
#ifndef EVALUATOR_UNITTEST_PRIVATE_H
#define EVALUATOR_UNITTEST_PRIVATE_H

#include "base/fields.h"
#include "evaluator/unittest.h"
#include "promql/histogram.h"
#include "promql/labels.h"
#include "promql/series_desc.h"

/* An alert as expected or got. */
struct test_alert {
	struct labels labels, annotations;
};

struct alert_test {
	int line;
	ms_t eval_time;
	struct str alertname;
	struct test_alert *exp, *got;
	size_t n_exp, n_got, got_cap;
};

struct test_sample {
	struct labels labels;
	double value;
	const struct histogram *hist; /* NULL: the value */
};

struct expr_test {
	int line;
	ms_t eval_time;
	struct str text;
	const struct expr *expr;
	struct test_sample *exp;
	size_t n_exp;
};

/* A page as expected: what is empty is not compared. */
struct exp_page {
	struct str receiver, title, text; /* text: a part of the title or of an annotation */
	struct field_texts alerts;	  /* their names */
};

struct page_test {
	int line;
	ms_t eval_time;
	struct exp_page *exp;
	size_t n_exp;
	struct test_alert *firing; /* all that fire then; owned */
	size_t n_firing, firing_cap;
};

struct test_group {
	int line;
	struct str name;
	ms_t interval, start;
	struct series_desc *series;
	size_t n_series;
	struct alert_test *alerts;
	size_t n_alerts;
	struct expr_test *exprs;
	size_t n_exprs;
	struct page_test *pages;
	size_t n_pages;
	struct labels external_labels;
	struct str external_url;
};

struct test_file {
	struct field_texts rule_files, group_eval_order;
	struct str config_file; /* whose routes pages take; empty: none */
	ms_t evaluation_interval;
	bool fuzzy_compare;
	struct test_group *groups;
	size_t n_groups;
};

/* Reads the whole file; every mistake goes to f->diags. */
ATTR_CHECK bool test_file_read(const struct fields *f, struct str text,
			       const struct unittest_options *o, struct test_file *out);

/* What failed, in promtool's words. */
struct unittest_failure test_alert_failure(struct arena *a, const struct test_group *g,
					   const struct alert_test *t);
struct unittest_failure test_samples_failure(struct arena *a, const struct expr_test *t,
					     const struct test_sample *got, size_t n);
struct unittest_failure test_expr_error(struct arena *a, const struct expr_test *t, struct str why);
struct unittest_failure test_rule_error(struct arena *a, struct str rule, ms_t time, struct str why,
					int line);
/* Who is paged with what, by the configuration's routes: true if that is what is expected; else
 * *failure says what is different. */
ATTR_CHECK bool test_pages(struct arena *a, const struct notify_config *config,
			   const struct page_test *t, struct unittest_failure *failure);
/* In the order in which they are compared: by labels, then annotations. */
void test_alerts_sort(struct test_alert *v, size_t n);

#endif
