/* The daemon: see daemon.h. */
#include "host/daemon.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "evaluator/core.h"
#include "host/commit.h"
#include "host/dns.h"
#include "host/exposure.h"
#include "host/files.h"
#include "host/http_in.h"
#include "host/http_out.h"
#include "host/notify_socket.h"
#include "host/process.h"
#include "host/signals.h"
#include "host/storage.h"
#include "host/url.h"
#include "host/version.h"
#include "store/store.h"
#include "web/web.h"

#define STOP_MS (4 * SECOND) /* for the last commit */
#define RANDOM_KEPT 32	     /* numbers taken from the kernel at once */

struct daemon {
	const struct daemon_options *o;
	struct arena arena;
	struct limits limits;
	struct log log;
	struct loop loop;
	struct signals signals;
	struct notify_socket notify;
	struct worker *commits, *jobs;
	struct dns *dns;
	struct http_out *out;
	struct http_in *in;
	struct storage storage;
	struct commit commit;
	struct io io;
	struct core *core;
	struct web *web;
	struct str external_url, route_prefix;
	uint64_t random[RANDOM_KEPT];
	size_t n_random;
	bool stop;
};

/* ---- what the core sees of the world ------------------------------------------------------- */

static void op_fetch(void *host, struct io_call *call, const struct io_request *req)
{
	struct daemon *d = host;

	http_out_fetch(d->out, call, req);
}

static void op_cancel(void *host, struct io_call *call)
{
	struct daemon *d = host;

	http_out_cancel(d->out, call);
}

static uint64_t op_entropy(void *host)
{
	struct daemon *d = host;

	if (d->n_random == 0) {
		CHECK(getrandom(d->random, sizeof(d->random), 0) == sizeof(d->random));
		d->n_random = RANDOM_KEPT;
	}
	return d->random[--d->n_random];
}

static void op_log(void *host, enum log_level level, struct str line)
{
	struct daemon *d = host;

	log_line(&d->log, level, line);
}

static void op_changed(void *host)
{
	struct daemon *d = host;

	if (d->in)
		http_in_changed(d->in);
}

static const struct io_ops ops = {.fetch = op_fetch,
				  .cancel = op_cancel,
				  .entropy = op_entropy,
				  .log = op_log,
				  .changed = op_changed};

/* ---- configuration ------------------------------------------------------------------------- */

/* "FILE:LINE:COLUMN: " as far as it is known; nothing where the words name the file anyway. */
static struct str place_of(struct arena *a, const struct diag *g)
{
	struct str file = str_of(g->file ? g->file : "");

	if (g->line && g->col)
		return arena_printf(a, "%.*s:%d:%d: ", STR_ARG(file), g->line, g->col);
	if (!file.n || str_find(str_of(g->msg), file) >= 0)
		return STR("");
	return arena_printf(a, "%.*s: ", STR_ARG(file));
}

static void log_diags(struct daemon *d, const struct diags *diags)
{
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *g = &diags->v[i];

		log_put(&d->log, g->warning ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, "Configuration",
			"%s=%s", g->warning ? "warning" : "error",
			log_value(arena_printf(&a, "%.*s%s", STR_ARG(place_of(&a, g)), g->msg)));
	}
	arena_done(&a);
}

/* The first error, with its place, as one line. */
static void first_error(const struct diags *diags, struct err *err)
{
	for (size_t i = 0; i < diags->n; i++) {
		const struct diag *g = &diags->v[i];

		if (g->warning)
			continue;
		struct arena a;

		arena_init(&a);
		err_set(err, -1, "%.*s%s", STR_ARG(place_of(&a, g)), g->msg);
		arena_done(&a);
		return;
	}
	err_set(err, -1, "the configuration is not valid");
}

static bool load(struct daemon *d, struct config **out, struct err *err)
{
	struct config_files files = files_for_config(&d->limits);
	struct diags diags;

	files.matcher_mode = d->o->matcher_mode;
	files.allow_exec = d->o->allow_exec;
	files.lenient_runbooks = true;
	diags_init(&diags);

	bool ok = config_load(d->o->config_file, &d->o->args, &files, &d->limits, out, &diags);

	if (!ok)
		first_error(&diags, err);
	log_diags(d, &diags);
	diags_done(&diags);
	return ok;
}

static bool reload(void *host, struct now now, struct err *err)
{
	struct daemon *d = host;
	struct config *c;
	bool ok;

	notify_socket_reloading(&d->notify, now);
	http_in_check_config(d->in);
	ok = load(d, &c, err);
	if (ok) {
		http_out_forget(d->out);
		core_configure(d->core, now, c);
		config_free(c);
		malloc_trim(0);
		log_put(&d->log, LOG_LEVEL_INFO, "Configuration reloaded", NULL);
	} else {
		core_reload_failed(d->core, now, str_of(err->msg));
		log_put(&d->log, LOG_LEVEL_ERROR, "Reload refused: the old configuration goes on",
			"error=%s", log_value(str_of(err->msg)));
	}
	notify_socket_ready(&d->notify, now);
	return ok;
}

static void on_signal(struct signals *s, struct now now, int number)
{
	struct daemon *d = CONTAINER(s, struct daemon, signals);
	struct err err;

	if (number == SIGHUP)
		(void)!reload(d, now, &err);
	else
		d->stop = true;
}

static void put_metrics(void *host, struct buf *b)
{
	struct daemon *d = host;
	static const char *const lanes[] = {"query", "page"};

	process_put_metrics(b);
	buf_adds(b, "# HELP rouse_http_out_requests_total Requests made, by lane.\n"
		    "# TYPE rouse_http_out_requests_total counter\n");
	for (int i = 0; i < 2; i++)
		buf_printf(b, "rouse_http_out_requests_total{lane=\"%s\"} %llu\n", lanes[i],
			   (unsigned long long)http_out_stats(d->out, (enum io_lane)i).started);
	buf_adds(b, "# HELP rouse_http_out_failures_total Requests that got no status, by lane.\n"
		    "# TYPE rouse_http_out_failures_total counter\n");
	for (int i = 0; i < 2; i++)
		buf_printf(b, "rouse_http_out_failures_total{lane=\"%s\"} %llu\n", lanes[i],
			   (unsigned long long)http_out_stats(d->out, (enum io_lane)i).failed);
	buf_printf(b,
		   "# HELP rouse_store_commits_total Batches written to the store.\n"
		   "# TYPE rouse_store_commits_total counter\nrouse_store_commits_total %llu\n"
		   "# HELP rouse_store_commit_failures_total Batches that could not be written.\n"
		   "# TYPE rouse_store_commit_failures_total counter\n"
		   "rouse_store_commit_failures_total %llu\n",
		   (unsigned long long)d->commit.commits, (unsigned long long)d->commit.failures);
	if (d->commit.store && !d->commit.running)
		buf_printf(b,
			   "# HELP rouse_store_bytes Size of the store on disk.\n"
			   "# TYPE rouse_store_bytes gauge\nrouse_store_bytes %zu\n",
			   store_size(d->commit.store));
}

/* ---- start --------------------------------------------------------------------------------- */

static bool fail(struct daemon *d, const struct err *err)
{
	log_put(&d->log, LOG_LEVEL_ERROR, "Cannot start", "error=%s", log_value(str_of(err->msg)));
	return false;
}

static bool open_web_server(struct daemon *d)
{
	struct http_in_options o = {
		.loop = &d->loop,
		.log = &d->log,
		.jobs = d->jobs,
		.core = d->core,
		.limits = &d->limits,
		.web_config_file = d->o->web_config_file,
		.addresses = d->o->listen.v,
		.n_addresses = d->o->listen.n,
	};
	struct diags diags;
	struct err err;

	diags_init(&diags);

	bool ok = http_in_new(&o, &d->in, &diags, &err);

	log_diags(d, &diags);
	diags_done(&diags);
	return ok || fail(d, &err);
}

static struct str without_slash(struct str s)
{
	while (str_ends(s, "/"))
		s = str_cut(s, 0, s.n - 1);
	return s;
}

/* Where others find our pages: as told, else the host's name and the port. */
static struct str external_url(struct daemon *d)
{
	struct str prefix = without_slash(d->o->route_prefix);
	char name[256] = "localhost";

	if (d->o->external_url.n)
		return without_slash(d->o->external_url);
	if (gethostname(name, sizeof(name) - 1) < 0 || !*name)
		snprintf(name, sizeof(name), "localhost");
	return arena_printf(&d->arena, "%s://%s:%d%.*s", http_in_tls(d->in) ? "https" : "http",
			    name, http_in_port(d->in, 0), STR_ARG(prefix));
}

static struct str route_prefix(struct daemon *d, struct str external)
{
	struct str prefix = d->o->route_prefix;
	struct url u;

	if (!prefix.n && url_split(external, &u, NULL))
		prefix = u.rest;
	prefix = without_slash(prefix);
	if (prefix.n && prefix.p[0] != '/')
		prefix = arena_printf(&d->arena, "/%.*s", STR_ARG(prefix));
	return prefix;
}

static void new_core(struct daemon *d, const struct core_options *o)
{
	core_free(d->core);
	d->core = core_new(&d->io, o);
	http_in_set_core(d->in, d->core);
}

/* Damage may show only when the rows are read: then with an empty store and a new core. */
static bool restore(struct daemon *d, struct now now, const struct core_options *o)
{
	struct err err;

	if (!d->storage.store || core_restore(d->core, now, d->storage.store, &err))
		return true;
	if (strstr(err.msg, "damaged")) {
		storage_replace(&d->storage, d->o->storage_path, &d->log, now.wall);
		new_core(d, o);
		if (!d->storage.store || core_restore(d->core, now, d->storage.store, &err))
			return true;
	}
	err_prefix(&err, "cannot read the state back: ");
	return fail(d, &err);
}

static void start_commits(struct daemon *d)
{
	commit_init(&d->commit, &d->loop, &d->log, d->commits, d->core);
	d->commit.store = d->storage.store;
	d->commit.error = d->storage.trouble;
}

/* The core before the web server: sockets that are open but not served would be a lie. But the
 * core wants to know the address, so the sockets are bound first and served last. */
static bool start_core(struct daemon *d, struct now now, struct config *c)
{
	struct core_options o = {.limits = &d->limits,
				 .data_retention = d->o->retention,
				 .dispatch_delay = d->o->dispatch_delay,
				 .runbook_exec = d->o->runbook_exec};

	d->external_url = o.external_url = external_url(d);
	d->route_prefix = route_prefix(d, d->external_url);
	new_core(d, &o);
	if (!restore(d, now, &o))
		return false;
	start_commits(d);
	core_configure(d->core, now, c);
	if (d->storage.replaced)
		core_store_replaced(d->core, now, str_of(d->storage.trouble.msg));

	struct web_options w = {
		.route_prefix = d->route_prefix,
		.external_url = d->external_url,
		.version = STR(ROUSE_VERSION),
		.no_cluster = d->o->no_cluster,
		.reload = reload,
		.host = d,
		.metrics = put_metrics,
	};

	d->web = web_new(d->core, &w);
	http_in_serve(d->in, d->web);
	return true;
}

static void say_started(struct daemon *d, struct now now)
{
	const char *exposed =
		exposure_warning(core_config(d->core), &d->o->listen, http_in_has_users(d->in));

	if (exposed)
		log_put(&d->log, LOG_LEVEL_WARN, "Public", "warning=%s",
			log_value(str_of(exposed)));
	for (size_t i = 0; i < d->o->listen.n; i++) {
		struct str a = http_in_address(d->in, i, &d->arena);

		log_put(&d->log, LOG_LEVEL_INFO, "Listening", "address=%.*s tls=%s", STR_ARG(a),
			http_in_tls(d->in) ? "true" : "false");
	}
	log_put(&d->log, LOG_LEVEL_INFO, "Ready", "version=%s url=%.*s prefix=%.*s/ took=%lldms",
		ROUSE_VERSION, STR_ARG(d->external_url), STR_ARG(d->route_prefix),
		(long long)(now.mono - d->o->started));
}

static bool start(struct daemon *d)
{
	struct config *c = NULL;
	struct now now;
	struct err err;

	if (!loop_init(&d->loop, &err) || !signals_init(&d->signals, &d->loop, on_signal, &err))
		return fail(d, &err);
	now = d->loop.now;
	notify_socket_init(&d->notify, &d->loop);
	d->commits = worker_new(&d->loop, "commit");
	d->jobs = worker_new(&d->loop, "jobs");
	d->dns = dns_new(&d->loop);
	d->out = http_out_new(&d->loop, d->dns);
	if (!load(d, &c, &err))
		return fail(d, &err);
	if (!storage_open(&d->storage, d->o->storage_path, &d->log, now.wall, &err)) {
		config_free(c);
		return fail(d, &err);
	}

	bool ok = open_web_server(d) && start_core(d, now, c);

	config_free(c);
	if (ok) {
		now = loop_clocks();
		notify_socket_ready(&d->notify, now);
		say_started(d, now);
		malloc_trim(0);
	}
	return ok;
}

/* ---- the loop ------------------------------------------------------------------------------ */

static ms_t until_next(struct daemon *d, struct now now)
{
	ms_t core = core_wait(d->core, now), in = http_in_wait(d->in);

	if (core < 0 || in < 0)
		return MAX(core, in);
	return MIN(core, in);
}

static void run(struct daemon *d)
{
	bool more = true;

	while (!d->stop) {
		struct now now = loop_turn(&d->loop, more ? 0 : until_next(d, loop_clocks()));

		core_tick(d->core, now);
		http_in_run(d->in, now);
		more = http_out_run(d->out, now);
		if (more)
			core_tick(d->core, now); /* what an answer made due goes into its batch */
		more |= commit_turn(&d->commit, now);
	}
}

static int stop(struct daemon *d)
{
	struct now now = loop_clocks();

	log_put(&d->log, LOG_LEVEL_INFO, "Stopping", NULL);
	notify_socket_stopping(&d->notify);
	core_stop(d->core, now);

	bool ok = commit_finish(&d->commit, STOP_MS);

	if (!ok && d->commit.store)
		log_put(&d->log, LOG_LEVEL_ERROR, "The last changes are not on disk", NULL);
	return ok || !d->commit.store ? 0 : 1;
}

/* Everything that was made so far, in the order in which it stands on one another. */
static void close_all(struct daemon *d)
{
	worker_free(d->commits);
	http_in_free(d->in);
	worker_free(d->jobs);
	web_free(d->web);
	if (d->core)
		core_free(d->core);
	http_out_free(d->out);
	dns_free(d->dns);
	if (d->commit.loop)
		commit_done(&d->commit);
	else
		store_free(d->storage.store);
	storage_close(&d->storage);
	if (d->loop.epoll > 0) {
		notify_socket_done(&d->notify);
		if (d->signals.loop)
			signals_done(&d->signals);
		loop_done(&d->loop);
	}
	arena_done(&d->arena);
	log_done(&d->log);
}

int daemon_run(const struct daemon_options *o)
{
	struct daemon *d = MEM_NEW(struct daemon);
	int status = 1;

	mallopt(M_ARENA_MAX, 1); /* the threads allocate little */
	mallopt(M_TRIM_THRESHOLD, 256 * 1024);
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	d->o = o;
	d->storage.lock = -1;
	d->notify.fd = -1;
	arena_init(&d->arena);
	limits_default(&d->limits);
	d->limits.silences = d->o->max_silences;
	d->limits.silence_bytes = d->o->silence_bytes;
	d->limits.alerts_of_name = d->o->alerts_of_name;
	log_init(&d->log, o->log_level, o->log_json, STDERR_FILENO);
	d->io = (struct io){.ops = &ops, .host = d};
	if (start(d)) {
		run(d);
		status = stop(d);
	}
	close_all(d);
	free(d);
	return status;
}
