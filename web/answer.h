/*
 * How answers look: status, headers, the JSON envelope of the Prometheus API. Each function ends
 * an exchange; what the handler wrote into x->body moves into the request's arena.
 *
 * Every answer carries the headers that keep a browser from sniffing, framing or leaking; pages
 * may load nothing but what rouse itself serves.
 */
#ifndef WEB_ANSWER_H
#define WEB_ANSWER_H

#include "promql/labels.h"
#include "web/exchange.h"

/* errorType of the Prometheus API; the HTTP status follows from it. */
enum api_error {
	API_BAD_DATA,
	API_EXECUTION,
	API_INTERNAL,
	API_UNAVAILABLE,
	API_NOT_FOUND,
};

/* x->body as it stands, with this status and Content-Type. */
void answer_body(struct exchange *x, int status, const char *content_type);
/* The same with more headers (at most ANSWER_EXTRA). */
#define ANSWER_EXTRA 4
void answer_body_with(struct exchange *x, int status, const char *content_type,
		      const struct io_header *extra, size_t n_extra);
/* A line of plain text; a newline is added. */
void answer_text(struct exchange *x, int status, struct str text);
void answer_html(struct exchange *x, int status);
/* 301 or 302; the location stands in a link too, so it must be ours. */
void answer_redirect(struct exchange *x, int status, struct str location);
/* An event stream: only the head; the host goes on with web_event_put. */
void answer_stream(struct exchange *x);

/* {"status":"success","data": ... } around what is written between the two. */
void answer_json_begin(struct exchange *x);
void answer_json_end(struct exchange *x);
/* {"status":"error","errorType":...,"error":...}; what was written before is thrown away. */
void answer_json_error(struct exchange *x, enum api_error type, struct str text);

/* Members of a JSON object; `key` is literal text with its quotes, colon and comma in front:
 * answer_put_str(b, ",\"name\":", name). Times as RFC 3339, MS_NONE as Go's zero time. */
void answer_put_str(struct buf *b, const char *key, struct str value);
void answer_put_time(struct buf *b, const char *key, ms_t t);
void answer_put_time_or_null(struct buf *b, const char *key, ms_t t); /* MS_NONE is null */
void answer_put_float(struct buf *b, const char *key, double v);
void answer_put_uint(struct buf *b, const char *key, uint64_t v);
void answer_put_bool(struct buf *b, const char *key, bool v);
void answer_put_labels(struct buf *b, const char *key, struct labels ls);

#endif
