/*
 * Alertmanager's API v2, as amtool, Prometheus and dashboards speak it: alerts from outside,
 * silences, receivers, status (reference: alertmanager.md §8, §9). A change is answered when it
 * is on disk.
 */
#ifndef WEB_API_ALERTMANAGER_H
#define WEB_API_ALERTMANAGER_H

struct exchange;

void api_am_alerts(struct exchange *x);	      /* GET, POST /api/v2/alerts */
void api_am_listing(struct exchange *x);      /* ... GET alone */
void api_am_alert_groups(struct exchange *x); /* GET /api/v2/alerts/groups */
void api_am_silences(struct exchange *x);     /* GET, POST /api/v2/silences */
void api_am_silence(struct exchange *x);      /* GET, DELETE /api/v2/silence/ID */
void api_am_receivers(struct exchange *x);    /* GET /api/v2/receivers */
void api_am_status(struct exchange *x);	      /* GET /api/v2/status */

#endif
