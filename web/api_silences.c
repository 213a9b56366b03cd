/* Silences in Alertmanager's words. */
#include "base/json.h"
#include "base/regex.h"
#include "evaluator/core.h"
#include "notify/matcher.h"
#include "notify/silence.h"
#include "promql/print.h"
#include "web/am_json.h"
#include "web/api_alertmanager.h"

/* ---- out ----------------------------------------------------------------------------------- */
static void put_matcher(struct buf *b, const struct matcher *m)
{
	answer_put_bool(b, "{\"isEqual\":", m->op == MATCH_EQ || m->op == MATCH_RE);
	answer_put_bool(b, ",\"isRegex\":", m->op == MATCH_RE || m->op == MATCH_NRE);
	answer_put_str(b, ",\"name\":", m->name);
	answer_put_str(b, ",\"value\":", m->value);
	buf_addc(b, '}');
}

static void put_silence(struct buf *b, const struct silence *s, ms_t wall)
{
	answer_put_str(b, "{\"id\":", s->id);
	buf_printf(b, ",\"status\":{\"state\":\"%s\"}", silence_state_name(silence_state(s, wall)));
	am_put_time(b, ",\"updatedAt\":", s->updated_at);
	if (labels_count(s->annotations))
		answer_put_labels(b, ",\"annotations\":", s->annotations);
	answer_put_str(b, ",\"comment\":", s->comment);
	answer_put_str(b, ",\"createdBy\":", s->created_by);
	am_put_time(b, ",\"endsAt\":", s->ends_at);
	buf_adds(b, ",\"matchers\":[");
	for (size_t i = 0; i < s->n; i++) {
		if (i)
			buf_addc(b, ',');
		put_matcher(b, &s->matchers[i]);
	}
	buf_addc(b, ']');
	am_put_time(b, ",\"startsAt\":", s->starts_at);
	buf_addc(b, '}');
}

struct listing {
	struct exchange *x;
	struct matcher *filters;
	size_t n_filters, n;
	bool want[3]; /* by state */
};

/* A filter names one of the silence's own matchers, letter by letter. */
static bool has_matcher(const struct silence *s, const struct matcher *f)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct matcher *m = &s->matchers[i];

		if (m->op == f->op && str_eq(m->name, f->name) && str_eq(m->value, f->value))
			return true;
	}
	return false;
}

static bool list_silence(void *arg, const struct silence *s)
{
	struct listing *l = arg;

	if (!l->want[silence_state(s, l->x->now.wall)])
		return true;
	for (size_t i = 0; i < l->n_filters; i++) {
		if (!has_matcher(s, &l->filters[i]))
			return true;
	}
	if (l->n++)
		buf_addc(&l->x->body, ',');
	put_silence(&l->x->body, s, l->x->now.wall);
	return true;
}

static void list(struct exchange *x)
{
	struct listing l = {
		.x = x,
		.want = {am_flag(x, "pending"), am_flag(x, "active"), am_flag(x, "expired")},
	};

	if (!am_filters(x, &l.filters, &l.n_filters))
		return;
	buf_addc(&x->body, '[');
	notify_silences(core_notify(x->core), x->now.wall, list_silence, &l);
	buf_adds(&x->body, "]\n");
	am_answer(x, 200);
}

/* ---- in ------------------------------------------------------------------------------------ */
static bool is(const struct am_value *v, enum am_kind kind)
{
	return v && v->kind == kind;
}

static bool read_matcher(struct exchange *x, const struct am_value *m, size_t i,
			 struct matcher *out)
{
	const struct am_value *regex = am_member(m, "isRegex");
	bool is_equal = !is(am_member(m, "isEqual"), AM_FALSE);
	enum match_op op = is(regex, AM_TRUE) ? is_equal ? MATCH_RE : MATCH_NRE
			   : is_equal	      ? MATCH_EQ
					      : MATCH_NEQ;
	struct regex *alone;
	struct err err = {0};
	struct buf quoted;
	const char *missing = !is(am_member(m, "name"), AM_STRING)	    ? "name"
			      : !is(am_member(m, "value"), AM_STRING)	    ? "value"
			      : !is(regex, AM_TRUE) && !is(regex, AM_FALSE) ? "isRegex"
									    : NULL;

	buf_init(&quoted, BUF_MAX_ANY);
	if (missing) {
		am_invalid(x, 422, 602, "matchers.%zu.%s in body is required", i, missing);
		return false;
	}
	if (!am_label_name_valid(am_mode(x), am_text(m, "name"))) {
		buf_clear(&quoted);
		promql_put_quoted(&quoted, am_text(m, "name"));
		am_error(x, 400,
			 arena_printf(x->arena,
				      "invalid silence: invalid label matcher %zu in set 0: "
				      "invalid "
				      "label name %s",
				      i, buf_cstr(&quoted)));
		buf_done(&quoted);
		return false;
	}
	buf_done(&quoted);
	if (am_matcher_init(out, op, am_text(m, "name"), am_text(m, "value"), x->arena, &err))
		return true;
	/* The pattern alone, as it was given: err quotes it as it is compiled. */
	err = (struct err){0};
	if (!regex_compile(am_text(m, "value"), 0, x->arena, &alone, &err))
		am_error(x, 400,
			 arena_printf(x->arena,
				      "invalid silence: invalid label matcher %zu in set 0: "
				      "invalid "
				      "regular expression \"%.*s\": %s",
				      i, STR_ARG(am_text(m, "value")), err.msg));
	else
		am_error(x, 400, STR("invalid silence: invalid regular expression"));
	return false;
}

static bool read_annotations(struct exchange *x, const struct am_value *map, struct labels *out)
{
	struct labels_builder lb;
	bool ok = true;

	labels_builder_init(&lb);
	lb.keep_empty = true;
	for (size_t i = 0; is(map, AM_OBJECT) && i < map->n; i++) {
		const struct am_value *value = &map->members[i].value;

		ok = value->kind == AM_STRING;
		if (!ok) {
			am_invalid(x, 400, 400,
				   "parsing silence body from \"\" failed, because json: cannot "
				   "unmarshal %s into Go struct field .annotations of type string",
				   am_kind_name(value));
			break;
		}
		labels_builder_set(&lb, map->members[i].name, value->text);
	}
	*out = labels_builder_build(&lb, x->arena);
	labels_builder_done(&lb);
	return ok;
}

static bool read_silence(struct exchange *x, const struct am_value *root, struct silence *s)
{
	static const char *const required[] = {"comment", "createdBy", "endsAt", "matchers",
					       "startsAt"};
	const struct am_value *list = am_member(root, "matchers");
	struct err err = {0};

	for (size_t i = 0; i < ARRAY_LEN(required); i++) {
		const struct am_value *v = am_member(root, required[i]);

		if (!v || v->kind == AM_NULL) {
			am_invalid(x, 422, 602, "%s in body is required", required[i]);
			return false;
		}
	}
	if (!is(list, AM_LIST) || !list->n) {
		am_invalid(x, 422, 612, "matchers in body should have at least 1 items");
		return false;
	}
	if (!am_time(root, "startsAt", &s->starts_at, &err) ||
	    !am_time(root, "endsAt", &s->ends_at, &err)) {
		am_invalid(x, 400, 400, "parsing silence body from \"\" failed, because %s",
			   err.msg);
		return false;
	}
	if (!read_annotations(x, am_member(root, "annotations"), &s->annotations))
		return false;
	s->id = am_text(root, "id");
	s->comment = am_text(root, "comment");
	s->created_by = am_text(root, "createdBy");
	s->n = list->n;
	s->matchers = ARENA_ARRAY(x->arena, struct matcher, s->n);
	for (size_t i = 0; i < list->n; i++) {
		if (!read_matcher(x, &list->items[i], i, &s->matchers[i]))
			return false;
	}
	return true;
}

static void put(struct exchange *x, const struct silence *s)
{
	struct err err = {0};
	struct str id;

	switch (notify_silence_put(core_notify(x->core), x->now, s, &id, &err)) {
	case SILENCE_OK:
		answer_put_str(&x->body, "{\"silenceID\":", id);
		buf_adds(&x->body, "}\n");
		am_answer(x, 200);
		x->out->after_turn = core_turn(x->core);
		return;
	case SILENCE_NOT_FOUND: am_error(x, 404, STR("silence not found")); return;
	case SILENCE_INVALID: am_error(x, 400, str_of(err.msg)); return;
	}
}

static void create(struct exchange *x)
{
	struct am_value root;
	struct silence s = {0};

	if (am_body(x, "silence", &root) && read_silence(x, &root, &s))
		put(x, &s);
}

void api_am_silences(struct exchange *x)
{
	if (str_is(x->req->method, "POST"))
		create(x);
	else
		list(x);
}

static bool is_uuid(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.p[i] != '-'
			 : !(str_find_char(STR("0123456789abcdefABCDEF"), s.p[i]) >= 0))
			return false;
	}
	return s.n == 36;
}

void api_am_silence(struct exchange *x)
{
	struct str id = str_from(x->path, sizeof("/api/v2/silence/") - 1);
	const struct silence *s = notify_silence(core_notify(x->core), id);

	if (!is_uuid(id)) {
		am_invalid(x, 422, 601, "silenceID in path must be of type uuid: \"%.*s\"",
			   (int)MIN(id.n, 100), id.p);
	} else if (!s) {
		am_answer(x, 404);
	} else if (str_is(x->req->method, "DELETE")) {
		if (notify_silence_expire(core_notify(x->core), x->now, id) != SILENCE_OK)
			CHECK(false);
		am_answer(x, 200);
		x->out->after_turn = core_turn(x->core);
	} else {
		put_silence(&x->body, s, x->now.wall);
		buf_addc(&x->body, '\n');
		am_answer(x, 200);
	}
}
