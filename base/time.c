/*
 * Civil dates: days counted from 1970-03-01-like years (a year that begins in March has its leap
 * day at the end), so that every conversion is a few divisions and right for any year that a ms_t
 * can reach.
 */
#include "base/time.h"

#include <string.h>

#define DAYS_400Y 146097
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static bool is_leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Days since the Unix epoch of a date; month from 1 to 12, day may be anything. */
static int64_t days_of(int64_t year, int month, int64_t day)
{
	int64_t y = year - (month <= 2);
	int64_t era = floor_div(y, 400);
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;

	return era * DAYS_400Y + yoe * 365 + yoe / 4 - yoe / 100 + doy + day - 1 - DAYS_TO_1970;
}

struct civil civil_of(ms_t wall)
{
	int64_t days = floor_div(wall, DAY);
	int64_t ms = wall - days * DAY;
	int64_t z = days + DAYS_TO_1970;
	int64_t era = floor_div(z, DAYS_400Y);
	int64_t doe = z - era * DAYS_400Y;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100); /* from 1 March */
	int month = (int)((5 * doy + 2) / 153);		       /* 0 is March */
	struct civil c = {
		.day = (int)(doy - (153 * month + 2) / 5 + 1),
		.month = month < 10 ? month + 3 : month - 9,
		.hour = (int)(ms / HOUR),
		.minute = (int)(ms % HOUR / MINUTE),
		.second = (int)(ms % MINUTE / SECOND),
		.milli = (int)(ms % SECOND),
		.weekday = (int)(days + 4 - floor_div(days + 4, 7) * 7),
	};

	c.year = (int)(yoe + era * 400 + (c.month <= 2));
	c.yearday = (int)(days - days_of(c.year, 1, 1) + 1);
	return c;
}

ms_t civil_to(const struct civil *c)
{
	int64_t months = (int64_t)c->month - 1;
	int64_t year = c->year + floor_div(months, 12);
	int month = (int)(months - floor_div(months, 12) * 12) + 1;

	return days_of(year, month, c->day) * DAY + c->hour * HOUR + c->minute * MINUTE +
	       c->second * SECOND + c->milli;
}

/* ---- out ------------------------------------------------------------------------------------- */

static char *put_number(char *p, int v, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		p[i] = (char)('0' + v % 10);
		v /= 10;
	}
	return p + digits;
}

/* "2026-11-23T06:00:00" without fraction and zone. Years outside of 0 to 9999 keep all digits. */
static void put_seconds(struct buf *b, const struct civil *c)
{
	char text[19], *p = text;

	if (c->year < 0 || c->year > 9999) {
		buf_printf(b, "%0*d-%02d-%02dT%02d:%02d:%02d", c->year < 0 ? 5 : 4, c->year,
			   c->month, c->day, c->hour, c->minute, c->second);
		return;
	}
	p = put_number(p, c->year, 4);
	*p++ = '-';
	p = put_number(p, c->month, 2);
	*p++ = '-';
	p = put_number(p, c->day, 2);
	*p++ = 'T';
	p = put_number(p, c->hour, 2);
	*p++ = ':';
	p = put_number(p, c->minute, 2);
	*p++ = ':';
	put_number(p, c->second, 2);
	buf_add(b, (struct str){.p = text, .n = sizeof(text)});
}

static void put_rfc3339(struct buf *b, ms_t wall, bool all_digits)
{
	if (wall == MS_NONE)
		wall = days_of(1, 1, 1) * DAY;

	struct civil c = civil_of(wall);
	char fraction[5] = ".";
	size_t n = 4;

	put_seconds(b, &c);
	put_number(fraction + 1, c.milli, 3);
	while (!all_digits && n > 1 && fraction[n - 1] == '0')
		n--;
	if (n > 1)
		buf_add(b, (struct str){.p = fraction, .n = n});
	buf_addc(b, 'Z');
}

void time_put_rfc3339(struct buf *b, ms_t wall)
{
	put_rfc3339(b, wall, false);
}

void time_put_rfc3339_milli(struct buf *b, ms_t wall)
{
	put_rfc3339(b, wall, true);
}

/* ---- in -------------------------------------------------------------------------------------- */

/* Takes exactly `digits` digits off the front. */
static bool take_number(struct str *s, size_t digits, int *out)
{
	int v = 0;

	if (s->n < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	*s = str_from(*s, digits);
	*out = v;
	return true;
}

static bool take_text(struct str *s, const char *text)
{
	if (!str_starts(*s, text))
		return false;
	*s = str_from(*s, strlen(text));
	return true;
}

static bool date_exists(const struct civil *c)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (c->month < 1 || c->month > 12 || c->day < 1)
		return false;
	return c->day <= days[c->month - 1] + (c->month == 2 && is_leap(c->year));
}

/* hh:mm:ss; a leap second counts as the first second of the next minute where `leap` allows it. */
static bool take_clock(struct str *s, struct civil *c, bool leap)
{
	return take_number(s, 2, &c->hour) && take_text(s, ":") && take_number(s, 2, &c->minute) &&
	       take_text(s, ":") && take_number(s, 2, &c->second) && c->hour < 24 &&
	       c->minute < 60 && c->second < 60 + leap;
}

/* ".123456": digits past the third are cut. */
static bool take_fraction(struct str *s, int *milli)
{
	int place = 100;

	if (!take_text(s, ".") && !take_text(s, ","))
		return true;
	if (!s->n || s->p[0] < '0' || s->p[0] > '9')
		return false;
	for (; s->n && s->p[0] >= '0' && s->p[0] <= '9'; *s = str_from(*s, 1)) {
		*milli += (s->p[0] - '0') * place;
		place /= 10;
	}
	return true;
}

/* Z or +hh:mm, as minutes east. */
static bool take_offset(struct str *s, int *minutes)
{
	int h, m, sign = take_text(s, "-") ? -1 : take_text(s, "+") ? 1 : 0;

	if (!sign)
		return take_text(s, "Z");
	if (!take_number(s, 2, &h) || !take_text(s, ":") || !take_number(s, 2, &m))
		return false;
	*minutes = sign * (h * 60 + m);
	return h < 24 && m < 60;
}

bool time_rfc3339(struct str s, ms_t *out)
{
	struct civil c = {0};
	int offset = 0;

	if (!take_number(&s, 4, &c.year) || !take_text(&s, "-") || !take_number(&s, 2, &c.month) ||
	    !take_text(&s, "-") || !take_number(&s, 2, &c.day) || !take_text(&s, "T"))
		return false;
	if (!take_clock(&s, &c, false) || !take_fraction(&s, &c.milli) ||
	    !take_offset(&s, &offset) || s.n || !date_exists(&c))
		return false;
	*out = civil_to(&c) - offset * MINUTE;
	return true;
}

static bool take_month(struct str *s, int *month)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++) {
		if (s->n >= 3 && memcmp(s->p, names + i * (ptrdiff_t)3, 3) == 0) {
			*s = str_from(*s, 3);
			*month = i + 1;
			return true;
		}
	}
	return false;
}

/* "06 Nov 1994 08:49:37 GMT" */
static bool imf_fixdate(struct str s, struct civil *c)
{
	return take_number(&s, 2, &c->day) && take_text(&s, " ") && take_month(&s, &c->month) &&
	       take_text(&s, " ") && take_number(&s, 4, &c->year) && take_text(&s, " ") &&
	       take_clock(&s, c, true) && str_is(s, " GMT");
}

/* "06-Nov-94 08:49:37 GMT": years below 70 are of this century. */
static bool rfc850_date(struct str s, struct civil *c)
{
	bool ok = take_number(&s, 2, &c->day) && take_text(&s, "-") && take_month(&s, &c->month) &&
		  take_text(&s, "-") && take_number(&s, 2, &c->year) && take_text(&s, " ") &&
		  take_clock(&s, c, true) && str_is(s, " GMT");

	c->year += c->year < 70 ? 2000 : 1900;
	return ok;
}

/* "Nov  6 08:49:37 1994" */
static bool asctime_date(struct str s, struct civil *c)
{
	return take_month(&s, &c->month) && take_text(&s, " ") &&
	       (take_text(&s, " ") ? take_number(&s, 1, &c->day) : take_number(&s, 2, &c->day)) &&
	       take_text(&s, " ") && take_clock(&s, c, true) && take_text(&s, " ") &&
	       take_number(&s, 4, &c->year) && s.n == 0;
}

/* Cuts "Sun, " or "Sunday, " or "Sun " off. The name is not compared with the date: services that
 * get it wrong mean the date. */
static bool take_weekday(struct str *s, bool *comma)
{
	static const char *const names[] = {"Sunday",	"Monday", "Tuesday", "Wednesday",
					    "Thursday", "Friday", "Saturday"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str full = str_of(names[i]);

		if (s->n < 3 || memcmp(s->p, full.p, 3) != 0)
			continue;
		*s = str_from(*s, str_starts(*s, names[i]) ? full.n : 3);
		*comma = take_text(s, ",");
		return take_text(s, " ");
	}
	return false;
}

bool time_http_date(struct str s, ms_t *out)
{
	struct civil a = {0}, b = {0};
	bool comma = false;

	s = str_trim(s);
	if (!take_weekday(&s, &comma))
		return false;
	if (comma ? imf_fixdate(s, &a) : asctime_date(s, &a))
		b = a;
	else if (!comma || !rfc850_date(s, &b))
		return false;
	if (!date_exists(&b))
		return false;
	*out = civil_to(&b);
	return true;
}
