/*
 * The text of the configuration before and beside its meaning: ${env:NAME} put in, secrets taken
 * out.
 */
#ifndef EVALUATOR_CONFIG_TEXT_H
#define EVALUATOR_CONFIG_TEXT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/yaml.h"

struct config_files;

/* The text with each secret replaced by <secret>. To be called before the environment is put in:
 * values must be what is written. A secret that is not found where it should be withholds the
 * whole text. */
struct str config_text_redact(struct str text, const struct yaml_node *top, struct arena *a);
/* Replaces ${env:NAME} in every value below `top`; tells each name that is not set. */
ATTR_CHECK bool config_text_env(struct yaml_node *top, struct str file,
				const struct config_files *files, struct arena *a,
				struct diags *diags);

#endif
