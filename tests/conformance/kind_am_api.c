/*
 * Kind am-api: sessions with Alertmanager's API, each against a fresh core in virtual time.
 *
 * Placeholders of the corpus: ${now}, ${now+10m} are instants in RFC 3339 with milliseconds, ${s1}
 * a silence's id, named by the first answer that has it, <about ${now}> an instant near it, <uuid>
 * and <string> any. Order of JSON keys does not count.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "base/url.h"
#include "evaluator/config.h"
#include "evaluator/core.h"
#include "store/batch.h"
#include "tests/conformance/am_case.h"
#include "tests/conformance/conformance.h"
#include "web/web.h"

#define START ((ms_t)1767323045000)

struct session {
	struct arena arena;
	struct limits limits;
	struct io io;
	struct core *core;
	struct web *web;
	struct now now;
	ms_t started;
	struct map ids; /* ${s1}: the text, in the arena */
	const json_t *c;
	uint64_t random;
};

/* ---- a world in which nobody answers ----------------------------------------------------- */
static void fetch(void *host, struct io_call *call, const struct io_request *req)
{
	(void)req;
	call->host = host;
}

static void cancel(void *host, struct io_call *call)
{
	(void)host;
	call->host = NULL;
}

static uint64_t entropy(void *host)
{
	struct session *s = host;

	s->random = s->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return s->random ^ (s->random >> 29);
}

static void say(void *host, enum log_level level, struct str line)
{
	(void)host;
	(void)level;
	(void)line;
}

static void changed(void *host)
{
	(void)host;
}

static const struct io_ops OPS = {.fetch = fetch,
				  .cancel = cancel,
				  .entropy = entropy,
				  .log = say,
				  .changed = changed};

static bool read_config(void *arg, struct str path, struct arena *a, struct str *out,
			struct err *err)
{
	const struct session *s = arg;

	(void)err;
	(void)path;
	*out = arena_str(a, case_text(s->c, "config"));
	return true;
}

static bool no_glob(void *arg, struct str pattern, struct arena *a, struct str **out, size_t *n,
		    struct err *err)
{
	(void)arg;
	(void)pattern;
	(void)a;
	(void)err;
	*out = NULL;
	*n = 0;
	return true;
}

static bool no_env(void *arg, struct str name, struct arena *a, struct str *out)
{
	(void)arg;
	(void)name;
	(void)a;
	(void)out;
	return false;
}

/* What is decided is durable at once. */
static void settle(struct session *s)
{
	for (int i = 0; i < 100; i++) {
		struct batch *b;

		core_tick(s->core, s->now);
		b = core_take_batch(s->core);
		if (!b)
			return;
		batch_free(b);
		core_committed(s->core, s->now, true, STR(""));
	}
}

static void pass_time(struct session *s, ms_t span)
{
	for (ms_t end = s->now.mono + span; s->now.mono < end;) {
		ms_t wait = core_wait(s->core, s->now);
		ms_t step = wait < 0 ? end - s->now.mono : MIN(MAX(wait, 1), end - s->now.mono);

		s->now.mono += step;
		s->now.wall += step;
		settle(s);
	}
}

/* ---- starting ---------------------------------------------------------------------------- */
struct flags {
	enum matcher_mode mode;
	struct str external_url;
};

static bool number_flag(struct str arg, const char *name, size_t *out)
{
	uint64_t v;

	if (!str_starts(arg, name) || num_uint(str_from(arg, strlen(name)), 10, &v) != NUM_OK)
		return false;
	*out = v;
	return true;
}

static bool read_flag(struct session *s, struct flags *f, struct str arg)
{
	if (str_is(arg, "--enable-feature=utf8-strict-mode"))
		f->mode = MATCHERS_UTF8;
	else if (str_is(arg, "--enable-feature=classic-mode"))
		f->mode = MATCHERS_CLASSIC;
	else if (str_starts(arg, "--web.external-url="))
		f->external_url = str_from(arg, 19);
	else
		return number_flag(arg, "--silences.max-silences=", &s->limits.silences) ||
		       number_flag(arg, "--silences.max-silence-size-bytes=",
				   &s->limits.silence_bytes) ||
		       number_flag(arg, "--alerts.per-alertname-limit=", &s->limits.alerts_of_name);
	return true;
}

static struct str path_of_url(struct str url)
{
	ptrdiff_t at = str_find(url, STR("://"));
	struct str rest = at < 0 ? url : str_from(url, (size_t)at + 3);
	ptrdiff_t slash = str_find_char(rest, '/');

	return slash < 0 ? STR("") : url_base(str_from(rest, (size_t)slash));
}

static const char *start(struct session *s)
{
	const struct config_args args = {.group_wait = MS_NONE};
	struct config_files files = {.read = read_config, .glob = no_glob, .env = no_env, .arg = s};
	struct flags f = {.external_url = STR("http://am.example.com")};
	struct core_options co = {.limits = &s->limits, .data_retention = 120 * HOUR};
	struct web_options wo = {.version = STR("0.1.0"), .no_cluster = true};
	const json_t *list = json_object_get(s->c, "args"), *x;
	struct config *cfg = NULL;
	struct diags diags;
	const char *wrong = NULL;
	size_t i;

	limits_default(&s->limits);
	json_array_foreach(list, i, x)
	{
		if (!read_flag(s, &f, str_of(json_string_value(x))))
			return "an unknown flag";
	}
	files.matcher_mode = f.mode;
	co.external_url = wo.external_url = url_base(f.external_url);
	wo.route_prefix = path_of_url(f.external_url);
	s->io = (struct io){.ops = &OPS, .host = s};
	s->now = (struct now){.mono = 1000, .wall = START + 400};
	s->started = START;
	s->core = core_new(&s->io, &co);
	s->web = web_new(s->core, &wo);
	diags_init(&diags);
	if (config_load(STR("alertmanager.yml"), &args, &files, &s->limits, &cfg, &diags)) {
		core_configure(s->core, s->now, cfg);
		config_free(cfg);
		settle(s);
	} else {
		wrong = arena_printf(&s->arena, "the configuration is refused: %s%c",
				     am_first_error(&diags), 0)
				.p;
	}
	diags_done(&diags);
	return wrong;
}

/* ---- placeholders ------------------------------------------------------------------------ */
static struct str instant(struct session *s, ms_t at)
{
	struct buf b;
	struct str out;

	buf_init(&b, 64);
	time_put_rfc3339_milli(&b, at);
	out = arena_str(&s->arena, buf_str(&b));
	buf_done(&b);
	return out;
}

/* now, now+10m, now-1h, s1 */
static struct str value_of(struct session *s, struct str name)
{
	int64_t ns = 0;
	struct str *id = map_get(&s->ids, name);

	if (id)
		return *id;
	if (str_starts(name, "now") &&
	    (name.n == 3 || num_go_duration(str_from(name, 3), &ns, NULL)))
		return instant(s, s->started + ns / 1000000);
	return arena_printf(&s->arena, "${%.*s}", STR_ARG(name));
}

static struct str filled(struct session *s, struct str text)
{
	struct buf b;
	struct str out;

	buf_init(&b, BUF_MAX_ANY);
	while (text.n) {
		ptrdiff_t end = str_starts(text, "${") ? str_find_char(text, '}') : -1;

		if (end < 0) {
			buf_addc(&b, text.p[0]);
			text = str_from(text, 1);
			continue;
		}
		buf_add(&b, value_of(s, str_cut(text, 2, (size_t)end)));
		text = str_from(text, (size_t)end + 1);
	}
	out = arena_str(&s->arena, buf_str(&b));
	buf_done(&b);
	return out;
}

/* ---- comparing --------------------------------------------------------------------------- */
/* A silence's id under the name the corpus gives it; false: the name is taken. */
static bool name_id(struct session *s, struct str want, struct str id)
{
	struct str name = str_cut(want, 2, want.n - 1), *copy;

	if (want.p[want.n - 1] != '}' || map_get(&s->ids, name))
		return false;
	copy = ARENA_NEW(&s->arena, struct str);
	*copy = arena_str(&s->arena, id);
	map_put(&s->ids, arena_str(&s->arena, name), copy);
	return true;
}

static bool same_text(struct session *s, struct str want, struct str got)
{
	bool at_now = str_is(want, "${now}"); /* the server answered a little later */
	ms_t a, b;

	if (str_is(want, "<string>"))
		return true;
	if (str_is(want, "<uuid>"))
		return got.n == 36;
	if (str_starts(want, "<about ")) {
		want = filled(s, str_cut(want, 7, want.n - 1));
		return time_rfc3339(want, &a) && time_rfc3339(got, &b) && a - b < 2 * MINUTE &&
		       b - a < 2 * MINUTE;
	}
	if (str_starts(want, "${s") && got.n == 36 && name_id(s, want, got))
		return true;
	want = filled(s, want);
	return str_eq(want, got) || (time_rfc3339(want, &a) && time_rfc3339(got, &b) &&
				     (a == b || (at_now && b - a >= 0 && b - a < SECOND)));
}

static bool same(struct session *s, const json_t *want, const json_t *got)
{
	const char *key;
	json_t *x;
	size_t i;

	if (json_typeof(want) != json_typeof(got))
		return false;
	if (json_is_string(want))
		return same_text(s, (struct str){json_string_value(want), json_string_length(want)},
				 (struct str){json_string_value(got), json_string_length(got)});
	if (json_is_array(want)) {
		if (json_array_size(want) != json_array_size(got))
			return false;
		json_array_foreach(want, i, x)
		{
			if (!same(s, x, json_array_get(got, i)))
				return false;
		}
		return true;
	}
	if (!json_is_object(want))
		return json_equal((json_t *)(uintptr_t)want, (json_t *)(uintptr_t)got);
	if (json_object_size(want) != json_object_size(got))
		return false;
	json_object_foreach((json_t *)(uintptr_t)want, key, x)
	{
		const json_t *y = json_object_get(got, key);

		if (!y || !same(s, x, y))
			return false;
	}
	return true;
}

/* Both list the same, separated by commas, in any order. */
static bool same_list(struct str want, struct str got)
{
	if (want.n != got.n)
		return false;
	while (want.n) {
		ptrdiff_t comma = str_find_char(want, ',');
		struct str one = comma < 0 ? want : str_cut(want, 0, (size_t)comma);

		if (str_find(got, one) < 0)
			return false;
		want = comma < 0 ? STR("") : str_from(want, (size_t)comma + 1);
	}
	return true;
}

/* Upstream's order of methods changes from run to run. */
static bool same_header(struct str name, struct str want, struct str got)
{
	return str_is(name, "Allow") ? same_list(want, got) : str_eq(want, got);
}

static const char *compare_headers(struct session *s, const json_t *want,
				   const struct web_answer *a)
{
	const char *key;
	json_t *x;

	json_object_foreach((json_t *)(uintptr_t)want, key, x)
	{
		struct str value = str_of(json_string_value(x));
		bool found = false;

		for (size_t i = 0; i < a->n_headers && !found; i++)
			found = a->headers[i].name.n == strlen(key) &&
				strncasecmp(a->headers[i].name.p, key, strlen(key)) == 0 &&
				same_header(str_of(key), value, a->headers[i].value);
		if (!found)
			return arena_printf(&s->arena, "header %s is not %.*s%c", key,
					    STR_ARG(value), 0)
				.p;
	}
	return NULL;
}

/* The 405 answer lists the methods in any order. */
static bool same_methods(const json_t *want, const json_t *got)
{
	const char *a = json_string_value(json_object_get(want, "message"));
	const char *b = json_string_value(json_object_get(got, "message"));

	return a && b && strlen(a) == strlen(b) && strstr(a, " is not allowed, but [") &&
	       strncmp(a, b, strcspn(a, "[")) == 0;
}

static const char *compare(struct session *s, const json_t *want, const struct web_answer *a)
{
	const json_t *json = json_object_get(want, "json");
	const char *wrong = compare_headers(s, json_object_get(want, "headers"), a);
	json_t *mine;
	bool ok;

	if (json_integer_value(json_object_get(want, "status")) != a->status)
		return arena_printf(&s->arena, "status %d: %.*s%c", a->status, STR_ARG(a->body), 0)
			.p;
	if (wrong)
		return wrong;
	if (!json) {
		struct str body = case_text(want, "body");

		return str_eq(body, a->body)
			       ? NULL
			       : arena_printf(&s->arena, "body: %.*s%c", STR_ARG(a->body), 0).p;
	}
	mine = json_loadb(a->body.p, a->body.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	ok = mine && (same(s, json, mine) || (a->status == 405 && same_methods(json, mine)));
	json_decref(mine);
	return ok ? NULL : arena_printf(&s->arena, "body: %.*s%c", STR_ARG(a->body), 0).p;
}

/* ---- asking ------------------------------------------------------------------------------ */
/* The path and its query, decoded. */
static void read_target(struct session *s, struct str target, struct web_request *r)
{
	ptrdiff_t q = str_find_char(target, '?');
	struct str query = q < 0 ? STR("") : str_from(target, (size_t)q + 1);
	struct web_param *v = ARENA_ARRAY(&s->arena, struct web_param, query.n + 1);

	if (!url_unescape(&s->arena, q < 0 ? target : str_cut(target, 0, (size_t)q), false,
			  &r->path))
		r->path = target;
	while (query.n) {
		ptrdiff_t amp = str_find_char(query, '&');
		struct str one = amp < 0 ? query : str_cut(query, 0, (size_t)amp);
		ptrdiff_t eq = str_find_char(one, '=');
		struct web_param *p = &v[r->n_query++];

		query = amp < 0 ? STR("") : str_from(query, (size_t)amp + 1);
		if (!url_unescape(&s->arena, eq < 0 ? one : str_cut(one, 0, (size_t)eq), true,
				  &p->name) ||
		    !url_unescape(&s->arena, eq < 0 ? STR("") : str_from(one, (size_t)eq + 1), true,
				  &p->value))
			r->n_query--;
	}
	r->query = v;
}

static void read_headers(struct session *s, const json_t *map, struct web_request *r)
{
	struct web_param *v = ARENA_ARRAY(&s->arena, struct web_param, json_object_size(map) + 1);
	const char *key;
	json_t *x;

	json_object_foreach((json_t *)(uintptr_t)map, key, x)
	{
		char *name = arena_cstr(&s->arena, str_of(key));

		for (char *p = name; *p; p++)
			*p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
		v[r->n_headers++] = (struct web_param){str_of(name), str_of(json_string_value(x))};
	}
	r->headers = v;
}

static const char *take_step(struct session *s, const json_t *step)
{
	struct web_request r = {.method = case_text(step, "method"), .remote = STR("127.0.0.1:1")};
	struct web_answer a;

	if (json_object_get(step, "wait")) {
		pass_time(s, (ms_t)(json_number_value(json_object_get(step, "wait")) * 1000));
		return NULL;
	}
	read_target(s, filled(s, case_text(step, "path")), &r);
	read_headers(s, json_object_get(step, "headers"), &r);
	r.body = filled(s, case_text(step, "body"));
	web_handle(s->web, s->now, &r, &s->arena, &a);
	settle(s);
	if (str_is(r.method, "HEAD"))
		a.body = STR("");
	return compare(s, json_object_get(step, "response"), &a);
}

static void one(struct tally *t, const char *path, const json_t *c)
{
	struct session *s = MEM_NEW(struct session);
	const json_t *steps = json_object_get(c, "steps"), *x;
	const char *wrong;
	char name[1200];
	size_t i;

	snprintf(name, sizeof(name), "%s:%s", path,
		 json_string_value(json_object_get(c, "session")));
	arena_init(&s->arena);
	map_init(&s->ids);
	s->c = c;
	wrong = start(s);
	json_array_foreach(steps, i, x)
	{
		if (wrong)
			break;
		wrong = take_step(s, x);
		if (wrong)
			case_fail(t, name, "step %zu, %.*s %.*s: %s", i,
				  STR_ARG(case_text(x, "method")), STR_ARG(case_text(x, "path")),
				  wrong);
	}
	if (!wrong)
		case_pass(t);
	else if (i == 0 && !s->web)
		case_fail(t, name, "%s", wrong);
	web_free(s->web);
	core_free(s->core);
	map_done(&s->ids);
	arena_done(&s->arena);
	free(s);
}

void kind_am_api(struct tally *t, const char *path)
{
	char file[1000];
	json_t *root, *c;
	size_t i, n = strlen(path);

	if (n > 5 && strcmp(path + n - 5, ".json") == 0)
		snprintf(file, sizeof(file), "%s", path);
	else
		snprintf(file, sizeof(file), "%s/sessions.json", path);
	root = am_file(file);
	json_array_foreach(json_object_get(root, "sessions"), i, c) one(t, file, c);
	json_decref(root);
}
