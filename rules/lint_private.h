/* Inside the lints: one rule at a time. */
#ifndef RULES_LINT_PRIVATE_H
#define RULES_LINT_PRIVATE_H

#include "base/yaml_source.h"
#include "promql/ast.h"
#include "rules/lint.h"

struct linter {
	const struct lint_options *o;
	struct diags *diags;
	const struct rule_group *group;
	const struct rule *rule;
	/* Of the file at work; the tree is read when the first finding needs it. */
	struct rule_file file;
	struct arena arena;
	struct yaml_source source;
	bool source_read, tree_read;
	const struct yaml_node *tree;
	size_t at_group, at_rule; /* in the tree: the last rule whose place was asked for */
};

/* The rule's lines in its file. */
struct str lint_rule_text(struct linter *l);

void lint_conditions(struct linter *l); /* lint_condition.c: never fires, never resolves ... */
void lint_labels(struct linter *l);	/* lint_labels.c: label sets of results */
void lint_templates(struct linter *l);	/* lint_template.c */

/* The labels that a result may have. */
struct label_set {
	struct strs names; /* those it may have; or those it has not, if open */
	bool open;	   /* any others as well */
};
struct label_set label_set_of(struct arena *a, const struct expr *e);
bool label_set_has(const struct label_set *s, struct str name); /* may have */

#endif
