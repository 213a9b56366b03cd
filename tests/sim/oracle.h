/*
 * What must hold (design: the invariants S and L), checked from outside: from what is committed,
 * what is requested and what arrives. It keeps its own slow, obvious account.
 *
 *	S2  no page starts before the batch that holds its row is durable (unless the store fails)
 *	S3  deliveries of one notification <= 1 + crashes + answers that were lost
 *	S6  resolved follows fired, and not twice without a firing in between
 *	S8  no "resolved" without an evaluation that saw the condition gone
 *	S9  no "firing" before the condition was seen for as long as `for` says
 */
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H

#include "base/base.h"

struct batch;
struct oracle;
struct sim;

struct oracle *oracle_new(struct sim *s);
void oracle_free(struct oracle *o);

void oracle_durable(struct oracle *o, const struct batch *b);
void oracle_store_failed(struct oracle *o);
void oracle_crashed(struct oracle *o);
void oracle_page_starts(struct oracle *o, struct str key);
/* rouse has got a true answer: `expr` at the wall time `at` had elements or not. */
void oracle_answer(struct oracle *o, struct str expr, ms_t at, bool holds);
void oracle_clock_stepped(struct oracle *o, ms_t by);
void oracle_turn(struct oracle *o);

/* What the swarm's alerts promise, so that S8 and S9 can be checked: `expr` decides about the
 * alerts of this name (one element at most), which fire after `hold`. */
void oracle_watch(struct oracle *o, const char *alertname, const char *expr, ms_t hold);
/* After all faults have stopped and time has passed: L1, L2, L3 for the webhook receivers: what
 * was told last about each watched alert is the truth. */
void oracle_settled(struct oracle *o);

#endif
