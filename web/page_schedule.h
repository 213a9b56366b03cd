/* Who is on call, for people: a page that works without scripts. */
#ifndef WEB_PAGE_SCHEDULE_H
#define WEB_PAGE_SCHEDULE_H

struct exchange;

/* /oncall?schedule=NAME&week=2026-11-23: who it is now, a week of one schedule, its overrides. POST
 * makes one or ends one. */
void page_oncall(struct exchange *x);

#endif
