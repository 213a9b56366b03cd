/*
 * Civil dates in UTC: RFC 3339 both ways. Nothing here looks at a clock; zones are base/tz.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include "base/base.h"
#include "base/buf.h"

struct civil {
	int year, month, day;		 /* month and day from 1 */
	int hour, minute, second, milli; /* second up to 59 */
	int weekday;			 /* 0 = Sunday */
	int yearday;			 /* from 1 */
};

struct civil civil_of(ms_t wall);     /* proleptic Gregorian, UTC */
ms_t civil_to(const struct civil *c); /* weekday, yearday ignored; out of range carries over */
/* "2026-11-23T06:00:00.123Z"; the fraction only when it is not zero (RFC3339Nano); MS_NONE prints
 * Go's zero time 0001-01-01T00:00:00Z. */
void time_put_rfc3339(struct buf *b, ms_t wall);
/* The same, always with three digits of fraction (Alertmanager's API). */
void time_put_rfc3339_milli(struct buf *b, ms_t wall);
/* RFC 3339 with any fraction (cut to ms) and any offset. */
ATTR_CHECK bool time_rfc3339(struct str s, ms_t *out);
/* An HTTP date (RFC 9110: IMF-fixdate, RFC 850, asctime). */
ATTR_CHECK bool time_http_date(struct str s, ms_t *out);

#endif
