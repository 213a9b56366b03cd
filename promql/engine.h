/*
 * The engine: a checked expression over a source of samples, at one instant or at the steps of a
 * range. Pure: time comes in with the query, `stop` is asked now and then whether to give up.
 *
 * Semantics are Prometheus 3.14's: windows are open to the left, the lookback is 5 minutes, a
 * stale marker ends a series. Each node is evaluated once for all steps, so a window slides over
 * its series; what does not depend on the step is evaluated once. Cost is linear in series, steps
 * and samples.
 *
 * Every limit ends the query with an error that names it.
 */
#ifndef PROMQL_ENGINE_H
#define PROMQL_ENGINE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "promql/ast.h"
#include "promql/notes.h"
#include "promql/series.h"

struct engine_options {
	ms_t lookback;		   /* of instant selectors; default 5m */
	ms_t subquery_step;	   /* of subqueries without one; default 1m */
	bool delayed_name_removal; /* feature promql-delayed-name-removal */
	bool start_timestamps;	   /* feature use-start-timestamps */
	size_t max_samples;	   /* values held at once (a column of n steps counts n) */
	size_t max_steps;	   /* of the query or of a subquery */
	size_t max_series;	   /* of any intermediate result */
	size_t max_bytes;	   /* memory of the evaluation */
	bool (*stop)(void *arg);   /* true: give up now (timeout, Ctrl-C); may be NULL */
	void *stop_arg;
};

struct engine_query {
	const struct series_source *source;
	const struct expr *expr;
	ms_t start, end;
	ms_t step; /* 0: an instant query at start (= end) */
};

/* A value at the steps of a query. For a matrix result of an instant query (`x[5m]`) the times are
 * the samples' own. */
struct result_series {
	struct labels labels;
	struct points points; /* no stale markers */
};

struct result {
	enum promql_type type; /* of the query: range queries of a scalar give PROMQL_MATRIX */
	/* PROMQL_VECTOR: one point each, in the order of the result. PROMQL_MATRIX: sorted by
	 * labels. PROMQL_SCALAR: one series without labels. */
	struct result_series *v;
	size_t n;
	struct str text; /* PROMQL_STRING */
};

void engine_options_default(struct engine_options *o);

/* Everything in *out lives in the arena or in the source. notes may be NULL. err->msg has
 * Prometheus's words; err->pos is the place in the text, if there is one. */
ATTR_CHECK bool engine_eval(const struct engine_options *o, const struct engine_query *q,
			    struct arena *a, struct result *out, struct notes *notes,
			    struct err *err);

/* What a query will select (its source is not looked at): for fetching it beforehand. fn gets every
 * selector once with the span of samples that is needed; false: the durations cannot be computed.
 */
typedef void engine_need_fn(void *arg, const struct expr *selector, ms_t from, ms_t to);
ATTR_CHECK bool engine_needs(const struct engine_options *o, const struct engine_query *q,
			     engine_need_fn *fn, void *arg, struct err *err);

#endif
