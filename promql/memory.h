/*
 * Series in memory: what rule tests load, what rules write, what was fetched. An index by metric
 * name makes selecting cheap; samples are appended in time order, a histogram is copied.
 */
#ifndef PROMQL_MEMORY_H
#define PROMQL_MEMORY_H

#include "promql/series.h"

struct memory;

struct memory *memory_new(void);
void memory_free(struct memory *m);
OWNED_DEFINE(memory)
void memory_clear(struct memory *m);
const struct series_source *memory_source(const struct memory *m);

/* The series with these labels, made if it is new; stays valid until clear or free. */
struct memory_series *memory_series(struct memory *m, struct labels labels);
struct labels memory_series_labels(const struct memory_series *s);

enum memory_append {
	MEMORY_OK,
	MEMORY_DUPLICATE,    /* the same time with another value: refused ("duplicate sample for
				timestamp") */
	MEMORY_OUT_OF_ORDER, /* before the last one, where there is none: refused */
	MEMORY_FULL,	     /* past the limit of samples */
};
/* h NULL: the float v. st 0: no start timestamp. The same sample once more is MEMORY_OK. */
enum memory_append memory_append(struct memory *m, struct memory_series *s, ms_t t, double v,
				 const struct histogram *h, ms_t st);
/* No more samples than this in all (default: 100 million). */
void memory_limit(struct memory *m, size_t samples);

/* Adds one description at times first + i * interval: "_" leaves its slot out. False: refused. */
struct series_desc;
ATTR_CHECK bool memory_load(struct memory *m, const struct series_desc *d, const ms_t *st_offsets,
			    ms_t first, ms_t interval, struct err *err);
/* Calls fn for every series, in no order that matters. */
void memory_each(const struct memory *m, void (*fn)(void *arg, const struct series *s), void *arg);
size_t memory_samples(const struct memory *m);

#endif
