/*
 * Silences in memory and their rows. A record owns all of its strings and regular expressions in
 * one arena; a change makes a new record. Records that are over are kept for data_retention, so
 * that the past can be asked.
 *
 * Limits: SILENCES_MAX records of BYTES_MAX; one is refused beyond that, never an old one dropped.
 */
#include "notify/silence.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "notify/inner.h"
#include "notify/matcher.h"
#include "notify/reminder.h"
#include "store/store.h"

#define SILENCES_MAX 100000
#define MATCHERS_MAX 1000
#define BYTES_MAX 65536 /* of the texts of one */

struct kept_silence {
	struct arena arena;
	struct silence s;
	uint64_t seq;	       /* later ones have larger ones */
	struct bucket *bucket; /* of the index */
	struct kept_silence *prev, *next;
};

/* Silences that ask for the same value of the same label, by their first such matcher; those that
 * ask for none are in the bucket of the empty key. An alert can be caught only by those in the
 * buckets of its labels, and in that one. */
struct bucket {
	char *key;
	size_t n_key;
	struct kept_silence *first, *last;
};

enum silence_state silence_state(const struct silence *s, ms_t wall)
{
	if (wall < s->starts_at)
		return SILENCE_PENDING;
	return wall < s->ends_at ? SILENCE_ACTIVE : SILENCE_EXPIRED;
}

const char *silence_state_name(enum silence_state s)
{
	static const char *const names[] = {"pending", "active", "expired"};

	return names[s];
}

/* ---- rows ---------------------------------------------------------------------------------- */
static void put_matchers(struct buf *b, const struct silence *s)
{
	buf_addc(b, '[');
	for (size_t i = 0; i < s->n; i++) {
		buf_adds(b, i ? ",[" : "[");
		json_put_str(b, s->matchers[i].name);
		buf_printf(b, ",\"%s\",", match_op_text(s->matchers[i].op));
		json_put_str(b, s->matchers[i].value);
		buf_addc(b, ']');
	}
	buf_addc(b, ']');
}

static void store_silence(struct notify *n, const struct silence *s)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	put_matchers(&b, s);
	batch_add(notify_batch(n), ST_SILENCE_PUT, V_TEXT(s->id), V_TEXT(buf_str(&b)),
		  V_INT(s->starts_at), V_INT(s->ends_at), V_INT(s->updated_at),
		  V_TEXT(s->created_by), V_TEXT(s->comment), V_BLOB(labels_bytes(s->annotations)));
	buf_done(&b);
	n->version++;
}

static struct kept_silence *kept_new(const struct silence *in)
{
	struct kept_silence *k = MEM_NEW(struct kept_silence);
	struct err err = {0};

	arena_init(&k->arena);
	k->s = *in;
	k->s.id = arena_str(&k->arena, in->id);
	k->s.created_by = arena_str(&k->arena, in->created_by);
	k->s.comment = arena_str(&k->arena, in->comment);
	k->s.annotations = labels_dup(&k->arena, in->annotations);
	k->s.matchers = ARENA_ARRAY(&k->arena, struct matcher, in->n + 1);
	for (size_t i = 0; i < in->n; i++) {
		const struct matcher *m = &in->matchers[i];

		/* It was one before: it compiles again. */
		CHECK(am_matcher_init(&k->s.matchers[i], m->op, arena_str(&k->arena, m->name),
				      arena_str(&k->arena, m->value), &k->arena, &err));
	}
	return k;
}

static void kept_free(struct kept_silence *k)
{
	arena_done(&k->arena);
	free(k);
}

/* ---- the index ----------------------------------------------------------------------------- */
static void put_key(struct buf *b, struct str name, struct str value)
{
	buf_clear(b);
	buf_add(b, name);
	buf_addc(b, '\0');
	buf_add(b, value);
}

static void index_key(struct buf *b, const struct silence *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->matchers[i].op == MATCH_EQ && s->matchers[i].value.n) {
			put_key(b, s->matchers[i].name, s->matchers[i].value);
			return;
		}
	}
}

static void index_add(struct notify *n, struct kept_silence *k)
{
	struct bucket *bk;
	struct buf key;

	buf_init(&key, BUF_MAX_ANY);
	index_key(&key, &k->s);
	bk = map_get(&n->silence_index, buf_str(&key));
	if (!bk) {
		bk = MEM_NEW(struct bucket);
		map_put(&n->silence_index, buf_str(&key), bk);
		bk->key = buf_take(&key, &bk->n_key);
	}
	buf_done(&key);
	k->seq = ++n->last_silence;
	k->bucket = bk;
	k->prev = bk->last;
	*(bk->last ? &bk->last->next : &bk->first) = k;
	bk->last = k;
}

static void index_remove(struct notify *n, struct kept_silence *k)
{
	struct bucket *bk = k->bucket;

	*(k->prev ? &k->prev->next : &bk->first) = k->next;
	*(k->next ? &k->next->prev : &bk->last) = k->prev;
	if (bk->first)
		return;
	map_delete(&n->silence_index, (struct str){bk->key, bk->n_key});
	free(bk->key);
	free(bk);
}

/* ---- records ------------------------------------------------------------------------------- */
static void forget(struct notify *n, struct kept_silence *k)
{
	index_remove(n, k);
	map_delete(&n->silences, k->s.id);
	kept_free(k);
}

/* Puts a copy of the record in the place of one with the same id. */
static struct silence *keep(struct notify *n, const struct silence *in)
{
	struct kept_silence *k = kept_new(in), *old = map_get(&n->silences, k->s.id);

	if (old)
		forget(n, old);
	map_put(&n->silences, k->s.id, k);
	index_add(n, k);
	return &k->s;
}

void silence_free_all(struct notify *n)
{
	map_each (&n->silences, e) {
		index_remove(n, e->value);
		kept_free(e->value);
	}
	map_done(&n->silences);
	map_done(&n->silence_index);
}

static bool op_of(const char *text, enum match_op *out)
{
	for (int op = MATCH_EQ; op <= MATCH_NRE; op++) {
		if (text && strcmp(text, match_op_text((enum match_op)op)) == 0) {
			*out = (enum match_op)op;
			return true;
		}
	}
	return false;
}

static struct str text_of(struct arena *a, const json_t *s)
{
	return arena_str(a, (struct str){json_string_value(s), json_string_length(s)});
}

/* A row that does not read is a bug of another version: it silences nothing. */
static bool read_matchers(struct str json, struct arena *a, struct silence *s)
{
	json_t *root = json_loadb(json.p, json.n, JSON_ALLOW_NUL, NULL), *m;
	struct err err = {0};
	bool ok = json_array_size(root) > 0;
	size_t i;

	s->matchers = ARENA_ARRAY(a, struct matcher, json_array_size(root) + 1);
	s->n = json_array_size(root);
	json_array_foreach(root, i, m)
	{
		const json_t *name = json_array_get(m, 0), *value = json_array_get(m, 2);
		enum match_op op = MATCH_EQ;

		ok = ok && json_is_string(name) && json_is_string(value) &&
		     op_of(json_string_value(json_array_get(m, 1)), &op) &&
		     am_matcher_init(&s->matchers[i], op, text_of(a, name), text_of(a, value), a,
				     &err);
	}
	json_decref(root);
	return ok;
}

static bool restore_row(void *arg, const struct val *v, size_t n_vals)
{
	struct notify *n = arg;
	struct silence s = {.id = v[0].s,
			    .starts_at = v[2].i,
			    .ends_at = v[3].i,
			    .updated_at = v[4].i,
			    .created_by = v[5].s,
			    .comment = v[6].s};
	struct arena a;

	CHECK(n_vals == 8);
	if (annotations_valid(v[7].s))
		s.annotations = labels_of_bytes(v[7].s);
	arena_init(&a);
	if (read_matchers(v[1].s, &a, &s))
		keep(n, &s);
	arena_done(&a);
	return true;
}

bool silence_restore(struct notify *n, struct store *s, struct err *err)
{
	return store_select(s, ST_SILENCE_LOAD, NULL, 0, restore_row, n, err);
}

void silence_forget_old(struct notify *n, struct now now)
{
	map_each (&n->silences, e) {
		struct kept_silence *k = e->value;

		if (!n->env.data_retention || k->s.ends_at + n->env.data_retention > now.wall)
			continue;
		batch_add(notify_batch(n), ST_SILENCE_DEL, V_TEXT(k->s.id));
		forget(n, k);
		n->version++;
	}
}

/* ---- limits ------------------------------------------------------------------------------ */
static size_t varint(uint64_t v)
{
	size_t n = 1;

	while (v >>= 7)
		n++;
	return n;
}

static size_t field(size_t bytes)
{
	return bytes ? 1 + varint(bytes) + bytes : 0;
}

static size_t timestamp(ms_t at)
{
	uint64_t s = (uint64_t)(at / SECOND), ns = (uint64_t)(at % SECOND) * 1000000;
	size_t n = 1 + varint(s) + (ns ? 1 + varint(ns) : 0);

	return 1 + varint(n) + n;
}

/* Bytes of the silence as Alertmanager stores it (a message of protocol buffers), by which
 * --silences.max-silence-size-bytes is measured. */
static size_t size_of(const struct silence *s, struct now now)
{
	size_t set = 0, n = field(s->created_by.n) + field(s->comment.n) + field(36);
	struct labels_iter it = {0};
	struct label l;

	for (size_t i = 0; i < s->n; i++) {
		const struct matcher *m = &s->matchers[i];
		size_t one = field(m->name.n) + field(m->value.n) + (m->op == MATCH_EQ ? 0 : 2);

		set += 1 + varint(one) + one;
	}
	while (labels_next(s->annotations, &it, &l)) {
		size_t one = field(l.name.n) + field(l.value.n);

		n += 1 + varint(one) + one;
	}
	n += set + 1 + varint(set) + set; /* as a list, and as a set of its own */
	n += timestamp(s->starts_at) + timestamp(s->ends_at) + timestamp(now.wall);
	return 1 + varint(n) + n;
}

/* Only what says so itself counts as matching nothing: a="", a=~".*". */
static bool matches_empty(const struct matcher *m)
{
	return (m->op == MATCH_EQ || m->op == MATCH_RE) && m->matches_empty;
}

static bool within_limits(const struct notify *n, struct now now, const struct silence *s,
			  bool is_new, struct err *err)
{
	size_t most = n->env.limits->silences ? MIN(n->env.limits->silences, (size_t)SILENCES_MAX)
					      : SILENCES_MAX;
	size_t bytes = n->env.limits->silence_bytes
			       ? MIN(n->env.limits->silence_bytes, (size_t)BYTES_MAX)
			       : BYTES_MAX;
	size_t size = size_of(s, now);

	if (is_new && n->silences.n >= most)
		return err_set(err, -1, "exceeded maximum number of silences: %zu (limit: %zu)",
			       n->silences.n, most);
	return size <= bytes ||
	       err_set(err, -1, "silence exceeded maximum size: %zu bytes (limit: %zu bytes)", size,
		       bytes);
}

static bool valid(struct now now, const struct silence *s, struct err *err)
{
	bool empty = true;

	if (s->starts_at >= s->ends_at)
		return err_set(err, -1,
			       "Failed to create silence: start time must be before end time");
	if (s->ends_at < now.wall)
		return err_set(err, -1, "Failed to create silence: end time can't be in the past");
	if (!s->n)
		return err_set(err, -1, "invalid silence: at least one matcher required");
	if (s->n > MATCHERS_MAX)
		return err_set(err, -1, "invalid silence: more than %d matchers", MATCHERS_MAX);
	for (size_t i = 0; i < s->n; i++)
		empty = empty && matches_empty(&s->matchers[i]);
	return !empty || err_set(err, -1,
				 "invalid silence: at least one matcher must not match the empty "
				 "string");
}

/* ---- changes ----------------------------------------------------------------------------- */
static bool same_matchers(const struct silence *a, const struct silence *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct matcher *x = &a->matchers[i], *y = &b->matchers[i];

		if (x->op != y->op || !str_eq(x->name, y->name) || !str_eq(x->value, y->value))
			return false;
	}
	return true;
}

/* May the old record become the new one under its id? */
static bool keeps_id(const struct silence *old, const struct silence *in, struct now now)
{
	if (!same_matchers(old, in))
		return false;
	switch (silence_state(old, now.wall)) {
	case SILENCE_ACTIVE:
		return in->starts_at / SECOND == old->starts_at / SECOND && in->ends_at >= now.wall;
	case SILENCE_PENDING: return in->starts_at >= now.wall;
	case SILENCE_EXPIRED: break;
	}
	return false;
}

static void expire(struct notify *n, struct now now, struct silence *s)
{
	enum silence_state st = silence_state(s, now.wall);

	if (st == SILENCE_EXPIRED)
		return;
	if (st == SILENCE_PENDING)
		s->starts_at = now.wall;
	s->ends_at = now.wall;
	s->updated_at = now.wall;
	store_silence(n, s);
}

static struct str new_id(struct notify *n, char out[37])
{
	uint64_t hi = n->env.io->ops->entropy(n->env.io->host);
	uint64_t lo = n->env.io->ops->entropy(n->env.io->host);

	hi = (hi & ~0xF000ULL) | 0x4000; /* version 4 */
	lo = (lo & ~(3ULL << 62)) | 1ULL << 63;
	snprintf(out, 37, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(hi >> 32),
		 (unsigned)(hi >> 16 & 0xFFFF), (unsigned)(hi & 0xFFFF), (unsigned)(lo >> 48),
		 (unsigned long long)(lo & 0xFFFFFFFFFFFFULL));
	return str_of(out);
}

enum silence_result notify_silence_put(struct notify *n, struct now now, const struct silence *in,
				       struct str *id, struct err *err)
{
	struct kept_silence *old = in->id.n ? map_get(&n->silences, in->id) : NULL;
	struct silence s = *in;
	char fresh[37];

	if (in->id.n && !old)
		return SILENCE_NOT_FOUND;
	bool keeps = old && keeps_id(&old->s, in, now);

	if (!keeps)
		s.starts_at = MAX(s.starts_at, now.wall);
	if (!valid(now, in, err) || !within_limits(n, now, &s, !keeps, err))
		return SILENCE_INVALID;
	s.updated_at = now.wall;
	if (!keeps) {
		if (old)
			expire(n, now, &old->s);
		s.id = new_id(n, fresh);
	} else if (silence_state(&old->s, now.wall) == SILENCE_ACTIVE) {
		s.starts_at = old->s.starts_at;
	}

	struct silence *kept = keep(n, &s);

	store_silence(n, kept);
	*id = kept->id;
	reminder_update(n, now);
	return SILENCE_OK;
}

enum silence_result notify_silence_expire(struct notify *n, struct now now, struct str id)
{
	struct kept_silence *k = map_get(&n->silences, id);

	if (!k)
		return SILENCE_NOT_FOUND;
	expire(n, now, &k->s);
	reminder_update(n, now);
	return SILENCE_OK;
}

/* ---- questions ----------------------------------------------------------------------------- */
const struct silence *notify_silence(const struct notify *n, struct str id)
{
	const struct kept_silence *k = map_get(&n->silences, id);

	return k ? &k->s : NULL;
}

struct ranked {
	const struct silence *s;
	int group; /* 0 active, 1 pending, 2 over */
	ms_t by;
	size_t at;
};

static int rank_order(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->by != y->by)
		return x->by < y->by ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

void notify_silences(const struct notify *n, ms_t wall,
		     bool (*fn)(void *arg, const struct silence *s), void *arg)
{
	struct ranked *v = mem_alloc((n->silences.n + 1) * sizeof(*v));
	size_t count = 0;
	bool goes_on = true;

	map_each (&n->silences, e) {
		const struct silence *s = &((struct kept_silence *)e->value)->s;
		enum silence_state st = silence_state(s, wall);

		v[count] = (struct ranked){
			.s = s,
			.group = st == SILENCE_ACTIVE	 ? 0
				 : st == SILENCE_PENDING ? 1
							 : 2,
			.by = st == SILENCE_ACTIVE    ? s->ends_at
			      : st == SILENCE_PENDING ? s->starts_at
						      : -s->ends_at,
			.at = count,
		};
		count++;
	}
	qsort(v, count, sizeof(*v), rank_order);
	for (size_t i = 0; i < count && goes_on; i++)
		goes_on = fn(arg, v[i].s);
	free(v);
}

/* Those that catch an alert. */
struct caught {
	const struct kept_silence **v;
	size_t n, cap;
};

static int by_seq(const void *a, const void *b)
{
	const struct kept_silence *const *x = a, *const *y = b;

	return ((*x)->seq > (*y)->seq) - ((*x)->seq < (*y)->seq);
}

static void look_into(const struct notify *n, struct str key, ms_t wall, struct labels ls,
		      struct caught *c)
{
	const struct bucket *bk = map_get(&n->silence_index, key);

	for (const struct kept_silence *k = bk ? bk->first : NULL; k; k = k->next) {
		struct err err = {0};
		bool ok;

		if (silence_state(&k->s, wall) != SILENCE_ACTIVE ||
		    !am_matchers_test(k->s.matchers, k->s.n, ls, &ok, &err) || !ok)
			continue;
		c->v = mem_reserve(c->v, &c->cap, c->n + 1, sizeof(*c->v));
		c->v[c->n++] = k;
	}
}

void notify_silenced_by(const struct notify *n, ms_t wall, struct labels ls,
			bool (*fn)(void *arg, const struct silence *s), void *arg)
{
	struct labels_iter it = {0};
	struct caught c = {0};
	struct label l;
	struct buf key;

	if (!n->silences.n)
		return;
	buf_init(&key, BUF_MAX_ANY);
	look_into(n, STR(""), wall, ls, &c);
	while (labels_next(ls, &it, &l)) {
		put_key(&key, l.name, l.value);
		look_into(n, buf_str(&key), wall, ls, &c);
	}
	buf_done(&key);
	if (c.n > 1)
		qsort(c.v, c.n, sizeof(*c.v), by_seq);
	for (size_t i = 0; i < c.n; i++) {
		if (!fn(arg, &c.v[i]->s))
			break;
	}
	free(c.v);
}

static bool found(void *arg, const struct silence *s)
{
	*(const struct silence **)arg = s;
	return false;
}

const struct silence *notify_silenced(const struct notify *n, ms_t wall, struct labels ls)
{
	const struct silence *s = NULL;

	notify_silenced_by(n, wall, ls, found, &s);
	return s;
}
