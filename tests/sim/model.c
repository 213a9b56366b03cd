/* Tables as maps of rows, rows as texts of columns. */
#include "tests/sim/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/batch.h"
#include "store/store.h"

#define COLUMNS_MAX 24
#define ATTEMPTS_MAX 64
#define OUTBOX_SENT_STATUS 3 /* this and what follows are ends */

enum table {
	META,
	RULE_ALERT,
	RULE_GROUP,
	ALERT,
	AGG_GROUP,
	NOTICE,
	SILENCE,
	OUTBOX,
	EVENT,
	INCIDENT,
	INCIDENT_CYCLE,
	INCIDENT_EVENT,
	OVERRIDE,
	HEARTBEAT,
	MARK,
	TABLES
};

static const struct {
	const char *name;
	enum stmt load;
	size_t key; /* columns of it */
} TABLE[TABLES] = {
	[META] = {"meta", ST_META_LOAD, 1},
	[RULE_ALERT] = {"rule_alert", ST_RULE_ALERT_LOAD, 2},
	[RULE_GROUP] = {"rule_group", ST_RULE_GROUP_LOAD, 1},
	[ALERT] = {"alert", ST_ALERT_LOAD, 1},
	[AGG_GROUP] = {"agg_group", ST_GROUP_LOAD, 1},
	[NOTICE] = {"notice", ST_NOTICE_LOAD, 2},
	[SILENCE] = {"silence", ST_SILENCE_LOAD, 1},
	[OUTBOX] = {"outbox", ST_OUTBOX_LOAD, 1},
	[EVENT] = {"event", ST_EVENT_LOAD, 1},
	[INCIDENT] = {"incident", ST_INCIDENT_LOAD, 1},
	[INCIDENT_CYCLE] = {"incident_cycle", ST_CYCLE_LOAD, 2},
	[INCIDENT_EVENT] = {"incident_event", ST_INCIDENT_EVENT_LOAD, 1},
	[OVERRIDE] = {"override", ST_OVERRIDE_LOAD, 1},
	[HEARTBEAT] = {"heartbeat", ST_HEARTBEAT_LOAD, 1},
	[MARK] = {"mark", ST_MARK_LOAD, 1},
};

struct mrow {
	char *col[COLUMNS_MAX];
	size_t len[COLUMNS_MAX], n;
	int64_t num[COLUMNS_MAX];
};

struct tables {
	struct map t[TABLES]; /* key columns -> struct mrow */
};

struct model {
	struct tables now;
	struct batch *tail;	       /* what the last failed attempt held */
	size_t attempts[ATTEMPTS_MAX]; /* its first so many operations may be on disk */
	size_t n_attempts;
};

/* ---- rows ------------------------------------------------------------------------------------ */

static void row_free(struct mrow *r)
{
	for (size_t i = 0; r && i < r->n; i++)
		free(r->col[i]);
	free(r);
}

static void put_val(struct buf *b, const struct val *v)
{
	buf_clear(b);
	switch (v->kind) {
	case VAL_NULL: buf_addc(b, 'n'); break;
	case VAL_INT: buf_printf(b, "i%lld", (long long)v->i); break;
	case VAL_REAL: buf_printf(b, "r%.17g", v->d); break;
	case VAL_TEXT:
	case VAL_BLOB:
		buf_addc(b, 's');
		buf_add(b, v->s);
		break;
	}
}

static void set_col(struct mrow *r, size_t i, const struct val *v)
{
	struct buf b;
	size_t n;

	buf_init(&b, BUF_MAX_ANY);
	put_val(&b, v);
	free(r->col[i]);
	r->num[i] = v->kind == VAL_INT ? v->i : 0;
	r->col[i] = buf_take(&b, &n);
	r->len[i] = n;
}

static struct mrow *row_new(const struct val *v, size_t n)
{
	struct mrow *r = MEM_NEW(struct mrow);

	CHECK(n <= COLUMNS_MAX);
	r->n = n;
	for (size_t i = 0; i < n; i++)
		set_col(r, i, &v[i]);
	return r;
}

static bool row_eq(const struct mrow *a, const struct mrow *b)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->len[i] != b->len[i] || memcmp(a->col[i], b->col[i], a->len[i]) != 0)
			return false;
	}
	return a->n == b->n;
}

static void put_key(struct buf *b, const struct val *v, size_t n)
{
	struct buf one;

	buf_init(b, BUF_MAX_ANY);
	buf_init(&one, BUF_MAX_ANY);
	for (size_t i = 0; i < n; i++) {
		put_val(&one, &v[i]);
		buf_printf(b, "%zu:", buf_str(&one).n);
		buf_add(b, buf_str(&one));
	}
	buf_done(&one);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void tables_init(struct tables *t)
{
	for (int i = 0; i < TABLES; i++)
		map_init(&t->t[i]);
}

static void tables_done(struct tables *t)
{
	for (int i = 0; i < TABLES; i++) {
		map_each (&t->t[i], e)
			row_free(e->value);
		map_done(&t->t[i]);
	}
}

static void put(struct tables *t, enum table at, const struct val *v, size_t n)
{
	struct buf key;

	put_key(&key, v, TABLE[at].key);
	row_free(map_put(&t->t[at], buf_str(&key), row_new(v, n)));
	buf_done(&key);
}

static void del(struct tables *t, enum table at, const struct val *v)
{
	struct buf key;

	put_key(&key, v, TABLE[at].key);
	row_free(map_delete(&t->t[at], buf_str(&key)));
	buf_done(&key);
}

static void del_rule(struct tables *t, const struct val *rule)
{
	struct mrow want = {0};

	set_col(&want, 0, rule);
	map_each (&t->t[RULE_ALERT], e) {
		struct mrow *r = e->value;

		if (r->len[0] != want.len[0] || memcmp(r->col[0], want.col[0], r->len[0]) != 0)
			continue;
		map_delete(&t->t[RULE_ALERT], e->key);
		row_free(r);
	}
	free(want.col[0]);
}

/* status, next_at, attempts, provider_id, error, done_at; and the message when it is done. */
static void outbox_status(struct tables *t, const struct val *v, bool done)
{
	static const int to[] = {1, 9, 10, 11, 12, 13};
	struct buf key;
	struct mrow *r;

	put_key(&key, v, 1);
	r = map_get(&t->t[OUTBOX], buf_str(&key));
	buf_done(&key);
	for (size_t i = 0; r && i < ARRAY_LEN(to); i++)
		set_col(r, (size_t)to[i], &v[i + 1]);
	if (r && done)
		set_col(r, 7, &v[7]);
}

/* All with a smaller number in that column go. */
static void trim_events(struct tables *t, size_t col, int64_t from)
{
	map_each (&t->t[EVENT], e) {
		struct mrow *r = e->value;

		if (r->num[col] >= from)
			continue;
		map_delete(&t->t[EVENT], e->key);
		row_free(r);
	}
}

/* All rows of an incident go. */
static void del_of(struct tables *t, enum table at, size_t col, int64_t incident)
{
	map_each (&t->t[at], e) {
		struct mrow *r = e->value;

		if (r->num[col] != incident)
			continue;
		map_delete(&t->t[at], e->key);
		row_free(r);
	}
}

static void apply_one(struct tables *t, enum stmt st, const struct val *v, size_t n)
{
	switch (st) {
	case ST_META_PUT: put(t, META, v, n); break;
	case ST_RULE_ALERT_PUT: put(t, RULE_ALERT, v, n); break;
	case ST_RULE_ALERT_DEL: del(t, RULE_ALERT, v); break;
	case ST_RULE_ALERT_DEL_RULE: del_rule(t, v); break;
	case ST_RULE_GROUP_PUT: put(t, RULE_GROUP, v, n); break;
	case ST_RULE_GROUP_DEL: del(t, RULE_GROUP, v); break;
	case ST_ALERT_PUT: put(t, ALERT, v, n); break;
	case ST_ALERT_DEL: del(t, ALERT, v); break;
	case ST_GROUP_PUT: put(t, AGG_GROUP, v, n); break;
	case ST_GROUP_DEL: del(t, AGG_GROUP, v); break;
	case ST_NOTICE_PUT: put(t, NOTICE, v, n); break;
	case ST_NOTICE_DEL: del(t, NOTICE, v); break;
	case ST_SILENCE_PUT: put(t, SILENCE, v, n); break;
	case ST_SILENCE_DEL: del(t, SILENCE, v); break;
	case ST_OUTBOX_PUT: put(t, OUTBOX, v, n); break;
	case ST_OUTBOX_STATUS: outbox_status(t, v, false); break;
	case ST_OUTBOX_DONE: outbox_status(t, v, true); break;
	case ST_OUTBOX_DEL: del(t, OUTBOX, v); break;
	case ST_EVENT_PUT: put(t, EVENT, v, n); break;
	case ST_EVENT_TRIM: trim_events(t, 0, v[0].i + 1); break;
	case ST_EVENT_EXPIRE: trim_events(t, 1, v[0].i); break;
	case ST_INCIDENT_PUT: put(t, INCIDENT, v, n); break;
	case ST_INCIDENT_DEL: del(t, INCIDENT, v); break;
	case ST_CYCLE_PUT: put(t, INCIDENT_CYCLE, v, n); break;
	case ST_CYCLE_DEL: del_of(t, INCIDENT_CYCLE, 0, v[0].i); break;
	case ST_INCIDENT_EVENT_PUT: put(t, INCIDENT_EVENT, v, n); break;
	case ST_INCIDENT_EVENT_DEL: del_of(t, INCIDENT_EVENT, 1, v[0].i); break;
	case ST_OVERRIDE_PUT: put(t, OVERRIDE, v, n); break;
	case ST_OVERRIDE_DEL: del(t, OVERRIDE, v); break;
	case ST_HEARTBEAT_PUT: put(t, HEARTBEAT, v, n); break;
	case ST_HEARTBEAT_DEL: del(t, HEARTBEAT, v); break;
	case ST_MARK_PUT: put(t, MARK, v, n); break;
	case ST_MARK_DEL: del(t, MARK, v); break;
	case ST_META_LOAD:
	case ST_RULE_ALERT_LOAD:
	case ST_RULE_GROUP_LOAD:
	case ST_ALERT_LOAD:
	case ST_GROUP_LOAD:
	case ST_NOTICE_LOAD:
	case ST_SILENCE_LOAD:
	case ST_OUTBOX_LOAD:
	case ST_EVENT_LOAD:
	case ST_INCIDENT_LOAD:
	case ST_CYCLE_LOAD:
	case ST_INCIDENT_EVENT_LOAD:
	case ST_OVERRIDE_LOAD:
	case ST_HEARTBEAT_LOAD:
	case ST_MARK_LOAD:
	case ST_COUNT: CHECK(false);
	}
}

static void apply(struct tables *t, const struct batch *b, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct val *v;
		size_t n;
		enum stmt st = batch_at(b, i, &v, &n);

		apply_one(t, st, v, n);
	}
}

/* ---- the store ------------------------------------------------------------------------------- */

struct loading {
	struct tables *t;
	enum table at;
};

static bool load_row(void *arg, const struct val *v, size_t n)
{
	struct loading *l = arg;

	put(l->t, l->at, v, n);
	return true;
}

static bool load(struct store *s, struct tables *t, struct err *err)
{
	const struct val all = V_INT(1 << 30);

	for (int i = 0; i < TABLES; i++) {
		struct loading l = {.t = t, .at = (enum table)i};

		if (!store_select(s, TABLE[i].load, &all, i == EVENT, load_row, &l, err))
			return false;
	}
	return true;
}

static bool same(const struct tables *a, const struct tables *b, struct err *err)
{
	for (int i = 0; i < TABLES; i++) {
		if (i == META)
			continue; /* the store's own */
		map_each (&a->t[i], e) {
			const struct mrow *r = map_get(&b->t[i], e->key);

			if (!r)
				return err_set(err, -1, "%s lacks the row %.*s", TABLE[i].name,
					       STR_ARG(e->key));
			if (!row_eq(e->value, r))
				return err_set(err, -1, "%s has another row %.*s", TABLE[i].name,
					       STR_ARG(e->key));
		}
		if (a->t[i].n != b->t[i].n)
			return err_set(err, -1, "%s has %zu rows, not %zu", TABLE[i].name,
				       b->t[i].n, a->t[i].n);
	}
	return true;
}

bool model_check(struct model *m, struct store *s, struct err *err)
{
	struct tables got;
	size_t done = 0;
	bool ok;

	tables_init(&got);
	ok = load(s, &got, err) && same(&m->now, &got, err);
	for (size_t i = 0; !ok && i < m->n_attempts; i++) {
		apply(&m->now, m->tail, done, m->attempts[i]);
		done = m->attempts[i];
		ok = same(&m->now, &got, err);
	}
	tables_done(&m->now);
	m->now = got;
	batch_free(TAKE(m->tail));
	m->n_attempts = 0;
	return ok;
}

/* ---- life ------------------------------------------------------------------------------------ */

struct model *model_new(void)
{
	struct model *m = MEM_NEW(struct model);

	tables_init(&m->now);
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	tables_done(&m->now);
	batch_free(m->tail);
	free(m);
}

void model_clear(struct model *m)
{
	tables_done(&m->now);
	tables_init(&m->now);
	batch_free(TAKE(m->tail));
	m->n_attempts = 0;
}

void model_durable(struct model *m, const struct batch *b)
{
	apply(&m->now, b, 0, batch_count(b));
	batch_free(TAKE(m->tail));
	m->n_attempts = 0;
}

void model_doubtful(struct model *m, const struct batch *b)
{
	size_t n = batch_count(b);

	batch_free(m->tail);
	m->tail = batch_new();
	for (size_t i = 0; i < n; i++) {
		const struct val *v;
		size_t n_vals;
		enum stmt st = batch_at(b, i, &v, &n_vals);

		batch_add_vals(m->tail, st, v, n_vals);
	}
	if (m->n_attempts && m->attempts[m->n_attempts - 1] == n)
		return;
	if (m->n_attempts == ATTEMPTS_MAX)
		memmove(m->attempts, m->attempts + 1, --m->n_attempts * sizeof(n));
	m->attempts[m->n_attempts++] = n;
}

bool model_outbox(const struct model *m, struct str key, struct model_row *out)
{
	map_each (&m->now.t[OUTBOX], e) {
		const struct mrow *r = e->value;

		if (r->len[6] != key.n + 1 || memcmp(r->col[6] + 1, key.p, key.n) != 0)
			continue;
		*out = (struct model_row){.id = r->num[0],
					  .status = r->num[1],
					  .attempts = r->num[10]};
		return true;
	}
	return false;
}

bool model_outbox_key(const struct model *m, int64_t id, struct str *out)
{
	const struct mrow *r;
	struct buf key;

	put_key(&key, &V_INT(id), 1);
	r = map_get(&m->now.t[OUTBOX], buf_str(&key));
	buf_done(&key);
	if (r)
		*out = (struct str){.p = r->col[6] + 1, .n = r->len[6] - 1};
	return r != NULL;
}

size_t model_outbox_done(const struct model *m)
{
	size_t n = 0;

	map_each (&m->now.t[OUTBOX], e)
		n += ((const struct mrow *)e->value)->num[1] >= OUTBOX_SENT_STATUS;
	return n;
}

size_t model_events(const struct model *m)
{
	return m->now.t[EVENT].n;
}
