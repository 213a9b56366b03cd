/*
 * The canonical and the pretty text of a tree. Pretty is canonical with line breaks: a node whose
 * text is longer than the width is broken at its arguments or its operator, its parts indented by
 * two blanks.
 */
#include "promql/print.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "base/num.h"
#include "promql/labels.h"

static void put(struct buf *b, const struct expr *e);

/* ---- literals and modifiers -------------------------------------------------------------------
 */

/* A label of by(...) and on(...): words that would not be read as labels there are quoted too. */
static void put_group_label(struct buf *b, struct str name)
{
	static const char *const TAKEN[] = {"without", "inf", "nan"};
	bool taken = false;

	for (size_t i = 0; i < ARRAY_LEN(TAKEN); i++)
		taken = taken || (name.n == str_of(TAKEN[i]).n &&
				  strncasecmp(name.p, TAKEN[i], name.n) == 0);
	if (taken)
		promql_put_quoted(b, name);
	else
		promql_put_label_name(b, name);
}

static void put_labels(struct buf *b, struct strs labels)
{
	buf_addc(b, '(');
	for (size_t i = 0; i < labels.n; i++) {
		buf_adds(b, i ? ", " : "");
		put_group_label(b, labels.v[i]);
	}
	buf_addc(b, ')');
}

static void put_number(struct buf *b, const struct expr *e)
{
	double v = e->u.number.v;

	if (!e->u.number.duration) {
		num_put_float(b, v, 'f', -1);
		return;
	}
	if (v < 0)
		buf_addc(b, '-');
	num_put_duration(b, (ms_t)llround(fabs(v) * 1000));
}

static void put_duration_expr(struct buf *b, const struct expr *e)
{
	const struct expr *lhs = e->u.duration.lhs, *rhs = e->u.duration.rhs;
	enum duration_op op = e->u.duration.op;

	buf_adds(b, e->u.duration.wrapped ? "(" : "");
	if (op == DUR_STEP || op == DUR_RANGE) {
		buf_printf(b, "%s()", duration_op_text(op));
	} else if (op == DUR_MIN || op == DUR_MAX) {
		buf_printf(b, "%s(", duration_op_text(op));
		put(b, lhs);
		buf_adds(b, ", ");
		put(b, rhs);
		buf_addc(b, ')');
	} else if (!lhs) {
		buf_adds(b, op == DUR_SUB ? "-" : "");
		put(b, rhs);
	} else {
		put(b, lhs);
		buf_printf(b, " %s ", duration_op_text(op));
		put(b, rhs);
	}
	buf_adds(b, e->u.duration.wrapped ? ")" : "");
}

static void put_duration(struct buf *b, ms_t ms, const struct expr *expr)
{
	if (expr)
		put(b, expr);
	else
		num_put_duration(b, ms);
}

static void put_at(struct buf *b, const struct expr_time *t)
{
	if (t->at_kind == AT_NONE)
		return;
	buf_adds(b, " @ ");
	if (t->at_kind == AT_TIME)
		num_put_float(b, (double)t->at / 1000, 'f', 3);
	else
		buf_adds(b, t->at_kind == AT_START ? "start()" : "end()");
}

static void put_offset(struct buf *b, const struct expr_time *t)
{
	if (!t->offset_expr && t->offset == 0)
		return;
	buf_adds(b, " offset ");
	if (!t->offset_expr && t->offset < 0)
		buf_addc(b, '-');
	put_duration(b, t->offset < 0 ? -t->offset : t->offset, t->offset_expr);
}

static void put_extended(struct buf *b, const struct expr *selector)
{
	if (selector->u.selector.anchored)
		buf_adds(b, " anchored");
	else if (selector->u.selector.smoothed)
		buf_adds(b, " smoothed");
}

/* ---- selectors --------------------------------------------------------------------------------
 */

static int matcher_text_compare(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* The matcher that the name before the braces stands for. */
static bool is_name(const struct expr *e, const struct matcher *m)
{
	return e->u.selector.name.n && m->op == MATCH_EQ && str_is(m->name, LABEL_NAME) &&
	       str_eq(m->value, e->u.selector.name);
}

/* name{matchers}, these sorted by their text. */
static void put_series(struct buf *b, const struct expr *e)
{
	size_t n = 0;
	struct arena scratch;

	buf_add(b, e->u.selector.name);
	arena_init(&scratch);

	struct str *texts = ARENA_ARRAY(&scratch, struct str, e->u.selector.n_matchers);

	for (size_t i = 0; i < e->u.selector.n_matchers; i++) {
		struct buf one;

		if (is_name(e, &e->u.selector.matchers[i]))
			continue;
		buf_init(&one, BUF_MAX_ANY);
		matcher_put(&one, &e->u.selector.matchers[i]);
		texts[n++] = arena_str(&scratch, buf_str(&one));
		buf_done(&one);
	}
	qsort(texts, n, sizeof(*texts), matcher_text_compare);
	for (size_t i = 0; i < n; i++) {
		buf_addc(b, i ? ',' : '{');
		buf_add(b, texts[i]);
	}
	if (n)
		buf_addc(b, '}');
	else if (!e->u.selector.name.n)
		buf_adds(b, "{}");
	arena_done(&scratch);
}

static void put_selector(struct buf *b, const struct expr *e)
{
	put_series(b, e);
	put_at(b, &e->u.selector.time);
	put_extended(b, e);
	put_offset(b, &e->u.selector.time);
}

static void put_matrix(struct buf *b, const struct expr *e)
{
	const struct expr *selector = e->u.matrix.selector;

	put_series(b, selector);
	buf_addc(b, '[');
	put_duration(b, e->u.matrix.range, e->u.matrix.range_expr);
	buf_addc(b, ']');
	put_extended(b, selector);
	put_at(b, &selector->u.selector.time);
	put_offset(b, &selector->u.selector.time);
}

static void put_subquery_suffix(struct buf *b, const struct expr *e)
{
	buf_addc(b, '[');
	put_duration(b, e->u.subquery.range, e->u.subquery.range_expr);
	buf_addc(b, ':');
	if (e->u.subquery.step || e->u.subquery.step_expr)
		put_duration(b, e->u.subquery.step, e->u.subquery.step_expr);
	buf_addc(b, ']');
	put_at(b, &e->u.subquery.time);
	put_offset(b, &e->u.subquery.time);
}

/* ---- operators --------------------------------------------------------------------------------
 */

static void put_fill_value(struct buf *b, const char *word, const double *v)
{
	buf_printf(b, " %s (", word);
	num_put_float(b, *v, 'g', -1);
	buf_addc(b, ')');
}

static bool same_fill(const double *a, const double *b)
{
	return a && b && (*a == *b || (isnan(*a) && isnan(*b)));
}

static void put_fill(struct buf *b, const struct vector_matching *m)
{
	if (same_fill(m->fill_lhs, m->fill_rhs)) {
		put_fill_value(b, "fill", m->fill_lhs);
		return;
	}
	if (m->fill_lhs)
		put_fill_value(b, "fill_left", m->fill_lhs);
	if (m->fill_rhs)
		put_fill_value(b, "fill_right", m->fill_rhs);
}

/* The operator with everything that belongs to it: `/ on (a) group_left (b)`. */
static void put_operator(struct buf *b, const struct expr *e)
{
	const struct vector_matching *m = &e->u.binary.matching;
	bool group = m->card == CARD_MANY_TO_ONE || m->card == CARD_ONE_TO_MANY;

	buf_adds(b, binary_op_text(e->u.binary.op));
	buf_adds(b, e->u.binary.return_bool ? " bool" : "");
	if (!e->u.binary.has_matching)
		return;
	if (m->labels.n || m->on || group) {
		buf_adds(b, m->on ? " on " : " ignoring ");
		put_labels(b, m->labels);
	}
	if (group) {
		buf_adds(b, m->card == CARD_MANY_TO_ONE ? " group_left " : " group_right ");
		put_labels(b, m->include);
	}
	put_fill(b, m);
}

static void put_binary(struct buf *b, const struct expr *e)
{
	put(b, e->u.binary.lhs);
	buf_addc(b, ' ');
	put_operator(b, e);
	buf_addc(b, ' ');
	put(b, e->u.binary.rhs);
}

/* sum by (a, b) - with a blank behind the labels. */
static void put_aggregate_head(struct buf *b, const struct expr *e)
{
	buf_adds(b, aggregate_op_text(e->u.aggregate.op));
	if (!e->u.aggregate.without && e->u.aggregate.grouping.n == 0)
		return;
	buf_adds(b, e->u.aggregate.without ? " without " : " by ");
	put_labels(b, e->u.aggregate.grouping);
	buf_addc(b, ' ');
}

static void put_aggregate(struct buf *b, const struct expr *e)
{
	put_aggregate_head(b, e);
	buf_addc(b, '(');
	if (e->u.aggregate.param) {
		put(b, e->u.aggregate.param);
		buf_adds(b, ", ");
	}
	put(b, e->u.aggregate.expr);
	buf_addc(b, ')');
}

static void put_call(struct buf *b, const struct expr *e)
{
	buf_add(b, e->u.call.name);
	buf_addc(b, '(');
	for (size_t i = 0; i < e->u.call.n_args; i++) {
		buf_adds(b, i ? ", " : "");
		put(b, e->u.call.args[i]);
	}
	buf_addc(b, ')');
}

static void put(struct buf *b, const struct expr *e)
{
	switch (e->kind) {
	case EXPR_NUMBER: put_number(b, e); break;
	case EXPR_STRING: promql_put_quoted(b, e->u.string.v); break;
	case EXPR_SELECTOR: put_selector(b, e); break;
	case EXPR_MATRIX: put_matrix(b, e); break;
	case EXPR_SUBQUERY:
		put(b, e->u.subquery.expr);
		put_subquery_suffix(b, e);
		break;
	case EXPR_CALL: put_call(b, e); break;
	case EXPR_AGGREGATE: put_aggregate(b, e); break;
	case EXPR_BINARY: put_binary(b, e); break;
	case EXPR_UNARY:
		buf_adds(b, binary_op_text(e->u.unary.op));
		put(b, e->u.unary.expr);
		break;
	case EXPR_PAREN:
		buf_addc(b, '(');
		put(b, e->u.paren.expr);
		buf_addc(b, ')');
		break;
	case EXPR_DURATION: put_duration_expr(b, e); break;
	}
}

void promql_print(struct buf *b, const struct expr *e)
{
	put(b, e);
}

void promql_print_bare(struct buf *b, const struct expr *selector)
{
	struct expr bare = *selector;

	bare.u.selector.time = (struct expr_time){0};
	bare.u.selector.anchored = bare.u.selector.smoothed = false;
	put(b, &bare);
}

/* ---- pretty -----------------------------------------------------------------------------------
 */

struct pretty {
	struct buf *out;
	size_t width;
};

static void pretty(struct pretty *p, const struct expr *e, size_t level);

static void indent(struct pretty *p, size_t level)
{
	buf_fill(p->out, ' ', 2 * level);
}

/* Whether the canonical text fits; no more of it is made than needed to know. */
static bool fits(const struct pretty *p, const struct expr *e)
{
	struct buf text;

	buf_init(&text, p->width + 1);
	put(&text, e);

	bool ok = !text.full && text.n <= p->width;

	buf_done(&text);
	return ok;
}

static void pretty_args(struct pretty *p, const struct expr *const *args, size_t n, size_t level)
{
	buf_adds(p->out, "(\n");
	for (size_t i = 0; i < n; i++) {
		pretty(p, args[i], level + 1);
		buf_adds(p->out, i + 1 < n ? ",\n" : "\n");
	}
	indent(p, level);
	buf_addc(p->out, ')');
}

static void pretty_aggregate(struct pretty *p, const struct expr *e, size_t level)
{
	const struct expr *args[] = {e->u.aggregate.param, e->u.aggregate.expr};
	bool param = args[0] != NULL;

	indent(p, level);
	put_aggregate_head(p->out, e);
	pretty_args(p, args + !param, param ? 2 : 1, level);
}

static void pretty_binary(struct pretty *p, const struct expr *e, size_t level)
{
	pretty(p, e->u.binary.lhs, level + 1);
	buf_addc(p->out, '\n');
	indent(p, level);
	put_operator(p->out, e);
	buf_addc(p->out, '\n');
	pretty(p, e->u.binary.rhs, level + 1);
}

/* The sign stands right before its operand, whose own indentation goes. */
static void pretty_unary(struct pretty *p, const struct expr *e, size_t level)
{
	struct buf operand;
	struct pretty inner = {.out = &operand, .width = p->width};

	buf_init(&operand, p->out->max);
	pretty(&inner, e->u.unary.expr, level);
	indent(p, level);
	buf_adds(p->out, binary_op_text(e->u.unary.op));
	buf_add(p->out, str_trim(buf_str(&operand)));
	p->out->full = p->out->full || operand.full;
	buf_done(&operand);
}

static void pretty_one_line(struct pretty *p, const struct expr *e, size_t level)
{
	indent(p, level);
	put(p->out, e);
}

/* A subquery that fits gets no indentation: so does upstream. */
static void pretty_subquery(struct pretty *p, const struct expr *e, size_t level)
{
	if (fits(p, e)) {
		put(p->out, e);
		return;
	}
	pretty(p, e->u.subquery.expr, level);
	put_subquery_suffix(p->out, e);
}

static void pretty_call(struct pretty *p, const struct expr *e, size_t level)
{
	indent(p, level);
	buf_add(p->out, e->u.call.name);
	pretty_args(p, e->u.call.args, e->u.call.n_args, level);
}

static void pretty_broken(struct pretty *p, const struct expr *e, size_t level)
{
	switch ((int)e->kind) {
	case EXPR_CALL: pretty_call(p, e, level); break;
	case EXPR_AGGREGATE: pretty_aggregate(p, e, level); break;
	case EXPR_BINARY: pretty_binary(p, e, level); break;
	case EXPR_PAREN:
		indent(p, level);
		pretty_args(p, &e->u.paren.expr, 1, level);
		break;
	default: pretty_one_line(p, e, level);
	}
}

static void pretty(struct pretty *p, const struct expr *e, size_t level)
{
	if (e->kind == EXPR_UNARY)
		pretty_unary(p, e, level);
	else if (e->kind == EXPR_SUBQUERY)
		pretty_subquery(p, e, level);
	else if (fits(p, e) || (e->kind == EXPR_CALL && e->u.call.n_args == 0))
		pretty_one_line(p, e, level);
	else
		pretty_broken(p, e, level);
}

void promql_pretty(struct buf *b, const struct expr *e, size_t width)
{
	pretty(&(struct pretty){.out = b, .width = width}, e, 0);
}
