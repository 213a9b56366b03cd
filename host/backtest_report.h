/* What a backtest found, as text, JSON or a picture. */
#ifndef HOST_BACKTEST_REPORT_H
#define HOST_BACKTEST_REPORT_H

#include "base/buf.h"
#include "evaluator/backtest.h"

struct night {
	int from, to; /* minutes of the day, local time; from > to: over midnight */
};

struct backtest_report {
	const struct backtest *const *v; /* in the order of the files */
	const char *const *errors; /* beside v: why one could not be run to its end; or NULL */
	size_t n;
	ms_t from, to;
	struct night night;
	size_t episodes_most; /* listed for one alert */
};

/* arg is a struct night. */
bool night_has(void *arg, ms_t t);
size_t backtest_pages(const struct backtest_report *r);
void backtest_put_text(struct buf *b, const struct backtest_report *r);
void backtest_put_json(struct buf *b, const struct backtest_report *r);
void backtest_put_svg(struct buf *b, const struct backtest_report *r);
/* How `now` differs from `old`, alert by alert. */
void backtest_put_compare(struct buf *b, const struct backtest_report *old,
			  const struct backtest_report *now);

#endif
