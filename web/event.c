/* The event stream: its head, and its bytes (web_event_put of web/web.h). */
#include "web/event.h"

#include "evaluator/core.h"
#include "evaluator/view.h"
#include "web/answer.h"
#include "web/count.h"

void event_stream(struct exchange *x)
{
	answer_stream(x);
}

static void refresh(struct web *w, uint64_t version)
{
	struct count n = count_all(w->core);
	struct self_view self = {0};

	core_self(w->core, &self);
	w->event = (struct web_event_cache){
		.version = version,
		.valid = true,
		.firing = n.firing,
		.pending = n.pending,
		.failing = n.failing,
		.rules = n.rules,
		.blind = self.blind,
	};
}

void web_event_put(struct web *w, struct now now, uint64_t *seen, struct buf *b)
{
	uint64_t version = core_version(w->core);
	const struct web_event_cache *e = &w->event;

	if (version == *seen)
		return;
	if (!e->valid || e->version != version)
		refresh(w, version);
	if (*seen == 0)
		buf_adds(b, "retry: 3000\n");
	buf_printf(b, "id: %llu\nevent: state\ndata: ", (unsigned long long)version);
	answer_put_uint(b, "{\"version\":", version);
	answer_put_time(b, ",\"time\":", now.wall);
	answer_put_uint(b, ",\"firing\":", e->firing);
	answer_put_uint(b, ",\"pending\":", e->pending);
	answer_put_uint(b, ",\"rules\":", e->rules);
	answer_put_uint(b, ",\"failing\":", e->failing);
	answer_put_bool(b, ",\"blind\":", e->blind);
	buf_adds(b, "}\n\n");
	*seen = version;
}
