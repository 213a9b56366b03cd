/*
 * Inside notify/: the reader that config.c (top level, global, receivers) and config_route.c (the
 * tree of routes) share.
 */
#ifndef NOTIFY_CONFIG_INNER_H
#define NOTIFY_CONFIG_INNER_H

#include "base/fields.h"
#include "notify/config.h"

struct config_reader {
	struct fields fields; /* its arena is the configuration's */
	struct notify_config *config;
	const struct config_files *files;
	const struct limits *limits;
	struct str dir; /* of the file, empty or with a slash at the end */
	size_t n_routes;
};

/* The whole tree below `node` with what it inherits. After the receivers: names are looked up. */
ATTR_CHECK bool config_read_routes(struct config_reader *r, const struct yaml_node *node,
				   struct route **root);

#endif
