/* People and how they are reached, for people; see page_people.h. */
#include "web/page_people.h"

#include "evaluator/core.h"
#include "notify/notify.h"
#include "oncall/config.h"
#include "web/answer.h"
#include "web/incident.h"
#include "web/page.h"

struct drill_rows {
	struct page *p;
	struct str key;
	size_t n;
};

static bool put_drill_row(void *arg, const struct delivery_view *d)
{
	struct drill_rows *r = arg;

	if (!str_eq(d->group_key, r->key))
		return true;
	if (!r->n++)
		buf_adds(r->p->b, "<h2>The drill</h2>\n<ul role=\"status\">\n");
	html_put(r->p->b, "<li>$: <b>$</b> $</li>\n", d->receiver,
		 str_of(outbox_status_name(d->status)), d->error);
	return r->n < PAGE_ROWS_MAX;
}

static void put_drill(struct page *p)
{
	struct drill_rows r = {.p = p,
			       .key = arena_printf(p->x->arena, "drill/%.*s",
						   STR_ARG(exchange_param(p->x, "drill")))};

	notify_deliveries(core_notify(p->x->core), put_drill_row, &r);
	if (r.n)
		buf_adds(p->b, "</ul>\n");
}

/* How everybody is reached, and a button that tries it. */
void page_people_put(struct page *p, const struct oncall_config *c)
{
	put_drill(p);
	buf_adds(p->b, "<h2>People</h2>\n<table class=\"stack told\">\n<thead><tr>"
		       "<th scope=\"col\">Who</th><th scope=\"col\">Contacts</th>"
		       "<th scope=\"col\">Drill</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < c->n_people && i < PAGE_ROWS_MAX; i++) {
		const struct person *who = &c->people[i];

		html_put(p->b, "<tr><td data-th=\"Who\"><b>$</b> $</td><td data-th=\"Contacts\">",
			 who->name, who->full_name);
		for (size_t k = 0; k < who->n_contacts; k++)
			html_put(p->b, "$$ <small>$</small>", k ? STR(", ") : STR(""),
				 who->contacts[k].name, who->contacts[k].kind);
		html_put(p->b,
			 "</td><td data-th=\"Drill\"><form method=\"post\" action=\"drill\">"
			 "<input type=\"hidden\" name=\"person\" value=\"$\">"
			 "<button>Try them</button></form></td></tr>\n",
			 who->name);
	}
	buf_adds(p->b, "</tbody>\n</table>\n");
}

void page_drill(struct exchange *x)
{
	struct str person = exchange_param(x, "person");
	uint64_t id =
		notify_drill(core_notify(x->core), x->now, person, incident_actor(x, STR("")));
	struct io_header location = {STR("Location"), arena_printf(x->arena, "oncall?drill=%llu",
								   (unsigned long long)id)};

	if (!id) {
		answer_text(x, 404, STR("there is nobody of that name who has contacts"));
		return;
	}
	answer_body_with(x, 303, "text/plain; charset=utf-8", &location, 1);
	x->out->after_turn = core_turn(x->core);
}
