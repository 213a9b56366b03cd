/* Words of scenarios about incidents and the plan; see scenario.h. */
#ifndef TESTS_SIM_INCIDENT_WORDS_H
#define TESTS_SIM_INCIDENT_WORDS_H

#include "base/base.h"
#include "base/err.h"

struct sim;

/* ack|unack|escalate|close|note|call|snooze ID WHO ..., tick ID WHO done|skipped|open|run WORDS:
 * the step of the incident's runbook that begins so; false: *why it was refused. */
bool incident_words_do(struct sim *s, struct str verb, struct str args, const char **why);
/* "VERB ID USER [STEP]": a button of a chat. */
ATTR_CHECK bool incident_words_press(struct sim *s, struct str args);
/* SCHEDULE REMOVE ADD SPAN, "-" for nobody; from now on. */
bool incident_words_override(struct sim *s, struct str args, struct err *err);
/* ID STATUS [TEXT of the timeline] */
bool incident_words_expect(struct sim *s, struct str args, struct err *err);

#endif
