/*
 * A payload of one's own: YAML whose texts are templates. What a text becomes is read as YAML
 * again, so that "{{ len .Alerts }}" gives a number and toJson a structure; then all is written
 * as JSON, keys sorted.
 */
#include <stdlib.h>

#include "base/json.h"
#include "base/num.h"
#include "notify/receivers/kinds.h"

#define DEPTH_MAX 50

struct payload {
	struct delivery *d;
	struct now now;
	struct buf *out;
	int depth;
};

static bool put_node(struct payload *p, const struct yaml_node *n, bool expand);

static void put_scalar(struct buf *b, const struct yaml_node *n)
{
	bool yes;
	int64_t i;
	double f;

	if (!n->quoted && yaml_is_bool(n, &yes))
		buf_adds(b, yes ? "true" : "false");
	else if (yaml_is_int(n, &i))
		num_put_int(b, i);
	else if (!n->quoted && num_float(n->value, &f) == NUM_OK && f - f == 0)
		json_put_float(b, f);
	else
		json_put_str_html(b, n->value);
}

/* A text that is expanded: what comes out is YAML, or if it is not, a string. */
static bool put_text(struct payload *p, const struct yaml_node *n)
{
	struct str text;
	struct yaml_node *root = NULL;
	bool more;
	const char *key = arena_cstr(p->d->arena,
				     arena_printf(p->d->arena, "payload %.*s", STR_ARG(n->value)));

	if (!notify_render(p->d, p->now, key, n->value, RENDER_TEXT, &text))
		return false;
	if (!yaml_parse(text, p->d->limits, p->d->arena, &root, &more, NULL) || more) {
		json_put_str_html(p->out, text);
		return true;
	}
	if (!root) {
		json_put_str_html(p->out, STR(""));
		return true;
	}
	return put_node(p, root, false);
}

static int compare_keys(const void *a, const void *b)
{
	const struct yaml_pair *const *x = a, *const *y = b;

	return str_cmp((*x)->key->value, (*y)->key->value);
}

/* Other keys (n is false in YAML, 1 a number) have no place in JSON; upstream leaves them out. */
bool payload_key_is_text(const struct yaml_node *key)
{
	bool b;
	int64_t i;

	return key->kind != YAML_NULL && !yaml_is_int(key, &i) &&
	       (key->quoted || !yaml_is_bool(key, &b));
}

static bool put_map(struct payload *p, const struct yaml_node *n, bool expand)
{
	const struct yaml_pair **v = ARENA_ARRAY(p->d->arena, const struct yaml_pair *, n->n + 1);
	size_t count = 0;

	for (size_t i = 0; i < n->n; i++) {
		if (payload_key_is_text(n->pairs[i].key))
			v[count++] = &n->pairs[i];
	}
	qsort(v, count, sizeof(struct yaml_pair *), compare_keys);
	buf_addc(p->out, '{');
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_addc(p->out, ',');
		json_put_str_html(p->out, v[i]->key->value);
		buf_addc(p->out, ':');
		if (!put_node(p, v[i]->value, expand))
			return false;
	}
	buf_addc(p->out, '}');
	return true;
}

static bool put_list(struct payload *p, const struct yaml_node *n, bool expand)
{
	buf_addc(p->out, '[');
	for (size_t i = 0; i < n->n; i++) {
		if (i)
			buf_addc(p->out, ',');
		if (!put_node(p, n->items[i], expand))
			return false;
	}
	buf_addc(p->out, ']');
	return true;
}

static bool put_node(struct payload *p, const struct yaml_node *n, bool expand)
{
	bool ok = true;

	if (++p->depth > DEPTH_MAX)
		return err_set(&p->d->err, -1, "the payload is nested too deeply");
	switch (n->kind) {
	case YAML_NULL: buf_adds(p->out, "null"); break;
	case YAML_SCALAR:
		if (expand && !template_is_plain(n->value))
			ok = put_text(p, n);
		else
			put_scalar(p->out, n);
		break;
	case YAML_LIST: ok = put_list(p, n, expand); break;
	case YAML_MAP: ok = put_map(p, n, expand); break;
	}
	p->depth--;
	return ok;
}

bool kind_payload(struct delivery *d, struct now now, const struct yaml_node *payload,
		  struct buf *out)
{
	struct payload p = {.d = d, .now = now, .out = out};

	return put_node(&p, payload, true);
}
