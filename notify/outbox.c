/*
 * The outbox: every notification from the decision to its end, as durable rows.
 *
 *	            +----------------------- REPLACED (by a newer one that says all of it)
 *	            |            |
 *	QUEUED --> SENDING --> RETRY --> SENDING ...
 *	  |          |  |        |
 *	  +---> DEAD <--+--------+      (never deliverable, too old, receiver removed)
 *	             |
 *	             +--> SENT            (REPLACED too, if its request has not begun)
 *
 * Only the first open row of a lane moves; the others wait. A row becomes SENDING in the batch
 * and its request starts when that batch is on disk. One policy for all: 1, 2, 4 ... 30 s (less
 * where others got through) with 20 % of chance, what the receiver asks for within [250 ms, 15
 *min], 24 hours in all.
 *
 * A full outbox (limits.outbox_rows) never refuses a page: an end and a new beginning that both
 * wait behind the same beginning are dropped together; what cannot be spared is kept, counted
 * and told.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "notify/flap.h"
#include "notify/inner.h"
#include "notify/paging.h"
#include "oncall/incident.h"
#include "store/store.h"

#define GIVE_UP_AFTER DAY
#define LATE_AFTER (5 * MINUTE)
#define PAGE_LATE_AFTER (30 * SECOND) /* then somebody's next contact is tried as well */
#define BACKOFF_MAX (30 * SECOND)
#define WAIT_MIN ((ms_t)250)
#define WAIT_MAX (15 * MINUTE)
#define BUNDLE_MAX 49	       /* rows that go with another one */
#define REST_AFTER_DEAD MINUTE /* of a destination that refused us altogether */
#define REMOVED_TOLD_FOR HOUR
#define PARALLEL_DEFAULT 256
#define HISTORY_ALERTS_MAX \
	256 /* of a done row; of larger ones nobody remembers which they were \
	     */

/* A destination that took something a moment ago is not down: what it refused for now is tried
 * again soon, so that half an outage does not make pages half a minute late. Not for ever: it may
 * be the message that it does not like. */
#define WORKS_FOR (5 * SECOND)
#define WORKS_BACKOFF_MAX ((ms_t)400)
#define WORKS_ATTEMPTS 20

/* Bits of the store's `kind`. */
enum { KIND_RESOLVED = 1, KIND_TWICE = 2 };

const char *outbox_status_name(enum outbox_status s)
{
	static const char *const names[] = {
		[OUTBOX_QUEUED] = "queued", [OUTBOX_SENDING] = "sending",
		[OUTBOX_RETRY] = "retry",   [OUTBOX_SENT] = "sent",
		[OUTBOX_DEAD] = "dead",	    [OUTBOX_REPLACED] = "replaced",
	};

	return names[s];
}

static bool is_open(enum outbox_status s)
{
	return s == OUTBOX_QUEUED || s == OUTBOX_SENDING || s == OUTBOX_RETRY;
}

static void set_status(struct row *r, enum outbox_status to)
{
#define TO(s) (1u << OUTBOX_##s)
	static const unsigned allowed[] = {
		[OUTBOX_QUEUED] = TO(SENDING) | TO(DEAD) | TO(REPLACED),
		[OUTBOX_SENDING] = TO(SENT) | TO(RETRY) | TO(DEAD) | TO(REPLACED),
		[OUTBOX_RETRY] = TO(SENDING) | TO(DEAD) | TO(REPLACED),
		[OUTBOX_SENT] = 0,
		[OUTBOX_DEAD] = 0,
		[OUTBOX_REPLACED] = 0,
	};
#undef TO
	CHECK(allowed[r->status] & 1u << to);
	r->status = to;
	r->n->version++;
}

static void set_text(char **at, const char *text)
{
	char *copy = mem_str(str_of(text));

	free(*at);
	*at = copy;
}

/* ---- the store --------------------------------------------------------------------------- */
static void store_row(struct row *r)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	message_put(&b, r->message);
	batch_add(notify_batch(r->n), ST_OUTBOX_PUT, V_INT(r->id), V_INT(r->status),
		  V_TEXT(str_of(r->group_key)), V_TEXT(str_of(r->receiver)),
		  V_INT((r->resolved ? KIND_RESOLVED : 0) | (r->twice ? KIND_TWICE : 0)),
		  V_TEXT(str_of(r->reason)), V_TEXT(str_of(r->key)), V_BLOB(buf_str(&b)),
		  V_INT(r->created_at), V_INT(r->next_at), V_INT(r->attempts),
		  V_TEXT(str_of(r->provider_id)), V_TEXT(str_of(r->error)), V_INT(r->done_at),
		  V_TEXT(str_of(r->title)));
	buf_done(&b);
	r->stored = true;
}

/* What a done row keeps of its message: the number of alerts that it told of as firing, their
 * hashes, those it told of as over. */
static void put_hashes(struct buf *b, const struct row *r)
{
	const struct hashes all[] = {{.v = &(uint64_t){r->firing.n}, .n = 1},
				     r->firing,
				     r->told_resolved};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		size_t n;
		char *bytes = hashes_bytes(all[i], &n);

		buf_add(b, (struct str){bytes, n});
		free(bytes);
	}
}

static void parse_hashes(struct row *r, struct str s)
{
	struct hashes n = hashes_from_bytes(str_cut(s, 0, 8));
	size_t cut = n.n ? 8 * (MIN(n.v[0], s.n / 8) + 1) : 0;

	r->firing = hashes_from_bytes(str_cut(s, MIN(s.n, 8), cut));
	r->told_resolved = hashes_from_bytes(str_from(s, cut));
	hashes_done(&n);
}

static void store_status(struct row *r)
{
	struct buf b;

	if (!r->stored)
		return;
	if (is_open(r->status)) {
		batch_add(notify_batch(r->n), ST_OUTBOX_STATUS, V_INT(r->id), V_INT(r->status),
			  V_INT(r->next_at), V_INT(r->attempts), V_TEXT(str_of(r->provider_id)),
			  V_TEXT(str_of(r->error)), V_INT(r->done_at));
		return;
	}
	buf_init(&b, BUF_MAX_ANY);
	put_hashes(&b, r);
	batch_add(notify_batch(r->n), ST_OUTBOX_DONE, V_INT(r->id), V_INT(r->status),
		  V_INT(r->next_at), V_INT(r->attempts), V_TEXT(str_of(r->provider_id)),
		  V_TEXT(str_of(r->error)), V_INT(r->done_at), V_BLOB(buf_str(&b)));
	buf_done(&b);
}

/* ---- lists ------------------------------------------------------------------------------- */
static void link_newest(struct notify *n, struct row *r)
{
	r->older = n->newest;
	if (n->newest)
		n->newest->newer = r;
	else
		n->oldest = r;
	n->newest = r;
}

static void row_free(struct row *r)
{
	struct notify *n = r->n;

	timer_stop(n->env.timers, &r->timer);
	*(r->older ? &r->older->newer : &n->oldest) = r->newer;
	*(r->newer ? &r->newer->older : &n->newest) = r->older;
	message_free(r->message);
	hashes_done(&r->firing);
	hashes_done(&r->told_resolved);
	free(r->group_key);
	free(r->receiver);
	free(r->reason);
	free(r->key);
	free(r->title);
	free(r->provider_id);
	free(r->error);
	free(r->unwanted);
	free(r->carried);
	free(r);
}

static void lane_append(struct lane *l, struct row *r)
{
	r->lane = l;
	*(l->last ? &l->last->lane_next : &l->first) = r;
	l->last = r;
	l->dest->open++;
	r->n->n_open++;
}

static void lane_remove(struct row *r)
{
	struct lane *l = r->lane;
	struct row *before = NULL;

	for (struct row *x = l->first; x != r; x = x->lane_next)
		before = x;
	*(before ? &before->lane_next : &l->first) = r->lane_next;
	if (l->last == r)
		l->last = before;
	r->lane_next = NULL;
	r->lane = NULL;
	l->dest->open--;
	r->n->n_open--;
}

static void ready_add(struct row *r)
{
	struct dest *d = r->lane->dest;

	CHECK(!r->is_ready && r->lane->first == r);
	r->is_ready = true;
	r->ready_next = NULL;
	r->ready_prev = d->ready_last;
	*(d->ready_last ? &d->ready_last->ready_next : &d->ready) = r;
	d->ready_last = r;
}

static void ready_remove(struct row *r)
{
	struct dest *d = r->lane->dest;

	if (!r->is_ready)
		return;
	r->is_ready = false;
	*(r->ready_prev ? &r->ready_prev->ready_next : &d->ready) = r->ready_next;
	*(r->ready_next ? &r->ready_next->ready_prev : &d->ready_last) = r->ready_prev;
}

static bool is_old(const struct notify *n, struct now now, const struct row *r)
{
	return n->env.data_retention > 0 && r->done_at < now.wall - n->env.data_retention;
}

static void trim_history(struct notify *n, struct now now)
{
	while (n->n_done > n->env.limits->history_rows ||
	       (n->done_first && is_old(n, now, n->done_first))) {
		struct row *r = n->done_first;

		n->done_first = r->done_next;
		if (!n->done_first)
			n->done_last = NULL;
		n->n_done--;
		batch_add(notify_batch(n), ST_OUTBOX_DEL, V_INT(r->id));
		row_free(r);
	}
}

static void done_add(struct row *r)
{
	struct notify *n = r->n;

	*(n->done_last ? &n->done_last->done_next : &n->done_first) = r;
	n->done_last = r;
	n->n_done++;
}

/* There is room again. */
static void end_full(struct notify *n)
{
	if (!n->full_raised || n->n_open >= n->env.limits->outbox_rows * 9 / 10)
		return;
	n->full_raised = false;
	notify_self(n, SELF_OUTBOX, "outbox", "", false);
}

/* The row has come to its end: it leaves its lane and becomes history. */
static void finish(struct row *r, struct now now, enum outbox_status status)
{
	struct notify *n = r->n;

	if (r->status == OUTBOX_SENDING)
		r->lane->dest->running--;
	ready_remove(r);
	timer_stop(n->env.timers, &r->timer);
	lane_remove(r);
	set_status(r, status);
	r->done_at = now.wall;
	if (r->firing.n + r->told_resolved.n > HISTORY_ALERTS_MAX) {
		hashes_done(&r->firing);
		hashes_done(&r->told_resolved);
	}
	store_status(r);
	message_free(r->message);
	r->message = NULL;
	done_add(r);
	end_full(n);
}

void notify_expire(struct notify *n, struct now now)
{
	trim_history(n, now);
	silence_forget_old(n, now);
	journal_expire(n, now.wall);
	flap_expire(n, now.mono);
	oncall_expire(n->oncall);
}

/* ---- moving on --------------------------------------------------------------------------- */
static void pick(struct row *r)
{
	struct notify *n = r->n;

	set_status(r, OUTBOX_SENDING);
	r->attempts++;
	r->turn = n->turn;
	r->lane->dest->running++;
	store_status(r);
	n->starting =
		mem_reserve(n->starting, &n->cap_starting, n->n_starting + 1, sizeof(*n->starting));
	n->starting[n->n_starting++] = r;
}

static int parallel(const struct dest *d)
{
	if (d->failures)
		return 1; /* one tries the door, the others wait behind it */
	return d->to->kind->parallel ? d->to->kind->parallel : PARALLEL_DEFAULT;
}

/* Other pages that could start now, and were never tried, go with it. */
static void pick_others(struct dest *d, struct row *leader)
{
	for (struct row *r = d->ready, *next; r && leader->n_carried < BUNDLE_MAX; r = next) {
		next = r->ready_next;
		if (!bundle_may(r) || r->attempts)
			continue;
		ready_remove(r);
		set_status(r, OUTBOX_SENDING);
		r->attempts++;
		r->turn = r->n->turn;
		d->running++;
		store_status(r);
		bundle_carry(leader, r);
	}
}

/* Whoever is paged a lot gets one message after the other, so that more can go in each. */
static bool has_room(const struct dest *d)
{
	return d->running < parallel(d) && (!d->bundling || !d->running);
}

static void pump(struct dest *d)
{
	while (!d->n->stopped && d->to && !d->paused && d->ready && has_room(d)) {
		struct row *r = d->ready;

		ready_remove(r);
		pick(r);
		if (!bundle_may(r))
			continue;
		d->bundling = bundle_begin(d, r);
		if (d->bundling)
			pick_others(d, r);
	}
}

static void row_due(struct timer *t, struct now now);

static void set_retry_timer(struct row *r)
{
	ms_t due = r->next_mono;

	if (!r->late_raised)
		due = MIN(due, r->created_mono + LATE_AFTER + 1);
	if (r->is_page && !r->moved_on)
		due = MIN(due, r->created_mono + PAGE_LATE_AFTER + 1);
	timer_set(r->n->env.timers, &r->timer, TIMER_MONO, due, row_due);
}

/* The first row of a lane: now, or when its time has come. */
static void arm(struct row *r, struct now now)
{
	if (r->status == OUTBOX_SENDING || r->is_ready || timer_is_set(&r->timer))
		return;
	if (r->status == OUTBOX_RETRY && r->next_mono > now.mono)
		set_retry_timer(r);
	else
		ready_add(r);
}

static void next_in_lane(struct lane *l, struct now now)
{
	if (l->first)
		arm(l->first, now);
	pump(l->dest);
}

static void raise_failing(struct row *r, const char *why)
{
	struct dest *d = r->lane->dest;

	if (r->message->self_only)
		return;
	d->raised = true;
	notify_self(r->n, SELF_RECEIVER, d->id, why, true);
}

static void raise_if_late(struct row *r, struct now now)
{
	char why[700];

	if (r->late_raised || now.mono - r->created_mono <= LATE_AFTER)
		return;
	r->late_raised = true;
	if (r->lane->group && r->lane->group->route->fallback_late)
		group_stand_in(r->lane->group, now, r);
	snprintf(why, sizeof(why), "a notification has been waiting for %d minutes: %s",
		 (int)((now.mono - r->created_mono) / MINUTE), r->error);
	raise_failing(r, why);
}

/* The row itself goes on being tried. */
static void move_on_if_late(struct row *r, struct now now)
{
	if (r->moved_on || !r->is_page || now.mono - r->created_mono <= PAGE_LATE_AFTER)
		return;
	r->moved_on = true;
	paging_failed(r->n, now, r, *r->error ? r->error : "it is late");
}

static void row_due(struct timer *t, struct now now)
{
	struct row *r = CONTAINER(t, struct row, timer);
	struct notify *n = r->n;

	notify_enter(n);
	raise_if_late(r, now);
	move_on_if_late(r, now);
	if (r->next_mono <= now.mono) {
		ready_add(r);
		pump(r->lane->dest);
	} else {
		set_retry_timer(r);
	}
	notify_leave(n, now);
}

static void dest_due(struct timer *t, struct now now)
{
	struct dest *d = CONTAINER(t, struct dest, timer);

	notify_enter(d->n);
	d->paused = false;
	if (d->to) {
		pump(d);
	} else {
		d->raised = false;
		notify_self(d->n, SELF_RECEIVER, d->id, "", false);
	}
	notify_leave(d->n, now);
}

static void rest(struct dest *d, struct now now, ms_t wait)
{
	if (d->paused && d->timer.due >= now.mono + wait)
		return;
	d->paused = true;
	timer_set(d->n->env.timers, &d->timer, TIMER_MONO, now.mono + wait, dest_due);
}

/* ---- queueing ---------------------------------------------------------------------------- */
static struct hashes hashes_told(const struct message *m, bool resolved)
{
	uint64_t *v = mem_alloc((m->n + 1) * sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (m->alerts[i].resolved == resolved)
			v[n++] = m->alerts[i].hash;
	}

	struct hashes h = hashes_of(v, n);

	free(v);
	return h;
}

static struct row *row_new(struct lane *l, struct now now, struct message *take)
{
	struct notify *n = l->dest->n;
	const struct io *io = n->env.io;
	struct row *r = MEM_NEW(struct row);
	char key[40];
	struct buf title;

	snprintf(key, sizeof(key), "%016llx%016llx", (unsigned long long)io->ops->entropy(io->host),
		 (unsigned long long)io->ops->entropy(io->host));
	buf_init(&title, BUF_MAX_ANY);
	message_put_title(&title, take);
	*r = (struct row){
		.n = n,
		.id = n->next_id++,
		.status = OUTBOX_QUEUED,
		.group_key = mem_str(str_of(l->group_key)),
		.receiver = mem_str(str_of(l->dest->id)),
		.reason = mem_str(take->reason),
		.key = mem_str(str_of(key)),
		.title = mem_str(buf_str(&title)),
		.provider_id = mem_str(STR("")),
		.error = mem_str(STR("")),
		.resolved = message_resolved(take),
		.message = take,
		.is_page = take->anew,
		.firing = hashes_told(take, false),
		.told_resolved = hashes_told(take, true),
		.created_at = now.wall,
		.created_mono = now.mono,
		.next_at = now.wall,
		.next_mono = now.mono,
		.done_at = MS_NONE,
	};
	buf_done(&title);
	link_newest(n, r);
	return r;
}

static bool is_unsent(const struct row *r)
{
	return r->status == OUTBOX_QUEUED || r->status == OUTBOX_RETRY;
}

struct row *outbox_replaceable(const struct lane *l, struct hashes firing, struct hashes resolved)
{
	struct row *r = l->last;

	if (!r || !is_unsent(r) || !r->firing.n)
		return NULL;
	return hashes_within(r->firing, firing) && hashes_within(r->told_resolved, resolved) ? r
											     : NULL;
}

static void replace(struct row *r, struct now now, const char *why)
{
	struct notify *n = r->n;

	set_text(&r->error, why);
	finish(r, now, OUTBOX_REPLACED);
	trim_history(n, now);
}

/* It may be about to start: its turn is not on disk yet. */
static void unstart(struct row *r)
{
	struct notify *n = r->n;

	for (size_t i = n->started; i < n->n_starting; i++) {
		if (n->starting[i] == r)
			n->starting[i] = NULL;
	}
}

/* It does not start after all: what it was to carry goes by itself. */
static void let_others_go(struct row *leader, struct now now)
{
	size_t n;
	struct row **v = bundle_release(leader, &n);

	for (size_t i = 0; i < n; i++) {
		leader->lane->dest->running--;
		set_status(v[i], OUTBOX_RETRY);
		v[i]->next_at = now.wall;
		v[i]->next_mono = now.mono;
		store_status(v[i]);
		arm(v[i], now);
	}
	free(v);
}

static void withdraw(struct row *r, struct now now, const char *why)
{
	if (r->status == OUTBOX_SENDING && (r->attempt || (r->leader && r->leader->attempt))) {
		set_text(&r->unwanted, why); /* if this attempt fails, there is no other */
		return;
	}
	bundle_leave(r);
	let_others_go(r, now);
	unstart(r);
	if (r->twice)
		lane_doubt(r->lane, now, r);
	replace(r, now, why);
}

void outbox_withdraw(struct lane *l, struct now now, const char *why)
{
	for (struct row *r = l->first, *next; r; r = next) {
		next = r->lane_next;
		withdraw(r, now, why);
	}
	if (l->first)
		arm(l->first, now);
}

void outbox_withdraw_pages(struct lane *l, struct now now, ms_t before, const char *why)
{
	for (struct row *r = l->first, *next; r; r = next) {
		next = r->lane_next;
		if (r->is_page && r->created_at < before)
			withdraw(r, now, why);
	}
	if (l->first)
		arm(l->first, now);
}

/* The outbox is full: an end that waits behind a beginning which already says all of the message
 * can be spared together with the message. */
static bool spare(struct lane *l, struct now now, const struct message *m)
{
	struct row *end = l->last, *begin = NULL;
	struct hashes firing;
	bool spared = false;

	if (!end || !is_unsent(end) || end->firing.n || end == l->first)
		return false;
	for (struct row *r = l->first; r != end; r = r->lane_next)
		begin = r;
	firing = hashes_told(m, false);
	if (firing.n && hashes_within(firing, begin->firing)) {
		replace(end, now, "the outbox is full and the alert fires again");
		spared = true;
	}
	hashes_done(&firing);
	return spared;
}

static void note_full(struct notify *n)
{
	n->over_limit++;
	if (n->full_raised)
		return;
	n->full_raised = true;
	notify_self(n, SELF_OUTBOX, "outbox", "more notifications wait than limits allow", true);
}

void outbox_queue(struct lane *l, struct now now, struct message *take, struct row *replaces)
{
	struct notify *n = l->dest->n;
	struct row *r;

	if (replaces) {
		replace(replaces, now, "a newer notification says all of it");
	} else if (n->n_open >= n->env.limits->outbox_rows) {
		if (spare(l, now, take)) {
			message_free(take);
			return;
		}
		if (!take->self_only)
			note_full(n);
	}
	r = row_new(l, now, take);
	lane_append(l, r);
	next_in_lane(l, now);
	store_row(r);
	n->version++;
}

void outbox_durable(struct notify *n, struct now now)
{
	if (n->stopped)
		return;
	/* A start may withdraw rows that have not been started, and add others behind them. */
	while (n->started < n->n_starting) {
		struct row *r = n->starting[n->started];

		if (r && r->turn > n->durable)
			break;
		n->started++;
		if (r)
			deliver_start(r, now);
	}
	n->n_starting -= n->started;
	if (n->n_starting)
		memmove(n->starting, n->starting + n->started,
			n->n_starting * sizeof(struct row *));
	n->started = 0;
}

/* ---- results ----------------------------------------------------------------------------- */
/* A lane that no group keeps: an incident may, else it goes when nothing is open. */
static void let_go(struct notify *n, struct lane *l)
{
	if (l->users)
		paging_idle(n, l);
	else
		lane_release(n, l);
}

/* Behind a finished row: the next one, the group's leftovers, the lane itself. */
static void after(struct lane *l, struct now now)
{
	struct notify *n = l->dest->n;
	struct group *g = l->group;

	next_in_lane(l, now);
	if (g)
		group_reap(g, now);
	else
		let_go(n, l);
	trim_history(n, now);
}

static void log_row(const struct row *r, enum log_level level, const char *msg, const char *why)
{
	const struct dest *d = r->lane->dest;

	io_log(r->n->env.io, level, msg, "receiver=%s title=%s reason=%s attempts=%d%s%s",
	       io_quote(str_of(d->id)).text, io_quote(str_of(r->title)).text,
	       io_quote(str_of(r->reason)).text, r->attempts, *why ? " error=" : "",
	       *why ? io_quote(str_of(why)).text : "");
}

void outbox_sent(struct row *r, struct now now, struct str provider_id)
{
	struct lane *l = r->lane;
	struct dest *d = l->dest;
	ms_t keep = l->group ? group_notice_keep(l->group) : 0;

	log_row(r, LOG_LEVEL_INFO, "page sent", "");
	free(r->provider_id);
	r->provider_id = mem_str(provider_id);
	set_text(&r->error, r->twice ? "may have been told twice" : "");
	d->sent++;
	d->last_sent_at = now.wall;
	d->took = true;
	d->took_mono = now.mono;
	d->failures = 0;
	set_text(&d->last_error, "");
	if (d->raised || d->unsure)
		notify_self(r->n, SELF_RECEIVER, d->id, "", false);
	d->raised = d->unsure = false;
	l->broken = false;
	lane_note(l, now, r, keep);
	finish(r, now, OUTBOX_SENT);
	if (r->is_page)
		paging_sent(r->n, now, r);
	after(l, now);
}

static bool works(const struct dest *d, struct now now)
{
	return d->took && now.mono - d->took_mono < WORKS_FOR;
}

static ms_t backoff(const struct row *r, struct now now)
{
	const struct io *io = r->n->env.io;
	ms_t base = r->attempts > 5 ? BACKOFF_MAX : SECOND << (r->attempts - 1);

	base = MIN(base, BACKOFF_MAX);
	if (works(r->lane->dest, now) && r->attempts <= WORKS_ATTEMPTS)
		base = MIN((ms_t)100 << MIN(r->attempts - 1, 10), WORKS_BACKOFF_MAX);
	return base * 4 / 5 + (ms_t)(io->ops->entropy(io->host) % (uint64_t)(base * 2 / 5 + 1));
}

/* What the row says of ends, cut down to `known`; false: nothing is left to say. */
static bool cut_ends(struct row *r, struct hashes known)
{
	struct message *m = message_without(r->message, known);

	message_free(r->message);
	r->message = m;
	hashes_done(&r->told_resolved);
	r->told_resolved = hashes_told(m, true);
	if (m->n)
		store_row(r);
	return m->n > 0;
}

/* A beginning that nobody will hear of: the rows behind it must not tell of its end. */
static void drop_ends(struct lane *l, struct now now)
{
	struct hashes known = hashes_join(l->firing, l->doubt);

	for (struct row *r = l->first, *next; r; r = next) {
		next = r->lane_next;
		if (!hashes_within(r->told_resolved, known) && !cut_ends(r, known)) {
			replace(r, now, "the notification before it could not be delivered");
			continue;
		}
		hashes_done(&known);
		known = hashes_dup(r->firing);
	}
	hashes_done(&known);
}

/* It was withdrawn while an attempt went on, which has failed. */
static void give_up(struct row *r, struct now now)
{
	struct lane *l = r->lane;
	struct dest *d = l->dest;
	bool began = r->firing.n != 0;

	if (r->twice)
		lane_doubt(l, now, r);
	set_text(&r->error, r->unwanted);
	finish(r, now, OUTBOX_REPLACED);
	if (began)
		drop_ends(l, now);
	next_in_lane(l, now);
	let_go(d->n, l);
	trim_history(d->n, now);
	pump(d);
}

void outbox_retry(struct row *r, struct now now, ms_t wait, bool whole, const char *why)
{
	struct dest *d = r->lane->dest;

	set_text(&r->error, why);
	set_text(&d->last_error, why);
	d->last_failed_at = now.wall;
	d->retried++;
	if (now.mono - r->created_mono >= GIVE_UP_AFTER) {
		outbox_dead(r, now, DEAD_MESSAGE, why);
		return;
	}
	if (r->unwanted) {
		give_up(r, now);
		return;
	}
	log_row(r, LOG_LEVEL_WARN, "page not delivered yet", why);
	wait = wait < 0 ? backoff(r, now) : MIN(MAX(wait, WAIT_MIN), WAIT_MAX);
	d->running--;
	set_status(r, OUTBOX_RETRY);
	r->next_at = now.wall + wait;
	r->next_mono = now.mono + wait;
	if (r->twice)
		store_row(r); /* also that it may have arrived */
	else
		store_status(r);
	raise_if_late(r, now);
	set_retry_timer(r);
	if (whole)
		rest(d, now, wait);
	pump(d);
}

void outbox_dead(struct row *r, struct now now, enum dead_scope scope, const char *why)
{
	struct lane *l = r->lane;
	struct dest *d = l->dest;

	set_text(&r->error, why);
	set_text(&d->last_error, why);
	d->last_failed_at = now.wall;
	d->failed++;
	d->reasons[r->fail]++;
	log_row(r, LOG_LEVEL_ERROR, "page NOT delivered", why);
	raise_failing(r, why);
	if (!d->to)
		rest(d, now, REMOVED_TOLD_FOR);
	else if (scope != DEAD_MESSAGE)
		rest(d, now, REST_AFTER_DEAD);

	bool began = r->firing.n != 0;

	if (r->twice)
		lane_doubt(l, now, r);
	if (l->group)
		group_stand_in(l->group, now, r);
	finish(r, now, OUTBOX_DEAD);
	if (r->is_page && !r->moved_on)
		paging_failed(d->n, now, r, r->error);
	if (began)
		drop_ends(l, now);
	next_in_lane(l, now);
	let_go(r->n, l);
	trim_history(d->n, now);
}

/* ---- configuration, restart, end --------------------------------------------------------- */
/* A row that is on its way goes on with the configuration it began with. */
static void bury_lane(struct lane *l, struct now now)
{
	l->users++; /* stays until the configuration is done */
	while (l->first && l->first->status != OUTBOX_SENDING)
		outbox_dead(l->first, now, DEAD_DESTINATION, "receiver was removed");
	l->users--;
}

/* An earlier life may have raised it. */
static void find_full(struct notify *n, struct now now)
{
	map_each (&n->alerts, e) {
		const struct alert *a = &((const struct kept_alert *)e->value)->a;

		n->full_raised |= a->source == ALERT_FROM_SELF && !alert_resolved(a, now.wall) &&
				  str_is(labels_get(a->labels, STR(LABEL_ALERTNAME)), SELF_OUTBOX);
	}
}

void outbox_rebind(struct notify *n, struct now now)
{
	if (!n->configured)
		find_full(n, now);
	map_each (&n->dests, e) {
		struct dest *d = e->value;

		d->failures = 0;
		if (!d->to)
			continue;
		timer_stop(n->env.timers, &d->timer);
		d->paused = false;
	}
	map_each (&n->lanes, e) {
		struct lane *l = e->value;

		if (!l->dest->to)
			bury_lane(l, now);
		else if (l->first)
			arm(l->first, now);
	}
	map_each (&n->dests, e) {
		struct dest *d = e->value;

		if (d->to)
			pump(d);
		else if (d->raised && !d->paused)
			rest(d, now, 0); /* nothing was lost: it is right again */
	}
	end_full(n);
}

void outbox_clock_stepped(struct notify *n, ms_t by)
{
	for (struct row *r = n->oldest; r; r = r->newer) {
		if (!is_open(r->status))
			continue;
		r->created_at += by;
		r->next_at += by;
		if (r->stored)
			store_row(r);
	}
}

void outbox_stop_all(struct notify *n)
{
	for (struct row *r = n->oldest; r; r = r->newer)
		timer_stop(n->env.timers, &r->timer);
	map_each (&n->dests, e)
		timer_stop(n->env.timers, &((struct dest *)e->value)->timer);
}

void outbox_free_all(struct notify *n)
{
	while (n->newest) {
		deliver_cancel(n->newest);
		row_free(n->newest);
	}
	free(n->starting);
}

struct restoring {
	struct notify *n;
	struct now now;
};

/* An open row: its message is read, it waits at the end of its lane. */
static bool restore_open(struct restoring *x, struct row *r, struct str message)
{
	struct notify *n = x->n;

	if (!message_parse(message, &r->message, NULL)) {
		r->status = OUTBOX_DEAD;
		r->done_at = x->now.wall;
		set_text(&r->error, "the row in the store cannot be read");
		return false;
	}
	r->firing = hashes_told(r->message, false);
	r->told_resolved = hashes_told(r->message, true);
	r->is_page = r->message->anew;
	r->created_mono = x->now.mono - MAX(x->now.wall - r->created_at, 0);
	r->next_mono = x->now.mono + MIN(MAX(r->next_at - x->now.wall, 0), WAIT_MAX);
	if (r->status == OUTBOX_SENDING) {
		r->status = OUTBOX_RETRY;
		r->twice = true;
		r->next_mono = x->now.mono;
		set_text(&r->error, "rouse stopped while it was on its way: it may be told twice");
	}
	lane_append(lane_get(n, str_of(r->group_key), dest_get(n, str_of(r->receiver))), r);
	return true;
}

static bool restore_row(void *arg, const struct val *v, size_t n_vals)
{
	struct restoring *x = arg;
	struct row *r = MEM_NEW(struct row);

	CHECK(n_vals == 15);
	*r = (struct row){
		.n = x->n,
		.id = (uint64_t)v[0].i,
		.status = v[1].i >= 0 && v[1].i <= OUTBOX_REPLACED ? (enum outbox_status)v[1].i
								   : OUTBOX_DEAD,
		.group_key = mem_str(v[2].s),
		.receiver = mem_str(v[3].s),
		.resolved = (v[4].i & KIND_RESOLVED) != 0,
		.twice = (v[4].i & KIND_TWICE) != 0,
		.reason = mem_str(v[5].s),
		.key = mem_str(v[6].s),
		.created_at = v[8].i,
		.next_at = v[9].i,
		.attempts = (int)v[10].i,
		.provider_id = mem_str(v[11].s),
		.error = mem_str(v[12].s),
		.done_at = v[13].i,
		.title = mem_str(v[14].s),
		.stored = true,
	};
	link_newest(x->n, r);
	x->n->next_id = MAX(x->n->next_id, r->id + 1);
	if (!is_open(r->status))
		parse_hashes(r, v[7].s);
	if (!is_open(r->status) || !restore_open(x, r, v[7].s))
		done_add(r);
	return true;
}

bool outbox_restore(struct notify *n, struct now now, struct store *s, struct err *err)
{
	struct restoring x = {.n = n, .now = now};

	return store_select(s, ST_OUTBOX_LOAD, NULL, 0, restore_row, &x, err);
}
