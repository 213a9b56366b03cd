/* `rouse check --prometheus URL`: metrics and labels that rules ask for and nobody has. */
#ifndef HOST_CHECK_PROMETHEUS_H
#define HOST_CHECK_PROMETHEUS_H

#include "base/err.h"
#include "host/prom_client.h"
#include "rules/lint.h"

/* The lints no-such-metric and no-such-label. For each selector of the rules, once: whether there
 * is a series now or in the last 30 days, and if not, which part of it finds nothing. Metrics that
 * rules of the set record are left out. False: the Prometheus cannot be asked. */
ATTR_CHECK bool check_prometheus(struct prom_client *c, const struct lint_pass *p, ms_t now,
				 struct err *err);

#endif
