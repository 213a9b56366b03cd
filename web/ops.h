/*
 * What machines and operators ask: is it alive, is it ready, load the configuration again, how
 * does it feel. Paths and words as Prometheus has them.
 */
#ifndef WEB_OPS_H
#define WEB_OPS_H

#include "web/exchange.h"

void ops_healthy(struct exchange *x); /* GET /-/healthy */
void ops_ready(struct exchange *x);   /* GET /-/ready: 503 until core_ready */
void ops_reload(struct exchange *x);  /* POST, PUT /-/reload */
void ops_metrics(struct exchange *x); /* GET /metrics */

/* Counts an answered request; `route` is route_find's number or WEB_ROUTES_MAX. */
void ops_count(struct web *w, size_t route, int status);

#endif
