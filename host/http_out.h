/*
 * HTTP and SMTP out, with libcurl in the loop: struct io_ops's fetch and cancel.
 *
 * Two lanes (io_lane), each a CURLM of its own with its own connections, its own queue and its own
 * bounds, so that a storm of queries cannot take the pages' connections. In a lane at most `soft`
 * requests run at once; those that take longer than LANE_SLOW do not count, up to `hard`. Others
 * wait in the queue; their timeout runs.
 *
 * A request is copied (an arena of its own), its life is
 *
 *	QUEUED -> [TOKEN: oauth2] -> [NAME: DNS] -> RUNNING in curl -> OVER -> on_done, recycled
 *
 * with redirects (GET and HEAD only, never followed by curl itself: each hop needs its name
 * resolved by host/dns) leading from RUNNING back to the start. curl is never called from inside
 * its callbacks; on_done is only called from http_out_run.
 */
#ifndef HOST_HTTP_OUT_H
#define HOST_HTTP_OUT_H

#include "base/base.h"
#include "base/io.h"
#include "host/dns.h"
#include "host/loop.h"

struct http_out;

struct http_out *http_out_new(struct loop *l, struct dns *d);
/* What runs is dropped without on_done. */
void http_out_free(struct http_out *h);

void http_out_fetch(struct http_out *h, struct io_call *call, const struct io_request *req);
void http_out_cancel(struct http_out *h, struct io_call *call);

/* Starts what was asked for and hands out what is over. True: on_done was called, so that there
 * may be more to do before the loop sleeps. */
bool http_out_run(struct http_out *h, struct now now);
/* The configurations that requests pointed to may be gone or changed: trust no address of one. */
void http_out_forget(struct http_out *h);

struct lane_stats {
	size_t queued, running;
	uint64_t started, failed; /* failed: no status came */
};
struct lane_stats http_out_stats(const struct http_out *h, enum io_lane lane);

#endif
