/*
 * Series descriptions: `up{job="x"} 1 2+1x3 _x2 stale {{sum:1}}`, as in rule tests' input_series
 * and in `load` commands. Expansions are written out; `limits->reply_series` bounds
 * their number.
 */
#ifndef PROMQL_SERIES_DESC_H
#define PROMQL_SERIES_DESC_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/limits.h"
#include "promql/histogram.h"
#include "promql/labels.h"

struct series_value {
	double v;		      /* STALE is the special NaN */
	const struct histogram *hist; /* NULL: a float */
	bool omitted;		      /* `_`: no sample in this slot */
	bool reset_hint_set;	      /* counter_reset_hint was written */
};

struct series_desc {
	struct labels labels;
	const struct series_value *values;
	size_t n;
};

#define SERIES_STALE_BITS UINT64_C(0x7ff0000000000002)

/* err as promql_parse's. Everything in *out lives in the arena. */
ATTR_CHECK bool series_desc_parse(struct str text, const struct limits *l, struct arena *a,
				  struct series_desc *out, struct err *err);
/* Only the series: `up{job="x"}` (exp_samples, exp_alerts). */
ATTR_CHECK bool series_desc_parse_labels(struct str text, const struct limits *l, struct arena *a,
					 struct labels *out, struct err *err);

#endif
