/*
 * What the simulated Prometheus has: the script's series with their past, and what rouse has
 * written. A source of samples for the engine: a series has a sample every ten seconds as long as
 * it has a value, and a stale marker where the script takes it away.
 */
#ifndef TESTS_SIM_PROM_STORE_H
#define TESTS_SIM_PROM_STORE_H

#include "promql/series.h"
#include "tests/sim/written.h"

struct prom_change {
	ms_t at;
	double v; /* the stale NaN: gone */
};

struct prom_series {
	struct labels labels; /* owned */
	struct prom_change *v;
	size_t n, cap;
};

struct prom_store {
	struct series_source source; /* first */
	struct prom_series *v;
	size_t n, cap;
	struct written written;
};

void prom_store_init(struct prom_store *s);
void prom_store_done(struct prom_store *s);
/* From now on the series has this value. */
void prom_store_set(struct prom_store *s, struct labels labels, ms_t now, double v);
/* From now on it has none; false if it had none. */
bool prom_store_gone(struct prom_store *s, struct labels labels, ms_t now);

/* The clock was stepped: the past keeps its distance. */
void prom_store_shift(struct prom_store *s, ms_t by);

#endif
