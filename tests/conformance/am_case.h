/* What the kinds of Alertmanager's corpora share. */
#ifndef TESTS_CONFORMANCE_AM_CASE_H
#define TESTS_CONFORMANCE_AM_CASE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "notify/config.h"
#include "promql/labels.h"

/* A configuration from text, without files and environment; NULL: refused, diags says why. */
struct notify_config *am_config(struct str text, struct arena *a, struct diags *diags);
/* The same in a mode of matchers; *root is the tree, in the arena. */
struct yaml_node;
struct notify_config *am_config_mode(struct str text, enum matcher_mode mode, struct arena *a,
				     struct yaml_node **root, struct diags *diags);
/* The first error, or the empty string. */
const char *am_first_error(const struct diags *diags);
/* An object of texts. */
struct labels am_labels(const json_t *map, struct arena *a); /* empty values are kept */
struct message;
/* A group of alerts as template data or as it is pushed; the caller frees it. Sets that are null
 * there are nil. */
struct message *am_message(const json_t *data);
/* A file of JSON; the caller drops it. */
json_t *am_file(const char *path);
/* Calls fn for each case of a list, named PATH:SECTION:NUMBER (without a section PATH:NUMBER). */
struct tally;
void am_cases(struct tally *t, const char *path, const json_t *root, const char *section,
	      void (*fn)(struct tally *t, const char *name, const json_t *c));

#endif
