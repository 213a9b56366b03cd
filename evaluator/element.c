/* Labels, annotations and series of one element. */
#include "evaluator/element.h"

#include "promql/histogram.h"

#define ANNOTATIONS_MAX ((size_t)64 << 20) /* bytes of one alert's */

void element_maker_init(struct element_maker *m, struct expander *x, struct arena *a)
{
	*m = (struct element_maker){.expander = x, .arena = a};
	labels_builder_init(&m->builder);
	buf_init(&m->pairs, ANNOTATIONS_MAX);
}

void element_maker_done(struct element_maker *m)
{
	labels_builder_done(&m->builder);
	buf_done(&m->pairs);
}

/* A histogram as templates show it. */
static const struct rule_histogram *shown(struct arena *a, const struct histogram *h)
{
	struct rule_histogram *out;
	struct buf b;

	if (!h)
		return NULL;
	out = ARENA_NEW(a, struct rule_histogram);
	buf_init(&b, BUF_MAX_ANY);
	histogram_put_go(&b, h);
	*out = (struct rule_histogram){.text = arena_str(a, buf_str(&b)),
				       .count = h->count,
				       .sum = h->sum};
	buf_done(&b);
	return out;
}

static bool expand(struct element_maker *m, const struct rule_text *t, const struct expand_env *env,
		   const struct sample *s, struct str *out)
{
	struct rule_sample rs = {.labels = s->labels,
				 .value = s->v,
				 .histogram = shown(m->arena, s->h)};

	switch (expand_run(m->expander, t->expand, env, &rs, m->arena, out)) {
	case EXPAND_OK: return true;
	case EXPAND_ERROR:
		if (m->failed)
			m->failed(m->arg, t, *out);
		return true;
	case EXPAND_WAIT: break;
	}
	return false;
}

bool element_labels(struct element_maker *m, const struct rule *r, const struct expand_env *env,
		    const struct sample *s, struct labels *out)
{
	struct labels_builder *b = &m->builder;
	bool whole = true;

	labels_builder_from(b, s->labels);
	labels_builder_del(b, STR(LABEL_NAME));
	for (size_t i = 0; i < r->n_labels; i++) {
		struct str text = {0};

		whole &= expand(m, &r->label_texts[i], env, s, &text);
		labels_builder_set(b, r->label_texts[i].name, text);
	}
	labels_builder_set(b, STR(LABEL_ALERTNAME), r->name);
	*out = labels_builder_build(b, m->arena);
	return whole;
}

bool element_annotations(struct element_maker *m, const struct rule *r,
			 const struct expand_env *env, const struct sample *s, struct labels *out)
{
	bool whole = true;

	buf_clear(&m->pairs);
	for (size_t i = 0; i < r->n_annotations; i++) {
		struct str text = {0};

		whole &= expand(m, &r->annotations[i], env, s, &text);
		labels_append(&m->pairs, r->annotations[i].name, text);
	}
	*out = labels_dup(m->arena, labels_of_bytes(buf_str(&m->pairs)));
	return whole;
}

struct labels element_recorded(struct element_maker *m, const struct rule *r, struct labels sample)
{
	struct labels_builder *b = &m->builder;

	labels_builder_from(b, sample);
	labels_builder_set(b, STR(LABEL_NAME), r->name);
	for (size_t k = 0; k < r->n_labels; k++)
		labels_builder_set(b, r->label_texts[k].name, r->label_texts[k].value);
	return labels_builder_build(b, m->arena);
}

/* The unexpanded labels of the rule, the alert's over them, then name and state: a templated label
 * that expanded to nothing shows its raw text, as upstream. */
struct labels element_alert_series(struct element_maker *m, const struct rule *r,
				   struct labels alert, struct str name, struct str state)
{
	struct labels_builder *b = &m->builder;
	struct labels_iter it = {0};
	struct label l;

	labels_builder_from(b, r->labels);
	while (labels_next(alert, &it, &l))
		labels_builder_set(b, l.name, l.value);
	labels_builder_set(b, STR(LABEL_NAME), name);
	labels_builder_set(b, STR(LABEL_ALERTNAME), r->name);
	if (state.n)
		labels_builder_set(b, STR("alertstate"), state);
	return labels_builder_build(b, m->arena);
}
