/*
 * Labels and annotations of rules: read, checked, merged, their templates compiled.
 *
 * One difference to Prometheus: it loads a group whose own labels hold a broken template and writes
 * the error text into every alert. Here the file is refused, as it is for a rule's labels.
 */
#include "base/mem.h"
#include "rules/expand.h"
#include "rules/rule.h"

bool rule_texts_read(const struct fields *f, const struct yaml_node *map, const char *what,
		     struct rule_texts *out)
{
	struct rule_texts t = {0};
	bool ok = true;

	*out = t;
	if (!map)
		return true;
	if (map->n > RULE_TEXTS_MAX)
		return fields_error(f, map, "%zu %s are too many, the limit is %d", map->n, what,
				    RULE_TEXTS_MAX);
	t.v = ARENA_ARRAY(f->arena, struct rule_text, map->n);
	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_pair *p = &map->pairs[i];
		const struct yaml_node *at = p->value->kind == YAML_NULL ? p->key : p->value;
		struct rule_text *x = &t.v[t.n++];

		*x = (struct rule_text){.name = arena_str(f->arena, p->key->value),
					.line = at->line,
					.col = at->col};
		ok &= fields_text(f, p->value, what, &x->value);
	}
	*out = t;
	return ok;
}

bool rule_group_labels_check(const struct rule_reader *r, const struct rule_texts *t)
{
	const struct fields *f = &r->fields;
	bool ok = true;

	for (size_t i = 0; i < t->n; i++) {
		const struct rule_text *x = &t->v[i];
		struct yaml_node at = {.line = x->line, .col = x->col};

		if (!rule_label_name_ok(r, x->name) || str_is(x->name, LABEL_NAME))
			ok = fields_error(f, &at, "invalid label name: %.*s", STR_ARG(x->name));
		if (!str_is_utf8(x->value))
			ok = fields_error(f, &at, "invalid label value: %.*s", STR_ARG(x->value));
	}
	return ok;
}

static bool check_labels(const struct rule_draft *d, const struct rule_texts *t)
{
	bool ok = true;

	for (size_t i = 0; i < t->n; i++) {
		const struct rule_text *x = &t->v[i];

		if (!rule_label_name_ok(d->reader, x->name) || str_is(x->name, LABEL_NAME))
			ok = rule_tell(d, x->line, x->col, "invalid label name: %.*s",
				       STR_ARG(x->name));
		if (!str_is_utf8(x->value))
			ok = rule_tell(d, x->line, x->col, "invalid label value: %.*s",
				       STR_ARG(x->value));
	}
	return ok;
}

static bool check_annotations(const struct rule_draft *d, const struct rule_texts *t)
{
	bool ok = true;

	for (size_t i = 0; i < t->n; i++) {
		const struct rule_text *x = &t->v[i];

		if (!rule_label_name_ok(d->reader, x->name))
			ok = rule_tell(d, x->line, x->col, "invalid annotation name: %.*s",
				       STR_ARG(x->name));
	}
	return ok;
}

static bool compile_texts(const struct rule_draft *d, const char *what, struct rule_text *v,
			  size_t n)
{
	const struct rule_reader *r = d->reader;
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		struct err err = {0};

		if (!expand_compile(r->fields.arena, d->alert, v[i].value, r->defaults->limits,
				    &v[i].expand, &err))
			ok = rule_tell_text(d, what, &v[i], err.msg);
	}
	return ok;
}

static int text_cmp(const void *a, const void *b)
{
	const struct rule_text *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static void sort_texts(struct rule_text *v, size_t n)
{
	if (n > 1)
		qsort(v, n, sizeof(*v), text_cmp);
}

static const struct rule_text *text_of(const struct rule_texts *t, struct str name)
{
	for (size_t i = 0; i < t->n; i++) {
		if (str_eq(t->v[i].name, name))
			return &t->v[i];
	}
	return NULL;
}

/* The group's labels overlaid by the rule's; one that is empty stays in the texts, because it
 * removes that label from a result. */
static void merge_labels(const struct rule_draft *d, const struct rule_texts *own, struct rule *out)
{
	struct arena *a = d->reader->fields.arena;
	const struct rule_texts *group = d->group_labels;
	struct labels_builder lb;

	out->label_texts = ARENA_ARRAY(a, struct rule_text, own->n + group->n);
	for (size_t i = 0; i < own->n; i++)
		out->label_texts[out->n_labels++] = own->v[i];
	for (size_t i = 0; i < group->n; i++) {
		if (!text_of(own, group->v[i].name))
			out->label_texts[out->n_labels++] = group->v[i];
	}
	sort_texts(out->label_texts, out->n_labels);

	labels_builder_init(&lb);
	for (size_t i = 0; i < out->n_labels; i++)
		labels_builder_set(&lb, out->label_texts[i].name, out->label_texts[i].value);
	out->labels = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
}

bool rule_texts_compile(const struct rule_draft *d, struct rule *out)
{
	struct rule_texts labels, annotations;
	bool ok = rule_texts_read(&d->reader->fields, d->label_map, "labels", &labels);

	ok &= rule_texts_read(&d->reader->fields, d->annotation_map, "annotations", &annotations);
	if (!ok)
		return false;
	ok = check_labels(d, &labels);
	ok &= check_annotations(d, &annotations);
	merge_labels(d, &labels, out);
	sort_texts(annotations.v, annotations.n);
	out->annotations = annotations.v;
	out->n_annotations = annotations.n;
	if (!out->alerting)
		return ok;
	ok &= compile_texts(d, "label", out->label_texts, out->n_labels);
	return compile_texts(d, "annotation", out->annotations, out->n_annotations) && ok;
}
