/* Bodies of requests as JSON; see json_body.h. */
#include "web/json_body.h"

#include "web/answer.h"

bool json_body_read(struct exchange *x, struct am_value *root)
{
	struct err err;

	if (!str_starts(exchange_header(x, "content-type"), "application/json")) {
		answer_json_error(x, API_BAD_DATA,
				  STR("the body must be JSON (Content-Type: application/json)"));
		return false;
	}
	if (!x->req->body.n) {
		*root = (struct am_value){.kind = AM_OBJECT};
		return true;
	}
	if (am_value_read(x->req->body, x->arena, root, &err) && root->kind == AM_OBJECT)
		return true;
	answer_json_error(x, API_BAD_DATA, STR("the body must be a JSON object"));
	return false;
}

struct str json_body_text(const struct am_value *o, const char *key)
{
	const struct am_value *v = am_member(o, key);

	return v && (v->kind == AM_STRING || v->kind == AM_NUMBER) ? v->text : STR("");
}

bool json_body_flag(const struct am_value *o, const char *key, bool absent)
{
	const struct am_value *v = am_member(o, key);

	return v ? v->kind == AM_TRUE : absent;
}
