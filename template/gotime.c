/*
 * Times as Go shows them. Instants are computed in milliseconds of base/time plus the nanoseconds
 * below; years beyond what ms_t can hold are cut to its ends.
 */
#include "template/gotime.h"

#include <string.h>

#include "base/num.h"
#include "base/time.h"
#include "template/golayout.h"
#include "template/template.h"

#define NS_SECOND ((int64_t)1000000000)
#define SECONDS_MOST ((int64_t)8000000000000) /* some 250,000 years around the epoch */

/* ---- layouts --------------------------------------------------------------------------------- */

static void put_offset(struct buf *b, int offset, struct str layout)
{
	bool colon = str_find_char(layout, ':') >= 0;
	int o = offset < 0 ? -offset : offset;
	size_t parts = (layout.n - 1 - (colon ? (layout.n - 1) / 3 : 0)) / 2;

	if (layout.p[0] == 'Z' && offset == 0) {
		buf_addc(b, 'Z');
		return;
	}
	buf_printf(b, "%c%02d", offset < 0 ? '-' : '+', o / 3600);
	if (parts > 1)
		buf_printf(b, "%s%02d", colon ? ":" : "", o / 60 % 60);
	if (parts > 2)
		buf_printf(b, "%s%02d", colon ? ":" : "", o % 60);
}

static void put_zone(struct buf *b, const struct value_time *t)
{
	if (t->zone || !t->offset_s)
		buf_adds(b, t->zone ? t->zone : "UTC");
	else
		put_offset(b, t->offset_s, t->offset_s % 3600 ? STR("-0700") : STR("-07"));
}

static void put_fraction(struct buf *b, int ns, struct str layout)
{
	char digits[16];
	size_t n = layout.n - 1;

	snprintf(digits, sizeof(digits), "%09d", ns);
	if (layout.p[1] == '9') {
		n = MIN(n, (size_t)9);
		while (n && digits[n - 1] == '0')
			n--;
		if (!n)
			return;
	}
	buf_addc(b, layout.p[0]);
	buf_add(b, (struct str){.p = digits, .n = MIN(n, (size_t)9)});
}

static int hour12(int hour)
{
	return hour % 12 ? hour % 12 : 12;
}

static struct civil civil_time(const struct value_time *t)
{
	int64_t s = t->s + t->offset_s;

	s = MAX(MIN(s, SECONDS_MOST), -SECONDS_MOST);
	return civil_of(s * SECOND);
}

static void put_year(struct buf *b, int year)
{
	if (year < 0)
		buf_addc(b, '-');
	buf_printf(b, "%04d", year < 0 ? -year : year);
}

static void put_piece(struct buf *b, enum piece piece, const struct value_time *t,
		      const struct civil *c, struct str word)
{
	switch (piece) {
	case PIECE_NONE: break;
	case PIECE_LONG_MONTH: buf_adds(b, golayout_months[c->month - 1]); break;
	case PIECE_MONTH: buf_add(b, str_cut(str_of(golayout_months[c->month - 1]), 0, 3)); break;
	case PIECE_NUM_MONTH: buf_printf(b, "%d", c->month); break;
	case PIECE_ZERO_MONTH: buf_printf(b, "%02d", c->month); break;
	case PIECE_LONG_WEEKDAY: buf_adds(b, golayout_days[c->weekday]); break;
	case PIECE_WEEKDAY: buf_add(b, str_cut(str_of(golayout_days[c->weekday]), 0, 3)); break;
	case PIECE_DAY: buf_printf(b, "%d", c->day); break;
	case PIECE_UNDER_DAY: buf_printf(b, "%2d", c->day); break;
	case PIECE_ZERO_DAY: buf_printf(b, "%02d", c->day); break;
	case PIECE_UNDER_YEARDAY: buf_printf(b, "%3d", c->yearday); break;
	case PIECE_ZERO_YEARDAY: buf_printf(b, "%03d", c->yearday); break;
	case PIECE_HOUR: buf_printf(b, "%02d", c->hour); break;
	case PIECE_HOUR12: buf_printf(b, "%d", hour12(c->hour)); break;
	case PIECE_ZERO_HOUR12: buf_printf(b, "%02d", hour12(c->hour)); break;
	case PIECE_MINUTE: buf_printf(b, "%d", c->minute); break;
	case PIECE_ZERO_MINUTE: buf_printf(b, "%02d", c->minute); break;
	case PIECE_SECOND: buf_printf(b, "%d", c->second); break;
	case PIECE_ZERO_SECOND: buf_printf(b, "%02d", c->second); break;
	case PIECE_LONG_YEAR: put_year(b, c->year); break;
	case PIECE_YEAR: buf_printf(b, "%02d", (c->year < 0 ? -c->year : c->year) % 100); break;
	case PIECE_PM: buf_adds(b, c->hour >= 12 ? "PM" : "AM"); break;
	case PIECE_LOWER_PM: buf_adds(b, c->hour >= 12 ? "pm" : "am"); break;
	case PIECE_ZONE: put_zone(b, t); break;
	case PIECE_OFFSET: put_offset(b, t->offset_s, word); break;
	case PIECE_FRACTION: put_fraction(b, t->ns, word); break;
	}
}

void gotime_format(struct buf *b, const struct value_time *t, struct str layout)
{
	struct civil c = civil_time(t);
	size_t n;

	for (size_t i = 0; i < layout.n; i += n) {
		struct str at = str_from(layout, i);
		enum piece piece = golayout_piece(at, &n);

		if (piece != PIECE_NONE) {
			put_piece(b, piece, t, &c, str_cut(at, 0, n));
			continue;
		}
		buf_addc(b, layout.p[i]);
		n = 1;
	}
}

static struct str arena_take(struct arena *a, struct buf *b)
{
	struct str s = arena_str(a, buf_str(b));

	buf_done(b);
	return s;
}

static struct str formatted(struct arena *a, const struct value_time *t, struct str layout)
{
	struct buf b;

	buf_init(&b, layout.n * 16 + 64);
	gotime_format(&b, t, layout);
	return arena_take(a, &b);
}

struct str gotime_string(struct value v, struct arena *a)
{
	return v.time ? formatted(a, v.time, STR("2006-01-02 15:04:05.999999999 -0700 MST"))
		      : STR("<nil>");
}

struct str gotime_go_string(struct value v, struct arena *a)
{
	if (!v.time)
		return STR("<nil>");

	struct civil c = civil_time(v.time);

	return arena_printf(a, "time.Date(%d, time.%s, %d, %d, %d, %d, %d, time.%s)", c.year,
			    golayout_months[c.month - 1], c.day, c.hour, c.minute, c.second,
			    (int)v.time->ns, v.time->offset_s || v.time->zone ? "Local" : "UTC");
}

static struct str duration_string(struct value v, struct arena *a)
{
	struct buf b;

	buf_init(&b, 64);
	num_put_go_duration(&b, v.i);
	return arena_take(a, &b);
}

static struct str name_string(const char *const *names, int64_t i, int64_t n, const char *type,
			      struct arena *a)
{
	if (i >= 0 && i < n)
		return str_of(names[i]);
	return arena_printf(a, "%%!%s(%lld)", type, (long long)(type[0] == 'M' ? i + 1 : i));
}

static struct str month_string(struct value v, struct arena *a)
{
	return name_string(golayout_months, v.i - 1, 12, "Month", a);
}

static struct str weekday_string(struct value v, struct arena *a)
{
	return name_string(golayout_days, v.i, 7, "Weekday", a);
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

static struct value_time time_add(struct value_time t, int64_t ns)
{
	t.s += ns / NS_SECOND;
	t.ns += (int32_t)(ns % NS_SECOND);
	if (t.ns < 0) {
		t.ns += (int32_t)NS_SECOND;
		t.s--;
	} else if (t.ns >= NS_SECOND) {
		t.ns -= (int32_t)NS_SECOND;
		t.s++;
	}
	return t;
}

static int time_cmp(const struct value_time *a, const struct value_time *b)
{
	if (a->s != b->s)
		return a->s < b->s ? -1 : 1;
	return (a->ns > b->ns) - (a->ns < b->ns);
}

/* The difference in nanoseconds, cut to what a duration can hold. */
static int64_t time_sub(const struct value_time *a, const struct value_time *b)
{
	__int128 d = ((__int128)a->s - b->s) * NS_SECOND + (a->ns - b->ns);

	return d > INT64_MAX ? INT64_MAX : d < INT64_MIN ? INT64_MIN : (int64_t)d;
}

/* Nanoseconds since Go's zero time, modulo d. */
static int64_t time_mod(const struct value_time *t, int64_t d)
{
	__int128 ns = ((__int128)t->s - VALUE_TIME_ZERO_S) * NS_SECOND + t->ns;
	int64_t r = (int64_t)(ns % d);

	return r < 0 ? r + d : r;
}

static int64_t round_to(int64_t v, int64_t m)
{
	int64_t r = v % m, out;

	if (v < 0) {
		r = -r;
		return r + r < m || __builtin_sub_overflow(v, m - r, &out) ? v + r : v - m + r;
	}
	return r + r < m || __builtin_add_overflow(v, m - r, &out) ? v - r : v + m - r;
}

/* ---- methods of time.Time -------------------------------------------------------------------- */

#define METHOD(name) \
	static enum template_outcome name(struct template_call *c, const struct value *args, \
					  size_t n, struct value *out)

METHOD(time_Format)
{
	(void)n;
	*out = value_str(formatted(c->arena, args[0].time, args[1].s));
	return TEMPLATE_OK;
}

METHOD(time_String)
{
	(void)n;
	*out = value_str(gotime_string(args[0], c->arena));
	return TEMPLATE_OK;
}

METHOD(time_UTC)
{
	(void)n;
	*out = value_time(c->arena,
			  (struct value_time){.s = args[0].time->s, .ns = args[0].time->ns});
	return TEMPLATE_OK;
}

METHOD(time_Add)
{
	(void)n;
	*out = value_time(c->arena, time_add(*args[0].time, args[1].i));
	return TEMPLATE_OK;
}

METHOD(time_Sub)
{
	(void)c, (void)n;
	*out = value_duration(time_sub(args[0].time, args[1].time));
	return TEMPLATE_OK;
}

METHOD(time_AddDate)
{
	struct value_time t = *args[0].time;
	struct civil when = civil_time(&t);

	(void)n;
	for (size_t i = 1; i <= 3; i++) {
		if (args[i].i > 100000 || args[i].i < -100000)
			return template_fail(c, "date out of range");
	}
	when.year += (int)args[1].i;
	when.month += (int)args[2].i;
	when.day += (int)args[3].i;
	when.milli = 0;
	t.s = civil_to(&when) / SECOND - t.offset_s;
	*out = value_time(c->arena, t);
	return TEMPLATE_OK;
}

METHOD(time_Truncate)
{
	int64_t d = args[1].i;

	(void)n;
	*out = value_time(c->arena, d <= 0 ? *args[0].time
					   : time_add(*args[0].time, -time_mod(args[0].time, d)));
	return TEMPLATE_OK;
}

METHOD(time_Round)
{
	int64_t d = args[1].i, r = d > 0 ? time_mod(args[0].time, d) : 0;

	(void)n;
	*out = value_time(c->arena, time_add(*args[0].time, r < d - r ? -r : r ? d - r : 0));
	return TEMPLATE_OK;
}

#define TIME_METHOD(name, expr) \
	METHOD(name) \
	{ \
		const struct value_time *t = args[0].time; \
\
		(void)c, (void)n, (void)t; \
		*out = expr; \
		return TEMPLATE_OK; \
	}

static int64_t unix_in(const struct value_time *t, int64_t per_second)
{
	return (int64_t)((uint64_t)t->s * (uint64_t)per_second) + t->ns / (NS_SECOND / per_second);
}

TIME_METHOD(time_Unix, value_int64(t->s))
TIME_METHOD(time_UnixMilli, value_int64(unix_in(t, 1000)))
TIME_METHOD(time_UnixMicro, value_int64(unix_in(t, 1000000)))
TIME_METHOD(time_UnixNano, value_int64(unix_in(t, NS_SECOND)))
TIME_METHOD(time_IsZero, value_bool(t->s == VALUE_TIME_ZERO_S && t->ns == 0))
TIME_METHOD(time_Year, value_int(civil_time(t).year))
TIME_METHOD(time_Month, value_as(&TYPE_MONTH, value_int(civil_time(t).month)))
TIME_METHOD(time_Day, value_int(civil_time(t).day))
TIME_METHOD(time_Hour, value_int(civil_time(t).hour))
TIME_METHOD(time_Minute, value_int(civil_time(t).minute))
TIME_METHOD(time_Second, value_int(civil_time(t).second))
TIME_METHOD(time_Nanosecond, value_int(t->ns))
TIME_METHOD(time_YearDay, value_int(civil_time(t).yearday))
TIME_METHOD(time_Weekday, value_as(&TYPE_WEEKDAY, value_int(civil_time(t).weekday)))
TIME_METHOD(time_After, value_bool(time_cmp(t, args[1].time) > 0))
TIME_METHOD(time_Before, value_bool(time_cmp(t, args[1].time) < 0))
TIME_METHOD(time_Equal, value_bool(time_cmp(t, args[1].time) == 0))
TIME_METHOD(time_Compare, value_int(time_cmp(t, args[1].time)))

#define NO_ARG(method, fn) \
	{ \
		.name = method, .call = fn \
	}
#define ONE_ARG(method, fn, type) \
	{ \
		.name = method, .call = fn, .params = {type}, .n_params = 1 \
	}

static const struct template_func time_methods[] = {
	ONE_ARG("Format", time_Format, &TYPE_STRING),
	NO_ARG("String", time_String),
	NO_ARG("UTC", time_UTC),
	NO_ARG("Local", time_UTC), /* the program has no zone of its own */
	ONE_ARG("Add", time_Add, &TYPE_DURATION),
	ONE_ARG("Sub", time_Sub, &TYPE_TIME),
	{.name = "AddDate",
	 .call = time_AddDate,
	 .params = {&TYPE_INT, &TYPE_INT, &TYPE_INT},
	 .n_params = 3},
	ONE_ARG("Truncate", time_Truncate, &TYPE_DURATION),
	ONE_ARG("Round", time_Round, &TYPE_DURATION),
	NO_ARG("Unix", time_Unix),
	NO_ARG("UnixMilli", time_UnixMilli),
	NO_ARG("UnixMicro", time_UnixMicro),
	NO_ARG("UnixNano", time_UnixNano),
	NO_ARG("IsZero", time_IsZero),
	NO_ARG("Year", time_Year),
	NO_ARG("Month", time_Month),
	NO_ARG("Day", time_Day),
	NO_ARG("Hour", time_Hour),
	NO_ARG("Minute", time_Minute),
	NO_ARG("Second", time_Second),
	NO_ARG("Nanosecond", time_Nanosecond),
	NO_ARG("YearDay", time_YearDay),
	NO_ARG("Weekday", time_Weekday),
	ONE_ARG("After", time_After, &TYPE_TIME),
	ONE_ARG("Before", time_Before, &TYPE_TIME),
	ONE_ARG("Equal", time_Equal, &TYPE_TIME),
	ONE_ARG("Compare", time_Compare, &TYPE_TIME),
	{0},
};

/* ---- methods of time.Duration ---------------------------------------------------------------- */

METHOD(duration_String)
{
	(void)n;
	*out = value_str(duration_string(args[0], c->arena));
	return TEMPLATE_OK;
}

#define DURATION_METHOD(name, expr) \
	METHOD(name) \
	{ \
		int64_t d = args[0].i; \
\
		(void)c, (void)n; \
		*out = expr; \
		return TEMPLATE_OK; \
	}

/* As Go: whole units and the rest apart, so that no digit is lost. */
static double in_units(int64_t d, int64_t unit)
{
	return (double)(d / unit) + (double)(d % unit) / (double)unit;
}

DURATION_METHOD(duration_Seconds, value_float(in_units(d, NS_SECOND)))
DURATION_METHOD(duration_Minutes, value_float(in_units(d, 60 * NS_SECOND)))
DURATION_METHOD(duration_Hours, value_float(in_units(d, 3600 * NS_SECOND)))
DURATION_METHOD(duration_Milliseconds, value_int64(d / 1000000))
DURATION_METHOD(duration_Microseconds, value_int64(d / 1000))
DURATION_METHOD(duration_Nanoseconds, value_int64(d))
DURATION_METHOD(duration_Abs, value_duration(d == INT64_MIN ? INT64_MAX : d < 0 ? -d : d))
DURATION_METHOD(duration_Truncate, value_duration(args[1].i <= 0 ? d : d - d % args[1].i))
DURATION_METHOD(duration_Round, value_duration(args[1].i <= 0 ? d : round_to(d, args[1].i)))

static const struct template_func duration_methods[] = {
	NO_ARG("String", duration_String),
	NO_ARG("Seconds", duration_Seconds),
	NO_ARG("Minutes", duration_Minutes),
	NO_ARG("Hours", duration_Hours),
	NO_ARG("Milliseconds", duration_Milliseconds),
	NO_ARG("Microseconds", duration_Microseconds),
	NO_ARG("Nanoseconds", duration_Nanoseconds),
	NO_ARG("Abs", duration_Abs),
	ONE_ARG("Truncate", duration_Truncate, &TYPE_DURATION),
	ONE_ARG("Round", duration_Round, &TYPE_DURATION),
	{0},
};

METHOD(name_String)
{
	(void)n;
	*out = value_str(args[0].type->string(args[0], c->arena));
	return TEMPLATE_OK;
}

static const struct template_func name_methods[] = {NO_ARG("String", name_String), {0}};

const struct value_type TYPE_TIME = {.name = "time.Time",
				     .kind = VALUE_TIME,
				     .methods = time_methods,
				     .string = gotime_string};
const struct value_type TYPE_TIME_PTR = {.name = "*time.Time",
					 .kind = VALUE_TIME,
					 .pointee = &TYPE_TIME,
					 .methods = time_methods,
					 .string = gotime_string};
const struct value_type TYPE_DURATION = {.name = "time.Duration",
					 .kind = VALUE_INT,
					 .methods = duration_methods,
					 .string = duration_string};
const struct value_type TYPE_DURATION_PTR = {.name = "*time.Duration",
					     .kind = VALUE_INT,
					     .pointee = &TYPE_DURATION,
					     .methods = duration_methods,
					     .string = duration_string};
const struct value_type TYPE_MONTH = {.name = "time.Month",
				      .kind = VALUE_INT,
				      .methods = name_methods,
				      .string = month_string};
const struct value_type TYPE_WEEKDAY = {.name = "time.Weekday",
					.kind = VALUE_INT,
					.methods = name_methods,
					.string = weekday_string};
