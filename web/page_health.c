/* Banners, Prometheuses, receivers, last pages. */
#include "web/page_health.h"

#include "evaluator/core.h"
#include "notify/notify.h"

/* ---- banners -------------------------------------------------------------------------- */

static void banner_begin(struct page *p, const char *class, const char *title)
{
	buf_printf(p->b, "<div class=\"banner %s\"><b>%s</b> ", class, title);
}

static void banner_end(struct page *p)
{
	buf_adds(p->b, "</div>\n");
}

static void banners_of_self(struct page *p)
{
	const struct self_view *s = &p->self;

	if (s->blind) {
		banner_begin(p, "bad", "rouse is blind.");
		buf_adds(p->b, "No answer from Prometheus since ");
		html_time(p->b, s->blind_since, p->now);
		buf_adds(p->b,
			 ": what is shown is the last that was seen, nothing resolves and nothing "
			 "new can fire.");
		banner_end(p);
	}
	if (s->store_failing) {
		banner_begin(p, "bad", "The store cannot be written.");
		html_put(p->b, "Pages still go out, but a restart would forget: $", s->store_error);
		banner_end(p);
	}
	if (!s->reload_ok && s->reload_error.n) {
		banner_begin(p, "bad", "The configuration could not be reloaded.");
		html_put(p->b, "The one from before goes on: <span class=\"pre\">$</span>",
			 s->reload_error);
		banner_end(p);
	}
	if (s->tilt) {
		banner_begin(p, "warn", "The clock jumped.");
		buf_adds(p->b, "rouse only observes until it runs evenly again.");
		banner_end(p);
	}
}

static bool banner_of_receiver(void *arg, const struct receiver_view *r)
{
	struct page *p = arg;

	if (!r->last_error.n)
		return true;
	banner_begin(p, "bad", "A receiver fails.");
	html_put(p->b, "$/$: $", r->name, r->kind, r->last_error);
	banner_end(p);
	return true;
}

static bool count_receiver(void *arg, const struct receiver_view *r ATTR_UNUSED)
{
	++*(size_t *)arg;
	return true;
}

struct dead {
	ms_t since;
	size_t n;
};

static bool count_dead(void *arg, const struct delivery_view *d)
{
	struct dead *dead = arg;

	dead->n += d->status == OUTBOX_DEAD && d->created_at >= dead->since;
	return d->created_at >= dead->since;
}

static void banners_of_notify(struct page *p)
{
	struct notify *n = core_notify(p->x->core);
	struct dead dead = {.since = p->now - DAY};
	size_t receivers = 0;

	notify_receivers(n, count_receiver, &receivers);
	notify_deliveries(n, count_dead, &dead);
	if (!receivers) {
		banner_begin(p, "warn", "Nobody is told.");
		buf_adds(p->b, "No receiver is configured: alerts are seen here only.");
		banner_end(p);
	}
	if (dead.n) {
		banner_begin(p, "bad", "Pages were lost.");
		page_plural(p->b, dead.n, "page", "pages");
		buf_adds(p->b, " of the last day could not be delivered: see <a "
			       "href=\"#pages\">below</a>.");
		banner_end(p);
	}
	notify_receivers(n, banner_of_receiver, p);
}

void page_banners(struct page *p)
{
	banners_of_self(p);
	banners_of_notify(p);
	if (!core_ready(p->x->core)) {
		banner_begin(p, "warn", "Starting.");
		buf_adds(p->b, "The configuration is being loaded.");
		banner_end(p);
	}
	if (!p->count.rules) {
		banner_begin(p, "warn", "No rules are loaded.");
		buf_adds(p->b,
			 "Nothing can fire: see <code>rule_files</code> or <code>--rules</code>.");
		banner_end(p);
	}
}

/* ---- last pages ----------------------------------------------------------------------- */

struct table {
	struct page *p;
	size_t n, left;
};

static void put_status(struct buf *b, enum outbox_status s)
{
	switch (s) {
	case OUTBOX_QUEUED: page_state(b, "pending", "QUEUED"); break;
	case OUTBOX_SENDING: page_state(b, "pending", "SENDING"); break;
	case OUTBOX_RETRY: page_state(b, "pending", "RETRY"); break;
	case OUTBOX_SENT: page_state(b, "ok", "SENT"); break;
	case OUTBOX_DEAD: page_state(b, "err", "DEAD"); break;
	case OUTBOX_REPLACED: page_state(b, "inactive", "REPLACED"); break;
	}
}

/* "SENT after 1m, 2 attempts", "RETRY in 40s, 4 attempts", and what went wrong. */
static void put_outcome(struct page *p, const struct delivery_view *d)
{
	struct buf *b = p->b;
	const char *comma = "";

	put_status(b, d->status);
	buf_adds(b, " <span class=\"note\">");
	if (d->status == OUTBOX_RETRY && d->next_at != MS_NONE) {
		buf_adds(b, "in ");
		html_span(b, d->next_at - p->now);
		comma = ", ";
	}
	if (d->status == OUTBOX_SENT && d->done_at != MS_NONE &&
	    d->done_at - d->created_at >= SECOND) {
		buf_adds(b, "after ");
		html_span(b, d->done_at - d->created_at);
		comma = ", ";
	}
	if (d->attempts > 1)
		buf_printf(b, "%s%d attempts", comma, d->attempts);
	buf_adds(b, "</span>");
	if (d->error.n)
		html_put(b, "<p class=\"error\">$</p>", d->error);
}

static bool put_delivery(void *arg, const struct delivery_view *d)
{
	struct table *t = arg;
	struct buf *b = t->p->b;

	if (t->n >= PAGE_ROWS_MAX) {
		t->left++;
		return true;
	}
	if (!t->n++)
		buf_adds(b, "<table class=\"stack\">\n<thead><tr><th scope=\"col\">When</th>"
			    "<th scope=\"col\">Page</th><th scope=\"col\">To</th>"
			    "<th scope=\"col\">Outcome</th></tr></thead>\n<tbody>\n");
	buf_adds(b, "<tr><td data-th=\"When\">");
	html_ago(b, d->created_at, t->p->now);
	html_put(b, "</td><th scope=\"row\" data-th=\"Page\">$", d->title);
	if (d->reason.n)
		html_put(b, "<p class=\"note\">$</p>", d->reason);
	html_put(b, "</th><td data-th=\"To\">$</td><td data-th=\"Outcome\">", d->receiver);
	put_outcome(t->p, d);
	buf_adds(b, "</td></tr>\n");
	return true;
}

void page_deliveries(struct page *p)
{
	struct table t = {.p = p};

	buf_adds(p->b, "<section aria-labelledby=\"pages\">\n<h2 id=\"pages\">Last pages</h2>\n");
	notify_deliveries(core_notify(p->x->core), put_delivery, &t);
	if (t.n)
		buf_adds(p->b, "</tbody>\n</table>\n");
	else
		buf_adds(p->b, "<p class=\"empty\">Nobody was paged yet.</p>\n");
	page_more(p, t.left, "; the <a href=\"api/rouse/v1/deliveries\">API</a> has all");
	buf_adds(p->b, "</section>\n");
}

/* ---- Prometheuses and receivers ------------------------------------------------------- */

static bool put_prometheus(void *arg, const struct prometheus_view *v)
{
	struct table *t = arg;
	struct buf *b = t->p->b;

	if (!t->n++)
		buf_adds(b, "<table class=\"stack\">\n<caption>Prometheus</caption>\n"
			    "<thead><tr><th scope=\"col\">Address</th><th scope=\"col\">State</th>"
			    "<th scope=\"col\">Last answer</th><th "
			    "scope=\"col\">Queries</th></tr></thead>\n"
			    "<tbody>\n");
	html_put(b, "<tr><th scope=\"row\" data-th=\"Address\">$", v->url);
	if (v->current)
		buf_adds(b, " <span class=\"note\">asked first</span>");
	buf_adds(b, "</th><td data-th=\"State\">");
	if (v->healthy)
		page_state(b, "ok", "answers");
	else if (v->last_failed == MS_NONE)
		page_state(b, "inactive", "not asked yet");
	else
		page_state(b, "err", "fails");
	if (!v->healthy && v->last_error.n)
		html_put(b, "<p class=\"error\">$</p>", v->last_error);
	buf_adds(b, "</td><td data-th=\"Last answer\">");
	html_ago(b, v->last_ok, t->p->now);
	buf_adds(b, "</td><td data-th=\"Queries\">");
	html_count(b, v->queries);
	if (v->failures) {
		buf_adds(b, ", ");
		html_count(b, v->failures);
		buf_adds(b, " failed");
	}
	buf_adds(b, "</td></tr>\n");
	return true;
}

static void put_receiver_state(struct page *p, const struct receiver_view *r)
{
	if (r->last_error.n) {
		page_state(p->b, "err", "fails");
		html_put(p->b, "<p class=\"error\">$</p>", r->last_error);
	} else if (r->last_sent_at == MS_NONE) {
		page_state(p->b, "inactive", "not used yet");
	} else {
		page_state(p->b, "ok", "works");
	}
}

static bool put_receiver(void *arg, const struct receiver_view *r)
{
	struct table *t = arg;
	struct buf *b = t->p->b;

	if (!t->n++)
		buf_adds(b, "<table class=\"stack\">\n<caption>Receivers</caption>\n"
			    "<thead><tr><th scope=\"col\">Receiver</th><th scope=\"col\">State</th>"
			    "<th scope=\"col\">Last sent</th><th "
			    "scope=\"col\">Pages</th></tr></thead>\n"
			    "<tbody>\n");
	html_put(b,
		 "<tr><th scope=\"row\" data-th=\"Receiver\">$ <span class=\"note\">$</span></th>"
		 "<td data-th=\"State\">",
		 r->name, r->kind);
	put_receiver_state(t->p, r);
	buf_adds(b, "</td><td data-th=\"Last sent\">");
	html_ago(b, r->last_sent_at, t->p->now);
	buf_adds(b, "</td><td data-th=\"Pages\">");
	html_count(b, r->sent);
	buf_adds(b, " sent");
	if (r->failed) {
		buf_adds(b, ", ");
		html_count(b, r->failed);
		buf_adds(b, " failed");
	}
	if (r->retried) {
		buf_adds(b, ", ");
		html_count(b, r->retried);
		buf_adds(b, " retried");
	}
	if (r->open) {
		buf_adds(b, ", <b>");
		html_count(b, r->open);
		buf_adds(b, " open</b>");
	}
	buf_adds(b, "</td></tr>\n");
	return true;
}

static void table_end(struct page *p, const struct table *t, const char *none)
{
	if (t->n)
		buf_adds(p->b, "</tbody>\n</table>\n");
	else
		buf_printf(p->b, "<p class=\"empty\">%s</p>\n", none);
}

void page_health(struct page *p)
{
	struct table prometheuses = {.p = p}, receivers = {.p = p};

	buf_adds(p->b, "<section aria-labelledby=\"health\">\n<h2 id=\"health\">Health</h2>\n");
	core_prometheuses(p->x->core, put_prometheus, &prometheuses);
	table_end(p, &prometheuses, "No Prometheus is configured.");
	notify_receivers(core_notify(p->x->core), put_receiver, &receivers);
	table_end(p, &receivers, "No receiver is configured.");
	buf_adds(p->b, "</section>\n");
}
