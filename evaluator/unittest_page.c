/*
 * Page tests: alerts that fire at a time, through the routes of a configuration, as the notifier
 * would group and title them.
 */
#include <string.h>

#include "base/num.h"
#include "evaluator/unittest_private.h"
#include "notify/message.h"
#include "notify/route.h"

struct page {
	const struct route *route;
	struct labels group;
	struct message *message; /* owned */
	size_t cap;
	struct str title;
	bool matched;
};

struct pages {
	struct arena *a;
	const struct test_alert *alert; /* being routed */
	struct page *v;
	size_t n, cap;
};

static struct page *page_for(struct pages *p, const struct route *route, struct labels group)
{
	struct page *old = p->v;

	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].route == route && labels_eq(p->v[i].group, group))
			return &p->v[i];
	}
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 8;
		p->v = ARENA_ARRAY(p->a, struct page, p->cap);
		if (p->n)
			memcpy(p->v, old, p->n * sizeof(*old));
	}
	p->v[p->n] = (struct page){.route = route, .group = group, .message = message_new()};
	return &p->v[p->n++];
}

static void add(void *arg, const struct route *route)
{
	struct pages *p = arg;
	struct page *page = page_for(p, route, route_group_labels(route, p->alert->labels, p->a));
	struct message *m = page->message;
	struct message_alert *old = m->alerts;

	if (m->n == page->cap) {
		page->cap = page->cap ? page->cap * 2 : 8;
		m->alerts = ARENA_ARRAY(&m->arena, struct message_alert, page->cap);
		if (m->n)
			memcpy(m->alerts, old, m->n * sizeof(*old));
	}
	m->alerts[m->n++] = (struct message_alert){.labels = p->alert->labels,
						   .annotations = p->alert->annotations,
						   .ends_at = MS_NONE,
						   .hash = labels_hash(p->alert->labels)};
}

static void finish(struct pages *p, struct page *page)
{
	struct buf b;

	page->message->receiver = page->route->receiver;
	page->message->group_labels = page->group;
	message_finish(page->message);
	buf_init(&b, BUF_MAX_ANY);
	message_put_title(&b, page->message);
	page->title = arena_str(p->a, buf_str(&b));
	buf_done(&b);
}

/* ---- comparing ---------------------------------------------------------------------------------
 */

static bool has_text(const struct page *page, struct str text)
{
	for (size_t i = 0; i < page->message->n; i++) {
		struct labels_iter it = {0};
		struct label l;

		while (labels_next(page->message->alerts[i].annotations, &it, &l)) {
			if (str_find(l.value, text) >= 0)
				return true;
		}
	}
	return str_find(page->title, text) >= 0;
}

static bool has_alerts(const struct page *page, const struct field_texts *names)
{
	size_t found = 0;

	for (size_t i = 0; i < names->n; i++) {
		bool there = false;

		for (size_t k = 0; k < page->message->n; k++)
			there |= str_eq(labels_get(page->message->alerts[k].labels,
						   STR(LABEL_ALERTNAME)),
					names->v[i]);
		if (!there)
			return false;
	}
	for (size_t k = 0; k < page->message->n; k++) {
		struct str name = labels_get(page->message->alerts[k].labels, STR(LABEL_ALERTNAME));

		for (size_t i = 0; i < names->n; i++) {
			if (str_eq(names->v[i], name)) {
				found++;
				break;
			}
		}
	}
	return found == page->message->n;
}

static bool is_expected(const struct page *page, const struct exp_page *exp)
{
	return str_eq(page->route->receiver, exp->receiver) &&
	       (exp->title.n == 0 || str_eq(exp->title, page->title)) &&
	       (exp->text.n == 0 || has_text(page, exp->text)) &&
	       (exp->alerts.n == 0 || has_alerts(page, &exp->alerts));
}

static bool match(struct pages *p, const struct exp_page *exp)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].matched || !is_expected(&p->v[i], exp))
			continue;
		p->v[i].matched = true;
		return true;
	}
	return false;
}

/* ---- telling -----------------------------------------------------------------------------------
 */

static void put_expected(struct buf *b, const struct exp_page *e)
{
	buf_printf(b, "receiver %.*s", STR_ARG(e->receiver));
	if (e->title.n)
		buf_printf(b, ", title %.*s", STR_ARG(e->title));
	if (e->text.n)
		buf_printf(b, ", text %.*s", STR_ARG(e->text));
	for (size_t i = 0; i < e->alerts.n; i++)
		buf_printf(b, "%s%.*s", i ? " " : ", alerts ", STR_ARG(e->alerts.v[i]));
	buf_addc(b, '\n');
}

static void put_page(struct buf *b, const struct page *page)
{
	buf_printf(b, "receiver %.*s, title %.*s", STR_ARG(page->route->receiver),
		   STR_ARG(page->title));
	for (size_t i = 0; i < page->message->n; i++) {
		struct str name = labels_get(page->message->alerts[i].labels, STR(LABEL_ALERTNAME));

		buf_printf(b, "%s%.*s", i ? " " : ", alerts ", STR_ARG(name));
	}
	buf_addc(b, '\n');
}

static void put_list(struct buf *b, const char *what, struct str lines)
{
	buf_printf(b, "        %s:\n", what);
	while (lines.n) {
		ptrdiff_t end = str_find_char(lines, '\n');

		buf_printf(b, "            %.*s\n", (int)end, lines.p);
		lines = str_from(lines, (size_t)end + 1);
	}
}

static void tell(struct pages *p, const struct page_test *t, struct unittest_failure *f)
{
	struct buf exp, got, text;

	buf_init(&exp, BUF_MAX_ANY);
	buf_init(&got, BUF_MAX_ANY);
	buf_init(&text, BUF_MAX_ANY);
	for (size_t i = 0; i < t->n_exp; i++)
		put_expected(&exp, &t->exp[i]);
	for (size_t i = 0; i < p->n; i++)
		put_page(&got, &p->v[i]);
	buf_adds(&text, "    page_test: time: ");
	num_put_duration(&text, t->eval_time);
	*f = (struct unittest_failure){.about = arena_str(p->a, str_trim(buf_str(&text))),
				       .exp = arena_str(p->a, buf_str(&exp)),
				       .got = arena_str(p->a, buf_str(&got)),
				       .line = t->line};
	buf_adds(&text, ",\n");
	put_list(&text, exp.n ? "exp" : "exp: no page", f->exp);
	put_list(&text, got.n ? "got" : "got: no page", f->got);
	f->text = arena_str(p->a, str_trim(buf_str(&text)));
	f->text = arena_printf(p->a, "    %.*s", STR_ARG(f->text));
	buf_done(&exp);
	buf_done(&got);
	buf_done(&text);
}

bool test_pages(struct arena *a, const struct notify_config *config, const struct page_test *t,
		struct unittest_failure *failure)
{
	struct pages p = {.a = a};
	bool ok = true;

	for (size_t i = 0; i < t->n_firing; i++) {
		p.alert = &t->firing[i];
		route_match(config->root, t->firing[i].labels, add, &p);
	}
	for (size_t i = 0; i < p.n; i++)
		finish(&p, &p.v[i]);
	for (size_t i = 0; i < t->n_exp; i++)
		ok = match(&p, &t->exp[i]) && ok;
	for (size_t i = 0; i < p.n; i++)
		ok = ok && p.v[i].matched;
	if (!ok)
		tell(&p, t, failure);
	for (size_t i = 0; i < p.n; i++)
		message_free(p.v[i].message);
	return ok;
}
