/* Webhooks, Discord, a mail server and an Alertmanager, as far as rouse can tell. */
#include "tests/sim/receivers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/time.h"
#include "tests/sim/oracle.h"
#include "tests/sim/sim.h"
#include "tests/sim/world.h"

struct host {
	int status;
	char retry_after[64];
};

struct receivers {
	struct sim *sim;
	struct map hosts; /* name -> struct host */
	struct page **pages;
	size_t n, cap;
	uint64_t next_message, first_message; /* those Discord knows */
	char **pressed; /* Telegram's updates; their numbers are places, from 1 */
	size_t n_pressed, cap_pressed;
};

struct receivers *receivers_new(struct sim *s)
{
	struct receivers *r = MEM_NEW(struct receivers);

	r->sim = s;
	r->next_message = r->first_message = 1;
	map_init(&r->hosts);
	return r;
}

void receivers_free(struct receivers *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->pages[i]->to);
		free(r->pages[i]->at);
		free(r->pages[i]->key);
		free(r->pages[i]->body);
		free(r->pages[i]);
	}
	free(r->pages);
	for (size_t i = 0; i < r->n_pressed; i++)
		free(r->pressed[i]);
	free(r->pressed);
	map_each (&r->hosts, e)
		free(e->value);
	map_done(&r->hosts);
	free(r);
}

void receivers_set(struct receivers *r, const char *host, int status, const char *retry_after)
{
	struct host *h = MEM_NEW(struct host);

	h->status = status;
	snprintf(h->retry_after, sizeof(h->retry_after), "%s", retry_after);
	free(map_put(&r->hosts, str_of(host), h));
}

void receivers_heal(struct receivers *r)
{
	map_each (&r->hosts, e)
		*(struct host *)e->value = (struct host){.status = 200};
}

void receivers_forget(struct receivers *r)
{
	r->first_message = r->next_message;
}

size_t receivers_pages(const struct receivers *r)
{
	return r->n;
}

struct page *receivers_page(struct receivers *r, size_t i)
{
	return r->pages[i];
}

struct str receivers_place(struct str url)
{
	ptrdiff_t at = str_find(url, STR("://")), end;
	struct str place = str_from(url, at < 0 ? 0 : (size_t)at + 3);

	end = str_find_char(place, '?');
	if (end >= 0)
		place = str_cut(place, 0, (size_t)end);
	end = str_find(place, STR("/messages/"));
	return end >= 0 ? str_cut(place, 0, (size_t)end) : place;
}

static struct page *page_add(struct receivers *r, const struct request *q, struct str host)
{
	struct page *p = MEM_NEW(struct page);

	*p = (struct page){.wall = r->sim->now.wall,
			   .mono = r->sim->now.mono,
			   .to = mem_str(host),
			   .at = mem_str(receivers_place(q->url)),
			   .key = mem_str(q->key),
			   .body = mem_str(q->body),
			   .mail = q->mail,
			   .edit = str_is(q->method, "PATCH")};
	r->pages = mem_reserve(r->pages, &r->cap, r->n + 1, sizeof(*r->pages));
	r->pages[r->n++] = p;
	return p;
}

static int status_now(struct receivers *r, const struct host *h)
{
	static const int dead[] = {400, 401, 404, 410};
	const struct faults *f = &r->sim->faults;
	int status = h ? h->status : 200;

	if (status != 200)
		return status;
	if (sim_chance(r->sim, f->error))
		return 500;
	if (sim_chance(r->sim, f->limit))
		return 429;
	return sim_chance(r->sim, f->dead) ? dead[sim_random(r->sim) % ARRAY_LEN(dead)] : status;
}

/* The same meaning in SMTP's numbers. */
static int mail_status(int status)
{
	switch (status) {
	case 200: return 250;
	case 400: return 554;
	case 401: return 535;
	case 404:
	case 410: return 550;
	case 429: return 450;
	case 500: return 451;
	case 503: return 421;
	default: return status;
	}
}

static void http_date(struct arena *a, ms_t wall, struct str *out)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	struct civil c = civil_of(wall);

	*out = arena_printf(a, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[(wall / DAY + 4) % 7],
			    c.day, months[c.month - 1], (int)c.year, c.hour, c.minute, c.second);
}

/* All the ways to say when to come again, and two that say nothing. */
static struct str retry_after(struct receivers *r, const struct host *h, struct arena *a)
{
	struct str s = STR("3");

	if (h && h->retry_after[0])
		return arena_str(a, str_of(h->retry_after));
	switch (sim_random(r->sim) % 6) {
	case 0: http_date(a, r->sim->now.wall + 20 * SECOND, &s); break;
	case 1: http_date(a, r->sim->now.wall - HOUR, &s); break;
	case 2: s = STR("soon"); break;
	case 3: s = STR("0"); break;
	case 4: s = STR("45"); break;
	default: break;
	}
	return s;
}

/* Discord: a new message gets a number; one that is not there any more cannot be edited. */
static void discord_answer(struct receivers *r, const struct request *q, struct page *p,
			   struct arena *a, struct sim_answer *out)
{
	ptrdiff_t at = str_find(q->url, STR("/messages/"));
	uint64_t id;

	if (!p->edit) {
		out->body =
			arena_printf(a, "{\"id\":\"%llu\"}", (unsigned long long)r->next_message++);
		return;
	}
	CHECK(at > 0);
	id = strtoull(arena_cstr(a, str_from(q->url, (size_t)at + 10)), NULL, 10);
	if (id >= r->first_message && id < r->next_message) {
		out->body = arena_printf(a, "{\"id\":\"%llu\"}", (unsigned long long)id);
		return;
	}
	p->refused = true;
	out->status = 404;
	out->body = STR("{\"message\":\"Unknown Message\",\"code\":10008}");
}

/* ---- Telegram ------------------------------------------------------------------------------ */
#define POLL (5 * SECOND) /* how long it holds a request when there is nothing */

void receivers_press(struct receivers *r, struct str data, struct str user)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_printf(&b,
		   "{\"update_id\":%zu,\"callback_query\":{\"id\":\"q%zu\",\"from\":{\"id\":%.*s},"
		   "\"data\":\"%.*s\"}}",
		   r->n_pressed + 1, r->n_pressed + 1, STR_ARG(user), STR_ARG(data));
	r->pressed = mem_reserve(r->pressed, &r->cap_pressed, r->n_pressed + 1, sizeof(char *));
	r->pressed[r->n_pressed++] = mem_str(buf_str(&b));
	buf_done(&b);
}

/* Whether it was a question, not a page. */
static bool telegram_asked(struct receivers *r, const struct request *q, struct arena *a,
			   struct sim_answer *out)
{
	ptrdiff_t at = str_find(q->body, STR("\"offset\":"));
	size_t from =
		at < 0 ? 1 : strtoul(arena_cstr(a, str_from(q->body, (size_t)at + 9)), NULL, 10);
	struct buf b;

	out->status = 200;
	out->body = STR("{\"ok\":true,\"result\":true}");
	if (str_ends(q->url, "/answerCallbackQuery"))
		return true;
	if (!str_ends(q->url, "/getUpdates"))
		return false;
	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "{\"ok\":true,\"result\":[");
	for (size_t i = MAX(from, (size_t)1); i <= r->n_pressed; i++)
		buf_printf(&b, "%s%s", i > from ? "," : "", r->pressed[i - 1]);
	buf_adds(&b, "]}");
	if (from > r->n_pressed)
		out->delay = POLL;
	out->body = arena_str(a, buf_str(&b));
	buf_done(&b);
	return true;
}

static void telegram_answer(struct receivers *r, const struct request *q, struct page *p,
			    struct arena *a, struct sim_answer *out)
{
	p->edit = str_ends(q->url, "/editMessageText");
	out->body = arena_printf(a, "{\"ok\":true,\"result\":{\"message_id\":%llu}}",
				 (unsigned long long)r->next_message++);
}

static void unsent(struct sim_answer *out, const char *words)
{
	out->outcome = IO_UNSENT;
	out->error = str_of(words);
}

static void page_arrive(struct receivers *r, const struct request *q, struct str host, int status,
			struct arena *a, struct sim_answer *out)
{
	struct page *p = page_add(r, q, host);

	if (status < 0) {
		p->answer_lost = true;
		oracle_answer_lost(r->sim->oracle, q->key);
		sim_trace(r->sim, "page %.*s key %.*s, no answer", STR_ARG(host), STR_ARG(q->key));
		out->outcome = IO_AMBIGUOUS;
		out->error = STR("timeout");
		return;
	}
	p->refused = status / 100 != 2;
	out->status = q->mail ? mail_status(status) : status;
	out->body = STR("{\"id\":\"1\"}");
	if (!p->refused && str_starts(host, "discord"))
		discord_answer(r, q, p, a, out);
	if (!p->refused && str_starts(host, "telegram"))
		telegram_answer(r, q, p, a, out);
	sim_trace(r->sim, "%s %.*s key %.*s status %d", p->refused ? "refused" : "page",
		  STR_ARG(host), STR_ARG(q->key), out->status);
}

void receivers_arrive(struct receivers *r, const struct request *q, struct str host,
		      struct arena *a, struct sim_answer *out)
{
	const struct host *h = map_get(&r->hosts, host);
	int status = status_now(r, h);

	if (status == 0) {
		unsent(out, "connection refused");
		return;
	}
	if (str_ends(q->url, "/api/v2/alerts")) {
		out->status = MAX(status, 0);
		if (status < 0)
			out->outcome = IO_AMBIGUOUS;
		if (status < 0 || status / 100 == 2)
			oracle_forwarded(r->sim->oracle, q->body);
		return;
	}
	if (status == 200 && str_starts(host, "telegram") && telegram_asked(r, q, a, out))
		return;
	page_arrive(r, q, host, status, a, out);
	oracle_receiver_said(r->sim->oracle, q->url, status);
	if (status == 429 && !q->mail) {
		out->headers[0] = (struct io_header){STR("retry-after"), retry_after(r, h, a)};
		out->n_headers = 1;
	}
}
