/* Drills: by hand and on their days; see drill.h. */
#include "oncall/drill.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "oncall/inner.h"
#include "store/store.h"

#define KEY "drill "
#define META "drill "
#define FAILED "RouseDrillFailed"

/* A drill of the configuration; it outlives a reload by its name. */
struct drill_run {
	struct oncall *oc;
	char *name;
	ms_t last; /* when it began last, or was first heard of; wall */
	bool stored;
	struct timer timer;
};

/* ---- incidents that are drills ------------------------------------------------------------- */
bool incident_is_drill(const struct incident *i)
{
	return str_starts(str_of(i->key), KEY);
}

uint64_t oncall_drill(struct oncall *oc, struct now now, struct str policy, struct str by)
{
	char key[200], title[200], words[300];
	const struct incident *open;
	struct report r = {.policy = policy, .urgent = true, .firing = true};
	char *snapshot;
	uint64_t id;

	if (!oc->config || !oncall_policy(oc->config, policy))
		return 0;
	snprintf(key, sizeof(key), KEY "%.*s", (int)MIN(policy.n, (size_t)150), policy.p);
	snprintf(title, sizeof(title), "DRILL of policy %.*s", (int)MIN(policy.n, (size_t)150),
		 policy.p);
	snprintf(words, sizeof(words),
		 "%s: nothing is wrong. Acknowledge, to show that pages arrive.", title);
	open = oncall_open_of(oc, str_of(key));
	if (open)
		return open->id;
	r.key = str_of(key);
	r.title = str_of(title);
	snapshot = oc->env.snapshot(oc->env.arg, now, STR("DRILL"), str_of(words));
	r.snapshot = str_of(snapshot);
	id = oncall_open(oc, now, &r, by);
	free(snapshot);
	return id;
}

static void say_result(struct incident *i, struct now now, bool failed)
{
	struct oncall *oc = i->oncall;

	oc->env.self_alert(oc->env.arg, now, STR(FAILED), str_of(i->policy),
			   STR("nobody acknowledged the drill of this policy"), failed);
}

void drill_acknowledged(struct incident *i, struct now now, struct str who)
{
	if (!incident_is_drill(i))
		return;
	say_result(i, now, false);
	incident_resolve(i, now, who, STR("the drill is passed"));
}

ms_t drill_due(const struct incident *i)
{
	bool open = i->status == INCIDENT_TRIGGERED || i->status == INCIDENT_ACKNOWLEDGED;

	return open && incident_is_drill(i) ? i->opened_at + DRILL_PATIENCE : MS_NONE;
}

void drill_fail(struct incident *i, struct now now)
{
	say_result(i, now, true);
	incident_resolve(i, now, STR(""), STR("the drill has failed: nobody acknowledged"));
}

/* ---- on their days ------------------------------------------------------------------------- */
static const struct drill *drill_of(const struct drill_run *d)
{
	const struct oncall_config *c = d->oc->config;

	for (size_t i = 0; c && i < c->n_drills; i++) {
		if (str_is(c->drills[i].name, d->name))
			return &c->drills[i];
	}
	return NULL;
}

static void remember(struct drill_run *d, ms_t at)
{
	char key[200], text[30];

	d->last = at;
	d->stored = true;
	snprintf(key, sizeof(key), META "%s", d->name);
	snprintf(text, sizeof(text), "%lld", (long long)at);
	batch_add(oncall_batch(d->oc), ST_META_PUT, V_TEXT(str_of(key)), V_TEXT(str_of(text)));
}

static void begin(struct drill_run *d, struct now now, const struct drill *c)
{
	struct oncall *oc = d->oc;

	if (c->policy.n)
		oncall_drill(oc, now, c->policy, STR("the plan"));
	else
		oc->env.drill_person(oc->env.arg, now, c->person, STR("the plan"));
}

static void plan(struct drill_run *d);

static void due(struct timer *t, struct now now)
{
	struct drill_run *d = CONTAINER(t, struct drill_run, timer);
	const struct drill *c = drill_of(d);
	ms_t at = c ? rotation_at(&c->clock, d->last).to : MS_NONE;

	if (!c || now.wall < at)
		return;
	/* Of several that were missed the last one counts. */
	at = rotation_at(&c->clock, now.wall).from;
	remember(d, now.wall);
	if (now.wall - at <= DRILL_LATE)
		begin(d, now, c);
	plan(d);
}

static void plan(struct drill_run *d)
{
	const struct drill *c = drill_of(d);

	if (c && !d->oc->stopped)
		timer_set(d->oc->env.timers, &d->timer, TIMER_WALL,
			  rotation_at(&c->clock, d->last).to, due);
	else
		timer_stop(d->oc->env.timers, &d->timer);
}

static struct drill_run *run_of(struct oncall *oc, struct str name)
{
	struct drill_run *d;

	for (size_t i = 0; i < oc->n_drills; i++) {
		if (str_is(name, oc->drills[i]->name))
			return oc->drills[i];
	}
	d = MEM_NEW(struct drill_run);
	d->oc = oc;
	d->name = mem_str(name);
	oc->drills =
		mem_reserve(oc->drills, &oc->cap_drills, oc->n_drills + 1, sizeof(*oc->drills));
	oc->drills[oc->n_drills++] = d;
	return d;
}

void drill_configure(struct oncall *oc, struct now now)
{
	for (size_t i = 0; i < oc->config->n_drills; i++) {
		struct drill_run *d = run_of(oc, oc->config->drills[i].name);

		/* One that is new waits for its next day. */
		if (!d->stored)
			remember(d, now.wall);
	}
	for (size_t i = 0; i < oc->n_drills; i++)
		plan(oc->drills[i]);
}

bool drill_load(void *oncall, const struct val *v, size_t n)
{
	struct drill_run *d;
	int64_t at;

	CHECK(n == 2);
	if (!str_starts(v[0].s, META) || num_int(v[1].s, 10, &at) != NUM_OK)
		return true;
	d = run_of(oncall, str_from(v[0].s, strlen(META)));
	d->last = at;
	d->stored = true;
	return true;
}

void drill_stop_all(struct oncall *oc)
{
	for (size_t i = 0; i < oc->n_drills; i++)
		timer_stop(oc->env.timers, &oc->drills[i]->timer);
}

void drill_free_all(struct oncall *oc)
{
	drill_stop_all(oc);
	for (size_t i = 0; i < oc->n_drills; i++) {
		free(oc->drills[i]->name);
		free(oc->drills[i]);
	}
	free(oc->drills);
}
