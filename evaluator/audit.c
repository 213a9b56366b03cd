/* The audit log; see audit.h. */
#include "evaluator/audit.h"

#include <stdlib.h>

#include "base/mem.h"
#include "evaluator/core_private.h"
#include "store/store.h"

#define KIND "audit"

static void keep(struct audit *a, ms_t at, struct str who, struct str what)
{
	struct audit_entry *e = &a->v[a->next];

	free(e->who);
	free(e->what);
	*e = (struct audit_entry){.at = at, .who = mem_str(who), .what = mem_str(what)};
	a->next = (a->next + 1) % AUDIT_SHOWN;
	a->n = MIN(a->n + 1, (size_t)AUDIT_SHOWN);
}

void core_audit(struct core *c, struct now now, struct str who, struct str what)
{
	who = str_cut(who, 0, MIN(who.n, (size_t)AUDIT_TEXT_MAX));
	what = str_cut(what, 0, MIN(what.n, (size_t)AUDIT_TEXT_MAX));
	core_event(c, now, KIND, who, "%.*s", STR_ARG(what));
	keep(&c->audit, now.wall, who, what);
}

void core_audit_each(const struct core *c, bool (*fn)(void *arg, const struct audit_entry *e),
		     void *arg)
{
	const struct audit *a = &c->audit;

	for (size_t i = 0; i < a->n; i++) {
		if (!fn(arg, &a->v[(a->next + AUDIT_SHOWN - 1 - i) % AUDIT_SHOWN]))
			return;
	}
}

struct found {
	struct audit *a;
	size_t n;
};

/* Rows come newest first: they are put in from the end of the ring. */
static bool load(void *arg, const struct val *v, size_t n)
{
	struct found *f = arg;

	CHECK(n == 5);
	if (!str_is(v[2].s, KIND))
		return true;
	f->n++;
	f->a->v[AUDIT_SHOWN - f->n] =
		(struct audit_entry){.at = v[1].i, .who = mem_str(v[3].s), .what = mem_str(v[4].s)};
	return f->n < AUDIT_SHOWN;
}

bool audit_restore(struct core *c, struct store *s, struct err *err)
{
	const struct val most = V_INT(c->limits.event_rows);
	struct found f = {.a = &c->audit};

	CHECK(!c->audit.n);
	if (!store_select(s, ST_EVENT_LOAD, &most, 1, load, &f, err))
		return false;
	c->audit.n = f.n;
	return true;
}

void audit_done(struct audit *a)
{
	for (size_t i = 0; i < AUDIT_SHOWN; i++) {
		free(a->v[i].who);
		free(a->v[i].what);
	}
}
