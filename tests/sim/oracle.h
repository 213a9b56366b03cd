/*
 * What must hold (design: the invariants S and L), checked from outside: from what is committed,
 * what is requested and what arrives. It keeps its own slow, obvious account.
 *
 *	S1  a firing alert is held by the notifier, and something will tell of it (notify_covers)
 *	S2  no page starts before its row is on disk as SENDING (unless the last commit failed)
 *	S3  deliveries of one notification <= 1 + crashes and lost answers in its own window, from
 *the first attempt until SENT is durable S6  resolved follows fired, and not twice without a firing
 *in between; not at all to who does not want it S8  no "resolved" without an evaluation that saw
 *the condition gone S9  no "firing" before the condition was seen for as long as `for` says S11
 *limits hold; a full outbox is said S13 a reopened store equals the model at the last durable batch
 *	L1  in the end everybody was told the truth, and no self alert is left
 *	L2  ... and nothing waits
 *	L4  in calm, rules are evaluated at each of their slots
 *
 * truth.c keeps what was seen and told (S6, S8, S9, L1, L4), oracle.c the rest.
 */
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H

#include "base/base.h"
#include "base/err.h"

struct batch;
struct oracle;
struct sim;
struct store;

struct oracle *oracle_new(struct sim *s);
void oracle_free(struct oracle *o);

/* A batch was committed; all that was decided until `until` (mono) is in it or before it. */
void oracle_durable(struct oracle *o, const struct batch *b, ms_t until);
/* It could not be, or nobody knows (the power went away). */
void oracle_store_failed(struct oracle *o, const struct batch *b);
void oracle_crashed(struct oracle *o);
void oracle_new_disk(struct oracle *o);
/* The store was opened: S13. */
void oracle_opened(struct oracle *o, struct store *s);

void oracle_page_starts(struct oracle *o, struct str key);
/* The page with this key may have arrived, but its sender does not know. */
void oracle_answer_lost(struct oracle *o, struct str key);
/* Nobody got the request, but its sender does not know. */
void oracle_vanished(struct oracle *o, struct str url);
/* An attempt has failed: what is told there may be about times long ago. */
void oracle_delayed(struct oracle *o, struct str url);
/* A receiver has answered. */
void oracle_receiver_said(struct oracle *o, struct str url, int status);
/* A POST of an Alertmanager's API has arrived. */
void oracle_forwarded(struct oracle *o, struct str body);
/* rouse has got a true answer: `expr` at the wall time `at` had these elements. After it was
 * handed over. */
void oracle_answer(struct oracle *o, struct str expr, ms_t at, const struct str *ids, size_t n);
void oracle_clock_stepped(struct oracle *o, ms_t by);
void oracle_turn(struct oracle *o);

/* ---- what the world promises ------------------------------------------------------------------
 */
#define RULE_DESTS 8

/* A rule of which S8, S9, L1 and L4 are checked. Labels that rules add are told apart from those
 * of elements by name: alertname, severity, team, region. */
struct oracle_rule {
	const char *name, *expr;
	const char *severity; /* label; NULL: none */
	ms_t hold, interval, offset;
	size_t limit;		       /* 0: none */
	bool asks;		       /* its templates query */
	const char *dests[RULE_DESTS]; /* host and path of who must be told; n_dests 0: anybody */
	size_t n_dests;
};
/* The rule is (now) so; before the configuration is taken. */
void oracle_rule(struct oracle *o, const struct oracle_rule *r);
void oracle_rule_removed(struct oracle *o, const char *name);
/* Routes or receivers have changed: who was told by the old ones may never hear the end. */
void oracle_routes_changed(struct oracle *o);
/* Whether this destination wants to hear of ends (as if so). */
void oracle_dest(struct oracle *o, const char *at, bool send_resolved);
/* All rules' ALERTS are written back, all is forwarded. */
void oracle_written_back(struct oracle *o, bool written, bool forwarded);
/* From now on nothing goes wrong: L4. */
void oracle_calm(struct oracle *o);
/* After all faults have stopped and time has passed: L1, L2, L4. */
void oracle_settled(struct oracle *o);

#endif
