/* Drills: begin one, see what became of it. */
#include "web/api_drill.h"

#include "base/num.h"
#include "evaluator/core.h"
#include "notify/notify.h"
#include "oncall/drill.h"
#include "web/answer.h"
#include "web/incident.h"
#include "web/json_body.h"

#define BASE "/api/rouse/v1/drill/"

void api_rouse_drill(struct exchange *x)
{
	struct notify *n = core_notify(x->core);
	struct am_value root;
	struct str person, policy, by;
	uint64_t id;

	if (!json_body_read(x, &root))
		return;
	person = json_body_text(&root, "person");
	policy = json_body_text(&root, "policy");
	by = incident_actor(x, json_body_text(&root, "by"));
	if (!person.n == !policy.n) {
		answer_json_error(x, API_BAD_DATA, STR("a drill is of a person or of a policy"));
		return;
	}
	id = person.n ? notify_drill(n, x->now, person, by)
		      : oncall_drill(notify_oncall(n), x->now, policy, by);
	if (!id) {
		answer_json_error(x, API_NOT_FOUND,
				  person.n ? STR("there is nobody of that name who has contacts")
					   : STR("there is no policy of that name"));
		return;
	}
	answer_json_begin(x);
	answer_put_uint(&x->body, person.n ? "{\"drill\":" : "{\"incident\":", id);
	buf_addc(&x->body, '}');
	answer_json_end(x);
	x->out->after_turn = core_turn(x->core);
}

struct listing {
	struct buf *b;
	struct str key;
	size_t n;
};

static bool put_one(void *arg, const struct delivery_view *d)
{
	struct listing *l = arg;

	if (!str_eq(d->group_key, l->key))
		return true;
	answer_put_str(l->b, l->n++ ? ",{\"contact\":" : "{\"contact\":", d->receiver);
	answer_put_str(l->b, ",\"status\":", str_of(outbox_status_name(d->status)));
	answer_put_str(l->b, ",\"error\":", d->error);
	buf_addc(l->b, '}');
	return true;
}

void api_rouse_drill_one(struct exchange *x)
{
	struct listing l = {.b = &x->body};
	uint64_t id;

	if (num_uint(str_from(x->path, strlen(BASE)), 10, &id) != NUM_OK) {
		answer_json_error(x, API_NOT_FOUND, STR("there is no drill of that number"));
		return;
	}
	l.key = arena_printf(x->arena, "drill/%llu", (unsigned long long)id);
	answer_json_begin(x);
	buf_adds(&x->body, "{\"pages\":[");
	notify_deliveries(core_notify(x->core), put_one, &l);
	buf_adds(&x->body, "]}");
	if (!l.n) {
		answer_json_error(x, API_NOT_FOUND, STR("there is no drill of that number"));
		return;
	}
	answer_json_end(x);
}
