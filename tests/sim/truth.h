/*
 * What rouse was shown and what it told, about every element of every watched rule. Part of the
 * oracle; see oracle.h for what is checked.
 *
 * What was shown is kept as runs of equal answers. An answer counts as sure only when the rule has
 * taken it and the state that follows is durable: what a crash or a cancelled evaluation loses
 * rouse need not know.
 */
#ifndef TESTS_SIM_TRUTH_H
#define TESTS_SIM_TRUTH_H

#include "base/base.h"
#include "base/map.h"
#include "tests/sim/oracle.h"

struct page;
struct truth;

struct truth *truth_new(struct sim *s);
void truth_free(struct truth *t);

void truth_rule(struct truth *t, const struct oracle_rule *r);
void truth_rule_removed(struct truth *t, const char *name);
/* Rows of the outbox up to `last_row` belong to the old routes. */
void truth_routes_changed(struct truth *t, uint64_t last_row);
void truth_dest(struct truth *t, const char *at, bool send_resolved);
void truth_written_back(struct truth *t, bool written, bool forwarded);
void truth_calm(struct truth *t);

void truth_answer(struct truth *t, struct str expr, ms_t at, const struct str *ids, size_t n);
void truth_clock_stepped(struct truth *t, ms_t by);
void truth_durable(struct truth *t, ms_t until);
/* What was not durable is forgotten; `forgetful`: even what was told. */
void truth_crashed(struct truth *t, bool forgetful);
void truth_vanished(struct truth *t, struct str url);
void truth_delayed(struct truth *t, struct str url);
void truth_receiver_said(struct truth *t, struct str url, int status);
/* `row` of the outbox; 0: not known. */
void truth_page(struct truth *t, const struct page *p, uint64_t row, bool repeated);
void truth_forwarded(struct truth *t, struct str body);
void truth_settled(struct truth *t);

#endif
