/*
 * Operators of two vectors match rows by signature, group by group. Within a group each row of the
 * "many" side meets each row of the "one" side at the steps where both have a value; usually there
 * is one of each. What `fill` adds is a row like any other.
 */
#include "promql/binop.h"

#include <string.h>

#include "promql/grouping.h"
#include "promql/labels.h"
#include "promql/operate.h"

static bool row_any(const struct eval *ev, const struct row *r)
{
	for (size_t i = 0; i < ev->grid.n; i++) {
		if (row_has(r, i))
			return true;
	}
	return false;
}

/* Leaves out the rows that have no value any more. */
static void drop_empty(const struct eval *ev, struct vec *vec)
{
	size_t n = 0;

	for (size_t k = 0; k < vec->n; k++) {
		if (row_any(ev, &vec->v[k]))
			vec->v[n++] = vec->v[k];
	}
	vec->n = n;
}

static struct value row_value(const struct row *r, size_t i)
{
	return (struct value){.v = r->v[i], .h = row_hist(r, i)};
}

static void row_put(struct eval *ev, struct row *r, size_t i, struct value v)
{
	r->v[i] = v.h ? 0 : v.v;
	if (v.h || r->h)
		eval_hist_column(ev, r)[i] = v.h;
}

static bool changes_metric(enum binary_op op)
{
	return op <= OP_ATAN2;
}

/* The value of a comparison with `bool`, of any other operator as it is. */
static bool settle(const struct expr *e, enum outcome o, struct value *v)
{
	if (o == OUTCOME_NONE || !e->u.binary.return_bool)
		return o == OUTCOME_KEEP;
	*v = (struct value){.v = o == OUTCOME_KEEP};
	return true;
}

/* ---- scalars ----------------------------------------------------------------------------------
 */

static bool scalars(struct eval *ev, const struct expr *e, struct vec *l, const struct vec *r)
{
	enum binary_op op = e->u.binary.op;
	double *a = l->v[0].v, *b = r->v[0].v;

	if (op == OP_TRIM_UPPER || op == OP_TRIM_LOWER)
		return eval_fail(ev, e, "operator \"%s\" not allowed for Scalar operations",
				 binary_op_text(op));
	for (size_t i = 0; i < ev->grid.n; i++)
		a[i] = binary_op_is_comparison(op) ? compare_floats(op, a[i], b[i])
						   : operate_floats(op, a[i], b[i]);
	eval_column_free(ev, b);
	return true;
}

/* One row against a scalar, in place; `swap`: the scalar is on the left. */
static void row_scalar(struct eval *ev, const struct expr *e, struct row *row, const double *scalar,
		       bool swap)
{
	bool comparison = binary_op_is_comparison(e->u.binary.op);

	for (size_t i = 0; i < ev->grid.n; i++) {
		struct value v = row_value(row, i), s = {.v = scalar[i]}, out;
		enum outcome o;

		if (!row_has(row, i))
			continue;
		o = swap ? operate(ev, e, s, v, &out) : operate(ev, e, v, s, &out);
		if (comparison && swap)
			out = v;
		if (settle(e, o, &out))
			row_put(ev, row, i, out);
		else
			row->v[i] = stale_nan();
	}
}

static bool vector_scalar(struct eval *ev, const struct expr *e, struct vec *vec,
			  const struct vec *scalar, bool swap, struct vec *out)
{
	for (size_t k = 0; k < vec->n; k++) {
		row_scalar(ev, e, &vec->v[k], scalar->v[0].v, swap);
		if (!eval_work(ev, ev->grid.n))
			return false;
	}
	eval_column_free(ev, scalar->v[0].v);
	drop_empty(ev, vec);
	*out = *vec;
	if (changes_metric(e->u.binary.op) || e->u.binary.return_bool)
		return eval_drop_names(ev, out);
	return true;
}

/* ---- set operators ----------------------------------------------------------------------------
 */

/* The steps at which one of the rows has a value. */
static void presence(const struct eval *ev, const struct vec *vec, const uint32_t *rows, size_t n,
		     bool *has)
{
	memset(has, 0, ev->grid.n * sizeof(*has));
	for (size_t k = 0; k < n; k++) {
		const struct row *r = &vec->v[rows[k]];

		for (size_t i = 0; i < ev->grid.n; i++)
			has[i] |= row_has(r, i);
	}
}

static void keep_where(const struct eval *ev, struct row *r, const bool *has, bool wanted)
{
	for (size_t i = 0; i < ev->grid.n; i++) {
		if (has[i] != wanted)
			r->v[i] = stale_nan();
	}
}

/* Keeps values of `vec` at the steps where `by` has (or has not) one of the same signature. */
static bool filter(struct eval *ev, const struct vector_matching *m, struct vec *vec,
		   const struct vec *by, bool wanted)
{
	struct grouping g;
	uint32_t *mine, *theirs;
	struct members a, b;
	bool *has = (bool *)arena_alloc(ev->a, ev->grid.n);

	grouping_init(&g, ev->a, m->labels, m->on);
	mine = grouping_rows(&g, vec);
	theirs = grouping_rows(&g, by);
	a = members_of(ev->a, mine, vec->n, g.n);
	b = members_of(ev->a, theirs, by->n, g.n);
	for (size_t k = 0; k < g.n; k++) {
		if (a.first[k] == a.first[k + 1])
			continue;
		presence(ev, by, b.rows + b.first[k], b.first[k + 1] - b.first[k], has);
		for (size_t i = a.first[k]; i < a.first[k + 1]; i++)
			keep_where(ev, &vec->v[a.rows[i]], has, wanted);
		if (!eval_work(ev, (a.first[k + 1] - a.first[k]) * ev->grid.n))
			return false;
	}
	drop_empty(ev, vec);
	return true;
}

static bool sets(struct eval *ev, const struct expr *e, struct vec *l, struct vec *r,
		 struct vec *out)
{
	const struct vector_matching *m = &e->u.binary.matching;

	*out = *l;
	if (e->u.binary.op != OP_OR)
		return filter(ev, m, out, r, e->u.binary.op == OP_AND);
	if (!filter(ev, m, r, l, false))
		return false;
	*out = (struct vec){.v = eval_rows(ev, l->n + r->n), .n = l->n + r->n};
	if (l->n)
		memcpy(out->v, l->v, l->n * sizeof(*l->v));
	if (r->n)
		memcpy(out->v + l->n, r->v, r->n * sizeof(*r->v));
	return eval_merge_rows(ev, out);
}

/* ---- vector matching --------------------------------------------------------------------------
 */

struct side {
	struct vec vec;
	struct members members;
	/* Its value where it has no partner for the other side; NULL: none. With group_right
	 * fill_left is that of the right side, as it is in Prometheus. */
	const double *fill;
};

struct matching {
	struct eval *ev;
	const struct expr *e;
	struct side many, one;
	bool swapped; /* one-to-many: `many` is the right side */
	struct grouping groups;
	struct labels_builder lb;
	struct vec out;
	size_t cap;
};

/* The rows of one group on one side; room for the one that fill adds. */
static struct vec rows_of(struct matching *m, const struct side *s, size_t group)
{
	size_t from = s->members.first[group], n = s->members.first[group + 1] - from;
	struct vec out = {.v = eval_rows(m->ev, n + 1), .n = n};

	for (size_t k = 0; k < n; k++)
		out.v[k] = s->vec.v[s->members.rows[from + k]];
	return out;
}

static bool any_has(const struct vec *vec, size_t i)
{
	for (size_t k = 0; k < vec->n; k++) {
		if (row_has(&vec->v[k], i))
			return true;
	}
	return false;
}

/* Adds a row with the fill value at the steps where only the other side has a value. */
static bool fill_in(struct matching *m, struct vec *rows, const struct vec *others,
		    const double *fill, struct labels labels)
{
	struct row r = {.labels = labels};
	bool any = false;

	if (!fill || others->n == 0)
		return true;
	r.v = eval_column(m->ev);
	if (!r.v)
		return false;
	for (size_t i = 0; i < m->ev->grid.n; i++) {
		if (!any_has(others, i) || any_has(rows, i))
			continue;
		r.v[i] = *fill;
		any = true;
	}
	if (any)
		rows->v[rows->n++] = r;
	return true;
}

static bool duplicates(struct matching *m, const struct row *a, const struct row *b, size_t group)
{
	struct buf text;

	if (labels_cmp(a->labels, b->labels) > 0) {
		const struct row *first = b;

		b = a;
		a = first;
	}
	buf_init(&text, sizeof(m->ev->err->msg));
	buf_adds(&text, "found duplicate series for the match group ");
	labels_put(&text, m->groups.labels[group], false);
	buf_printf(&text, " on the %s hand-side of the operation: [",
		   m->swapped ? "left" : "right");
	labels_put(&text, a->labels, false);
	buf_adds(&text, ", ");
	labels_put(&text, b->labels, false);
	buf_adds(&text, "];many-to-many matching not allowed: matching labels must be unique on "
			"one side");
	eval_fail(m->ev, m->e, "%s", buf_cstr(&text));
	buf_done(&text);
	return false;
}

/* At no step two rows of the one side, unless there is nothing to match them with. */
static bool one_is_one(struct matching *m, const struct vec *one, size_t group)
{
	for (size_t i = 0; one->n > 1 && i < m->ev->grid.n; i++) {
		const struct row *first = NULL;

		for (size_t k = 0; k < one->n; k++) {
			if (!row_has(&one->v[k], i))
				continue;
			if (first && (m->many.fill || any_has(&m->many.vec, i)))
				return duplicates(m, first, &one->v[k], group);
			first = &one->v[k];
		}
	}
	return true;
}

static void keep_only(struct labels_builder *lb, struct labels ls, const struct strs *names)
{
	struct labels_iter it = {0};
	struct label l;

	while (labels_next(ls, &it, &l)) {
		bool keep = false;

		for (size_t i = 0; i < names->n; i++)
			keep |= str_eq(names->v[i], l.name);
		if (!keep)
			labels_builder_del(lb, l.name);
	}
}

static struct labels result_labels(struct matching *m, const struct row *many,
				   const struct row *one)
{
	const struct vector_matching *vm = &m->e->u.binary.matching;
	struct labels base = many->labels;
	bool bare = changes_metric(m->e->u.binary.op) ||
		    (m->e->u.binary.return_bool && !m->ev->o->delayed_name_removal);

	if (bare)
		base = labels_without_metric(m->ev->a, base);
	if (vm->card != CARD_ONE_TO_ONE && vm->include.n == 0)
		return base;
	labels_builder_from(&m->lb, base);
	if (vm->card == CARD_ONE_TO_ONE && vm->on)
		keep_only(&m->lb, base, &vm->labels);
	for (size_t i = 0; vm->card == CARD_ONE_TO_ONE && !vm->on && i < vm->labels.n; i++)
		labels_builder_del(&m->lb, vm->labels.v[i]);
	for (size_t i = 0; i < vm->include.n; i++)
		labels_builder_set(&m->lb, vm->include.v[i],
				   labels_get(one->labels, vm->include.v[i]));
	return labels_builder_build(&m->lb, m->ev->a);
}

static void out_add(struct matching *m, struct row r)
{
	if (m->out.n == m->cap) {
		struct row *old = m->out.v;

		m->cap = m->cap ? m->cap * 2 : MAX(m->many.vec.n, (size_t)4);
		m->out.v = eval_rows(m->ev, m->cap);
		if (m->out.n)
			memcpy(m->out.v, old, m->out.n * sizeof(*old));
	}
	m->out.v[m->out.n++] = r;
}

static bool pair(struct matching *m, const struct row *many, const struct row *one)
{
	const struct row *l = m->swapped ? one : many, *r = m->swapped ? many : one;
	struct eval *ev = m->ev;
	struct row out = {.v = eval_column(ev)};
	bool any = false;

	for (size_t i = 0; out.v && i < ev->grid.n; i++) {
		struct value v = {0};

		if (!row_has(l, i) || !row_has(r, i))
			continue;
		if (settle(m->e, operate(ev, m->e, row_value(l, i), row_value(r, i), &v), &v)) {
			row_put(ev, &out, i, v);
			any = true;
		}
	}
	if (!out.v)
		return false;
	if (!any) {
		eval_column_free(ev, out.v);
		return true;
	}
	if (m->out.n >= ev->o->max_series)
		return eval_fail(ev, m->e, "matching gives more than %zu series",
				 ev->o->max_series);
	out.labels = result_labels(m, many, one);
	out.drop_name =
		ev->o->delayed_name_removal && (m->e->u.binary.return_bool || many->drop_name);
	out_add(m, out);
	return true;
}

/* The results from `from` on are those of one group: none may stand at another's step. */
static bool results_are_unique(struct matching *m, size_t from)
{
	struct vec group = {.n = m->out.n - from};

	if (group.n < 2)
		return true;
	group.v = m->out.v + from;
	if (m->e->u.binary.matching.card != CARD_ONE_TO_ONE) {
		if (!eval_merge_rows_or(m->ev, &group,
					"multiple matches for labels: grouping labels must ensure "
					"unique matches"))
			return false;
		m->out.n = from + group.n;
		return true;
	}
	for (size_t i = 0; i < m->ev->grid.n; i++) {
		size_t n = 0;

		for (size_t k = 0; k < group.n; k++)
			n += row_has(&group.v[k], i);
		if (n > 1)
			return eval_fail(m->ev, m->e,
					 "multiple matches for labels: many-to-one matching must "
					 "be explicit (group_left/group_right)");
	}
	return true;
}

static bool match_group(struct matching *m, size_t group)
{
	struct vec many = rows_of(m, &m->many, group), one = rows_of(m, &m->one, group);
	struct labels labels = m->groups.labels[group];
	size_t from = m->out.n, n_many = many.n;

	if (!one_is_one(m, &one, group) || !fill_in(m, &many, &one, m->many.fill, labels))
		return false;

	struct vec real = {.v = many.v, .n = n_many};

	if (!fill_in(m, &one, &real, m->one.fill, labels))
		return false;
	for (size_t i = 0; i < many.n; i++) {
		for (size_t k = 0; k < one.n; k++) {
			if (!pair(m, &many.v[i], &one.v[k]))
				return false;
		}
	}
	return results_are_unique(m, from);
}

static bool vectors(struct eval *ev, const struct expr *e, struct vec *l, struct vec *r,
		    struct vec *out)
{
	const struct vector_matching *vm = &e->u.binary.matching;
	bool swapped = vm->card == CARD_ONE_TO_MANY;
	struct matching m = {.ev = ev,
			     .e = e,
			     .swapped = swapped,
			     .many = {.vec = swapped ? *r : *l, .fill = vm->fill_lhs},
			     .one = {.vec = swapped ? *l : *r, .fill = vm->fill_rhs}};
	uint32_t *many, *one;
	bool ok = true;

	grouping_init(&m.groups, ev->a, vm->labels, vm->on);
	many = grouping_rows(&m.groups, &m.many.vec);
	one = grouping_rows(&m.groups, &m.one.vec);
	m.many.members = members_of(ev->a, many, m.many.vec.n, m.groups.n);
	m.one.members = members_of(ev->a, one, m.one.vec.n, m.groups.n);
	labels_builder_init(&m.lb);
	for (size_t k = 0; ok && k < m.groups.n; k++)
		ok = match_group(&m, k);
	labels_builder_done(&m.lb);
	*out = m.out;
	return ok && eval_merge_rows(ev, out);
}

/* ---- nodes ------------------------------------------------------------------------------------
 */

bool eval_binary(struct eval *ev, const struct expr *e, struct vec *out)
{
	const struct expr *lhs = e->u.binary.lhs, *rhs = e->u.binary.rhs;
	struct vec l, r;

	if (!eval_vec(ev, lhs, &l) || !eval_vec(ev, rhs, &r))
		return false;
	if (lhs->type == PROMQL_SCALAR && rhs->type == PROMQL_SCALAR) {
		*out = l;
		return scalars(ev, e, &l, &r);
	}
	if (lhs->type == PROMQL_SCALAR)
		return vector_scalar(ev, e, &r, &l, true, out);
	if (rhs->type == PROMQL_SCALAR)
		return vector_scalar(ev, e, &l, &r, false, out);
	return binary_op_is_set(e->u.binary.op) ? sets(ev, e, &l, &r, out)
						: vectors(ev, e, &l, &r, out);
}

static void negate(struct eval *ev, struct row *r)
{
	for (size_t i = 0; i < ev->grid.n; i++) {
		if (!row_has(r, i))
			continue;
		if (row_hist(r, i))
			r->h[i] = histogram_scale(ev->a, r->h[i], -1);
		else
			r->v[i] = -r->v[i];
	}
}

bool eval_unary(struct eval *ev, const struct expr *e, struct vec *out)
{
	if (!eval_vec(ev, e->u.unary.expr, out))
		return false;
	if (e->u.unary.op == OP_ADD)
		return true;
	for (size_t k = 0; k < out->n; k++)
		negate(ev, &out->v[k]);
	return e->type == PROMQL_SCALAR || eval_drop_names(ev, out);
}
