/*
 * Time zones: what a clock on the wall shows at an instant. Rules come from the system's tz
 * database (the package tzdata), read by GLib when a zone is opened.
 */
#ifndef BASE_TZ_H
#define BASE_TZ_H

#include "base/base.h"
#include "base/time.h"

struct tz;

/* By IANA name ("Europe/Berlin"), as Go's time.LoadLocation: "" and "UTC" are UTC, "Local" is the
 * machine's. NULL: there is no such zone. */
struct tz *tz_open(struct str name);
void tz_free(struct tz *tz);
OWNED_DEFINE(tz)

/* What is added to UTC at that instant, in seconds. NULL is UTC. */
int tz_offset_s(const struct tz *tz, ms_t wall);
/* "CEST"; "UTC" for NULL. Borrowed from the zone. */
const char *tz_abbreviation(const struct tz *tz, ms_t wall);
struct civil tz_civil(const struct tz *tz, ms_t wall);
/* The other way: when the zone's clock shows `local` (a civil time as if it were UTC, whole
 * seconds). It may show it twice: the first or the last of the two. Where the clocks skip it, both
 * are the first instant after the gap. NULL is UTC. */
ms_t tz_first(const struct tz *tz, ms_t local);
ms_t tz_last(const struct tz *tz, ms_t local);

#endif
