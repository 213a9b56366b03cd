/* Heartbeats; see heartbeat.h. */
#include "evaluator/heartbeat.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "evaluator/config.h"
#include "evaluator/core_private.h"
#include "evaluator/group.h"
#include "notify/notify.h"
#include "rules/rules.h"
#include "store/batch.h"
#include "store/store.h"

#define REPLY_MAX 4096
#define STUCK_AFTER (10 * MINUTE) /* pages that wait so long, and none got through meanwhile */
#define GROUP_LATE (2 * MINUTE)	  /* beyond two of its intervals */

/* One that is expected. */
struct beat {
	struct heartbeats *all;
	const struct heartbeat_in *config; /* NULL: not configured (any more) */
	char *name;
	ms_t since; /* wall; when it was first configured */
	ms_t last_ok, last_start, took;
	bool failed;
	bool raised; /* the alert is out */
	struct timer timer;
};

/* One that is told. */
struct teller {
	struct heartbeats *all;
	const struct heartbeat_out *to;
	struct config *config; /* held while the call runs */
	struct io_call call;
	struct timer timer;
	bool failing; /* said already */
};

struct heartbeats {
	struct core *core;
	struct map beats; /* by name */
	struct teller *tellers;
	size_t n_tellers;
	bool stopped;
	bool silent; /* nobody is told: said already */
};

const char *heartbeat_state_name(enum heartbeat_state s)
{
	static const char *const names[] = {
		[HEARTBEAT_NEW] = "new",
		[HEARTBEAT_OK] = "ok",
		[HEARTBEAT_LATE] = "late",
		[HEARTBEAT_FAILED] = "failed",
	};

	return names[s];
}

struct heartbeats *heartbeats_new(struct core *c)
{
	struct heartbeats *h = MEM_NEW(struct heartbeats);

	h->core = c;
	map_init(&h->beats);
	return h;
}

/* ---- tellers' life ------------------------------------------------------------------------- */
static void tellers_done(struct heartbeats *h)
{
	for (size_t i = 0; i < h->n_tellers; i++) {
		struct teller *t = &h->tellers[i];

		timer_stop(&h->core->timers, &t->timer);
		io_cancel(h->core->io, &t->call);
		config_free(t->config);
	}
	free(h->tellers);
	h->tellers = NULL;
	h->n_tellers = 0;
}

static void beat_free(struct beat *b)
{
	timer_stop(&b->all->core->timers, &b->timer);
	free(b->name);
	free(b);
}

void heartbeats_free(struct heartbeats *h)
{
	if (!h)
		return;
	tellers_done(h);
	map_each (&h->beats, e)
		beat_free(e->value);
	map_done(&h->beats);
	free(h);
}

void heartbeats_stop(struct heartbeats *h)
{
	h->stopped = true;
	tellers_done(h);
	map_each (&h->beats, e)
		timer_stop(&h->core->timers, &((struct beat *)e->value)->timer);
}

/* ---- those that are expected --------------------------------------------------------------- */
/* Who has never reported gets twice the time, from when it was written down. */
static ms_t due_of(const struct beat *b)
{
	if (b->last_ok == MS_NONE)
		return b->since + 2 * b->config->every + b->config->grace;
	return b->last_ok + b->config->every + b->config->grace;
}

static enum heartbeat_state state_of(const struct beat *b, ms_t wall)
{
	if (b->failed)
		return HEARTBEAT_FAILED;
	if (wall >= due_of(b))
		return HEARTBEAT_LATE;
	return b->last_ok == MS_NONE ? HEARTBEAT_NEW : HEARTBEAT_OK;
}

static void store(struct beat *b)
{
	batch_add(core_batch(b->all->core), ST_HEARTBEAT_PUT, V_TEXT(str_of(b->name)),
		  V_INT(b->since), V_INT(b->last_ok), V_INT(b->last_start), V_INT(b->took),
		  V_INT(b->failed));
}

static void put_since(struct buf *b, const struct beat *x, ms_t wall)
{
	if (x->last_ok == MS_NONE) {
		buf_adds(b, "it has never reported");
		return;
	}
	buf_adds(b, "its last success was ");
	num_put_duration(b, (wall - x->last_ok) / SECOND * SECOND);
	buf_adds(b, " ago");
}

/* The annotations of its own count more. */
static struct labels words_of(const struct beat *b, ms_t wall, struct arena *a)
{
	struct labels_builder lb;
	struct labels_iter it = {0};
	struct label l;
	struct labels out;
	struct buf text;

	buf_init(&text, BUF_MAX_ANY);
	buf_printf(&text, "%s %s: ", b->name,
		   b->failed ? "has reported a failure" : "has not reported in time");
	put_since(&text, b, wall);
	buf_adds(&text, ", it is expected every ");
	num_put_duration(&text, b->config->every);
	labels_builder_init(&lb);
	labels_builder_set(&lb, STR("summary"), buf_str(&text));
	while (labels_next(b->config->annotations, &it, &l))
		labels_builder_set(&lb, l.name, l.value);
	out = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	buf_done(&text);
	return out;
}

static void tell_alert(struct beat *b, struct now now, bool firing)
{
	struct arena a;

	arena_init(&a);

	struct alert_in in = {
		.labels = b->config->labels,
		.annotations = words_of(b, now.wall, &a),
		.starts_at = MS_NONE,
		.ends_at = firing ? MS_NONE : now.wall,
		.source = ALERT_FROM_HEARTBEAT,
	};

	in.starts_at = b->failed ? now.wall : MIN(due_of(b), now.wall);
	notify_put(b->all->core->notify, now, &in, 1);
	core_event(b->all->core, now, firing ? "heartbeat-missed" : "heartbeat-back",
		   str_of(b->name), "%s", firing ? (b->failed ? "failed" : "late") : "ok");
	arena_done(&a);
}

static void look(struct beat *b, struct now now);

static void due(struct timer *t, struct now now)
{
	look(CONTAINER(t, struct beat, timer), now);
}

/* Raises the alert or ends it, and sets the timer. */
static void look(struct beat *b, struct now now)
{
	struct heartbeats *h = b->all;
	enum heartbeat_state s = state_of(b, now.wall);
	bool bad = s == HEARTBEAT_LATE || s == HEARTBEAT_FAILED;

	if (bad != b->raised) {
		b->raised = bad;
		tell_alert(b, now, bad);
		core_changed(h->core);
	}
	if (bad || h->stopped)
		timer_stop(&h->core->timers, &b->timer);
	else
		timer_set(&h->core->timers, &b->timer, TIMER_WALL, due_of(b), due);
}

bool core_ping(struct core *c, struct now now, struct str name, enum ping what)
{
	struct beat *b = map_get(&c->heartbeats->beats, name);

	if (!b || !b->config)
		return false;
	switch (what) {
	case PING_START: b->last_start = now.wall; break;
	case PING_FAIL: b->failed = true; break;
	case PING_SUCCESS:
		b->took = b->last_start != MS_NONE &&
					  (b->last_ok == MS_NONE || b->last_start > b->last_ok)
				  ? now.wall - b->last_start
				  : MS_NONE;
		b->last_ok = now.wall;
		b->failed = false;
		break;
	}
	store(b);
	look(b, now);
	core_changed(c);
	return true;
}

void core_heartbeats(const struct core *c, struct now now,
		     bool (*fn)(void *arg, const struct heartbeat_view *v), void *arg)
{
	map_each (&c->heartbeats->beats, e) {
		const struct beat *b = e->value;
		struct heartbeat_view v;

		if (!b->config)
			continue;
		v = (struct heartbeat_view){.name = str_of(b->name),
					    .state = state_of(b, now.wall),
					    .every = b->config->every,
					    .grace = b->config->grace,
					    .last_ok = b->last_ok,
					    .last_start = b->last_start,
					    .due = due_of(b),
					    .took = b->took};
		if (!fn(arg, &v))
			return;
	}
}

/* ---- those that are told ------------------------------------------------------------------- */
static bool groups_in_time(const struct core *c, struct now now)
{
	for (size_t i = 0; i < c->n_groups; i++) {
		const struct group *g = c->groups[i];

		if (g->last_start != MS_NONE &&
		    now.mono - g->started_mono > 2 * g->def->interval + GROUP_LATE)
			return false;
	}
	return true;
}

/* NULL: all is well; else why nobody may be told that it is. */
static const char *unwell(const struct core *c, struct now now)
{
	if (c->blind)
		return "Prometheus does not answer";
	if (c->store_failing)
		return "the store takes nothing";
	if (!groups_in_time(c, now))
		return "a group has not been evaluated in time";
	return notify_stuck(c->notify, now, STUCK_AFTER) ? "pages wait and none gets through"
							 : NULL;
}

static void set_teller(struct teller *t, struct now now);

static void told(struct io_call *call, struct now now, const struct io_reply *reply)
{
	struct teller *t = CONTAINER(call, struct teller, call);
	bool ok = reply->outcome == IO_REPLIED && reply->status / 100 == 2;

	config_free(TAKE(t->config));
	if (!ok && !t->failing)
		io_log(t->all->core->io, LOG_LEVEL_WARN, "heartbeat was not taken",
		       "url=%s status=%d error=%s", io_quote(t->to->to.public_url).text,
		       reply->status, io_quote(reply->error).text);
	t->failing = !ok;
	set_teller(t, now);
}

static void tell(struct timer *timer, struct now now)
{
	struct teller *t = CONTAINER(timer, struct teller, timer);
	struct core *c = t->all->core;
	const char *why = unwell(c, now);

	if (why) {
		if (!t->all->silent)
			io_log(c->io, LOG_LEVEL_WARN, "heartbeat is withheld", "reason=%s",
			       io_quote(str_of(why)).text);
		t->all->silent = true;
		set_teller(t, now);
		return;
	}
	t->all->silent = false;

	struct io_request r = {.method = STR("POST"),
			       .url = t->to->to.url,
			       .headers = t->to->to.headers,
			       .n_headers = t->to->to.n_headers,
			       .config = &t->to->to.http,
			       .timeout = t->to->to.timeout,
			       .max_reply = REPLY_MAX,
			       .lane = IO_LANE_PAGE};

	t->config = config_ref(c->config);
	t->call = (struct io_call){.on_done = told};
	io_fetch(c->io, &t->call, &r);
}

static void set_teller(struct teller *t, struct now now)
{
	timer_set(&t->all->core->timers, &t->timer, TIMER_MONO, now.mono + t->to->every, tell);
}

/* ---- life ---------------------------------------------------------------------------------- */
static void begin_tellers(struct heartbeats *h, struct now now)
{
	const struct config *cfg = h->core->config;

	tellers_done(h);
	h->tellers = mem_alloc((cfg->n_heartbeats_out + 1) * sizeof(*h->tellers));
	for (size_t i = 0; i < cfg->n_heartbeats_out; i++) {
		struct teller *t = &h->tellers[h->n_tellers++];

		*t = (struct teller){.all = h, .to = &cfg->heartbeats_out[i]};
		set_teller(t, now);
	}
}

static struct beat *beat_get(struct heartbeats *h, struct str name, ms_t wall)
{
	struct beat *b = map_get(&h->beats, name);

	if (b)
		return b;
	b = MEM_NEW(struct beat);
	*b = (struct beat){.all = h,
			   .name = mem_str(name),
			   .since = wall,
			   .last_ok = MS_NONE,
			   .last_start = MS_NONE,
			   .took = MS_NONE};
	map_put(&h->beats, name, b);
	return b;
}

struct ending {
	struct heartbeats *h;
	struct labels *v; /* of alerts whose heartbeat nobody expects any more */
	size_t n, cap;
};

static bool find_ending(void *arg, const struct alert *a)
{
	struct ending *x = arg;
	struct str name = labels_get(a->labels, STR("heartbeat"));
	struct beat *b = map_get(&x->h->beats, name);

	if (a->source != ALERT_FROM_HEARTBEAT || a->ends_at != MS_NONE)
		return true;
	if (b && b->config && labels_eq(b->config->labels, a->labels)) {
		b->raised = true; /* by an earlier life, or before the reload */
		return true;
	}
	x->v = mem_reserve(x->v, &x->cap, x->n + 1, sizeof(*x->v));
	x->v[x->n++] = labels_heap(a->labels);
	return true;
}

static void end_others(struct heartbeats *h, struct now now)
{
	struct ending x = {.h = h};

	notify_alerts(h->core->notify, find_ending, &x);
	for (size_t i = 0; i < x.n; i++) {
		struct alert_in in = {.labels = x.v[i],
				      .annotations = {.p = ""},
				      .starts_at = now.wall,
				      .ends_at = now.wall,
				      .source = ALERT_FROM_HEARTBEAT};

		notify_put(h->core->notify, now, &in, 1);
		labels_free(x.v[i]);
	}
	free(x.v);
}

void heartbeats_configure(struct heartbeats *h, struct now now)
{
	const struct config *cfg = h->core->config;

	map_each (&h->beats, e)
		((struct beat *)e->value)->config = NULL;
	for (size_t i = 0; i < cfg->n_heartbeats_in; i++) {
		struct str name = cfg->heartbeats_in[i].name;
		bool new = !map_get(&h->beats, name);
		struct beat *b = beat_get(h, name, now.wall);

		b->config = &cfg->heartbeats_in[i];
		b->raised = false;
		if (new)
			store(b);
	}
	end_others(h, now);
	map_each (&h->beats, e) {
		struct beat *b = e->value;

		if (b->config) {
			look(b, now);
			continue;
		}
		batch_add(core_batch(h->core), ST_HEARTBEAT_DEL, V_TEXT(str_of(b->name)));
		map_delete(&h->beats, e->key);
		beat_free(b);
	}
	begin_tellers(h, now);
}

static void shift(ms_t *t, ms_t by)
{
	if (*t != MS_NONE)
		*t += by;
}

void heartbeats_clock_stepped(struct heartbeats *h, struct now now, ms_t by)
{
	map_each (&h->beats, e) {
		struct beat *b = e->value;

		b->since += by;
		shift(&b->last_ok, by);
		shift(&b->last_start, by);
		if (b->config) {
			store(b);
			look(b, now);
		}
	}
}

static bool load(void *arg, const struct val *v, size_t n)
{
	struct beat *b = beat_get(arg, v[0].s, v[1].i);

	CHECK(n == 6);
	b->last_ok = v[2].i;
	b->last_start = v[3].i;
	b->took = v[4].i;
	b->failed = v[5].i != 0;
	return true;
}

bool heartbeats_restore(struct heartbeats *h, struct store *s, struct err *err)
{
	return store_select(s, ST_HEARTBEAT_LOAD, NULL, 0, load, h, err);
}
