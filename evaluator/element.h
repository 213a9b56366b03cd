/*
 * What an element of a rule's result becomes: the labels and annotations of its alert, the series
 * of a recording rule, the series ALERTS and ALERTS_FOR_STATE. The daemon and rule tests share it.
 */
#ifndef EVALUATOR_ELEMENT_H
#define EVALUATOR_ELEMENT_H

#include "base/buf.h"
#include "evaluator/state.h"
#include "evaluator/vector.h"
#include "rules/expand.h"
#include "rules/rules.h"

/* Scratch memory of whoever makes elements, and where results live. */
struct element_maker {
	struct expander *expander;
	struct arena *arena;
	struct labels_builder builder;
	struct buf pairs;
	/* A template failed; its text says why. May be NULL. */
	void (*failed)(void *arg, const struct rule_text *t, struct str text);
	void *arg;
};

void element_maker_init(struct element_maker *m, struct expander *x, struct arena *a);
void element_maker_done(struct element_maker *m);

/* The sample's labels without the name, overlaid by the rule's, then alertname. False: a template's
 * query is not answered yet. */
bool element_labels(struct element_maker *m, const struct rule *r, const struct expand_env *env,
		    const struct sample *s, struct labels *out);
/* The same for annotations; empty ones stay. */
bool element_annotations(struct element_maker *m, const struct rule *r,
			 const struct expand_env *env, const struct sample *s, struct labels *out);
/* A recording rule's: its name and labels over the sample's. */
struct labels element_recorded(struct element_maker *m, const struct rule *r, struct labels sample);
/* ALERTS or ALERTS_FOR_STATE of an alert. `state` empty: no label alertstate. */
struct labels element_alert_series(struct element_maker *m, const struct rule *r,
				   struct labels alert, struct str name, struct str state);

#endif
