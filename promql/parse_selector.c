/* Selectors `name{label="value",...}` and lists of labels `(a, b)`. */
#include <string.h>

#include "promql/labels.h"
#include "promql/parser.h"

static const enum token MATCH_OPS[] = {T_EQL, T_NEQ, T_EQL_REGEX, T_NEQ_REGEX, T_NONE};

struct matcher_list {
	struct matcher *v;
	size_t n, cap;
};

static struct matcher *push(struct parser *p, struct matcher_list *list)
{
	if (list->n == list->cap) {
		size_t cap = MAX(list->cap * 2, (size_t)4);
		struct matcher *v = ARENA_ARRAY(p->arena, struct matcher, cap);

		if (list->n)
			memcpy(v, list->v, list->n * sizeof(*v));
		list->v = v;
		list->cap = cap;
	}
	return &list->v[list->n++];
}

static void add_matcher(struct parser *p, struct matcher_list *list, enum match_op op,
			struct str name, struct str value, struct span at)
{
	struct matcher *m = push(p, list);
	struct err err;

	if (!matcher_init(m, op, name, value, p->arena, &err)) {
		parser_errorf(p, at, "%s", err.msg);
		list->n--;
	}
}

static enum match_op match_op(enum token t)
{
	switch ((int)t) {
	case T_EQL: return MATCH_EQ;
	case T_NEQ: return MATCH_NEQ;
	case T_EQL_REGEX: return MATCH_RE;
	default: return MATCH_NRE;
	}
}

/* label_matcher = ( IDENTIFIER | STRING ) match_op STRING | STRING (the metric's name). */
static bool parse_matcher(struct parser *p, struct matcher_list *list)
{
	static const enum token STRING[] = {T_STRING, T_NONE};
	struct item first = parser_take(p);
	bool quoted = first.type == T_STRING;
	struct str name = quoted ? parser_unquote(p, &first) : arena_str(p->arena, first.text);

	if (quoted && !token_in(parser_peek(p), MATCH_OPS)) {
		add_matcher(p, list, MATCH_EQ, STR(LABEL_NAME), name, item_span(&first));
		return true;
	}
	if (!parser_want(p, MATCH_OPS))
		return parser_catch(p, "label matching", "label matching operator");

	struct item op = parser_take(p);

	if (!parser_want(p, STRING))
		return parser_catch(p, "label matching", "string");

	struct item value = parser_take(p);
	struct span at = {.start = first.pos, .end = item_span(&value).end};

	add_matcher(p, list, match_op(op.type), name, parser_unquote(p, &value), at);
	return true;
}

/* label_matchers = "{" [ label_matcher { "," label_matcher } [ "," ] ] "}". */
static bool parse_matchers(struct parser *p, struct matcher_list *list)
{
	static const enum token ITEM[] = {T_IDENTIFIER, T_STRING, T_RIGHT_BRACE, T_NONE};
	static const enum token REST[] = {T_COMMA, T_RIGHT_BRACE, T_NONE};

	parser_take(p);
	for (;;) {
		if (!parser_want(p, ITEM)) {
			if (!parser_catch(p, "label matching", "identifier or \"}\""))
				return false;
		} else if (parser_peek(p) != T_RIGHT_BRACE && !parse_matcher(p, list)) {
			return false;
		}
		if (parser_accept(p, T_RIGHT_BRACE))
			return true;
		while (!parser_want(p, REST)) {
			if (!parser_catch(p, "label matching", "\",\" or \"}\""))
				return false;
		}
		if (parser_take(p).type == T_RIGHT_BRACE)
			return true;
	}
}

/* vector_selector = metric_identifier [ label_matchers ] | label_matchers. */
struct expr *parse_selector(struct parser *p, const struct item *name)
{
	struct matcher_list list = {0};
	size_t start = name ? name->pos : p->item.pos;
	size_t end = name ? item_span(name).end : 0;

	if (parser_peek(p) == T_LEFT_BRACE) {
		if (!parse_matchers(p, &list))
			return NULL;
		end = p->last_closing;
	}

	struct expr *e = parser_node(p, EXPR_SELECTOR, PROMQL_VECTOR,
				     (struct span){.start = start, .end = end}, 0);

	if (!e)
		return NULL;
	if (name) {
		e->u.selector.name = arena_str(p->arena, name->text);
		add_matcher(p, &list, MATCH_EQ, STR(LABEL_NAME), e->u.selector.name,
			    item_span(name));
	}
	e->u.selector.matchers = list.v;
	e->u.selector.n_matchers = list.n;
	return e;
}

static void push_label(struct parser *p, struct strs *list, size_t *cap, struct str label)
{
	struct str *v = (struct str *)(uintptr_t)list->v;

	if (list->n == *cap) {
		*cap = MAX(*cap * 2, (size_t)4);
		v = ARENA_ARRAY(p->arena, struct str, *cap);
		if (list->n)
			memcpy(v, list->v, list->n * sizeof(*v));
		list->v = v;
	}
	v[list->n++] = label;
}

/* grouping_label = a word | STRING. */
static struct str parse_label(struct parser *p)
{
	struct item i = parser_take(p);
	struct str label = i.type == T_STRING ? parser_unquote(p, &i) : arena_str(p->arena, i.text);

	if (label.n == 0 || !str_is_utf8(label))
		parser_error_quoted(p, item_span(&i), "invalid label name for grouping: ", label);
	return label;
}

/* The next token begins a label or closes the list; otherwise the error is reported. */
static bool want_label(struct parser *p, bool *found)
{
	enum token t;

	*found = true;
	while (t = parser_peek(p), !token_is_label(t) && t != T_STRING && t != T_RIGHT_PAREN) {
		if (p->recovering < PARSER_RECOVERING) {
			*found = false;
			parser_raise(p);
			return parser_catch(p, "grouping opts", "label");
		}
		if (t == T_NONE)
			return parser_abort(p);
		p->have = false;
	}
	return true;
}

/* grouping_labels = "(" [ grouping_label { "," grouping_label } [ "," ] ] ")". */
bool parse_grouping(struct parser *p, struct strs *out)
{
	static const enum token OPEN[] = {T_LEFT_PAREN, T_NONE};
	static const enum token REST[] = {T_COMMA, T_RIGHT_PAREN, T_NONE};
	size_t cap = 0;
	bool found;

	if (!parser_want(p, OPEN))
		return parser_catch(p, "grouping opts", "\"(\"");
	parser_take(p);
	for (;;) {
		if (!want_label(p, &found))
			return false;
		if (parser_accept(p, T_RIGHT_PAREN))
			return true;
		if (found)
			push_label(p, out, &cap, parse_label(p));
		while (!parser_want(p, REST)) {
			if (!parser_catch(p, "grouping opts", "\",\" or \")\""))
				return false;
		}
		if (parser_take(p).type == T_RIGHT_PAREN)
			return true;
	}
}
