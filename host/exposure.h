/* Whether whoever reaches a listener may acknowledge, silence, reload. */
#ifndef HOST_EXPOSURE_H
#define HOST_EXPOSURE_H

#include "base/base.h"
#include "evaluator/config.h"
#include "host/flags.h"

/* What to tell about it, or NULL if all is well. `passwords`: web.yml has users. Said only of
 * configurations with people: there an answer of a stranger lets somebody sleep. */
const char *exposure_warning(const struct config *c, const struct flag_texts *listen,
			     bool passwords);

#endif
