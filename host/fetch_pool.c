/*
 * Threads take pieces in order, rule after rule. What has come waits until all earlier pieces of
 * its rule are fed; whoever completes the sequence feeds.
 */
#include "host/fetch_pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "host/lazy_curl.h"

#define PIECE_STEPS 5000 /* Prometheus refuses more than 11,000 points a series */
#define THREADS_MAX 16
#define TRIES 3

enum piece_state { PIECE_WAITS, PIECE_ASKED, PIECE_THERE, PIECE_FED };

struct piece {
	ms_t from, to;
	enum piece_state state;
	struct arena arena; /* of the result, while it is there */
	struct result result;
};

/* One rule's pieces. */
struct track {
	struct fetch_job *job;
	struct piece *v;
	size_t n;
	size_t fed;   /* pieces that were */
	bool feeding; /* a thread is at it */
};

struct pool {
	const struct fetch_options *o;
	struct track *tracks;
	size_t n_tracks;
	size_t at_track, at_piece; /* what is asked next */
	size_t total, done;
	pthread_mutex_t mutex;
	double next_query; /* seconds of the monotonic clock */
	double started;
	bool answered;	/* Prometheus has, once: then silence is worth another try */
	struct err err; /* a thread could not begin */
	bool failed;
};

static double clock_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sleep_seconds(double s)
{
	struct timespec t = {.tv_sec = (time_t)s, .tv_nsec = (long)((s - (double)(time_t)s) * 1e9)};

	nanosleep(&t, NULL);
}

/* ---- pieces ------------------------------------------------------------------------------------
 */

static void track_init(struct track *t, struct fetch_job *job, ms_t longest)
{
	ms_t interval = job->backtest->group->interval;
	ms_t steps = MIN(MAX(longest / interval, (ms_t)1), (ms_t)PIECE_STEPS);
	size_t n = (size_t)((job->to - job->from) / (steps * interval)) + 1;

	*t = (struct track){.job = job, .v = mem_alloc(n * sizeof(struct piece))};
	for (ms_t from = job->from; from <= job->to; from += steps * interval) {
		struct piece *p = &t->v[t->n++];

		CHECK(t->n <= n);
		p->from = from;
		p->to = MIN(from + (steps - 1) * interval, job->to);
		arena_init(&p->arena);
	}
}

static void track_done(struct track *t)
{
	for (size_t i = 0; i < t->n; i++)
		arena_done(&t->v[i].arena);
	free(t->v);
}

/* The next piece to ask; NULL: there is none. Rules that have failed are passed over. */
static struct piece *take(struct pool *p, struct track **track)
{
	for (; p->at_track < p->n_tracks; p->at_track++, p->at_piece = 0) {
		struct track *t = &p->tracks[p->at_track];

		if (t->job->error[0] && p->at_piece < t->n) {
			p->done += t->n - p->at_piece;
			continue;
		}
		if (p->at_piece == t->n)
			continue;
		*track = t;
		t->v[p->at_piece].state = PIECE_ASKED;
		return &t->v[p->at_piece++];
	}
	return NULL;
}

/* ---- progress ----------------------------------------------------------------------------------
 */

static void show(const struct pool *p)
{
	double spent = clock_seconds() - p->started;
	double left = p->done ? spent / (double)p->done * (double)(p->total - p->done) : 0;
	size_t width = 30, full = p->total ? p->done * width / p->total : width;

	if (!p->o->progress)
		return;
	fprintf(stderr, "\r[");
	for (size_t i = 0; i < width; i++)
		fputc(i < full ? '#' : '.', stderr);
	fprintf(stderr, "] %zu of %zu queries", p->done, p->total);
	if (p->done && p->done < p->total)
		fprintf(stderr, ", about %.0f s left", left);
	fprintf(stderr, "\x1b[K");
	if (p->done == p->total)
		fputc('\n', stderr);
}

/* ---- a thread ----------------------------------------------------------------------------------
 */

/* Waits for its turn by --max-qps; the mutex is held and given back meanwhile. */
static void wait_turn(struct pool *p)
{
	double now = clock_seconds(), at = MAX(now, p->next_query);

	if (p->o->max_qps <= 0)
		return;
	p->next_query = at + 1 / p->o->max_qps;
	pthread_mutex_unlock(&p->mutex);
	if (at > now)
		sleep_seconds(at - now);
	pthread_mutex_lock(&p->mutex);
}

static bool fetch(struct prom_client *c, const struct track *t, struct piece *piece, int tries,
		  struct err *err)
{
	const struct rule_group *g = t->job->backtest->group;
	struct prom_question q = {.expr = t->job->backtest->rule->query,
				  .start = piece->from - g->query_offset,
				  .end = piece->to - g->query_offset,
				  .step = g->interval};

	for (int i = 0; i < tries; i++) {
		arena_clear(&piece->arena);
		if (prom_client_query(c, &q, &piece->arena, &piece->result, NULL, err))
			return true;
		/* What Prometheus said no to, it will say no to again. */
		if (!str_starts(str_of(err->msg), "cannot ask"))
			return false;
		if (i + 1 < tries)
			sleep_seconds(i + 1);
	}
	return false;
}

/* Feeds what is there in order; one thread at a time for each rule. The mutex is held. */
static void feed(struct pool *p, struct track *t)
{
	if (t->feeding)
		return;
	t->feeding = true;
	while (t->fed < t->n && t->v[t->fed].state == PIECE_THERE) {
		struct piece *piece = &t->v[t->fed];

		pthread_mutex_unlock(&p->mutex);
		backtest_feed(t->job->backtest, &piece->result, piece->from, piece->to);
		arena_done(&piece->arena);
		pthread_mutex_lock(&p->mutex);
		arena_init(&piece->arena);
		piece->state = PIECE_FED;
		t->fed++;
	}
	t->feeding = false;
}

static void work(struct pool *p, struct prom_client *c)
{
	struct track *t;
	struct piece *piece;

	while (!p->failed && (piece = take(p, &t))) {
		int tries = p->answered ? TRIES : 1;
		struct err err;
		bool ok;

		wait_turn(p);
		pthread_mutex_unlock(&p->mutex);
		ok = fetch(c, t, piece, tries, &err);
		pthread_mutex_lock(&p->mutex);
		p->done++;
		p->answered |= ok;
		if (ok)
			piece->state = PIECE_THERE;
		else if (!t->job->error[0])
			snprintf(t->job->error, sizeof(t->job->error), "%s", err.msg);
		feed(p, t);
		show(p);
	}
}

static void *thread(void *arg)
{
	struct pool *p = arg;
	struct err err;
	OWNED(prom_client) c = prom_client_new(&p->o->client, &err);

	pthread_mutex_lock(&p->mutex);
	if (c) {
		work(p, c);
	} else {
		p->failed = true;
		p->err = err;
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

bool fetch_all(const struct fetch_options *o, struct fetch_job *jobs, size_t n, struct err *err)
{
	struct pool p = {.o = o,
			 .tracks = mem_alloc((n + 1) * sizeof(struct track)),
			 .n_tracks = n,
			 .started = clock_seconds()};
	size_t threads = MIN(MAX(o->parallel, (size_t)1), (size_t)THREADS_MAX), started = 0;
	pthread_t ids[THREADS_MAX];

	lazy_curl_load();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	pthread_mutex_init(&p.mutex, NULL);
	for (size_t i = 0; i < n; i++) {
		track_init(&p.tracks[i], &jobs[i], o->piece);
		p.total += p.tracks[i].n;
	}
	while (started < threads && pthread_create(&ids[started], NULL, thread, &p) == 0)
		started++;
	for (size_t i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	for (size_t i = 0; i < n; i++)
		track_done(&p.tracks[i]);
	free(p.tracks);
	pthread_mutex_destroy(&p.mutex);
	if (started == 0)
		return err_set(err, -1, "cannot start a thread");
	if (p.failed)
		*err = p.err;
	return !p.failed;
}
