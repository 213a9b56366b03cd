/*
 * Inside the engine: values over a grid of steps, and what functions are given.
 *
 * A vec is an instant vector at every step of the grid: a row is a label set with one column of
 * values; "no value here" is the stale NaN. A scalar is a vec of one row without labels whose
 * values are all there. An instant query is a grid of one step.
 *
 * Everything lives in ev->a until the query is done. Columns have grid.n items; those that are not
 * needed any more may be given back to be used again. Rows' arrays may be shared between vecs:
 * whoever changes values in place must own the column (columns of arguments belong to the
 * function that is called, so a function may work in place and pass them on).
 *
 * Whatever fails sets *ev->err and returns false at once.
 */
#ifndef PROMQL_EVAL_H
#define PROMQL_EVAL_H

#include "promql/engine.h"
#include "promql/histogram.h"

struct grid {
	ms_t start, step; /* time of step i: start + i * step */
	size_t n;	  /* at least 1; step is 0 if n is 1 and the query is instant */
};

static inline ms_t grid_time(const struct grid *g, size_t i)
{
	return g->start + (ms_t)i * g->step;
}

struct row {
	struct labels labels;
	bool drop_name;		    /* __name__ is to be removed at the end (delayed removal) */
	double *v;		    /* one a step; stale_nan(): none; 0 where h[i] is set */
	const struct histogram **h; /* NULL: no histogram at any step; h[i] NULL: v[i] */
};

struct vec {
	struct row *v;
	size_t n;
};

static inline bool row_has(const struct row *r, size_t i)
{
	return !is_stale(r->v[i]);
}

static inline const struct histogram *row_hist(const struct row *r, size_t i)
{
	return r->h ? r->h[i] : NULL;
}

/* The samples under a range vector, and the window of each step. */
struct range {
	struct labels labels;
	bool drop_name;
	struct points p; /* without stale markers; may reach beyond the windows on both sides */
};

struct range_set {
	struct range *v;
	size_t n;
	ms_t range;  /* width of a window */
	ms_t offset; /* window of step i: (end - range, end], end = grid_time(i) - offset */
	bool fixed;  /* `@`: the end is `at` - offset at every step */
	ms_t at;
	bool anchored, smoothed; /* then p holds `lookback` more before (and, smoothed, after) */
	const struct expr *e;	 /* EXPR_MATRIX or EXPR_SUBQUERY */
	struct str name;	 /* metric name asked for in the selector, if there is one */
};

struct eval {
	const struct engine_options *o;
	const struct series_source *source;
	struct arena *a;
	struct notes *notes;
	struct err *err;
	struct grid grid;	     /* of the node at work; changes within subqueries and @ */
	struct grid query;	     /* of the whole query: start(), end(), range(), step() */
	ms_t query_end;		     /* as the query says it, maybe after the last step */
	size_t held;		     /* samples held */
	size_t until_stop;	     /* samples until `stop` is asked again */
	struct column *free_columns; /* eval.c's own */
	/* Within histogram_count and its like: what is read tells of resets in its hints, so that
	 * sums over them can warn of collisions. */
	bool tell_resets;
};

ms_t range_end(const struct eval *ev, const struct range_set *rs, size_t step);

/* ---- what functions are given ---------------------------------------------------------------- */

/* One evaluated argument, by the type in the function's signature. */
struct arg {
	const struct expr *e;	 /* unwrapped of parentheses */
	struct vec vec;		 /* PROMQL_VECTOR; PROMQL_SCALAR: one row */
	struct range_set ranges; /* PROMQL_MATRIX */
	struct str text;	 /* PROMQL_STRING */
};

struct call {
	struct eval *ev;
	const struct expr *e; /* EXPR_CALL */
	struct arg *args;     /* not evaluated if the function is FUNC_LAZY */
	size_t n;
};

/* Fills *out with rows in ev->a. The name is dropped by the caller, by the function's flags. */
typedef bool eval_fn(struct call *c, struct vec *out);

enum func_flags {
	FUNC_KEEPS_NAME = 1,  /* results keep __name__ (last_over_time, sort, label_replace ...) */
	FUNC_LAZY = 2,	      /* evaluates its own arguments (timestamp, info) */
	FUNC_ANCHORED = 4,    /* takes `anchored` ranges */
	FUNC_SMOOTHED = 8,    /* takes `smoothed` ranges */
	FUNC_NO_BUCKETS = 16, /* looks only at count and sum of a histogram */
	FUNC_BUCKETS = 32,    /* looks at buckets */
};

struct func {
	const char *name;
	eval_fn *fn;
	unsigned flags;
};

/* Ends with a NULL name; each in its promql/func_*.c. */
extern const struct func
	FUNCS_MATH[]; /* func_math.c: abs ... clamp, round, sgn, pi, trigonometry */
extern const struct func FUNCS_TIME[];	/* func_time.c: time, minute ..., timestamp, start, step */
extern const struct func FUNCS_LABEL[]; /* func_label.c: label_*, sort*, absent, scalar, vector */
extern const struct func FUNCS_INFO[];	/* func_info.c: info */
extern const struct func FUNCS_RATE[];	/* func_rate.c: rate ... irate, resets, changes */
extern const struct func FUNCS_TREND[]; /* func_trend.c: deriv, predict_linear ... */
extern const struct func FUNCS_OVER_TIME[]; /* func_over_time.c */
extern const struct func FUNCS_HISTOGRAM[]; /* func_histogram.c: histogram_* */

const struct func *func_find(struct str name);

/* ---- tools of the engine, for functions -------------------------------------------------------
 */

/* A column of grid.n absent values; counted against max_samples. NULL: the limit (err is set). */
double *eval_column(struct eval *ev);
void eval_column_free(struct eval *ev, double *v);
/* The column of histograms of a row, made if it has none (all NULL). */
const struct histogram **eval_hist_column(struct eval *ev, struct row *r);
/* Room for n rows, zeroed. */
struct row *eval_rows(struct eval *ev, size_t n);
/* Counts work of n samples; false when `stop` says so or a limit is passed (err is set). */
ATTR_CHECK bool eval_work(struct eval *ev, size_t n);
/* false with *ev->err set: finished prose, pos the place of e. */
bool eval_fail(struct eval *ev, const struct expr *e, const char *fmt, ...) ATTR_PRINTF(3, 4);

/* A scalar: one row without labels, the same value at every step. */
ATTR_CHECK bool eval_scalar(struct eval *ev, double v, struct vec *out);
/* Whether a label may be called so: not empty, UTF-8. False: "invalid WHAT NAME". */
ATTR_CHECK bool eval_label_is_valid(struct eval *ev, const struct expr *e, const char *what,
				    struct str name);
/* "quantile value should be between 0 and 1, got ..." at e, which is the parameter. */
void eval_note_quantile(struct eval *ev, const struct expr *e, double q);

/* Evaluates e over ev->grid; scalars come as one row. */
ATTR_CHECK bool eval_vec(struct eval *ev, const struct expr *e, struct vec *out);
ATTR_CHECK bool eval_ranges(struct eval *ev, const struct expr *e, struct range_set *out);
/* An instant selector whose values are what `what` says of the sample picked at each step. */
enum selected { SELECTED_VALUE, SELECTED_TIME /* seconds */, SELECTED_START /* seconds */ };
ATTR_CHECK bool eval_selector(struct eval *ev, const struct expr *selector, enum selected what,
			      struct vec *out);

/* For functions of the labels at each step: rows with equal labels (after a change of labels) are
 * one row if they never have a value at the same step; else the error "vector cannot contain
 * metrics with the same labelset". */
ATTR_CHECK bool eval_merge_rows(struct eval *ev, struct vec *vec);
/* The same with other words. */
ATTR_CHECK bool eval_merge_rows_or(struct eval *ev, struct vec *vec, const char *error);
/* Sets drop_name, or drops the name at once where delayed removal is off; then merges. */
ATTR_CHECK bool eval_drop_names(struct eval *ev, struct vec *vec);
/* The sample name for annotations that name a metric: labels' __name__, or "". */
struct str eval_metric_name(struct labels labels);

/* ---- windows ----------------------------------------------------------------------------------
 * For functions of ranges: the usual walk over a series' windows.
 *
 *	struct window w = window_first(ev, rs, r);
 *	for (size_t i = 0; i < ev->grid.n; i++) {
 *		window_move(ev, rs, &w, i);
 *		... r->p.t[w.from] .. r->p.t[w.to - 1] are in (w.start, w.end]
 *	}
 * With rs->fixed all windows are the same. */
struct window {
	const struct points *p;
	size_t from, to; /* indices: from <= k < to */
	ms_t start, end;
};
struct window window_first(const struct points *p);
void window_move(const struct eval *ev, const struct range_set *rs, struct window *w, size_t step);

#endif
