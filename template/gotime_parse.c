/*
 * time.Parse: a text read by a layout. Without a zone it is UTC; a zone's abbreviation is kept for
 * show and has no offset, as Go does for those that are not the machine's.
 */
#include <string.h>
#include <strings.h>

#include "base/time.h"
#include "template/golayout.h"
#include "template/gotime.h"

struct parser {
	struct str rest;
	struct civil c;
	int32_t ns, offset_s;
	int hour12; /* -1: none */
	bool pm, has_pm, has_yearday;
	const char *range; /* what is out of range */
};

/* Digits, at least `least` and at most `most`. */
static bool digits(struct parser *p, size_t least, size_t most, int *out)
{
	size_t n = 0;
	int v = 0;

	while (n < most && n < p->rest.n && p->rest.p[n] >= '0' && p->rest.p[n] <= '9')
		v = v * 10 + (p->rest.p[n++] - '0');
	if (n < least)
		return false;
	*out = v;
	p->rest = str_from(p->rest, n);
	return true;
}

static bool within(struct parser *p, int v, int least, int most, const char *what)
{
	if (v < least || v > most)
		p->range = what;
	return true;
}

static bool name(struct parser *p, const char *const *names, int n, bool whole, int *out)
{
	for (int i = 0; i < n; i++) {
		size_t len = whole ? strlen(names[i]) : 3;

		if (p->rest.n >= len && strncasecmp(p->rest.p, names[i], len) == 0) {
			*out = i;
			p->rest = str_from(p->rest, len);
			return true;
		}
	}
	return false;
}

static void skip_blanks(struct parser *p)
{
	while (p->rest.n && p->rest.p[0] == ' ')
		p->rest = str_from(p->rest, 1);
}

/* -0700, -07:00, Z07:00 and their kin. */
static bool offset(struct parser *p, struct str word)
{
	bool colon = str_find_char(word, ':') >= 0;
	size_t parts = (word.n - 1 - (colon ? (word.n - 1) / 3 : 0)) / 2;
	int v[3] = {0}, sign;

	if (word.p[0] == 'Z' && p->rest.n && p->rest.p[0] == 'Z') {
		p->rest = str_from(p->rest, 1);
		return true;
	}
	if (!p->rest.n || (p->rest.p[0] != '+' && p->rest.p[0] != '-'))
		return false;
	sign = p->rest.p[0] == '-' ? -1 : 1;
	p->rest = str_from(p->rest, 1);
	for (size_t i = 0; i < parts; i++) {
		if (i && colon) {
			if (!p->rest.n || p->rest.p[0] != ':')
				return false;
			p->rest = str_from(p->rest, 1);
		}
		if (!digits(p, 2, 2, &v[i]))
			return false;
	}
	p->offset_s = sign * (v[0] * 3600 + v[1] * 60 + v[2]);
	return true;
}

static bool zone(struct parser *p)
{
	size_t n = 0;

	while (n < p->rest.n && n < 5 && p->rest.p[n] >= 'A' && p->rest.p[n] <= 'Z')
		n++;
	p->rest = str_from(p->rest, n);
	return n >= 3;
}

/* The digits of a fraction; the sign before them is read already if the layout has it. */
static bool fraction(struct parser *p)
{
	int32_t ns = 0, scale = 100000000;
	size_t n = 1;

	if (p->rest.n < 2 || (p->rest.p[0] != '.' && p->rest.p[0] != ','))
		return false;
	for (; n < p->rest.n && p->rest.p[n] >= '0' && p->rest.p[n] <= '9'; n++) {
		ns += (p->rest.p[n] - '0') * scale;
		scale /= 10;
	}
	p->ns = ns;
	p->rest = str_from(p->rest, n);
	return n > 1;
}

static bool pm(struct parser *p, bool upper)
{
	bool is_pm = str_starts(p->rest, upper ? "PM" : "pm");

	if (!is_pm && !str_starts(p->rest, upper ? "AM" : "am"))
		return false;
	p->has_pm = true;
	p->pm = is_pm;
	p->rest = str_from(p->rest, 2);
	return true;
}

static bool year(struct parser *p, bool all)
{
	if (all)
		return digits(p, 4, 4, &p->c.year);
	if (!digits(p, 2, 2, &p->c.year))
		return false;
	p->c.year += p->c.year >= 69 ? 1900 : 2000;
	return true;
}

static bool date_piece(struct parser *p, enum piece piece)
{
	struct civil *c = &p->c;
	int ignored;

	switch ((int)piece) {
	case PIECE_LONG_MONTH:
	case PIECE_MONTH:
		return name(p, golayout_months, 12, piece == PIECE_LONG_MONTH, &c->month) &&
		       c->month++ >= 0;
	case PIECE_NUM_MONTH:
	case PIECE_ZERO_MONTH:
		return digits(p, piece == PIECE_ZERO_MONTH ? 2 : 1, 2, &c->month) &&
		       within(p, c->month, 1, 12, "month");
	case PIECE_LONG_WEEKDAY:
	case PIECE_WEEKDAY: return name(p, golayout_days, 7, piece == PIECE_LONG_WEEKDAY, &ignored);
	case PIECE_DAY:
	case PIECE_UNDER_DAY:
	case PIECE_ZERO_DAY:
		if (piece == PIECE_UNDER_DAY)
			skip_blanks(p);
		return digits(p, piece == PIECE_ZERO_DAY ? 2 : 1, 2, &c->day);
	case PIECE_UNDER_YEARDAY:
	case PIECE_ZERO_YEARDAY:
		if (piece == PIECE_UNDER_YEARDAY)
			skip_blanks(p);
		p->has_yearday = true;
		return digits(p, piece == PIECE_ZERO_YEARDAY ? 3 : 1, 3, &c->yearday);
	case PIECE_LONG_YEAR:
	case PIECE_YEAR: return year(p, piece == PIECE_LONG_YEAR);
	default: return false;
	}
}

static bool clock_piece(struct parser *p, enum piece piece, struct str word)
{
	struct civil *c = &p->c;

	switch ((int)piece) {
	case PIECE_HOUR: return digits(p, 2, 2, &c->hour) && within(p, c->hour, 0, 23, "hour");
	case PIECE_HOUR12:
	case PIECE_ZERO_HOUR12:
		return digits(p, piece == PIECE_ZERO_HOUR12 ? 2 : 1, 2, &p->hour12) &&
		       within(p, p->hour12, 0, 12, "hour");
	case PIECE_MINUTE:
	case PIECE_ZERO_MINUTE:
		return digits(p, piece == PIECE_ZERO_MINUTE ? 2 : 1, 2, &c->minute) &&
		       within(p, c->minute, 0, 59, "minute");
	case PIECE_SECOND:
	case PIECE_ZERO_SECOND:
		if (!digits(p, piece == PIECE_ZERO_SECOND ? 2 : 1, 2, &c->second) ||
		    !within(p, c->second, 0, 59, "second"))
			return false;
		/* A fraction is taken also where the layout has none. */
		if (p->rest.n > 1 && p->rest.p[0] == '.' && p->rest.p[1] >= '0' &&
		    p->rest.p[1] <= '9')
			return fraction(p);
		return true;
	case PIECE_PM: return pm(p, true);
	case PIECE_LOWER_PM: return pm(p, false);
	case PIECE_ZONE: return zone(p);
	case PIECE_OFFSET: return offset(p, word);
	case PIECE_FRACTION: return !p->rest.n || p->rest.p[0] != '.' || fraction(p);
	default: return false;
	}
}

static bool is_date(enum piece piece)
{
	return piece <= PIECE_ZERO_YEARDAY || piece == PIECE_LONG_YEAR || piece == PIECE_YEAR;
}

static bool finish(struct parser *p, struct value_time *out)
{
	struct civil *c = &p->c;
	struct civil back;
	ms_t wall;

	if (p->hour12 >= 0)
		c->hour = p->hour12 % 12 + (p->pm ? 12 : 0);
	else if (p->has_pm && p->pm && c->hour < 12)
		c->hour += 12;
	if (p->has_yearday) {
		c->month = 1;
		c->day = c->yearday;
	}
	wall = civil_to(c);
	back = civil_of(wall);
	if (!p->range && (p->has_yearday ? back.year != c->year : back.day != c->day))
		p->range = "day";
	*out = (struct value_time){.s = wall / SECOND - (wall % SECOND < 0) - p->offset_s,
				   .ns = p->ns,
				   .offset_s = p->offset_s};
	return !p->range;
}

bool gotime_parse(struct str layout, struct str text, struct value_time *out, struct err *err)
{
	struct parser p = {.rest = text, .c = {.month = 1, .day = 1}, .hour12 = -1};
	size_t n;

	for (size_t i = 0; i < layout.n; i += n) {
		struct str at = str_from(layout, i), before = p.rest;
		enum piece piece = golayout_piece(at, &n);
		struct str word = str_cut(at, 0, piece == PIECE_NONE ? 1 : n);
		bool ok;

		n = word.n;
		if (piece == PIECE_NONE) {
			ok = p.rest.n && p.rest.p[0] == word.p[0];
			p.rest = str_from(p.rest, ok);
		} else if (is_date(piece)) {
			ok = date_piece(&p, piece);
		} else {
			ok = clock_piece(&p, piece, word);
		}
		if (!ok)
			return err_set(err, -1,
				       "parsing time \"%.*s\" as \"%.*s\": cannot parse "
				       "\"%.*s\" as \"%.*s\"",
				       STR_ARG(text), STR_ARG(layout), STR_ARG(before),
				       STR_ARG(word));
	}
	if (p.rest.n)
		return err_set(err, -1, "parsing time \"%.*s\": extra text: \"%.*s\"",
			       STR_ARG(text), STR_ARG(p.rest));
	return finish(&p, out) ||
	       err_set(err, -1, "parsing time \"%.*s\": %s out of range", STR_ARG(text), p.range);
}
