/* Times on a command line. */
#ifndef HOST_WHEN_H
#define HOST_WHEN_H

#include "base/base.h"
#include "base/err.h"

ms_t when_now(void);
/* "now", "-1h30m" (before now), Unix seconds, RFC 3339. */
ATTR_CHECK bool when_parse(struct str text, ms_t now, ms_t *out, struct err *err);

#endif
