/* Names to addresses: see dns.h. The channel is made with the first name that needs it. */
#include "host/dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "host/url.h"

#define TTL_LEAST (5 * SECOND)
#define TTL_MOST (5 * MINUTE)
#define PATIENCE 500	  /* before old addresses are used */
#define FAILED_FOR SECOND /* after a lookup that failed */
#define NAMES_MOST 10000  /* remembered; then all idle ones are forgotten */
#define ADDRESSES_MOST 16 /* of one name */

struct dns_name {
	struct dns *dns;
	char *host;	      /* owned */
	struct buf addresses; /* the last good ones */
	ms_t fresh_until;     /* mono */
	bool asking;
	struct dns_query *waiting;
	char error[200];
};

struct dns_fd {
	struct loop_fd f;
	struct dns *dns;
	struct dns_fd *next;
};

struct dns {
	struct loop *loop;
	ares_channel channel;
	bool open;
	char *servers;
	struct map names;
	struct dns_fd *fds;
	struct timer timeout;
};

struct dns *dns_new(struct loop *l)
{
	struct dns *d = MEM_NEW(struct dns);

	d->loop = l;
	map_init(&d->names);
	return d;
}

void dns_use_servers(struct dns *d, const char *csv)
{
	d->servers = mem_str(str_of(csv));
}

bool dns_needed(struct str host)
{
	return !url_is_address(host) && !url_is_localhost(host);
}

static void on_timeout(struct timer *t, struct now now);

static void arm(struct dns *d, struct now now)
{
	struct timeval tv, *t = ares_timeout(d->channel, NULL, &tv);

	if (t)
		timer_set(&d->loop->timers, &d->timeout, TIMER_MONO,
			  now.mono + t->tv_sec * 1000 + t->tv_usec / 1000 + 1, on_timeout);
	else
		timer_stop(&d->loop->timers, &d->timeout);
}

static void on_timeout(struct timer *t, struct now now)
{
	struct dns *d = CONTAINER(t, struct dns, timeout);

	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm(d, now);
}

static void on_ready(struct loop_fd *f, struct now now, uint32_t events)
{
	struct dns_fd *fd = CONTAINER(f, struct dns_fd, f);
	struct dns *d = fd->dns;
	bool in = events & (EPOLLIN | EPOLLERR | EPOLLHUP);

	ares_process_fd(d->channel, in ? f->fd : ARES_SOCKET_BAD,
			events & EPOLLOUT ? f->fd : ARES_SOCKET_BAD);
	arm(d, now);
}

/* c-ares opens, wants or closes a socket. */
static void on_socket(void *arg, ares_socket_t s, int readable, int writable)
{
	struct dns *d = arg;
	uint32_t want = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
	struct dns_fd **at = &d->fds;

	while (*at && (*at)->f.fd != s)
		at = &(*at)->next;

	struct dns_fd *fd = *at;

	if (fd && want) {
		loop_change(d->loop, &fd->f, want);
	} else if (fd) {
		*at = fd->next;
		loop_remove(d->loop, &fd->f);
		free(fd);
	} else if (want) {
		fd = MEM_NEW(struct dns_fd);
		fd->f = (struct loop_fd){.fd = s, .ready = on_ready};
		fd->dns = d;
		fd->next = d->fds;
		d->fds = fd;
		loop_add(d->loop, &fd->f, want);
	}
}

static bool open_channel(struct dns *d)
{
	struct ares_options o = {.timeout = 1500,
				 .tries = 3,
				 .sock_state_cb = on_socket,
				 .sock_state_cb_data = d};

	if (d->open)
		return true;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return false;
	if (ares_init_options(&d->channel, &o,
			      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
	    ARES_SUCCESS) {
		ares_library_cleanup();
		return false;
	}
	if (d->servers)
		ares_set_servers_ports_csv(d->channel, d->servers);
	d->open = true;
	return true;
}

static void query_unlink(struct dns *d, struct dns_query *q)
{
	timer_stop(&d->loop->timers, &q->impatient);
	*q->link = q->next;
	if (q->next)
		q->next->link = q->link;
	q->name = NULL;
}

static void query_answer(struct dns *d, struct dns_query *q, struct now now)
{
	struct dns_name *n = q->name;
	struct str addresses = buf_str(&n->addresses);

	query_unlink(d, q);
	q->done(q, now, addresses, addresses.n ? STR("") : str_of(n->error));
}

static void answer_all(struct dns_name *n, struct now now)
{
	while (n->waiting)
		query_answer(n->dns, n->waiting, now);
}

static void put_address(struct buf *b, const struct sockaddr *sa)
{
	char text[INET6_ADDRSTRLEN];

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
		buf_printf(b, "%s%s", b->n ? "," : "", text);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;

		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
		buf_printf(b, "%s[%s]", b->n ? "," : "", text);
	}
}

/* Takes over what was found; the TTL is the shortest of the addresses. */
static ms_t take_addresses(struct dns_name *n, const struct ares_addrinfo *found)
{
	ms_t ttl = TTL_MOST;
	int count = 0;

	buf_clear(&n->addresses);
	for (const struct ares_addrinfo_node *a = found->nodes; a; a = a->ai_next) {
		if (count++ == ADDRESSES_MOST)
			break;
		put_address(&n->addresses, a->ai_addr);
		ttl = MIN(ttl, (ms_t)a->ai_ttl * 1000);
	}
	return MAX(ttl, TTL_LEAST);
}

static void on_found(void *arg, int status, int timeouts, struct ares_addrinfo *found)
{
	struct dns_name *n = arg;
	struct now now = n->dns->loop->now;

	(void)timeouts;
	n->asking = false;
	if (status == ARES_SUCCESS && found && found->nodes) {
		n->fresh_until = now.mono + take_addresses(n, found);
	} else {
		snprintf(n->error, sizeof(n->error), "cannot resolve %.100s: %s", n->host,
			 ares_strerror(status));
		n->fresh_until = now.mono + FAILED_FOR;
	}
	ares_freeaddrinfo(found);
	if (status != ARES_EDESTRUCTION)
		answer_all(n, now);
}

static void on_impatient(struct timer *t, struct now now)
{
	struct dns_query *q = CONTAINER(t, struct dns_query, impatient);

	query_answer(q->name->dns, q, now);
}

static void name_free(struct dns_name *n)
{
	buf_done(&n->addresses);
	free(n->host);
	free(n);
}

static void forget_idle(struct dns *d)
{
	map_each (&d->names, e) {
		struct dns_name *n = e->value;

		if (n->asking || n->waiting)
			continue;
		map_delete(&d->names, e->key);
		name_free(n);
	}
}

static struct dns_name *name_of(struct dns *d, struct str host)
{
	struct dns_name *n = map_get(&d->names, host);

	if (n)
		return n;
	if (d->names.n >= NAMES_MOST)
		forget_idle(d);
	n = MEM_NEW(struct dns_name);
	n->dns = d;
	buf_init(&n->addresses, 4096);
	map_put(&d->names, host, n);
	n->host = mem_str(host);
	return n;
}

static void lookup(struct dns *d, struct dns_name *n, struct now now)
{
	struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

	if (!open_channel(d)) {
		snprintf(n->error, sizeof(n->error), "cannot start the resolver");
		return;
	}
	n->asking = true;
	ares_getaddrinfo(d->channel, n->host, NULL, &hints, on_found, n);
	arm(d, now);
}

bool dns_ask(struct dns *d, struct dns_query *q, struct now now, struct str host,
	     struct str *addresses)
{
	struct dns_name *n = name_of(d, host);

	if (n->addresses.n && now.mono < n->fresh_until) {
		*addresses = buf_str(&n->addresses);
		return true;
	}
	if (!n->asking && (n->addresses.n || now.mono >= n->fresh_until))
		lookup(d, n, now);
	if (!n->asking && n->addresses.n) {
		*addresses = buf_str(&n->addresses);
		return true;
	}
	q->name = n;
	q->next = n->waiting;
	if (q->next)
		q->next->link = &q->next;
	q->link = &n->waiting;
	n->waiting = q;
	if (!n->asking) /* failed at once; done must not come from in here */
		timer_set(&d->loop->timers, &q->impatient, TIMER_MONO, now.mono, on_impatient);
	else if (n->addresses.n)
		timer_set(&d->loop->timers, &q->impatient, TIMER_MONO, now.mono + PATIENCE,
			  on_impatient);
	return false;
}

void dns_drop(struct dns *d, struct dns_query *q)
{
	if (q->name)
		query_unlink(d, q);
}

void dns_free(struct dns *d)
{
	if (!d)
		return;
	if (d->open) {
		ares_destroy(d->channel);
		ares_library_cleanup();
	}
	timer_stop(&d->loop->timers, &d->timeout);
	map_each (&d->names, e) {
		struct dns_name *n = e->value;

		name_free(n);
	}
	map_done(&d->names);
	free(d->servers);
	free(d);
}
