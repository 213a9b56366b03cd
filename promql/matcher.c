/* Label matchers. */
#include "promql/matcher.h"

#include "base/regex.h"
#include "promql/print.h"

const char *match_op_text(enum match_op op)
{
	static const char *const TEXT[] = {"=", "!=", "=~", "!~"};

	return TEXT[op];
}

bool matcher_test(const struct matcher *m, struct str value, bool *ok, struct err *err)
{
	bool hit;

	if (!m->re)
		hit = str_eq(value, m->value);
	else if (!regex_match(m->re, value, &hit, err))
		return false;
	*ok = hit == (m->op == MATCH_EQ || m->op == MATCH_RE);
	return true;
}

bool matcher_init(struct matcher *m, enum match_op op, struct str name, struct str value,
		  struct arena *a, struct err *err)
{
	struct matcher made = {.name = name, .value = value, .op = op};

	if ((op == MATCH_RE || op == MATCH_NRE) &&
	    !regex_compile(value, REGEX_ANCHORED | REGEX_DOTALL, a, &made.re, err))
		return false;
	if (!matcher_test(&made, STR(""), &made.matches_empty, err))
		return false;
	*m = made;
	return true;
}

void matcher_put(struct buf *b, const struct matcher *m)
{
	promql_put_label_name(b, m->name);
	buf_adds(b, match_op_text(m->op));
	promql_put_quoted(b, m->value);
}
