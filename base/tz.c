/*
 * Over GLib's GTimeZone, which also takes offsets and POSIX rules for names ("+02", "ABC-3"): a
 * typing error must not become such a zone, so names that look like one are refused, except those
 * of the tz database itself.
 */
#include "base/tz.h"

#include <glib.h>
#include <string.h>

#include "base/mem.h"

struct tz {
	GTimeZone *zone;
};

/* Only letters, and digits where the database has them: below Etc/, and in six old names. */
static bool is_name(struct str s)
{
	static const char *const WITH_DIGITS[] = {"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT",
						  "GMT0",    "GMT+0",	"GMT-0"};
	bool plain = s.n > 0 && s.p[0] != '/' && str_find(s, STR("..")) < 0 && str_is_utf8(s);

	for (size_t i = 0; i < ARRAY_LEN(WITH_DIGITS); i++) {
		if (str_is(s, WITH_DIGITS[i]))
			return true;
	}
	if (str_starts(s, "Etc/"))
		return plain;
	for (size_t i = 0; i < s.n; i++)
		plain &= g_ascii_isalpha(s.p[i]) || strchr("/_-", s.p[i]);
	return plain && g_ascii_isalpha(s.p[0]);
}

struct tz *tz_open(struct str name)
{
	char *text = mem_str(name);
	GTimeZone *zone = NULL;
	struct tz *tz = NULL;

	if (!name.n || str_is(name, "UTC"))
		zone = g_time_zone_new_utc();
	else if (str_is(name, "Local"))
		zone = g_time_zone_new_local();
	else if (is_name(name))
		zone = g_time_zone_new_identifier(text);
	if (zone) {
		tz = MEM_NEW(struct tz);
		tz->zone = zone;
	}
	free(text);
	return tz;
}

void tz_free(struct tz *tz)
{
	if (!tz)
		return;
	g_time_zone_unref(tz->zone);
	free(tz);
}

static int interval_at(const struct tz *tz, ms_t wall)
{
	ms_t s = wall / SECOND - (wall % SECOND < 0);

	return g_time_zone_find_interval(tz->zone, G_TIME_TYPE_UNIVERSAL, s);
}

int tz_offset_s(const struct tz *tz, ms_t wall)
{
	return tz ? g_time_zone_get_offset(tz->zone, interval_at(tz, wall)) : 0;
}

const char *tz_abbreviation(const struct tz *tz, ms_t wall)
{
	return tz ? g_time_zone_get_abbreviation(tz->zone, interval_at(tz, wall)) : "UTC";
}

struct civil tz_civil(const struct tz *tz, ms_t wall)
{
	return civil_of(wall + tz_offset_s(tz, wall) * SECOND);
}

/* No zone has ever been further from UTC. */
#define FARTHEST (26 * HOUR)

/* The first instant of the interval behind number `interval`, between two instants of which the
 * first is in it or before, the second behind it. */
static ms_t interval_end(const struct tz *tz, int interval, ms_t low, ms_t high)
{
	while (high - low > SECOND) {
		ms_t middle = low + (high - low) / 2 / SECOND * SECOND;

		if (interval_at(tz, middle) <= interval)
			low = middle;
		else
			high = middle;
	}
	return high;
}

static ms_t instant_of(const struct tz *tz, ms_t local, bool last)
{
	ms_t from = local - FARTHEST, to = local + FARTHEST, begin = from, found = MS_NONE;
	ms_t after_gap = MS_NONE;
	int first, end;

	if (!tz)
		return local;
	first = interval_at(tz, from);
	end = interval_at(tz, to);
	for (int i = first; i <= end; i++) {
		ms_t offset = g_time_zone_get_offset(tz->zone, i) * SECOND;
		ms_t over = i == end ? to + 1 : interval_end(tz, i, begin, to);

		if (local - offset < begin && found == MS_NONE && after_gap == MS_NONE)
			after_gap = begin; /* its clock is already past it */
		if (local - offset >= begin && local - offset < over) {
			found = local - offset;
			if (!last)
				break;
		}
		begin = over;
	}
	return found != MS_NONE ? found : after_gap;
}

ms_t tz_first(const struct tz *tz, ms_t local)
{
	return instant_of(tz, local, false);
}

ms_t tz_last(const struct tz *tz, ms_t local)
{
	return instant_of(tz, local, true);
}
