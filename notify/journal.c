/* The ring of events and its rows; see journal.h. */
#include "notify/journal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/mem.h"
#include "notify/inner.h"
#include "store/store.h"

static const char *const KINDS[] =
	{[EVENT_OVER] = "alert-over", [EVENT_KEPT] = "alert-kept", [EVENT_FREED] = "alert-freed"};

static void event_free(struct event *e)
{
	labels_free(e->labels);
	free(e->group_key);
	free(e->by);
	free(e->object);
	free(e->text);
	free(e);
}

static void drop_oldest(struct journal *j)
{
	struct event *e = j->oldest;

	j->oldest = e->newer;
	*(e->newer ? &e->newer->older : &j->newest) = NULL;
	j->n--;
	event_free(e);
}

static void append(struct journal *j, struct event *e)
{
	e->older = j->newest;
	*(j->newest ? &j->newest->newer : &j->oldest) = e;
	j->newest = e;
	j->n++;
}

/* ---- writing ----------------------------------------------------------------------------- */
/* The details as JSON: what they are is the kind's. */
static void put_details(struct buf *b, const struct event *e)
{
	struct json_writer w = {.b = b};

	json_open(&w, NULL, '{');
	if (e->kind == EVENT_OVER) {
		struct labels_iter it = {0};
		struct label l;

		json_put_int(&w, "starts", e->starts_at);
		json_open(&w, "labels", '{');
		while (labels_next(e->labels, &it, &l)) {
			json_key(&w, l.name);
			json_put_str(b, l.value);
		}
		json_close(&w, '}');
	} else {
		json_put(&w, "group", str_of(e->group_key));
	}
	if (e->kind == EVENT_KEPT) {
		json_put(&w, "by", str_of(e->by));
		json_put(&w, "object", str_of(e->object));
		json_put(&w, "text", str_of(e->text));
	}
	json_close(&w, '}');
}

static void add(struct notify *n, struct event *e)
{
	struct journal *j = &n->journal;
	char subject[24];
	struct buf b;

	append(j, e);
	if (j->n > n->env.limits->event_rows)
		drop_oldest(j);
	if (!n->env.event)
		return;
	snprintf(subject, sizeof(subject), "%016llx", (unsigned long long)e->alert);
	buf_init(&b, BUF_MAX_ANY);
	put_details(&b, e);
	n->env.event(n->env.core, e->at, KINDS[e->kind], str_of(subject), buf_str(&b));
	buf_done(&b);
}

void journal_over(struct notify *n, const struct alert *a)
{
	struct event *e = MEM_NEW(struct event);

	*e = (struct event){.at = a->ends_at,
			    .kind = EVENT_OVER,
			    .alert = a->hash,
			    .starts_at = a->starts_at,
			    .labels = labels_heap(a->labels)};
	add(n, e);
}

void journal_kept(struct notify *n, ms_t wall, const struct alert *a, const char *group_key,
		  const struct keeper *k)
{
	struct event *e = MEM_NEW(struct event);

	*e = (struct event){.at = wall,
			    .kind = EVENT_KEPT,
			    .alert = a->hash,
			    .group_key = mem_str(str_of(group_key)),
			    .by = mem_str(str_of(k->by)),
			    .object = mem_str(k->object),
			    .text = mem_str(k->text)};
	add(n, e);
}

void journal_freed(struct notify *n, ms_t wall, const struct alert *a, const char *group_key)
{
	struct event *e = MEM_NEW(struct event);

	*e = (struct event){.at = wall,
			    .kind = EVENT_FREED,
			    .alert = a->hash,
			    .group_key = mem_str(str_of(group_key))};
	add(n, e);
}

void journal_expire(struct notify *n, ms_t wall)
{
	struct journal *j = &n->journal;

	while (n->env.data_retention > 0 && j->oldest &&
	       j->oldest->at < wall - n->env.data_retention)
		drop_oldest(j);
}

void journal_free(struct notify *n)
{
	while (n->journal.oldest)
		drop_oldest(&n->journal);
}

/* ---- reading ----------------------------------------------------------------------------- */
static char *text_of(const json_t *o, const char *key)
{
	return mem_str(str_of(json_string_value(json_object_get(o, key))));
}

static struct labels labels_from(json_t *o)
{
	struct labels_builder lb;
	struct labels out;
	const char *key;
	struct arena a;
	json_t *v;

	arena_init(&a);
	labels_builder_init(&lb);
	json_object_foreach(o, key, v)
		labels_builder_set(&lb, str_of(key), str_of(json_string_value(v)));
	out = labels_heap(labels_builder_build(&lb, &a));
	labels_builder_done(&lb);
	arena_done(&a);
	return out;
}

static bool kind_of(struct str name, enum event_kind *out)
{
	for (size_t i = 0; i < ARRAY_LEN(KINDS); i++) {
		if (str_is(name, KINDS[i])) {
			*out = (enum event_kind)i;
			return true;
		}
	}
	return false;
}

/* Rows come newest first. What cannot be read is left out: it is only history. */
static bool restore_row(void *arg, const struct val *v, size_t n_vals)
{
	struct notify *n = arg;
	struct journal *j = &n->journal;
	struct event *e;
	enum event_kind kind;
	char *hash;
	json_t *o;

	CHECK(n_vals == 5);
	if (!kind_of(v[2].s, &kind))
		return true; /* the evaluator's */
	o = json_loadb(v[4].s.p ? v[4].s.p : "", v[4].s.n, 0, NULL);
	if (!o)
		return true;
	hash = mem_str(v[3].s);
	e = MEM_NEW(struct event);
	*e = (struct event){
		.at = v[1].i,
		.kind = kind,
		.alert = strtoull(hash, NULL, 16),
		.starts_at = json_integer_value(json_object_get(o, "starts")),
		.labels = labels_from(json_object_get(o, "labels")),
		.group_key = text_of(o, "group"),
		.by = text_of(o, "by"),
		.object = text_of(o, "object"),
		.text = text_of(o, "text"),
		.newer = j->oldest,
	};
	free(hash);
	json_decref(o);
	*(j->oldest ? &j->oldest->older : &j->newest) = e;
	j->oldest = e;
	j->n++;
	return true;
}

bool journal_restore(struct notify *n, struct store *s, struct err *err)
{
	struct val most = V_INT(n->env.limits->event_rows);

	return store_select(s, ST_EVENT_LOAD, &most, 1, restore_row, n, err);
}
