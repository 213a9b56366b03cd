/* Type checks: a walk over the tree, operands before the node they belong to. */
#include "promql/check.h"

#include <string.h>

#include "promql/functions.h"
#include "promql/labels.h"
#include "promql/parse.h"
#include "promql/print.h"

struct check {
	struct str text;
	struct arena *arena;
	struct promql_errors *errors;
};

struct span {
	size_t start, end;
};

static void check(struct check *c, const struct expr *e);

#define FAIL(c, span, ...) \
	promql_errors_addf((c)->errors, (c)->arena, (span).start, (span).end, __VA_ARGS__)

static struct span span_of(const struct expr *e)
{
	return (struct span){.start = e->start, .end = e->end};
}

/* s as Go's %q, in the arena and terminated. */
static const char *quoted(struct check *c, struct str s)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	promql_put_quoted(&b, s);

	const char *out = arena_cstr(c->arena, buf_str(&b));

	buf_done(&b);
	return out;
}

static bool is_space(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\n' || ch == '\r';
}

/* The text between the operands without the blanks around it; the end is its last byte. */
static struct span op_span(const struct check *c, const struct expr *e)
{
	struct span s = {.start = e->u.binary.lhs->end, .end = e->u.binary.rhs->start};

	while (s.start < s.end && is_space(c->text.p[s.start]))
		s.start++;
	while (s.end > s.start + 1 && is_space(c->text.p[s.end - 1]))
		s.end--;
	s.end -= s.end > s.start;
	return s;
}

static void expect_type(struct check *c, const struct expr *e, enum promql_type want,
			const char *context)
{
	check(c, e);
	if (e->type != want)
		FAIL(c, span_of(e), "expected type %s in %s, got %s", promql_type_name(want),
		     context, promql_type_name(e->type));
}

static void check_aggregate(struct check *c, const struct expr *e)
{
	enum aggregate_op op = e->u.aggregate.op;

	expect_type(c, e->u.aggregate.expr, PROMQL_VECTOR, "aggregation expression");
	if (aggregate_op_has_param(op))
		expect_type(c, e->u.aggregate.param,
			    op == AGGR_COUNT_VALUES ? PROMQL_STRING : PROMQL_SCALAR,
			    "aggregation parameter");
}

static void check_on_and_group(struct check *c, const struct expr *e)
{
	const struct vector_matching *m = &e->u.binary.matching;

	for (size_t i = 0; m->on && i < m->labels.n; i++) {
		for (size_t k = 0; k < m->include.n; k++) {
			if (str_eq(m->labels.v[i], m->include.v[k]))
				FAIL(c, op_span(c, e),
				     "label %s must not occur in ON and GROUP clause at once",
				     quoted(c, m->labels.v[i]));
		}
	}
}

static bool is_operand(const struct expr *e)
{
	return e->type == PROMQL_SCALAR || e->type == PROMQL_VECTOR;
}

static void check_operands(struct check *c, const struct expr *e)
{
	const struct expr *sides[] = {e->u.binary.lhs, e->u.binary.rhs};

	for (size_t i = 0; i < ARRAY_LEN(sides); i++) {
		if (!is_operand(sides[i]))
			FAIL(c, span_of(sides[i]),
			     "binary expression must contain only scalar and instant vector types");
	}
}

/* Modifiers that only make sense between two vectors, or not with a set operator. */
static void check_matching(struct check *c, const struct expr *e)
{
	const struct vector_matching *m = &e->u.binary.matching;
	const char *op = binary_op_text(e->u.binary.op);
	bool fill = m->fill_lhs || m->fill_rhs;

	if (!e->u.binary.has_matching) {
		if (m->labels.n)
			FAIL(c, span_of(e), "vector matching only allowed between instant vectors");
		if (fill)
			FAIL(c, span_of(e),
			     "filling in missing series only allowed between instant vectors");
		return;
	}
	if (!binary_op_is_set(e->u.binary.op))
		return;
	if (m->card == CARD_MANY_TO_ONE || m->card == CARD_ONE_TO_MANY) {
		FAIL(c, span_of(e), "no grouping allowed for \"%s\" operation", op);
		FAIL(c, span_of(e), "set operations must always be many-to-many");
	}
	if (fill)
		FAIL(c, span_of(e), "filling in missing series not allowed for set operators");
}

static void check_binary(struct check *c, const struct expr *e)
{
	enum binary_op op = e->u.binary.op;
	const struct expr *lhs = e->u.binary.lhs, *rhs = e->u.binary.rhs;
	bool lhs_scalar = lhs->type == PROMQL_SCALAR, rhs_scalar = rhs->type == PROMQL_SCALAR;

	check(c, lhs);
	check(c, rhs);
	if (e->u.binary.return_bool && !binary_op_is_comparison(op))
		FAIL(c, op_span(c, e), "bool modifier can only be used on comparison operators");
	if (!e->u.binary.return_bool && binary_op_is_comparison(op) && lhs_scalar && rhs_scalar)
		FAIL(c, op_span(c, e), "comparisons between scalars must use BOOL modifier");
	check_on_and_group(c, e);
	check_operands(c, e);
	check_matching(c, e);
	if ((lhs_scalar || rhs_scalar) && binary_op_is_set(op))
		FAIL(c, span_of(e), "set operator \"%s\" not allowed in binary scalar expression",
		     binary_op_text(op));
}

static void check_arg_count(struct check *c, const struct expr *e)
{
	const struct promql_function *f = e->u.call.fn;
	size_t n = e->u.call.n_args, types = strlen(f->args);

	if (f->variadic == 0) {
		if (n != types)
			FAIL(c, span_of(e), "expected %zu argument(s) in call to \"%s\", got %zu",
			     types, f->name, n);
		return;
	}

	size_t least = types - 1, most = least + (size_t)MAX(f->variadic, 0);

	if (n < least)
		FAIL(c, span_of(e), "expected at least %zu argument(s) in call to \"%s\", got %zu",
		     least, f->name, n);
	else if (f->variadic > 0 && n > most)
		FAIL(c, span_of(e), "expected at most %zu argument(s) in call to \"%s\", got %zu",
		     most, f->name, n);
}

/* info()'s second argument only narrows down the labels to add. */
static void check_info(struct check *c, const struct expr *e)
{
	const struct expr *arg = e->u.call.n_args > 1 ? e->u.call.args[1] : NULL;

	if (!arg || strcmp(e->u.call.fn->name, "info") != 0)
		return;
	if (arg->type != PROMQL_VECTOR)
		FAIL(c, span_of(e), "expected type %s in call to function \"info\", got %s",
		     promql_type_name(PROMQL_VECTOR), promql_type_name(arg->type));
	if (arg->kind != EXPR_SELECTOR)
		FAIL(c, span_of(arg), "expected label selectors only");
	else if (arg->u.selector.name.n)
		FAIL(c, span_of(arg), "expected label selectors only, got vector selector instead");
}

static void check_call(struct check *c, const struct expr *e)
{
	const struct promql_function *f = e->u.call.fn;
	size_t types = strlen(f->args);
	char context[100];

	check_arg_count(c, e);
	check_info(c, e);
	snprintf(context, sizeof(context), "call to function \"%s\"", f->name);
	for (size_t i = 0; i < e->u.call.n_args && (i < types || f->variadic); i++)
		expect_type(c, e->u.call.args[i], promql_function_arg(f, i), context);
}

static void check_unary(struct check *c, const struct expr *e)
{
	const struct expr *operand = e->u.unary.expr;

	check(c, operand);
	if (!is_operand(operand))
		FAIL(c, span_of(e),
		     "unary expression only allowed on expressions of type scalar or instant "
		     "vector, "
		     "got \"%s\"",
		     promql_type_name(operand->type));
}

static void check_subquery(struct check *c, const struct expr *e)
{
	const struct expr *inner = e->u.subquery.expr;

	check(c, inner);
	if (inner->type != PROMQL_VECTOR)
		FAIL(c, span_of(e), "subquery is only allowed on instant vector, got %s instead",
		     value_type_api_name(inner->type));
}

static void check_selector(struct check *c, const struct expr *e)
{
	const struct matcher *m = e->u.selector.matchers;
	size_t n = e->u.selector.n_matchers;
	bool narrow = e->u.selector.label_only;

	if (e->u.selector.name.n) {
		for (size_t i = 0; i + 1 < n; i++) {
			if (str_is(m[i].name, LABEL_NAME))
				FAIL(c, span_of(e), "metric name must not be set twice: %s or %s",
				     quoted(c, e->u.selector.name), quoted(c, m[i].value));
		}
		return;
	}
	for (size_t i = 0; i < n; i++)
		narrow = narrow || !m[i].matches_empty;
	if (!narrow)
		FAIL(c, span_of(e), "vector selector must contain at least one non-empty matcher");
}

static void check(struct check *c, const struct expr *e)
{
	switch (e->kind) {
	case EXPR_NUMBER:
	case EXPR_STRING:
	case EXPR_DURATION: break;
	case EXPR_SELECTOR: check_selector(c, e); break;
	case EXPR_MATRIX: check(c, e->u.matrix.selector); break;
	case EXPR_SUBQUERY: check_subquery(c, e); break;
	case EXPR_CALL: check_call(c, e); break;
	case EXPR_AGGREGATE: check_aggregate(c, e); break;
	case EXPR_BINARY: check_binary(c, e); break;
	case EXPR_UNARY: check_unary(c, e); break;
	case EXPR_PAREN: check(c, e->u.paren.expr); break;
	}
}

void promql_check(const struct expr *e, struct str text, struct arena *a,
		  struct promql_errors *errors)
{
	check(&(struct check){.text = text, .arena = a, .errors = errors}, e);
}
