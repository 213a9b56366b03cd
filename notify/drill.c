/*
 * Tries of contacts: drills of a person, and canaries, which try a contact that has changed. They
 * take the way of every page: outbox, receiver, retries. One that is refused is told like every
 * page that is refused (RouseReceiverFailing names the contact).
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/yaml.h"
#include "notify/inner.h"
#include "notify/paging.h"
#include "oncall/config.h"
#include "store/store.h"

#define META "contact "
#define CANARY_EVERY HOUR /* of one contact, at most */
#define HASH_CHARS 16

/* What a contact was like when it was seen last. */
struct canary {
	char hash[HASH_CHARS + 1];
	ms_t at; /* when it was tried last; wall; 0: never */
};

/* ---- what is said -------------------------------------------------------------------------- */
static void try_contact(struct notify *n, struct now now, const struct integration *to,
			struct str key, struct str title, struct str words)
{
	const struct paging_words w = {.to = to,
				       .key = key,
				       .reason = STR("a drill"),
				       .title = title,
				       .text = words,
				       .starts_at = now.wall,
				       .ends_at = MS_NONE};

	paging_say(n, now, &w);
}

/* ---- drills -------------------------------------------------------------------------------- */
uint64_t notify_drill(struct notify *n, struct now now, struct str person, struct str by)
{
	const struct oncall_config *c = n->config ? n->config->oncall : NULL;
	const struct person *p = c ? oncall_person(c, person) : NULL;
	const struct receiver *rc = p ? &n->config->people[p - c->people] : NULL;
	uint64_t id = n->next_id;
	struct arena a;

	if (!rc || !rc->n)
		return 0;
	arena_init(&a);
	notify_enter(n);
	for (size_t i = 0; i < rc->n; i++)
		try_contact(n, now, &rc->integrations[i],
			    arena_printf(&a, "drill/%llu", (unsigned long long)id), STR("DRILL"),
			    arena_printf(&a,
					 "DRILL by %.*s: nothing is wrong. %.*s would be paged "
					 "here "
					 "(%.*s).",
					 (int)MIN(by.n, (size_t)100), by.p, STR_ARG(p->name),
					 STR_ARG(p->contacts[i].name)));
	notify_leave(n, now);
	arena_done(&a);
	return id;
}

/* ---- canaries ------------------------------------------------------------------------------ */
static void put_node(struct buf *b, const struct yaml_node *y)
{
	buf_printf(b, "%d(", (int)y->kind);
	if (y->kind == YAML_SCALAR)
		buf_add(b, y->value);
	for (size_t i = 0; y->kind == YAML_LIST && i < y->n; i++)
		put_node(b, y->items[i]);
	for (size_t i = 0; y->kind == YAML_MAP && i < y->n; i++) {
		put_node(b, y->pairs[i].key);
		put_node(b, y->pairs[i].value);
	}
	buf_addc(b, ')');
}

static void hash_of(const struct contact *c, char out[HASH_CHARS + 1])
{
	char hex[HASH_SHA256_HEX];
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_add(&b, c->kind);
	put_node(&b, c->entry);
	hash_sha256_hex(buf_str(&b), hex);
	memcpy(out, hex, HASH_CHARS);
	out[HASH_CHARS] = 0;
	buf_done(&b);
}

static void remember(struct notify *n, struct str dest, const struct canary *c)
{
	struct arena a;

	arena_init(&a);
	batch_add(notify_batch(n), ST_META_PUT,
		  V_TEXT(arena_printf(&a, META "%.*s", STR_ARG(dest))),
		  V_TEXT(arena_printf(&a, "%s %lld", c->hash, (long long)c->at)));
	arena_done(&a);
}

/* `fresh`: nothing is known of any contact, this is the first start with people. */
static void look_at(struct notify *n, struct now now, const struct person *p, size_t i, bool fresh)
{
	const struct integration *to =
		&n->config->people[p - n->config->oncall->people].integrations[i];
	struct canary *c = map_get(&n->canaries, to->id), seen = {0};
	struct arena a;

	hash_of(&p->contacts[i], seen.hash);
	if (c && strcmp(c->hash, seen.hash) == 0)
		return;
	if (c && c->at && now.wall - c->at < CANARY_EVERY)
		return; /* it is not seen yet: the next reload or start tries it */
	if (!c) {
		c = MEM_NEW(struct canary);
		map_put(&n->canaries, to->id, c);
	}
	seen.at = c->at;
	if (!fresh && n->config->oncall->canary) {
		arena_init(&a);
		seen.at = now.wall;
		try_contact(n, now, to,
			    arena_printf(&a, "canary/%llu", (unsigned long long)n->next_id),
			    STR("TEST"),
			    arena_printf(&a,
					 "TEST: nothing is wrong. From now on %.*s is paged here "
					 "(%.*s).",
					 STR_ARG(p->name), STR_ARG(p->contacts[i].name)));
		arena_done(&a);
	}
	*c = seen;
	remember(n, to->id, c);
}

void canary_configure(struct notify *n, struct now now)
{
	const struct oncall_config *c = n->config->oncall;
	bool fresh = map_next(&n->canaries, NULL) == NULL;

	for (size_t i = 0; c && i < c->n_people; i++) {
		for (size_t k = 0; k < c->people[i].n_contacts; k++)
			look_at(n, now, &c->people[i], k, fresh);
	}
}

static bool load(void *arg, const struct val *v, size_t n_values)
{
	struct notify *n = arg;
	struct canary *c;
	int64_t at;

	CHECK(n_values == 2);
	if (!str_starts(v[0].s, META) || v[1].s.n < HASH_CHARS + 2 ||
	    num_int(str_from(v[1].s, HASH_CHARS + 1), 10, &at) != NUM_OK)
		return true;
	c = MEM_NEW(struct canary);
	memcpy(c->hash, v[1].s.p, HASH_CHARS);
	c->at = at;
	free(map_put(&n->canaries, str_from(v[0].s, strlen(META)), c));
	return true;
}

bool canary_restore(struct notify *n, struct store *s, struct err *err)
{
	return store_select(s, ST_META_LOAD, NULL, 0, load, n, err);
}

void canary_free_all(struct notify *n)
{
	map_each (&n->canaries, e)
		free(e->value);
	map_done(&n->canaries);
}
