/*
 * The result of one instant query: samples whose label sets (promql/labels.h) and histograms live
 * in the vector's own arena. It comes from Prometheus (evaluator/decode.h), from a test's series or
 * from an engine; who evaluates rules cannot tell.
 *
 * A scalar result is one sample without labels and `scalar` set. A vector is meant to be kept and
 * used again: vector_clear keeps memory for the next small result.
 */
#ifndef EVALUATOR_VECTOR_H
#define EVALUATOR_VECTOR_H

#include "base/arena.h"
#include "base/base.h"
#include "promql/labels.h"

struct histogram; /* promql/histogram.h */

struct sample {
	struct labels labels; /* in the vector's arena */
	double v;	      /* 0 if h is set */
	struct histogram *h;  /* in the arena; NULL: a float */
};

struct vector {
	struct arena arena;
	struct sample *v; /* in the order of the answer */
	size_t n, cap;
	bool scalar;
	size_t n_warnings; /* told by Prometheus beside the result; the result counts all the same
			    */
};

void vector_init(struct vector *v);
void vector_done(struct vector *v);
void vector_clear(struct vector *v); /* empty; keeps up to 256 KiB of each kind of memory */
/* Appends a sample whose labels and histogram live in v->arena already (or have no bytes). */
void vector_add(struct vector *v, struct sample s);
/* The sample with exactly these labels, or NULL; linear. */
const struct sample *vector_find(const struct vector *v, struct labels labels);

#endif
