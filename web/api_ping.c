/* Heartbeats that come in. Only a POST counts: link previews and scanners fetch what they see, and
 * a success that nobody meant would hide a job that is dead. */
#include "web/api_ping.h"

#include "base/num.h"
#include "evaluator/core.h"
#include "web/answer.h"

#define BASE "/ping/"

/* What follows the name: nothing and 0 are successes, other numbers are failures. */
static bool read_verb(struct str s, enum ping *out)
{
	uint64_t status;

	*out = PING_SUCCESS;
	if (!s.n || str_is(s, "success"))
		return true;
	if (str_is(s, "start") || str_is(s, "fail")) {
		*out = str_is(s, "start") ? PING_START : PING_FAIL;
		return true;
	}
	if (num_uint(s, 10, &status) != NUM_OK || status > 255)
		return false;
	*out = status ? PING_FAIL : PING_SUCCESS;
	return true;
}

void api_ping(struct exchange *x)
{
	struct str name = str_from(x->path, strlen(BASE)), verb = {0};
	ptrdiff_t slash = str_find_char(name, '/');
	enum ping what;

	if (slash >= 0) {
		verb = str_from(name, (size_t)slash + 1);
		name = str_cut(name, 0, (size_t)slash);
	}
	if (!read_verb(verb, &what)) {
		answer_text(x, 400, STR("start, fail, success or an exit status from 0 to 255?"));
		return;
	}
	if (!core_ping(x->core, x->now, name, what)) {
		answer_text(x, 404, STR("there is no heartbeat of that name"));
		return;
	}
	answer_text(x, 200, STR("OK"));
	x->out->after_turn = core_turn(x->core);
}

struct list {
	struct buf *b;
	size_t n;
};

static bool put_one(void *arg, const struct heartbeat_view *v)
{
	struct list *l = arg;

	answer_put_str(l->b, l->n++ ? ",{\"name\":" : "{\"name\":", v->name);
	answer_put_str(l->b, ",\"state\":", str_of(heartbeat_state_name(v->state)));
	answer_put_float(l->b, ",\"everySeconds\":", (double)v->every / 1000);
	answer_put_float(l->b, ",\"graceSeconds\":", (double)v->grace / 1000);
	answer_put_time_or_null(l->b, ",\"lastSuccess\":", v->last_ok);
	answer_put_time_or_null(l->b, ",\"lastStart\":", v->last_start);
	answer_put_time_or_null(l->b, ",\"due\":", v->due);
	if (v->took == MS_NONE)
		buf_adds(l->b, ",\"tookSeconds\":null}");
	else {
		answer_put_float(l->b, ",\"tookSeconds\":", (double)v->took / 1000);
		buf_addc(l->b, '}');
	}
	return true;
}

void api_rouse_heartbeats(struct exchange *x)
{
	struct list l = {.b = &x->body};

	answer_json_begin(x);
	buf_adds(&x->body, "{\"heartbeats\":[");
	core_heartbeats(x->core, x->now, put_one, &l);
	buf_adds(&x->body, "]}");
	answer_json_end(x);
}
