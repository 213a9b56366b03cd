/*
 * Which handler answers which path and method. Paths are exact; HEAD is answered as GET (the host
 * leaves the body out); a known path asked in another way is 405 with Allow.
 */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include "web/exchange.h"

/* Answers x (always) and returns the number of the route, WEB_ROUTES_MAX if there was none. */
size_t route_dispatch(struct exchange *x);
/* The path of a route as metrics name it; "other" for WEB_ROUTES_MAX. */
const char *route_name(size_t number);

#endif
