/*
 * Which rule of a group needs which: a rule depends on an EARLIER one if one of its selectors may
 * read what that one writes. A recording rule writes its name; an alerting rule writes ALERTS and
 * ALERTS_FOR_STATE with its name as alertname.
 *
 * A selector without a matcher on the metric name may read anything: then nothing is known about
 * the whole group, and it must run in order.
 */
#ifndef PROMQL_DEPEND_H
#define PROMQL_DEPEND_H

#include "base/arena.h"
#include "base/base.h"
#include "promql/ast.h"

struct depend_rule {
	struct str name; /* of the alert or the record */
	bool is_alert;
	const struct expr *expr;
};

struct depend_result {
	const size_t *on; /* positions of the earlier rules it needs, ascending */
	size_t n_on;
	bool has_dependents;  /* a later rule needs it (true if not known) */
	bool no_dependencies; /* certain */
	bool no_dependents;   /* certain */
};

/* One result a rule, in the arena. *known is false if the group cannot be analysed; then every
 * no_* is false and the lists are empty. */
const struct depend_result *depend_analyse(const struct depend_rule *rules, size_t n,
					   struct arena *a, bool *known);

#endif
