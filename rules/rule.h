/*
 * Inside rules/: one rule between YAML and struct rule. file.c reads it, validate.c checks it and
 * makes the finished rule, texts.c its labels and annotations.
 */
#ifndef RULES_RULE_H
#define RULES_RULE_H

#include "base/fields.h"
#include "base/yaml_source.h"
#include "rules/rules.h"

/* Labels or annotations of one rule or group: more are refused. */
#define RULE_TEXTS_MAX 256

/* What is the same for all rules of one file. */
struct rule_reader {
	struct fields fields;	   /* its arena is the set's */
	struct yaml_source source; /* of the file */
	const struct rule_defaults *defaults;
	const struct promql_options *promql;
};

/* Labels or annotations as written, in the order of the file. */
struct rule_texts {
	struct rule_text *v;
	size_t n;
};

/* A rule as written. Nodes are NULL when the key is not there. */
struct rule_draft {
	const struct rule_reader *reader;
	const struct yaml_node *node, *record_node, *alert_node, *expr_node;
	struct str group;
	int number;
	const struct rule_texts *group_labels;

	struct str record, alert, expr;
	ms_t hold, keep_firing_for;
	const struct yaml_node *label_map, *annotation_map;
};

/* Checks label names and values of a group in upstream's words. */
ATTR_CHECK bool rule_group_labels_check(const struct rule_reader *r, const struct rule_texts *t);
/* The names and values of a map of texts; false if a mistake was told. */
ATTR_CHECK bool rule_texts_read(const struct fields *f, const struct yaml_node *map,
				const char *what, struct rule_texts *out);
/* Labels (merged with the group's) and annotations of *out, templates compiled. */
ATTR_CHECK bool rule_texts_compile(const struct rule_draft *d, struct rule *out);
/* Checks the draft, telling every mistake, and fills in *out; false if there was one. */
ATTR_CHECK bool rule_compile(const struct rule_draft *d, struct rule *out);

/* Whether labels and annotations may be called so, by the scheme that is wanted. */
bool rule_label_name_ok(const struct rule_reader *r, struct str name);
/* Always false: `group "G", rule N, "NAME": MSG` at a place. */
bool rule_tell(const struct rule_draft *d, int line, int col, const char *fmt, ...)
	ATTR_PRINTF(4, 5);
/* The same for a label or annotation: MSG is `label "NAME": why`. */
bool rule_tell_text(const struct rule_draft *d, const char *what, const struct rule_text *t,
		    const char *why);

#endif
