/*
 * What a rule writes back: recording rules' series, ALERTS and ALERTS_FOR_STATE, and stale markers
 * for what it wrote last time and does not write now. One POST a rule, answered before the next
 * rule of the group is asked, so that it can read what this one wrote.
 */
#ifndef EVALUATOR_WRITE_H
#define EVALUATOR_WRITE_H

#include "base/base.h"
#include "base/io.h"
#include "base/map.h"
#include "evaluator/element.h"
#include "evaluator/group.h"
#include "evaluator/remote_write.h"
#include "evaluator/vector.h"

struct config;
struct endpoint;
struct writer;

/* error NULL: written. */
typedef void writer_done_fn(struct writer *w, struct now now, const char *error);

struct writer {
	struct io_call call;
	const struct io *io;
	const struct endpoint *to;
	struct remote_write body;
	struct arena arena;
	struct element_maker maker; /* of ALERTS; in the arena */
	ms_t at;		    /* timestamp of the samples */
	struct map written;	    /* series of this write */
	struct rule_run *rr;	    /* NULL: stale markers only */
	writer_done_fn *done;
};

void writer_init(struct writer *w, const struct io *io);
void writer_done(struct writer *w);
void writer_cancel(struct writer *w);
/* A new write with this timestamp. `to` must live until it is done. */
void writer_begin(struct writer *w, const struct endpoint *to, ms_t at);
void writer_add_alerts(struct writer *w, const struct rule_run *rr);
void writer_add_vector(struct writer *w, const struct rule_run *rr, const struct vector *v);
/* Adds the stale markers and sends; done comes later if it was started. */
enum writer_start { WRITER_STARTED, WRITER_NOTHING, WRITER_TOO_BIG };
enum writer_start writer_send(struct writer *w, struct rule_run *rr, writer_done_fn *done,
			      struct err *err);

/* Markers for the series of a group that a reload removed, written two intervals later with the
 * time of the removal. */
void stale_write_later(struct core *c, struct now now, struct group *g);
void stale_writes_done(struct core *c);

#endif
