/*
 * Alertmanager's templates on rouse's engine: its functions, its data, its default templates.
 *
 * Whoever builds a template set for notify_config.templates sets missingkey=zero, parses
 * notify_parse_default_templates first and then the files of `templates:`, all with
 * notify_template_funcs. Texts of receivers' keys are parsed into that set when first used.
 */
#ifndef NOTIFY_FUNC_H
#define NOTIFY_FUNC_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "promql/labels.h"
#include "template/template.h"

struct delivery;
struct message;

extern const struct template_funcs notify_template_funcs;
/* Alertmanager's names: __subject, discord.default.title ...; files of notify/templates/. */
ATTR_CHECK bool notify_parse_default_templates(struct template_set *ts, struct err *err);
/* A set as above with only the defaults in it. */
struct template_set *notify_template_set(struct arena *a, const struct limits *l);

/* The dot of a template: Receiver, Status, Alerts, GroupLabels ...; lives as long as m and a. */
struct value notify_template_data(const struct message *m, struct arena *a);

/* Only the syntax of a receiver's text: for reading the configuration. */
ATTR_CHECK bool notify_template_check(struct str text, const struct limits *l, struct err *err);

enum render_mode { RENDER_TEXT, RENDER_HTML };
/* Where a text is expanded: into the arena, with the functions and templates of the set. */
struct rendering {
	struct template_set *templates;
	const struct message *message; /* for routeLabels; NULL: there are none */
	const struct limits *limits;
	struct arena *arena;
	ms_t now;
	enum render_mode mode;
};
/* Expands `text`, which is kept in the set as `name`, over a value. */
ATTR_CHECK bool notify_expand(const struct rendering *x, struct str name, struct str text,
			      struct value dot, struct str *out, struct err *err);
/* Expands the text of a receiver's key over the delivery's message into its arena. `key` names
 * the text in error messages. */
ATTR_CHECK bool notify_render(struct delivery *d, struct now now, const char *key, struct str text,
			      enum render_mode mode, struct str *out);

/* The message's route labels with their templates expanded over it, in the arena. What cannot be
 * expanded stands there as it is written. */
struct labels notify_route_labels(struct template_set *ts, const struct message *m, struct now now,
				  const struct limits *l, struct arena *a);

#endif
