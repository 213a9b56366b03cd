/*
 * What the notifier holds: alerts of every source with what becomes of them, and silences. The old
 * links of Alertmanager's messages (#/alerts?..., #/silences/...) lead here: web/assets/app.js.
 */
#ifndef WEB_PAGE_TOLD_H
#define WEB_PAGE_TOLD_H

#include "web/exchange.h"

void page_told_alerts(struct exchange *x);   /* alerts?filter={...}&receiver=NAME */
void page_told_silences(struct exchange *x); /* silences?id=ID or ?filter={...} */

#endif
