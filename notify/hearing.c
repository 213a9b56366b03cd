/* What kinds that hear answers share; see hearing.h. */
#include "notify/hearing.h"

#include <jansson.h>

#include "notify/receivers/kinds.h"

struct heard *hearing_add(struct hearing *h)
{
	if (!h->heard)
		h->heard = ARENA_ARRAY(h->d.arena, struct heard, HEARD_MAX);
	if (h->n == HEARD_MAX)
		return NULL;
	h->heard[h->n] = (struct heard){.seen = -1};
	return &h->heard[h->n++];
}

enum hear_result hearing_get(struct hearing *h, struct str url)
{
	h->d.request.method = STR("GET");
	h->d.request.url = url;
	h->d.request.config = h->d.to->http;
	return HEAR_REQUEST;
}

json_t *hearing_json(struct hearing *h, struct now now, const struct io_reply *reply)
{
	json_t *root = NULL;

	if (reply->outcome != IO_REPLIED)
		err_set(&h->d.err, -1, "%.*s", STR_ARG(reply->error));
	else if (reply->status / 100 != 2)
		err_set(&h->d.err, -1, "the answer was %d", reply->status);
	else if (!(root = kind_json(reply)))
		err_set(&h->d.err, -1, "the answer is no JSON");
	if (reply->outcome == IO_REPLIED && reply->status == 429)
		h->d.wait = MAX(kind_retry_after(now, io_reply_header(reply, "retry-after")),
				5 * SECOND);
	return root;
}

void hearing_reaction(struct hearing *h, struct str reaction, struct str user, struct str name)
{
	enum answer_verb verb;
	struct heard *x = answer_of_reaction(reaction, &verb) ? hearing_add(h) : NULL;

	if (!x)
		return;
	x->verb = verb;
	x->user = arena_str(h->d.arena, user);
	x->name = arena_str(h->d.arena, name);
	x->message = h->message;
	x->once = arena_printf(h->d.arena, "%.*s %.*s %s", STR_ARG(h->message), STR_ARG(user),
			       answer_verb_name(verb));
}
