/* A tree of parts above the expression; its leaves are questions. */
#include "evaluator/explain.h"

#include "base/num.h"
#include "base/time.h"
#include "promql/ast.h"
#include "promql/print.h"

#define SIDES_MAX 8 /* of one `or` */
#define DEPTH_MAX 4
#define LAST_SEEN "1d" /* how far back a series that is gone is looked for */

enum node_kind {
	NODE_HOLDS,   /* a part that holds or not */
	NODE_OR,      /* sides */
	NODE_AND,     /* both hold */
	NODE_UNLESS,  /* the left one holds, the right one does not */
	NODE_COMPARE, /* a comparison, and the values on its sides */
	NODE_ABSENT,  /* a series that is not there */
	NODE_VALUE,   /* one side of a comparison */
};

struct explain_node {
	enum node_kind kind;
	struct str text;
	struct explain_part *holds; /* whether it holds, or the value; NULL: of sets and `or` */
	struct explain_part *last_time, *last_value; /* NODE_ABSENT */
	struct explain_node *sides[SIDES_MAX];
	size_t n;
};

/* ---- taking apart -----------------------------------------------------------------------------
 */

static struct str text_of(struct explain *x, const struct expr *e)
{
	struct str out;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	promql_print(&b, e);
	out = arena_str(&x->arena, buf_str(&b));
	buf_done(&b);
	return out;
}

/* NULL: there are too many already. */
static struct explain_part *part(struct explain *x, struct str query)
{
	if (x->n == EXPLAIN_PARTS_MAX)
		return NULL;
	x->parts[x->n].query = query;
	return &x->parts[x->n++];
}

static struct explain_node *node(struct explain *x, enum node_kind kind, const struct expr *e)
{
	struct explain_node *n = ARENA_NEW(&x->arena, struct explain_node);

	n->kind = kind;
	n->text = text_of(x, e);
	if (kind != NODE_OR && kind != NODE_AND && kind != NODE_UNLESS)
		n->holds = part(x, n->text);
	return n;
}

static struct explain_node *take_apart(struct explain *x, const struct expr *e, int depth);

static void add_side(struct explain *x, struct explain_node *n, const struct expr *e, int depth)
{
	if (n->n < SIDES_MAX)
		n->sides[n->n++] = take_apart(x, e, depth);
}

/* a or (b or c) has three sides. */
static void add_sides(struct explain *x, struct explain_node *n, const struct expr *e, int depth)
{
	e = expr_unwrap(e);
	if (e->kind == EXPR_BINARY && e->u.binary.op == OP_OR) {
		add_sides(x, n, e->u.binary.lhs, depth);
		add_sides(x, n, e->u.binary.rhs, depth);
	} else {
		add_side(x, n, e, depth);
	}
}

static void add_value(struct explain *x, struct explain_node *n, const struct expr *e)
{
	e = expr_unwrap(e);
	if (e->type == PROMQL_VECTOR && n->n < SIDES_MAX)
		n->sides[n->n++] = node(x, NODE_VALUE, e);
}

static bool is_arithmetic(const struct expr *e)
{
	return e->kind == EXPR_BINARY && e->u.binary.op <= OP_ATAN2;
}

/* The vectors that arithmetic is made of: of (a / b) * 100 a and b; of anything else nothing. */
static void add_operands(struct explain *x, struct explain_node *n, const struct expr *e)
{
	const struct expr *l, *r;

	e = expr_unwrap(e);
	if (!is_arithmetic(e))
		return;
	l = expr_unwrap(e->u.binary.lhs);
	r = expr_unwrap(e->u.binary.rhs);
	if (l->type == PROMQL_VECTOR && r->type == PROMQL_VECTOR) {
		add_value(x, n, l);
		add_value(x, n, r);
	} else {
		add_operands(x, n, l->type == PROMQL_VECTOR ? l : r);
	}
}

static const struct expr *absent_of(const struct expr *e)
{
	e = expr_unwrap(e);
	if (e->kind == EXPR_BINARY && binary_op_is_comparison(e->u.binary.op) &&
	    !e->u.binary.return_bool && expr_unwrap(e->u.binary.rhs)->kind == EXPR_NUMBER)
		e = expr_unwrap(e->u.binary.lhs);
	if (e->kind != EXPR_CALL || !str_is(e->u.call.name, "absent"))
		return NULL;
	return expr_unwrap(e->u.call.args[0]);
}

static struct explain_node *absent_node(struct explain *x, const struct expr *e,
					const struct expr *what)
{
	struct explain_node *n = node(x, NODE_ABSENT, e);
	struct str text = text_of(x, what);

	if (what->kind != EXPR_SELECTOR)
		return n;
	n->last_time = part(x, arena_printf(&x->arena, "max_over_time(timestamp(%.*s)[%s:5m])",
					    STR_ARG(text), LAST_SEEN));
	n->last_value = part(x, arena_printf(&x->arena, "last_over_time(%.*s[%s])", STR_ARG(text),
					     LAST_SEEN));
	return n;
}

static struct explain_node *comparison(struct explain *x, const struct expr *e)
{
	struct explain_node *n = node(x, NODE_COMPARE, e);

	if (expr_unwrap(e->u.binary.rhs)->type == PROMQL_VECTOR) {
		add_value(x, n, e->u.binary.lhs);
		add_value(x, n, e->u.binary.rhs);
	} else {
		add_operands(x, n, e->u.binary.lhs);
	}
	return n;
}

static struct explain_node *take_apart(struct explain *x, const struct expr *e, int depth)
{
	struct explain_node *n;

	e = expr_unwrap(e);
	if (absent_of(e))
		return absent_node(x, e, absent_of(e));
	if (e->kind != EXPR_BINARY || depth == DEPTH_MAX)
		return node(x, NODE_HOLDS, e);
	if (e->u.binary.op == OP_OR) {
		n = node(x, NODE_OR, e);
		add_sides(x, n, e, depth + 1);
		return n;
	}
	if (e->u.binary.op == OP_AND || e->u.binary.op == OP_UNLESS) {
		n = node(x, e->u.binary.op == OP_AND ? NODE_AND : NODE_UNLESS, e);
		add_side(x, n, e->u.binary.lhs, depth + 1);
		add_side(x, n, e->u.binary.rhs, depth + 1);
		return n;
	}
	if (binary_op_is_comparison(e->u.binary.op) && !e->u.binary.return_bool)
		return comparison(x, e);
	return node(x, NODE_HOLDS, e);
}

/* Marks the parts that the alert may come from. */
static void own(struct explain_node *n)
{
	if (n->holds)
		n->holds->own = true;
	if (n->kind == NODE_AND || n->kind == NODE_UNLESS)
		own(n->sides[0]);
	for (size_t i = 0; n->kind == NODE_OR && i < n->n; i++)
		own(n->sides[i]);
}

/* The value of the whole is that of the part it comes from. */
static void know(struct explain_node *n, double value)
{
	while (n->kind == NODE_AND || n->kind == NODE_UNLESS)
		n = n->sides[0];
	if (n->kind == NODE_OR || !n->holds)
		return;
	n->holds->answer = EXPLAIN_ONE;
	n->holds->value = value;
}

bool explain_init(struct explain *x, const struct rule *r, struct labels alert, double value,
		  ms_t at)
{
	*x = (struct explain){.rule = r, .alert = alert, .at = at};
	arena_init(&x->arena);
	x->root = take_apart(x, r->expr, 0);
	own(x->root);
	know(x->root, value);
	return x->root->n > 0 || x->root->kind == NODE_ABSENT;
}

void explain_done(struct explain *x)
{
	arena_done(&x->arena);
}

/* ---- asking -----------------------------------------------------------------------------------
 */

static struct explain_part *unknown(struct explain_part *p)
{
	return p && p->answer == EXPLAIN_UNKNOWN ? p : NULL;
}

static bool holds(const struct explain_node *n)
{
	if (n->kind == NODE_OR) {
		for (size_t i = 0; i < n->n; i++) {
			if (holds(n->sides[i]))
				return true;
		}
		return false;
	}
	if (n->kind == NODE_AND)
		return holds(n->sides[0]) && holds(n->sides[1]);
	if (n->kind == NODE_UNLESS)
		return holds(n->sides[0]);
	return n->holds && n->holds->answer >= EXPLAIN_ONE;
}

/* What lies below a part is only asked where the part itself holds. */
static struct explain_part *next_of(struct explain_node *n)
{
	bool set = n->kind == NODE_OR || n->kind == NODE_AND || n->kind == NODE_UNLESS;
	struct explain_part *p = unknown(n->holds);

	if (!p && !set && !holds(n))
		return NULL;
	if (!p)
		p = unknown(n->last_time);
	if (!p && n->last_time && n->last_time->answer >= EXPLAIN_ONE)
		p = unknown(n->last_value);
	for (size_t i = 0; !p && i < n->n; i++)
		p = next_of(n->sides[i]);
	return p;
}

struct explain_part *explain_next(struct explain *x)
{
	return next_of(x->root);
}

/* Labels that a rule adds say nothing about where an element belongs. */
static bool rule_sets(const struct rule *r, struct str name)
{
	if (str_is(name, LABEL_NAME) || str_is(name, LABEL_ALERTNAME))
		return true;
	for (size_t i = 0; i < r->n_labels; i++) {
		if (str_eq(r->label_texts[i].name, name))
			return true;
	}
	return false;
}

/* Whether no label of a differs from b's; one that b lacks differs if `whole`. */
static bool agrees(const struct explain *x, struct labels a, struct labels b, bool whole)
{
	struct labels_iter it = {0};
	struct label l;

	while (labels_next(a, &it, &l)) {
		struct str other = labels_get(b, l.name);

		if (!rule_sets(x->rule, l.name) && (other.n || whole) && !str_eq(other, l.value))
			return false;
	}
	return true;
}

static bool goes_with(const struct explain *x, const struct explain_part *p, struct labels element)
{
	return agrees(x, element, x->alert, p->own) &&
	       (!p->own || agrees(x, x->alert, element, true));
}

void explain_take(struct explain *x, struct explain_part *p, const struct vector *v)
{
	p->answer = v ? EXPLAIN_NONE : EXPLAIN_FAILED;
	for (size_t i = 0; v && i < v->n; i++) {
		if (!goes_with(x, p, v->v[i].labels))
			continue;
		/* Of several the greatest is told: of times the last one. */
		if (p->n == 0 || v->v[i].v > p->value)
			p->value = v->v[i].v;
		p->n++;
		p->answer = p->n == 1 ? EXPLAIN_ONE : EXPLAIN_MANY;
	}
}

/* ---- telling ----------------------------------------------------------------------------------
 */

static void put_clock(struct buf *b, ms_t then, ms_t now)
{
	struct civil c = civil_of(then), today = civil_of(now);

	if (c.yearday != today.yearday || c.year != today.year)
		buf_printf(b, "%04d-%02d-%02d ", c.year, c.month, c.day);
	buf_printf(b, "%02d:%02d UTC", c.hour, c.minute);
}

static void put_absent(const struct explain *x, const struct explain_node *n, struct buf *b)
{
	const struct explain_part *t = n->last_time, *v = n->last_value;

	buf_adds(b, " holds: no such series");
	if (!t || t->answer == EXPLAIN_FAILED || t->answer == EXPLAIN_UNKNOWN)
		return;
	if (t->answer == EXPLAIN_NONE) {
		buf_adds(b, ", none in the last " LAST_SEEN);
		return;
	}
	buf_adds(b, ", last seen ");
	put_clock(b, (ms_t)(t->value * 1e3), x->at);
	if (v && v->answer == EXPLAIN_ONE) {
		buf_adds(b, " with value ");
		num_put_float(b, v->value, 'g', -1);
	}
}

static void put_values(const struct explain_node *n, struct buf *b)
{
	bool any = false;

	for (size_t i = 0; i < n->n; i++) {
		const struct explain_node *side = n->sides[i];

		if (!side->holds || side->holds->answer != EXPLAIN_ONE)
			continue;
		buf_adds(b, any ? ", " : " (");
		buf_add(b, side->text);
		buf_adds(b, " is ");
		num_put_float(b, side->holds->value, 'g', -1);
		any = true;
	}
	if (any)
		buf_addc(b, ')');
}

static void put_single(const struct explain *x, const struct explain_node *n, struct buf *b)
{
	enum explain_answer a = n->holds ? n->holds->answer : EXPLAIN_FAILED;

	buf_add(b, n->text);
	if (a == EXPLAIN_FAILED || a == EXPLAIN_UNKNOWN) {
		buf_adds(b, " could not be asked");
	} else if (a == EXPLAIN_NONE) {
		buf_adds(b, " does not hold");
	} else if (n->kind == NODE_ABSENT) {
		put_absent(x, n, b);
	} else if (a == EXPLAIN_MANY) {
		buf_printf(b, " holds for %zu series", n->holds->n);
	} else {
		buf_adds(b, " holds with value ");
		num_put_float(b, n->holds->value, 'g', -1);
		put_values(n, b);
	}
}

static void put_node(const struct explain *x, const struct explain_node *n, struct buf *b)
{
	/* Of an `or` first what holds. */
	for (int wanted = 1; n->kind == NODE_OR && wanted >= 0; wanted--) {
		for (size_t i = 0; i < n->n; i++) {
			if (holds(n->sides[i]) != (wanted == 1))
				continue;
			if (b->n)
				buf_adds(b, "; ");
			put_node(x, n->sides[i], b);
		}
	}
	if (n->kind == NODE_OR)
		return;
	if (n->kind == NODE_AND || n->kind == NODE_UNLESS) {
		put_node(x, n->sides[0], b);
		buf_adds(b, " and ");
		put_node(x, n->sides[1], b);
		return;
	}
	put_single(x, n, b);
}

void explain_put(const struct explain *x, struct buf *b)
{
	if (holds(x->root))
		put_node(x, x->root, b);
}
