/*
 * What fires and what pends. Alerts of one rule share a card: what they have in common is said
 * once, what tells them apart stands beside each.
 */
#ifndef WEB_PAGE_ALERTS_H
#define WEB_PAGE_ALERTS_H

#include "web/page.h"

/* Both sections, as the filter lets them through. */
void page_alerts(struct page *p);
/* Every alert of one rule, as a table (at most PAGE_ALERTS_MAX). */
void page_alerts_of_rule(struct page *p, const struct rule_view *r);

#endif
