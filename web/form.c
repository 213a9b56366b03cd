/* The customers' form; see form.h. */
#include "web/form.h"

#include "evaluator/core.h"
#include "notify/notify.h"
#include "web/answer.h"
#include "web/incident.h"
#include "web/page.h"

#define SPAN (10 * MINUTE)
#define FORM_TIMES 20 /* as many as `rate` from all addresses together */
#define TEXT_MAX 2000
#define CONTACT_MAX 200
#define TITLE_MAX 120 /* bytes of the text that become the incident's title */

static struct oncall *oncall_of(const struct exchange *x)
{
	return notify_oncall(core_notify(x->core));
}

/* ---- too much ------------------------------------------------------------------------------ */
static bool too_many(struct exchange *x, const struct form *f)
{
	struct form_recent *r = &x->web->recent;
	uint64_t form = str_hash(f->token);
	uint64_t from = form ^ str_hash(x->req->remote);
	int by_address = 0, by_form = 0;

	for (size_t i = 0; i < FORM_RECENT; i++) {
		if (!r->v[i].at || x->now.mono - r->v[i].at >= SPAN)
			continue;
		by_address += r->v[i].from == from;
		by_form += r->v[i].form == form;
	}
	if (by_address >= f->rate || by_form >= f->rate * FORM_TIMES)
		return true;
	r->v[r->next].at = MAX(x->now.mono, (ms_t)1);
	r->v[r->next].from = from;
	r->v[r->next].form = form;
	r->next = (r->next + 1) % FORM_RECENT;
	return false;
}

/* ---- the page ------------------------------------------------------------------------------ */
struct known {
	struct exchange *x;
	const struct form *f;
	size_t n;
};

static bool put_known(void *arg, const struct incident *i)
{
	struct known *k = arg;
	struct buf *b = &k->x->body;

	if ((i->status != INCIDENT_TRIGGERED && i->status != INCIDENT_ACKNOWLEDGED) ||
	    !str_eq(str_of(i->policy), k->f->policy))
		return true;
	if (!k->n++)
		buf_adds(b, "<h2>What we know of</h2>\n<ul>\n");
	html_put(b, "<li>$ since ",
		 k->f->show_titles ? str_of(i->title) : STR("A problem that we know of,"));
	html_time(b, i->opened_at, k->x->now.wall);
	buf_adds(b, i->status == INCIDENT_ACKNOWLEDGED ? ": somebody is working on it"
						       : ": somebody is being called");
	buf_adds(b, "</li>\n");
	return k->n < PAGE_ROWS_MAX;
}

static void show(struct exchange *x, const struct form *f, int status, struct str said)
{
	struct known k = {.x = x, .f = f};
	struct buf *b = &x->body;

	page_bare_begin(x, f->title);
	html_put(b, "<h1>$</h1>\n", f->title);
	if (said.n)
		html_put(b, "<p role=\"status\"><b>$</b></p>\n", said);
	oncall_incidents(oncall_of(x), put_known, &k);
	if (k.n)
		buf_adds(b, "</ul>\n");
	html_put(b,
		 "<form class=\"verbs\" method=\"post\" action=\"form\">\n"
		 "<input type=\"hidden\" name=\"t\" value=\"$\">\n"
		 "<p><label><span>What is wrong?</span> <textarea name=\"text\" rows=\"4\" "
		 "maxlength=\"2000\" required></textarea></label></p>\n"
		 "<p><label><span>How can we reach you? (if you like)</span> "
		 "<input name=\"contact\" maxlength=\"200\"></label></p>\n"
		 "<p class=\"skip\" aria-hidden=\"true\"><label>Leave this empty "
		 "<input name=\"website\" tabindex=\"-1\" autocomplete=\"off\"></label></p>\n"
		 "<p><button>Send</button></p>\n</form>\n",
		 f->token);
	page_bare_end(x, status);
}

/* ---- what is sent -------------------------------------------------------------------------- */
static struct str clipped(struct str s, size_t max)
{
	s = str_trim(s);
	s = str_cut(s, 0, MIN(s.n, max));
	while (s.n && ((unsigned char)s.p[s.n - 1] & 0xC0) == 0x80)
		s.n--; /* not in the middle of a character */
	return s;
}

static struct str first_line(struct str s)
{
	ptrdiff_t end = str_find_char(s, '\n');

	return clipped(end < 0 ? s : str_cut(s, 0, (size_t)end), TITLE_MAX);
}

/* A note of the incident that the form has open, else a new one. */
static bool take(struct exchange *x, const struct form *f, struct str text, struct str contact)
{
	struct str key = arena_printf(x->arena, "form %.*s", STR_ARG(f->name));
	const struct incident *i = oncall_open_of(oncall_of(x), key);
	struct report r = {.key = key,
			   .policy = f->policy,
			   .severity = f->severity,
			   .urgent = true,
			   .firing = true};
	struct actor by = {.who = STR("a customer"), .means = STR("form")};
	uint64_t id = i ? i->id : 0;

	if (!id) {
		r.title = arena_printf(x->arena, "Customers: %.*s", STR_ARG(first_line(text)));
		id = incident_open(x, &r, by.who);
	}
	if (contact.n)
		text = arena_printf(x->arena, "%.*s (reach them: %.*s)", STR_ARG(text),
				    STR_ARG(contact));
	x->out->after_turn = core_turn(x->core);
	return id && oncall_note(oncall_of(x), x->now, id, text, by) == ONCALL_DONE;
}

static void act(struct exchange *x, const struct form *f)
{
	struct str text = clipped(exchange_param(x, "text"), TEXT_MAX);

	if (!text.n)
		show(x, f, 400, STR("Please say what is wrong."));
	else if (too_many(x, f))
		show(x, f, 429,
		     STR("That was a lot within ten minutes. What you have sent is known."));
	else if (exchange_param(x, "website").n)
		show(x, f, 200, STR("Thank you.")); /* a machine has filled in what nobody sees */
	else if (take(x, f, text, clipped(exchange_param(x, "contact"), CONTACT_MAX)))
		show(x, f, 200, STR("Thank you. Somebody is being told."));
	else
		show(x, f, 503, STR("That did not work. Please try another way to reach us."));
}

void page_form(struct exchange *x)
{
	const struct oncall_config *c = oncall_config(oncall_of(x));
	const struct form *f = c ? oncall_form(c, exchange_param(x, "t")) : NULL;

	if (!f) {
		page_bare_begin(x, STR("No such form"));
		buf_adds(&x->body, "<h1>There is no such form</h1>\n");
		page_bare_end(x, 404);
	} else if (str_is(x->req->method, "POST")) {
		act(x, f);
	} else {
		show(x, f, 200, STR(""));
	}
}
