/* Trees back to text, for error messages; in Go's spelling. */
#include "template/node.h"

#include "template/gorune.h"

static void put_list(struct buf *b, const struct node *list)
{
	for (const struct node *n = list->list.first; n; n = n->next)
		node_put(b, n);
}

static void put_pipe(struct buf *b, const struct node *p)
{
	for (const struct node *v = p->pipe.decl; v; v = v->next) {
		node_put(b, v);
		if (v->next)
			buf_adds(b, ", ");
	}
	if (p->pipe.decl)
		buf_adds(b, p->pipe.is_assign ? " = " : " := ");
	for (const struct node *c = p->pipe.cmds; c; c = c->next) {
		node_put(b, c);
		if (c->next)
			buf_adds(b, " | ");
	}
}

/* A pipeline inside of another node stands in parentheses. */
static void put_operand(struct buf *b, const struct node *n)
{
	if (n->kind != NODE_PIPE) {
		node_put(b, n);
		return;
	}
	buf_addc(b, '(');
	put_pipe(b, n);
	buf_addc(b, ')');
}

static void put_command(struct buf *b, const struct node *c)
{
	for (const struct node *arg = c->list.first; arg; arg = arg->next) {
		put_operand(b, arg);
		if (arg->next)
			buf_addc(b, ' ');
	}
}

static void put_path(struct buf *b, const struct node *n)
{
	if (n->path.base)
		put_operand(b, n->path.base);
	for (int i = 0; i < n->path.n; i++) {
		if (i > 0 || n->kind != NODE_VARIABLE)
			buf_addc(b, '.');
		buf_add(b, n->path.idents[i]);
	}
}

static void put_branch(struct buf *b, const struct node *n, const char *word)
{
	buf_adds(b, "{{");
	buf_adds(b, word);
	buf_addc(b, ' ');
	put_pipe(b, n->branch.pipe);
	buf_adds(b, "}}");
	put_list(b, n->branch.list);
	if (n->branch.else_list) {
		buf_adds(b, "{{else}}");
		put_list(b, n->branch.else_list);
	}
	buf_adds(b, "{{end}}");
}

static void put_template(struct buf *b, const struct node *n)
{
	buf_adds(b, "{{template ");
	gorune_quote(b, n->template.name, false);
	if (n->template.pipe) {
		buf_addc(b, ' ');
		put_pipe(b, n->template.pipe);
	}
	buf_adds(b, "}}");
}

static void put_action(struct buf *b, const struct node *n)
{
	buf_adds(b, "{{");
	put_pipe(b, n->action.pipe);
	buf_adds(b, "}}");
}

void node_put(struct buf *b, const struct node *n)
{
	switch (n->kind) {
	case NODE_LIST: put_list(b, n); break;
	case NODE_TEXT: buf_add(b, n->text); break;
	case NODE_ACTION: put_action(b, n); break;
	case NODE_IF: put_branch(b, n, "if"); break;
	case NODE_RANGE: put_branch(b, n, "range"); break;
	case NODE_WITH: put_branch(b, n, "with"); break;
	case NODE_TEMPLATE: put_template(b, n); break;
	case NODE_BREAK: buf_adds(b, "{{break}}"); break;
	case NODE_CONTINUE: buf_adds(b, "{{continue}}"); break;
	case NODE_PIPE: put_pipe(b, n); break;
	case NODE_COMMAND: put_command(b, n); break;
	case NODE_IDENT: buf_add(b, n->ident.name); break;
	case NODE_VARIABLE:
	case NODE_FIELD:
	case NODE_CHAIN: put_path(b, n); break;
	case NODE_DOT: buf_addc(b, '.'); break;
	case NODE_NIL: buf_adds(b, "nil"); break;
	case NODE_BOOL: buf_adds(b, n->boolean ? "true" : "false"); break;
	case NODE_NUMBER: buf_add(b, n->number.text); break;
	case NODE_STRING: buf_add(b, n->string.quoted); break;
	case NODE_END: buf_adds(b, "{{end}}"); break;
	case NODE_ELSE: buf_adds(b, "{{else}}"); break;
	}
}

bool node_is_empty(const struct node *n)
{
	if (n && n->kind == NODE_TEXT)
		return str_trim(n->text).n == 0;
	if (!n || n->kind != NODE_LIST)
		return !n;
	for (const struct node *c = n->list.first; c; c = c->next) {
		if (!node_is_empty(c))
			return false;
	}
	return true;
}
