/*
 * The engine against a slow, obvious evaluator: random expressions over random data, as a range
 * query and as instant queries. Every difference is a mistake in one of them. A failing case prints
 * its seed, its expression and both results.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "promql/engine.h"
#include "promql/memory.h"
#include "promql/parse.h"
#include "promql/print.h"
#include "tests/unit/slow_eval.h"
#include "tests/unit/unit.h"

#define STEPS 7
#define STEP (45 * SECOND)
#define START (20 * MINUTE)

struct dice {
	uint64_t x;
};

static uint64_t next(struct dice *d)
{
	d->x ^= d->x << 13;
	d->x ^= d->x >> 7;
	d->x ^= d->x << 17;
	return d->x;
}

static size_t roll(struct dice *d, size_t n)
{
	return (size_t)(next(d) >> 11) % n;
}

#define ONE_OF(d, ...) \
	((const char *const[]){ \
		__VA_ARGS__}[roll((d), ARRAY_LEN(((const char *const[]){__VA_ARGS__})))])

/* ---- data --------------------------------------------------------------------------------------
 */

struct data {
	struct slow_series *v;
	size_t n;
	struct memory *store;
};

static double value(struct dice *d, double before)
{
	switch (roll(d, 12)) {
	case 0: return before;
	case 1: return 0;
	case 2: return roll(d, 20) ? -3 : (double)NAN;
	case 3: return roll(d, 20) ? 2.5 : (double)INFINITY;
	default: return (isfinite(before) ? before : 0) + (double)roll(d, 9);
	}
}

static void make_series(struct dice *d, struct arena *a, struct slow_series *s, const char *name,
			size_t i)
{
	struct labels_builder lb;
	ms_t t = (ms_t)roll(d, 60) * SECOND;
	double v = 0;

	labels_builder_init(&lb);
	labels_builder_set(&lb, STR(LABEL_NAME), str_of(name));
	labels_builder_set(&lb, STR("i"), arena_printf(a, "%zu", i));
	labels_builder_set(&lb, STR("j"), str_of(i % 2 ? "x" : "y"));
	if (i == 2)
		labels_builder_set(&lb, STR("k"), STR("z"));
	s->labels = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	s->v = ARENA_ARRAY(a, struct slow_sample, 400);
	while (t < START + STEPS * STEP + 10 * MINUTE && s->n < 400) {
		v = value(d, v);
		s->v[s->n++] = (struct slow_sample){.t = t, .v = v, .stale = roll(d, 25) == 0};
		t += roll(d, 15) ? 15 * SECOND + (ms_t)roll(d, 3) * 100
				 : (ms_t)roll(d, 600) * SECOND;
		t += 1;
	}
}

static void make_data(struct dice *d, struct arena *a, struct data *out)
{
	*out = (struct data){.v = ARENA_ARRAY(a, struct slow_series, 8), .store = memory_new()};
	for (size_t i = 0; i < 6; i++)
		make_series(d, a, &out->v[out->n++], i < 4 ? "a" : "b", i % 4);
	for (size_t i = 0; i < out->n; i++) {
		struct memory_series *m = memory_series(out->store, out->v[i].labels);

		for (size_t k = 0; k < out->v[i].n; k++) {
			const struct slow_sample *p = &out->v[i].v[k];

			assert_int_equal(memory_append(out->store, m, p->t,
						       p->stale ? stale_nan() : p->v, NULL, 0),
					 MEMORY_OK);
		}
	}
}

/* ---- expressions -------------------------------------------------------------------------------
 */

static void put_vector(struct dice *d, struct buf *b, int depth);

static void put_scalar(struct dice *d, struct buf *b, int depth)
{
	switch (depth > 0 ? roll(d, 5) : 0) {
	case 1: buf_adds(b, "time()"); break;
	case 2:
		buf_adds(b, "scalar(");
		put_vector(d, b, depth - 1);
		buf_addc(b, ')');
		break;
	case 3:
		buf_addc(b, '(');
		put_scalar(d, b, depth - 1);
		buf_adds(b, ONE_OF(d, " + ", " * ", " - ", " > bool "));
		put_scalar(d, b, depth - 1);
		buf_addc(b, ')');
		break;
	default: buf_adds(b, ONE_OF(d, "0", "1", "2.5", "-3", "10", "NaN", "1e3")); break;
	}
}

static void put_when(struct dice *d, struct buf *b)
{
	if (roll(d, 4) == 0)
		buf_adds(b, ONE_OF(d, " offset 1m", " offset 90s", " offset -30s", " @ 1300",
				   " @ start()", " @ end()", " @ 1250 offset 2m"));
}

static void put_selector(struct dice *d, struct buf *b)
{
	buf_adds(b, ONE_OF(d, "a", "b", "a{j=\"x\"}", "a{i!=\"1\"}", "b{i=~\"0|1\"}", "{i=\"0\"}",
			   "a{k=\"\"}", "none"));
}

static void put_range(struct dice *d, struct buf *b, int depth)
{
	const char *range = ONE_OF(d, "30s", "1m", "2m30s", "7m");

	if (depth > 0 && roll(d, 3) == 0) {
		buf_addc(b, '(');
		put_vector(d, b, depth - 1);
		buf_printf(b, ")[%s:%s]", range, ONE_OF(d, "15s", "20s", "1m", ""));
	} else {
		put_selector(d, b);
		buf_printf(b, "[%s]", range);
	}
	put_when(d, b);
}

static void put_range_call(struct dice *d, struct buf *b, int depth)
{
	const char *f = ONE_OF(d, "rate", "increase", "delta", "irate", "idelta", "changes",
			       "resets", "sum_over_time", "avg_over_time", "min_over_time",
			       "max_over_time", "count_over_time", "last_over_time",
			       "first_over_time", "present_over_time", "stddev_over_time",
			       "stdvar_over_time", "deriv", "predict_linear", "quantile_over_time");

	buf_printf(b, "%s(", f);
	if (strcmp(f, "quantile_over_time") == 0)
		buf_printf(b, "%s, ", ONE_OF(d, "0.5", "0", "1", "0.9"));
	put_range(d, b, depth - 1);
	if (strcmp(f, "predict_linear") == 0)
		buf_adds(b, ", 60");
	buf_addc(b, ')');
}

static void put_call(struct dice *d, struct buf *b, int depth)
{
	const char *f = ONE_OF(d, "abs", "ceil", "floor", "sqrt", "exp", "ln", "sgn", "clamp_min",
			       "clamp_max", "absent", "timestamp", "vector");

	buf_printf(b, "%s(", f);
	if (strcmp(f, "vector") == 0)
		put_scalar(d, b, depth - 1);
	else
		put_vector(d, b, depth - 1);
	if (str_starts(str_of(f), "clamp")) {
		buf_adds(b, ", ");
		put_scalar(d, b, depth - 1);
	}
	buf_addc(b, ')');
}

static void put_aggregate(struct dice *d, struct buf *b, int depth)
{
	const char *op = ONE_OF(d, "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar",
				"quantile");

	buf_printf(b, "%s %s (", op,
		   ONE_OF(d, "", "by (j)", "by (i, j)", "without (i)", "by ()", "without (j, k)",
			  "by (__name__)"));
	if (strcmp(op, "quantile") == 0)
		buf_printf(b, "%s, ", ONE_OF(d, "0.5", "0.25", "1"));
	put_vector(d, b, depth - 1);
	buf_addc(b, ')');
}

static void put_vectors(struct dice *d, struct buf *b, int depth)
{
	const char *matching = ONE_OF(d, "", " on (i)", " on (i, j)", " ignoring (k)", " on (j)",
				      " ignoring (i, k)");
	const char *op = ONE_OF(d, "+", "-", "*", "/", "%", "==", "!=", ">", "<", "> bool", "and",
				"or", "unless", "and", "or");
	bool set = op[0] == 'a' || op[0] == 'o' || op[0] == 'u';

	buf_addc(b, '(');
	put_vector(d, b, depth - 1);
	buf_printf(b, " %s%s", op, matching);
	if (!set && matching[0])
		buf_adds(b, ONE_OF(d, "", "", " group_left", " group_right", " group_left (k)"));
	buf_addc(b, ' ');
	put_vector(d, b, depth - 1);
	buf_addc(b, ')');
}

static void put_with_scalar(struct dice *d, struct buf *b, int depth)
{
	const char *op = ONE_OF(d, " + ", " - ", " * ", " / ", " > ", " < ", " == ", " >= bool ",
				" ^ ", " % ");
	bool left = roll(d, 2);

	buf_addc(b, '(');
	if (left)
		put_scalar(d, b, depth - 1);
	else
		put_vector(d, b, depth - 1);
	buf_adds(b, op);
	if (left)
		put_vector(d, b, depth - 1);
	else
		put_scalar(d, b, depth - 1);
	buf_addc(b, ')');
}

static void put_vector(struct dice *d, struct buf *b, int depth)
{
	switch (depth > 0 ? roll(d, 9) : 0) {
	case 1:
	case 2: put_range_call(d, b, depth); break;
	case 3: put_call(d, b, depth); break;
	case 4:
	case 5: put_aggregate(d, b, depth); break;
	case 6: put_vectors(d, b, depth); break;
	case 7: put_with_scalar(d, b, depth); break;
	case 8:
		buf_adds(b, "-(");
		put_vector(d, b, depth - 1);
		buf_addc(b, ')');
		break;
	default:
		put_selector(d, b);
		put_when(d, b);
		break;
	}
}

/* ---- comparing ---------------------------------------------------------------------------------
 */

static bool close_to(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	if (a == b)
		return true;
	/* Differences of nearly equal numbers keep the rounding of these. */
	return fabs(a - b) <= 1e-7 * MAX(1.0, MAX(fabs(a), fabs(b)));
}

static const struct slow_element *slow_find(const struct slow_vector *v, struct labels labels)
{
	for (size_t i = 0; i < v->n; i++) {
		if (labels_eq(v->v[i].labels, labels))
			return &v->v[i];
	}
	return NULL;
}

static void show(struct buf *b, const char *who, struct labels labels, ms_t t, double v)
{
	buf_printf(b, "  %s at %lld: ", who, (long long)t);
	labels_put(b, labels, true);
	buf_adds(b, " ");
	num_put_float(b, v, 'g', -1);
	buf_addc(b, '\n');
}

/* The engine's points at time t against the slow result; what differs is written to b. */
static void compare(struct buf *b, const struct result *fast, const struct slow_vector *slow,
		    ms_t t)
{
	size_t n = 0;

	for (size_t i = 0; i < fast->n; i++) {
		const struct points *p = &fast->v[i].points;

		for (size_t k = 0; k < p->n; k++) {
			const struct slow_element *s = slow_find(slow, fast->v[i].labels);

			if (p->t[k] != t)
				continue;
			n++;
			if (s && close_to(s->v, p->v[k]))
				continue;
			show(b, "engine", fast->v[i].labels, t, p->v[k]);
			if (s)
				show(b, "slow", s->labels, t, s->v);
		}
	}
	if (n != slow->n)
		buf_printf(b, "  at %lld the engine has %zu elements, not %zu\n", (long long)t, n,
			   slow->n);
}

struct trial {
	struct arena arena;
	struct data data;
	const struct expr *e;
	struct engine_options o;
	struct buf wrong;
};

static bool fast(struct trial *t, ms_t start, ms_t end, ms_t step, struct result *r)
{
	struct engine_query q = {.source = memory_source(t->data.store),
				 .expr = t->e,
				 .start = start,
				 .end = end,
				 .step = step};
	struct err err;

	return engine_eval(&t->o, &q, &t->arena, r, NULL, &err);
}

static bool visit_subquery(void *arg, const struct expr *e)
{
	*(bool *)arg |= e->kind == EXPR_SUBQUERY;
	return true;
}

static bool has_subquery(const struct expr *e)
{
	bool yes = false;

	expr_walk(e, visit_subquery, &yes);
	return yes;
}

static void try_range(struct trial *t)
{
	ms_t end = START + (STEPS - 1) * STEP;
	struct slow s = {.series = t->data.v,
			 .n = t->data.n,
			 .a = &t->arena,
			 .start = START,
			 .end = end};
	struct slow_vector v[STEPS] = {0};
	bool slow_ok = true, fast_ok;
	struct result r;

	for (int i = 0; i < STEPS; i++)
		slow_ok = slow_eval(&s, t->e, START + i * STEP, &v[i]) && slow_ok;
	fast_ok = fast(t, START, end, STEP, &r);
	/* A subquery is evaluated between the windows as well: it may fail there, as upstream. */
	if (!fast_ok && slow_ok && has_subquery(t->e))
		return;
	if (fast_ok != slow_ok)
		buf_printf(&t->wrong, "  range: the engine %s, the slow one %s\n",
			   fast_ok ? "succeeds" : "fails", slow_ok ? "succeeds" : "fails");
	for (int i = 0; fast_ok && slow_ok && i < STEPS; i++)
		compare(&t->wrong, &r, &v[i], START + i * STEP);
}

static void try_instant(struct trial *t, ms_t at)
{
	struct slow s = {.series = t->data.v,
			 .n = t->data.n,
			 .a = &t->arena,
			 .start = at,
			 .end = at};
	struct slow_vector v = {0};
	bool slow_ok = slow_eval(&s, t->e, at, &v);
	struct result r;
	bool fast_ok = fast(t, at, at, 0, &r);

	if (fast_ok != slow_ok)
		buf_printf(&t->wrong, "  instant: the engine %s, the slow one %s\n",
			   fast_ok ? "succeeds" : "fails", slow_ok ? "succeeds" : "fails");
	else if (fast_ok)
		compare(&t->wrong, &r, &v, at);
}

/* What is printed parses to the same tree again: it prints the same. */
static void try_print(struct trial *t, const struct promql_options *po, const struct limits *l)
{
	const struct expr *again;
	struct buf once, twice;

	buf_init(&once, BUF_MAX_ANY);
	buf_init(&twice, BUF_MAX_ANY);
	promql_print(&once, t->e);
	if (promql_parse(buf_str(&once), po, l, &t->arena, &again, NULL))
		promql_print(&twice, again);
	if (!str_eq(buf_str(&once), buf_str(&twice)))
		buf_printf(&t->wrong, "  prints %s, then %s\n", buf_cstr(&once), buf_cstr(&twice));
	buf_done(&once);
	buf_done(&twice);
}

/* False: the expression makes no sense (a group_left without labels ...). */
static bool trial(uint64_t seed, struct buf *text, struct buf *wrong)
{
	struct promql_options po = {true, true, true, true};
	struct dice d = {.x = seed * 0x9E3779B97F4A7C15u + 1};
	struct trial t = {0};
	struct limits l;
	bool sensible;

	for (int i = 0; i < 5; i++)
		next(&d);
	limits_default(&l);
	arena_init(&t.arena);
	engine_options_default(&t.o);
	t.wrong = *wrong;
	put_vector(&d, text, 1 + (int)roll(&d, 4));
	sensible = promql_parse(buf_str(text), &po, &l, &t.arena, &t.e, NULL);
	if (sensible) {
		make_data(&d, &t.arena, &t.data);
		try_range(&t);
		try_instant(&t, START + (ms_t)roll(&d, 300) * SECOND);
		try_print(&t, &po, &l);
		memory_free(t.data.store);
	}
	*wrong = t.wrong;
	arena_done(&t.arena);
	return sensible;
}

static void test_random(void **state ATTR_UNUSED)
{
	int64_t first = 1, count = 20000;
	size_t tried = 0, failed = 0;

	num_int(str_of(getenv("ORACLE_SEED")), 10, &first);
	num_int(str_of(getenv("ORACLE_COUNT")), 10, &count);
	for (int64_t seed = first; seed < first + count; seed++) {
		struct buf text, wrong;

		buf_init(&text, 65536);
		buf_init(&wrong, 65536);
		tried += trial((uint64_t)seed, &text, &wrong);
		if (wrong.n && failed++ < 5)
			print_error("seed %lld: %s\n%s", (long long)seed, buf_cstr(&text),
				    buf_cstr(&wrong));
		buf_done(&text);
		buf_done(&wrong);
	}
	assert_true(tried > (size_t)count / 2);
	assert_int_equal(failed, 0);
}

TEST_GROUP(oracle, cmocka_unit_test(test_random))
