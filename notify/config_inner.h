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

/* The three keys that matchers are written under; NULL: absent. */
struct config_matchers {
	const struct yaml_node *match, *match_re, *matchers;
};
/* All of them as one sorted list, in the configuration's arena. */
ATTR_CHECK bool config_read_matchers(const struct config_reader *r, const struct config_matchers *m,
				     const struct matcher **out, size_t *n);
ATTR_CHECK bool config_read_inhibit_rules(const struct config_reader *r,
					  const struct yaml_node *list);

/* One entry of a receiver's list of a kind. */
ATTR_CHECK bool config_read_entry(const struct config_reader *r, const struct receiver *rc,
				  const struct receiver_kind *kind, const struct yaml_node *written,
				  size_t index, struct integration *out);
/* `oncall:`, its people's contacts, and whether all names hold together. After the receivers. */
ATTR_CHECK bool config_read_oncall(struct config_reader *r, const struct yaml_node *node);

ATTR_CHECK bool config_read_tracing(const struct config_reader *r, const struct yaml_node *node);
ATTR_CHECK bool config_read_event_recorder(const struct config_reader *r,
					   const struct yaml_node *node);
/* The entries of time_intervals or mute_time_intervals (`key`), behind those that are there. */
ATTR_CHECK bool config_read_time_intervals(const struct config_reader *r, const char *key,
					   const struct yaml_node *list);

/* Whether a key of the top level is Alertmanager's. */
bool config_has_top_key(struct str key);
/* Each prints its section as a value; a node is the section as written. */
void config_put_global(struct yaml_out *o, const struct global_config *g);
void config_put_route(struct yaml_out *o, const struct yaml_node *node);
void config_put_inhibit_rule(struct yaml_out *o, const struct yaml_node *node);
void config_put_tracing(struct yaml_out *o, const struct yaml_node *node);
void config_put_event_recorder(struct yaml_out *o, const struct yaml_node *node);
/* For struct field's `put`: a list of matchers, each in its plainest form. */
void config_put_matchers(struct yaml_out *o, const struct field *fd, const void *from);

#endif
