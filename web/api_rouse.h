/*
 * rouse's own API: what the status page shows, as JSON, in the envelope of the Prometheus API.
 * Times are RFC 3339; a time that is not known is null.
 */
#ifndef WEB_API_ROUSE_H
#define WEB_API_ROUSE_H

#include "web/exchange.h"

void api_rouse_status(struct exchange *x);     /* GET /api/rouse/v1/status */
void api_rouse_deliveries(struct exchange *x); /* GET /api/rouse/v1/deliveries: newest first */
void api_rouse_receivers(struct exchange *x);  /* GET /api/rouse/v1/receivers */

#endif
