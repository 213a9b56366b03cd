/* Schedules of `oncall:`: layers, rotations, hours. */
#include <string.h>

#include "base/num.h"
#include "base/time.h"
#include "base/yaml.h"
#include "oncall/config_inner.h"

#define LAYERS_MAX 100
#define TURNS_MAX 1000
#define HOURS_MAX 50
#define LENGTH_MAX 366
#define PATTERN_MAX 50

static const char DAY_NAMES[] = "sun mon tue wed thu fri sat";

/* 0 is Sunday; -1: none. Long names too. */
static int day_of(struct str s)
{
	static const char *const names[] = {"sunday",	"monday", "tuesday", "wednesday",
					    "thursday", "friday", "saturday"};
	char low[12];

	if (s.n < 3 || s.n >= sizeof(low))
		return -1;
	for (size_t i = 0; i < s.n; i++)
		low[i] = (char)(s.p[i] | 0x20);
	low[s.n] = '\0';
	for (int d = 0; d < 7; d++) {
		if (strncmp(names[d], low, s.n) == 0 && (s.n == 3 || names[d][s.n] == '\0'))
			return d;
	}
	return -1;
}

/* ---- times in the zone --------------------------------------------------------------------- */
/* "2026-01-05", "2026-01-05 09:00": as if it were UTC. */
static bool local_time(struct str s, ms_t *out)
{
	struct civil c = {0};
	int64_t y, m, d;
	int minutes = 0;

	if ((s.n != 10 && s.n != 16) || s.p[4] != '-' || s.p[7] != '-' ||
	    num_int(str_cut(s, 0, 4), 10, &y) != NUM_OK ||
	    num_int(str_cut(s, 5, 7), 10, &m) != NUM_OK ||
	    num_int(str_cut(s, 8, 10), 10, &d) != NUM_OK || y < 1970 || y > 9999)
		return false;
	if (s.n == 16 &&
	    ((s.p[10] != ' ' && s.p[10] != 'T') || !oncall_minutes(str_from(s, 11), &minutes)))
		return false;
	c.year = (int)y;
	c.month = (int)m;
	c.day = (int)d;
	*out = civil_to(&c);
	c = civil_of(*out);
	if (c.month != m || c.day != d)
		return false; /* the 30th of February */
	*out += minutes * MINUTE;
	return true;
}

static bool read_time(const struct oncall_reader *r, const struct yaml_node *at, struct str s,
		      ms_t *out)
{
	return local_time(s, out) ||
	       fields_error(&r->fields, at, "\"%.*s\" is no date: 2026-01-05, or 2026-01-05 09:00",
			    STR_ARG(s));
}

/* ---- rotations ----------------------------------------------------------------------------- */
struct layer_draft {
	struct str name, rotation, handoff, since, until, count, on;
	int64_t every;
	bool has_every;
	const struct yaml_node *pattern, *people, *hours, *calendar;
};

static const struct field LAYER_FIELDS[] = {
	FIELD(TEXT, struct layer_draft, name),	     FIELD(TEXT, struct layer_draft, rotation),
	FIELD_GIVEN(INT, struct layer_draft, every), FIELD(LIST, struct layer_draft, pattern),
	FIELD(TEXT, struct layer_draft, handoff),    FIELD(TEXT, struct layer_draft, since),
	FIELD(TEXT, struct layer_draft, until),	     FIELD(LIST, struct layer_draft, people),
	FIELD(LIST, struct layer_draft, hours),	     FIELD(TEXT, struct layer_draft, count),
	FIELD(TEXT, struct layer_draft, on),	     FIELD(NODE, struct layer_draft, calendar),
};

static bool read_unit(const struct oncall_reader *r, const struct yaml_node *at, struct str s,
		      enum rotation_unit *out)
{
	static const char *const names[] = {[ROTATION_HOUR] = "hourly",
					    [ROTATION_DAY] = "daily",
					    [ROTATION_WEEK] = "weekly",
					    [ROTATION_MONTH] = "monthly"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_is(s, names[i])) {
			*out = (enum rotation_unit)i;
			return true;
		}
	}
	return fields_error(&r->fields, at,
			    "rotation must be hourly, daily, weekly or monthly, found \"%.*s\"",
			    STR_ARG(s));
}

/* "Mon 09:00", "09:00", "1 09:00", ":30": the day (of week or month, or 0) and the minutes. */
static bool split_handoff(enum rotation_unit unit, struct str s, int *day, int *minutes)
{
	ptrdiff_t space = str_find_char(s, ' ');
	int64_t n;

	*day = unit == ROTATION_MONTH ? 1 : 0;
	*minutes = 0;
	if (!s.n)
		return true;
	if (unit == ROTATION_HOUR)
		return s.n == 3 && s.p[0] == ':' && num_int(str_from(s, 1), 10, &n) == NUM_OK &&
		       n >= 0 && n < 60 && ((*minutes = (int)n), true);
	if (unit == ROTATION_DAY)
		return oncall_minutes(s, minutes) && *minutes < 24 * 60;
	if (space < 0 || !oncall_minutes(str_from(s, (size_t)space + 1), minutes) ||
	    *minutes >= 24 * 60)
		return false;
	s = str_cut(s, 0, (size_t)space);
	if (unit == ROTATION_WEEK) {
		*day = day_of(s);
		return *day >= 0;
	}
	if (num_int(s, 10, &n) != NUM_OK || n < 1 || n > 31)
		return false;
	*day = (int)n;
	return true;
}

/* The first hand-off at `since` or later. */
static ms_t first_handoff(enum rotation_unit unit, ms_t since, int day, int minutes)
{
	ms_t midnight = since - since % DAY, at;
	struct civil c;

	switch (unit) {
	case ROTATION_HOUR:
		at = since - since % HOUR + minutes * MINUTE;
		return at < since ? at + HOUR : at;
	case ROTATION_DAY: at = midnight + minutes * MINUTE; return at < since ? at + DAY : at;
	case ROTATION_WEEK:
		at = midnight + ((day - civil_of(midnight).weekday + 7) % 7) * DAY +
		     minutes * MINUTE;
		return at < since ? at + 7 * DAY : at;
	case ROTATION_MONTH: break;
	}
	/* The first month that has the day: later ones are cut to their last. */
	c = civil_of(midnight);
	for (int i = 0;; i++) {
		struct civil m = {.year = c.year, .month = c.month + i, .day = day};
		struct civil back;

		at = civil_to(&m);
		back = civil_of(at);
		at += minutes * MINUTE;
		if (back.day == day && at >= since)
			return at;
	}
}

static bool read_pattern(const struct oncall_reader *r, const struct layer_draft *d,
			 const struct yaml_node *at, struct rotation *out)
{
	size_t n = d->pattern ? d->pattern->n : 1;
	int *v = ARENA_ARRAY(r->fields.arena, int, n + 1);

	if (d->pattern && (d->has_every || !n || n > PATTERN_MAX))
		return fields_error(&r->fields, d->pattern,
				    "pattern is a list of 1 to %d numbers, without every",
				    PATTERN_MAX);
	for (size_t i = 0; i < n; i++) {
		int64_t x = d->has_every ? d->every : 1;

		if (d->pattern && !yaml_is_int(d->pattern->items[i], &x))
			x = 0;
		if (x < 1 || x > LENGTH_MAX)
			return fields_error(&r->fields, d->pattern ? d->pattern->items[i] : at,
					    "a turn lasts 1 to %d units", LENGTH_MAX);
		v[i] = (int)x;
	}
	out->lengths = v;
	out->n_lengths = n;
	return true;
}

bool oncall_read_clock(const struct oncall_reader *r, const struct yaml_node *n,
		       const struct oncall_clock *c, struct rotation *out)
{
	const struct yaml_node *unit = yaml_get(n, "rotation"), *at = yaml_get(n, "handoff");
	int day, minutes;

	if (!read_unit(r, unit ? unit : n, c->unit, &out->unit))
		return false;
	if (!split_handoff(out->unit, c->at, &day, &minutes))
		return fields_error(&r->fields, at ? at : n,
				    "%s of what is %.*s is like %s, found \"%.*s\"",
				    at ? "handoff" : "at", STR_ARG(c->unit),
				    out->unit == ROTATION_HOUR	 ? "\":30\""
				    : out->unit == ROTATION_DAY	 ? "\"09:00\""
				    : out->unit == ROTATION_WEEK ? "\"Mon 09:00\""
								 : "\"1 09:00\"",
				    STR_ARG(c->at));
	if (out->unit == ROTATION_WEEK && !c->at.n)
		day = civil_of(c->since).weekday;
	out->origin = first_handoff(out->unit, c->since, day, minutes);
	return true;
}

static bool read_rotation(const struct oncall_reader *r, const struct yaml_node *n,
			  const struct layer_draft *d, const struct tz *tz, struct layer *out)
{
	struct rotation *ro = &out->rotation;
	struct oncall_clock clock = {.unit = d->rotation, .at = d->handoff};

	out->rotates = d->rotation.n > 0;
	if (!out->rotates && (d->handoff.n || d->has_every || d->pattern))
		return fields_error(&r->fields, n,
				    "without rotation there is no handoff, every or pattern");
	if (!out->rotates)
		return true;
	ro->tz = tz;
	if (!read_pattern(r, d, n, ro))
		return false;
	if (!d->since.n)
		return fields_error(&r->fields, n,
				    "a rotation needs since: the date from which its turns are "
				    "counted");
	return read_time(r, yaml_get(n, "since"), d->since, &clock.since) &&
	       oncall_read_clock(r, n, &clock, ro);
}

/* ---- turns and hours ----------------------------------------------------------------------- */
static bool read_turns(const struct oncall_reader *r, const struct yaml_node *n,
		       const struct layer_draft *d, struct layer *out)
{
	bool ok = true;

	if (!d->people || !d->people->n || d->people->n > TURNS_MAX)
		return fields_error(&r->fields, n, "a layer needs people, 1 to %d", TURNS_MAX);
	out->turns = ARENA_ARRAY(r->fields.arena, struct turn, d->people->n + 1);
	if (!out->rotates) {
		out->n_turns = 1;
		return oncall_read_people(r, d->people, &out->turns[0].people, &out->turns[0].n);
	}
	for (size_t i = 0; i < d->people->n; i++) {
		struct turn *t = &out->turns[out->n_turns++];

		ok &= oncall_read_people(r, d->people->items[i], &t->people, &t->n);
	}
	return ok;
}

struct hours_draft {
	struct str days, from, to;
};

static const struct field HOURS_FIELDS[] = {
	FIELD(TEXT, struct hours_draft, days),
	FIELD(TEXT, struct hours_draft, from),
	FIELD(TEXT, struct hours_draft, to),
};

/* "mon-fri", "mon,wed", "sat-sun" */
static bool read_days(struct str s, unsigned *out)
{
	*out = s.n ? 0 : 0x7F;
	while (s.n) {
		ptrdiff_t comma = str_find_char(s, ',');
		struct str one = str_trim(str_cut(s, 0, comma < 0 ? s.n : (size_t)comma));
		ptrdiff_t dash = str_find_char(one, '-');
		int from = day_of(dash < 0 ? one : str_trim(str_cut(one, 0, (size_t)dash)));
		int to = dash < 0 ? from : day_of(str_trim(str_from(one, (size_t)dash + 1)));

		if (from < 0 || to < 0)
			return false;
		for (int d = from;; d = (d + 1) % 7) {
			*out |= 1u << d;
			if (d == to)
				break;
		}
		s = comma < 0 ? STR("") : str_from(s, (size_t)comma + 1);
	}
	return true;
}

static bool read_hours(const struct oncall_reader *r, const struct yaml_node *n, struct hours *out)
{
	struct hours_draft d = {0};

	if (!FIELDS_READ(&r->fields, n, "hours", HOURS_FIELDS, &d))
		return false;
	if (!read_days(d.days, &out->days))
		return fields_error(&r->fields, n,
				    "days are like \"mon-fri\" or \"mon,wed\" (%s), found \"%.*s\"",
				    DAY_NAMES, STR_ARG(d.days));
	if ((d.from.n && !oncall_minutes(d.from, &out->from)) ||
	    (d.to.n && !oncall_minutes(d.to, &out->to)) || out->from == 24 * 60)
		return fields_error(&r->fields, n, "from and to are times like \"09:00\"");
	if (out->to == 24 * 60)
		out->to = 0; /* from there on the whole rest of the day */
	return true;
}

static bool read_all_hours(const struct oncall_reader *r, const struct yaml_node *list,
			   struct layer *out)
{
	bool ok = true;

	if (!list)
		return true;
	if (list->n > HOURS_MAX)
		return fields_error(&r->fields, list, "more than %d hours", HOURS_MAX);
	out->hours = ARENA_ARRAY(r->fields.arena, struct hours, list->n + 1);
	for (size_t i = 0; i < list->n; i++)
		ok &= read_hours(r, list->items[i], &out->hours[out->n_hours++]);
	return ok;
}

/* ---- layers and schedules ------------------------------------------------------------------ */
static bool read_bounds(const struct oncall_reader *r, const struct yaml_node *n,
			const struct layer_draft *d, const struct tz *tz, struct layer *out)
{
	ms_t since = MS_NONE, until = MS_NONE;

	out->since = out->until = MS_NONE;
	if (d->since.n && !read_time(r, yaml_get(n, "since"), d->since, &since))
		return false;
	if (d->until.n && !read_time(r, yaml_get(n, "until"), d->until, &until))
		return false;
	if (d->since.n)
		out->since = tz_first(tz, since);
	if (d->until.n)
		out->until = tz_first(tz, until);
	if (d->since.n && d->until.n && until <= since)
		return fields_error(&r->fields, yaml_get(n, "until"), "until is before since");
	return true;
}

static bool read_on(const struct oncall_reader *r, const struct yaml_node *n, struct str on,
		    const struct schedule *s, struct layer *out)
{
	if (!on.n)
		return true;
	out->on = str_is(on, "holidays") ? LAYER_HOLIDAYS : LAYER_WORKDAYS;
	if (out->on == LAYER_WORKDAYS && !str_is(on, "workdays"))
		return fields_error(&r->fields, yaml_get(n, "on"),
				    "on must be holidays or workdays, found \"%.*s\"", STR_ARG(on));
	return s->holidays.v ||
	       fields_error(&r->fields, yaml_get(n, "on"),
			    "schedule %.*s has no holidays: a calendar file, holidays: FILE.ics",
			    STR_ARG(s->name));
}

/* Whose turn it is: by a rotation, or by a calendar. */
static bool read_who(const struct oncall_reader *r, const struct yaml_node *n,
		     const struct layer_draft *d, const struct tz *tz, struct layer *out)
{
	bool ok;

	if (!d->calendar) {
		ok = read_rotation(r, n, d, tz, out);
		return read_turns(r, n, d, out) && ok;
	}
	if (d->rotation.n || d->handoff.n || d->has_every || d->pattern || d->people || d->count.n)
		return fields_error(&r->fields, d->calendar,
				    "with calendar there is no rotation, handoff, every, pattern, "
				    "people or count: all of it stands there");
	return oncall_read_calendar(r, d->calendar, tz, out);
}

static bool read_layer(const struct oncall_reader *r, const struct yaml_node *n,
		       const struct schedule *s, size_t number, struct layer *out)
{
	struct layer_draft d = {0};
	bool ok = FIELDS_READ(&r->fields, n, "a layer", LAYER_FIELDS, &d);

	if (n->kind != YAML_MAP)
		return ok;
	out->name = d.name.n ? d.name : arena_printf(r->fields.arena, "layer %zu", number + 1);
	ok &= read_who(r, n, &d, s->tz, out);
	ok &= read_on(r, n, d.on, s, out);
	ok &= read_all_hours(r, d.hours, out);
	ok &= read_bounds(r, n, &d, s->tz, out);
	out->count_active = str_is(d.count, "active");
	if (d.count.n && !out->count_active && !str_is(d.count, "all"))
		ok = fields_error(&r->fields, yaml_get(n, "count"),
				  "count must be all or active, found \"%.*s\"", STR_ARG(d.count));
	return ok;
}

struct schedule_draft {
	struct str time_zone, gap;
	const struct yaml_node *layers, *fallback, *shadows, *holidays;
};

static const struct field SCHEDULE_FIELDS[] = {
	FIELD(TEXT, struct schedule_draft, time_zone), FIELD(LIST, struct schedule_draft, layers),
	FIELD(NODE, struct schedule_draft, fallback),  FIELD(NODE, struct schedule_draft, shadows),
	FIELD(TEXT, struct schedule_draft, gap),       FIELD(NODE, struct schedule_draft, holidays),
};

static bool read_layers(const struct oncall_reader *r, const struct yaml_node *list,
			struct schedule *s)
{
	bool ok = true;

	s->layers = ARENA_ARRAY(r->fields.arena, struct layer, list->n + 1);
	for (size_t i = 0; i < list->n; i++)
		ok &= read_layer(r, list->items[i], s, i, &s->layers[s->n_layers++]);
	return ok;
}

bool oncall_read_schedule(const struct oncall_reader *r, const struct yaml_pair *p,
			  struct schedule *s)
{
	struct schedule_draft d = {0};
	const struct yaml_node *n = p->value;
	bool ok = oncall_read_name(r, p->key, "schedule");

	*s = (struct schedule){.name = p->key->value, .line = p->key->line, .col = p->key->col};
	ok &= FIELDS_READ(&r->fields, n, "a schedule", SCHEDULE_FIELDS, &d);
	if (n->kind != YAML_MAP)
		return fields_error(&r->fields, p->key, "schedule %.*s has no layers",
				    STR_ARG(s->name));
	s->time_zone = d.time_zone;
	if (!oncall_read_zone(r, yaml_get(n, "time_zone"), d.time_zone, &s->tz))
		return false;
	ok &= oncall_read_holidays(r, d.holidays, s);
	if (!d.layers || !d.layers->n || d.layers->n > LAYERS_MAX)
		ok = fields_error(&r->fields, p->key, "schedule %.*s needs 1 to %d layers",
				  STR_ARG(s->name), LAYERS_MAX);
	else
		ok &= read_layers(r, d.layers, s);
	ok &= oncall_read_people(r, d.fallback, &s->fallback, &s->n_fallback);
	ok &= oncall_read_people(r, d.shadows, &s->shadows, &s->n_shadows);
	s->gap_intended = str_is(d.gap, "intended");
	if (d.gap.n && !s->gap_intended)
		ok = fields_error(&r->fields, yaml_get(n, "gap"),
				  "gap can only be intended, found \"%.*s\"", STR_ARG(d.gap));
	return ok;
}
