/* Words against alerts and rules. */
#include "web/filter.h"

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool starts_here(const char *p, struct str word)
{
	for (size_t i = 0; i < word.n; i++) {
		if (fold(p[i]) != fold(word.p[i]))
			return false;
	}
	return true;
}

static bool contains(struct str s, struct str word)
{
	for (size_t i = 0; i + word.n <= s.n; i++) {
		if (starts_here(s.p + i, word))
			return true;
	}
	return false;
}

static bool same(struct str a, struct str b)
{
	return a.n == b.n && starts_here(a.p, b);
}

struct filter filter_read(const struct exchange *x)
{
	struct str state = exchange_param(x, "state");
	struct str s = str_cut(str_trim(exchange_param(x, "q")), 0, FILTER_BYTES);
	struct filter f = {.text = s};

	if (str_is(state, "firing"))
		f.state = FILTER_FIRING;
	else if (str_is(state, "pending"))
		f.state = FILTER_PENDING;
	else if (str_is(state, "failing"))
		f.state = FILTER_FAILING;
	while (s.n && f.n < FILTER_WORDS) {
		ptrdiff_t space = str_find_char(s, ' ');
		size_t end = space < 0 ? s.n : (size_t)space;

		f.words[f.n++] = str_cut(s, 0, end);
		s = str_trim(str_from(s, end));
	}
	return f;
}

bool filter_set(const struct filter *f)
{
	return f->state != FILTER_ALL || f->n;
}

static bool word_in_labels(struct str word, struct labels ls)
{
	struct labels_iter it = {0};
	struct label l;
	ptrdiff_t eq = str_find_char(word, '=');

	while (labels_next(ls, &it, &l)) {
		if (contains(l.value, word) || contains(l.name, word))
			return true;
		if (eq > 0 && same(l.name, str_cut(word, 0, (size_t)eq)) &&
		    contains(l.value, str_from(word, (size_t)eq + 1)))
			return true;
	}
	return false;
}

static bool word_in_rule(struct str word, const struct rule_view *r)
{
	return contains(r->rule->name, word) || contains(r->group->name, word) ||
	       contains(r->group->file, word) || contains(r->rule->query, word) ||
	       word_in_labels(word, r->rule->labels);
}

bool filter_alert(const struct filter *f, const struct rule_view *r,
		  const struct rule_alert_view *a)
{
	if ((f->state == FILTER_FIRING && a->state != ALERT_FIRING) ||
	    (f->state == FILTER_PENDING && a->state != ALERT_PENDING) ||
	    (f->state == FILTER_FAILING && r->health != RULE_ERR))
		return false;
	for (size_t i = 0; i < f->n; i++) {
		if (!word_in_labels(f->words[i], a->labels) &&
		    !word_in_labels(f->words[i], a->annotations) && !word_in_rule(f->words[i], r))
			return false;
	}
	return true;
}

bool filter_rule(const struct filter *f, const struct rule_view *r)
{
	if ((f->state == FILTER_FIRING && r->state != ALERT_FIRING) ||
	    (f->state == FILTER_PENDING && r->state != ALERT_PENDING) ||
	    (f->state == FILTER_FAILING && r->health != RULE_ERR))
		return false;
	for (size_t i = 0; i < f->n; i++) {
		if (!word_in_rule(f->words[i], r))
			return false;
	}
	return true;
}
