/*
 * Every rule, by group, with its health; those that fail stand once more on top.
 */
#ifndef WEB_PAGE_RULES_H
#define WEB_PAGE_RULES_H

#include "web/page.h"

void page_rules(struct page *p);
/* The state of a rule and its health as marks. */
void page_rule_state(struct page *p, const struct rule_view *r);

#endif
