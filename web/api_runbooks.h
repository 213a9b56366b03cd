/* Runbooks over HTTP (docs/runbooks.md). */
#ifndef WEB_API_RUNBOOKS_H
#define WEB_API_RUNBOOKS_H

#include "web/exchange.h"

void api_rouse_runbooks(struct exchange *x); /* GET /api/rouse/v1/runbooks */
void api_rouse_runbook(struct exchange *x);  /* GET /api/rouse/v1/runbooks/NAME */
/* GET and POST /api/rouse/v1/incidents/ID/runbook */
void api_incident_runbook(struct exchange *x, uint64_t id);

#endif
