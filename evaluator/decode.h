/*
 * Streaming decoder of Prometheus's answer to an instant query: bytes go in as they arrive, in any
 * pieces, label sets come out in a vector, and nothing else of the answer is kept.
 *
 *	{"status":"success","data":{"resultType":"vector","result":[
 *		{"metric":{"job":"x"},"value":[1435781430.781,"1"]}, ...]},"warnings":[...]}
 *
 * Keys may come in any order, unknown ones are skipped. Scalars become a vector of one. Native
 * histograms are rebuilt from their buckets. Anything else is an error in words: an error envelope
 * ("bad_data: ..."), another result type (`rule result is not a vector or scalar`), half an answer,
 * bytes that are not JSON or not UTF-8, a label twice, too many bytes or series. After an error the
 * vector is empty: half a result must not decide anything.
 */
#ifndef EVALUATOR_DECODE_H
#define EVALUATOR_DECODE_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "evaluator/vector.h"

#define DECODE_DEPTH 64			    /* nesting of an answer: more is an error */
#define DECODE_SERIES_MAX ((size_t)8 << 20) /* bytes of one series: more is an error */
#define DECODE_TOKEN_MAX ((size_t)1 << 20)  /* bytes of one string or number elsewhere */

/* One [boundary, lo, hi, count] of a histogram as it was sent. */
struct decode_bucket {
	int boundary; /* 0: (lo,hi]  1: [lo,hi)  2: (lo,hi)  3: [lo,hi] */
	double lo, hi, count;
};

/* Members are decode.c's own. */
struct decoder {
	struct vector *out;
	size_t max_bytes, max_series;
	uint64_t fed; /* bytes before the present piece */

	/* where in the answer */
	uint8_t expect;
	uint8_t key; /* the one whose value comes */
	uint8_t depth;
	uint8_t place[DECODE_DEPTH]; /* of each open object or array */
	uint32_t seen;		     /* keys met so far */

	/* a token or series that began in an earlier piece */
	struct buf carry;
	uint8_t carry_kind; /* 0: none */
	bool carry_string, carry_escape;
	uint32_t carry_depth;
	uint64_t carry_at; /* its place in the answer */

	/* what was found */
	uint8_t status, type, shape;
	size_t pair_n; /* elements of a scalar's [t,"v"] met */
	double pair_v;
	struct buf error_type, error;
	bool no_value; /* a series had neither value nor histogram */

	/* scratch of one series, kept */
	char *enc; /* its labels, encoded in the order of the answer */
	size_t enc_n, enc_cap;
	struct label *sorting;
	size_t sorting_cap;
	struct decode_bucket *buckets;
	size_t n_buckets, buckets_cap;
	struct buf text; /* an unescaped string */

	bool failed;
	bool refused; /* the failure is about this query (an error envelope, its type, its size):
			 the answer as such made sense */
	struct err err;
};

/* out must be initialised; it is cleared. Limits are copied. */
void decode_init(struct decoder *d, const struct limits *l, struct vector *out);
void decode_done(struct decoder *d);
/* Begins another answer, into out; scratch memory is kept. */
void decode_reset(struct decoder *d, struct vector *out);
/* False once the answer is known to be bad: the rest need not be fetched (decode_end says why). */
bool decode_feed(struct decoder *d, struct str bytes);
/* The answer is over. False: err says what is wrong with it, and the vector is empty. */
ATTR_CHECK bool decode_end(struct decoder *d, struct err *err);

/* The body of an answer with a status other than 2xx: puts "TYPE: MSG" of its error envelope, or
 * "HTTP STATUS: first line of the body", into err. Returns false. */
bool decode_error_body(int status, struct str body, struct err *err);

#endif
