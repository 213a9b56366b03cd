/* Walks the trees of a set: tells what they refer to, drops what nothing refers to. */
#include "template/exec.h"

struct refs {
	void (*fn)(void *arg, const struct template_ref *r);
	void *arg;
};

static void visit(const struct refs *r, const struct node *n);

static void tell(const struct refs *r, const struct node *n, enum template_ref_kind kind,
		 struct str name)
{
	struct template_ref ref = {.kind = kind, .name = name, .pos = (size_t)n->pos};

	if (n->kind == NODE_IDENT)
		ref.func = n->ident.func;
	if (n->kind == NODE_VARIABLE && kind == TEMPLATE_REF_VARIABLE && n->path.n > 1)
		ref.field = n->path.idents[1];
	r->fn(r->arg, &ref);
}

static void visit_all(const struct refs *r, const struct node *n)
{
	for (; n; n = n->next)
		visit(r, n);
}

static void visit_variable(const struct refs *r, const struct node *n)
{
	struct str name = n->path.idents[0];

	if (!str_is(name, "$"))
		tell(r, n, TEMPLATE_REF_VARIABLE, name);
	else if (n->path.n > 1)
		tell(r, n, TEMPLATE_REF_FIELD, n->path.idents[1]);
	else
		tell(r, n, TEMPLATE_REF_DATA, name);
}

/* An assignment refers to its variables, a declaration does not. */
static void visit_pipe(const struct refs *r, const struct node *n)
{
	if (n->pipe.is_assign)
		visit_all(r, n->pipe.decl);
	visit_all(r, n->pipe.cmds);
}

static void visit_if(const struct refs *r, const struct node *n)
{
	if (n)
		visit(r, n);
}

static void visit(const struct refs *r, const struct node *n)
{
	switch ((int)n->kind) {
	case NODE_LIST:
	case NODE_COMMAND: visit_all(r, n->list.first); break;
	case NODE_ACTION: visit(r, n->action.pipe); break;
	case NODE_IF:
	case NODE_RANGE:
	case NODE_WITH:
		visit(r, n->branch.pipe);
		visit(r, n->branch.list);
		visit_if(r, n->branch.else_list);
		break;
	case NODE_TEMPLATE: visit_if(r, n->template.pipe); break;
	case NODE_PIPE: visit_pipe(r, n); break;
	case NODE_IDENT: tell(r, n, TEMPLATE_REF_FUNC, n->ident.name); break;
	case NODE_VARIABLE: visit_variable(r, n); break;
	case NODE_FIELD: tell(r, n, TEMPLATE_REF_FIELD, n->path.idents[0]); break;
	case NODE_CHAIN: visit(r, n->path.base); break;
	case NODE_DOT: tell(r, n, TEMPLATE_REF_DATA, STR(".")); break;
	default: break;
	}
}

void template_set_refs(const struct template_set *ts,
		       void (*fn)(void *arg, const struct template_ref *r), void *arg)
{
	struct refs r = {.fn = fn, .arg = arg};

	for (const struct tree *t = ts->trees; t; t = t->next)
		visit(&r, t->root);
}

struct search {
	struct str variable;
	bool found;
};

static void find_variable(void *arg, const struct template_ref *r)
{
	struct search *s = arg;

	s->found |= r->kind == TEMPLATE_REF_VARIABLE && str_eq(r->name, s->variable);
}

static bool is_unused(const struct template_set *ts, const struct node *decl)
{
	struct search s = {.variable = decl->path.idents[0]};

	template_set_refs(ts, find_variable, &s);
	return !s.found;
}

void template_set_drop_unused(struct template_set *ts, struct str name, size_t end)
{
	struct tree *t = ts->trees;

	while (t && !str_eq(t->name, name))
		t = t->next;
	if (!t)
		return;
	for (struct node **at = &t->root->list.first; *at && (size_t)(*at)->pos < end;) {
		const struct node *pipe = (*at)->kind == NODE_ACTION ? (*at)->action.pipe : NULL;

		if (pipe && pipe->pipe.decl && is_unused(ts, pipe->pipe.decl))
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
}
