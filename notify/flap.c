/* When alerts began; see flap.h. */
#include "notify/flap.h"

#include <stdlib.h>

#include "base/mem.h"
#include "notify/inner.h"

#define FLAPS_MAX 100000 /* beyond that the others are told change by change */
#define KEPT_FOR DAY	 /* the longest `within` */

/* The last begins, in a ring. */
struct flap {
	uint64_t hash;
	ms_t at[FLAP_TIMES_MAX]; /* mono */
	unsigned n;		 /* all of them; the last is at (n - 1) % FLAP_TIMES_MAX */
};

static struct str key_of(const uint64_t *hash)
{
	return (struct str){(const char *)hash, sizeof(*hash)};
}

void flap_note(struct notify *n, ms_t mono, const struct alert *a)
{
	struct flap *f;

	if (!n->config || !n->config->flapping)
		return;
	f = map_get(&n->flaps, key_of(&a->hash));
	if (!f) {
		if (n->flaps.n >= FLAPS_MAX)
			return;
		f = MEM_NEW(struct flap);
		f->hash = a->hash;
		map_put(&n->flaps, key_of(&a->hash), f);
	}
	f->at[f->n++ % FLAP_TIMES_MAX] = mono;
}

bool flap_is(const struct notify *n, ms_t mono, const struct route *r, const struct alert *a)
{
	const struct flap *f;

	if (!r->flap_times)
		return false;
	f = map_get(&n->flaps, key_of(&a->hash));
	return f && f->n >= r->flap_times &&
	       f->at[(f->n - r->flap_times) % FLAP_TIMES_MAX] > mono - r->flap_within;
}

void flap_expire(struct notify *n, ms_t mono)
{
	map_each (&n->flaps, e) {
		struct flap *f = e->value;

		if (f->at[(f->n - 1) % FLAP_TIMES_MAX] > mono - KEPT_FOR)
			continue;
		map_delete(&n->flaps, key_of(&f->hash));
		free(f);
	}
}

void flap_free(struct notify *n)
{
	map_each (&n->flaps, e)
		free(e->value);
	map_done(&n->flaps);
}
