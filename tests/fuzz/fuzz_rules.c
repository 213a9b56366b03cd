/*
 * Rule files, the whole loader. Besides not crashing: every error has words, a set comes out
 * exactly when there was no error, and what is printed canonically loads again as the same group.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "rules/format.h"
#include "rules/lint.h"
#include "rules/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_set(const struct rule_set *set)
{
	size_t rules = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct rule_group *g = &set->groups[i];

		CHECK(g->name.n > 0 && g->interval > 0);
		CHECK(rule_group_eq(g, g));
		CHECK(rule_group_slot_ns(g, INT64_C(1700000000000000000)) <=
		      INT64_C(1700000000000000000));
		for (size_t j = 0; j < g->n; j++) {
			CHECK(g->rules[j].name.n > 0 && g->rules[j].expr);
			CHECK(g->rules[j].query.n > 0 &&
			      labels_valid(labels_bytes(g->rules[j].labels)));
		}
		rules += g->n;
	}
	CHECK(rules == set->n_rules);
}

/* What was formatted is valid and stays as it is. */
static void check_format(const struct rule_file *file, const struct limits *l)
{
	struct buf once, twice;
	struct diags diags;
	size_t changed;

	diags_init(&diags);
	buf_init(&once, BUF_MAX_ANY);
	buf_init(&twice, BUF_MAX_ANY);
	if (rule_file_format(file->name, file->text, l, &once, &changed, &diags)) {
		CHECK(rule_file_format(file->name, buf_str(&once), l, &twice, &changed, &diags));
		CHECK(str_eq(buf_str(&once), buf_str(&twice)));
	}
	buf_done(&once);
	buf_done(&twice);
	diags_done(&diags);
}

static void run(struct rule_file file, bool legacy, bool lax)
{
	struct limits limits;
	struct lint_options lint;
	struct rule_defaults d = {.interval = MINUTE,
				  .legacy_names = legacy,
				  .ignore_unknown_fields = lax,
				  .limits = &limits};
	struct rule_set *set = NULL;
	struct diags diags;
	bool ok;

	limits_default(&limits);
	limits.rules = 1000;
	diags_init(&diags);
	ok = rule_set_load(&file, 1, &d, &set, &diags);
	CHECK(ok == (set != NULL) && ok == (diags.errors == 0));
	for (size_t i = 0; i < diags.n; i++)
		CHECK(diags.v[i].msg[0]);
	if (ok) {
		check_set(set);
		lint_options_default(&lint, &limits);
		rule_set_lint(&(struct lint_pass){set, &file, 1, &lint, &diags});
		check_format(&file, &limits);
	}
	rule_set_free(set);
	diags_done(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct rule_file file = {.name = STR("r.yml"), .text = {(const char *)data, n}};

	run(file, false, false);
	run(file, true, true);
	return 0;
}
