/* Walks the trees of a set and tells what they refer to. */
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
	case NODE_PIPE: visit_all(r, n->pipe.cmds); break;
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
