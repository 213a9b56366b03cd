/*
 * A CURLM in the loop: see curl_sockets.h.
 *
 * curl 7.88 closes a socket that is still connecting without a word (its close callback is for
 * connected ones); that it is no longer wanted it does say. So a struct sock may outlive its
 * descriptor, unused and out of the loop, until the number comes again.
 */
#include "host/curl_sockets.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

struct sock {
	struct loop_fd f;
	struct curl_sockets *owner;
	uint32_t events; /* registered with the loop; 0: not there */
	bool used;	 /* curl waits for it */
};

struct curl_sockets {
	struct loop *loop;
	CURLM *multi;
	struct timer timer;
	bool kick;	     /* curl wants to be called at once */
	bool busy;	     /* inside curl */
	struct sock **socks; /* by descriptor */
	size_t socks_cap;
};

static struct sock *sock_of(struct curl_sockets *s, int fd)
{
	return (size_t)fd < s->socks_cap ? s->socks[fd] : NULL;
}

static void leave_loop(struct sock *k)
{
	if (k->events)
		loop_remove(k->owner->loop, &k->f);
	k->events = 0;
}

static void action(struct curl_sockets *s, curl_socket_t fd, int mask)
{
	int running;

	CHECK(!s->busy);
	s->busy = true;
	curl_multi_socket_action(s->multi, fd, mask, &running);
	s->busy = false;
}

static void on_ready(struct loop_fd *f, struct now now, uint32_t events)
{
	struct sock *k = CONTAINER(f, struct sock, f);
	int mask = (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
		   (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
		   (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR | CURL_CSELECT_IN : 0);

	(void)now;
	if (!k->used)
		leave_loop(
			k); /* a resting connection was closed: curl finds out when it needs it */
	else
		action(k->owner, f->fd, mask);
}

static struct sock *sock_new(struct curl_sockets *s, int fd)
{
	struct sock *k = MEM_NEW(struct sock);

	if ((size_t)fd >= s->socks_cap) {
		size_t old = s->socks_cap;

		s->socks =
			mem_reserve(s->socks, &s->socks_cap, (size_t)fd + 1, sizeof(struct sock *));
		for (size_t i = old; i < s->socks_cap; i++)
			s->socks[i] = NULL;
	}
	k->f = (struct loop_fd){.fd = fd, .ready = on_ready};
	k->owner = s;
	s->socks[fd] = k;
	return k;
}

/* curl says what it waits for on a socket. */
static int on_socket(CURL *curl, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct curl_sockets *s = arg;
	struct sock *k = sock_of(s, fd);
	uint32_t want =
		(what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);

	(void)curl;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		if (k)
			k->used = false;
		if (k && k->events != EPOLLIN)
			leave_loop(k);
		return 0;
	}
	if (!k)
		k = sock_new(s, fd);
	k->used = true;
	if (!k->events)
		loop_add(s->loop, &k->f, want);
	else if (k->events != want)
		loop_change(s->loop, &k->f, want);
	k->events = want;
	return 0;
}

static int on_close(void *arg, curl_socket_t fd)
{
	struct curl_sockets *s = arg;
	struct sock *k = sock_of(s, fd);

	if (k) {
		leave_loop(k);
		s->socks[fd] = NULL;
		free(k);
	}
	return close(fd);
}

static void on_time(struct timer *t, struct now now)
{
	(void)now;
	CONTAINER(t, struct curl_sockets, timer)->kick = true;
}

static int on_timer(CURLM *multi, long wait, void *arg)
{
	struct curl_sockets *s = arg;

	(void)multi;
	s->kick = wait == 0;
	if (wait > 0)
		timer_set(&s->loop->timers, &s->timer, TIMER_MONO, s->loop->now.mono + wait,
			  on_time);
	else
		timer_stop(&s->loop->timers, &s->timer);
	return 0;
}

struct curl_sockets *curl_sockets_new(struct loop *l, long max_connections)
{
	struct curl_sockets *s = MEM_NEW(struct curl_sockets);

	s->loop = l;
	s->multi = curl_multi_init();
	CHECK(s->multi);
	curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
	curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
	curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, max_connections);
	return s;
}

void curl_sockets_free(struct curl_sockets *s)
{
	if (!s)
		return;
	curl_multi_cleanup(s->multi);
	timer_stop(&s->loop->timers, &s->timer);
	for (size_t i = 0; i < s->socks_cap; i++)
		free(s->socks[i]); /* of connections that were given up while connecting */
	free(s->socks);
	free(s);
}

void curl_sockets_add(struct curl_sockets *s, CURL *curl)
{
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, s);
	CHECK(curl_multi_add_handle(s->multi, curl) == CURLM_OK);
}

void curl_sockets_remove(struct curl_sockets *s, CURL *curl)
{
	CHECK(!s->busy);
	CHECK(curl_multi_remove_handle(s->multi, curl) == CURLM_OK);
}

bool curl_sockets_busy(const struct curl_sockets *s)
{
	return s->busy;
}

void curl_sockets_kick(struct curl_sockets *s)
{
	for (int i = 0; s->kick && i < 4; i++) {
		s->kick = false;
		action(s, CURL_SOCKET_TIMEOUT, 0);
	}
	if (s->kick) /* again, in the next turn */
		timer_set(&s->loop->timers, &s->timer, TIMER_MONO, s->loop->now.mono, on_time);
}

CURL *curl_sockets_finished(struct curl_sockets *s, CURLcode *code)
{
	for (;;) {
		int left;
		CURLMsg *m = curl_multi_info_read(s->multi, &left);

		if (!m)
			return NULL;
		if (m->msg != CURLMSG_DONE)
			continue;
		*code = m->data.result;
		return m->easy_handle;
	}
}
