/* Floats are the common case and come first; histograms know only some of the operators. */
#include "promql/operate.h"

#include <math.h>

double operate_floats(enum binary_op op, double l, double r)
{
	switch ((int)op) {
	case OP_ADD: return l + r;
	case OP_SUB: return l - r;
	case OP_MUL: return l * r;
	case OP_DIV: return l / r;
	case OP_MOD: return fmod(l, r);
	case OP_POW: return pow(l, r);
	case OP_ATAN2: return atan2(l, r);
	default: break;
	}
	CHECK(op <= OP_ATAN2);
	return 0;
}

bool compare_floats(enum binary_op op, double l, double r)
{
	switch ((int)op) {
	case OP_EQ: return l == r;
	case OP_NE: return l != r;
	case OP_LT: return l < r;
	case OP_GT: return l > r;
	case OP_LE: return l <= r;
	case OP_GE: return l >= r;
	default: break;
	}
	CHECK(binary_op_is_comparison(op));
	return false;
}

static enum outcome incompatible(struct eval *ev, const struct expr *e, const char *l,
				 const char *r)
{
	const char *op = binary_op_text(e->u.binary.op);

	notes_info(ev->notes, e->start,
		   "incompatible sample types encountered for binary operator \"%s\": %s %s %s", op,
		   l, op, r);
	return OUTCOME_NONE;
}

static enum outcome keep_hist(const struct histogram *h, struct value *out)
{
	*out = (struct value){.h = h};
	return OUTCOME_KEEP;
}

static enum outcome add(struct eval *ev, const struct expr *e, struct value l, struct value r,
			struct value *out)
{
	bool sub = e->u.binary.op == OP_SUB;
	const char *what = sub ? "subtraction" : "addition";
	struct histogram_told told = {0};
	struct histogram *sum;

	if (!histogram_add(ev->a, l.h, r.h, sub ? -1 : 1, &sum, &told)) {
		notes_warn(ev->notes, e->start,
			   "incompatible bucket layout encountered for binary operator %s",
			   binary_op_text(e->u.binary.op));
		return OUTCOME_NONE;
	}
	if (told.reset_collision)
		notes_warn(ev->notes, e->start, "conflicting counter resets during histogram %s",
			   what);
	if (told.bounds_reconciled)
		notes_info(ev->notes, e->start,
			   "mismatched custom buckets were reconciled during %s", what);
	sum = histogram_compact(ev->a, sum);
	if (sub)
		sum->reset = RESET_GAUGE;
	return keep_hist(sum, out);
}

static enum outcome two_histograms(struct eval *ev, const struct expr *e, struct value l,
				   struct value r, struct value *out)
{
	switch ((int)e->u.binary.op) {
	case OP_ADD:
	case OP_SUB: return add(ev, e, l, r, out);
	case OP_EQ:
	case OP_NE:
		*out = l;
		return histogram_eq(l.h, r.h) == (e->u.binary.op == OP_EQ) ? OUTCOME_KEEP
									   : OUTCOME_DROP;
	default: return incompatible(ev, e, "histogram", "histogram");
	}
}

static enum outcome histogram_float(struct eval *ev, const struct expr *e,
				    const struct histogram *h, double v, struct value *out)
{
	switch ((int)e->u.binary.op) {
	case OP_MUL: return keep_hist(histogram_compact(ev->a, histogram_scale(ev->a, h, v)), out);
	case OP_DIV: return keep_hist(histogram_compact(ev->a, histogram_div(ev->a, h, v)), out);
	case OP_TRIM_UPPER:
	case OP_TRIM_LOWER:
		return keep_hist(histogram_trim(ev->a, h, v, e->u.binary.op == OP_TRIM_UPPER), out);
	default: return incompatible(ev, e, "histogram", "float");
	}
}

enum outcome operate(struct eval *ev, const struct expr *e, struct value l, struct value r,
		     struct value *out)
{
	enum binary_op op = e->u.binary.op;

	if (l.h && r.h)
		return two_histograms(ev, e, l, r, out);
	if (l.h)
		return histogram_float(ev, e, l.h, r.v, out);
	if (r.h && op == OP_MUL)
		return keep_hist(histogram_compact(ev->a, histogram_scale(ev->a, r.h, l.v)), out);
	if (r.h)
		return incompatible(ev, e, "float", "histogram");
	if (op == OP_TRIM_UPPER || op == OP_TRIM_LOWER)
		return incompatible(ev, e, "float", "float");
	*out = l;
	if (binary_op_is_comparison(op))
		return compare_floats(op, l.v, r.v) ? OUTCOME_KEEP : OUTCOME_DROP;
	out->v = operate_floats(op, l.v, r.v);
	return OUTCOME_KEEP;
}
