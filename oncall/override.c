/* Overrides: changes of the plan that live in the store, not in the file. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/time.h"
#include "oncall/inner.h"
#include "store/store.h"

#define KEEP (90 * DAY) /* after its end: the past can be asked too */
#define MOST 10000

static struct str own(struct str s)
{
	return (struct str){.p = mem_str(s), .n = s.n};
}

static void disown(struct str s)
{
	free((void *)(uintptr_t)s.p);
}

static struct override *override_copy(const struct override *o)
{
	struct override *c = MEM_NEW(struct override);

	*c = *o;
	c->schedule = own(o->schedule);
	c->add = own(o->add);
	c->remove = own(o->remove);
	c->by = own(o->by);
	return c;
}

static void override_free(struct override *o)
{
	disown(o->schedule);
	disown(o->add);
	disown(o->remove);
	disown(o->by);
	free(o);
}

void override_free_all(struct oncall *oc)
{
	for (size_t k = 0; k < oc->n_overrides; k++)
		override_free(oc->overrides[k]);
	free(oc->overrides);
}

static void add(struct oncall *oc, struct override *o)
{
	oc->overrides = mem_reserve(oc->overrides, &oc->cap_overrides, oc->n_overrides + 1,
				    sizeof(*oc->overrides));
	oc->overrides[oc->n_overrides++] = o;
	oc->last_override = MAX(oc->last_override, o->id);
}

static void drop(struct oncall *oc, size_t at)
{
	batch_add(oncall_batch(oc), ST_OVERRIDE_DEL, V_INT(oc->overrides[at]->id));
	override_free(oc->overrides[at]);
	for (size_t k = at + 1; k < oc->n_overrides; k++)
		oc->overrides[k - 1] = oc->overrides[k];
	oc->n_overrides--;
}

/* Who is being paged may have to be somebody else now. */
static void plan_changed(struct oncall *oc, struct now now)
{
	oc->version++;
	for (size_t k = 0; k < oc->n; k++) {
		struct incident *i = oc->incidents[k];

		if (i->status != INCIDENT_TRIGGERED || i->handoff_at == MS_NONE)
			continue;
		i->handoff_at = now.wall;
		incident_settle(i, now);
	}
}

const struct override *const *oncall_overrides(const struct oncall *oc, size_t *n)
{
	*n = oc->n_overrides;
	return (const struct override *const *)oc->overrides;
}

void oncall_who(const struct oncall *oc, const struct schedule *s, ms_t at, struct roster *out)
{
	schedule_at(oc->config, s, (const struct override *const *)oc->overrides, oc->n_overrides,
		    at, out);
}

static void write_down(struct oncall *oc, const struct override *o)
{
	batch_add(oncall_batch(oc), ST_OVERRIDE_PUT, V_INT(o->id), V_INT(o->kind),
		  V_TEXT(o->schedule), V_TEXT(o->add), V_TEXT(o->remove), V_INT(o->from),
		  V_INT(o->to), V_TEXT(o->by), V_INT(o->made_at));
}

/* "override 7: bob instead of alice from ... to ..., by alice (API)" */
static void trail(struct oncall *oc, struct now now, const char *kind, const struct override *o,
		  struct actor by)
{
	struct buf b;

	if (!oc->env.event)
		return;
	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b, "override %llu: ", (unsigned long long)o->id);
	override_put_what(&b, o);
	buf_adds(&b, " from ");
	time_put_rfc3339(&b, o->from);
	buf_adds(&b, " to ");
	time_put_rfc3339(&b, o->to);
	buf_printf(&b, ", by %.*s (%.*s)", STR_ARG(by.who), STR_ARG(by.means));
	oc->env.event(oc->env.core, now.wall, kind, o->schedule, buf_str(&b));
	buf_done(&b);
}

bool oncall_override_put(struct oncall *oc, struct now now, const struct override *o,
			 struct str means, uint64_t *id, struct err *err)
{
	struct override *kept;

	if (!oc->config)
		return err_set(err, -1, "there is no configuration yet");
	for (size_t k = oc->n_overrides; k-- > 0;) {
		if (oc->overrides[k]->to < now.wall - KEEP)
			drop(oc, k);
	}
	if (oc->n_overrides >= MOST)
		return err_set(err, -1, "there are %d overrides already", MOST);
	if (!override_check(oc->config, o, (const struct override *const *)oc->overrides,
			    oc->n_overrides, now.wall, err))
		return false;
	kept = override_copy(o);
	kept->id = oc->last_override + 1;
	kept->made_at = now.wall;
	add(oc, kept);
	write_down(oc, kept);
	trail(oc, now, "override-made", kept, (struct actor){.who = kept->by, .means = means});
	plan_changed(oc, now);
	*id = kept->id;
	return true;
}

bool oncall_override_delete(struct oncall *oc, struct now now, uint64_t id, struct actor by)
{
	for (size_t k = 0; k < oc->n_overrides; k++) {
		struct override *o = oc->overrides[k];

		if (o->id != id || o->to <= now.wall)
			continue;
		trail(oc, now, "override-ended", o, by);
		if (o->from < now.wall) {
			o->to = now.wall;
			write_down(oc, o);
		} else {
			drop(oc, k);
		}
		plan_changed(oc, now);
		return true;
	}
	return false;
}

static bool load(void *arg, const struct val *v, size_t n)
{
	struct override o = {.id = (uint64_t)v[0].i,
			     .kind = (enum override_kind)v[1].i,
			     .schedule = v[2].s,
			     .add = v[3].s,
			     .remove = v[4].s,
			     .from = v[5].i,
			     .to = v[6].i,
			     .by = v[7].s,
			     .made_at = v[8].i};

	CHECK(n == 9);
	add(arg, override_copy(&o));
	return true;
}

bool override_restore(struct oncall *oc, struct store *s, struct err *err)
{
	return store_select(s, ST_OVERRIDE_LOAD, NULL, 0, load, oc, err);
}
