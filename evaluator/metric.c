/* Summaries and the text format. */
#include "evaluator/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

void metric_observe(struct metric_summary *s, double v)
{
	s->window[s->count++ % METRIC_WINDOW] = (float)v;
	s->sum += v;
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

void metric_put_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_value(struct buf *b, double v)
{
	num_put_float(b, v, 'g', -1);
	buf_addc(b, '\n');
}

static void put_label_value(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n') {
			buf_adds(b, "\\n");
			continue;
		}
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
}

void metric_put(struct buf *b, const char *name, const char *label, struct str value, double v)
{
	buf_adds(b, name);
	if (label) {
		buf_printf(b, "{%s=\"", label);
		put_label_value(b, value);
		buf_adds(b, "\"}");
	}
	buf_addc(b, ' ');
	put_value(b, v);
}

void metric_put_summary(struct buf *b, const char *name, const char *help,
			const struct metric_summary *s, const double *quantiles, size_t n)
{
	float sorted[METRIC_WINDOW];
	size_t have = (size_t)MIN(s->count, (uint64_t)METRIC_WINDOW);

	memcpy(sorted, s->window, have * sizeof(*sorted));
	qsort(sorted, have, sizeof(*sorted), by_value);
	metric_put_head(b, name, "summary", help);
	for (size_t i = 0; i < n; i++) {
		size_t at = (size_t)(quantiles[i] * (double)have);

		buf_printf(b, "%s{quantile=\"", name);
		num_put_float(b, quantiles[i], 'g', -1);
		buf_adds(b, "\"} ");
		put_value(b, have ? (double)sorted[MIN(at, have - 1)] : (double)NAN);
	}
	buf_printf(b, "%s_sum ", name);
	put_value(b, s->sum);
	buf_printf(b, "%s_count %llu\n", name, (unsigned long long)s->count);
}
