/* See talk_out.h. */
#include "host/talk_out.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "host/irc_out.h"
#include "host/transfer.h"
#include "host/worker.h"

#define MARGIN (2 * SECOND) /* the dialogue ends before the transfer's own time is up */

struct talk_run {
	struct job job;
	struct irc_talk talk;
	struct arena arena;
	struct transfer *t; /* NULL: dropped */
	talk_done *done;
};

static void run(struct job *j)
{
	irc_say(&CONTAINER(j, struct talk_run, job)->talk);
}

static void over(struct job *j, struct now now)
{
	struct talk_run *r = CONTAINER(j, struct talk_run, job);

	(void)now;
	if (r->t)
		r->done(r->t, r);
	arena_done(&r->arena);
	free(r);
}

static struct str header_of(struct talk_run *r, const struct io_request *req, const char *name)
{
	for (size_t i = 0; i < req->n_headers; i++) {
		if (str_is(req->headers[i].name, name))
			return arena_str(&r->arena, req->headers[i].value);
	}
	return STR("");
}

static bool read_address(struct talk_run *r, struct str url, struct err *err)
{
	ptrdiff_t at = str_find(url, STR("://"));
	struct str rest = at < 0 ? STR("") : str_from(url, (size_t)at + 3), port = {0};
	ptrdiff_t colon = -1;
	uint64_t number;

	r->talk.tls = str_starts(url, "ircs://");
	while (rest.n && rest.p[rest.n - 1] == '/')
		rest.n--;
	for (size_t i = 0; i < rest.n; i++)
		colon = rest.p[i] == ':' ? (ptrdiff_t)i : rest.p[i] == ']' ? -1 : colon;
	if (colon >= 0) {
		port = str_from(rest, (size_t)colon + 1);
		rest = str_cut(rest, 0, (size_t)colon);
	}
	if (rest.n > 2 && rest.p[0] == '[')
		rest = str_cut(rest, 1, rest.n - 1);
	if (port.n && (num_uint(port, 10, &number) != NUM_OK || !number || number > 65535))
		return err_set(err, -1, "the port of the IRC server is no port");
	r->talk.port = port.n ? (int)number : r->talk.tls ? 6697 : 6667;
	r->talk.host = arena_str(&r->arena, rest);
	return rest.n || err_set(err, -1, "the address of the IRC server has no host");
}

/* A copy: the configuration may go before the dialogue ends. */
static struct tls_config tls_copy(struct arena *a, const struct tls_config *c)
{
	return (struct tls_config){
		.ca = arena_str(a, c->ca),
		.ca_file = arena_str(a, c->ca_file),
		.cert = arena_str(a, c->cert),
		.cert_file = arena_str(a, c->cert_file),
		.key = arena_str(a, c->key),
		.key_file = arena_str(a, c->key_file),
		.server_name = arena_str(a, c->server_name),
		.min_version = arena_str(a, c->min_version),
		.max_version = arena_str(a, c->max_version),
		.insecure_skip_verify = c->insecure_skip_verify,
	};
}

struct talk_run *talk_start(struct transfer *t, struct worker *w, talk_done *done, struct err *err)
{
	struct talk_run *r = MEM_NEW(struct talk_run);
	const struct io_request *req = &t->req;

	*r = (struct talk_run){.job = {.run = run, .done = over}, .t = t, .done = done};
	arena_init(&r->arena);
	if (!read_address(r, req->url, err)) {
		arena_done(&r->arena);
		free(r);
		return NULL;
	}
	r->talk.tls_config = tls_copy(&r->arena, &req->config->tls);
	r->talk.nick = header_of(r, req, "Nick");
	r->talk.channel = header_of(r, req, "Channel");
	r->talk.channel_key = header_of(r, req, "Channel-Key");
	r->talk.password = header_of(r, req, "Password");
	r->talk.sasl_user = header_of(r, req, "Sasl-User");
	r->talk.sasl_password = header_of(r, req, "Sasl-Password");
	r->talk.text = arena_str(&r->arena, req->body);
	r->talk.timeout = MAX(req->timeout - MARGIN, SECOND);
	worker_put(w, &r->job);
	return r;
}

void talk_drop(struct talk_run *r)
{
	r->t = NULL;
}

const struct irc_talk *talk_result(const struct talk_run *r)
{
	return &r->talk;
}
