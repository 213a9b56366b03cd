/*
 * Copies a set into another arena, each node in the bytes that its kind needs: what parsing used on
 * the way stays behind. Texts that are slices of the source stay slices of its copy.
 */
#include <stddef.h>
#include <string.h>

#include "template/exec.h"

struct copy {
	struct arena *arena;
	const struct source *from, *to;
};

#define SIZE_WITH(member) (offsetof(struct node, member) + sizeof(((struct node *)0)->member))

static size_t size_of(enum node_kind kind)
{
	switch (kind) {
	case NODE_LIST:
	case NODE_COMMAND: return SIZE_WITH(list);
	case NODE_TEXT: return SIZE_WITH(text);
	case NODE_ACTION: return SIZE_WITH(action);
	case NODE_IF:
	case NODE_RANGE:
	case NODE_WITH: return SIZE_WITH(branch);
	case NODE_TEMPLATE: return SIZE_WITH(template);
	case NODE_PIPE: return SIZE_WITH(pipe);
	case NODE_IDENT: return SIZE_WITH(ident);
	case NODE_VARIABLE:
	case NODE_FIELD:
	case NODE_CHAIN: return SIZE_WITH(path);
	case NODE_BOOL: return SIZE_WITH(boolean);
	case NODE_NUMBER: return SIZE_WITH(number);
	case NODE_STRING: return SIZE_WITH(string);
	case NODE_BREAK:
	case NODE_CONTINUE:
	case NODE_DOT:
	case NODE_NIL:
	case NODE_END:
	case NODE_ELSE: break;
	}
	return offsetof(struct node, list);
}

static struct str text_copy(const struct copy *c, struct str s)
{
	struct str from = c->from->text;
	uintptr_t at = (uintptr_t)s.p - (uintptr_t)from.p;

	if (at <= from.n && s.n <= from.n - at)
		return (struct str){.p = c->to->text.p + at, .n = s.n};
	return arena_str(c->arena, s);
}

static struct node *node_copy(const struct copy *c, const struct node *n);

/* A list linked by `next`; its last node goes to *last unless that is NULL. */
static struct node *nodes_copy(const struct copy *c, const struct node *n, struct node **last)
{
	struct node *first = NULL, **at = &first;

	for (; n; n = n->next) {
		*at = node_copy(c, n);
		if (last)
			*last = *at;
		at = &(*at)->next;
	}
	return first;
}

static void path_copy(const struct copy *c, struct node *n)
{
	struct str *idents = ARENA_ARRAY(c->arena, struct str, (size_t)n->path.n);

	for (int i = 0; i < n->path.n; i++)
		idents[i] = text_copy(c, n->path.idents[i]);
	n->path.idents = idents;
	n->path.base = node_copy(c, n->path.base);
}

/* What the copied bytes point to. */
static void follow(const struct copy *c, struct node *n)
{
	switch ((int)n->kind) {
	case NODE_LIST:
	case NODE_COMMAND: n->list.first = nodes_copy(c, n->list.first, &n->list.last); break;
	case NODE_TEXT: n->text = text_copy(c, n->text); break;
	case NODE_ACTION: n->action.pipe = node_copy(c, n->action.pipe); break;
	case NODE_IF:
	case NODE_RANGE:
	case NODE_WITH:
		n->branch.pipe = node_copy(c, n->branch.pipe);
		n->branch.list = node_copy(c, n->branch.list);
		n->branch.else_list = node_copy(c, n->branch.else_list);
		break;
	case NODE_TEMPLATE:
		n->template.name = text_copy(c, n->template.name);
		n->template.pipe = node_copy(c, n->template.pipe);
		break;
	case NODE_PIPE:
		n->pipe.decl = nodes_copy(c, n->pipe.decl, NULL);
		n->pipe.cmds = nodes_copy(c, n->pipe.cmds, NULL);
		break;
	case NODE_IDENT: n->ident.name = text_copy(c, n->ident.name); break;
	case NODE_VARIABLE:
	case NODE_FIELD:
	case NODE_CHAIN: path_copy(c, n); break;
	case NODE_NUMBER: n->number.text = text_copy(c, n->number.text); break;
	case NODE_STRING:
		n->string.quoted = text_copy(c, n->string.quoted);
		n->string.text = text_copy(c, n->string.text);
		break;
	default: break;
	}
}

static struct node *node_copy(const struct copy *c, const struct node *n)
{
	struct node *to;

	if (!n)
		return NULL;
	to = arena_alloc(c->arena, size_of(n->kind));
	memcpy(to, n, size_of(n->kind));
	to->source = c->to;
	to->next = NULL;
	follow(c, to);
	return to;
}

static const struct source *source_copy(struct arena *a, const struct source *from)
{
	struct source *to = ARENA_NEW(a, struct source);

	to->name = arena_str(a, from->name);
	to->text = arena_str(a, from->text);
	return to;
}

struct template_set *template_set_dup(const struct template_set *ts, struct arena *a)
{
	struct template_set *to = template_set_new(a, ts->limits);
	struct tree **at = &to->trees;
	struct copy c = {.arena = a};

	to->missing_key = ts->missing_key;
	for (const struct tree *t = ts->trees; t; t = t->next) {
		if (c.from != t->source)
			c.to = source_copy(a, t->source);
		c.from = t->source;
		*at = ARENA_NEW(a, struct tree);
		**at = (struct tree){.name = str_eq(t->name, c.to->name) ? c.to->name
									 : text_copy(&c, t->name),
				     .source = c.to,
				     .root = node_copy(&c, t->root)};
		at = &(*at)->next;
	}
	return to;
}

struct str template_set_text(const struct template_set *ts, struct str name)
{
	for (const struct tree *t = ts->trees; t; t = t->next) {
		if (str_eq(t->name, name))
			return t->source->text;
	}
	return (struct str){0};
}
