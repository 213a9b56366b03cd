/* The slow account of what is allowed. */
#include "tests/sim/oracle.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/time.h"
#include "evaluator/core.h"
#include "notify/notify.h"
#include "store/batch.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

#define WATCHED_MAX 16
#define ROW_KEY 6 /* of OUTBOX_PUT: the idempotency key */

struct seen_answer {
	ms_t at; /* wall, shifted when the clock is stepped */
	bool holds;
};

/* One alert name whose truth is known at every moment. */
struct watch {
	char name[64];
	char expr[256];
	ms_t hold;
	bool holds;		 /* now, in truth */
	struct seen_answer *log; /* what rouse was answered, in order */
	size_t n_log, cap_log;
	struct map told; /* receiver host -> (void *)(1 resolved, 2 firing) */
};

struct oracle {
	struct sim *sim;
	struct map durable; /* idempotency keys */
	struct map arrived; /* key -> count of deliveries that were taken */
	bool store_failed, forgetful, stepped;
	struct watch watch[WATCHED_MAX];
	size_t n_watch;
	size_t seen_pages;
};

struct oracle *oracle_new(struct sim *s)
{
	struct oracle *o = MEM_NEW(struct oracle);

	o->sim = s;
	map_init(&o->durable);
	map_init(&o->arrived);
	return o;
}

void oracle_free(struct oracle *o)
{
	map_done(&o->durable);
	map_done(&o->arrived);
	for (size_t i = 0; i < o->n_watch; i++) {
		map_done(&o->watch[i].told);
		free(o->watch[i].log);
	}
	free(o);
}

void oracle_watch(struct oracle *o, const char *alertname, const char *expr, ms_t hold)
{
	struct watch *w = &o->watch[o->n_watch++];

	CHECK(o->n_watch <= WATCHED_MAX);
	*w = (struct watch){.hold = hold};
	snprintf(w->name, sizeof(w->name), "%s", alertname);
	snprintf(w->expr, sizeof(w->expr), "%s", expr);
	map_init(&w->told);
}

/* ---- S2
 * -------------------------------------------------------------------------------------------- */

void oracle_durable(struct oracle *o, const struct batch *b)
{
	for (size_t i = 0; i < batch_count(b); i++) {
		const struct val *v;
		size_t n;

		if (batch_at(b, i, &v, &n) == ST_OUTBOX_PUT)
			map_put(&o->durable, v[ROW_KEY].s, o);
	}
}

void oracle_store_failed(struct oracle *o)
{
	o->store_failed = true;
}

void oracle_crashed(struct oracle *o)
{
	/* What the store did not take is forgotten now; rouse said that it may tell it twice. */
	o->forgetful |= o->store_failed;
}

void oracle_page_starts(struct oracle *o, struct str key)
{
	if (key.n && !o->store_failed && !map_get(&o->durable, key))
		sim_fail(o->sim, "S2", "page %.*s starts before it is durable", STR_ARG(key));
}

/* ---- pages that arrived
 * ------------------------------------------------------------------------------ */

static void count_key(struct oracle *o, const struct page *p)
{
	struct str key = str_of(p->key);
	intptr_t n = (intptr_t)map_get(&o->arrived, key) + 1;
	size_t allowed = 1 + o->sim->crashes + o->sim->ambiguous;

	if (!key.n)
		return;
	map_put(&o->arrived, key, (void *)n);
	if ((size_t)n > allowed)
		sim_fail(o->sim, "S3", "page %s arrived %ld times, %zu are explained", p->key,
			 (long)n, allowed);
}

static struct watch *watched(struct oracle *o, const char *name)
{
	for (size_t i = 0; i < o->n_watch; i++) {
		if (name && strcmp(o->watch[i].name, name) == 0)
			return &o->watch[i];
	}
	return NULL;
}

enum { TOLD_RESOLVED = 1, TOLD_FIRING = 2 };

void oracle_answer(struct oracle *o, struct str expr, ms_t at, bool holds)
{
	for (size_t i = 0; i < o->n_watch; i++) {
		struct watch *w = &o->watch[i];

		if (!str_is(expr, w->expr))
			continue;
		w->log = mem_reserve(w->log, &w->cap_log, w->n_log + 1, sizeof(*w->log));
		w->log[w->n_log++] = (struct seen_answer){.at = at, .holds = holds};
	}
}

void oracle_clock_stepped(struct oracle *o, ms_t by)
{
	o->stepped = true;
	for (size_t i = 0; i < o->n_watch; i++) {
		for (size_t k = 0; k < o->watch[i].n_log; k++)
			o->watch[i].log[k].at += by;
	}
}

/* Since when the answers up to `at` have held without a break; MAX: they do not. */
static ms_t held_since(const struct watch *w, ms_t at)
{
	ms_t since = INT64_MAX;

	for (size_t i = 0; i < w->n_log && w->log[i].at <= at; i++) {
		if (!w->log[i].holds)
			since = INT64_MAX;
		else if (since == INT64_MAX)
			since = w->log[i].at;
	}
	return since;
}

static bool gone_between(const struct watch *w, ms_t from, ms_t to)
{
	for (size_t i = 0; i < w->n_log; i++) {
		if (w->log[i].at >= from && w->log[i].at <= to && !w->log[i].holds)
			return true;
	}
	return false;
}

/* Times in messages are those of the clock that was right when they were made. */
static void check_times(struct oracle *o, struct watch *w, const json_t *a, bool firing)
{
	ms_t starts = 0, ends = 0;

	if (o->stepped)
		return;
	CHECK(time_rfc3339(str_of(json_string_value(json_object_get(a, "startsAt"))), &starts));
	if (firing) {
		ms_t since = held_since(w, starts);

		if (since == INT64_MAX || starts - since < w->hold)
			sim_fail(o->sim, "S9", "%s fires after %lld ms, for is %lld ms", w->name,
				 (long long)(since == INT64_MAX ? -1 : starts - since),
				 (long long)w->hold);
		return;
	}
	CHECK(time_rfc3339(str_of(json_string_value(json_object_get(a, "endsAt"))), &ends));
	if (!gone_between(w, starts, ends))
		sim_fail(o->sim, "S8", "%s is told as resolved, but no answer ever said so",
			 w->name);
}

static void check_alert(struct oracle *o, const struct page *p, struct watch *w, const json_t *a,
			bool firing)
{
	intptr_t before = (intptr_t)map_get(&w->told, str_of(p->to));
	bool repeated = (intptr_t)map_get(&o->arrived, str_of(p->key)) > 1;

	check_times(o, w, a, firing);
	if (!firing && before != TOLD_FIRING && !repeated && !o->forgetful)
		sim_fail(o->sim, "S6", "%s is told as resolved to %s, which was told %s", w->name,
			 p->to, before ? "so already" : "nothing");
	map_put(&w->told, str_of(p->to), (void *)(intptr_t)(firing ? TOLD_FIRING : TOLD_RESOLVED));
}

static void check_page(struct oracle *o, const struct page *p)
{
	json_t *root, *alerts, *a;
	size_t i;

	if (p->refused)
		return;
	count_key(o, p);
	root = json_loads(p->body, 0, NULL);
	alerts = json_object_get(root, "alerts");
	json_array_foreach(alerts, i, a)
	{
		const char *status = json_string_value(json_object_get(a, "status"));
		const json_t *labels = json_object_get(a, "labels");
		struct watch *w =
			watched(o, json_string_value(json_object_get(labels, "alertname")));

		if (w && status)
			check_alert(o, p, w, a, strcmp(status, "firing") == 0);
	}
	json_decref(root);
}

/* ---- every turn
 * ------------------------------------------------------------------------------------- */

void oracle_turn(struct oracle *o)
{
	for (; o->seen_pages < world_pages(o->sim->world); o->seen_pages++)
		check_page(o, world_page(o->sim->world, o->seen_pages));
}

/* ---- the end
 * ----------------------------------------------------------------------------------------- */

static bool open_row(void *arg, const struct delivery_view *d)
{
	struct oracle *o = arg;

	if (d->status == OUTBOX_QUEUED || d->status == OUTBOX_RETRY || d->status == OUTBOX_SENDING)
		sim_fail(o->sim, "L2", "delivery %llu to %.*s is still %s: %.*s",
			 (unsigned long long)d->id, STR_ARG(d->receiver),
			 outbox_status_name(d->status), STR_ARG(d->error));
	return true;
}

void oracle_settled(struct oracle *o)
{
	oracle_turn(o);
	notify_deliveries(core_notify(o->sim->core), open_row, o);
	for (size_t i = 0; i < o->n_watch; i++) {
		struct watch *w = &o->watch[i];

		w->holds = world_truth(o->sim->world, str_of(w->expr)) > 0;
		map_each (&w->told, e) {
			bool firing = (intptr_t)e->value == TOLD_FIRING;

			if (firing != w->holds && (w->holds || !o->forgetful))
				sim_fail(o->sim, "L1", "%s %s, but %.*s was last told it is %s",
					 w->name, w->holds ? "holds" : "is over", STR_ARG(e->key),
					 firing ? "firing" : "resolved");
		}
		if (w->holds && !w->told.n)
			sim_fail(o->sim, "L1", "%s holds and nobody was told", w->name);
	}
}
