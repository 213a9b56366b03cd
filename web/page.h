/*
 * What all pages share: the frame around them, and how they speak of states. Links and assets are
 * relative, so that a page works behind any prefix; every page is one level below it.
 *
 * A page works without scripts and styles. Parts that the script may replace when something
 * changed carry an id and data-live.
 */
#ifndef WEB_PAGE_H
#define WEB_PAGE_H

#include "evaluator/view.h"
#include "web/count.h"
#include "web/exchange.h"
#include "web/filter.h"
#include "web/html.h"

#define PAGE_ALERTS_MAX 500 /* alerts on the status page; the API has all */
#define PAGE_RULES_MAX 1000 /* rules on it */
#define PAGE_ROWS_MAX 50    /* rows of other tables */

enum mood { MOOD_CALM, MOOD_PENDING, MOOD_FIRING, MOOD_BLIND };

struct page {
	struct exchange *x;
	struct buf *b; /* &x->body */
	ms_t now;      /* wall */
	struct filter filter;
	struct count count;
	struct self_view self;
	enum mood mood;
};

/* Counts, reads the filter, decides the mood. */
void page_init(struct page *p, struct exchange *x);
/* Head and header; `title` is text. */
void page_begin(struct page *p, struct str title);
/* Footer, and the answer itself. */
void page_end(struct page *p, int status);

/* A page for who has no password: no sections, no scripts, no state of anything else. */
void page_bare_begin(struct exchange *x, struct str title);
void page_bare_end(struct exchange *x, int status);

/* "1 alert", "12 alerts". */
void page_plural(struct buf *b, size_t n, const char *one, const char *many);
/* A state in words with its mark: <span class="state firing">firing</span>. */
void page_state(struct buf *b, const char *class, const char *text);
/* The link to a rule's own page, around its name. */
void page_rule_link(struct page *p, const struct rule_view *r);
/* Link to Prometheus's graph of the rule's expression; nothing if no address is known. */
void page_graph_link(struct page *p, const struct rule *r);
void page_query_link(struct page *p, struct str query); /* the same of any expression */
/* "and 9,500 more ...": told when a list was cut. `what` is literal markup. */
void page_more(struct page *p, size_t n, const char *what);

#endif
