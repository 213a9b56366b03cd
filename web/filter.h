/*
 * What the reader of a page wants to see: ?state=firing|pending|failing and ?q=words. Every word
 * must occur, in any case, in a name, label, annotation, group, file or expression; name=value
 * looks for that label. Works without scripts: it is an ordinary form.
 */
#ifndef WEB_FILTER_H
#define WEB_FILTER_H

#include "evaluator/view.h"
#include "web/exchange.h"

#define FILTER_WORDS 8	 /* further ones are not looked at */
#define FILTER_BYTES 256 /* the rest of a longer text is not looked at */

enum filter_state { FILTER_ALL, FILTER_FIRING, FILTER_PENDING, FILTER_FAILING };

struct filter {
	enum filter_state state;
	struct str text; /* as typed */
	struct str words[FILTER_WORDS];
	size_t n;
};

struct filter filter_read(const struct exchange *x);
bool filter_set(const struct filter *f); /* something is left out */
bool filter_alert(const struct filter *f, const struct rule_view *r,
		  const struct rule_alert_view *a);
bool filter_rule(const struct filter *f, const struct rule_view *r);

#endif
