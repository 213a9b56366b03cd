/* People and how they are reached, with a button that tries it. */
#ifndef WEB_PAGE_PEOPLE_H
#define WEB_PAGE_PEOPLE_H

struct exchange;
struct oncall_config;
struct page;

/* A part of /oncall; ?drill=NUMBER shows what became of that drill. */
void page_people_put(struct page *p, const struct oncall_config *c);
/* POST of the button: begins the drill, and leads back to /oncall. */
void page_drill(struct exchange *x);

#endif
