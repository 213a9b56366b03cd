/* The table of functions, sorted by name for the search. */
#include "promql/functions.h"

#include <stdlib.h>
#include <string.h>

static const struct promql_function FUNCTIONS[] = {
	{"abs", "v", 0, PROMQL_VECTOR, false},
	{"absent", "v", 0, PROMQL_VECTOR, false},
	{"absent_over_time", "m", 0, PROMQL_VECTOR, false},
	{"acos", "v", 0, PROMQL_VECTOR, false},
	{"acosh", "v", 0, PROMQL_VECTOR, false},
	{"asin", "v", 0, PROMQL_VECTOR, false},
	{"asinh", "v", 0, PROMQL_VECTOR, false},
	{"atan", "v", 0, PROMQL_VECTOR, false},
	{"atanh", "v", 0, PROMQL_VECTOR, false},
	{"avg_over_time", "m", 0, PROMQL_VECTOR, false},
	{"ceil", "v", 0, PROMQL_VECTOR, false},
	{"changes", "m", 0, PROMQL_VECTOR, false},
	{"clamp", "vss", 0, PROMQL_VECTOR, false},
	{"clamp_max", "vs", 0, PROMQL_VECTOR, false},
	{"clamp_min", "vs", 0, PROMQL_VECTOR, false},
	{"cos", "v", 0, PROMQL_VECTOR, false},
	{"cosh", "v", 0, PROMQL_VECTOR, false},
	{"count_over_time", "m", 0, PROMQL_VECTOR, false},
	{"day_of_month", "v", 1, PROMQL_VECTOR, false},
	{"day_of_week", "v", 1, PROMQL_VECTOR, false},
	{"day_of_year", "v", 1, PROMQL_VECTOR, false},
	{"days_in_month", "v", 1, PROMQL_VECTOR, false},
	{"deg", "v", 0, PROMQL_VECTOR, false},
	{"delta", "m", 0, PROMQL_VECTOR, false},
	{"deriv", "m", 0, PROMQL_VECTOR, false},
	{"double_exponential_smoothing", "mss", 0, PROMQL_VECTOR, true},
	{"end", "", 0, PROMQL_SCALAR, true},
	{"exp", "v", 0, PROMQL_VECTOR, false},
	{"first_over_time", "m", 0, PROMQL_VECTOR, false},
	{"floor", "v", 0, PROMQL_VECTOR, false},
	{"histogram_avg", "v", 0, PROMQL_VECTOR, false},
	{"histogram_count", "v", 0, PROMQL_VECTOR, false},
	{"histogram_fraction", "ssv", 0, PROMQL_VECTOR, false},
	{"histogram_quantile", "sv", 0, PROMQL_VECTOR, false},
	{"histogram_quantiles", "vtss", 9, PROMQL_VECTOR, true},
	{"histogram_stddev", "v", 0, PROMQL_VECTOR, false},
	{"histogram_stdvar", "v", 0, PROMQL_VECTOR, false},
	{"histogram_sum", "v", 0, PROMQL_VECTOR, false},
	{"hour", "v", 1, PROMQL_VECTOR, false},
	{"idelta", "m", 0, PROMQL_VECTOR, false},
	{"increase", "m", 0, PROMQL_VECTOR, false},
	{"info", "vv", 1, PROMQL_VECTOR, true},
	{"irate", "m", 0, PROMQL_VECTOR, false},
	{"label_join", "vttt", -1, PROMQL_VECTOR, false},
	{"label_replace", "vtttt", 0, PROMQL_VECTOR, false},
	{"last_over_time", "m", 0, PROMQL_VECTOR, false},
	{"ln", "v", 0, PROMQL_VECTOR, false},
	{"log10", "v", 0, PROMQL_VECTOR, false},
	{"log2", "v", 0, PROMQL_VECTOR, false},
	{"mad_over_time", "m", 0, PROMQL_VECTOR, true},
	{"max_of", "ss", 0, PROMQL_SCALAR, true},
	{"max_over_time", "m", 0, PROMQL_VECTOR, false},
	{"min_of", "ss", 0, PROMQL_SCALAR, true},
	{"min_over_time", "m", 0, PROMQL_VECTOR, false},
	{"minute", "v", 1, PROMQL_VECTOR, false},
	{"month", "v", 1, PROMQL_VECTOR, false},
	{"pi", "", 0, PROMQL_SCALAR, false},
	{"predict_linear", "ms", 0, PROMQL_VECTOR, false},
	{"present_over_time", "m", 0, PROMQL_VECTOR, false},
	{"quantile_over_time", "sm", 0, PROMQL_VECTOR, false},
	{"rad", "v", 0, PROMQL_VECTOR, false},
	{"range", "", 0, PROMQL_SCALAR, true},
	{"rate", "m", 0, PROMQL_VECTOR, false},
	{"resets", "m", 0, PROMQL_VECTOR, false},
	{"round", "vs", 1, PROMQL_VECTOR, false},
	{"scalar", "v", 0, PROMQL_SCALAR, false},
	{"sgn", "v", 0, PROMQL_VECTOR, false},
	{"sin", "v", 0, PROMQL_VECTOR, false},
	{"sinh", "v", 0, PROMQL_VECTOR, false},
	{"sort", "v", 0, PROMQL_VECTOR, false},
	{"sort_by_label", "vt", -1, PROMQL_VECTOR, true},
	{"sort_by_label_desc", "vt", -1, PROMQL_VECTOR, true},
	{"sort_desc", "v", 0, PROMQL_VECTOR, false},
	{"sqrt", "v", 0, PROMQL_VECTOR, false},
	{"start", "", 0, PROMQL_SCALAR, true},
	{"start_timestamp", "v", 0, PROMQL_VECTOR, true},
	{"stddev_over_time", "m", 0, PROMQL_VECTOR, false},
	{"stdvar_over_time", "m", 0, PROMQL_VECTOR, false},
	{"step", "", 0, PROMQL_SCALAR, true},
	{"sum_over_time", "m", 0, PROMQL_VECTOR, false},
	{"tan", "v", 0, PROMQL_VECTOR, false},
	{"tanh", "v", 0, PROMQL_VECTOR, false},
	{"time", "", 0, PROMQL_SCALAR, false},
	{"timestamp", "v", 0, PROMQL_VECTOR, false},
	{"ts_of_first_over_time", "m", 0, PROMQL_VECTOR, true},
	{"ts_of_last_over_time", "m", 0, PROMQL_VECTOR, true},
	{"ts_of_max_over_time", "m", 0, PROMQL_VECTOR, true},
	{"ts_of_min_over_time", "m", 0, PROMQL_VECTOR, true},
	{"vector", "s", 0, PROMQL_VECTOR, false},
	{"year", "v", 1, PROMQL_VECTOR, false},
};

static int name_compare(const void *key, const void *at)
{
	const struct promql_function *f = at;

	return str_cmp(*(const struct str *)key, str_of(f->name));
}

const struct promql_function *promql_function_find(struct str name)
{
	return bsearch(&name, FUNCTIONS, ARRAY_LEN(FUNCTIONS), sizeof(*FUNCTIONS), name_compare);
}

const struct promql_function *promql_functions(size_t *n)
{
	*n = ARRAY_LEN(FUNCTIONS);
	return FUNCTIONS;
}

enum promql_type promql_function_arg(const struct promql_function *f, size_t i)
{
	size_t n = strlen(f->args);

	CHECK(n > 0);
	switch (f->args[MIN(i, n - 1)]) {
	case 'v': return PROMQL_VECTOR;
	case 'm': return PROMQL_MATRIX;
	case 's': return PROMQL_SCALAR;
	default: return PROMQL_STRING;
	}
}
