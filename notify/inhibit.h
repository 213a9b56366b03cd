/*
 * Inhibition: while a source alert fires, nobody is told of its targets (reference:
 * alertmanager.md §7). The rules are the configuration's; the index from the values of a rule's
 * `equal` labels to its sources follows the alerts, so that a question costs one look a rule.
 */
#ifndef NOTIFY_INHIBIT_H
#define NOTIFY_INHIBIT_H

#include "base/base.h"
#include "notify/alert.h"
#include "promql/matcher.h"

struct inhibitor;

struct inhibit_rule {
	struct str name; /* may be empty */
	const struct matcher *source, *target;
	size_t n_source, n_target;
	struct str *equal; /* absent labels are equal to empty ones */
	size_t n_equal;
};

/* The rules are borrowed for its life. */
struct inhibitor *inhibitor_new(const struct inhibit_rule *rules, size_t n);
void inhibitor_free(struct inhibitor *in);
OWNED_DEFINE(inhibitor)
/* An alert that may be a source; borrowed until inhibitor_remove. Its labels do not change. */
void inhibitor_add(struct inhibitor *in, const struct alert *a);
void inhibitor_remove(struct inhibitor *in, const struct alert *a);
/* The firing alert that inhibits one with these labels, by the first rule that does; NULL: none.
 * What matches both sides of a rule inhibits nothing that does too. As upstream since 0.34 only
 * the source that ends last is looked at. A regular expression that gives up matches nothing. */
const struct alert *inhibitor_find(const struct inhibitor *in, ms_t wall, struct labels ls);
/* The rule that does. */
const struct inhibit_rule *inhibitor_rule(const struct inhibitor *in, ms_t wall, struct labels ls);

#endif
