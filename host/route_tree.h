/* The tree of routes as a picture for a terminal. */
#ifndef HOST_ROUTE_TREE_H
#define HOST_ROUTE_TREE_H

#include "base/buf.h"

struct notify_config;

/* Lines that begin with two blanks; nothing without routes. */
void route_tree_put(struct buf *b, const struct notify_config *c);

#endif
