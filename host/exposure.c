/* Public without passwords? See exposure.h. */
#include "host/exposure.h"

#include "evaluator/access.h"
#include "oncall/config.h"

static bool is_local(struct str address)
{
	return str_starts(address, "127.") || str_starts(address, "localhost:") ||
	       str_starts(address, "[::1]:") || str_starts(address, "unix:");
}

const char *exposure_warning(const struct config *c, const struct flag_texts *listen,
			     bool passwords)
{
	unsigned change = PERMIT_RESPOND | PERMIT_ADMIN;
	bool local = listen->n > 0;

	for (size_t i = 0; i < listen->n; i++)
		local &= is_local(listen->v[i]);
	if (local || passwords || !c->notify || !c->notify->oncall->n_people)
		return NULL;
	if (c->access && !(c->access->anonymous & change))
		return NULL;
	return "whoever reaches the listener may acknowledge and silence: give users passwords "
	       "(--web.config.file), or write access: {anonymous: viewer}, or listen on 127.0.0.1 "
	       "(--web.listen-address)";
}
