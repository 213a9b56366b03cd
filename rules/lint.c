/*
 * The table of lints, which are on, where findings stand and whether a comment there switches them
 * off.
 */
#include "rules/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/fields.h"
#include "base/mem.h"
#include "rules/lint_private.h"

const struct lint LINT_TABLE[LINTS] = {
	[LINT_DUPLICATE_RULES] =
		{"duplicate-rules",
		 "Two rules with the same name and labels write the same series or "
		 "are one alert to everybody who is paged."},
	[LINT_NEVER_FIRES] = {"never-fires",
			      "A condition that cannot hold protects nobody and looks as if it "
			      "did."},
	[LINT_NEVER_RESOLVES] = {"never-resolves",
				 "An alert that always fires is noise from its first minute."},
	[LINT_ABSENT_LOSES_LABELS] = {"absent-loses-labels",
				      "absent() knows only the labels its selector names with =; "
				      "texts that use others come out empty."},
	[LINT_LABEL_NOT_IN_RESULT] = {"label-not-in-result",
				      "A label that the aggregation drops is empty in the page."},
	[LINT_TEMPLATE_FAILS] = {"template-fails",
				 "A text that cannot be expanded arrives as an error message."},
	[LINT_FLOAT_EQUALITY] = {"float-equality",
				 "Rates and quotients are seldom exactly the number that is asked "
				 "for."},
	[LINT_MISSING_FOR] = {"missing-for",
			      "A single failed scrape is no outage and should wake nobody."},
	[LINT_SHORT_RANGE] = {"short-range",
			      "A rate over less than four scrapes has gaps as soon as one fails."},
	[LINT_NEVER_MATCHES] = {"never-matches",
				"Vectors whose label sets differ have no elements in common: the "
				"result is always empty."},
	[LINT_OR_DIFFERENT_LABELS] = {"or-different-labels",
				      "Sides of an `or` with different labels are two alerts: one "
				      "thing pages twice."},
	[LINT_NO_SUCH_METRIC] = {"no-such-metric",
				 "With --prometheus: a rule about a metric that nobody exports "
				 "stays silent."},
	[LINT_NO_SUCH_LABEL] = {"no-such-label",
				"With --prometheus: a selector with a label that no series has "
				"stays silent."},
};

/* ---- options -----------------------------------------------------------------------------------
 */

void lint_options_default(struct lint_options *o, const struct limits *l)
{
	*o = (struct lint_options){.scrape_interval = 15 * SECOND, .limits = l};
	for (size_t i = 0; i < LINTS; i++)
		o->on[i] = true;
}

static bool set(struct lint_options *o, struct str name, bool on, struct err *err)
{
	struct str nearest;
	struct buf names;
	bool known = false;

	buf_init(&names, 1024);
	for (size_t i = 0; i < LINTS; i++) {
		if (str_is(name, LINT_TABLE[i].name) || str_is(name, "all")) {
			o->on[i] = on;
			known = true;
		}
		buf_printf(&names, "%s%s", i ? " " : "", LINT_TABLE[i].name);
	}
	nearest = fields_nearest(name, buf_cstr(&names));
	if (!known && nearest.n)
		err_set(err, -1, "there is no lint %.*s; did you mean %.*s?", STR_ARG(name),
			STR_ARG(nearest));
	else if (!known)
		err_set(err, -1, "there is no lint %.*s: there are %s", STR_ARG(name),
			buf_cstr(&names));
	buf_done(&names);
	return known;
}

bool lint_options_parse(struct lint_options *o, struct str text, struct err *err)
{
	bool first = true;

	while (text.n) {
		ptrdiff_t comma = str_find_char(text, ',');
		struct str name = str_trim(comma < 0 ? text : str_cut(text, 0, (size_t)comma));
		bool off = str_starts(name, "-");

		text = comma < 0 ? (struct str){0} : str_from(text, (size_t)comma + 1);
		/* A list of names begins with nothing, one of exceptions with all. */
		if (first && !off && !str_is(name, "all") && !set(o, STR("all"), false, err))
			return false;
		first = false;
		if (!str_is(name, "none") && !set(o, off ? str_from(name, 1) : name, !off, err))
			return false;
	}
	return true;
}

/* ---- where a finding stands --------------------------------------------------------------------
 */

static void read_source(struct linter *l)
{
	if (!l->source_read)
		yaml_source_init(&l->source, l->file.text);
	l->source_read = true;
}

static struct str line_at(struct linter *l, int line)
{
	size_t from, to;

	read_source(l);
	if (line < 1 || (size_t)line > l->source.n)
		return (struct str){0};
	from = l->source.lines[line - 1];
	to = (size_t)line < l->source.n ? l->source.lines[line] : l->file.text.n;
	return str_cut(l->file.text, from, to);
}

/* The line of the next rule, or of the comments above it, which are about that one. */
static int next_begins(struct linter *l, int next)
{
	int first = l->rule->line + 1;

	while (next > first && str_starts(str_trim(line_at(l, next - 1)), "#"))
		next--;
	return MAX(next, first);
}

/* The first line after the rule's own. */
static int rule_end(struct linter *l)
{
	const struct rule_group *g = l->group;
	size_t next = (size_t)l->rule->number;

	read_source(l);
	if (next < g->n)
		return next_begins(l, g->rules[next].line);
	/* The last of its group: up to a line that is indented less. */
	for (int line = l->rule->line + 1; (size_t)line <= l->source.n; line++) {
		struct str text = line_at(l, line);
		size_t indent = 0;

		while (indent < text.n && text.p[indent] == ' ')
			indent++;
		if (str_trim(text).n && (int)indent < l->rule->col - 1)
			return line;
	}
	return (int)l->source.n + 1;
}

struct str lint_rule_text(struct linter *l)
{
	int end = rule_end(l);
	size_t from, to;

	if (l->rule->line < 1 || (size_t)l->rule->line > l->source.n)
		return (struct str){0};
	from = l->source.lines[l->rule->line - 1];
	to = (size_t)end <= l->source.n ? l->source.lines[end - 1] : l->file.text.n;
	return str_cut(l->file.text, from, to);
}

static const struct yaml_node *list_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = map && map->kind == YAML_MAP ? yaml_get(map, key) : NULL;

	return n && n->kind == YAML_LIST ? n : NULL;
}

/* The rule's own map: from the place of the last one that was asked for on, as findings come in
 * the order of the file, then from the start (anchors can break that order). */
static const struct yaml_node *rule_node(struct linter *l, const struct yaml_node *groups)
{
	for (size_t n = 0; n <= groups->n; n++, l->at_group++, l->at_rule = 0) {
		const struct yaml_node *rules;

		if (l->at_group >= groups->n)
			l->at_group = 0;
		rules = list_of(groups->items[l->at_group], "rules");
		for (; rules && l->at_rule < rules->n; l->at_rule++) {
			const struct yaml_node *r = rules->items[l->at_rule];

			if (r->line == l->rule->line && r->col == l->rule->col)
				return r;
		}
	}
	return NULL;
}

/* The node of the rule's expression: its file is read again, for findings only. */
static const struct yaml_node *expr_node(struct linter *l)
{
	const struct yaml_node *groups, *rule;
	struct yaml_node *root = NULL;
	bool more;

	if (!l->tree_read && yaml_parse(l->file.text, l->o->limits, &l->arena, &root, &more, NULL))
		l->tree = root;
	l->tree_read = true;
	groups = list_of(l->tree, "groups");
	rule = groups && groups->n ? rule_node(l, groups) : NULL;
	return rule && rule->kind == YAML_MAP ? yaml_get(rule, "expr") : NULL;
}

static void place_of(struct linter *l, const struct expr *e, int *line, int *col)
{
	const struct yaml_node *n = e ? expr_node(l) : NULL;
	size_t at;

	*line = l->rule->line;
	*col = l->rule->col;
	read_source(l);
	if (n && yaml_source_of(&l->source, n, e->start, &at))
		yaml_source_place(&l->source, at, line, col);
}

/* "# rouse: disable=a,b" in this text with this name? */
static bool disables(struct str text, struct str name)
{
	static const struct str MARK = {"# rouse: disable=", 17};
	ptrdiff_t at;

	while ((at = str_find(text, MARK)) >= 0) {
		struct str list;
		size_t n = 0;

		text = str_from(text, (size_t)at + MARK.n);
		while (n < text.n && text.p[n] != ' ' && text.p[n] != '\n')
			n++;
		list = str_cut(text, 0, n);
		while (list.n) {
			ptrdiff_t comma = str_find_char(list, ',');
			struct str one = comma < 0 ? list : str_cut(list, 0, (size_t)comma);

			if (str_eq(str_trim(one), name) || str_is(str_trim(one), "all"))
				return true;
			list = comma < 0 ? (struct str){0} : str_from(list, (size_t)comma + 1);
		}
	}
	return false;
}

static bool is_disabled(struct linter *l, enum lint_id id)
{
	struct str name = str_of(LINT_TABLE[id].name);
	struct str above = str_trim(line_at(l, l->rule->line - 1));

	return disables(lint_rule_text(l), name) ||
	       (str_starts(above, "#") && disables(above, name));
}

bool lint_tell(struct linter *l, enum lint_id id, const struct expr *e, const char *fmt, ...)
{
	int line, col;
	char msg[1024];
	va_list ap;

	if (!l->o->on[id] || is_disabled(l, id))
		return false;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	/* Past DIAGS_MAX findings are only counted. */
	place_of(l, l->diags->n < DIAGS_MAX ? e : NULL, &line, &col);
	diags_warn(l->diags, l->file.name, line, col, "%s: %.*s: %s", LINT_TABLE[id].name,
		   STR_ARG(l->rule->name), msg);
	return true;
}

/* ---- duplicates --------------------------------------------------------------------------------
 */

/* A rule with its place in the order of the file. */
struct entry {
	const struct rule_group *group;
	const struct rule *rule;
	size_t order;
};

static int same_cmp(const struct entry *a, const struct entry *b)
{
	int c = str_cmp(a->rule->name, b->rule->name);

	return c ? c : labels_cmp(a->rule->labels, b->rule->labels);
}

static int entry_cmp(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = same_cmp(x, y);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static void tell_duplicates(struct str file, const struct entry *v, size_t n, struct diags *diags)
{
	const struct rule *first = v[0].rule, *second = v[1].rule;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	labels_put(&b, second->labels, false);
	diags_warn(diags, file, second->line, second->col,
		   "%zu rules are called %.*s with labels %s, the first one in line %d: might "
		   "cause "
		   "inconsistency while recording expressions",
		   n, STR_ARG(second->name), buf_cstr(&b), first->line);
	buf_done(&b);
}

/* Leaves out the rules whose comments say so; how many are left. `l` NULL: comments are not read.
 */
static size_t drop_disabled(struct linter *l, struct entry *v, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (l) {
			l->group = v[i].group;
			l->rule = v[i].rule;
			if (is_disabled(l, LINT_DUPLICATE_RULES))
				continue;
		}
		v[left++] = v[i];
	}
	return left;
}

static void lint_file(const struct rule_group *groups, size_t n, struct linter *l,
		      struct diags *diags)
{
	struct entry *v = NULL;
	size_t cap = 0, used = 0, to;

	for (size_t i = 0; i < n; i++) {
		v = mem_reserve(v, &cap, used + groups[i].n, sizeof(*v));
		for (size_t j = 0; j < groups[i].n; j++, used++)
			v[used] = (struct entry){&groups[i], &groups[i].rules[j], used};
	}
	if (used > 1)
		qsort(v, used, sizeof(*v), entry_cmp);
	for (size_t from = 0; from < used; from = to) {
		size_t left;

		for (to = from + 1; to < used && same_cmp(&v[from], &v[to]) == 0;)
			to++;
		left = to - from > 1 ? drop_disabled(l, v + from, to - from) : 0;
		if (left > 1)
			tell_duplicates(groups[0].file, v + from, left, diags);
	}
	free(v);
}

void rule_set_lint_duplicates(const struct rule_set *rs, struct diags *diags)
{
	for (size_t from = 0, to; from < rs->n; from = to) {
		for (to = from + 1;
		     to < rs->n && str_eq(rs->groups[from].file, rs->groups[to].file);)
			to++;
		lint_file(rs->groups + from, to - from, NULL, diags);
	}
}

/* ---- all rules ---------------------------------------------------------------------------------
 */

static const struct rule_file *file_named(const struct rule_file *files, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(files[i].name, name))
			return &files[i];
	}
	return NULL;
}

struct pass {
	void (*fn)(void *arg, struct linter *l, const struct rule *r);
	void *arg;
	/* NULL, or for all groups of a file after its rules. */
	void (*file)(struct linter *l, const struct rule_group *groups, size_t n);
};

static void pass_group(struct linter *l, const struct rule_group *g, const struct pass *pass)
{
	l->group = g;
	for (size_t i = 0; i < g->n; i++) {
		l->rule = &g->rules[i];
		pass->fn(pass->arg, l, l->rule);
	}
}

static void pass_all(const struct lint_pass *p, const struct pass *pass)
{
	const struct rule_set *rs = p->rules;

	for (size_t from = 0, to; from < rs->n; from = to) {
		struct str name = rs->groups[from].file;
		const struct rule_file *f = file_named(p->files, p->n_files, name);
		struct linter l = {.o = p->o, .diags = p->diags, .file = {.name = name}};

		if (f)
			l.file = *f;
		arena_init(&l.arena);
		for (to = from; to < rs->n && str_eq(rs->groups[to].file, name); to++)
			pass_group(&l, &rs->groups[to], pass);
		if (pass->file)
			pass->file(&l, rs->groups + from, to - from);
		if (l.source_read)
			yaml_source_done(&l.source);
		arena_done(&l.arena);
	}
}

void lint_each_rule(const struct lint_pass *p,
		    void (*fn)(void *arg, struct linter *l, const struct rule *r), void *arg)
{
	pass_all(p, &(struct pass){.fn = fn, .arg = arg});
}

static void lint_rule(void *arg ATTR_UNUSED, struct linter *l, const struct rule *r ATTR_UNUSED)
{
	lint_conditions(l);
	lint_labels(l);
	lint_templates(l);
}

static void lint_duplicates(struct linter *l, const struct rule_group *groups, size_t n)
{
	if (l->o->on[LINT_DUPLICATE_RULES])
		lint_file(groups, n, l, l->diags);
}

void rule_set_lint(const struct lint_pass *p)
{
	pass_all(p, &(struct pass){.fn = lint_rule, .file = lint_duplicates});
}
