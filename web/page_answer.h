/* What a signed link shows: the incident's state and one button. */
#ifndef WEB_PAGE_ANSWER_H
#define WEB_PAGE_ANSWER_H

struct exchange;

/* GET shows, POST does; ?t= is the token of oncall/link.h. Needs no password. */
void page_answer(struct exchange *x);

#endif
