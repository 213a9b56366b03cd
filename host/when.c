/* Relative, absolute, or now. */
#include "host/when.h"

#include <math.h>
#include <time.h>

#include "base/num.h"
#include "base/time.h"

ms_t when_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (ms_t)t.tv_sec * SECOND + t.tv_nsec / 1000000;
}

bool when_parse(struct str text, ms_t now, ms_t *out, struct err *err)
{
	double seconds;
	ms_t ago;

	if (str_is(text, "now")) {
		*out = now;
		return true;
	}
	if (text.n > 1 && text.p[0] == '-' && num_duration(str_from(text, 1), &ago, NULL)) {
		*out = now - ago;
		return true;
	}
	if (num_float(text, &seconds) == NUM_OK && fabs(seconds) < 1e12) {
		*out = (ms_t)llround(seconds * 1e3);
		return true;
	}
	return time_rfc3339(text, out) ||
	       err_set(err, -1,
		       "\"%.*s\" is no time: write now, -1h, 1700000000 or 2024-01-31T12:00:00Z",
		       STR_ARG(text));
}
