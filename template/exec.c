/*
 * Execution: walks the actions of a tree and writes. Depth of templates, nesting, steps and output
 * are limited; the limits end in an error like any other.
 */
#include "template/exec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "template/gofmt.h"
#include "template/gorune.h"

#define MESSAGE_BYTES 65536
#define VARS_FIRST 8

/* How a walk goes on. */
enum walk { WALK_ON, WALK_BREAK, WALK_CONTINUE, WALK_STOP };

static enum walk walk(struct template_exec *x, const struct value *dot, const struct node *n);

/* ---- errors ---------------------------------------------------------------------------------- */

static void put_location(struct buf *b, const struct node *n)
{
	struct str before = str_cut(n->source->text, 0, (size_t)n->pos);
	size_t line = 1, start = 0;

	for (size_t i = 0; i < before.n; i++) {
		if (before.p[i] == '\n') {
			line++;
			start = i + 1;
		}
	}
	buf_add(b, n->source->name);
	buf_printf(b, ":%zu:%zu", line, before.n - start);
}

static struct str take(struct template_exec *x, struct buf *b)
{
	struct str s = arena_str(x->o->arena, buf_str(b));

	buf_done(b);
	return s;
}

bool exec_fail(struct template_exec *x, const char *fmt, ...)
{
	struct buf b;
	va_list ap;

	va_start(ap, fmt);

	struct str msg = arena_vprintf(x->o->arena, fmt, ap);

	va_end(ap);
	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "template: ");
	put_location(&b, x->node);
	buf_adds(&b, ": executing ");
	gorune_quote(&b, x->tree->name, false);
	buf_adds(&b, " at <");
	node_put(&b, x->node);
	buf_adds(&b, ">: ");
	buf_add(&b, msg);
	x->call.error = take(x, &b);
	return false;
}

enum template_outcome template_fail(struct template_call *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	c->error = arena_vprintf(c->arena, fmt, ap);
	va_end(ap);
	return TEMPLATE_ERROR;
}

const char *exec_node_text(struct template_exec *x, const struct node *n)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	node_put(&b, n);
	return take(x, &b).p;
}

const char *exec_quoted(struct template_exec *x, struct str s)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	gorune_quote(&b, s, false);
	return take(x, &b).p;
}

const char *exec_value_text(struct template_exec *x, struct value v)
{
	struct buf b;

	buf_init(&b, MESSAGE_BYTES);
	gofmt_value(&b, v, x->o->arena);
	return take(x, &b).p;
}

/* ---- state ----------------------------------------------------------------------------------- */

bool exec_down(struct template_exec *x)
{
	const struct limits *l = x->o->limits;

	if (++x->steps > l->template_steps)
		return exec_fail(x, "exceeded maximum number of steps (%zu)", l->template_steps);
	if (++x->nesting > l->template_depth * EXEC_NESTING)
		return exec_fail(x, "exceeded maximum nesting depth (%zu)",
				 l->template_depth * EXEC_NESTING);
	return true;
}

void exec_up(struct template_exec *x)
{
	x->nesting--;
}

void exec_push(struct template_exec *x, struct str name, struct value v)
{
	if (x->n_vars == x->cap_vars) {
		struct exec_var *grown = ARENA_ARRAY(x->o->arena, struct exec_var, x->cap_vars * 2);

		memcpy(grown, x->vars, sizeof(*grown) * x->n_vars);
		x->vars = grown;
		x->cap_vars *= 2;
	}
	x->vars[x->n_vars++] = (struct exec_var){.name = name, .value = v};
}

/* ---- output ---------------------------------------------------------------------------------- */

static enum walk check_output(struct template_exec *x)
{
	if (!x->out->full)
		return WALK_ON;
	exec_fail(x, "output exceeds %zu bytes", x->out->max);
	return WALK_STOP;
}

/* The function that the action's pipeline ends with, or the empty string. */
static struct str last_function(const struct node *action)
{
	const struct node *cmd =
		action->kind == NODE_ACTION ? action->action.pipe->pipe.cmds : NULL;

	while (cmd && cmd->next)
		cmd = cmd->next;
	if (!cmd || !cmd->list.first || cmd->list.first->kind != NODE_IDENT)
		return STR("");
	return cmd->list.first->ident.name;
}

static bool put_html_value(struct template_exec *x, const struct node *n, struct value v)
{
	struct buf b;
	bool ok;

	buf_init(&b, x->o->limits->template_bytes);
	gofmt_value(&b, v, x->o->arena);
	ok = html_put_value(x->html, last_function(n), v, buf_str(&b), x->out);
	x->out->full |= b.full;
	buf_done(&b);
	return ok || exec_fail(x, "%s", x->html->error);
}

static enum walk print_value(struct template_exec *x, const struct node *n, struct value v)
{
	x->node = n;
	/* A pointer prints as what it points to, unless it has a String method. */
	if (v.type && v.type->pointee && !v.type->string && !value_is_nil(v))
		v.type = v.type->pointee;
	if (v.kind == VALUE_NONE && !x->html)
		v = value_str(STR("<no value>"));
	if (v.kind == VALUE_FUNC) {
		exec_fail(x, "can't print %s of type %s", exec_node_text(x, n), v.type->name);
		return WALK_STOP;
	}
	if (x->html && !put_html_value(x, n, v))
		return WALK_STOP;
	if (!x->html)
		gofmt_value(x->out, v, x->o->arena);
	return check_output(x);
}

/* ---- actions --------------------------------------------------------------------------------- */

static enum walk walk_action(struct template_exec *x, const struct value *dot, const struct node *n)
{
	struct value v;

	if (!eval_pipeline(x, dot, n->action.pipe, &v))
		return WALK_STOP;
	return n->action.pipe->pipe.decl ? WALK_ON : print_value(x, n, v);
}

static enum walk walk_if_or_with(struct template_exec *x, const struct value *dot,
				 const struct node *n)
{
	size_t mark = x->n_vars;
	enum walk w = WALK_ON;
	struct value v;

	if (!eval_pipeline(x, dot, n->branch.pipe, &v))
		return WALK_STOP;
	if (value_truth(v))
		w = walk(x, n->kind == NODE_WITH ? &v : dot, n->branch.list);
	else if (n->branch.else_list)
		w = walk(x, dot, n->branch.else_list);
	x->n_vars = mark;
	return w;
}

static enum walk walk_list(struct template_exec *x, const struct value *dot, const struct node *n)
{
	enum walk w = WALK_ON;

	for (const struct node *c = n->list.first; c && w == WALK_ON; c = c->next)
		w = walk(x, dot, c);
	return w;
}

static bool set_range_vars(struct template_exec *x, const struct node *pipe, struct value index,
			   struct value elem)
{
	const struct node *d = pipe->pipe.decl;
	int n = pipe->pipe.n_decl;

	if (n == 0)
		return true;
	if (!pipe->pipe.is_assign) {
		x->vars[x->n_vars - 1].value = elem;
		if (n > 1)
			x->vars[x->n_vars - 2].value = index;
		return true;
	}
	return eval_set_var(x, d->path.idents[0], n > 1 ? index : elem) &&
	       (n == 1 || eval_set_var(x, d->next->path.idents[0], elem));
}

/* WALK_ON: the next one, WALK_BREAK: the loop is over. */
static enum walk iteration(struct template_exec *x, const struct node *n, struct value index,
			   struct value elem)
{
	size_t mark = x->n_vars;
	enum walk w;

	if (!set_range_vars(x, n->branch.pipe, index, elem))
		return WALK_STOP;
	if (!exec_down(x))
		return WALK_STOP;
	w = walk(x, &elem, n->branch.list);
	exec_up(x);
	x->n_vars = mark;
	return w == WALK_CONTINUE ? WALK_ON : w;
}

static enum walk range_list(struct template_exec *x, const struct node *n, struct value v)
{
	enum walk w = WALK_ON;

	for (size_t i = 0; i < v.list.n && w == WALK_ON; i++)
		w = iteration(x, n, value_int((int64_t)i), value_list_at(v, i));
	return w;
}

static enum walk range_map(struct template_exec *x, const struct node *n, struct value v)
{
	enum walk w = WALK_ON;
	struct str key;
	struct value elem;
	size_t at = 0;

	while (w == WALK_ON && value_map_next(v, &at, x->o->arena, &key, &elem))
		w = iteration(x, n, value_str(key), elem);
	return w;
}

static enum walk range_int(struct template_exec *x, const struct node *n, struct value v)
{
	enum walk w = WALK_ON;
	uint64_t end = v.kind == VALUE_UINT ? v.u : (uint64_t)MAX(v.i, (int64_t)0);

	if (n->branch.pipe->pipe.n_decl > 1) {
		exec_fail(x, "can't use %s to iterate over more than one variable",
			  exec_value_text(x, v));
		return WALK_STOP;
	}
	for (uint64_t i = 0; i < end && w == WALK_ON; i++) {
		struct value elem = v;

		elem.u = i;
		w = iteration(x, n, value_none(), elem);
	}
	return w;
}

/* How many rounds there are, as far as it matters: 0 leads to {{else}}. */
static size_t range_len(struct value v)
{
	if (v.kind == VALUE_LIST)
		return v.list.n;
	if (v.kind == VALUE_MAP)
		return value_map_len(v);
	return v.kind == VALUE_UINT ? v.u > 0 : v.kind == VALUE_INT && v.i > 0;
}

static enum walk range_over(struct template_exec *x, const struct node *n, struct value v)
{
	switch ((int)v.kind) {
	case VALUE_NONE: return WALK_ON;
	case VALUE_LIST: return range_list(x, n, v);
	case VALUE_MAP: return range_map(x, n, v);
	case VALUE_INT:
	case VALUE_UINT: return range_int(x, n, v);
	default: break;
	}
	exec_fail(x, "range can't iterate over %s", exec_value_text(x, v));
	return WALK_STOP;
}

static enum walk walk_range(struct template_exec *x, const struct value *dot, const struct node *n)
{
	size_t mark = x->n_vars;
	enum walk w;
	struct value v;

	if (!eval_pipeline(x, dot, n->branch.pipe, &v))
		return WALK_STOP;
	if (!value_indirect(v, &v) && v.kind != VALUE_NONE) {
		exec_fail(x, "range can't iterate over <nil>");
		return WALK_STOP;
	}
	w = range_over(x, n, v);
	if (w == WALK_ON && n->branch.else_list && !range_len(v))
		w = walk(x, dot, n->branch.else_list);
	else if (w == WALK_BREAK)
		w = WALK_ON;
	x->n_vars = mark;
	return w;
}

static const struct tree *find_tree(const struct template_set *ts, struct str name)
{
	for (const struct tree *t = ts->trees; t; t = t->next) {
		if (str_eq(t->name, name))
			return t;
	}
	return NULL;
}

/* Runs a tree with variables of its own: $ is its data. */
static enum walk walk_tree(struct template_exec *x, const struct tree *t, const struct value *data)
{
	struct template_exec saved = *x;
	enum walk w;

	x->tree = t;
	x->var_base = x->n_vars;
	x->depth++;
	exec_push(x, STR("$"), *data);
	w = walk(x, data, t->root);
	if (w == WALK_STOP)
		return w;
	x->tree = saved.tree;
	x->node = saved.node;
	x->n_vars = saved.n_vars;
	x->var_base = saved.var_base;
	x->depth = saved.depth;
	return WALK_ON;
}

static enum walk walk_template(struct template_exec *x, const struct value *dot,
			       const struct node *n)
{
	const struct tree *t = find_tree(x->set, n->template.name);
	size_t most = x->o->limits->template_depth;
	struct value data;

	if (!t) {
		exec_fail(x, "template %s not defined", exec_quoted(x, n->template.name));
		return WALK_STOP;
	}
	if (x->depth >= most) {
		exec_fail(x, "exceeded maximum template depth (%zu)", most);
		return WALK_STOP;
	}
	if (!eval_pipeline(x, dot, n->template.pipe, &data))
		return WALK_STOP;
	return walk_tree(x, t, &data);
}

static enum walk walk_node(struct template_exec *x, const struct value *dot, const struct node *n)
{
	switch ((int)n->kind) {
	case NODE_ACTION: return walk_action(x, dot, n);
	case NODE_LIST: return walk_list(x, dot, n);
	case NODE_IF:
	case NODE_WITH: return walk_if_or_with(x, dot, n);
	case NODE_RANGE: return walk_range(x, dot, n);
	case NODE_TEMPLATE: return walk_template(x, dot, n);
	case NODE_BREAK: return WALK_BREAK;
	default: return WALK_CONTINUE;
	}
}

static enum walk walk(struct template_exec *x, const struct value *dot, const struct node *n)
{
	enum walk w;

	x->node = n;
	if (n->kind == NODE_TEXT) {
		if (!x->html)
			buf_add(x->out, n->text);
		else if (!html_put_text(x->html, n->text, x->out)) {
			exec_fail(x, "%s", x->html->error);
			return WALK_STOP;
		}
		return check_output(x);
	}
	if (!exec_down(x))
		return WALK_STOP;
	w = walk_node(x, dot, n);
	exec_up(x);
	return w;
}

/* ---- entry ----------------------------------------------------------------------------------- */

static struct template_result result(const struct template_exec *x, enum walk w)
{
	if (w != WALK_STOP)
		return (struct template_result){.outcome = TEMPLATE_OK};
	return (struct template_result){.outcome = x->waiting ? TEMPLATE_WAIT : TEMPLATE_ERROR,
					.error = x->waiting ? STR("") : x->call.error};
}

static struct template_result no_template(struct arena *a, struct str name)
{
	return (struct template_result){.outcome = TEMPLATE_ERROR,
					.error = arena_printf(a,
							      "template: no template \"%.*s\" "
							      "associated with template "
							      "\"%.*s\"",
							      STR_ARG(name), STR_ARG(name))};
}

struct template_result template_exec(const struct template_set *ts, struct str name,
				     struct value data, const struct template_options *o,
				     struct buf *out)
{
	const struct tree *t = find_tree(ts, name);
	struct exec_var few[VARS_FIRST];
	struct template_exec x = {.set = ts,
				  .o = o,
				  .out = out,
				  .vars = few,
				  .cap_vars = VARS_FIRST,
				  .call = {.arena = o->arena, .user = o->user}};

	struct html html = {0};
	enum walk w;

	if (!t)
		return no_template(o->arena, name);
	x.call.exec = &x;
	x.html = o->html ? &html : NULL;
	w = walk_tree(&x, t, &data);
	if (w != WALK_STOP && x.html && !html_finish(x.html))
		return (struct template_result){.outcome = TEMPLATE_ERROR,
						.error = arena_printf(o->arena,
								      "html/template:%.*s: %s",
								      STR_ARG(name), html.error)};
	return result(&x, w);
}

struct template_result template_exec_nested(struct template_call *c, struct str name,
					    struct value data, struct buf *out)
{
	struct template_exec *x = c->exec;
	const struct tree *t = find_tree(x->set, name);
	struct buf *saved = x->out;
	struct html *saved_html = x->html;
	struct template_result r;

	if (!t)
		return no_template(c->arena, name);
	if (x->depth >= x->o->limits->template_depth) {
		exec_fail(x, "exceeded maximum template depth (%zu)", x->o->limits->template_depth);
		return result(x, WALK_STOP);
	}
	x->out = out;
	x->html = NULL;
	r = result(x, walk_tree(x, t, &data));
	x->out = saved;
	x->html = saved_html;
	return r;
}
