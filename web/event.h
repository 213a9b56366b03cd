/*
 * Live events: one kind, `state`, that says that something a page shows has changed and how much
 * fires now. Whoever wants to see more fetches the page or the API again.
 */
#ifndef WEB_EVENT_H
#define WEB_EVENT_H

#include "web/exchange.h"

void event_stream(struct exchange *x); /* GET /api/events */

#endif
