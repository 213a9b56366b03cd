/* Calendars; see ical.h. Instants are written in UTC, so a calendar needs no zones of ours. */
#include "oncall/ical.h"

#include <string.h>

#include "base/time.h"

#define BEHIND (7 * DAY)
#define LOOKS_MAX 20000 /* at one schedule */
#define LINE_BYTES 75

/* One content line, folded where it is too long, never inside a character. */
static void put_line(struct buf *b, struct str line)
{
	size_t at = 0;

	for (size_t i = 0; i < line.n; i++) {
		if (at >= LINE_BYTES - 3 && ((unsigned char)line.p[i] & 0xC0) != 0x80) {
			buf_adds(b, "\r\n ");
			at = 1;
		}
		buf_addc(b, line.p[i]);
		at++;
	}
	buf_adds(b, "\r\n");
}

static void put_text(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (strchr("\\;,", s.p[i]))
			buf_addc(b, '\\');
		buf_addc(b, (unsigned char)s.p[i] < ' ' ? ' ' : s.p[i]);
	}
}

static void put_time(struct buf *b, const char *name, ms_t t)
{
	struct civil c = civil_of(t);

	buf_printf(b, "%s:%04d%02d%02dT%02d%02d%02dZ\r\n", name, c.year, c.month, c.day, c.hour,
		   c.minute, c.second);
}

struct entry {
	const struct schedule *schedule;
	const struct person *person;
	ms_t from, to;
};

static void put_entry(struct buf *b, const struct entry *e, ms_t now)
{
	struct buf line;

	buf_init(&line, BUF_MAX_ANY);
	buf_adds(b, "BEGIN:VEVENT\r\n");
	buf_printf(&line, "UID:%.*s-%.*s-%lld@rouse", STR_ARG(e->person->name),
		   STR_ARG(e->schedule->name), (long long)(e->to / SECOND));
	put_line(b, buf_str(&line));
	put_time(b, "DTSTAMP", now);
	put_time(b, "DTSTART", e->from);
	put_time(b, "DTEND", e->to);
	buf_clear(&line);
	buf_adds(&line, "SUMMARY:");
	put_text(&line, e->person->full_name.n ? e->person->full_name : e->person->name);
	buf_adds(&line, " on call (");
	put_text(&line, e->schedule->name);
	buf_addc(&line, ')');
	put_line(b, buf_str(&line));
	buf_adds(b, "TRANSP:TRANSPARENT\r\nEND:VEVENT\r\n");
	buf_done(&line);
}

static bool has(const struct roster *r, const struct person *p)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].person == p)
			return true;
	}
	return false;
}

/* A person's stretches: shifts that touch are one. */
static void put_stretches(struct buf *b, const struct oncall *oc, const struct schedule *s,
			  const struct person *p, ms_t now)
{
	struct entry e = {.schedule = s, .person = p, .from = MS_NONE};
	ms_t at = now - BEHIND, end = now + ICAL_AHEAD;
	struct roster r;

	for (int i = 0; i < LOOKS_MAX && at < end; i++) {
		oncall_who(oc, s, at, &r);
		if (has(&r, p) && e.from == MS_NONE)
			e.from = at;
		if (!has(&r, p) && e.from != MS_NONE) {
			e.to = at;
			put_entry(b, &e, now);
			e.from = MS_NONE;
		}
		at = r.until == MS_NONE ? end : r.until;
	}
	if (e.from == MS_NONE)
		return;
	e.to = MIN(at, end);
	put_entry(b, &e, now);
}

void ical_put(struct buf *b, const struct oncall *oc, const struct schedule *s,
	      const struct person *p, ms_t now)
{
	const struct oncall_config *c = oncall_config(oc);

	buf_adds(b, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//rouse//on call//EN\r\n"
		    "CALSCALE:GREGORIAN\r\nX-WR-CALNAME:On call\r\n"
		    "REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n");
	for (size_t i = 0; c && i < c->n_schedules; i++) {
		if (s && s != &c->schedules[i])
			continue;
		for (size_t k = 0; k < c->n_people; k++) {
			if (!p || p == &c->people[k])
				put_stretches(b, oc, &c->schedules[i], &c->people[k], now);
		}
	}
	buf_adds(b, "END:VCALENDAR\r\n");
}
