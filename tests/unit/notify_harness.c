/* The small world around a notifier; see notify_harness.h. */
#include "tests/unit/notify_harness.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/yaml.h"

/* ---- the outside world ------------------------------------------------------------------- */
struct lookup {
	struct str key;
	bool found;
};

static bool is_sending(void *arg, const struct val *v, size_t n)
{
	struct lookup *l = arg;

	(void)n;
	l->found = l->found || (str_eq(v[6].s, l->key) && v[1].i == OUTBOX_SENDING);
	return !l->found;
}

static void check_durable(struct world *w, struct str key)
{
	struct lookup l = {.key = key};
	struct err err;

	if (w->unchecked || !w->store)
		return;
	assert_true(store_select(w->store, ST_OUTBOX_LOAD, NULL, 0, is_sending, &l, &err));
	assert_true(l.found);
}

static char *join(const struct str *v, size_t n)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&b, i ? " " : "");
		buf_add(&b, v[i]);
	}
	return buf_take(&b, NULL);
}

static struct str header_of(const struct io_request *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		if (str_is(r->headers[i].name, name))
			return r->headers[i].value;
	}
	return STR("");
}

static void fetch(void *host, struct io_call *call, const struct io_request *r)
{
	struct world *w = host;
	struct str key = header_of(r, "Idempotency-Key");
	struct answer a;

	if (key.n)
		check_durable(w, key);
	w->heard = mem_reserve(w->heard, &w->cap_heard, w->n_heard + 1, sizeof(*w->heard));

	struct heard *h = &w->heard[w->n_heard++];

	*h = (struct heard){
		.at = w->now.wall,
		.method = mem_str(r->method),
		.url = r->url_file.n ? mem_str(r->url_file) : mem_str(r->url),
		.body = mem_str(r->body),
		.key = mem_str(key),
		.mail_to = r->mail ? join(r->mail->to, r->mail->n_to) : NULL,
		.call = call,
	};
	a = w->answer_fn ? w->answer_fn(w, h) : w->answer;
	h->due = w->now.mono + a.latency;
	h->outcome = a.outcome;
	h->status = a.status;
	h->header = a.header;
	h->value = a.value;
	h->reply = a.body;
	call->host = w;
}

static void cancel(void *host, struct io_call *call)
{
	struct world *w = host;

	call->host = NULL;
	for (size_t i = 0; i < w->n_heard; i++) {
		if (w->heard[i].call == call)
			w->heard[i].call = NULL;
	}
}

static uint64_t entropy(void *host)
{
	struct world *w = host;
	uint64_t x = ++w->entropy * 0x9E3779B97F4A7C15u;

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
	x = (x ^ x >> 27) * 0x94D049BB133111EBu;
	return x ^ x >> 31;
}

static void log_line(void *host, enum log_level level, struct str line)
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
				  .log = log_line,
				  .changed = changed};

static void reply_to(struct world *w, size_t i)
{
	struct heard *h = &w->heard[i];
	struct io_call *call = h->call;
	struct io_header header = {str_of(h->header), str_of(h->value)};
	struct io_reply reply = {
		.outcome = h->outcome,
		.status = h->status,
		.headers = &header,
		.n_headers = h->header ? 1 : 0,
		.body = str_of(h->reply ? h->reply : ""),
		.error = h->outcome == IO_REPLIED ? STR("") : STR("connection refused"),
	};

	h->call = NULL;
	call->host = NULL;
	call->on_done(call, w->now, &reply);
}

static struct batch *batch_of(void *core)
{
	return ((struct world *)core)->batch;
}

static void event(void *core, ms_t at, const char *kind, struct str subject, struct str text)
{
	struct world *w = core;

	batch_add(w->batch, ST_EVENT_PUT, V_INT(++w->last_event), V_INT(at), V_TEXT(str_of(kind)),
		  V_TEXT(subject), V_TEXT(text));
}

static void self_alert(void *core, struct now now, struct str name, struct str what,
		       struct str text, bool firing)
{
	struct world *w = core;
	struct buf b;

	(void)now;
	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, w->self);
	buf_printf(&b, "%c%.*s %.*s: %.*s\n", firing ? '+' : '-', STR_ARG(name), STR_ARG(what),
		   STR_ARG(text));
	free(w->self);
	w->self = buf_take(&b, NULL);
}

/* ---- life -------------------------------------------------------------------------------- */
static bool read_file(void *arg, struct str path, struct arena *a, struct str *out, struct err *err)
{
	(void)arg;
	(void)a;
	(void)out;
	return err_set(err, -1, "no file %.*s", STR_ARG(path));
}

static bool glob_files(void *arg, struct str pattern, struct arena *a, struct str **out, size_t *n,
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

const struct config_files NO_FILES = {.read = read_file, .glob = glob_files, .env = no_env};

struct notify_config *world_config(const char *yaml)
{
	struct limits l;
	struct arena a;
	struct yaml_node *root;
	struct diags diags;
	struct err err;
	bool more;
	struct notify_config *c = NULL;

	limits_default(&l);
	arena_init(&a);
	diags_init(&diags);
	if (!yaml_parse(str_of(yaml), &l, &a, &root, &more, &err))
		fail_msg("%s", err.msg);
	if (!notify_config_parse(root, STR("rouse.yml"), &NO_FILES, &l, &c, &diags))
		fail_msg("%s", diags.n ? diags.v[0].msg : "refused");
	diags_done(&diags);
	arena_done(&a);
	return c;
}

static void start(struct world *w)
{
	struct notify_env env = {.io = &w->io,
				 .timers = &w->timers,
				 .limits = &w->limits,
				 .data_retention = w->data_retention,
				 .start_delay = w->start_delay,
				 .batch = batch_of,
				 .self_alert = self_alert,
				 .event = event,
				 .core = w};
	struct store_options o = {0};
	struct err err;

	if (!store_open(w->path, &o, &w->store, &err))
		fail_msg("%s", err.msg);
	w->batch = batch_new();
	w->n = notify_new(&env);
	if (!notify_restore(w->n, w->now, w->store, &err))
		fail_msg("%s", err.msg);
	notify_configure(w->n, w->now, w->config, STR("http://rouse.example"));
}

static void stop(struct world *w)
{
	notify_free(w->n);
	batch_free(w->batch);
	store_free(w->store);
	for (size_t i = 0; i < w->n_heard; i++)
		w->heard[i].call = NULL;
}

static void remove_files(struct world *w)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		char path[96];

		snprintf(path, sizeof(path), "%s%s", w->path, ends[i]);
		unlink(path);
	}
}

struct world *world_new(const char *yaml)
{
	struct world *w = MEM_NEW(struct world);
	static int count;

	w->now = (struct now){.mono = 5000, .wall = WORLD_START};
	timers_init(&w->timers);
	limits_default(&w->limits);
	w->io = (struct io){.ops = &OPS, .host = w};
	snprintf(w->path, sizeof(w->path), "%s/rouse-notify-%d-%d.db",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (int)getpid(), ++count);
	w->self = mem_str(STR(""));
	w->answer = (struct answer){.status = 200, .latency = 10};
	w->config = world_config(yaml);
	remove_files(w);
	start(w);
	return w;
}

void world_free(struct world *w)
{
	stop(w);
	remove_files(w);
	notify_config_free(w->config);
	timers_done(&w->timers);
	for (size_t i = 0; i < w->n_heard; i++) {
		free(w->heard[i].method);
		free(w->heard[i].url);
		free(w->heard[i].body);
		free(w->heard[i].key);
		free(w->heard[i].mail_to);
	}
	free(w->heard);
	free(w->self);
	free(w);
}

void world_reload(struct world *w, const char *yaml)
{
	struct notify_config *old = w->config;

	w->config = world_config(yaml);
	notify_configure(w->n, w->now, w->config, STR("http://rouse.example"));
	notify_config_free(old);
}

void world_restart(struct world *w, ms_t away)
{
	stop(w);
	w->now.mono = 77; /* another boot: only the wall clock goes on */
	w->now.wall += away;
	start(w);
}

/* ---- time -------------------------------------------------------------------------------- */
void world_commit(struct world *w)
{
	struct batch *b = w->batch;
	struct err err;

	if (!batch_count(b))
		return;
	w->rows_written += batch_count(b);
	w->batch = batch_new();
	notify_taken(w->n);
	if (!store_commit(w->store, b, &err))
		fail_msg("%s", err.msg);
	batch_free(b);
	notify_committed(w->n, w->now, true);
}

void world_turn(struct world *w)
{
	for (size_t i = 0; i < w->n_heard; i++) {
		if (w->heard[i].call && w->heard[i].due <= w->now.mono)
			reply_to(w, i);
	}
	timers_run(&w->timers, w->now);
	if (!w->hold_commits)
		world_commit(w);
}

static ms_t next_wait(struct world *w)
{
	ms_t wait = timers_wait(&w->timers, w->now);

	for (size_t i = 0; i < w->n_heard; i++) {
		if (!w->heard[i].call)
			continue;

		ms_t due = MAX(w->heard[i].due - w->now.mono, 0);

		wait = wait < 0 ? due : MIN(wait, due);
	}
	if (!w->hold_commits && batch_count(w->batch))
		wait = 0;
	return wait;
}

void world_run(struct world *w, ms_t span)
{
	ms_t end = w->now.mono + span;

	for (;;) {
		ms_t wait;

		world_turn(w);
		wait = next_wait(w);
		if (wait < 0 || w->now.mono + wait > end)
			break;
		w->now.mono += wait;
		w->now.wall += wait;
	}
	w->now.wall += end - w->now.mono;
	w->now.mono = end;
}

/* ---- alerts ------------------------------------------------------------------------------ */
struct labels world_labels(struct arena *a, const char *text)
{
	struct labels_builder lb;
	struct str s = str_of(text);

	labels_builder_init(&lb);
	while (s.n) {
		ptrdiff_t comma = str_find_char(s, ',');
		struct str one = comma < 0 ? s : str_cut(s, 0, (size_t)comma);
		ptrdiff_t eq = str_find_char(one, '=');

		labels_builder_set(&lb, str_cut(one, 0, (size_t)eq), str_from(one, (size_t)eq + 1));
		s = comma < 0 ? STR("") : str_from(s, (size_t)comma + 1);
	}

	struct labels out = labels_builder_build(&lb, a);

	labels_builder_done(&lb);
	return out;
}

static void put(struct world *w, const char *labels, const char *annotations, struct alert_in in)
{
	struct arena a;

	arena_init(&a);
	in.labels = world_labels(&a, labels);
	in.annotations = world_labels(&a, annotations);
	in.generator_url = STR("http://prom.example/graph?g0.expr=up+%3D%3D+0&g0.tab=1");
	notify_put(w->n, w->now, &in, 1);
	arena_done(&a);
}

void world_put(struct world *w, const char *labels, const char *annotations, ms_t starts_at,
	       ms_t ends_at, enum alert_source source)
{
	put(w, labels, annotations,
	    (struct alert_in){.starts_at = starts_at, .ends_at = ends_at, .source = source});
}

void world_explain(struct world *w, const char *labels, const char *annotations, ms_t starts_at)
{
	put(w, labels, annotations,
	    (struct alert_in){.starts_at = starts_at,
			      .ends_at = MS_NONE,
			      .source = ALERT_FROM_RULE,
			      .explained = true});
}

void world_fire(struct world *w, const char *labels, const char *annotations)
{
	world_put(w, labels, annotations, w->now.wall, MS_NONE, ALERT_FROM_RULE);
}

void world_resolve(struct world *w, const char *labels)
{
	world_put(w, labels, "", w->now.wall - 1, w->now.wall, ALERT_FROM_RULE);
}

/* ---- asking ------------------------------------------------------------------------------ */
static void add_names(struct buf *b, json_t *alerts, const char *status)
{
	size_t i;
	json_t *al;

	json_array_foreach(alerts, i, al)
	{
		if (strcmp(json_string_value(json_object_get(al, "status")), status) != 0)
			continue;
		buf_printf(b, " %s",
			   json_string_value(json_object_get(json_object_get(al, "labels"), "i")));
	}
}

const char *world_said(struct world *w, size_t i, char *out, size_t size)
{
	json_t *root = i < w->n_heard ? json_loads(w->heard[i].body, 0, NULL) : NULL;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	if (root) {
		buf_adds(&b, "firing:");
		add_names(&b, json_object_get(root, "alerts"), "firing");
		buf_adds(&b, " | resolved:");
		add_names(&b, json_object_get(root, "alerts"), "resolved");
		buf_printf(&b, " | %s",
			   json_string_value(json_object_get(root, "notification_reason")));
	}
	json_decref(root);
	snprintf(out, size, "%s", buf_cstr(&b));
	buf_done(&b);
	return out;
}

void assert_said(struct world *w, size_t i, const char *want)
{
	char got[4096];

	assert_string_equal(world_said(w, i, got, sizeof(got)), want);
}

struct statuses {
	const char *names[1000];
	size_t n;
};

static bool add_status(void *arg, const struct delivery_view *d)
{
	struct statuses *s = arg;

	s->names[s->n++] = outbox_status_name(d->status);
	return s->n < ARRAY_LEN(s->names);
}

void assert_statuses(struct world *w, const char *want)
{
	struct statuses s = {.n = 0};
	struct buf b;

	notify_deliveries(w->n, add_status, &s);
	buf_init(&b, BUF_MAX_ANY);
	for (size_t i = s.n; i > 0; i--)
		buf_printf(&b, "%s%s", i < s.n ? " " : "", s.names[i - 1]);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}
