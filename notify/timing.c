/* The notifier in virtual time; see timing.h. */
#include "notify/timing.h"

#include <string.h>

#include "base/mem.h"
#include "base/timer.h"
#include "notify/inner.h"
#include "notify/paging.h"
#include "notify/route.h"

#define HORIZON (366 * DAY)

struct world {
	struct notify *n;
	struct timers timers;
	struct batch *batch;
	struct now now;
	ms_t start, end;
	size_t most;
	struct map sent; /* by integration: size_t, how often */
	size_t full;	 /* integrations that have all */
	bool (*fn)(void *arg, const struct timing_send *s);
	void *arg;
	bool stop;
};

static uint64_t entropy(void *host)
{
	(void)host;
	return 1;
}

static void say(void *host, enum log_level level, struct str line)
{
	(void)host;
	(void)level;
	(void)line;
}

/* Nothing of it is kept. */
static struct batch *batch_of(void *core)
{
	struct world *w = core;

	if (w->batch && batch_count(w->batch) > 1000) {
		batch_free(w->batch);
		w->batch = NULL;
	}
	if (!w->batch)
		w->batch = batch_new();
	return w->batch;
}

static void list(struct world *w, const struct row *r)
{
	size_t *n = map_get(&w->sent, str_of(r->receiver));
	struct timing_send s = {.at = w->now.wall,
				.after = w->now.wall - w->start,
				.integration = str_of(r->receiver),
				.reason = str_of(r->reason)};

	if (!n) {
		n = MEM_NEW(size_t);
		map_put(&w->sent, str_of(r->receiver), n);
	}
	if (*n >= w->most)
		return;
	if (++*n == w->most && !r->is_page)
		w->full++;
	w->stop = w->stop || !w->fn(w->arg, &s);
}

/* What starts now is there now. */
static void deliver_all(struct world *w)
{
	struct notify *n = w->n;

	while (n->n_starting) {
		struct row *r = n->starting[0];

		n->n_starting--;
		memmove(n->starting, n->starting + 1, n->n_starting * sizeof(struct row *));
		if (!r)
			continue; /* withdrawn */
		list(w, r);
		if (r->lane->dest->to->kind->hand_over)
			paging_hand_over(r, w->now);
		else
			outbox_sent(r, w->now, STR(""));
	}
}

static void route_found(void *arg, const struct route *r)
{
	const struct world *w = ((struct world **)arg)[0];
	const struct receiver *rc = notify_config_receiver(w->n->config, r->receiver);

	*((size_t **)arg)[1] += rc ? rc->n : 0;
}

/* To how many integrations the labels lead. */
static size_t count_integrations(struct world *w, struct labels ls)
{
	size_t n = 0;
	void *arg[2] = {w, &n};

	route_match(w->n->config->root, ls, route_found, arg);
	return n;
}

static void run(struct world *w, struct labels ls)
{
	struct alert_in in = {.labels = ls,
			      .starts_at = w->start,
			      .ends_at = MS_NONE,
			      .source = ALERT_FROM_RULE};
	size_t all = count_integrations(w, ls);

	notify_put(w->n, w->now, &in, 1);
	deliver_all(w);
	while (!w->stop && w->full < all && w->now.wall <= w->end) {
		ms_t wait = timers_wait(&w->timers, w->now);

		if (wait < 0 || w->now.wall + wait > w->end)
			break;
		w->now.wall += wait;
		w->now.mono += wait;
		timers_run(&w->timers, w->now);
		deliver_all(w);
	}
}

void notify_timing(const struct notify_config *c, const struct limits *l,
		   const struct timing_query *q, bool (*fn)(void *arg, const struct timing_send *s),
		   void *arg)
{
	static const struct io_ops OPS = {.entropy = entropy, .log = say};
	struct world w = {.now = {.wall = q->start, .mono = HOUR},
			  .start = q->start,
			  .end = q->start + (q->span ? q->span : HORIZON),
			  .most = q->most,
			  .fn = fn,
			  .arg = arg};
	struct io io = {.ops = &OPS, .host = &w};
	struct notify_env env = {.io = &io,
				 .timers = &w.timers,
				 .limits = l,
				 .batch = batch_of,
				 .core = &w};

	if (!c->root)
		return;
	timers_init(&w.timers);
	map_init(&w.sent);
	w.n = notify_new(&env);
	notify_configure(w.n, w.now, c, STR(""));
	run(&w, q->labels);
	notify_stop(w.n);
	notify_free(w.n);
	batch_free(w.batch);
	map_each (&w.sent, e)
		free(e->value);
	map_done(&w.sent);
	timers_done(&w.timers);
}
