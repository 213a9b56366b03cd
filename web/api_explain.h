/* GET /api/rouse/v1/explain?alert=...&at=...&receiver=...: why somebody is (or was) told, or not.
 */
#ifndef WEB_API_EXPLAIN_H
#define WEB_API_EXPLAIN_H

#include "web/exchange.h"

void api_rouse_explain(struct exchange *x);

#endif
