/* Small numerics that aggregations over series and over time share. */
#ifndef PROMQL_STATS_H
#define PROMQL_STATS_H

#include <math.h>

#include "base/base.h"

/* A sum that keeps what rounding would lose (Kahan, in Neumaier's form): the value is v + c. */
struct kahan {
	double v, c;
};

static inline void kahan_add(struct kahan *k, double x)
{
	double t = k->v + x;

	if (isinf(t))
		k->c = 0;
	else if (fabs(k->v) >= fabs(x))
		k->c += (k->v - t) + x;
	else
		k->c += (x - t) + k->v;
	k->v = t;
}

static inline double kahan_value(const struct kahan *k)
{
	return k->v + k->c;
}

/* A mean that does not overflow where the mean itself does not: a sum as long as that is finite,
 * then a running mean. */
struct mean {
	struct kahan k;
	double n;
	bool running;
};

static inline void mean_add(struct mean *m, double x)
{
	m->n++;
	if (!m->running) {
		struct kahan k = m->k;

		kahan_add(&k, x);
		if (m->n == 1 || !isinf(k.v)) {
			m->k = k;
			return;
		}
		m->running = true;
		m->k.v /= m->n - 1;
		m->k.c /= m->n - 1;
	}
	m->k.v *= (m->n - 1) / m->n;
	m->k.c *= (m->n - 1) / m->n;
	kahan_add(&m->k, x / m->n);
}

static inline double mean_value(const struct mean *m)
{
	return m->running ? m->k.v + m->k.c : m->k.v / m->n + m->k.c / m->n;
}

/* Mean and squared distance from it (Welford), compensated. */
struct spread {
	struct kahan mean, aux;
	double n;
};

static inline void spread_add(struct spread *s, double x)
{
	double delta = x - kahan_value(&s->mean);

	s->n++;
	kahan_add(&s->mean, delta / s->n);
	kahan_add(&s->aux, delta * (x - kahan_value(&s->mean)));
}

static inline double spread_variance(const struct spread *s)
{
	return kahan_value(&s->aux) / s->n;
}

/* Ascending, NaN first. */
int stats_compare(double a, double b);
/* Sorts v. q out of [0, 1] gives an infinity; NaN for no values. */
double stats_quantile(double q, double *v, size_t n);

#endif
