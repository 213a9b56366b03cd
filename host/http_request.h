/* One connection and one request to us, for http_in.c and http_request.c only. */
#ifndef HOST_HTTP_REQUEST_H
#define HOST_HTTP_REQUEST_H

#include "host/lazy_mhd.h"
#include <sys/queue.h>

#include "base/arena.h"
#include "base/buf.h"
#include "host/basic_auth.h"
#include "host/http_in.h"
#include "host/url.h"
#include "host/web_config.h"

#define REQUEST_MS (2 * MINUTE) /* from accept or the last answer to the next request's end */
#define HELD_MS (10 * SECOND)	/* for an answer that waits to be durable */
#define BEAT_MS (15 * SECOND)	/* between two signs of life on an event stream */
#define STREAM_GAP_MS 250	/* between two events of a stream */
#define STREAM_EVENT_BYTES 65536

struct request;

/* A client's connection; lives from accept to close. */
struct conn {
	struct http_in *in;
	int fd;
	struct timer deadline;
	struct request *request; /* under way, or NULL */
};

enum request_state {
	REQUEST_READING,  /* head and body come in */
	REQUEST_CHECKING, /* suspended: a worker looks at the password */
	REQUEST_CHECKED,
	REQUEST_WORKING, /* suspended: the answer is made in pieces, one each turn */
	REQUEST_HELD,	 /* suspended: the answer is not durable yet */
	REQUEST_READY,	 /* to be sent */
	REQUEST_ANSWERED,
	REQUEST_STREAM, /* an event stream, often suspended */
};

struct request {
	struct http_in *in;
	struct conn *conn;
	struct MHD_Connection *mhd;
	struct arena arena;
	struct target target;
	bool bad_target;
	struct err target_error;
	struct buf body;
	bool too_big;
	bool called; /* the head is complete */
	enum request_state state;
	bool suspended;
	struct auth_check *check;
	bool unchecked; /* nobody has shown a password, and none was needed */
	bool auth_ok;
	struct web_answer answer;
	TAILQ_ENTRY(request) link; /* in checking, working, held or streams */
	uint64_t seen;		   /* stream: the version told last */
	struct buf out;		   /* stream: what is to be sent */
	size_t out_at;
	bool beat; /* stream: a comment is due */
	struct timer beat_timer;
};

TAILQ_HEAD(request_list, request);

struct http_in {
	struct http_in_options o;
	struct arena arena;
	struct web *web;
	struct web_config *config; /* NULL: none */
	struct basic_auth *auth;
	struct server *servers;
	size_t n_servers;
	struct request_list checking, working, held, streams;
	size_t n_streams;
	bool closing;
	bool again;	 /* something was resumed: MHD must run */
	bool changed;	 /* streams are behind */
	bool config_due; /* look whether the configuration has changed */
	ms_t config_looked_at, streams_told_at;
	struct timer stream_timer;
	uint64_t config_stamp; /* of all files that make it */
	uint64_t requests;
	uint64_t steps; /* counts calls of MHD: something moves */
};

/* Callbacks of libmicrohttpd. */
void *request_begin(void *in, const char *uri, struct MHD_Connection *c);
enum MHD_Result request_handle(void *in, struct MHD_Connection *c, const char *url,
			       const char *method, const char *version, const char *data,
			       size_t *data_n, void **request);
void request_end(void *in, struct MHD_Connection *c, void **request,
		 enum MHD_RequestTerminationCode code);
/* Lets MHD go on with a suspended request. */
void request_resume(struct request *r);
/* A piece of work, answers that have become durable, streams that are behind. */
void request_wake(struct http_in *h, struct now now);
/* Everything that is suspended goes on: the end is near. */
void request_wake_all(struct http_in *h);
/* A held answer has waited too long. */
void request_give_up(struct request *r);
/* http_in.c: whether the client's certificate is what the configuration asks for. */
bool http_in_client_ok(struct http_in *h, struct MHD_Connection *c);
void conn_deadline(struct timer *t, struct now now);

#endif
