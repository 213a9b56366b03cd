/*
 * Who is on call. Layers are asked in their order; each answers with its people at the instant and
 * with the next instant at which its answer may be another one.
 *
 * Hours are looked at as spans between instants: they begin at the first moment at which the clock
 * shows the time and end at the last one, so a change of the clocks cuts none in two.
 */
#include "oncall/schedule.h"

#include "base/buf.h"

#define SPAN_MAX (366 * DAY)

/* An instant after `at` counts as the next change. */
static void note_change(ms_t *until, ms_t at, ms_t change)
{
	if (change != MS_NONE && change > at)
		*until = ms_earlier(*until, change);
}

static ms_t local_day(const struct tz *tz, ms_t at)
{
	ms_t local = at + tz_offset_s(tz, at) * SECOND;
	ms_t rest = local % DAY;

	return local - (rest < 0 ? rest + DAY : rest);
}

/* ---- hours --------------------------------------------------------------------------------- */
static int weekday_of(ms_t local_midnight)
{
	return civil_of(local_midnight).weekday;
}

/* Whether `at` is in the hours, and when that may change (not later than in two days). */
static bool in_hours(const struct layer *l, const struct tz *tz, ms_t at, ms_t *until)
{
	ms_t today = local_day(tz, at);
	bool in = false;

	if (!l->n_hours)
		return true;
	for (int d = -1; d <= 1; d++) {
		ms_t day = today + d * DAY;

		for (size_t i = 0; i < l->n_hours; i++) {
			const struct hours *h = &l->hours[i];
			ms_t from, to;

			if (!(h->days & 1u << weekday_of(day)))
				continue;
			from = tz_first(tz, day + h->from * MINUTE);
			to = h->from < h->to ? tz_last(tz, day + h->to * MINUTE)
					     : tz_last(tz, day + DAY + h->to * MINUTE);
			in |= from <= at && at < to;
			note_change(until, at, from);
			note_change(until, at, to);
		}
	}
	note_change(until, at, tz_first(tz, today + 2 * DAY));
	return in;
}

/* ---- turns that do not count --------------------------------------------------------------- */
/* Minutes of a local span that fall into the hours; only whether there are any matters. */
static bool meets_hours(const struct layer *l, ms_t from, ms_t to)
{
	ms_t first = from - ((from % DAY) + DAY) % DAY - DAY;

	for (ms_t day = first; day < to; day += DAY) {
		for (size_t i = 0; i < l->n_hours; i++) {
			const struct hours *h = &l->hours[i];
			ms_t a = day + h->from * MINUTE;
			ms_t b = day + h->to * MINUTE + (h->from < h->to ? 0 : DAY);

			if (h->days & 1u << weekday_of(day) && a < to && b > from)
				return true;
		}
	}
	return false;
}

static bool is_active(const struct layer *l, int64_t number)
{
	return meets_hours(l, rotation_local(&l->rotation, number),
			   rotation_local(&l->rotation, number + 1));
}

/* After so many shifts both the turns' lengths and the days of the week begin anew. */
static int64_t shifts_of_period(const struct rotation *r)
{
	int64_t week = r->unit == ROTATION_HOUR ? 168 : r->unit == ROTATION_DAY ? 7 : 1, units = 0;
	int64_t periods = 1;

	for (size_t i = 0; i < r->n_lengths; i++)
		units += r->lengths[i];
	while (periods * units % week)
		periods++;
	return periods * (int64_t)r->n_lengths;
}

/* How many active shifts lie between the origin and this one. */
static int64_t active_before(const struct layer *l, int64_t number)
{
	int64_t period = shifts_of_period(&l->rotation), all = 0, before = 0;
	int64_t cycle = number / period - (number % period < 0), place = number - cycle * period;

	for (int64_t i = 0; i < period; i++) {
		bool active = is_active(l, i);

		all += active;
		before += active && i < place;
	}
	return cycle * all + before;
}

static size_t turn_of(const struct layer *l, int64_t number)
{
	int64_t n = (int64_t)l->n_turns;

	if (l->count_active && l->n_hours && l->rotation.unit != ROTATION_MONTH)
		number = active_before(l, number);
	return (size_t)((number % n + n) % n);
}

/* ---- calendars ----------------------------------------------------------------------------- */
/* The number of spans that have begun; the next beginning and the ends of those that hold are
 * changes. */
static size_t begun(const struct calendar *c, ms_t at, ms_t *until)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->v[middle].from <= at)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < c->n)
		note_change(until, at, c->v[low].from);
	return low;
}

/* The one before `i` that holds, the latest first; NULL: there is none any more. */
static const struct calendar_span *holding(const struct calendar *c, size_t *i, ms_t at,
					   ms_t *until)
{
	while (*i && c->v[*i - 1].reach > at) {
		const struct calendar_span *s = &c->v[--*i];

		if (s->to <= at)
			continue;
		note_change(until, at, s->to);
		return s;
	}
	return NULL;
}

/* ---- a layer ------------------------------------------------------------------------------- */
static bool has(const struct roster *r, const struct person *p)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].person == p)
			return true;
	}
	return false;
}

static void add(struct roster *r, struct on_call oc)
{
	if (r->n < ON_CALL_MAX && !has(r, oc.person))
		r->v[r->n++] = oc;
}

static void add_all(struct roster *r, const struct person *const *v, size_t n, struct on_call why)
{
	for (size_t i = 0; i < n; i++) {
		why.person = v[i];
		add(r, why);
	}
}

/* The events that begin first come first. */
static void by_events(const struct layer *l, ms_t at, struct roster *r)
{
	const struct calendar *c = &l->calendar;
	size_t end = begun(c, at, &r->until), i = end;

	while (holding(c, &i, at, &r->until))
		;
	for (; i < end; i++) {
		if (c->v[i].to > at)
			add_all(r, c->v[i].people, c->v[i].n,
				(struct on_call){.why = WHY_LAYER, .layer = l, .span = &c->v[i]});
	}
}

static void by_turn(const struct layer *l, ms_t at, const struct calendar_span *holiday,
		    struct roster *r)
{
	const struct turn *t = &l->turns[0];
	struct shift s;

	if (l->rotates) {
		s = rotation_at(&l->rotation, at);
		note_change(&r->until, at, s.to);
		t = &l->turns[turn_of(l, s.number)];
	}
	add_all(r, t->people, t->n,
		(struct on_call){.why = WHY_LAYER, .layer = l, .span = holiday});
}

static void by_layer(const struct schedule *s, const struct layer *l, ms_t at, struct roster *r)
{
	const struct calendar_span *holiday = NULL;

	note_change(&r->until, at, l->since);
	note_change(&r->until, at, l->until);
	if ((l->since != MS_NONE && at < l->since) || (l->until != MS_NONE && at >= l->until))
		return;
	if (l->on != LAYER_ALWAYS) {
		size_t i = begun(&s->holidays, at, &r->until);

		holiday = holding(&s->holidays, &i, at, &r->until);
		if ((holiday != NULL) != (l->on == LAYER_HOLIDAYS))
			return;
	}
	if (!in_hours(l, s->tz, at, &r->until))
		return;
	if (l->by_calendar)
		by_events(l, at, r);
	else
		by_turn(l, at, holiday, r);
}

static void by_plan(const struct schedule *s, ms_t at, struct roster *r)
{
	for (size_t i = 0; i < s->n_layers && !r->n; i++)
		by_layer(s, &s->layers[i], at, r);
}

/* ---- overrides ----------------------------------------------------------------------------- */
struct changes {
	const struct oncall_config *c;
	const struct schedule *s;
	const struct override *const *v;
	size_t n;
	ms_t at;
};

static bool holds(const struct changes *ch, const struct override *o, ms_t *until)
{
	if (!str_eq(o->schedule, ch->s->name))
		return false;
	note_change(until, ch->at, o->from);
	note_change(until, ch->at, o->to);
	return o->from <= ch->at && ch->at < o->to;
}

/* False: no temporary schedule holds. */
static bool by_temporary(const struct changes *ch, struct roster *r)
{
	bool any = false;

	for (size_t i = 0; i < ch->n; i++) {
		const struct override *o = ch->v[i];
		const struct person *p;

		if (!holds(ch, o, &r->until) || o->kind != OVERRIDE_TEMPORARY)
			continue;
		p = oncall_person(ch->c, o->add);
		if (o->add.n && !p)
			continue;
		any = true;
		if (p)
			add(r, (struct on_call){.person = p, .why = WHY_TEMPORARY, .override = o});
	}
	return any;
}

static void change(struct roster *r, const struct override *o, const struct person *plus,
		   const struct person *minus)
{
	struct on_call oc = {.person = plus, .why = WHY_OVERRIDE, .override = o};
	bool found = false;

	for (size_t i = 0; minus && i < r->n; i++) {
		if (r->v[i].person != minus)
			continue;
		found = true;
		oc.instead_of = minus;
		for (size_t k = i + 1; k < r->n; k++)
			r->v[k - 1] = r->v[k];
		r->n--;
		break;
	}
	if (plus && (found || !minus))
		add(r, oc);
}

/* Each in the other one's place at once: one after the other would undo the first. */
static void swap(struct roster *r, const struct override *o, const struct person *a,
		 const struct person *b)
{
	if (has(r, a) && has(r, b))
		return;
	for (size_t i = 0; i < r->n; i++) {
		const struct person *was = r->v[i].person;

		if (was == a || was == b)
			r->v[i] = (struct on_call){.person = was == a ? b : a,
						   .why = WHY_OVERRIDE,
						   .override = o,
						   .instead_of = was};
	}
}

static void by_changes(const struct changes *ch, struct roster *r)
{
	for (size_t i = 0; i < ch->n; i++) {
		const struct override *o = ch->v[i];
		const struct person *plus, *minus;

		if (o->kind == OVERRIDE_TEMPORARY || !holds(ch, o, &r->until))
			continue;
		plus = oncall_person(ch->c, o->add);
		minus = oncall_person(ch->c, o->remove);
		if (o->kind == OVERRIDE_SWAP) {
			if (plus && minus)
				swap(r, o, plus, minus);
		} else if ((plus || !o->add.n) && (minus || !o->remove.n))
			change(r, o, plus, minus);
	}
}

void schedule_at(const struct oncall_config *c, const struct schedule *s,
		 const struct override *const *overrides, size_t n, ms_t at, struct roster *out)
{
	struct changes ch = {.c = c, .s = s, .v = overrides, .n = n, .at = at};

	out->n = 0;
	out->until = MS_NONE;
	if (by_temporary(&ch, out))
		return;
	by_plan(s, at, out);
	by_changes(&ch, out);
	for (size_t i = 0; !out->n && i < s->n_fallback; i++)
		add(out, (struct on_call){.person = s->fallback[i], .why = WHY_FALLBACK});
}

/* ---- checking ------------------------------------------------------------------------------ */
static bool known(const struct oncall_config *c, struct str name, struct err *err)
{
	return !name.n || oncall_person(c, name) ||
	       err_set(err, -1, "there is nobody called \"%.*s\"", STR_ARG(name));
}

static bool shares_somebody(const struct override *a, const struct override *b)
{
	return (a->add.n && (str_eq(a->add, b->add) || str_eq(a->add, b->remove))) ||
	       (a->remove.n && (str_eq(a->remove, b->add) || str_eq(a->remove, b->remove)));
}

static bool is_temporary(const struct override *o)
{
	return o->kind == OVERRIDE_TEMPORARY;
}

bool override_check(const struct oncall_config *c, const struct override *o,
		    const struct override *const *others, size_t n, ms_t now, struct err *err)
{
	if (!oncall_schedule(c, o->schedule))
		return err_set(err, -1, "there is no schedule \"%.*s\"", STR_ARG(o->schedule));
	if (!known(c, o->add, err) || !known(c, o->remove, err))
		return false;
	if (o->kind == OVERRIDE_TEMPORARY && o->remove.n)
		return err_set(err, -1,
			       "a temporary schedule takes nobody out: leave \"remove\" away");
	if (o->kind == OVERRIDE_SWAP && (!o->add.n || !o->remove.n))
		return err_set(err, -1, "a swap is of two people");
	if (o->kind == OVERRIDE_CHANGE && !o->add.n && !o->remove.n)
		return err_set(err, -1, "whom does it add or remove?");
	if (o->add.n && str_eq(o->add, o->remove))
		return err_set(err, -1,
			       o->kind == OVERRIDE_SWAP ? "it swaps somebody with themselves"
							: "it adds and removes the same person");
	if (o->to <= o->from)
		return err_set(err, -1, "it ends before it begins");
	if (o->to <= now)
		return err_set(err, -1, "its end is in the past");
	if (o->to - o->from > SPAN_MAX)
		return err_set(err, -1, "it is longer than a year");
	for (size_t i = 0; i < n; i++) {
		const struct override *x = others[i];

		if (is_temporary(x) == is_temporary(o) && str_eq(x->schedule, o->schedule) &&
		    x->from < o->to && o->from < x->to && shares_somebody(o, x))
			return err_set(err, -1,
				       "override %llu of %.*s has one of these people at the same "
				       "time",
				       (unsigned long long)x->id, STR_ARG(x->by));
	}
	return true;
}

void override_put_what(struct buf *b, const struct override *o)
{
	if (o->kind == OVERRIDE_SWAP)
		buf_printf(b, "%.*s and %.*s swapped", STR_ARG(o->remove), STR_ARG(o->add));
	else if (o->kind == OVERRIDE_TEMPORARY && o->add.n)
		buf_printf(b, "only %.*s", STR_ARG(o->add));
	else if (o->kind == OVERRIDE_TEMPORARY)
		buf_adds(b, "nobody");
	else if (o->add.n && o->remove.n)
		buf_printf(b, "%.*s instead of %.*s", STR_ARG(o->add), STR_ARG(o->remove));
	else if (o->add.n)
		buf_printf(b, "%.*s as well", STR_ARG(o->add));
	else
		buf_printf(b, "without %.*s", STR_ARG(o->remove));
}

void on_call_put_why(struct buf *b, const struct on_call *oc)
{
	switch (oc->why) {
	case WHY_LAYER:
		buf_printf(b, "layer %.*s", STR_ARG(oc->layer->name));
		if (oc->span && oc->span->summary.n)
			buf_printf(b, ": %.*s", STR_ARG(oc->span->summary));
		return;
	case WHY_FALLBACK: buf_adds(b, "the fallback"); return;
	case WHY_TEMPORARY:
		buf_printf(b, "temporary schedule %llu by %.*s",
			   (unsigned long long)oc->override->id, STR_ARG(oc->override->by));
		return;
	case WHY_OVERRIDE: break;
	}
	buf_printf(b, "%s %llu by %.*s", oc->override->kind == OVERRIDE_SWAP ? "swap" : "override",
		   (unsigned long long)oc->override->id, STR_ARG(oc->override->by));
	if (oc->instead_of)
		buf_printf(b, " instead of %.*s", STR_ARG(oc->instead_of->name));
}
