/*
 * The parser: recursive descent with three tokens of look-ahead, one struct scope for each
 * template of the text. Every function that can fail returns NULL or false after the first error,
 * which is in p->err. Nesting is limited, so recursion is.
 */
#include "template/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"

#include "template/builtin.h"
#include "template/gorune.h"
#include "template/lex.h"
#include "template/template.h"

struct parser {
	struct arena *arena;
	const struct source *source;
	const struct template_funcs *funcs;
	const struct limits *limits;
	struct lexer lex;
	struct tree *trees;
	size_t depth; /* of actions and parentheses */
	struct err *err;
};

struct var {
	struct str name;
	struct var *below;
};

/* Parsing of one template: it has its own look-ahead and variables. */
struct scope {
	struct parser *p;
	struct token token[3];
	int peeked;
	struct var *vars;
	int action_line; /* where the action began, 0: none is open */
	int ranges;
};

static struct node *text_or_action(struct scope *s);
static struct node *parse_pipeline(struct scope *s, const char *context, enum token_kind end);

/* ---- errors ---------------------------------------------------------------------------------- */

static void *fail(struct scope *s, const char *fmt, ...) ATTR_PRINTF(2, 3);
static void *fail(struct scope *s, const char *fmt, ...)
{
	int line = s->token[0].line;
	struct str name = s->p->source->name;
	char msg[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	err_at(s->p->err, line, 0, "template: %.*s:%d: %s", STR_ARG(name), line, msg);
	return NULL;
}

/* `fmt` has one %s for the quoted text. */
static void *fail_quoted(struct scope *s, const char *before, struct str text)
{
	struct buf b;

	buf_init(&b, 4096);
	gorune_quote(&b, str_cut(text, 0, 300), false);
	fail(s, "%s%s", before, buf_cstr(&b));
	buf_done(&b);
	return NULL;
}

static void *fail_error_token(struct scope *s, struct token t)
{
	struct str val = t.val, name = s->p->source->name;

	if (!s->action_line || s->action_line == t.line)
		return fail(s, "%.*s", STR_ARG(val));
	return fail(s, "%.*s%s started at %.*s:%d", STR_ARG(val),
		    str_ends(val, " action") ? "" : " in action", STR_ARG(name), s->action_line);
}

static void *unexpected(struct scope *s, struct token t, const char *context)
{
	struct buf b;

	if (t.kind == TOKEN_ERROR)
		return fail_error_token(s, t);
	buf_init(&b, 1024);
	token_put(&b, t);
	fail(s, "unexpected %s in %s", buf_cstr(&b), context);
	buf_done(&b);
	return NULL;
}

static const char *end_text(const struct node *n)
{
	return n->kind == NODE_END ? "{{end}}" : "{{else}}";
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static struct token next(struct scope *s)
{
	if (s->peeked > 0)
		s->peeked--;
	else
		s->token[0] = lexer_next(&s->p->lex);
	return s->token[s->peeked];
}

static void backup(struct scope *s)
{
	s->peeked++;
}

static void backup2(struct scope *s, struct token t1)
{
	s->token[1] = t1;
	s->peeked = 2;
}

static void backup3(struct scope *s, struct token t2, struct token t1)
{
	s->token[1] = t1;
	s->token[2] = t2;
	s->peeked = 3;
}

static struct token peek(struct scope *s)
{
	if (s->peeked > 0)
		return s->token[s->peeked - 1];
	s->peeked = 1;
	s->token[0] = lexer_next(&s->p->lex);
	return s->token[0];
}

static struct token next_word(struct scope *s)
{
	struct token t = next(s);

	while (t.kind == TOKEN_SPACE)
		t = next(s);
	return t;
}

static struct token peek_word(struct scope *s)
{
	struct token t = next_word(s);

	backup(s);
	return t;
}

static bool expect(struct scope *s, enum token_kind kind, const char *context, struct token *out)
{
	*out = next_word(s);
	if (out->kind == kind)
		return true;
	unexpected(s, *out, context);
	return false;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static struct node *node_new(struct scope *s, enum node_kind kind, int pos)
{
	struct node *n = ARENA_NEW(s->p->arena, struct node);

	n->kind = kind;
	n->pos = pos;
	n->source = s->p->source;
	return n;
}

static void list_add(struct node *list, struct node *n)
{
	if (list->list.last)
		list->list.last->next = n;
	else
		list->list.first = n;
	list->list.last = n;
	list->list.n++;
}

static void path_add(struct scope *s, struct node *n, struct str ident)
{
	struct str *grown = ARENA_ARRAY(s->p->arena, struct str, (size_t)n->path.n + 1);

	for (int i = 0; i < n->path.n; i++)
		grown[i] = n->path.idents[i];
	grown[n->path.n++] = ident;
	n->path.idents = grown;
}

static struct node *path_new(struct scope *s, enum node_kind kind, int pos, struct str ident)
{
	struct node *n = node_new(s, kind, pos);

	path_add(s, n, ident);
	return n;
}

static void var_push(struct scope *s, struct str name)
{
	struct var *v = ARENA_NEW(s->p->arena, struct var);

	*v = (struct var){.name = name, .below = s->vars};
	s->vars = v;
}

static bool go_deeper(struct scope *s)
{
	if (s->p->depth >= s->p->limits->template_depth) {
		fail(s, "max expression depth exceeded");
		return false;
	}
	s->p->depth++;
	return true;
}

/* ---- terms ----------------------------------------------------------------------------------- */

static struct node *use_var(struct scope *s, struct token t)
{
	for (struct var *v = s->vars; v; v = v->below) {
		if (str_eq(v->name, t.val))
			return path_new(s, NODE_VARIABLE, t.pos, t.val);
	}
	return fail_quoted(s, "undefined variable ", t.val);
}

static struct node *ident(struct scope *s, struct token t)
{
	struct node *n = node_new(s, NODE_IDENT, t.pos);

	n->ident.name = t.val;
	n->ident.func = parse_find_func(s->p->funcs, t.val);
	if (n->ident.func)
		return n;
	return fail(s, "function \"%.*s\" not defined", STR_ARG(t.val));
}

static bool unquote(struct scope *s, struct str quoted, struct str *out)
{
	struct buf b;
	bool ok;

	buf_init(&b, quoted.n * 4 + 1);
	ok = gorune_unquote(quoted, &b);
	if (ok)
		*out = arena_str(s->p->arena, buf_str(&b));
	else
		fail(s, "invalid syntax");
	buf_done(&b);
	return ok;
}

static struct node *string_constant(struct scope *s, struct token t)
{
	struct node *n = node_new(s, NODE_STRING, t.pos);

	n->string.quoted = t.val;
	return unquote(s, t.val, &n->string.text) ? n : NULL;
}

static struct node *char_constant(struct scope *s, struct token t)
{
	struct node *n = node_new(s, NODE_NUMBER, t.pos);
	size_t at = 1;
	int32_t r;
	bool byte;

	if (!gorune_unquote_char(str_cut(t.val, 0, t.val.n), &at, '\'', &r, &byte))
		return fail(s, "invalid syntax");
	if (at + 1 != t.val.n)
		return fail(s, "malformed character constant: %.*s", STR_ARG(t.val));
	n->number = (struct number){.is_int = true,
				    .is_uint = true,
				    .is_float = true,
				    .i = r,
				    .u = (uint64_t)r,
				    .f = (double)r,
				    .text = t.val};
	return n;
}

static bool has_any(struct str s, const char *chars)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] && strchr(chars, s.p[i]))
			return true;
	}
	return false;
}

/* The whole numbers that a float happens to be. */
static void float_as_whole(struct number *x)
{
	if (!x->is_int && x->f >= -0x1p63 && x->f < 0x1p63 && (double)(int64_t)x->f == x->f) {
		x->is_int = true;
		x->i = (int64_t)x->f;
	}
	if (!x->is_uint && x->f >= 0 && x->f < 0x1p64 && (double)(uint64_t)x->f == x->f) {
		x->is_uint = true;
		x->u = (uint64_t)x->f;
	}
}

static struct node *number_constant(struct scope *s, struct token t)
{
	struct node *n = node_new(s, NODE_NUMBER, t.pos);
	struct number x = {.text = t.val};

	if (t.kind == TOKEN_COMPLEX || str_ends(t.val, "i"))
		return fail_quoted(s, "complex numbers are not supported: ", t.val);
	x.is_uint = num_uint(t.val, 0, &x.u) == NUM_OK;
	x.is_int = num_int(t.val, 0, &x.i) == NUM_OK;
	if (x.is_int && x.i == 0) {
		x.is_uint = true;
		x.u = 0;
	}
	if (x.is_int || x.is_uint) {
		x.is_float = true;
		x.f = x.is_int ? (double)x.i : (double)x.u;
	} else if (num_float(t.val, &x.f) == NUM_OK) {
		if (!has_any(t.val, ".eEpP"))
			return fail_quoted(s, "integer overflow: ", t.val);
		x.is_float = true;
		float_as_whole(&x);
	} else {
		return fail_quoted(s, "illegal number syntax: ", t.val);
	}
	n->number = x;
	return n;
}

static struct node *parens(struct scope *s)
{
	struct node *n = NULL;

	if (!go_deeper(s))
		return NULL;
	n = parse_pipeline(s, "parenthesized pipeline", TOKEN_RIGHT_PAREN);
	s->p->depth--;
	return n;
}

static bool starts_term(enum token_kind k)
{
	switch ((int)k) {
	case TOKEN_BOOL:
	case TOKEN_CHAR_CONSTANT:
	case TOKEN_COMPLEX:
	case TOKEN_DOT:
	case TOKEN_FIELD:
	case TOKEN_IDENTIFIER:
	case TOKEN_NUMBER:
	case TOKEN_NIL:
	case TOKEN_RAW_STRING:
	case TOKEN_STRING:
	case TOKEN_VARIABLE:
	case TOKEN_LEFT_PAREN: return true;
	default: return false;
	}
}

static struct node *term(struct scope *s)
{
	struct token t = next_word(s);
	struct node *n;

	switch ((int)t.kind) {
	case TOKEN_IDENTIFIER: return ident(s, t);
	case TOKEN_DOT: return node_new(s, NODE_DOT, t.pos);
	case TOKEN_NIL: return node_new(s, NODE_NIL, t.pos);
	case TOKEN_VARIABLE: return use_var(s, t);
	case TOKEN_FIELD: return path_new(s, NODE_FIELD, t.pos, str_from(t.val, 1));
	case TOKEN_BOOL:
		n = node_new(s, NODE_BOOL, t.pos);
		n->boolean = str_is(t.val, "true");
		return n;
	case TOKEN_CHAR_CONSTANT: return char_constant(s, t);
	case TOKEN_LEFT_PAREN: return parens(s);
	case TOKEN_STRING:
	case TOKEN_RAW_STRING: return string_constant(s, t);
	default: return number_constant(s, t);
	}
}

static struct node *bad_chain(struct scope *s, const struct node *n)
{
	struct buf b;

	buf_init(&b, 4096);
	node_put(&b, n);
	fail_quoted(s, "unexpected . after term ", buf_str(&b));
	buf_done(&b);
	return NULL;
}

/* term .Field* */
static struct node *operand(struct scope *s)
{
	struct node *n = term(s);

	if (!n || peek(s).kind != TOKEN_FIELD)
		return n;

	struct node *chain = node_new(s, NODE_CHAIN, peek(s).pos);

	switch ((int)n->kind) {
	case NODE_FIELD:
	case NODE_VARIABLE:
		chain->kind = n->kind;
		chain->path = n->path;
		break;
	case NODE_BOOL:
	case NODE_STRING:
	case NODE_NUMBER:
	case NODE_NIL:
	case NODE_DOT: break;
	default: chain->path.base = n;
	}
	while (peek(s).kind == TOKEN_FIELD)
		path_add(s, chain, str_from(next(s).val, 1));
	if (chain->kind == NODE_CHAIN && !chain->path.base)
		return bad_chain(s, n);
	return chain;
}

/* operand (space operand)* up to | or the end of the pipeline */
static struct node *command(struct scope *s)
{
	struct node *cmd = node_new(s, NODE_COMMAND, peek_word(s).pos);

	for (;;) {
		if (starts_term(peek_word(s).kind)) {
			struct node *n = operand(s);

			if (!n)
				return NULL;
			list_add(cmd, n);
		}

		struct token t = next(s);

		if (t.kind == TOKEN_SPACE)
			continue;
		if (t.kind == TOKEN_RIGHT_DELIM || t.kind == TOKEN_RIGHT_PAREN)
			backup(s);
		else if (t.kind != TOKEN_PIPE)
			return unexpected(s, t, "operand");
		break;
	}
	return cmd->list.n ? cmd : fail(s, "empty command");
}

/* ---- pipelines ------------------------------------------------------------------------------- */

static void decl_add(struct scope *s, struct node *pipe, struct token v)
{
	struct node *n = path_new(s, NODE_VARIABLE, v.pos, v.val);
	struct node **at = &pipe->pipe.decl;

	while (*at)
		at = &(*at)->next;
	*at = n;
	pipe->pipe.n_decl++;
	var_push(s, v.val);
}

/* After "$x ,": in a range a second variable may follow. *again: it does. */
static bool second_decl(struct scope *s, const struct node *pipe, const char *context, bool *again)
{
	if (strcmp(context, "range") == 0 && pipe->pipe.n_decl < 2) {
		enum token_kind k = peek_word(s).kind;

		if (k == TOKEN_VARIABLE || k == TOKEN_RIGHT_DELIM || k == TOKEN_RIGHT_PAREN) {
			*again = true;
			return true;
		}
		return fail(s, "range can only initialize variables");
	}
	return fail(s, "too many declarations in %s", context);
}

/* [$x [, $y] (:= | =)] */
static bool declarations(struct scope *s, struct node *pipe, const char *context)
{
	for (bool again = true; again;) {
		struct token v = peek_word(s), after, word;

		again = false;
		if (v.kind != TOKEN_VARIABLE)
			return true;
		next_word(s);
		/* The space after a variable tells `$x 1` from `$x.1`: it may have to go back. */
		after = peek(s);
		word = peek_word(s);
		if (word.kind == TOKEN_ASSIGN || word.kind == TOKEN_DECLARE) {
			pipe->pipe.is_assign = word.kind == TOKEN_ASSIGN;
			next_word(s);
			decl_add(s, pipe, v);
		} else if (word.kind == TOKEN_CHAR && str_is(word.val, ",")) {
			next_word(s);
			decl_add(s, pipe, v);
			if (!second_decl(s, pipe, context, &again))
				return false;
		} else if (after.kind == TOKEN_SPACE) {
			backup3(s, v, after);
		} else {
			backup2(s, v);
		}
	}
	return true;
}

static struct node *check_pipeline(struct scope *s, struct node *pipe, const char *context)
{
	int stage = 1;

	if (!pipe->pipe.cmds)
		return fail(s, "missing value for %s", context);
	for (const struct node *c = pipe->pipe.cmds->next; c; c = c->next) {
		enum node_kind k = c->list.first->kind;

		stage++;
		if (k == NODE_BOOL || k == NODE_DOT || k == NODE_NIL || k == NODE_NUMBER ||
		    k == NODE_STRING)
			return fail(s, "non executable command in pipeline stage %d", stage);
	}
	return pipe;
}

static struct node *parse_pipeline(struct scope *s, const char *context, enum token_kind end)
{
	struct node *pipe = node_new(s, NODE_PIPE, peek_word(s).pos);
	struct node **at = &pipe->pipe.cmds;

	if (!declarations(s, pipe, context))
		return NULL;
	for (;;) {
		struct token t = next_word(s);

		if (t.kind == end)
			return check_pipeline(s, pipe, context);
		if (!starts_term(t.kind))
			return unexpected(s, t, context);
		backup(s);
		*at = command(s);
		if (!*at)
			return NULL;
		at = &(*at)->next;
		pipe->pipe.n_cmds++;
	}
}

/* ---- actions --------------------------------------------------------------------------------- */

/* Up to {{end}} or {{else}}, which goes to *end. */
static struct node *item_list(struct scope *s, struct node **end)
{
	struct node *list = node_new(s, NODE_LIST, peek_word(s).pos);

	while (peek_word(s).kind != TOKEN_EOF) {
		struct node *n = text_or_action(s);

		if (!n)
			return NULL;
		if (n->kind == NODE_END || n->kind == NODE_ELSE) {
			*end = n;
			return list;
		}
		list_add(list, n);
	}
	return fail(s, "unexpected EOF");
}

static struct node *parse_control(struct scope *s, enum node_kind kind);

/* What stands after {{else}}: a list up to {{end}}, or the same word again. */
static struct node *else_list(struct scope *s, enum node_kind kind, const struct node *els)
{
	enum token_kind word = peek(s).kind;

	if ((kind == NODE_IF && word == TOKEN_IF) || (kind == NODE_WITH && word == TOKEN_WITH)) {
		struct node *list = node_new(s, NODE_LIST, els->pos), *n;

		next(s);
		n = parse_control(s, kind);
		if (n)
			list_add(list, n);
		return n ? list : NULL;
	}

	struct node *end, *list = item_list(s, &end);

	if (list && end->kind != NODE_END)
		return fail(s, "expected end; found %s", end_text(end));
	return list;
}

static bool control_body(struct scope *s, struct node *n)
{
	struct node *end;

	s->ranges += n->kind == NODE_RANGE;
	n->branch.list = item_list(s, &end);
	s->ranges -= n->kind == NODE_RANGE;
	if (!n->branch.list)
		return false;
	if (end->kind == NODE_ELSE) {
		n->branch.else_list = else_list(s, n->kind, end);
		return n->branch.else_list;
	}
	return true;
}

static const char *control_word(enum node_kind kind)
{
	return kind == NODE_IF ? "if" : kind == NODE_RANGE ? "range" : "with";
}

/* if, range, with; what they declare ends with them */
static struct node *parse_control(struct scope *s, enum node_kind kind)
{
	struct node *n = node_new(s, kind, 0);
	struct var *vars = s->vars;
	bool ok;

	if (!go_deeper(s))
		return NULL;
	n->branch.pipe = parse_pipeline(s, control_word(kind), TOKEN_RIGHT_DELIM);
	ok = n->branch.pipe && control_body(s, n);
	s->p->depth--;
	s->vars = vars;
	if (!ok)
		return NULL;
	n->pos = n->branch.pipe->pos;
	return n;
}

static struct node *break_or_continue(struct scope *s, struct token t)
{
	bool brk = t.kind == TOKEN_BREAK;
	struct token end = next_word(s);

	if (end.kind != TOKEN_RIGHT_DELIM)
		return unexpected(s, end, brk ? "{{break}}" : "{{continue}}");
	if (!s->ranges)
		return fail(s, "{{%s}} outside {{range}}", brk ? "break" : "continue");
	return node_new(s, brk ? NODE_BREAK : NODE_CONTINUE, t.pos);
}

static struct node *else_control(struct scope *s)
{
	struct token t = peek_word(s);

	if (t.kind != TOKEN_IF && t.kind != TOKEN_WITH && !expect(s, TOKEN_RIGHT_DELIM, "else", &t))
		return NULL;
	return node_new(s, NODE_ELSE, t.pos);
}

static struct node *end_control(struct scope *s)
{
	struct token t;

	return expect(s, TOKEN_RIGHT_DELIM, "end", &t) ? node_new(s, NODE_END, t.pos) : NULL;
}

static struct node *template_node(struct scope *s, struct token t, const char *context)
{
	struct node *n = node_new(s, NODE_TEMPLATE, t.pos);

	if (t.kind != TOKEN_STRING && t.kind != TOKEN_RAW_STRING)
		return unexpected(s, t, context);
	return unquote(s, t.val, &n->template.name) ? n : NULL;
}

static struct node *template_control(struct scope *s)
{
	const char *context = "template clause";
	struct node *n = template_node(s, next_word(s), context);

	if (!n || next_word(s).kind == TOKEN_RIGHT_DELIM)
		return n;
	backup(s);
	n->template.pipe = parse_pipeline(s, context, TOKEN_RIGHT_DELIM);
	return n->template.pipe ? n : NULL;
}

/* The tree joins those of this text, unless an equal name has been defined here with content. */
static bool tree_add(struct scope *s, struct str name, struct node *root)
{
	struct parser *p = s->p;
	struct tree *t;

	for (t = p->trees; t; t = t->next) {
		if (str_eq(t->name, name))
			break;
	}
	if (t && !node_is_empty(t->root))
		return node_is_empty(root) ||
		       fail_quoted(s, "template: multiple definition of template ", name);
	if (!t) {
		t = ARENA_NEW(p->arena, struct tree);
		t->next = p->trees;
		p->trees = t;
	}
	t->name = name;
	t->source = p->source;
	t->root = root;
	return true;
}

static struct scope scope_new(struct parser *p)
{
	struct scope s = {.p = p};

	var_push(&s, STR("$"));
	return s;
}

/* The body of a define or block, in a scope of its own. */
static bool body(struct scope *s, struct str name, const char *context)
{
	struct node *end, *root;

	if (!go_deeper(s))
		return false;
	root = item_list(s, &end);
	s->p->depth--;
	if (!root)
		return false;
	if (end->kind != NODE_END)
		return fail(s, "unexpected %s in %s", end_text(end), context);
	return tree_add(s, name, root);
}

static struct node *block_control(struct scope *s)
{
	const char *context = "block clause";
	struct node *n = template_node(s, next_word(s), context);
	struct scope inner = scope_new(s->p);

	if (!n)
		return NULL;
	n->template.pipe = parse_pipeline(s, context, TOKEN_RIGHT_DELIM);
	if (!n->template.pipe || !body(&inner, n->template.name, context))
		return NULL;
	return n;
}

static bool definition(struct parser *p)
{
	const char *context = "define clause";
	struct scope s = scope_new(p);
	struct token t = next_word(&s);
	struct str name;

	if (t.kind != TOKEN_STRING && t.kind != TOKEN_RAW_STRING)
		return unexpected(&s, t, context);
	return unquote(&s, t.val, &name) && expect(&s, TOKEN_RIGHT_DELIM, context, &t) &&
	       body(&s, name, context);
}

static struct node *action(struct scope *s)
{
	struct token t = next_word(s);
	struct node *n;

	switch ((int)t.kind) {
	case TOKEN_BLOCK: return block_control(s);
	case TOKEN_BREAK:
	case TOKEN_CONTINUE: return break_or_continue(s, t);
	case TOKEN_ELSE: return else_control(s);
	case TOKEN_END: return end_control(s);
	case TOKEN_IF: return parse_control(s, NODE_IF);
	case TOKEN_RANGE: return parse_control(s, NODE_RANGE);
	case TOKEN_TEMPLATE: return template_control(s);
	case TOKEN_WITH: return parse_control(s, NODE_WITH);
	default: break;
	}
	backup(s);
	n = node_new(s, NODE_ACTION, peek(s).pos);
	n->action.pipe = parse_pipeline(s, "command", TOKEN_RIGHT_DELIM);
	return n->action.pipe ? n : NULL;
}

static struct node *text_or_action(struct scope *s)
{
	struct token t = next_word(s);
	struct node *n;

	if (t.kind == TOKEN_TEXT) {
		n = node_new(s, NODE_TEXT, t.pos);
		n->text = t.val;
		return n;
	}
	if (t.kind != TOKEN_LEFT_DELIM)
		return unexpected(s, t, "input");
	s->action_line = t.line;
	n = action(s);
	s->action_line = 0;
	return n;
}

/* The whole text: text, actions and definitions. */
static bool parse_top(struct parser *p)
{
	struct scope s = scope_new(p);
	struct node *root = node_new(&s, NODE_LIST, peek(&s).pos);

	while (peek(&s).kind != TOKEN_EOF) {
		if (peek(&s).kind == TOKEN_LEFT_DELIM) {
			struct token delim = next(&s);

			if (next_word(&s).kind == TOKEN_DEFINE) {
				if (!definition(p))
					return false;
				continue;
			}
			backup2(&s, delim);
		}

		struct node *n = text_or_action(&s);

		if (!n)
			return false;
		if (n->kind == NODE_END || n->kind == NODE_ELSE)
			return fail(&s, "unexpected %s", end_text(n));
		list_add(root, n);
	}
	return tree_add(&s, p->source->name, root);
}

static const struct template_func *find_row(const struct template_func *table, struct str name)
{
	for (; table->name; table++) {
		if (name.n && name.p[0] == table->name[0] && str_is(name, table->name))
			return table;
	}
	return NULL;
}

const struct template_func *parse_find_func(const struct template_funcs *funcs, struct str name)
{
	for (; funcs; funcs = funcs->next) {
		const struct template_func *f = find_row(funcs->table, name);

		if (f)
			return f;
	}
	return find_row(BUILTINS, name);
}

bool parse_text(struct arena *a, const struct source *src, const struct template_funcs *funcs,
		const struct limits *l, struct tree **out, struct err *err)
{
	struct parser p = {.arena = a, .source = src, .funcs = funcs, .limits = l, .err = err};
	bool ok;

	if (src->text.n > INT32_MAX)
		return err_at(err, 1, 0, "template: %.*s:1: text is too long", STR_ARG(src->name));
	lexer_init(&p.lex, src->text);
	p.lex.no_break = parse_find_func(funcs, STR("break"));
	p.lex.no_continue = parse_find_func(funcs, STR("continue"));
	ok = parse_top(&p);
	lexer_done(&p.lex);
	if (ok)
		*out = p.trees;
	return ok;
}
