/* Worker threads: see worker.h. Two lists behind one lock, an eventfd towards the loop. */
#include "host/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

#define STACK_BYTES (512 * 1024)

struct job_list {
	struct job *first, **last;
};

struct worker {
	struct loop *loop;
	struct loop_fd event; /* readable: there are jobs in `over` */
	const char *name;
	pthread_t thread;
	bool started;
	size_t open;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t work;
	struct job_list todo, over;
	bool stop;
};

static void list_init(struct job_list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void list_put(struct job_list *l, struct job *j)
{
	j->next = NULL;
	*l->last = j;
	l->last = &j->next;
}

static struct job *list_get(struct job_list *l)
{
	struct job *j = l->first;

	if (j) {
		l->first = j->next;
		if (!l->first)
			l->last = &l->first;
	}
	return j;
}

static void finish_all(struct worker *w, struct now now)
{
	for (;;) {
		pthread_mutex_lock(&w->lock);

		struct job *j = list_get(&w->over);

		pthread_mutex_unlock(&w->lock);
		if (!j)
			return;
		w->open--;
		j->done(j, now);
	}
}

static void on_event(struct loop_fd *f, struct now now, uint32_t events)
{
	struct worker *w = CONTAINER(f, struct worker, event);
	uint64_t n;

	(void)events;
	if (read(f->fd, &n, sizeof(n)) > 0)
		finish_all(w, now);
}

struct worker *worker_new(struct loop *l, const char *name)
{
	struct worker *w = MEM_NEW(struct worker);

	w->loop = l;
	w->name = name;
	w->event =
		(struct loop_fd){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = on_event};
	CHECK(w->event.fd >= 0);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	list_init(&w->todo);
	list_init(&w->over);
	loop_add(l, &w->event, EPOLLIN);
	return w;
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;
	uint64_t one = 1;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct job *j = w->stop ? NULL : list_get(&w->todo);

		if (w->stop)
			break;
		if (!j) {
			pthread_cond_wait(&w->work, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		j->run(j);
		pthread_mutex_lock(&w->lock);
		list_put(&w->over, j);
		CHECK(write(w->event.fd, &one, sizeof(one)) == sizeof(one));
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void start(struct worker *w)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	CHECK(pthread_create(&w->thread, &attr, thread_main, w) == 0);
	pthread_setname_np(w->thread, w->name);
	pthread_attr_destroy(&attr);
	w->started = true;
}

void worker_put(struct worker *w, struct job *j)
{
	if (!w->started)
		start(w);
	pthread_mutex_lock(&w->lock);
	list_put(&w->todo, j);
	w->open++;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}

size_t worker_open(const struct worker *w)
{
	return w->open;
}

bool worker_drain(struct worker *w, ms_t most)
{
	struct now now = loop_clocks();
	ms_t until = now.mono + most;

	while (w->open && now.mono < until) {
		struct pollfd p = {.fd = w->event.fd, .events = POLLIN};

		poll(&p, 1, (int)(until - now.mono));
		now = loop_clocks();
		on_event(&w->event, now, 0);
	}
	return w->open == 0;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	if (w->started) {
		pthread_mutex_lock(&w->lock);
		w->stop = true;
		pthread_cond_signal(&w->work);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
	}

	struct now now = loop_clocks();

	finish_all(w, now);
	for (struct job *j; (j = list_get(&w->todo));)
		j->done(j, now);
	loop_remove(w->loop, &w->event);
	close(w->event.fd);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->work);
	free(w);
}
