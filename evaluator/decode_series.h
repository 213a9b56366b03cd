/*
 * One element of a vector result, {"metric":{...},"value":[t,"v"]}, read from contiguous text into
 * the decoder's scratch and from there into the vector. Of the decoder only; see decode.h.
 */
#ifndef EVALUATOR_DECODE_SERIES_H
#define EVALUATOR_DECODE_SERIES_H

#include "evaluator/decode.h"
#include "evaluator/json_in.h"

struct histogram;

/* The cursor is at '{'. Adds the sample to d->out, or notes d->no_value; on failure (or too little
 * text) the vector is as before. */
ATTR_CHECK bool decode_series(struct decoder *d, struct json_in *in);

/* A histogram from its buckets as the API lists them. Exponential schemas are found again from the
 * bounds; buckets that fit none become one with custom bounds. Empty buckets are not sent, so spans
 * are those of the filled ones. */
struct histogram *decode_histogram(struct arena *a, double count, double sum,
				   const struct decode_bucket *v, size_t n);

#endif
