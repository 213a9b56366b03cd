/* The runbook of an incident on its page: check-lists by stage, one form. */
#ifndef WEB_PAGE_RUNBOOK_H
#define WEB_PAGE_RUNBOOK_H

#include "oncall/incident.h"
#include "web/page.h"

/* Nothing where there is none. */
void page_runbook_put(struct page *p, const struct incident *i);
/* What the form sends: `do` is "done STEP", "skipped STEP", "open STEP" or "run STEP". False: *why
 * says why it was not done, *status is an HTTP status. */
ATTR_CHECK bool page_runbook_do(struct exchange *x, uint64_t id, int *status, struct str *why);
/* The step that the form was about; empty: none. */
struct str page_runbook_step(const struct exchange *x);

#endif
