/* What failed, in promtool's words and indentation. */
#include <stdlib.h>

#include "base/num.h"
#include "evaluator/unittest_private.h"
#include "promql/print.h"

static int alert_cmp(const void *x, const void *y)
{
	const struct test_alert *a = x, *b = y;
	int c = labels_cmp(a->labels, b->labels);

	return c ? c : labels_cmp(a->annotations, b->annotations);
}

void test_alerts_sort(struct test_alert *v, size_t n)
{
	if (n > 1)
		qsort(v, n, sizeof(*v), alert_cmp);
}

/* Text with `indent` in front of every line but the first. */
static void put_indented(struct buf *b, struct str text, const char *indent)
{
	for (size_t i = 0; i < text.n; i++) {
		buf_addc(b, text.p[i]);
		if (text.p[i] == '\n')
			buf_adds(b, indent);
	}
}

static struct str alerts_text(struct arena *a, const struct test_alert *v, size_t n)
{
	struct str out;
	struct buf b;

	if (n == 0)
		return STR("[]");
	buf_init(&b, BUF_MAX_ANY);
	buf_addc(&b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_printf(&b, "%s\n%zu:\n  Labels:", i ? "," : "", i);
		labels_put(&b, v[i].labels, false);
		buf_adds(&b, "\n  Annotations:");
		labels_put(&b, v[i].annotations, false);
	}
	buf_adds(&b, "\n]");
	out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return out;
}

/* For a diff: a line for each label set and annotation, without numbers. */
static struct str alerts_lines(struct arena *a, const struct test_alert *v, size_t n)
{
	struct str out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < n; i++) {
		struct labels_iter it = {0};
		struct label l;

		labels_put(&b, v[i].labels, false);
		buf_addc(&b, '\n');
		while (labels_next(v[i].annotations, &it, &l))
			buf_printf(&b, "  %.*s: %.*s\n", STR_ARG(l.name), STR_ARG(l.value));
	}
	out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return out;
}

static void finish(struct arena *a, struct buf *b, struct str exp, struct str got, int line,
		   struct unittest_failure *out)
{
	size_t about = 0;

	while (about < b->n && b->p[about] != '\n')
		about++;
	*out = (struct unittest_failure){.text = arena_str(a, buf_str(b)),
					 .exp = exp,
					 .got = got,
					 .line = line};
	out->about = str_trim(str_cut(out->text, 0, about));
	buf_done(b);
}

struct unittest_failure test_alert_failure(struct arena *a, const struct test_group *g,
					   const struct alert_test *t)
{
	struct unittest_failure out;
	struct buf b, about;

	buf_init(&b, BUF_MAX_ANY);
	buf_init(&about, BUF_MAX_ANY);
	buf_printf(&about, "alertname: %.*s, time: ", STR_ARG(t->alertname));
	num_put_duration(&about, t->eval_time);
	if (g->name.n)
		buf_printf(&b, "    name: %.*s,\n", STR_ARG(g->name));
	buf_adds(&b, "    ");
	buf_add(&b, buf_str(&about));
	buf_adds(&b, ", \n        exp:");
	put_indented(&b, alerts_text(a, t->exp, t->n_exp), "            ");
	buf_adds(&b, ", \n        got:");
	put_indented(&b, alerts_text(a, t->got, t->n_got), "            ");
	finish(a, &b, alerts_lines(a, t->exp, t->n_exp), alerts_lines(a, t->got, t->n_got), t->line,
	       &out);
	out.about = arena_str(a, buf_str(&about));
	buf_done(&about);
	return out;
}

/* ---- expressions ------------------------------------------------------------------------------
 */

static struct str samples_text(struct arena *a, const struct test_sample *v, size_t n,
			       const char *between)
{
	struct str out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&b, i ? between : "");
		labels_put(&b, v[i].labels, true);
		buf_addc(&b, ' ');
		if (v[i].hist)
			histogram_put(&b, v[i].hist);
		else
			num_put_float(&b, v[i].value, 'E', -1);
	}
	out = n ? arena_str(a, buf_str(&b)) : STR("nil");
	buf_done(&b);
	return out;
}

static void put_expr(struct buf *b, const struct expr_test *t)
{
	buf_adds(b, "    expr: ");
	promql_put_quoted(b, t->text);
	buf_adds(b, ", time: ");
	num_put_duration(b, t->eval_time);
}

struct unittest_failure test_samples_failure(struct arena *a, const struct expr_test *t,
					     const struct test_sample *got, size_t n)
{
	struct unittest_failure out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	put_expr(&b, t);
	buf_adds(&b, ",\n        exp: ");
	buf_add(&b, samples_text(a, t->exp, t->n_exp, ", "));
	buf_adds(&b, "\n        got: ");
	buf_add(&b, samples_text(a, got, n, ", "));
	finish(a, &b, samples_text(a, t->exp, t->n_exp, "\n"), samples_text(a, got, n, "\n"),
	       t->line, &out);
	return out;
}

struct unittest_failure test_expr_error(struct arena *a, const struct expr_test *t, struct str why)
{
	struct unittest_failure out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	put_expr(&b, t);
	buf_printf(&b, ", err: %.*s", STR_ARG(why));
	finish(a, &b, STR(""), STR(""), t->line, &out);
	return out;
}

struct unittest_failure test_rule_error(struct arena *a, struct str rule, ms_t time, struct str why,
					int line)
{
	struct unittest_failure out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "    rule: %.*s, time: ", STR_ARG(rule));
	num_put_go_duration(&b, time * 1000000);
	buf_printf(&b, ", err: %.*s", STR_ARG(why));
	finish(a, &b, STR(""), STR(""), line, &out);
	return out;
}
