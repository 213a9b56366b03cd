/*
 * Prometheus's recorded blocks (TSDB format, index versions 1 and 2) as a source of samples. Pure:
 * the files come in as bytes, mapped by the host. Every place in them is checked against their
 * ends; checksums and tombstones are not looked at. Samples are floats: a chunk of native
 * histograms ends the query with an error that names the series.
 */
#ifndef PROMQL_BLOCKS_H
#define PROMQL_BLOCKS_H

#include "promql/series.h"

struct block {
	struct str name;	    /* for errors */
	struct str index;	    /* the file of that name */
	const struct str *segments; /* chunks/000001 and so on */
	size_t n_segments;
	ms_t from, to; /* samples: from <= t < to */
};

struct blocks {
	struct series_source source; /* first */
	const struct block *v; /* ascending in `from`; where two overlap, the first has the word */
	size_t n;
};

/* Borrows the blocks for its life. */
void blocks_init(struct blocks *b, const struct block *v, size_t n);

#endif
