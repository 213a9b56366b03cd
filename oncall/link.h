/*
 * Links that act for somebody without a password: signed, bound to one incident, one verb and one
 * person, good for a day and for one use. A link shows a page; only its button acts (scanners and
 * previews fetch links).
 *
 * The token is base64url of "verb incident step expires person" and of half an HMAC-SHA256 of that,
 * with a dot between. The key is made at the first start and lives in the store.
 */
#ifndef ONCALL_LINK_H
#define ONCALL_LINK_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "oncall/answer.h"

#define LINK_GOOD_FOR DAY
#define LINK_MAX 400 /* bytes of a token; longer ones are forged */

struct link {
	enum answer_verb verb;
	uint64_t incident;
	int64_t step;	   /* that was seen, or -1 */
	ms_t expires;	   /* wall */
	struct str person; /* or of what it was sent to: "receiver/team" */
};

void link_put(struct buf *b, const struct oncall *oc, const struct link *l);

enum link_result { LINK_GOOD, LINK_FORGED, LINK_EXPIRED };
/* `out` is filled unless it is forged; texts in the arena. */
enum link_result link_read(const struct oncall *oc, struct str token, ms_t wall, struct arena *a,
			   struct link *out);
/* What the link asks for, by `means`; the same link a second time is ONCALL_ALREADY. */
enum oncall_result link_use(struct oncall *oc, struct now now, const struct link *l,
			    struct str token, struct str means);

#endif
