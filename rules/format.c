/* Walks the tree of the file and replaces the spans of scalars. */
#include "rules/format.h"

#include <string.h>

#include "base/yaml.h"
#include "base/yaml_source.h"
#include "promql/parse.h"
#include "promql/print.h"

struct format {
	struct str name, text;
	const struct limits *l;
	struct yaml_source source;
	struct arena *a;
	struct buf *out;
	struct diags *diags;
	size_t copied; /* bytes of the text that are in out */
	size_t changed;
	bool failed;
};

/* Where an expression is written. */
struct place {
	const struct yaml_node *node;
	size_t from, to;
	bool flow;     /* within braces or brackets: one line */
	size_t indent; /* of the key */
};

static bool has_comment(struct str expr)
{
	char quote = 0;

	for (size_t i = 0; i < expr.n; i++) {
		char c = expr.p[i];

		if (quote && c == '\\' && quote != '`')
			i++;
		else if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'' || c == '`')
			quote = c;
		else if (c == '#')
			return true;
	}
	return false;
}

/* Whether YAML reads the text as it stands, without quotes. */
static bool is_plain(struct str s)
{
	static const char SPECIAL[] = "-?:,[]{}#&*!|>'\"%@` ";

	if (s.n == 0 || memchr(SPECIAL, s.p[0], sizeof(SPECIAL) - 1))
		return false;
	if (str_find(s, STR(": ")) >= 0 || str_find(s, STR(" #")) >= 0 || s.p[s.n - 1] == ':')
		return false;
	if (str_is(s, "true") || str_is(s, "false") || str_is(s, "null"))
		return false;
	return true; /* a number is read as text where an expression is wanted */
}

static void put_quoted(struct buf *b, struct str s)
{
	buf_addc(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			buf_addc(b, '\'');
		buf_addc(b, s.p[i]);
	}
	buf_addc(b, '\'');
}

/* A first line that begins with blanks needs its indentation told. */
static void put_block(struct buf *b, struct str s, size_t indent)
{
	buf_adds(b, s.p[0] == ' ' ? "|2\n" : "|\n");
	while (s.n) {
		ptrdiff_t end = str_find_char(s, '\n');
		struct str line = end < 0 ? s : str_cut(s, 0, (size_t)end);

		buf_fill(b, ' ', indent);
		buf_add(b, line);
		s = end < 0 ? (struct str){0} : str_from(s, (size_t)end + 1);
		if (s.n)
			buf_addc(b, '\n');
	}
}

/* The expression as it is to be written at this place. */
static struct str written(struct format *f, const struct place *p, const struct expr *e)
{
	struct str out, pretty;
	struct buf text, b;

	buf_init(&text, BUF_MAX_ANY);
	buf_init(&b, BUF_MAX_ANY);
	if (p->flow)
		promql_print(&text, e);
	else
		promql_pretty(&text, e, PROMQL_PRETTY_WIDTH);
	pretty = buf_str(&text);
	if (str_find_char(pretty, '\n') >= 0)
		put_block(&b, pretty, p->indent + 2);
	else if (is_plain(pretty) && !p->flow && (p->node->block || !p->node->quoted))
		buf_add(&b, pretty);
	else
		put_quoted(&b, pretty);
	out = arena_str(f->a, buf_str(&b));
	buf_done(&b);
	buf_done(&text);
	return out;
}

/* The same tree, however it is written: then it stays as it is if it is canonical already. */
static bool is_formatted(const struct place *p, const struct expr *e)
{
	struct str value = p->node->value;
	struct buf b;
	bool same;

	while (value.n && (value.p[value.n - 1] == '\n' || value.p[value.n - 1] == ' '))
		value.n--;
	buf_init(&b, BUF_MAX_ANY);
	if (p->flow)
		promql_print(&b, e);
	else
		promql_pretty(&b, e, PROMQL_PRETTY_WIDTH);
	same = str_eq(buf_str(&b), value);
	buf_done(&b);
	return same;
}

static void replace(struct format *f, const struct place *p, struct str with)
{
	buf_add(f->out, str_cut(f->text, f->copied, p->from));
	buf_add(f->out, with);
	f->copied = p->to;
	f->changed++;
}

static void format_expr(struct format *f, const struct yaml_node *key, const struct yaml_node *node,
			bool flow)
{
	struct promql_options o = {true, true, true, true};
	struct place p = {.node = node, .flow = flow, .indent = (size_t)key->col - 1};
	const struct expr *e;
	struct err err;

	if (node->kind != YAML_SCALAR || has_comment(node->value))
		return;
	if (!promql_parse(node->value, &o, f->l, f->a, &e, &err)) {
		diags_add(f->diags, f->name, node->line, node->col, "%d:%d: parse error: %s",
			  err.line, err.col, err.msg);
		f->failed = true;
		return;
	}
	/* An alias or a tag: the place is not the node's own. */
	if (!yaml_source_span(&f->source, node, &p.from, &p.to) || p.from < f->copied ||
	    node->tag.n || is_formatted(&p, e))
		return;
	while (p.to > p.from && (f->text.p[p.to - 1] == '\n' || f->text.p[p.to - 1] == ' '))
		p.to--;
	replace(f, &p, written(f, &p, e));
}

/* A map in braces begins with one in the text. */
static bool is_flow(const struct yaml_node *map)
{
	const struct yaml_node *first = map->n ? map->pairs[0].key : NULL;

	return first && (map->line < first->line || map->col < first->col);
}

static void format_rule(struct format *f, const struct yaml_node *rule, void *arg ATTR_UNUSED)
{
	for (size_t i = 0; rule->kind == YAML_MAP && i < rule->n; i++) {
		if (str_is(rule->pairs[i].key->value, "expr"))
			format_expr(f, rule->pairs[i].key, rule->pairs[i].value, is_flow(rule));
	}
}

/* Calls fn for every rule of the file. */
static void each_rule(struct format *f, const struct yaml_node *root,
		      void (*fn)(struct format *f, const struct yaml_node *rule, void *arg),
		      void *arg)
{
	const struct yaml_node *groups =
		root && root->kind == YAML_MAP ? yaml_get(root, "groups") : NULL;

	for (size_t g = 0; groups && groups->kind == YAML_LIST && g < groups->n; g++) {
		const struct yaml_node *group = groups->items[g];
		const struct yaml_node *rules =
			group->kind == YAML_MAP ? yaml_get(group, "rules") : NULL;

		for (size_t i = 0; rules && rules->kind == YAML_LIST && i < rules->n; i++)
			fn(f, rules->items[i], arg);
	}
}

static void put_expression(struct format *f, const struct yaml_node *rule, void *arg)
{
	struct promql_options o = {true, true, true, true};
	const struct yaml_node *expr = rule->kind == YAML_MAP ? yaml_get(rule, "expr") : NULL;
	const struct expr *e;

	if (expr && promql_parse(expr->value, &o, f->l, f->a, &e, NULL))
		promql_print(arg, e);
	buf_addc(arg, '\n');
}

/* The expressions of a text, canonical, one a line. */
static void put_expressions(struct format *f, const struct yaml_node *root, struct buf *b)
{
	each_rule(f, root, put_expression, b);
}

/* That the result has the same expressions as the text: nothing else may ever be written. */
static bool same_rules(struct format *f, const struct yaml_node *root)
{
	struct yaml_node *now = NULL;
	struct buf before, after;
	bool more, same;

	buf_init(&before, BUF_MAX_ANY);
	buf_init(&after, BUF_MAX_ANY);
	put_expressions(f, root, &before);
	if (yaml_parse(buf_str(f->out), f->l, f->a, &now, &more, NULL) && now)
		put_expressions(f, now, &after);
	same = str_eq(buf_str(&before), buf_str(&after));
	buf_done(&before);
	buf_done(&after);
	return same;
}

bool rule_file_format(struct str name, struct str text, const struct limits *l, struct buf *out,
		      size_t *changed, struct diags *diags)
{
	struct yaml_node *root = NULL;
	struct arena a;
	struct format f = {.name = name, .text = text, .l = l, .a = &a, .out = out, .diags = diags};
	struct err err;
	bool more;

	arena_init(&a);
	if (!yaml_parse(text, l, &a, &root, &more, &err)) {
		diags_add(diags, name, err.line, err.col, "%s", err.msg);
		arena_done(&a);
		return false;
	}
	yaml_source_init(&f.source, text);
	each_rule(&f, root, format_rule, NULL);
	buf_add(out, str_from(text, f.copied));
	if (f.changed && !f.failed && !same_rules(&f, root)) {
		diags_add(diags, name, 0, 0,
			  "formatting would change what the file means: it is left alone; please "
			  "report this");
		f.failed = true;
	}
	if (f.failed)
		buf_clear(out);
	*changed = f.changed;
	yaml_source_done(&f.source);
	arena_done(&a);
	return !f.failed;
}
