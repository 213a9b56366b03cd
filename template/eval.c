/*
 * Expressions: pipelines, commands, fields, methods, calls and their arguments. Each function sets
 * x->node exactly where Go's does, because that is the place errors name.
 */
#include "template/exec.h"

#include <string.h>

#include "template/builtin.h"

#define ARGS_INLINE 6

static bool eval_arg(struct template_exec *x, const struct value *dot,
		     const struct value_type *type, const struct node *n, struct value *out);

/* A command's arguments behind its first word, and what the stage before handed on. */
struct args {
	const struct node *first;
	size_t n;
	const struct value *final; /* NULL: none */
};

static const struct args no_args = {0};

static bool at(struct template_exec *x, const struct node *n)
{
	x->node = n;
	return true;
}

static const char *text(struct template_exec *x, struct str s)
{
	return arena_cstr(x->o->arena, s);
}

/* ---- types ----------------------------------------------------------------------------------- */

static bool named_type(const struct value_type *t)
{
	return t->name[0] != '[' && strncmp(t->name, "map[", 4) != 0;
}

static bool type_assignable(const struct value_type *from, const struct value_type *to)
{
	if (from == to || to->kind == VALUE_ANY)
		return true;
	/* Lists and maps of equal elements, if one of the types is written out. */
	return (from->kind == VALUE_LIST || from->kind == VALUE_MAP) && from->kind == to->kind &&
	       from->elem == to->elem && (!named_type(from) || !named_type(to));
}

bool value_assignable(struct value v, const struct value_type *type)
{
	return v.type && type_assignable(v.type, type);
}

static bool can_be_nil(const struct value_type *t)
{
	return t->kind == VALUE_ANY || t->kind == VALUE_MAP || t->kind == VALUE_LIST ||
	       t->kind == VALUE_FUNC || t->pointee;
}

bool value_indirect(struct value v, struct value *out)
{
	v.any = false;
	*out = v;
	if (!v.type || !v.type->pointee)
		return v.kind != VALUE_NONE;
	if (value_is_nil(v))
		return false;
	out->type = v.type->pointee;
	return true;
}

static const char *static_type_name(struct value v)
{
	return v.any ? TYPE_ANY.name : value_type_name(v);
}

/* Makes *v fit the parameter type, or fails. */
static bool validate(struct template_exec *x, struct value *v, const struct value_type *type)
{
	if (type == &TYPE_REFLECT)
		return true;
	if (v->kind == VALUE_NONE && !v->any) {
		if (!can_be_nil(type))
			return exec_fail(x, "invalid value; expected %s", type->name);
		*v = value_zero(type);
		return true;
	}
	if (type->kind == VALUE_ANY || value_assignable(*v, type)) {
		v->any = type->kind == VALUE_ANY && v->kind == VALUE_NONE;
		return true;
	}
	if (v->type && v->type->pointee && type_assignable(v->type->pointee, type)) {
		if (value_is_nil(*v))
			return exec_fail(x, "dereference of nil pointer of type %s", type->name);
		v->type = v->type->pointee;
		v->any = false;
		return true;
	}
	return exec_fail(x, "wrong type for value; expected %s; got %s", type->name,
			 v->type ? v->type->name : TYPE_ANY.name);
}

/* ---- variables ------------------------------------------------------------------------------- */

static struct exec_var *find_var(struct template_exec *x, struct str name)
{
	for (size_t i = x->n_vars; i > x->var_base; i--) {
		if (str_eq(x->vars[i - 1].name, name))
			return &x->vars[i - 1];
	}
	return NULL;
}

bool eval_set_var(struct template_exec *x, struct str name, struct value v)
{
	struct exec_var *var = find_var(x, name);

	if (!var)
		return exec_fail(x, "undefined variable: %s", text(x, name));
	var->value = v;
	return true;
}

/* ---- constants ------------------------------------------------------------------------------- */

static bool is_hex_int(struct str s)
{
	return s.n > 2 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X') &&
	       str_find_char(s, 'p') < 0 && str_find_char(s, 'P') < 0;
}

static bool is_float_text(struct str s)
{
	if (!s.n || s.p[0] == '\'' || is_hex_int(s))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (strchr(".eEpP", s.p[i]))
			return true;
	}
	return false;
}

/* The type a number has where none is asked for. */
static bool ideal_constant(struct template_exec *x, const struct node *n, struct value *out)
{
	const struct number *c = &n->number;

	x->node = n;
	if (c->is_float && is_float_text(c->text))
		*out = value_float(c->f);
	else if (c->is_int)
		*out = value_int(c->i);
	else
		return exec_fail(x, "%s overflows int", text(x, c->text));
	return true;
}

static bool expected(struct template_exec *x, const char *what, const struct node *n)
{
	return exec_fail(x, "expected %s; found %s", what, exec_node_text(x, n));
}

static bool untyped_constant(struct template_exec *x, const struct node *n, struct value *out)
{
	switch ((int)n->kind) {
	case NODE_BOOL: *out = value_bool(n->boolean); return true;
	case NODE_NUMBER: return ideal_constant(x, n, out);
	case NODE_STRING: *out = value_str(n->string.text); return true;
	default: break;
	}
	return exec_fail(x, "can't handle assignment of %s to empty interface argument",
			 exec_node_text(x, n));
}

static bool typed_number(struct template_exec *x, const struct value_type *t, const struct node *n,
			 struct value *out)
{
	const struct number *c = n->kind == NODE_NUMBER ? &n->number : NULL;

	*out = (struct value){.kind = t->kind, .type = t};
	if (t->kind == VALUE_INT) {
		if (!c || !c->is_int)
			return expected(x, "integer", n);
		out->i = c->i;
	} else if (t->kind == VALUE_UINT) {
		if (!c || !c->is_uint)
			return expected(x, "unsigned integer", n);
		out->u = c->u;
	} else {
		if (!c || !c->is_float)
			return expected(x, "float", n);
		out->f = c->f;
	}
	return true;
}

/* A literal as argument of a given type. */
static bool constant(struct template_exec *x, const struct value_type *t, const struct node *n,
		     struct value *out)
{
	if (!t->pointee) {
		switch ((int)t->kind) {
		case VALUE_ANY: return untyped_constant(x, n, out);
		case VALUE_BOOL:
			if (n->kind != NODE_BOOL)
				return expected(x, "bool", n);
			*out = value_as(t, value_bool(n->boolean));
			return true;
		case VALUE_STRING:
			if (n->kind != NODE_STRING)
				return expected(x, "string", n);
			*out = value_as(t, value_str(n->string.text));
			return true;
		case VALUE_INT:
		case VALUE_UINT:
		case VALUE_FLOAT: return typed_number(x, t, n, out);
		default: break;
		}
	}
	return exec_fail(x, "can't handle %s for arg of type %s", exec_node_text(x, n), t->name);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* What is being called, and how messages name it. */
struct callee {
	const struct template_func *func;
	const struct value *receiver; /* NULL: a function */
	const struct node *node;
	const char *name;
};

static bool check_count(struct template_exec *x, const struct callee *c, const struct args *args)
{
	size_t n = args->n + (args->final != NULL), want = c->func->n_params;

	if (c->func->variadic && n < want - 1)
		return exec_fail(x, "wrong number of args for %s: want at least %zu got %zu",
				 c->name, want - 1, args->n);
	if (!c->func->variadic && n != want)
		return exec_fail(x, "wrong number of args for %s: want %zu got %zu", c->name, want,
				 n);
	return true;
}

static const struct value_type *param(const struct template_func *f, size_t i)
{
	return f->params[MIN(i, (size_t)f->n_params - 1)];
}

static bool call_failed(struct template_exec *x, const struct callee *c)
{
	x->node = c->node;
	return exec_fail(x, "error calling %s: %.*s", c->name, STR_ARG(x->call.error));
}

static bool run(struct template_exec *x, const struct callee *c, const struct value *argv, size_t n,
		struct value *out)
{
	switch (c->func->call(&x->call, argv, n, out)) {
	case TEMPLATE_OK: return true;
	case TEMPLATE_WAIT: x->waiting = true; return false;
	case TEMPLATE_ERROR: break;
	}
	return call_failed(x, c);
}

/* and, or: arguments are evaluated only as far as needed. */
static bool short_circuit(struct template_exec *x, const struct value *dot, const struct callee *c,
			  const struct args *args, struct value *out)
{
	const struct node *n = args->first;

	for (size_t i = 0; i < args->n; i++, n = n->next) {
		if (!eval_arg(x, dot, &TYPE_REFLECT, n, out))
			return false;
		if (value_truth(*out) == (c->func->builtin == BUILTIN_OR))
			return true;
	}
	if (args->final)
		*out = *args->final;
	return true;
}

/* Makes *v fit the i-th parameter of a called value. */
static enum template_outcome prepare_arg(struct template_exec *x, const struct value_type *t,
					 size_t i, struct value *v)
{
	v->any = false;
	if (!v->type && !can_be_nil(t))
		return template_fail(&x->call, "arg %zu: value is nil; should be of type %s", i,
				     t->name);
	if (!v->type)
		*v = value_zero(t);
	else if (!value_assignable(*v, t))
		return template_fail(&x->call, "arg %zu: value has type %s; should be %s", i,
				     v->type->name, t->name);
	return TEMPLATE_OK;
}

static enum template_outcome check_callee(struct template_exec *x, struct value v, const char *name,
					  size_t n)
{
	const struct template_func *f = v.func;

	if (v.kind == VALUE_NONE)
		return template_fail(&x->call, "call of nil");
	if (v.kind != VALUE_FUNC)
		return template_fail(&x->call, "non-function %s of type %s", name,
				     value_type_name(v));
	if (f->variadic ? n + 1 < f->n_params : n != f->n_params)
		return template_fail(&x->call, "wrong number of args for %s: got %zu want %s%d",
				     name, n, f->variadic ? "at least " : "",
				     f->n_params - f->variadic);
	return TEMPLATE_OK;
}

/* reflect.Value.String: text for strings only. */
static const char *reflect_text(struct template_exec *x, struct value v)
{
	if (v.kind == VALUE_STRING)
		return text(x, v.s);
	if (v.kind == VALUE_NONE)
		return "<invalid Value>";
	return arena_printf(x->o->arena, "<%s Value>", value_type_name(v)).p;
}

/* The `call` function: argv[0] is what to call. */
static bool call_value(struct template_exec *x, const struct callee *c, const struct args *args,
		       struct value *argv, struct value *out)
{
	size_t n = args->n + (args->final != NULL) - 1;
	const char *name = args->n ? exec_node_text(x, args->first) : reflect_text(x, *args->final);

	if (check_callee(x, argv[0], name, n) != TEMPLATE_OK)
		return call_failed(x, c);

	struct callee inner = {.func = argv[0].func, .node = c->node, .name = c->name};

	for (size_t i = 0; i < n; i++) {
		if (prepare_arg(x, param(inner.func, i), i, &argv[i + 1]) != TEMPLATE_OK)
			return call_failed(x, c);
	}
	return run(x, &inner, argv + 1, n, out);
}

/* Evaluates the arguments into argv, the receiver in front. */
static bool eval_args(struct template_exec *x, const struct value *dot, const struct callee *c,
		      const struct args *args, struct value *argv)
{
	const struct node *n = args->first;
	size_t i = 0;

	if (c->receiver)
		*argv++ = *c->receiver;
	for (; i < args->n; i++, n = n->next) {
		if (!eval_arg(x, dot, param(c->func, i), n, &argv[i]))
			return false;
	}
	if (!args->final)
		return true;
	argv[i] = *args->final;
	return validate(x, &argv[i], param(c->func, i));
}

static bool eval_call(struct template_exec *x, const struct value *dot, const struct callee *c,
		      const struct args *args, struct value *out)
{
	size_t n = args->n + (args->final != NULL) + (c->receiver != NULL);
	struct value few[ARGS_INLINE], *argv = few;

	if (!check_count(x, c, args))
		return false;
	if (c->func->builtin == BUILTIN_AND || c->func->builtin == BUILTIN_OR)
		return short_circuit(x, dot, c, args, out);
	if (n > ARGS_INLINE)
		argv = ARENA_ARRAY(x->o->arena, struct value, n);
	if (!eval_args(x, dot, c, args, argv))
		return false;
	if (c->func->builtin == BUILTIN_CALL)
		return call_value(x, c, args, argv, out);
	return run(x, c, argv, n, out);
}

static bool eval_function(struct template_exec *x, const struct value *dot, const struct node *n,
			  const struct node *cmd, const struct args *args, struct value *out)
{
	struct callee c = {.func = n->ident.func, .node = cmd, .name = n->ident.func->name};

	x->node = n;
	return eval_call(x, dot, &c, args, out);
}

/* ---- fields and methods ---------------------------------------------------------------------- */

static const struct template_func *find_method(const struct value_type *t, struct str name)
{
	const struct template_func *f = t->methods;

	for (; f && f->name; f++) {
		if (str_is(name, f->name))
			return f;
	}
	return NULL;
}

static const struct value_field *find_field(const struct value_type *t, struct str name)
{
	const struct value_field *f = t->pointee ? t->pointee->fields : t->fields;

	for (; f && f->name; f++) {
		if (str_is(name, f->name))
			return f;
	}
	return NULL;
}

static bool nil_pointer(struct template_exec *x, struct value receiver, struct str field)
{
	return exec_fail(x, "nil pointer evaluating %s.%s", static_type_name(receiver),
			 text(x, field));
}

static bool object_field(struct template_exec *x, struct value receiver,
			 const struct value_field *f, bool has_args, struct value *out)
{
	if (receiver.type->pointee && !receiver.object)
		return nil_pointer(x, receiver, str_of(f->name));
	if (has_args)
		return exec_fail(x, "%s has arguments but cannot be invoked as function", f->name);
	*out = f->get(receiver.object, x->o->arena);
	return true;
}

static bool map_key(struct template_exec *x, struct value map, struct str key, bool has_args,
		    struct value *out)
{
	if (has_args)
		return exec_fail(x, "%s is not a method but has arguments", text(x, key));
	if (value_map_get(map, key, x->o->arena, out))
		return true;
	switch (x->set->missing_key) {
	case TEMPLATE_MISSING_DEFAULT: *out = value_none(); return true;
	case TEMPLATE_MISSING_ZERO: *out = value_zero(map.type->elem); return true;
	case TEMPLATE_MISSING_ERROR: break;
	}
	return exec_fail(x, "map has no entry for key %s", exec_quoted(x, key));
}

static bool no_data(struct template_exec *x, struct value receiver, struct str field,
		    struct value *out)
{
	if (receiver.any)
		return nil_pointer(x, receiver, field);
	if (x->set->missing_key == TEMPLATE_MISSING_ERROR)
		return exec_fail(x, "nil data; no entry for key %s", exec_quoted(x, field));
	*out = value_none();
	return true;
}

/* (*out).field, or the call of that method, becomes *out. */
static bool eval_field(struct template_exec *x, const struct value *dot, const struct node *node,
		       struct str field, const struct args *args, struct value *out)
{
	bool has_args = args->n > 0 || args->final;
	struct value r = *out;

	if (r.kind == VALUE_NONE)
		return no_data(x, r, field, out);

	const struct template_func *method = find_method(r.type, field);

	if (method) {
		struct callee c = {.func = method,
				   .receiver = &r,
				   .node = node,
				   .name = method->name};

		if (r.type->pointee && value_is_nil(r))
			return nil_pointer(x, r, field);
		return eval_call(x, dot, &c, args, out);
	}
	if (r.kind == VALUE_OBJECT) {
		const struct value_field *f = find_field(r.type, field);

		if (f)
			return object_field(x, r, f, has_args, out);
	}
	if (r.kind == VALUE_MAP)
		return map_key(x, r, field, has_args, out);
	return exec_fail(x, "can't evaluate field %s in type %s", text(x, field),
			 static_type_name(r));
}

/* The idents from `from` on, of *out; only the last one gets the arguments. */
static bool eval_chain(struct template_exec *x, const struct value *dot, const struct node *n,
		       int from, const struct args *args, struct value *out)
{
	for (int i = from; i < n->path.n; i++) {
		const struct args *a = i + 1 < n->path.n ? &no_args : args;

		if (!eval_field(x, dot, n, n->path.idents[i], a, out))
			return false;
	}
	return true;
}

static bool not_a_function(struct template_exec *x, const struct args *args, const struct node *n)
{
	if (!args->n && !args->final)
		return true;
	return exec_fail(x, "can't give argument to non-function %s", exec_node_text(x, n));
}

static bool eval_variable(struct template_exec *x, const struct value *dot, const struct node *n,
			  const struct args *args, struct value *out)
{
	struct exec_var *v;

	x->node = n;
	v = find_var(x, n->path.idents[0]);
	if (!v)
		return exec_fail(x, "undefined variable: %s", text(x, n->path.idents[0]));
	*out = v->value;
	if (n->path.n == 1)
		return not_a_function(x, args, n);
	return eval_chain(x, dot, n, 1, args, out);
}

static bool eval_chain_node(struct template_exec *x, const struct value *dot, const struct node *n,
			    const struct args *args, struct value *out)
{
	x->node = n;
	if (n->path.base->kind == NODE_NIL)
		return exec_fail(x, "indirection through explicit nil in %s", exec_node_text(x, n));
	return eval_arg(x, dot, &TYPE_REFLECT, n->path.base, out) &&
	       eval_chain(x, dot, n, 0, args, out);
}

/* Words that are evaluated alike as command and as argument. */
static bool is_expression(enum node_kind k)
{
	return k == NODE_FIELD || k == NODE_CHAIN || k == NODE_IDENT || k == NODE_PIPE ||
	       k == NODE_VARIABLE;
}

static bool eval_expression(struct template_exec *x, const struct value *dot, const struct node *n,
			    const struct node *cmd, const struct args *args, struct value *out)
{
	switch ((int)n->kind) {
	case NODE_FIELD: *out = *dot; return at(x, n) && eval_chain(x, dot, n, 0, args, out);
	case NODE_CHAIN: return eval_chain_node(x, dot, n, args, out);
	case NODE_IDENT: return eval_function(x, dot, n, cmd, args, out);
	case NODE_VARIABLE: return eval_variable(x, dot, n, args, out);
	default: return not_a_function(x, args, n) && eval_pipeline(x, dot, n, out);
	}
}

static bool eval_arg(struct template_exec *x, const struct value *dot,
		     const struct value_type *type, const struct node *n, struct value *out)
{
	x->node = n;
	if (is_expression(n->kind))
		return eval_expression(x, dot, n, n, &no_args, out) && validate(x, out, type);
	if (n->kind == NODE_DOT) {
		*out = *dot;
		return validate(x, out, type);
	}
	if (n->kind == NODE_NIL) {
		if (!can_be_nil(type))
			return exec_fail(x, "cannot assign nil to %s", type->name);
		*out = type == &TYPE_REFLECT ? value_none() : value_zero(type);
		return true;
	}
	return constant(x, type, n, out);
}

/* ---- commands and pipelines ------------------------------------------------------------------ */

static bool eval_command(struct template_exec *x, const struct value *dot, const struct node *cmd,
			 const struct value *final, struct value *out)
{
	const struct node *n = cmd->list.first;
	struct args args = {.first = n->next, .n = (size_t)cmd->list.n - 1, .final = final};

	if (is_expression(n->kind))
		return eval_expression(x, dot, n, cmd, &args, out);
	x->node = n;
	if (!not_a_function(x, &args, n))
		return false;
	if (n->kind == NODE_DOT) {
		*out = *dot;
		return true;
	}
	if (n->kind == NODE_NIL)
		return exec_fail(x, "nil is not a command");
	return untyped_constant(x, n, out);
}

static bool declare(struct template_exec *x, const struct node *pipe, struct value v)
{
	for (const struct node *d = pipe->pipe.decl; d; d = d->next) {
		if (!pipe->pipe.is_assign)
			exec_push(x, d->path.idents[0], v);
		else if (!eval_set_var(x, d->path.idents[0], v))
			return false;
	}
	return true;
}

bool eval_pipeline(struct template_exec *x, const struct value *dot, const struct node *pipe,
		   struct value *out)
{
	struct value value, last = value_none();
	const struct value *final = NULL;

	*out = value_none();
	if (!pipe)
		return true;
	x->node = pipe;
	if (!exec_down(x))
		return false;
	for (const struct node *c = pipe->pipe.cmds; c; c = c->next) {
		if (!eval_command(x, dot, c, final, &value))
			return false;
		value.any = false;
		last = value;
		final = &last;
	}
	exec_up(x);
	*out = last;
	return declare(x, pipe, last);
}
