/*
 * Answers that come from where people were paged: a button, a reaction, a reply, a link. What they
 * mean, and that each counts once, also after a restart.
 */
#ifndef ONCALL_ANSWER_H
#define ONCALL_ANSWER_H

#include "base/base.h"
#include "oncall/incident.h"

enum answer_verb {
	ANSWER_ACK,
	ANSWER_LOOK,
	ANSWER_ESCALATE,
	ANSWER_SNOOZE,
	ANSWER_NOTE, /* words that are no command, in reply to a page */
	ANSWER_VERBS
};
const char *answer_verb_name(enum answer_verb v); /* "ack", "look", "escalate", "snooze", "note" */
ATTR_CHECK bool answer_verb_parse(struct str s, enum answer_verb *out);

/* A reaction: the sign itself (✅ 👀 🆘 🔇 ...) or its name in Slack or Zulip. False: it means
 * nothing here. */
ATTR_CHECK bool answer_of_reaction(struct str reaction, enum answer_verb *out);
/* A reply in words: "ack 42", "a", "ok #42", "escalate 42". *incident is 0 where it has no number.
 */
ATTR_CHECK bool answer_of_words(struct str text, enum answer_verb *out, uint64_t *incident);

#define ANSWER_SNOOZE_FOR (30 * MINUTE)

struct answer {
	enum answer_verb verb;
	struct str
		person; /* of oncall.people; empty: a stranger, who is noted and changes nothing */
	struct str as;	/* how the service names who answered */
	struct str means; /* "telegram" */
	struct str once;  /* the answer's own name: the same one again does nothing */
	struct str text;  /* note */
	int64_t seen;	  /* escalate: the step that was seen, or -1 */
};

/* ONCALL_ALREADY: heard before, too late for what was seen, or somebody else has it. Everything
 * that is heard for the first time is in the timeline. */
enum oncall_result oncall_answer(struct oncall *oc, struct now now, uint64_t id,
				 const struct answer *a);

#endif
