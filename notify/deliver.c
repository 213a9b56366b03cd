/*
 * One attempt at one row: the receiver kind builds requests, the outside world carries them out,
 * the kind says what the answers mean. An attempt holds on to the configuration it began with.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "notify/inner.h"
#include "notify/paging.h"

#define REQUEST_TIMEOUT (10 * SECOND)
#define REPLY_MAX ((size_t)64 << 10)
#define STEPS_MAX 8 /* requests of one attempt */
#define PROVIDER_ID_MAX 1000

struct attempt {
	struct io_call call;
	struct arena arena;
	struct delivery d;
	struct row *row;
	struct notify_config *config;
	ms_t started_mono;
	bool unsent;		/* the last request never left */
	struct message *bundle; /* of the row and those it carries; NULL: the row's own */
};

static void attempt_free(struct attempt *at)
{
	at->row->attempt = NULL;
	message_free(at->bundle);
	arena_done(&at->arena);
	notify_config_free(at->config);
	free(at);
}

static void on_done(struct io_call *call, struct now now, const struct io_reply *reply);

static void send_request(struct attempt *at)
{
	struct delivery *d = &at->d;
	struct notify *n = at->row->n;

	d->request.lane = IO_LANE_PAGE;
	if (!d->request.timeout)
		d->request.timeout = d->deadline;
	if (!d->request.max_reply)
		d->request.max_reply = REPLY_MAX;
	at->row->lane->dest->requests++;
	at->call = (struct io_call){.on_done = on_done};
	io_fetch(n->env.io, &at->call, &d->request);
}

/* What is said of a row is said of all that its message carried. */
struct fate {
	enum deliver_result result;
	enum dead_scope scope;
	ms_t wait;
	bool whole;
	char id[PROVIDER_ID_MAX];
	char why[sizeof(((struct err *)0)->msg)];
};

static void meet(struct row *r, struct now now, const struct fate *f)
{
	if (f->result == DELIVER_SENT)
		outbox_sent(r, now, str_of(f->id));
	else if (f->result == DELIVER_RETRY)
		outbox_retry(r, now, f->wait, f->whole, f->why);
	else
		outbox_dead(r, now, f->scope, f->why[0] ? f->why : "refused");
}

/* A bundle has no id: an edit of one of its pages must not overwrite the others. What is refused
 * together is tried one by one. */
static void meet_all(struct row *r, struct now now, struct fate *f)
{
	size_t n;
	struct row **v = bundle_release(r, &n);

	if (n)
		f->id[0] = 0;
	if (n && f->result == DELIVER_DEAD && f->scope == DEAD_MESSAGE) {
		f->result = DELIVER_RETRY;
		f->wait = 0;
		f->whole = false;
		r->alone = true;
	}
	for (size_t i = 0; i < n; i++) {
		v[i]->alone |= r->alone;
		v[i]->twice |= r->twice;
		v[i]->fail = r->fail;
		meet(v[i], now, f);
	}
	meet(r, now, f);
	free(v);
}

static void end(struct attempt *at, struct now now, enum deliver_result result)
{
	struct row *r = at->row;
	struct dest *dest = r->lane->dest;
	struct fate f = {.result = result,
			 .scope = at->d.scope,
			 .wait = at->d.wait,
			 .whole = at->d.wait >= 0 || at->unsent};

	snprintf(f.why, sizeof(f.why), "%s", at->d.err.msg);
	snprintf(f.id, sizeof(f.id), "%.*s", STR_ARG(at->d.new_provider_id));
	dest->latency_sum_s += (double)(now.mono - at->started_mono) / 1000;
	dest->latency_count++;
	if (result != DELIVER_SENT)
		dest->failed_requests++;
	/* A failed connection or a wish to be left alone concerns all rows of the destination. */
	if (result == DELIVER_RETRY)
		dest->failures = at->unsent ? dest->failures + 1 : 0;
	else if (!at->unsent)
		dest->failures = 0;
	attempt_free(at);
	meet_all(r, now, &f);
}

static void begin_plain(struct attempt *at)
{
	at->row->plain = at->d.plain = true;
	at->d.step = 0;
}

/* Access tokens and the like outlive the attempt. */
static void keep_memo(struct attempt *at)
{
	struct dest *dest = at->row->lane->dest;

	if (!at->d.new_memo.p)
		return;
	free(dest->memo);
	dest->memo = mem_str(at->d.new_memo);
}

static void advance(struct attempt *at, struct now now, const struct io_reply *reply)
{
	for (;;) {
		enum deliver_result result;

		at->d.wait = -1;
		at->d.scope = DEAD_MESSAGE;
		result = receiver_step(&at->d, now, reply);
		keep_memo(at);
		reply = NULL;
		if (result == DELIVER_PLAIN && !at->d.plain) {
			begin_plain(at);
			continue;
		}
		if (result == DELIVER_REQUEST && at->d.step < STEPS_MAX) {
			send_request(at);
			return;
		}
		if (result == DELIVER_REQUEST || result == DELIVER_PLAIN)
			result = DELIVER_DEAD;
		end(at, now, result);
		return;
	}
}

static enum fail_reason reason_of(const struct io_reply *reply)
{
	int s = reply->status;

	if (reply->outcome != IO_REPLIED)
		return reply->outcome == IO_AMBIGUOUS ? FAIL_DEADLINE : FAIL_OTHER;
	if (s == 401 || s == 403)
		return FAIL_AUTH;
	if (s == 429)
		return FAIL_LIMITED;
	return s / 100 == 4 ? FAIL_CLIENT : s / 100 == 5 ? FAIL_SERVER : FAIL_OTHER;
}

static void on_done(struct io_call *call, struct now now, const struct io_reply *reply)
{
	struct attempt *at = CONTAINER(call, struct attempt, call);
	struct notify *n = at->row->n;

	notify_enter(n);
	at->d.step++;
	at->unsent = reply->outcome == IO_UNSENT;
	at->row->fail = reason_of(reply);
	if (reply->outcome == IO_AMBIGUOUS)
		at->row->twice = true;
	advance(at, now, reply);
	notify_leave(n, now);
}

void deliver_start(struct row *r, struct now now)
{
	struct notify *n = r->n;
	struct dest *dest = r->lane->dest;
	struct attempt *at;
	bool edit;

	r->fail = FAIL_OTHER;
	if (!dest->to) {
		struct fate f = {.result = DELIVER_DEAD,
				 .scope = DEAD_DESTINATION,
				 .why = "receiver was removed"};

		meet_all(r, now, &f);
		return;
	}
	if (dest->to->kind->hand_over) {
		paging_hand_over(r, now);
		return;
	}
	edit = !r->is_page && dest->to->update_message && dest->to->kind->can_update;
	at = r->attempt = MEM_NEW(struct attempt);
	at->row = r;
	at->started_mono = now.mono;
	at->config = notify_config_ref(n->config);
	arena_init(&at->arena);
	at->bundle = r->n_carried ? bundle_message(r, now) : NULL;
	at->d = (struct delivery){
		.to = dest->to,
		.message = at->bundle ? at->bundle : r->message,
		.key = str_of(r->key),
		.provider_id = edit ? str_of(r->lane->message_id) : (struct str){0},
		.attempt = r->attempts,
		.memo = str_of(dest->memo),
		.plain = r->plain,
		.deadline = REQUEST_TIMEOUT,
		.arena = &at->arena,
		.templates = at->config->templates,
		.limits = n->env.limits,
	};
	if (r->attempts == 1)
		dest->begun++;
	advance(at, now, NULL);
}

void deliver_cancel(struct row *r)
{
	if (!r->attempt)
		return;
	io_cancel(r->n->env.io, &r->attempt->call);
	attempt_free(r->attempt);
}
