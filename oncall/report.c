/* Reports and numbers; see report.h. */
#include "oncall/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "oncall/drill.h"
#include "oncall/mark.h"

#define SIMILAR_MAX 5
#define NIGHT_FROM 22
#define NIGHT_TO 7
#define SHIFTS_MAX 100000 /* looked at for one schedule */

/* ---- Markdown ------------------------------------------------------------------------------ */
/* On one line, with nothing that could become markup or HTML. */
static void put_text(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < ' ')
			buf_addc(b, ' ');
		else if (c == '<')
			buf_adds(b, "&lt;");
		else if (c == '&')
			buf_adds(b, "&amp;");
		else if (strchr("\\`*_[]|#>!", c))
			buf_printf(b, "\\%c", c);
		else
			buf_addc(b, (char)c);
	}
}

static void put_time(struct buf *b, ms_t t)
{
	struct civil c = civil_of(t);

	buf_printf(b, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
		   c.second);
}

static void put_span(struct buf *b, ms_t span)
{
	num_put_duration(b, MAX(span, 0) / SECOND * SECOND);
}

static void put_mark(struct buf *b, const char *name, ms_t at, ms_t since)
{
	buf_printf(b, "| %s | ", name);
	if (at == MS_NONE) {
		buf_adds(b, "– | |\n");
		return;
	}
	put_time(b, at);
	buf_adds(b, " | ");
	if (at != since)
		put_span(b, at - since);
	buf_adds(b, " |\n");
}

/* The first event of a kind. */
static ms_t first(const struct incident *i, const char *kind)
{
	for (size_t k = 0; k < i->n_events; k++) {
		if (strcmp(i->events[k].kind, kind) == 0)
			return i->events[k].at;
	}
	return MS_NONE;
}

static void put_marks(struct buf *b, const struct incident *i)
{
	buf_adds(b, "| | when (UTC) | after |\n|---|---|---|\n");
	put_mark(b, "Opened", i->opened_at, i->opened_at);
	put_mark(b, "First page delivered", first(i, "sent"), i->opened_at);
	put_mark(b, "Acknowledged", first(i, "acknowledged"), i->opened_at);
	put_mark(b, "Over", i->resolved_at, i->opened_at);
	buf_addc(b, '\n');
}

/* Commands and what they said stand below it. */
static struct str first_line(const char *text)
{
	struct str s = str_of(text);
	ptrdiff_t end = str_find_char(s, '\n');

	return end < 0 ? s : str_cut(s, 0, (size_t)end);
}

static void put_timeline(struct buf *b, const struct incident *i)
{
	buf_adds(b, "## Timeline\n\n| UTC | | who | |\n|---|---|---|---|\n");
	for (size_t k = 0; k < i->n_events; k++) {
		const struct incident_event *e = &i->events[k];

		buf_adds(b, "| ");
		put_time(b, e->at);
		buf_printf(b, " | %s | ", e->kind);
		put_text(b, str_of(e->who));
		buf_adds(b, " | ");
		put_text(b,
			 strncmp(e->kind, "step ", 5) == 0 ? first_line(e->text) : str_of(e->text));
		buf_adds(b, " |\n");
	}
	buf_addc(b, '\n');
}

/* Whether a later event speaks of the same step ("NAME/STEP: ..."). */
static bool is_superseded(const struct incident *i, size_t k)
{
	struct str text = str_of(i->events[k].text);
	ptrdiff_t colon = str_find_char(text, ':');

	for (size_t j = k + 1; colon > 0 && j < i->n_events; j++) {
		if (strncmp(i->events[j].kind, "step ", 5) == 0 &&
		    str_eq(str_cut(str_of(i->events[j].text), 0, (size_t)colon + 1),
			   str_cut(text, 0, (size_t)colon + 1)) &&
		    strcmp(i->events[j].kind, "step run") != 0 &&
		    strcmp(i->events[j].kind, "step ran") != 0)
			return true;
	}
	return false;
}

static void put_step(struct buf *b, const struct incident_event *e, bool done)
{
	struct str text = str_of(e->text);
	ptrdiff_t colon = str_find_char(text, ':');

	buf_adds(b, done ? "- [x] " : "- [ ] skipped: ");
	put_text(b, str_trim(str_from(text, (size_t)(colon + 1))));
	buf_adds(b, ", ");
	put_text(b, str_of(e->who));
	buf_adds(b, ", ");
	put_time(b, e->at);
	buf_addc(b, '\n');
}

/* The steps of its runbook that were done or skipped, as they are at the end. */
static void put_steps(struct buf *b, const struct incident *i)
{
	size_t n = 0;

	for (size_t k = 0; k < i->n_events; k++) {
		const struct incident_event *e = &i->events[k];
		bool done = strcmp(e->kind, "step done") == 0;

		if ((!done && strcmp(e->kind, "step skipped") != 0) || is_superseded(i, k))
			continue;
		if (!n++) {
			buf_adds(b, "## Runbook\n\n");
			put_text(b, str_of(i->runbook));
			buf_adds(b, ":\n\n");
		}
		put_step(b, e, done);
	}
	if (n)
		buf_addc(b, '\n');
}

static bool is_similar(const struct incident *a, const struct incident *b)
{
	struct str x = str_of(a->title), y = str_of(b->title);
	ptrdiff_t colon = str_find_char(x, ':');

	if (*a->key && strcmp(a->key, b->key) == 0)
		return true;
	x = str_cut(x, 0, colon < 0 ? x.n : (size_t)colon);
	return x.n > 0 && str_eq(str_cut(y, 0, MIN(y.n, x.n)), x);
}

struct search {
	const struct incident *of;
	bool (*fn)(void *arg, const struct incident *other);
	void *arg;
	size_t n;
};

static bool look_at(void *arg, const struct incident *i)
{
	struct search *s = arg;

	if (i->id >= s->of->id || !is_similar(s->of, i))
		return true;
	return s->fn(s->arg, i) && ++s->n < SIMILAR_MAX;
}

void incident_similar(const struct oncall *oc, const struct incident *i,
		      bool (*fn)(void *arg, const struct incident *other), void *arg)
{
	struct search s = {.of = i, .fn = fn, .arg = arg};

	oncall_incidents(oc, look_at, &s);
}

struct section {
	struct buf *b;
	size_t n;
};

static bool put_similar(void *arg, const struct incident *i)
{
	struct section *s = arg;

	if (!s->n++)
		buf_adds(s->b, "## Similar incidents\n\n");
	buf_printf(s->b, "- #%llu ", (unsigned long long)i->id);
	put_text(s->b, str_of(i->title));
	buf_adds(s->b, ", ");
	put_time(s->b, i->opened_at);
	if (i->resolved_at != MS_NONE) {
		buf_adds(s->b, ", over after ");
		put_span(s->b, i->resolved_at - i->opened_at);
	}
	if (*i->acked_by) {
		buf_adds(s->b, ", in the hands of ");
		put_text(s->b, str_of(i->acked_by));
	}
	buf_addc(s->b, '\n');
	return true;
}

static bool put_mark_of(void *arg, const struct mark *m)
{
	struct section *s = arg;

	if (!s->n++)
		buf_adds(s->b, "## Changes before and meanwhile\n\n");
	buf_adds(s->b, "- ");
	put_time(s->b, m->at);
	buf_addc(s->b, ' ');
	put_text(s->b, m->kind);
	buf_adds(s->b, ": ");
	put_text(s->b, m->title);
	if (m->service.n) {
		buf_adds(s->b, " of ");
		put_text(s->b, m->service);
	}
	buf_adds(s->b, ", by ");
	put_text(s->b, m->by);
	buf_addc(s->b, '\n');
	return true;
}

void report_put(struct buf *b, const struct oncall *oc, const struct incident *i, ms_t wall)
{
	struct section similar = {.b = b}, changes = {.b = b};

	buf_printf(b, "# Incident #%llu: ", (unsigned long long)i->id);
	put_text(b, str_of(i->title));
	buf_printf(b, "\n\n%s", incident_status_name(i->status));
	if (*i->severity) {
		buf_adds(b, ", severity ");
		put_text(b, str_of(i->severity));
	}
	buf_adds(b, ", policy ");
	put_text(b, str_of(i->policy));
	if (i->status != INCIDENT_RESOLVED) {
		buf_adds(b, ", still open after ");
		put_span(b, wall - i->opened_at);
	}
	buf_adds(b, "\n\n");
	put_marks(b, i);
	incident_marks(i, wall, put_mark_of, &changes);
	if (changes.n)
		buf_addc(b, '\n');
	put_steps(b, i);
	put_timeline(b, i);
	incident_similar(oc, i, put_similar, &similar);
	if (similar.n)
		buf_addc(b, '\n');
	buf_adds(b, "## What happened\n\n\n"
		    "## What went well, what did not\n\n\n"
		    "## Actions\n\n"
		    "- [ ] (what, who, until when)\n");
}

/* ---- numbers ------------------------------------------------------------------------------- */
static int by_size(const void *a, const void *b)
{
	ms_t x = *(const ms_t *)a, y = *(const ms_t *)b;

	return x < y ? -1 : x > y;
}

static ms_t median(ms_t *v, size_t n)
{
	if (!n)
		return MS_NONE;
	qsort(v, n, sizeof(*v), by_size);
	return v[n / 2];
}

static void count_page(struct person_stats *p, const struct person *who, ms_t at)
{
	struct civil c = tz_civil(who->tz, at);

	p->pages++;
	p->night_pages += c.hour >= NIGHT_FROM || c.hour < NIGHT_TO;
	p->weekend_pages += c.weekday == 0 || c.weekday == 6;
}

struct counting {
	const struct oncall_config *config;
	struct incident_stats *out;
	ms_t from, to;
	ms_t *acks, *ends;
};

static struct person_stats *stats_of(struct counting *c, const char *name,
				     const struct person **who)
{
	for (size_t k = 0; k < c->out->n_people; k++) {
		if (str_is(c->out->people[k].person, name)) {
			*who = &c->config->people[k];
			return &c->out->people[k];
		}
	}
	return NULL;
}

static void count_events(struct counting *c, const struct incident *i)
{
	const struct person *who;

	for (size_t k = 0; k < i->n_events; k++) {
		const struct incident_event *e = &i->events[k];
		struct person_stats *p = stats_of(c, e->who, &who);

		if (p && strcmp(e->kind, "sent") == 0)
			count_page(p, who, e->at);
		else if (p && strcmp(e->kind, "acknowledged") == 0)
			p->acknowledged++;
	}
}

static bool count_incident(void *arg, const struct incident *i)
{
	struct counting *c = arg;
	ms_t acked = first(i, "acknowledged");

	if (i->opened_at < c->from || i->opened_at >= c->to || incident_is_drill(i))
		return true;
	c->out->opened++;
	if (acked != MS_NONE)
		c->acks[c->out->acknowledged++] = acked - i->opened_at;
	if (i->resolved_at != MS_NONE)
		c->ends[c->out->resolved++] = i->resolved_at - i->opened_at;
	count_events(c, i);
	return true;
}

static bool count_one(void *arg, const struct incident *i)
{
	(void)i;
	(*(size_t *)arg)++;
	return true;
}

static void count_duty(const struct oncall *oc, struct counting *c, const struct schedule *s)
{
	const struct person *who;
	ms_t at = c->from;
	struct roster r;

	for (int n = 0; n < SHIFTS_MAX && at < c->to; n++) {
		ms_t until;

		oncall_who(oc, s, at, &r);
		until = r.until == MS_NONE ? c->to : MIN(r.until, c->to);
		for (size_t k = 0; k < r.n; k++) {
			char name[128];
			struct person_stats *p;

			snprintf(name, sizeof(name), "%.*s", STR_ARG(r.v[k].person->name));
			p = stats_of(c, name, &who);
			if (p)
				p->on_call += until - at;
		}
		at = until;
	}
}

void report_stats(const struct oncall *oc, ms_t from, ms_t to, struct incident_stats *out)
{
	struct counting c = {.config = oncall_config(oc), .out = out, .from = from, .to = to};
	size_t n = 0;

	*out = (struct incident_stats){0};
	oncall_incidents(oc, count_one, &n);
	c.acks = mem_alloc((n + 1) * sizeof(ms_t));
	c.ends = mem_alloc((n + 1) * sizeof(ms_t));
	out->n_people = c.config ? c.config->n_people : 0;
	out->people = mem_alloc((out->n_people + 1) * sizeof(*out->people));
	for (size_t k = 0; k < out->n_people; k++)
		out->people[k] = (struct person_stats){.person = c.config->people[k].name};
	oncall_incidents(oc, count_incident, &c);
	for (size_t k = 0; c.config && k < c.config->n_schedules; k++)
		count_duty(oc, &c, &c.config->schedules[k]);
	out->to_acknowledge = median(c.acks, out->acknowledged);
	out->to_resolve = median(c.ends, out->resolved);
	free(c.acks);
	free(c.ends);
}

void incident_stats_done(struct incident_stats *s)
{
	free(s->people);
	*s = (struct incident_stats){0};
}
