/* Sets of templates: parsing joins them by name. */
#include "template/template.h"

#include <string.h>

#include "template/exec.h"
#include "template/parse.h"

struct template_set *template_set_new(struct arena *a, const struct limits *l)
{
	struct template_set *ts = ARENA_NEW(a, struct template_set);

	ts->arena = a;
	ts->limits = l;
	return ts;
}

void template_set_missing_key(struct template_set *ts, enum template_missing_key mk)
{
	ts->missing_key = mk;
}

bool template_set_option(struct template_set *ts, struct str option, struct err *err)
{
	static const struct {
		const char *option;
		enum template_missing_key mk;
	} options[] = {
		{"missingkey=default", TEMPLATE_MISSING_DEFAULT},
		{"missingkey=invalid", TEMPLATE_MISSING_DEFAULT},
		{"missingkey=zero", TEMPLATE_MISSING_ZERO},
		{"missingkey=error", TEMPLATE_MISSING_ERROR},
	};

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (str_is(option, options[i].option)) {
			ts->missing_key = options[i].mk;
			return true;
		}
	}
	if (!option.n)
		return err_set(err, -1, "empty option string");
	return err_set(err, -1, "unrecognized option: %.*s", STR_ARG(option));
}

static struct tree *find(const struct template_set *ts, struct str name)
{
	for (struct tree *t = ts->trees; t; t = t->next) {
		if (str_eq(t->name, name))
			return t;
	}
	return NULL;
}

bool template_set_has(const struct template_set *ts, struct str name)
{
	return find(ts, name);
}

/* A tree without content does not replace one that is there. */
static void join(struct template_set *ts, struct tree *t)
{
	struct tree *old = find(ts, t->name);

	if (!old) {
		t->next = ts->trees;
		ts->trees = t;
	} else if (!node_is_empty(t->root)) {
		old->source = t->source;
		old->root = t->root;
	}
}

bool template_set_parse(struct template_set *ts, struct str name, struct str text,
			const struct template_funcs *funcs, struct err *err)
{
	struct source *src = ARENA_NEW(ts->arena, struct source);
	struct tree *trees;

	src->name = arena_str(ts->arena, name);
	src->text = arena_str(ts->arena, text);
	if (!parse_text(ts->arena, src, funcs, ts->limits, &trees, err))
		return false;
	for (struct tree *t = trees, *after; t; t = after) {
		after = t->next;
		join(ts, t);
	}
	return true;
}

bool template_is_plain(struct str text)
{
	return str_find(text, STR("{{")) < 0;
}
