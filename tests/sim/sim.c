/* The virtual host: clock, events, network, disk, turns. */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/http_config.h"
#include "base/mem.h"
#include "evaluator/config.h"
#include "evaluator/core.h"
#include "evaluator/view.h"
#include "store/batch.h"
#include "store/store.h"
#include "tests/sim/oracle.h"
#include "tests/sim/world.h"

#define SIM_EPOCH ((ms_t)1767225600000) /* 2026-01-01T00:00:00Z */
#define DB_PATH "rouse.db"

/* A request on its way. */
struct flight {
	struct sim *sim;
	struct io_call *call; /* NULL: cancelled, or its sender is dead */
	struct arena arena;
	struct request request;
	ms_t timeout;
	bool page;
	struct sim_answer answer;
};

/* ---- chance ------------------------------------------------------------------------------------
 */

uint64_t sim_random(struct sim *s)
{
	uint64_t z = s->rng += 0x9E3779B97F4A7C15u; /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

bool sim_chance(struct sim *s, int thousandths)
{
	return thousandths > 0 && (int)(sim_random(s) % 1000) < thousandths;
}

ms_t sim_span(struct sim *s, ms_t most)
{
	return most > 0 ? (ms_t)(sim_random(s) % (uint64_t)(most + 1)) : 0;
}

/* ---- words ---------------------------------------------------------------------------- */

void sim_trace(struct sim *s, const char *fmt, ...)
{
	char line[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	s->trace = s->trace * 0x100000001B3u ^ str_hash(str_of(line)) ^ (uint64_t)s->now.mono;
	if (s->verbose)
		printf("%10.3f  %s\n", (double)s->now.mono / 1000, line);
}

_Noreturn void sim_fail(struct sim *s, const char *invariant, const char *fmt, ...)
{
	va_list ap;

	printf("FAIL seed %llu at %.3f s: %s: ", (unsigned long long)s->seed,
	       (double)s->now.mono / 1000, invariant);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	exit(1);
}

/* ---- events --------------------------------------------------------------------------- */

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
	struct sim_event t = *a;

	*a = *b;
	*b = t;
}

void sim_after(struct sim *s, ms_t span, sim_fn *fn, void *arg)
{
	size_t i = s->n_heap++;

	s->heap = mem_reserve(s->heap, &s->cap_heap, s->n_heap, sizeof(*s->heap));
	s->heap[i] =
		(struct sim_event){.at = s->now.mono + span, .seq = ++s->seq, .fn = fn, .arg = arg};
	for (; i && before(&s->heap[i], &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&s->heap[i], &s->heap[(i - 1) / 2]);
}

static struct sim_event pop(struct sim *s)
{
	struct sim_event first = s->heap[0];

	s->heap[0] = s->heap[--s->n_heap];
	for (size_t i = 0;;) {
		size_t kid = 2 * i + 1;

		if (kid + 1 < s->n_heap && before(&s->heap[kid + 1], &s->heap[kid]))
			kid++;
		if (kid >= s->n_heap || !before(&s->heap[kid], &s->heap[i]))
			break;
		swap(&s->heap[i], &s->heap[kid]);
		i = kid;
	}
	return first;
}

/* ---- the network ---------------------------------------------------------------------- */

static void flight_free(struct flight *f)
{
	arena_done(&f->arena);
	free(f);
}

/* The answer is back, if somebody still waits for it. */
static void land(struct sim *s, void *arg)
{
	struct flight *f = arg;
	struct io_call *c = f->call;

	if (c && !s->crashed) {
		struct io_reply r = {
			.outcome = f->answer.outcome,
			.status = f->answer.status,
			.headers = f->answer.headers,
			.n_headers = f->answer.n_headers,
			.body = f->answer.body,
			.error = f->answer.error,
		};

		c->host = NULL;
		if (c->on_data && r.outcome == IO_REPLIED && r.status / 100 == 2) {
			size_t half = r.body.n / 2;

			c->on_data(c, str_cut(r.body, 0, half));
			c->on_data(c, str_from(r.body, half));
			r.body = (struct str){0};
		}
		if (f->page && (r.outcome != IO_REPLIED || r.status / 100 != 2))
			oracle_delayed(s->oracle, f->request.url);
		c->on_done(c, s->now, &r);
		if (f->answer.good)
			oracle_answer(s->oracle, f->answer.expr, f->answer.at, f->answer.ids,
				      f->answer.n);
	}
	flight_free(f);
}

/* The request has arrived: the other side acts on it, whatever becomes of the sender. */
static void arrive(struct sim *s, void *arg)
{
	struct flight *f = arg;

	world_arrive(s->world, &f->request, &f->arena, &f->answer);
	if (f->answer.outcome == IO_REPLIED && !f->answer.prom &&
	    sim_chance(s, s->faults.lose_reply)) {
		f->answer.outcome = IO_AMBIGUOUS;
		f->answer.error = STR("connection reset while waiting for the answer");
		oracle_answer_lost(s->oracle, f->request.key);
		if (f->page && f->answer.status / 100 != 2) /* refused, but who knows? */
			oracle_vanished(s->oracle, f->request.url);
	}
	CHECK(f->answer.delay < f->timeout);
	if (f->answer.outcome == IO_AMBIGUOUS && f->answer.delay == 0)
		f->answer.delay = f->timeout;
	sim_after(s, f->answer.delay + sim_span(s, s->faults.latency), land, f);
}

static struct str header(const struct io_request *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		if (str_is(r->headers[i].name, name))
			return r->headers[i].value;
	}
	return (struct str){0};
}

/* Mail carries the key in its Message-ID: <KEY@host>. */
static struct str key_of(const struct io_request *r)
{
	ptrdiff_t at = r->mail ? str_find(r->body, STR("Message-ID: <")) : -1;
	struct str id;

	if (at < 0)
		return header(r, "Idempotency-Key");
	id = str_from(r->body, (size_t)at + 13);
	return str_cut(id, 0, (size_t)MAX(str_find_char(id, '@'), 0));
}

static struct flight *flight_new(struct sim *s, struct io_call *call, const struct io_request *r)
{
	struct flight *f = MEM_NEW(struct flight);
	struct arena *a = &f->arena;

	arena_init(a);
	f->sim = s;
	f->call = call;
	f->request = (struct request){
		.method = arena_str(a, r->method),
		.url = arena_printf(a, "%.*s%.*s", STR_ARG(r->url), STR_ARG(r->url_tail)),
		.body = arena_str(a, r->body),
		.key = arena_str(a, key_of(r)),
		.mail = r->mail != NULL,
	};
	f->timeout = r->timeout;
	return f;
}

static void effect(struct sim *s);

/* The request never arrives: with the sender's knowledge, or without. True: it is gone. */
static bool lose(struct sim *s, struct flight *f, bool page)
{
	if (sim_chance(s, s->faults.lose_request)) {
		f->answer = (struct sim_answer){.outcome = IO_UNSENT,
						.error = STR("connection refused")};
		sim_after(s, 1 + sim_span(s, s->faults.latency), land, f);
		return true;
	}
	if (!sim_chance(s, s->faults.vanish))
		return false;
	f->answer = (struct sim_answer){.outcome = IO_AMBIGUOUS, .error = STR("timeout")};
	if (page)
		oracle_vanished(s->oracle, f->request.url);
	sim_after(s, f->timeout, land, f);
	return true;
}

static void op_fetch(void *host, struct io_call *call, const struct io_request *r)
{
	struct sim *s = host;
	struct flight *f = flight_new(s, call, r);
	bool page = r->lane == IO_LANE_PAGE;

	CHECK(!call->host);
	call->host = f;
	f->page = page;
	if (page) {
		oracle_page_starts(s->oracle, f->request.key);
		effect(s);
	}
	if (s->crashed)
		f->call = NULL;
	if (!lose(s, f, page))
		sim_after(s, 1 + sim_span(s, s->faults.latency), arrive, f);
}

static void op_cancel(void *host ATTR_UNUSED, struct io_call *call)
{
	struct flight *f = call->host;

	f->call = NULL;
	call->host = NULL;
}

static uint64_t op_entropy(void *host)
{
	return sim_random(host);
}

static void op_log(void *host, enum log_level level, struct str line)
{
	struct sim *s = host;

	if (level >= LOG_LEVEL_INFO)
		sim_trace(s, "log: %.*s", STR_ARG(line));
}

static void op_changed(void *host ATTR_UNUSED) {}

static const struct io_ops OPS = {
	.fetch = op_fetch,
	.cancel = op_cancel,
	.entropy = op_entropy,
	.log = op_log,
	.changed = op_changed,
};

/* ---- turns ---------------------------------------------------------------------------- */

/* One more thing has become visible or durable; crash.c stops the world at each. */
static void effect(struct sim *s)
{
	if (++s->effects == s->crash_at)
		s->crashed = true;
}

/* Writes; the oracle hears how it went. */
static bool write(struct sim *s, const struct batch *b, struct err *err)
{
	bool ok = !s->store_down && store_commit(s->store, b, err);

	if (s->store_down)
		err_set(err, -1, "disk I/O error");
	if (sim_disk_is_down(s->disk))
		s->crashed = s->cut_in_commit = true;
	if (ok)
		oracle_durable(s->oracle, b, s->taken_at);
	else
		oracle_store_failed(s->oracle, b);
	return ok;
}

/* The power goes away in the middle of the commit, or the process. */
static void commit_last(struct sim *s, struct batch *b)
{
	struct err err = {.pos = -1};
	uint64_t op = sim_disk_ops(s->disk) + 1 + sim_random(s) % 8;

	(s->kill ? sim_disk_kill_at : sim_disk_crash_at)(s->disk, op);
	s->cut_in_commit = true;
	write(s, b, &err);
	batch_free(b);
}

static void commit(struct sim *s, void *arg)
{
	struct batch *b = s->flying;
	struct err err = {.pos = -1};
	bool ok;

	if (s->life != (int)(intptr_t)arg || s->crashed)
		return;
	s->flying = NULL;
	effect(s);
	if (s->crashed) {
		commit_last(s, b);
		return;
	}
	ok = write(s, b, &err);
	if (ok || s->crashed)
		batch_free(b);
	else
		s->kept = b;
	s->tried_at = s->now.mono;
	if (!s->crashed)
		core_committed(s->core, s->now, ok, str_of(err.msg));
}

static void wake(struct sim *s ATTR_UNUSED, void *arg ATTR_UNUSED) {}

/* What must be committed now: this turn's batch behind what failed before, which is tried again
 * after a second. */
static struct batch *next_batch(struct sim *s)
{
	struct batch *b;

	if (s->kept && s->now.mono - s->tried_at < SECOND) {
		sim_after(s, SECOND, wake, NULL);
		return NULL;
	}
	b = core_take_batch(s->core);
	if (!s->kept)
		return b;
	if (b)
		batch_join(s->kept, b);
	return TAKE(s->kept);
}

static void turn(struct sim *s)
{
	if (!s->core || s->crashed)
		return;
	core_tick(s->core, s->now);
	if (!s->flying && !s->crashed) {
		s->flying = next_batch(s);
		s->taken_at = s->flying ? s->now.mono : s->taken_at;
		if (s->flying)
			sim_after(s, 1 + sim_span(s, s->faults.commit), commit,
				  (void *)(intptr_t)s->life);
	}
	if (!s->crashed)
		oracle_turn(s->oracle);
}

void sim_elapse(struct sim *s, ms_t span)
{
	ms_t end = s->now.mono + span;

	turn(s);
	while (!s->crashed) {
		ms_t wait = s->core ? core_wait(s->core, s->now) : -1;
		ms_t next = wait < 0 ? end : MIN(end, s->now.mono + wait);

		if (s->n_heap)
			next = MIN(next, s->heap[0].at);
		next = MAX(next, s->now.mono);
		s->now.wall += next - s->now.mono;
		s->now.mono = next;
		if (s->n_heap && s->heap[0].at <= s->now.mono) {
			struct sim_event e = pop(s);

			e.fn(s, e.arg);
		} else if (next >= end && wait != 0) {
			break;
		}
		turn(s);
	}
}

void sim_stall(struct sim *s, ms_t span)
{
	s->now.mono += span;
	s->now.wall += span;
	s->jumped_at = s->now.mono;
	sim_trace(s, "stood still for %lld ms", (long long)span);
	turn(s);
}

void sim_step_clock(struct sim *s, ms_t by)
{
	s->now.wall += by;
	s->jumped_at = s->now.mono;
	oracle_clock_stepped(s->oracle, by);
	world_clock_stepped(s->world, by);
	sim_trace(s, "clock stepped by %lld ms", (long long)by);
	turn(s);
}

/* ---- files ---------------------------------------------------------------------------- */

static bool files_read(void *arg, struct str path, struct arena *a, struct str *out,
		       struct err *err)
{
	struct sim *s = arg;
	const char *text = map_get(&s->files, path);

	if (!text)
		return err_set(err, -1, "no such file");
	*out = arena_str(a, str_of(text));
	return true;
}

static bool files_glob(void *arg, struct str pattern, struct arena *a, struct str **out, size_t *n,
		       struct err *err ATTR_UNUSED)
{
	struct sim *s = arg;
	bool wild = str_find_char(pattern, '*') >= 0;

	*out = ARENA_ARRAY(a, struct str, s->files.n);
	*n = 0;
	map_each (&s->files, e) {
		if (wild ? !str_is(e->key, "rouse.yml") : str_eq(e->key, pattern))
			(*out)[(*n)++] = arena_str(a, e->key);
	}
	return true;
}

static bool files_env(void *arg ATTR_UNUSED, struct str name ATTR_UNUSED,
		      struct arena *a ATTR_UNUSED, struct str *out ATTR_UNUSED)
{
	return false;
}

void sim_file(struct sim *s, const char *name, struct str text)
{
	free(map_put(&s->files, str_of(name), mem_str(text)));
}

static struct config *load(struct sim *s, struct err *err)
{
	const struct config_files files = {.now = s->now.wall,
					   .read = files_read,
					   .glob = files_glob,
					   .env = files_env,
					   .arg = s};
	const struct config_args args = {.group_wait = MS_NONE};
	struct config *c = NULL;
	struct diags d;

	diags_init(&d);
	if (!config_load(STR("rouse.yml"), &args, &files, &s->limits, &c, &d))
		err_set(err, -1, "%s:%d:%d: %s", d.n && d.v[0].file ? d.v[0].file : "",
			d.n ? d.v[0].line : 0, d.n ? d.v[0].col : 0, d.n ? d.v[0].msg : "refused");
	diags_done(&d);
	return c;
}

/* ---- life ----------------------------------------------------------------------------- */

bool sim_start(struct sim *s, struct err *err)
{
	const struct store_options so = {.vfs = sim_disk_vfs(s->disk)};
	const struct core_options co = {
		.limits = &s->limits,
		.external_url = STR("http://rouse.sim"),
		.data_retention = 120 * HOUR,
		.runbook_exec = true,
	};

	CHECK(!s->core);
	s->crashed = false;
	s->life++;
	s->cut_in_commit = false;
	if (!store_open(DB_PATH, &so, &s->store, err))
		return false;
	oracle_opened(s->oracle, s->store);
	s->core = core_new(&s->io, &co);
	if (!core_restore(s->core, s->now, s->store, err))
		return false;

	struct config *c = load(s, err);

	if (!c)
		return false;
	core_configure(s->core, s->now, c);
	config_free(c);
	sim_trace(s, "started");
	turn(s);
	return true;
}

static bool look(void *arg, const struct prometheus_view *p)
{
	*(size_t *)arg += p->url.n;
	return true;
}

/* What pages and metrics read must be there, whatever the configuration has become. */
static void look_around(struct sim *s)
{
	struct buf b;
	size_t n = 0;

	buf_init(&b, BUF_MAX_ANY);
	core_metrics(s->core, s->now, &b);
	core_prometheuses(s->core, look, &n);
	buf_done(&b);
}

bool sim_reload(struct sim *s, struct err *err)
{
	struct config *c = load(s, err);

	if (!c) {
		core_reload_failed(s->core, s->now, str_of(err->msg));
		return false;
	}
	core_configure(s->core, s->now, c);
	config_free(c);
	sim_trace(s, "reloaded");
	look_around(s);
	turn(s);
	return true;
}

/* Requests on their way go on without their sender. */
static void forget_senders(struct sim *s)
{
	for (size_t i = 0; i < s->n_heap; i++) {
		if (s->heap[i].fn == land || s->heap[i].fn == arrive)
			((struct flight *)s->heap[i].arg)->call = NULL;
	}
}

static void end_life(struct sim *s)
{
	s->life++;
	forget_senders(s);
	batch_free(TAKE(s->flying));
	batch_free(TAKE(s->kept));
	core_free(TAKE(s->core));
	store_free(TAKE(s->store));
}

void sim_stop(struct sim *s)
{
	struct batch *all = TAKE(s->kept);
	struct batch *parts[2];
	struct err err;

	core_stop(s->core, s->now);
	parts[0] = TAKE(s->flying);
	if (parts[0])
		core_committed(s->core, s->now, true, STR("")); /* no request starts any more */
	parts[1] = core_take_batch(s->core);
	for (int i = 0; i < 2; i++) {
		if (all && parts[i])
			batch_join(all, parts[i]);
		else if (parts[i])
			all = parts[i];
	}
	s->taken_at = s->now.mono;
	if (all && !write(s, all, &err))
		sim_trace(s, "the last batch was not written");
	batch_free(all);
	end_life(s);
	sim_trace(s, "stopped");
}

void sim_crash(struct sim *s, bool power_cut)
{
	s->crashes++;
	s->crashed = true;
	if (!sim_disk_is_down(s->disk))
		(power_cut ? sim_disk_crash : sim_disk_kill)(s->disk);
	end_life(s);
	sim_disk_power_on(s->disk);
	s->crashed = false;
	oracle_crashed(s->oracle);
	sim_trace(s, power_cut ? "power cut" : "killed");
}

void sim_new_disk(struct sim *s)
{
	CHECK(!s->core);
	sim_disk_free(s->disk);
	s->disk = sim_disk_new(s->seed);
	oracle_new_disk(s->oracle);
}

struct sim *sim_new(uint64_t seed)
{
	struct sim *s = MEM_NEW(struct sim);

	s->seed = s->rng = seed;
	s->jumped_at = -DAY;
	s->now = (struct now){.mono = 0, .wall = SIM_EPOCH};
	s->io = (struct io){.ops = &OPS, .host = s};
	limits_default(&s->limits);
	map_init(&s->files);
	s->disk = sim_disk_new(seed);
	s->world = world_new(s);
	s->oracle = oracle_new(s);
	return s;
}

void sim_free(struct sim *s)
{
	if (s->core)
		end_life(s);
	for (size_t i = 0; i < s->n_heap; i++) {
		if (s->heap[i].fn == land || s->heap[i].fn == arrive)
			flight_free(s->heap[i].arg);
	}
	free(s->heap);
	map_each (&s->files, e)
		free(e->value);
	map_done(&s->files);
	oracle_free(s->oracle);
	world_free(s->world);
	sim_disk_free(s->disk);
	free(s);
}
