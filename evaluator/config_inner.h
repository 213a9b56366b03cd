/*
 * Inside evaluator/: the parts of the configuration's reader. config.c has the whole and the
 * section `prometheus`, config_rules.c finds and loads rule files, config_args.c makes a
 * configuration of command line flags, config_text.c deals with the text.
 */
#ifndef EVALUATOR_CONFIG_INNER_H
#define EVALUATOR_CONFIG_INNER_H

#include "base/fields.h"
#include "evaluator/config.h"

struct config_load {
	struct config *config;
	const struct config_args *args;
	const struct config_files *files;
	const struct limits *limits;
	struct diags *diags;
	struct fields fields; /* of the file; its arena is the configuration's */
	struct str dir;	      /* of the file, without a slash at the end */
	struct arena *tree;   /* for what only lives while loading */
};

/* `path` as seen from the folder of the configuration file, lexically cleaned as Go's
 * filepath.Join does it: group slots depend on the name. */
struct str config_join(struct arena *a, struct str dir, struct str path);

/* A URL alone, or a map with url, timeout, headers and the keys of http_config; keys that were
 * asked for before may stand beside them. */
ATTR_CHECK bool config_read_endpoint(const struct config_load *l, const struct yaml_node *node,
				     const char *what, ms_t timeout, struct endpoint *out);
ATTR_CHECK bool config_read_access(const struct config_load *l, const struct yaml_node *node);
ATTR_CHECK bool config_read_heartbeats(const struct config_load *l, const struct yaml_node *node);
/* Reads the files of the folder into config->notify, after that one. */
ATTR_CHECK bool config_read_runbooks(struct config_load *l, const struct yaml_node *node);
/* Warns of rules whose annotation `runbook` names no file; after the rules. */
void config_check_runbooks(const struct config_load *l);

/* Finds the files of all globs and loads them; groups take their defaults from
 * config->prometheus. */
ATTR_CHECK bool config_load_rules(struct config_load *l, const struct yaml_node *globs);

/* Whether the flags name somebody to page. */
bool config_args_page(const struct config_args *args);
/* Flags as the text of a configuration with a receiver "default" for all of them. False: a flag
 * is missing. */
ATTR_CHECK bool config_args_text(const struct config_args *args, struct arena *a, struct str *out,
				 struct diags *diags);

#endif
