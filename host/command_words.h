/* What several subcommands read in the same way: an alert's labels, a configuration. */
#ifndef HOST_COMMAND_WORDS_H
#define HOST_COMMAND_WORDS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "promql/labels.h"

struct config;

/* alertname=Down, severity="page": the labels of an alert. */
ATTR_CHECK bool command_labels(struct str text, struct arena *a, struct labels *out,
			       struct err *err);
/* Loads a configuration; what is wrong with it goes to stderr. */
ATTR_CHECK bool command_config(struct str path, struct config **out);

#endif
