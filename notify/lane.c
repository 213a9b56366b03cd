/*
 * Lanes: what one integration was told of one group (the notification log), and the order of what
 * is on its way to it. Destinations: one an integration, with its counters and its rest.
 *
 * A lane whose receiver knows of nothing that fires is the same as one that was never told, so
 * its notice is dropped; the next beginning is a first notification and a new message.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "notify/inner.h"
#include "store/store.h"

static void lane_key(struct buf *b, struct str group_key, struct str dest)
{
	buf_init(b, BUF_MAX_ANY);
	buf_add(b, group_key);
	buf_addc(b, '\0');
	buf_add(b, dest);
}

struct lane *lane_find(struct notify *n, struct str group_key, struct str dest)
{
	struct buf key;
	struct lane *l;

	lane_key(&key, group_key, dest);
	l = map_get(&n->lanes, buf_str(&key));
	buf_done(&key);
	return l;
}

struct lane *lane_get(struct notify *n, struct str group_key, struct dest *d)
{
	struct lane *l = lane_find(n, group_key, str_of(d->id));
	struct buf key;

	if (l)
		return l;
	l = MEM_NEW(struct lane);
	*l = (struct lane){.dest = d, .group_key = mem_str(group_key)};
	lane_key(&key, group_key, str_of(d->id));
	map_put(&n->lanes, buf_str(&key), l);
	buf_done(&key);
	return l;
}

static void clear_notice(struct lane *l)
{
	hashes_done(&l->firing);
	hashes_done(&l->resolved);
	hashes_done(&l->doubt);
	free(l->message_id);
	l->message_id = NULL;
	l->told = false;
}

static void lane_free(struct lane *l)
{
	clear_notice(l);
	free(l->group_key);
	free(l);
}

void lane_forget(struct lane *l)
{
	if (!l->told)
		return;
	batch_add(notify_batch(l->dest->n), ST_NOTICE_DEL, V_TEXT(str_of(l->group_key)),
		  V_TEXT(str_of(l->dest->id)));
	clear_notice(l);
}

void lane_release(struct notify *n, struct lane *l)
{
	struct buf key;

	if (l->users || l->first)
		return;
	lane_forget(l);
	lane_key(&key, str_of(l->group_key), str_of(l->dest->id));
	CHECK(map_delete(&n->lanes, buf_str(&key)) == l);
	buf_done(&key);
	lane_free(l);
}

struct told lane_told(const struct lane *l, struct now now, const struct row *before)
{
	const struct row *last = before ? NULL : l->last;

	for (const struct row *r = l->first; before && r != before; r = r->lane_next)
		last = r;
	if (last)
		return (struct told){.any = true,
				     .open = true,
				     .firing = last->firing,
				     .resolved = last->told_resolved};
	return (struct told){.any = l->told,
			     .firing = l->firing,
			     .resolved = l->resolved,
			     .doubt = l->doubt,
			     .age = now.mono - l->sent_mono};
}

static void store_notice(const struct lane *l)
{
	size_t n_firing, n_resolved, n_doubt;
	char *firing = hashes_bytes(l->firing, &n_firing);
	char *resolved = hashes_bytes(l->resolved, &n_resolved);
	char *doubt = hashes_bytes(l->doubt, &n_doubt);

	batch_add(notify_batch(l->dest->n), ST_NOTICE_PUT, V_TEXT(str_of(l->group_key)),
		  V_TEXT(str_of(l->dest->id)), V_INT(l->sent_at),
		  V_BLOB(((struct str){.p = firing, .n = n_firing})),
		  V_BLOB(((struct str){.p = resolved, .n = n_resolved})),
		  V_TEXT(str_of(l->message_id)), V_INT(l->expires_at),
		  V_BLOB(((struct str){.p = doubt, .n = n_doubt})));
	free(firing);
	free(resolved);
	free(doubt);
}

/* Takes the two sets; a notice that says nothing is none. */
static void set_notice(struct lane *l, struct hashes firing, struct hashes doubt)
{
	hashes_done(&l->firing);
	hashes_done(&l->doubt);
	l->firing = firing;
	l->doubt = doubt;
	if (!l->users || (!firing.n && !doubt.n)) {
		lane_forget(l);
		clear_notice(l);
		return;
	}
	l->told = true;
	store_notice(l);
}

/* What was told before and the row does not mention is in doubt; that happens only behind a row
 * that could not be delivered. */
void lane_note(struct lane *l, struct now now, const struct row *r, ms_t keep)
{
	struct hashes known = hashes_join(l->firing, l->doubt);
	struct hashes rest = hashes_minus(known, r->firing);
	struct hashes doubt = hashes_minus(rest, r->told_resolved);

	hashes_done(&known);
	hashes_done(&rest);
	hashes_done(&l->resolved);
	if (l->dest->to && !l->dest->to->send_resolved)
		doubt.n = 0; /* it does not hear of ends */
	l->resolved = hashes_dup(r->told_resolved);
	l->sent_at = now.wall;
	l->sent_mono = now.mono;
	l->expires_at = now.wall + keep;
	free(l->message_id);
	l->message_id = mem_str(str_of(r->provider_id));
	set_notice(l, hashes_dup(r->firing), doubt);
}

void lane_doubt(struct lane *l, struct now now, const struct row *r)
{
	struct hashes said = hashes_join(r->firing, r->told_resolved);
	struct hashes sure = hashes_minus(l->firing, r->told_resolved);
	struct hashes news = hashes_minus(said, sure);
	struct hashes doubt = hashes_join(l->doubt, news);

	hashes_done(&said);
	hashes_done(&news);
	if (!l->told) {
		l->message_id = mem_str(STR(""));
		l->sent_at = l->expires_at = now.wall;
		l->sent_mono = now.mono;
	}
	set_notice(l, sure, doubt);
}

struct dest *dest_get(struct notify *n, struct str id)
{
	struct dest *d = map_get(&n->dests, id);

	if (d)
		return d;
	d = MEM_NEW(struct dest);
	*d = (struct dest){.n = n,
			   .id = mem_str(id),
			   .unsure = true,
			   .last_sent_at = MS_NONE,
			   .last_failed_at = MS_NONE};
	map_put(&n->dests, id, d);
	return d;
}

void lane_free_all(struct notify *n)
{
	map_each (&n->lanes, e)
		lane_free(e->value);
	map_done(&n->lanes);
	map_each (&n->dests, e) {
		struct dest *d = e->value;

		timer_stop(n->env.timers, &d->timer);
		free(d->id);
		free(d->last_error);
		free(d->memo);
		free(d);
	}
	map_done(&n->dests);
}

struct restoring {
	struct notify *n;
	struct now now;
};

static bool restore_row(void *arg, const struct val *v, size_t n_vals)
{
	struct restoring *r = arg;
	struct lane *l = lane_get(r->n, v[0].s, dest_get(r->n, v[1].s));

	CHECK(n_vals == 8);
	clear_notice(l);
	l->told = true;
	l->sent_at = v[2].i;
	l->sent_mono = r->now.mono - MAX(r->now.wall - v[2].i, 0);
	l->held_mono = r->now.mono; /* perhaps: nobody knows */
	l->firing = hashes_from_bytes(v[3].s);
	l->resolved = hashes_from_bytes(v[4].s);
	l->message_id = mem_str(v[5].s);
	l->expires_at = v[6].i;
	l->doubt = hashes_from_bytes(v[7].s);
	return true;
}

bool lane_restore(struct notify *n, struct now now, struct store *s, struct err *err)
{
	struct restoring r = {.n = n, .now = now};

	return store_select(s, ST_NOTICE_LOAD, NULL, 0, restore_row, &r, err);
}
