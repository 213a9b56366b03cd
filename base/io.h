/*
 * The outside world as the core sees it. The daemon's host/ fills this table with sockets and
 * threads, the simulator with a virtual network; the core cannot tell them apart.
 *
 * Nothing here calls back before it returns: results come as later events of the loop, so no
 * code of the core is ever re-entered. What is durable is not here: the core collects a batch,
 * the loop takes it at the end of the turn, commits it, and tells the core (evaluator/core.h).
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include "base/base.h"
#include "base/log.h"

struct http_config;

struct io_header {
	struct str name, value;
};

/* Two sets of connections, so that a storm of queries cannot take the pages' connections. */
#define IO_EXEC_STATUS 200

enum io_lane { IO_LANE_QUERY, IO_LANE_PAGE };

/* What only SMTP needs; url is smtp://host:port or smtps://host:port. The body is the message. */
struct io_mail {
	struct str from;
	const struct str *to;
	size_t n_to;
	struct str hello;
	struct str username, password, password_file, auth_identity;
	struct str cram_secret, cram_secret_file; /* CRAM-MD5 */
	bool require_tls;			  /* STARTTLS or nothing */
	const struct tls_config *tls;		  /* NULL: the defaults */
};

/* Where a secret stands: how the text of its file is encoded there. */
enum io_place { IO_IN_URL_PATH, IO_IN_URL_QUERY, IO_IN_HEADER, IO_IN_JSON };
/* A mark in URL, headers or body that stands for the text of a file. */
struct io_secret {
	struct str mark, file;
	enum io_place place;
};

/* Everything is borrowed for the call of fetch only, `config` until the call is done. */
struct io_request {
	struct str method; /* "GET", "POST", "PATCH" ... */
	/* http, https, smtp, smtps; console: writes the body to stdout; exec: runs argv with the
	 * body on stdin, the answer's status is the exit status plus IO_EXEC_STATUS; irc, ircs:
	 * says the lines of the body (host/talk_out.h). */
	struct str url;
	const struct str *argv;
	size_t n_argv;
	struct str url_file; /* if set, the file that holds the URL (read at each request) */
	struct str url_tail; /* put behind the URL read from url_file or given in url */
	const struct io_header *headers;
	size_t n_headers;
	struct str body;
	const struct io_secret *secrets; /* files are read at each request */
	size_t n_secrets;
	const struct http_config *config; /* NULL: the defaults */
	const struct io_mail *mail;	  /* NULL: not SMTP */
	ms_t timeout;			  /* of the whole exchange */
	size_t max_reply;		  /* bytes; more is a failure */
	enum io_lane lane;
	bool compressed; /* the answer may come with gzip; what arrives here is plain */
};

enum io_outcome {
	IO_REPLIED,   /* there is a status; for SMTP the last reply code */
	IO_UNSENT,    /* failed before a byte of the request left: no name, no connection, no TLS */
	IO_AMBIGUOUS, /* failed after that: the other side may have acted on it */
	IO_REFUSED,   /* never tried: bad URL, unreadable secret file */
};

struct io_reply {
	enum io_outcome outcome;
	int status;
	const struct io_header *headers; /* names in lower case */
	size_t n_headers;
	struct str body;  /* empty if on_data took it */
	struct str error; /* in words, secrets removed; empty when IO_REPLIED */
	ms_t took;
};

/*
 * One exchange. Embedded in its owner; between fetch and on_done (or cancel) it must stay where
 * it is. on_data, if set, gets the body of a 2xx reply as it arrives, on_done comes once, last,
 * and not after cancel.
 */
struct io_call {
	void (*on_data)(struct io_call *c, struct str bytes);
	void (*on_done)(struct io_call *c, struct now now, const struct io_reply *reply);
	void *host; /* the host's own; NULL: not running */
};

struct io_ops {
	void (*fetch)(void *host, struct io_call *call, const struct io_request *req);
	void (*cancel)(void *host, struct io_call *call);
	uint64_t (*entropy)(void *host);
	void (*log)(void *host, enum log_level level,
		    struct str line); /* message, then key=value pairs */
	void (*changed)(void *host);  /* what pages show has changed: wake the event streams */
};

struct io {
	const struct io_ops *ops;
	void *host;
};

static inline void io_fetch(const struct io *io, struct io_call *c, const struct io_request *r)
{
	io->ops->fetch(io->host, c, r);
}
static inline void io_cancel(const struct io *io, struct io_call *c)
{
	if (c->host)
		io->ops->cancel(io->host, c);
}
/* io_log(io, LOG_LEVEL_WARN, "cannot reach Prometheus", "url=%s", url): fmt are logfmt pairs. */
void io_log(const struct io *io, enum log_level level, const char *msg, const char *fmt, ...)
	ATTR_PRINTF(4, 5);
/* A text from outside as a logfmt value for io_log: in quotes, escaped, cut at IO_QUOTE_MAX:
 * io_log(io, LOG_LEVEL_WARN, "page not delivered", "error=%s", io_quote(error).text). */
#define IO_QUOTE_MAX 512
struct io_quoted {
	char text[IO_QUOTE_MAX + 8];
};
struct io_quoted io_quote(struct str s);
/* The value of a reply's header, or an empty string. `name` in lower case. */
struct str io_reply_header(const struct io_reply *r, const char *name);

#endif
