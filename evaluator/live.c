/* Live queries and commands of runbooks; see live.h. */
#include "evaluator/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"
#include "evaluator/config.h"
#include "evaluator/core_private.h"
#include "evaluator/prom.h"
#include "notify/notify.h"

#define TEXT_MAX 2000	/* of a value */
#define OUTPUT_MAX 4000 /* of a command, that is kept */
#define REPLY_MAX 8192

/* A query somebody has looked at. */
struct query {
	struct live *live;
	char *expr;
	struct prom_query query;
	struct vector vector;
	bool asking;
	ms_t asked_mono; /* when it was last asked or looked at */
	ms_t at;
	char *text, *error; /* NULL: none */
};

/* A command that waits for the disk, or runs. */
struct run {
	struct live *live;
	struct run *next;
	struct io_call call;
	struct arena arena;
	uint64_t incident, turn;
	struct step_name name; /* in the arena, as is argv */
	struct str *argv;
	size_t n_argv;
	bool running;
};

struct live {
	struct core *core;
	bool may_run, stopped;
	struct map queries; /* by text */
	size_t asking;
	struct run *runs;
};

struct live *live_new(struct core *c, bool may_run)
{
	struct live *l = MEM_NEW(struct live);

	l->core = c;
	l->may_run = may_run;
	map_init(&l->queries);
	return l;
}

static void query_free(struct query *q)
{
	q->live->asking -= q->asking;
	prom_query_free(&q->query);
	vector_done(&q->vector);
	free(q->expr);
	free(q->text);
	free(q->error);
	free(q);
}

static void run_free(struct run *r)
{
	struct run **at = &r->live->runs;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	io_cancel(r->live->core->io, &r->call);
	arena_done(&r->arena);
	free(r);
}

void live_configure(struct live *l)
{
	map_each (&l->queries, e)
		query_free(e->value);
	map_clear(&l->queries);
}

void live_stop(struct live *l)
{
	l->stopped = true;
	live_configure(l);
	while (l->runs)
		run_free(l->runs);
}

void live_free(struct live *l)
{
	if (!l)
		return;
	live_stop(l);
	map_done(&l->queries);
	free(l);
}

/* ---- values -------------------------------------------------------------------------------- */
static void put_vector(struct buf *b, const struct vector *v)
{
	if (!v->n)
		buf_adds(b, "nothing");
	for (size_t i = 0; i < MIN(v->n, (size_t)LIVE_SERIES); i++) {
		const struct sample *s = &v->v[i];

		if (i)
			buf_addc(b, '\n');
		if (s->labels.n) {
			labels_put(b, s->labels, true);
			buf_addc(b, ' ');
		}
		if (s->h)
			buf_adds(b, "(histogram)");
		else
			num_put_float(b, s->v, 'g', 6);
	}
	if (v->n > LIVE_SERIES)
		buf_printf(b, "\nand %zu more", v->n - LIVE_SERIES);
}

static void set(char **at, struct str text)
{
	free(*at);
	*at = mem_str(text);
}

static void on_value(struct prom_query *pq, struct now now, enum prom_end end,
		     const struct err *err)
{
	struct query *q = CONTAINER(pq, struct query, query);
	struct buf b;

	q->asking = false;
	q->live->asking--;
	if (end == PROM_ANSWER) {
		buf_init(&b, TEXT_MAX);
		put_vector(&b, &q->vector);
		set(&q->text, buf_str(&b));
		buf_done(&b);
		q->at = now.wall;
		free(TAKE(q->error));
	} else {
		set(&q->error, str_of(err->msg));
	}
	vector_clear(&q->vector);
	core_changed(q->live->core);
}

/* Room for another one: what nobody looks at goes. */
static void make_room(struct live *l)
{
	struct query *oldest = NULL;

	if (l->queries.n < LIVE_QUERIES)
		return;
	map_each (&l->queries, e) {
		struct query *q = e->value;

		if (!q->asking && (!oldest || q->asked_mono < oldest->asked_mono))
			oldest = q;
	}
	if (oldest) {
		map_delete(&l->queries, str_of(oldest->expr));
		query_free(oldest);
	}
}

static struct query *query_of(struct live *l, struct str expr)
{
	struct query *q = map_get(&l->queries, expr);

	if (q)
		return q;
	make_room(l);
	q = MEM_NEW(struct query);
	q->live = l;
	q->expr = mem_str(expr);
	q->at = q->asked_mono = MS_NONE;
	vector_init(&q->vector);
	map_put(&l->queries, expr, q);
	return q;
}

void core_live(struct core *c, struct now now, struct str query, struct live_value *out)
{
	struct live *l = c->live;
	struct query *q = query_of(l, query);
	bool old = q->asked_mono == MS_NONE || now.mono - q->asked_mono >= LIVE_AGE;
	bool can = c->config && c->config->has_prometheus && !l->stopped;

	if (old && can && !q->asking && l->asking < LIVE_AT_ONCE) {
		q->asking = true;
		q->asked_mono = now.mono;
		l->asking++;
		prom_query_start(&q->query, c->prom, str_of(q->expr), now.wall, &q->vector,
				 on_value);
	}
	*out = (struct live_value){.asking = q->asking || (old && can),
				   .at = q->at,
				   .text = str_of(q->text),
				   .error = can ? str_of(q->error)
						: STR("there is no Prometheus to ask")};
}

/* ---- commands ------------------------------------------------------------------------------ */
bool core_may_run(const struct core *c)
{
	return c->live->may_run;
}

bool core_step_runs(const struct core *c, uint64_t incident, struct str step)
{
	for (const struct run *r = c->live->runs; r; r = r->next) {
		if (r->incident == incident && str_eq(r->name.step, step))
			return true;
	}
	return false;
}

static size_t count_runs(const struct live *l)
{
	size_t n = 0;

	for (const struct run *r = l->runs; r; r = r->next)
		n++;
	return n;
}

/* Text that can be shown: what is no UTF-8 and no text becomes a question mark. */
static void put_output(struct buf *b, struct str s)
{
	struct str shown = str_cut(s, 0, MIN(s.n, (size_t)OUTPUT_MAX));
	size_t cut = 0;

	while (cut < 4 && shown.n > cut && shown.n < s.n &&
	       !str_is_utf8(str_cut(shown, 0, shown.n - cut)))
		cut++;
	shown.n -= cut < 4 ? cut : 0;

	bool ok = str_is_utf8(shown);

	for (size_t i = 0; i < shown.n; i++) {
		unsigned char c = (unsigned char)shown.p[i];
		bool bad = (c < ' ' && c != '\n' && c != '\t') || c == 0x7f || (!ok && c >= 0x80);

		buf_addc(b, bad ? '?' : shown.p[i]);
	}
	if (shown.n < s.n)
		buf_adds(b, "\n(cut here)");
}

static void on_end(struct io_call *call, struct now now, const struct io_reply *reply)
{
	struct run *r = CONTAINER(call, struct run, call);
	struct core *c = r->live->core;
	struct buf how, output;

	buf_init(&how, 1000);
	buf_init(&output, BUF_MAX_ANY);
	if (reply->outcome == IO_REPLIED)
		buf_printf(&how, "status %d", reply->status - IO_EXEC_STATUS);
	else
		put_output(&how, str_cut(reply->error, 0, MIN(reply->error.n, (size_t)300)));
	buf_adds(&how, " after ");
	num_put_duration(&how, reply->took / 100 * 100);
	put_output(&output, reply->body);
	oncall_step_ran(notify_oncall(c->notify), now, r->incident, &r->name, buf_str(&how),
			buf_str(&output));
	buf_done(&how);
	buf_done(&output);
	run_free(r);
	core_changed(c);
}

static void begin(struct run *r)
{
	struct io_request req = {.method = STR("EXEC"),
				 .url = STR("exec:"),
				 .argv = r->argv,
				 .n_argv = r->n_argv,
				 .timeout = RUN_TIMEOUT,
				 .max_reply = REPLY_MAX,
				 .lane = IO_LANE_QUERY};

	r->running = true;
	r->call.on_done = on_end;
	io_fetch(r->live->core->io, &r->call, &req);
}

void live_committed(struct live *l, uint64_t durable_turn)
{
	for (struct run *r = l->runs; r; r = r->next) {
		if (!r->running && r->turn <= durable_turn)
			begin(r);
	}
}

static void add_run(struct live *l, uint64_t incident, const struct runbook *rb,
		    const struct runbook_step *s)
{
	struct run *r = MEM_NEW(struct run);

	r->live = l;
	r->incident = incident;
	r->turn = core_turn(l->core);
	arena_init(&r->arena);
	r->name = (struct step_name){arena_str(&r->arena, rb->name), arena_str(&r->arena, s->id),
				     arena_str(&r->arena, s->words)};
	r->n_argv = s->n_argv;
	r->argv = ARENA_ARRAY(&r->arena, struct str, s->n_argv);
	for (size_t i = 0; i < s->n_argv; i++)
		r->argv[i] = arena_str(&r->arena, s->argv[i]);
	r->next = l->runs;
	l->runs = r;
}

enum run_result core_run_step(struct core *c, struct now now, uint64_t incident,
			      const struct runbook *r, const struct runbook_step *s,
			      struct actor by)
{
	struct step_name name = step_name_of(r, s);

	if (!c->live->may_run)
		return RUN_OFF;
	if (s->kind != RUNBOOK_COMMAND || !s->n_argv)
		return RUN_NO;
	if (c->live->stopped || core_step_runs(c, incident, s->id) ||
	    count_runs(c->live) >= RUN_AT_ONCE)
		return RUN_BUSY;
	if (oncall_step_run(notify_oncall(c->notify), now, incident, &name, s->code, by) !=
	    ONCALL_DONE)
		return RUN_UNKNOWN;
	add_run(c->live, incident, r, s);
	core_changed(c);
	return RUN_BEGUN;
}
