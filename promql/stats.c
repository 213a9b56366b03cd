/* Sorting by value with NaN in a fixed place. */
#include "promql/stats.h"

#include <stdlib.h>

int stats_compare(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(b) - isnan(a);
	return (a > b) - (a < b);
}

static int by_value(const void *a, const void *b)
{
	return stats_compare(*(const double *)a, *(const double *)b);
}

double stats_quantile(double q, double *v, size_t n)
{
	double rank, lower, weight;
	size_t at, above;

	if (n == 0 || isnan(q))
		return (double)NAN;
	if (q < 0)
		return -(double)INFINITY;
	if (q > 1)
		return (double)INFINITY;
	qsort(v, n, sizeof(*v), by_value);
	rank = q * (double)(n - 1);
	lower = floor(rank);
	weight = rank - lower;
	at = (size_t)lower;
	above = MIN(at + 1, n - 1);
	return v[at] * (1 - weight) + v[above] * weight;
}
