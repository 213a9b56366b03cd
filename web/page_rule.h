/* One rule: what it asks, how it is, all its alerts. */
#ifndef WEB_PAGE_RULE_H
#define WEB_PAGE_RULE_H

#include "web/exchange.h"

void page_rule(struct exchange *x); /* GET /rule ?group=FILE;NAME ?number=N (from 1) */

#endif
