/* The account of what is durable, on its way and delivered. */
#include "tests/sim/oracle.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "evaluator/config.h"
#include "evaluator/core.h"
#include "evaluator/view.h"
#include "notify/notify.h"
#include "store/batch.h"
#include "tests/sim/model.h"
#include "tests/sim/receivers.h"
#include "tests/sim/sim.h"
#include "tests/sim/truth.h"
#include "tests/sim/world.h"

/* One notification, by its idempotency key. */
struct sent {
	size_t arrived;	  /* deliveries that were taken */
	size_t explained; /* crashes and lost answers in its window */
	bool closed;	  /* SENT (or given up) on disk */
};

struct oracle {
	struct sim *sim;
	struct truth *truth;
	struct model *model;
	struct map sent;   /* key -> struct sent */
	struct map held;   /* firing label sets at the notifier, in one check */
	bool store_failed; /* the last commit */
	bool failing;	   /* a commit failed while rouse lived on: pages go out all the same */
	bool fresh;	   /* the model waits for a store to be read */
	size_t seen_pages;
	uint64_t seen_version;
};

struct oracle *oracle_new(struct sim *s)
{
	struct oracle *o = MEM_NEW(struct oracle);

	o->sim = s;
	o->truth = truth_new(s);
	o->model = model_new();
	map_init(&o->sent);
	map_init(&o->held);
	return o;
}

void oracle_free(struct oracle *o)
{
	map_each (&o->sent, e)
		free(e->value);
	map_done(&o->sent);
	map_done(&o->held);
	model_free(o->model);
	truth_free(o->truth);
	free(o);
}

void oracle_rule(struct oracle *o, const struct oracle_rule *r)
{
	truth_rule(o->truth, r);
}

void oracle_rule_removed(struct oracle *o, const char *name)
{
	truth_rule_removed(o->truth, name);
}

static bool newest_row(void *arg, const struct delivery_view *d)
{
	*(uint64_t *)arg = d->id;
	return false;
}

void oracle_routes_changed(struct oracle *o)
{
	uint64_t last = 0;

	notify_deliveries(core_notify(o->sim->core), newest_row, &last);
	truth_routes_changed(o->truth, last);
}

void oracle_dest(struct oracle *o, const char *at, bool send_resolved)
{
	truth_dest(o->truth, at, send_resolved);
}

void oracle_written_back(struct oracle *o, bool written, bool forwarded)
{
	truth_written_back(o->truth, written, forwarded);
}

void oracle_calm(struct oracle *o)
{
	truth_calm(o->truth);
}

void oracle_forwarded(struct oracle *o, struct str body)
{
	truth_forwarded(o->truth, body);
}

void oracle_answer(struct oracle *o, struct str expr, ms_t at, const struct str *ids, size_t n)
{
	truth_answer(o->truth, expr, at, ids, n);
}

void oracle_clock_stepped(struct oracle *o, ms_t by)
{
	truth_clock_stepped(o->truth, by);
}

void oracle_vanished(struct oracle *o, struct str url)
{
	truth_vanished(o->truth, url);
}

void oracle_delayed(struct oracle *o, struct str url)
{
	truth_delayed(o->truth, url);
}

void oracle_receiver_said(struct oracle *o, struct str url, int status)
{
	truth_receiver_said(o->truth, url, status);
}

/* ---- S2, S3: notifications ------------------------------------------------------------------- */

static struct sent *sent_of(struct oracle *o, struct str key)
{
	struct sent *s = map_get(&o->sent, key);

	if (!s) {
		s = MEM_NEW(struct sent);
		map_put(&o->sent, key, s);
	}
	return s;
}

static bool is_open(int64_t status)
{
	return status == OUTBOX_QUEUED || status == OUTBOX_SENDING || status == OUTBOX_RETRY;
}

void oracle_page_starts(struct oracle *o, struct str key)
{
	struct model_row row;

	if (!key.n)
		return; /* Discord knows no such key */
	sent_of(o, key);
	if (o->store_failed)
		return;
	if (!model_outbox(o->model, key, &row))
		sim_fail(o->sim, "S2", "page %.*s starts before it is durable", STR_ARG(key));
	if (row.status != OUTBOX_SENDING)
		sim_fail(o->sim, "S2", "page %.*s starts, but on disk it is \"%s\"", STR_ARG(key),
			 outbox_status_name((enum outbox_status)row.status));
}

void oracle_answer_lost(struct oracle *o, struct str key)
{
	if (key.n)
		sent_of(o, key)->explained++;
}

static void count_key(struct oracle *o, struct str key)
{
	struct sent *s = sent_of(o, key);

	if (++s->arrived > 1 + s->explained)
		sim_fail(o->sim, "S3", "page %.*s arrived %zu times, %zu are explained",
			 STR_ARG(key), s->arrived, 1 + s->explained);
}

/* After a crash: what the disk does not know as done is sent again. */
static void explain_crash(struct oracle *o)
{
	map_each (&o->sent, e) {
		struct sent *s = e->value;
		struct model_row row;

		if (s->closed)
			continue;
		if (model_outbox(o->model, e->key, &row) && !is_open(row.status))
			s->closed = true;
		else
			s->explained++;
	}
}

/* What the store says is SENT has arrived. */
static void check_sent(struct oracle *o, const struct batch *b)
{
	for (size_t i = 0; i < batch_count(b); i++) {
		const struct val *v;
		struct str key;
		size_t n;

		if (batch_at(b, i, &v, &n) != ST_OUTBOX_DONE || v[1].i != OUTBOX_SENT ||
		    !model_outbox_key(o->model, v[0].i, &key))
			continue;

		struct sent *s = map_get(&o->sent, key);

		if (!s)
			continue; /* it went to Discord */
		s->closed = true;
		if (!s->arrived)
			sim_fail(o->sim, "S3", "page %.*s is called sent, but nobody got it",
				 STR_ARG(key));
	}
}

/* ---- the store ------------------------------------------------------------------------------- */

/* S11: what is kept of the past. */
static void check_kept(struct oracle *o)
{
	const struct limits *l = &o->sim->limits;
	size_t done = model_outbox_done(o->model), events = model_events(o->model);

	if (done > l->history_rows)
		sim_fail(o->sim, "S11", "%zu finished deliveries are kept, the limit is %zu", done,
			 l->history_rows);
	if (events > l->event_rows + l->event_rows / 8 + 1 + o->sim->events_slack)
		sim_fail(o->sim, "S11", "%zu events are kept, the limit is %zu", events,
			 l->event_rows);
}

void oracle_durable(struct oracle *o, const struct batch *b, ms_t until)
{
	o->store_failed = o->failing = false;
	model_durable(o->model, b);
	check_sent(o, b);
	check_kept(o);
	truth_durable(o->truth, until);
}

void oracle_store_failed(struct oracle *o, const struct batch *b)
{
	o->store_failed = true;
	o->failing |= !o->sim->cut_in_commit;
	model_doubtful(o->model, b);
}

void oracle_crashed(struct oracle *o)
{
	/* What the store did not take is forgotten now; rouse said that it may tell it twice. */
	truth_crashed(o->truth, o->failing);
	o->failing = false;
	o->fresh = true;
	o->store_failed = false;
}

void oracle_new_disk(struct oracle *o)
{
	model_clear(o->model);
	truth_crashed(o->truth, true);
}

void oracle_opened(struct oracle *o, struct store *s)
{
	struct err err = {.pos = -1};

	if (!model_check(o->model, s, &err))
		sim_fail(o->sim, "S13", "the store is not what was committed: %s", err.msg);
	if (o->fresh)
		explain_crash(o);
	o->fresh = false;
	o->seen_version = 0;
}

/* ---- S1 -------------------------------------------------------------------------------------- */

static bool check_covered(void *arg, const struct alert *a)
{
	struct oracle *o = arg;

	if (alert_resolved(a, o->sim->now.wall))
		return true;
	map_put(&o->held, labels_bytes(a->labels), o);
	if (!notify_covers(core_notify(o->sim->core), a))
		sim_fail(o->sim, "S1", "nothing will tell of the firing alert %.*s",
			 STR_ARG(labels_get(a->labels, STR(LABEL_ALERTNAME))));
	return true;
}

static bool check_rule_alert(void *arg, const struct rule_alert_view *a)
{
	struct oracle *o = arg;
	struct labels_builder b;
	struct arena arena;
	struct str region;

	if (a->state != ALERT_FIRING)
		return true;
	arena_init(&arena);
	labels_builder_init(&b);
	labels_builder_from(&b, a->labels);
	region = labels_get(core_config(o->sim->core)->prometheus.external_labels, STR("region"));
	if (region.n)
		labels_builder_set(&b, STR("region"), region);
	if (!map_get(&o->held, labels_bytes(labels_builder_build(&b, &arena))))
		sim_fail(o->sim, "S1", "%.*s fires, but the notifier does not know",
			 STR_ARG(labels_get(a->labels, STR(LABEL_ALERTNAME))));
	labels_builder_done(&b);
	arena_done(&arena);
	return true;
}

static bool check_rule(void *arg, const struct rule_view *r)
{
	struct oracle *o = arg;

	if (r->n_alerts)
		core_rule_alerts(o->sim->core, r, check_rule_alert, o);
	return true;
}

static bool check_group(void *arg, const struct group_view *g)
{
	struct oracle *o = arg;

	core_rules(o->sim->core, g->group, check_rule, o);
	return true;
}

static void check_firing(struct oracle *o)
{
	map_clear(&o->held);
	notify_alerts(core_notify(o->sim->core), check_covered, o);
	if (core_version(o->sim->core) == o->seen_version)
		return;
	o->seen_version = core_version(o->sim->core);
	core_groups(o->sim->core, check_group, o);
}

/* ---- S11: the outbox ------------------------------------------------------------------------- */

struct counting {
	struct oracle *o;
	size_t open, self;
	bool raised;
};

static bool count_row(void *arg, const struct delivery_view *d)
{
	struct counting *c = arg;

	if (is_open(d->status)) {
		c->open++;
		/* Self alerts are the only critical ones here. */
		c->self += str_find(d->title, STR("Rouse")) >= 0 ||
			   str_find(d->title, STR("critical")) >= 0;
	}
	return true;
}

static bool find_raised(void *arg, const struct alert *a)
{
	struct counting *c = arg;

	c->raised |= !alert_resolved(a, c->o->sim->now.wall) &&
		     str_is(labels_get(a->labels, STR(LABEL_ALERTNAME)), "RouseOutboxFull");
	return true;
}

static void check_outbox(struct oracle *o)
{
	struct counting c = {.o = o};

	notify_deliveries(core_notify(o->sim->core), count_row, &c);
	if (c.open <= o->sim->limits.outbox_rows + c.self)
		return;
	notify_alerts(core_notify(o->sim->core), find_raised, &c);
	if (!c.raised)
		sim_fail(o->sim, "S11", "%zu notifications wait, %zu may, and nobody was told",
			 c.open, o->sim->limits.outbox_rows);
}

/* ---- turns ----------------------------------------------------------------------------------- */

void oracle_turn(struct oracle *o)
{
	struct receivers *rs = world_receivers(o->sim->world);

	for (; o->seen_pages < receivers_pages(rs); o->seen_pages++) {
		const struct page *p = receivers_page(rs, o->seen_pages);
		struct str key = str_of(p->key);
		struct model_row row;

		if (p->refused)
			continue;
		if (key.n)
			count_key(o, key);
		if (!key.n || !model_outbox(o->model, key, &row))
			row.id = 0;
		truth_page(o->truth, p, (uint64_t)row.id, !key.n || sent_of(o, key)->arrived > 1);
	}
	if (!o->sim->core)
		return;
	check_firing(o);
	if (o->sim->limits.outbox_rows < 100)
		check_outbox(o);
}

static bool open_row(void *arg, const struct delivery_view *d)
{
	struct oracle *o = arg;

	if (is_open(d->status))
		sim_fail(o->sim, "L2", "delivery %llu to %.*s is still %s: %.*s",
			 (unsigned long long)d->id, STR_ARG(d->receiver),
			 outbox_status_name(d->status), STR_ARG(d->error));
	return true;
}

static bool self_alert(void *arg, const struct alert *a)
{
	struct oracle *o = arg;

	/* A receiver that was removed is told of for an hour. */
	if (a->source == ALERT_FROM_SELF && !alert_resolved(a, o->sim->now.wall) &&
	    !str_is(labels_get(a->labels, STR(LABEL_ALERTNAME)), "RouseReceiverFailing"))
		sim_fail(o->sim, "L1", "%.*s still fires",
			 STR_ARG(labels_get(a->labels, STR(LABEL_ALERTNAME))));
	return true;
}

void oracle_settled(struct oracle *o)
{
	oracle_turn(o);
	notify_deliveries(core_notify(o->sim->core), open_row, o);
	notify_alerts(core_notify(o->sim->core), self_alert, o);
	truth_settled(o->truth);
}
