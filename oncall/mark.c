/* Deploy marks; see mark.h. */
#include "oncall/mark.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "oncall/inner.h"
#include "store/store.h"

#define KEEP (90 * DAY)
#define MOST 5000

static struct str own(struct str s)
{
	s.n = MIN(s.n, (size_t)MARK_TITLE_MAX);
	return (struct str){.p = mem_str(s), .n = s.n};
}

static void mark_free(struct mark *m)
{
	free((void *)(uintptr_t)m->kind.p);
	free((void *)(uintptr_t)m->title.p);
	free((void *)(uintptr_t)m->service.p);
	free((void *)(uintptr_t)m->url.p);
	free((void *)(uintptr_t)m->by.p);
	free(m);
}

void mark_free_all(struct oncall *oc)
{
	for (size_t k = 0; k < oc->n_marks; k++)
		mark_free(oc->marks[k]);
	free(oc->marks);
}

static void add(struct oncall *oc, const struct mark *m)
{
	struct mark *copy = MEM_NEW(struct mark);

	*copy = (struct mark){.id = m->id,
			      .at = m->at,
			      .kind = own(m->kind),
			      .title = own(m->title),
			      .service = own(m->service),
			      .url = own(m->url),
			      .by = own(m->by)};
	oc->marks = mem_reserve(oc->marks, &oc->cap_marks, oc->n_marks + 1, sizeof(*oc->marks));
	oc->marks[oc->n_marks++] = copy;
	oc->last_mark = MAX(oc->last_mark, m->id);
}

static void drop_oldest(struct oncall *oc)
{
	batch_add(oncall_batch(oc), ST_MARK_DEL, V_INT(oc->marks[0]->id));
	mark_free(oc->marks[0]);
	oc->n_marks--;
	memmove(oc->marks, oc->marks + 1, oc->n_marks * sizeof(*oc->marks));
}

uint64_t oncall_mark(struct oncall *oc, const struct mark *m)
{
	struct mark with_id = *m;
	const struct mark *k;

	with_id.id = oc->last_mark + 1;
	add(oc, &with_id);
	k = oc->marks[oc->n_marks - 1];
	batch_add(oncall_batch(oc), ST_MARK_PUT, V_INT(k->id), V_INT(k->at), V_TEXT(k->kind),
		  V_TEXT(k->title), V_TEXT(k->service), V_TEXT(k->url), V_TEXT(k->by));
	while (oc->n_marks > MOST || oc->marks[0]->at < m->at - KEEP)
		drop_oldest(oc);
	oc->version++;
	return with_id.id;
}

void oncall_marks(const struct oncall *oc, ms_t from, ms_t to,
		  bool (*fn)(void *arg, const struct mark *m), void *arg)
{
	for (size_t k = oc->n_marks; k-- > 0;) {
		const struct mark *m = oc->marks[k];

		if (m->at >= from && m->at < to && !fn(arg, m))
			return;
	}
}

void incident_marks(const struct incident *i, ms_t wall,
		    bool (*fn)(void *arg, const struct mark *m), void *arg)
{
	ms_t end = i->resolved_at != MS_NONE ? i->resolved_at : wall + 1;

	oncall_marks(i->oncall, i->opened_at - MARK_BEFORE, end, fn, arg);
}

static bool load(void *arg, const struct val *v, size_t n)
{
	const struct mark m = {.id = (uint64_t)v[0].i,
			       .at = v[1].i,
			       .kind = v[2].s,
			       .title = v[3].s,
			       .service = v[4].s,
			       .url = v[5].s,
			       .by = v[6].s};

	CHECK(n == 7);
	add(arg, &m);
	return true;
}

bool mark_restore(struct oncall *oc, struct store *s, struct err *err)
{
	return store_select(s, ST_MARK_LOAD, NULL, 0, load, oc, err);
}
