/*
 * Prometheus's HTTP API, version 1, as far as it concerns rules and alerts: what Grafana,
 * Karma and the compliance suite ask for. Answers are byte-compatible in order and format of
 * fields; unknown parameters are ignored, as upstream does.
 */
#ifndef WEB_API_PROMETHEUS_H
#define WEB_API_PROMETHEUS_H

#include "web/exchange.h"

void api_prometheus_rules(struct exchange *x);	       /* GET /api/v1/rules */
void api_prometheus_alerts(struct exchange *x);	       /* GET /api/v1/alerts */
void api_prometheus_alertmanagers(struct exchange *x); /* GET /api/v1/alertmanagers */
void api_prometheus_buildinfo(struct exchange *x);     /* GET /api/v1/status/buildinfo */
void api_prometheus_runtimeinfo(struct exchange *x);   /* GET /api/v1/status/runtimeinfo */
void api_prometheus_config(struct exchange *x);	       /* GET /api/v1/status/config */

#endif
