/* The front page: does anything fire, who was told, does rouse itself work. */
#ifndef WEB_PAGE_STATUS_H
#define WEB_PAGE_STATUS_H

#include "web/exchange.h"

void page_status(struct exchange *x); /* GET / ?state= ?q= */

#endif
