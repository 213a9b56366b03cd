/* `oncall:` as a whole, and its people; schedules and policies have files of their own. */
#include "oncall/config.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/yaml.h"
#include "oncall/config_inner.h"
#include "oncall/schedule.h"

#define PEOPLE_MAX 10000
#define SCHEDULES_MAX 1000
#define POLICIES_MAX 1000
#define FORMS_MAX 1000
#define DRILLS_MAX 1000
#define CONTACTS_MAX 50
#define ACCOUNTS_MAX 50
#define SEQUENCE_MAX 50
#define LOOK_AHEAD (30 * DAY)
#define LOOKS_MAX 20000 /* at a plan with very short shifts */

/* ---- names --------------------------------------------------------------------------------- */
bool oncall_read_name(const struct oncall_reader *r, const struct yaml_node *key, const char *what)
{
	struct str s = key->value;

	if (str_is_name(s) && !str_is(s, "nobody"))
		return true;
	return fields_error(&r->fields, key,
			    "\"%.*s\" is no name for a %s: letters, digits, _ . - and not "
			    "\"nobody\"",
			    (int)MIN(s.n, STR_NAME_MAX), s.p, what);
}

static struct str words_of(const struct oncall_reader *r, const char *what)
{
	const struct oncall_config *c = r->config;
	bool people = strcmp(what, "person") == 0, schedules = strcmp(what, "schedule") == 0;
	struct buf b;
	struct str s;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; people && i < c->n_people; i++)
		buf_printf(&b, " %.*s", STR_ARG(c->people[i].name));
	for (size_t i = 0; schedules && i < c->n_schedules; i++)
		buf_printf(&b, " %.*s", STR_ARG(c->schedules[i].name));
	s = arena_str(r->fields.arena, buf_str(&b));
	buf_done(&b);
	return s;
}

bool oncall_unknown(const struct oncall_reader *r, const struct yaml_node *at, const char *what,
		    struct str name)
{
	struct str words = words_of(r, what);
	struct str near = fields_nearest(name, words.n ? words.p : "");

	return fields_error(&r->fields, at, "there is no %s \"%.*s\"%s%.*s%s", what, STR_ARG(name),
			    near.n ? "; did you mean " : "", STR_ARG(near), near.n ? "?" : "");
}

void oncall_warn(const struct oncall_reader *r, int line, int col, const char *fmt, ...)
{
	char text[500];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diags_warn(r->fields.diags, r->fields.file, line, col, "%s", text);
}

static bool add_person(const struct oncall_reader *r, const struct yaml_node *n,
		       const struct person **v, size_t *count)
{
	const struct person *p = NULL;

	if (n->kind != YAML_SCALAR)
		return fields_error(&r->fields, n, "a person's name was expected, found %s",
				    yaml_kind_name(n));
	if (str_is(n->value, "nobody"))
		return true;
	p = oncall_person(r->config, n->value);
	if (!p)
		return oncall_unknown(r, n, "person", n->value);
	for (size_t i = 0; i < *count; i++) {
		if (v[i] == p)
			return fields_error(&r->fields, n, "%.*s stands here twice",
					    STR_ARG(p->name));
	}
	v[(*count)++] = p;
	return true;
}

bool oncall_read_people(const struct oncall_reader *r, const struct yaml_node *n,
			const struct person ***out, size_t *count)
{
	bool ok = true;

	*count = 0;
	if (!n || n->kind == YAML_NULL)
		return true;
	*out = ARENA_ARRAY(r->fields.arena, const struct person *, n->n + 1);
	if (n->kind != YAML_LIST)
		return add_person(r, n, *out, count);
	for (size_t i = 0; i < n->n; i++)
		ok &= add_person(r, n->items[i], *out, count);
	return ok;
}

bool oncall_read_zone(const struct oncall_reader *r, const struct yaml_node *at, struct str name,
		      struct tz **out)
{
	*out = NULL;
	if (!name.n)
		return true;
	*out = tz_open(name);
	return *out || fields_error(&r->fields, at,
				    "there is no time zone \"%.*s\"; names are like Europe/Berlin",
				    STR_ARG(name));
}

bool oncall_minutes(struct str s, int *out)
{
	int64_t h, m;

	if (s.n != 5 || s.p[2] != ':' || num_int(str_cut(s, 0, 2), 10, &h) != NUM_OK ||
	    num_int(str_from(s, 3), 10, &m) != NUM_OK || h < 0 || m < 0 || h > 24 || m > 59 ||
	    (h == 24 && m))
		return false;
	*out = (int)(h * 60 + m);
	return true;
}

/* ---- people -------------------------------------------------------------------------------- */
struct person_draft {
	struct str name, time_zone, quiet;
	const struct yaml_node *contacts, *accounts, *urgent, *normal;
};

static const struct field PERSON_FIELDS[] = {
	FIELD(TEXT, struct person_draft, name),	   FIELD(TEXT, struct person_draft, time_zone),
	FIELD(MAP, struct person_draft, contacts), FIELD(LIST, struct person_draft, urgent),
	FIELD(LIST, struct person_draft, normal),  FIELD(TEXT, struct person_draft, quiet),
	FIELD(MAP, struct person_draft, accounts),
};

/* The contact's own keys, and behind them those of the defaults that it does not have. */
static const struct yaml_node *with_defaults(const struct oncall_reader *r,
					     const struct yaml_node *own, struct str kind)
{
	const struct yaml_node *more = NULL;
	struct yaml_node *all;

	for (size_t i = 0; r->defaults && i < r->defaults->n; i++) {
		if (str_eq(r->defaults->pairs[i].key->value, kind))
			more = r->defaults->pairs[i].value;
	}
	if (!more || more->kind != YAML_MAP || own->kind == YAML_SCALAR || own->kind == YAML_LIST)
		return own;
	all = yaml_copy(r->fields.arena, own);
	all->kind = YAML_MAP;
	all->pairs = ARENA_ARRAY(r->fields.arena, struct yaml_pair, own->n + more->n + 1);
	all->n = own->kind == YAML_MAP ? own->n : 0;
	if (all->n)
		memcpy(all->pairs, own->pairs, all->n * sizeof(*all->pairs));
	for (size_t i = 0; i < more->n; i++) {
		bool has = false;

		for (size_t k = 0; own->kind == YAML_MAP && k < own->n; k++)
			has |= str_eq(own->pairs[k].key->value, more->pairs[i].key->value);
		if (!has)
			all->pairs[all->n++] = more->pairs[i];
	}
	return all;
}

static bool read_contact(const struct oncall_reader *r, const struct yaml_pair *p,
			 struct contact *out)
{
	if (!oncall_read_name(r, p->key, "contact"))
		return false;
	if (p->value->kind != YAML_MAP || p->value->n != 1)
		return fields_error(&r->fields, p->value,
				    "a contact is a map with one key, the kind of receiver: "
				    "{ntfy: {topic: alice}}");
	out->name = p->key->value;
	out->kind = p->value->pairs[0].key->value;
	out->entry = with_defaults(r, p->value->pairs[0].value, out->kind);
	return true;
}

static bool read_contacts(const struct oncall_reader *r, const struct yaml_node *map,
			  struct person *p)
{
	bool ok = true;

	if (!map)
		return true;
	if (map->n > CONTACTS_MAX)
		return fields_error(&r->fields, map, "more than %d contacts", CONTACTS_MAX);
	p->contacts = ARENA_ARRAY(r->fields.arena, struct contact, map->n + 1);
	for (size_t i = 0; i < map->n; i++)
		ok &= read_contact(r, &map->pairs[i], &p->contacts[p->n_contacts++]);
	return ok;
}

static bool add_account(const struct oncall_reader *r, struct person *p, struct str kind,
			const struct yaml_node *at)
{
	if (at->kind != YAML_SCALAR || !at->value.n)
		return fields_error(&r->fields, at,
				    "an account is how %.*s names %.*s, or a list of such names",
				    STR_ARG(kind), STR_ARG(p->name));
	p->accounts[p->n_accounts++] =
		(struct person_account){.kind = kind, .user = at->value, .at = at};
	return true;
}

static bool read_accounts(const struct oncall_reader *r, const struct yaml_node *map,
			  struct person *p)
{
	bool ok = true;
	size_t n = 0;

	for (size_t i = 0; map && i < map->n; i++)
		n += MAX(map->pairs[i].value->n, (size_t)1);
	if (n > ACCOUNTS_MAX)
		return fields_error(&r->fields, map, "more than %d accounts", ACCOUNTS_MAX);
	p->accounts = ARENA_ARRAY(r->fields.arena, struct person_account, n + 1);
	for (size_t i = 0; map && i < map->n; i++) {
		const struct yaml_node *v = map->pairs[i].value;
		bool list = v->kind == YAML_LIST;

		for (size_t k = 0; k < (list ? v->n : 1); k++)
			ok &= add_account(r, p, map->pairs[i].key->value, list ? v->items[k] : v);
	}
	return ok;
}

struct reach_draft {
	ms_t after;
	struct str contact;
};

static const struct field REACH_FIELDS[] = {
	FIELD(DURATION, struct reach_draft, after),
	FIELD_AS(TEXT, "do", struct reach_draft, contact),
};

static bool read_reach(const struct oncall_reader *r, const struct person *p,
		       const struct yaml_node *n, struct reach *out)
{
	struct reach_draft d = {0};

	if (n->kind == YAML_SCALAR)
		d.contact = n->value;
	else if (!FIELDS_READ(&r->fields, n, "a line of a sequence", REACH_FIELDS, &d))
		return false;
	for (size_t i = 0; i < p->n_contacts; i++) {
		if (str_eq(p->contacts[i].name, d.contact)) {
			*out = (struct reach){.after = d.after, .contact = i};
			return true;
		}
	}
	return fields_error(&r->fields, n, "%.*s has no contact \"%.*s\"", STR_ARG(p->name),
			    STR_ARG(d.contact));
}

static bool read_sequence(const struct oncall_reader *r, const struct person *p,
			  const struct yaml_node *list, struct reach **out, size_t *n)
{
	bool ok = true;

	if (!list || list->n > SEQUENCE_MAX)
		return !list || fields_error(&r->fields, list, "more than %d lines", SEQUENCE_MAX);
	*out = ARENA_ARRAY(r->fields.arena, struct reach, list->n + 1);
	for (size_t i = 0; i < list->n; i++) {
		ok &= read_reach(r, p, list->items[i], &(*out)[i]);
		if (ok && i && (*out)[i].after < (*out)[i - 1].after)
			ok = fields_error(&r->fields, list->items[i],
					  "it comes before the line above it: the delays are all "
					  "from the page on");
	}
	*n = list->n;
	return ok;
}

/* All at once. */
static void whole_sequence(const struct oncall_reader *r, struct person *p)
{
	p->urgent = ARENA_ARRAY(r->fields.arena, struct reach, p->n_contacts + 1);
	for (size_t i = 0; i < p->n_contacts; i++)
		p->urgent[i].contact = i;
	p->n_urgent = p->n_contacts;
}

static bool read_quiet(const struct oncall_reader *r, const struct yaml_node *at, struct str s,
		       struct person *p)
{
	if (!s.n)
		return true;
	if (s.n == 11 && s.p[5] == '-' && oncall_minutes(str_cut(s, 0, 5), &p->quiet_from) &&
	    oncall_minutes(str_from(s, 6), &p->quiet_to) && p->quiet_from < 24 * 60)
		return true;
	return fields_error(&r->fields, at, "quiet hours are like \"22:00-07:00\", found \"%.*s\"",
			    STR_ARG(s));
}

static bool read_person(const struct oncall_reader *r, const struct yaml_pair *pair,
			struct person *p)
{
	struct person_draft d = {0};
	const struct yaml_node *n = pair->value;
	bool ok = oncall_read_name(r, pair->key, "person");

	*p = (struct person){.name = pair->key->value,
			     .line = pair->key->line,
			     .col = pair->key->col};
	ok &= FIELDS_READ(&r->fields, n, "a person", PERSON_FIELDS, &d);
	if (n->kind != YAML_MAP)
		return ok;
	p->full_name = d.name;
	p->time_zone = d.time_zone;
	ok &= oncall_read_zone(r, yaml_get(n, "time_zone"), d.time_zone, &p->tz);
	ok &= read_contacts(r, d.contacts, p);
	ok &= read_accounts(r, d.accounts, p);
	whole_sequence(r, p);
	ok &= read_sequence(r, p, d.urgent, &p->urgent, &p->n_urgent);
	p->normal = p->urgent;
	p->n_normal = p->n_urgent;
	ok &= read_sequence(r, p, d.normal, &p->normal, &p->n_normal);
	return read_quiet(r, yaml_get(n, "quiet"), d.quiet, p) && ok;
}

/* ---- what is odd, but no mistake ----------------------------------------------------------- */
static void put_local(struct buf *b, const struct tz *tz, ms_t at)
{
	struct civil c = tz_civil(tz, at);

	buf_printf(b, "%04d-%02d-%02d %02d:%02d %s", c.year, c.month, c.day, c.hour, c.minute,
		   tz_abbreviation(tz, at));
}

static void warn_gap(const struct oncall_reader *r, const struct schedule *s, ms_t from, ms_t to)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	put_local(&b, s->tz, from);
	if (to == MS_NONE)
		buf_adds(&b, " on, for good");
	else {
		buf_adds(&b, " to ");
		put_local(&b, s->tz, to);
	}
	oncall_warn(r, s->line, s->col,
		    "nobody is on call in schedule %.*s from %s (\"gap: intended\" if that is "
		    "right)",
		    STR_ARG(s->name), buf_cstr(&b));
	buf_done(&b);
}

static void look_for_gaps(const struct oncall_reader *r, const struct schedule *s)
{
	ms_t at = r->source->now, end = at + LOOK_AHEAD, begin = MS_NONE;
	struct roster roster;

	for (int i = 0; i < LOOKS_MAX && at < end; i++) {
		schedule_at(r->config, s, NULL, 0, at, &roster);
		if (roster.n && begin != MS_NONE) {
			warn_gap(r, s, begin, at);
			return;
		}
		if (!roster.n && begin == MS_NONE)
			begin = at;
		if (roster.until == MS_NONE)
			break;
		at = roster.until;
	}
	if (begin != MS_NONE)
		warn_gap(r, s, begin, roster.until == MS_NONE ? MS_NONE : at);
}

static void look_at_people(const struct oncall_reader *r)
{
	for (size_t i = 0; i < r->config->n_people; i++) {
		const struct person *p = &r->config->people[i];

		if (!p->n_urgent)
			oncall_warn(r, p->line, p->col, "%.*s cannot be reached: no contacts",
				    STR_ARG(p->name));
	}
}

/* ---- all of it ----------------------------------------------------------------------------- */
struct top_draft {
	const struct yaml_node *defaults, *people, *schedules, *policies, *forms, *drills;
	bool canary;
};

static const struct field TOP_FIELDS[] = {
	FIELD(MAP, struct top_draft, defaults),	 FIELD(MAP, struct top_draft, people),
	FIELD(MAP, struct top_draft, schedules), FIELD(MAP, struct top_draft, policies),
	FIELD(MAP, struct top_draft, forms),	 FIELD(MAP, struct top_draft, drills),
	FIELD(BOOL, struct top_draft, canary),
};

static size_t count(const struct oncall_reader *r, const struct yaml_node *map, size_t most,
		    bool *ok)
{
	if (!map)
		return 0;
	if (map->n > most)
		*ok = fields_error(&r->fields, map, "more than %zu entries", most);
	return MIN(map->n, most);
}

static bool read_all(struct oncall_reader *r, const struct yaml_node *node)
{
	struct oncall_config *c = r->config;
	struct top_draft d = {.canary = true};
	bool ok = FIELDS_READ(&r->fields, node, "oncall", TOP_FIELDS, &d);
	size_t people = count(r, d.people, PEOPLE_MAX, &ok);
	size_t schedules = count(r, d.schedules, SCHEDULES_MAX, &ok);
	size_t policies = count(r, d.policies, POLICIES_MAX, &ok);
	size_t forms = count(r, d.forms, FORMS_MAX, &ok);
	size_t drills = count(r, d.drills, DRILLS_MAX, &ok);

	r->defaults = d.defaults;
	c->people = ARENA_ARRAY(&c->arena, struct person, people + 1);
	c->schedules = ARENA_ARRAY(&c->arena, struct schedule, schedules + 1);
	c->policies = ARENA_ARRAY(&c->arena, struct policy, policies + 1);
	c->forms = ARENA_ARRAY(&c->arena, struct form, forms + 1);
	c->drills = ARENA_ARRAY(&c->arena, struct drill, drills + 1);
	c->canary = d.canary;
	for (size_t i = 0; i < people; i++)
		ok &= read_person(r, &d.people->pairs[i], &c->people[c->n_people++]);
	for (size_t i = 0; i < schedules; i++)
		ok &= oncall_read_schedule(r, &d.schedules->pairs[i],
					   &c->schedules[c->n_schedules++]);
	for (size_t i = 0; i < policies; i++)
		ok &= oncall_read_policy(r, &d.policies->pairs[i], &c->policies[c->n_policies++]);
	for (size_t i = 0; i < forms; i++)
		ok &= oncall_read_form(r, &d.forms->pairs[i], &c->forms[c->n_forms++]);
	for (size_t i = 0; i < drills; i++)
		ok &= oncall_read_drill(r, &d.drills->pairs[i], &c->drills[c->n_drills++]);
	return ok;
}

bool oncall_config_parse(const struct yaml_node *oncall, const struct oncall_source *source,
			 struct oncall_config **out, struct diags *diags)
{
	OWNED(oncall_config) c = MEM_NEW(struct oncall_config);
	struct oncall_reader r = {.config = c, .source = source};

	arena_init(&c->arena);
	r.fields = (struct fields){.arena = &c->arena, .file = source->file, .diags = diags};
	if (oncall && oncall->kind != YAML_NULL && !read_all(&r, oncall))
		return false;
	look_at_people(&r);
	for (size_t i = 0; i < c->n_schedules; i++) {
		if (!c->schedules[i].gap_intended && source->now > 0)
			look_for_gaps(&r, &c->schedules[i]);
	}
	*out = TAKE(c);
	return true;
}

void oncall_config_free(struct oncall_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_people; i++)
		tz_free(c->people[i].tz);
	for (size_t i = 0; i < c->n_schedules; i++)
		tz_free(c->schedules[i].tz);
	for (size_t i = 0; i < c->n_drills; i++)
		tz_free(c->drills[i].tz);
	arena_done(&c->arena);
	free(c);
}

const struct person *oncall_person(const struct oncall_config *c, struct str name)
{
	for (size_t i = 0; i < c->n_people; i++) {
		if (str_eq(c->people[i].name, name))
			return &c->people[i];
	}
	return NULL;
}

const struct schedule *oncall_schedule(const struct oncall_config *c, struct str name)
{
	for (size_t i = 0; i < c->n_schedules; i++) {
		if (str_eq(c->schedules[i].name, name))
			return &c->schedules[i];
	}
	return NULL;
}

const struct policy *oncall_policy(const struct oncall_config *c, struct str name)
{
	for (size_t i = 0; i < c->n_policies; i++) {
		if (str_eq(c->policies[i].name, name))
			return &c->policies[i];
	}
	return NULL;
}
