/*
 * Silences: what somebody does not want to hear of for a while. A silence holds from starts_at to
 * ends_at for every alert that passes all of its matchers. It is a row of the store before its
 * id is answered, so it survives whatever happens to the process.
 *
 * Rules of creating, changing and ending are Alertmanager's (reference: alertmanager.md §6).
 */
#ifndef NOTIFY_SILENCE_H
#define NOTIFY_SILENCE_H

#include "base/base.h"
#include "base/err.h"
#include "base/io.h"
#include "promql/labels.h"
#include "promql/matcher.h"

struct notify;

struct silence {
	struct str id;		  /* a UUID */
	struct matcher *matchers; /* all must pass; in the order they were given */
	size_t n;
	ms_t starts_at, ends_at, updated_at; /* wall */
	struct str created_by, comment;
	struct labels annotations; /* what others keep with it: shown, never looked at */
};

enum silence_state { SILENCE_PENDING, SILENCE_ACTIVE, SILENCE_EXPIRED };
enum silence_state silence_state(const struct silence *s, ms_t wall);
const char *silence_state_name(enum silence_state s); /* "pending" ... */

enum silence_result { SILENCE_OK, SILENCE_NOT_FOUND, SILENCE_INVALID };

/* Creates a silence (empty id), or changes one: it keeps its id where upstream lets it, else the
 * old one ends and a new one begins. `in` is copied. On OK *id is that of the silence that holds
 * now, borrowed until the next change; INVALID says why in err. */
enum silence_result notify_silence_put(struct notify *n, struct now now, const struct silence *in,
				       struct str *id, struct err *err);
/* Ends it now; one that is over stays as it is. */
enum silence_result notify_silence_expire(struct notify *n, struct now now, struct str id);
/* NULL: unknown. Borrowed until the next change. */
const struct silence *notify_silence(const struct notify *n, struct str id);
/* All that are remembered: active ones by their end, pending ones by their start, then those that
 * are over, the latest end first. fn returns false to stop. */
void notify_silences(const struct notify *n, ms_t wall,
		     bool (*fn)(void *arg, const struct silence *s), void *arg);
/* The active silences that catch the labels, oldest first; fn returns false to stop. A regular
 * expression that gives up catches nothing: better one page too many. */
void notify_silenced_by(const struct notify *n, ms_t wall, struct labels ls,
			bool (*fn)(void *arg, const struct silence *s), void *arg);
/* The first of them; NULL: none. */
const struct silence *notify_silenced(const struct notify *n, ms_t wall, struct labels ls);

#endif
