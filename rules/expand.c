/*
 * The texts of alerting rules, compiled and expanded. The four definitions of upstream stand in
 * front of each text (they are part of the places that errors name); labels are read out of their
 * encoding when a template asks for one, no map is built.
 */
#include "rules/expand.h"

#include "template/template.h"

#define PREFIX \
	"{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}" \
	"{{$externalURL := .ExternalURL}}{{$value := .Value}}"

struct expand {
	struct str text;
	struct str name;
	const struct template_set *set; /* NULL: plain */
	unsigned needs;
};

/* What `.` is. */
struct expand_data {
	const struct rule_sample *sample;
	const struct expand_env *env;
};

static struct value data_labels(const void *data, struct arena *a)
{
	(void)a;
	return rule_labels_value(&((const struct expand_data *)data)->sample->labels);
}

static struct value data_external_labels(const void *data, struct arena *a)
{
	(void)a;
	return rule_labels_value(&((const struct expand_data *)data)->env->external_labels);
}

static struct value data_external_url(const void *data, struct arena *a)
{
	(void)a;
	return value_str(((const struct expand_data *)data)->env->external_url);
}

static struct value data_value(const void *data, struct arena *a)
{
	const struct rule_sample *s = ((const struct expand_data *)data)->sample;
	struct value v = rule_number_value(s->value, s->histogram);

	(void)a;
	v.any = true;
	return v;
}

static const struct value_field data_fields[] = {{"Labels", data_labels},
						 {"ExternalLabels", data_external_labels},
						 {"ExternalURL", data_external_url},
						 {"Value", data_value},
						 {0}};

static const struct value_type TYPE_DATA =
	{.name = "struct { Labels map[string]string; ExternalLabels map[string]string; "
		 "ExternalURL string; Value interface {} }",
	 .kind = VALUE_OBJECT,
	 .fields = data_fields};

#define CALLS 0x80000000u /* among needs: calls a function */

/* ---- compiling ------------------------------------------------------------------------------- */

static const struct {
	const char *variable, *field;
	unsigned needs;
} data_refs[] = {
	{"$labels", "Labels", EXPAND_LABELS},
	{"$externalLabels", "ExternalLabels", EXPAND_EXTERNAL},
	{"$externalURL", "ExternalURL", EXPAND_EXTERNAL},
	{"$value", "Value", EXPAND_VALUE},
};

static unsigned func_needs(const struct template_func *f)
{
	return (f->tag & RULE_FUNC_QUERY ? EXPAND_QUERY | EXPAND_NOW : 0) |
	       (f->tag & RULE_FUNC_NOW ? EXPAND_NOW : 0) |
	       (f->tag & RULE_FUNC_EXTERNAL ? EXPAND_EXTERNAL : 0);
}

static unsigned name_needs(const struct template_ref *r)
{
	for (size_t i = 0; i < ARRAY_LEN(data_refs); i++) {
		bool field = r->kind == TEMPLATE_REF_FIELD;

		if (str_is(r->name, field ? data_refs[i].field : data_refs[i].variable))
			return data_refs[i].needs;
	}
	return 0;
}

static void add_needs(void *arg, const struct template_ref *r)
{
	unsigned *needs = arg;

	if (r->pos < sizeof(PREFIX) - 1)
		return;
	switch (r->kind) {
	case TEMPLATE_REF_FUNC: *needs |= func_needs(r->func) | CALLS; break;
	case TEMPLATE_REF_DATA: *needs |= EXPAND_LABELS | EXPAND_VALUE | EXPAND_EXTERNAL; break;
	case TEMPLATE_REF_VARIABLE:
	case TEMPLATE_REF_FIELD: *needs |= name_needs(r); break;
	}
}

static struct str prefixed(struct arena *a, struct str text)
{
	size_t n = sizeof(PREFIX) - 1;
	char *p = arena_bytes(a, n + text.n);

	memcpy(p, PREFIX, n);
	memcpy(p + n, text.p, text.n); /* a plain text is not compiled: it is not empty */
	return (struct str){p, n + text.n};
}

/* The parser works in an arena of its own: only the finished set is worth keeping. */
static bool compile(struct expand *e, struct arena *a, struct arena *scratch, struct str text,
		    const struct limits *l, struct err *err)
{
	struct template_set *set = template_set_new(scratch, l);

	template_set_missing_key(set, TEMPLATE_MISSING_ZERO);
	if (!template_set_parse(set, e->name, prefixed(scratch, text), &RULE_FUNCS, err))
		return false;
	template_set_refs(set, add_needs, &e->needs);
	template_set_drop_unused(set, e->name, sizeof(PREFIX) - 1);
	e->set = template_set_dup(set, a);
	e->text = str_from(template_set_text(e->set, e->name), sizeof(PREFIX) - 1);
	return true;
}

bool expand_compile_as(struct arena *a, struct str name, struct str text, const struct limits *l,
		       const struct expand **out, struct err *err)
{
	struct expand *e = ARENA_NEW(a, struct expand);
	struct arena scratch;

	e->name = arena_str(a, name);
	*out = e;
	if (template_is_plain(text)) {
		e->text = arena_str(a, text);
		return true;
	}
	arena_init(&scratch);

	bool ok = compile(e, a, &scratch, text, l, err);

	arena_done(&scratch);
	return ok;
}

bool expand_compile(struct arena *a, struct str alert, struct str text, const struct limits *l,
		    const struct expand **out, struct err *err)
{
	struct buf name;

	buf_init(&name, BUF_MAX_ANY);
	buf_adds(&name, "__alert_");
	buf_add(&name, alert);

	bool ok = expand_compile_as(a, buf_str(&name), text, l, out, err);

	buf_done(&name);
	return ok;
}

bool expand_calls(const struct expand *e)
{
	return e->needs & CALLS;
}

unsigned expand_needs(const struct expand *e)
{
	return e->needs & ~CALLS;
}

bool expand_plain(const struct expand *e, struct str *out)
{
	if (e->set)
		return false;
	*out = e->text;
	return true;
}

struct str expand_text(const struct expand *e)
{
	return e->text;
}

/* ---- expanding ------------------------------------------------------------------------------- */

void expander_init(struct expander *x, const struct limits *l)
{
	*x = (struct expander){.limits = l};
	arena_init(&x->arena);
	buf_init(&x->buf, l->template_bytes);
}

void expander_done(struct expander *x)
{
	arena_done(&x->arena);
	buf_done(&x->buf);
}

static struct template_result execute(struct expander *x, const struct expand *e,
				      const struct expand_env *env, const struct rule_sample *s)
{
	struct expand_data data = {.sample = s, .env = env};
	struct rule_func_env func_env = {.now = env->at,
					 .external_url = env->external_url,
					 .query = env->query};
	struct template_options o = {.arena = &x->arena, .limits = x->limits, .user = &func_env};

	arena_clear(&x->arena);
	buf_clear(&x->buf);
	return template_exec(e->set, e->name, value_object(&TYPE_DATA, &data), &o, &x->buf);
}

enum expand_result expand_run(struct expander *x, const struct expand *e,
			      const struct expand_env *env, const struct rule_sample *s,
			      struct arena *a, struct str *out)
{
	struct template_result r;

	if (expand_plain(e, out))
		return EXPAND_OK;
	r = execute(x, e, env, s);
	switch (r.outcome) {
	case TEMPLATE_OK: *out = arena_str(a, buf_str(&x->buf)); return EXPAND_OK;
	case TEMPLATE_WAIT: return EXPAND_WAIT;
	case TEMPLATE_ERROR: break;
	}
	*out = arena_printf(a, "<error expanding template: error executing template %.*s: %.*s>",
			    STR_ARG(e->name), STR_ARG(r.error));
	return EXPAND_ERROR;
}

struct labels_used {
	void (*fn)(void *arg, struct str name);
	void *arg;
};

static void tell_label(void *arg, const struct template_ref *r)
{
	const struct labels_used *u = arg;

	if (r->kind == TEMPLATE_REF_VARIABLE && str_is(r->name, "$labels") && r->field.n)
		u->fn(u->arg, r->field);
}

void expand_labels_used(const struct expand *e, void (*fn)(void *arg, struct str name), void *arg)
{
	struct labels_used u = {.fn = fn, .arg = arg};

	if (e && (e->needs & EXPAND_LABELS))
		template_set_refs(e->set, tell_label, &u);
}
