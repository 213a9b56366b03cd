/*
 * Prometheus remote write 1.0: samples to the body of one POST, a snappy block of the protobuf
 * message prometheus.WriteRequest, and what the answer to it means.
 *
 * One request is what one rule writes in one evaluation: each series has one sample. Label sets are
 * sorted already, as receivers want them. Native histograms are written with float counts.
 */
#ifndef EVALUATOR_REMOTE_WRITE_H
#define EVALUATOR_REMOTE_WRITE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "promql/labels.h"

struct histogram;

#define REMOTE_WRITE_MAX ((size_t)512 << 20) /* bytes of one message, before compression */

struct remote_write {
	struct buf message;
	struct buf series, histogram; /* scratch: one nested message each */
	size_t n;		      /* samples added */
};

void remote_write_init(struct remote_write *w);
void remote_write_done(struct remote_write *w);
/* Begins a request; memory of small ones is kept. */
void remote_write_begin(struct remote_write *w);
void remote_write_add(struct remote_write *w, struct labels ls, double v, ms_t t);
void remote_write_add_histogram(struct remote_write *w, struct labels ls, const struct histogram *h,
				ms_t t);
/* The value that ends a series: it has no value from t on (NaN with the bits 0x7ff0000000000002).
 */
double remote_write_stale(void);
bool remote_write_is_stale(double v);
/* The body, in the arena. False: more than REMOTE_WRITE_MAX. */
ATTR_CHECK bool remote_write_finish(struct remote_write *w, struct arena *a, struct str *body,
				    struct err *err);

#define REMOTE_WRITE_HEADERS 3
extern const struct io_header remote_write_headers[REMOTE_WRITE_HEADERS];

enum remote_write_result {
	REMOTE_WRITE_OK,
	REMOTE_WRITE_TOLERATED, /* refused as out of order, duplicate or too old: a warning.
				   Prometheus has then written nothing of the request */
	REMOTE_WRITE_FAILED,	/* the rule's health says so */
};

/* What an answer means; err is set unless it is REMOTE_WRITE_OK. */
enum remote_write_result remote_write_judge(const struct io_reply *r, struct err *err);

#endif
