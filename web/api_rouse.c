/* Status, deliveries and receivers as JSON. */
#include "web/api_rouse.h"

#include "evaluator/core.h"
#include "evaluator/view.h"
#include "notify/notify.h"
#include "web/answer.h"
#include "web/count.h"

struct list {
	struct buf *b;
	size_t n;
};

static bool put_prometheus(void *arg, const struct prometheus_view *p)
{
	struct list *l = arg;

	answer_put_str(l->b, l->n++ ? ",{\"url\":" : "{\"url\":", p->url);
	answer_put_bool(l->b, ",\"healthy\":", p->healthy);
	answer_put_bool(l->b, ",\"current\":", p->current);
	answer_put_time_or_null(l->b, ",\"lastOk\":", p->last_ok);
	answer_put_time_or_null(l->b, ",\"lastFailed\":", p->last_failed);
	answer_put_str(l->b, ",\"lastError\":", p->last_error);
	answer_put_uint(l->b, ",\"queries\":", p->queries);
	answer_put_uint(l->b, ",\"failures\":", p->failures);
	buf_addc(l->b, '}');
	return true;
}

static void put_counts(struct buf *b, const struct count *n)
{
	answer_put_uint(b, ",\"firing\":", n->firing);
	answer_put_uint(b, ",\"pending\":", n->pending);
	answer_put_uint(b, ",\"groups\":", n->groups);
	answer_put_uint(b, ",\"rules\":", n->rules);
	answer_put_uint(b, ",\"failing\":", n->failing);
	answer_put_time_or_null(b, ",\"lastEvaluation\":", n->last_evaluation);
}

static void put_self(struct buf *b, const struct self_view *s)
{
	answer_put_time_or_null(b, ",\"startedAt\":", s->started_at);
	answer_put_bool(b, ",\"blind\":", s->blind);
	answer_put_time_or_null(b, ",\"blindSince\":", s->blind ? s->blind_since : MS_NONE);
	answer_put_bool(b, ",\"storeFailing\":", s->store_failing);
	answer_put_str(b, ",\"storeError\":", s->store_error);
	answer_put_bool(b, ",\"reloadOk\":", s->reload_ok);
	answer_put_time_or_null(b, ",\"reloadedAt\":", s->reloaded_at);
	answer_put_str(b, ",\"reloadError\":", s->reload_error);
	answer_put_bool(b, ",\"clockJumped\":", s->tilt);
}

void api_rouse_status(struct exchange *x)
{
	struct buf *b = &x->body;
	struct count n = count_all(x->core);
	struct self_view self = {0};
	struct list l = {.b = b};

	core_self(x->core, &self);
	answer_json_begin(x);
	answer_put_str(b, "{\"version\":", x->web->options.version);
	answer_put_time_or_null(b, ",\"time\":", x->now.wall);
	answer_put_bool(b, ",\"ready\":", core_ready(x->core));
	put_counts(b, &n);
	put_self(b, &self);
	buf_adds(b, ",\"prometheuses\":[");
	core_prometheuses(x->core, put_prometheus, &l);
	buf_adds(b, "]}");
	answer_json_end(x);
}

static bool put_delivery(void *arg, const struct delivery_view *d)
{
	struct list *l = arg;

	answer_put_uint(l->b, l->n++ ? ",{\"id\":" : "{\"id\":", d->id);
	answer_put_str(l->b, ",\"status\":", str_of(outbox_status_name(d->status)));
	answer_put_str(l->b, ",\"receiver\":", d->receiver);
	answer_put_str(l->b, ",\"groupKey\":", d->group_key);
	answer_put_str(l->b, ",\"title\":", d->title);
	answer_put_str(l->b, ",\"reason\":", d->reason);
	answer_put_str(l->b, ",\"error\":", d->error);
	answer_put_bool(l->b, ",\"resolved\":", d->resolved);
	answer_put_uint(l->b, ",\"attempts\":", (uint64_t)MAX(d->attempts, 0));
	answer_put_time_or_null(l->b, ",\"createdAt\":", d->created_at);
	answer_put_time_or_null(l->b, ",\"nextAt\":", d->next_at);
	answer_put_time_or_null(l->b, ",\"doneAt\":", d->done_at);
	buf_addc(l->b, '}');
	return true;
}

void api_rouse_deliveries(struct exchange *x)
{
	struct list l = {.b = &x->body};

	answer_json_begin(x);
	buf_adds(&x->body, "{\"deliveries\":[");
	notify_deliveries(core_notify(x->core), put_delivery, &l);
	buf_adds(&x->body, "]}");
	answer_json_end(x);
}

static bool put_receiver(void *arg, const struct receiver_view *r)
{
	struct list *l = arg;

	answer_put_str(l->b, l->n++ ? ",{\"name\":" : "{\"name\":", r->name);
	answer_put_str(l->b, ",\"kind\":", r->kind);
	answer_put_uint(l->b, ",\"index\":", (uint64_t)MAX(r->index, 0));
	answer_put_uint(l->b, ",\"sent\":", r->sent);
	answer_put_uint(l->b, ",\"failed\":", r->failed);
	answer_put_uint(l->b, ",\"retried\":", r->retried);
	answer_put_uint(l->b, ",\"open\":", r->open);
	answer_put_time_or_null(l->b, ",\"lastSentAt\":", r->last_sent_at);
	answer_put_time_or_null(l->b, ",\"lastFailedAt\":", r->last_failed_at);
	answer_put_str(l->b, ",\"lastError\":", r->last_error);
	buf_addc(l->b, '}');
	return true;
}

void api_rouse_receivers(struct exchange *x)
{
	struct list l = {.b = &x->body};

	answer_json_begin(x);
	buf_adds(&x->body, "{\"receivers\":[");
	notify_receivers(core_notify(x->core), put_receiver, &l);
	buf_adds(&x->body, "]}");
	answer_json_end(x);
}
