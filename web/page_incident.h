/* Incidents for people: pages that work without scripts. */
#ifndef WEB_PAGE_INCIDENT_H
#define WEB_PAGE_INCIDENT_H

struct exchange;

/* Pages: all incidents, one (also its buttons). */
void page_incidents(struct exchange *x);
void page_incident(struct exchange *x);

#endif
