/*
 * Incidents, who is on call, changes of the plan, numbers and calendars over HTTP (docs/oncall.md).
 * Bodies are JSON objects, which no form of another site can send.
 */
#ifndef WEB_API_INCIDENTS_H
#define WEB_API_INCIDENTS_H

struct exchange;

/* GET and POST /api/rouse/v1/incidents, /api/rouse/v1/incidents/ID[/VERB] */
void api_rouse_incidents(struct exchange *x);
void api_rouse_incident(struct exchange *x);
/* GET /api/rouse/v1/who, GET and POST /api/rouse/v1/overrides, DELETE .../overrides/ID */
void api_rouse_who(struct exchange *x);
void api_rouse_calendar(struct exchange *x); /* GET /api/rouse/v1/calendar */
void api_rouse_stats(struct exchange *x);    /* GET /api/rouse/v1/stats */
void api_rouse_overrides(struct exchange *x);
void api_rouse_override(struct exchange *x);

#endif
