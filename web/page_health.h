/*
 * How rouse itself fares: what is wrong and must be seen first (banners), the Prometheuses it
 * asks, the receivers it tells, the last pages and what became of them.
 */
#ifndef WEB_PAGE_HEALTH_H
#define WEB_PAGE_HEALTH_H

#include "web/page.h"

void page_banners(struct page *p);
void page_deliveries(struct page *p);
void page_health(struct page *p);

#endif
