/*
 * Listening, TLS, MHD's daemons in the loop, deadlines: see http_in.h. What happens within one
 * request is in http_request.c.
 */
#include "host/http_in.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "host/files.h"
#include "host/http_request.h"
#include "host/lazy_gnutls.h"

#define BACKLOG 128
#define CONNECTION_BYTES 32768 /* MHD's memory for one: head of request and of answer */
#define SPINS_MOST 8	       /* "at once" without an event: see http_in.h */
#define SPIN_WAIT 5
#define LOOK_AGAIN SECOND /* at the files of the web configuration, at most so often */
#define CERT_BYTES ((size_t)1 << 20)

/* One MHD daemon. Old ones (the certificate has changed) serve what they have. */
struct mhd {
	struct server *server;
	struct MHD_Daemon *daemon;
	struct loop_fd f;
	bool ready; /* its epoll has something */
	int spins;
	ms_t retired_at; /* mono; MS_NONE: in use */
	struct mhd *next;
	struct arena arena; /* certificates */
};

struct server {
	struct http_in *in;
	int fd;
	struct mhd *mhds; /* the one in use first */
};

/* ---- addresses ----------------------------------------------------------------------------- */

static bool split_address(struct str text, struct arena *a, char **host, char **port)
{
	ptrdiff_t at = -1;
	uint64_t n;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == ':')
			at = (ptrdiff_t)i;
	}
	if (at < 0 || num_uint(str_from(text, (size_t)at + 1), 10, &n) != NUM_OK || n > 65535)
		return false;

	struct str h = str_cut(text, 0, (size_t)at);

	if (str_starts(h, "[") && str_ends(h, "]"))
		h = str_cut(h, 1, h.n - 1);
	*host = arena_cstr(a, h);
	*port = arena_cstr(a, str_from(text, (size_t)at + 1));
	return true;
}

static int try_listen(const struct addrinfo *ai, bool any)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6 && any)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;

	int e = errno;

	close(fd);
	errno = e;
	return -1;
}

/* No host: both families through one IPv6 socket, or IPv4 where there is no IPv6. */
static bool listen_on(struct http_in *h, struct str text, int *out, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found = NULL;
	char *host, *port;

	if (!split_address(text, &h->arena, &host, &port))
		return err_set(err, -1, "\"%.*s\" is no address to listen on: host:port or :port",
			       STR_ARG(text));
	if (!*host)
		hints.ai_family = AF_INET6;

	int rc = getaddrinfo(*host ? host : "::", port, &hints, &found);
	int fd = rc == 0 ? try_listen(found, !*host || strcmp(host, "::") == 0) : -1;

	if (found)
		freeaddrinfo(found);
	if (fd < 0 && !*host && (rc != 0 || errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)) {
		hints.ai_family = AF_INET;
		found = NULL;
		rc = getaddrinfo("0.0.0.0", port, &hints, &found);
		fd = rc == 0 ? try_listen(found, false) : -1;
		if (found)
			freeaddrinfo(found);
	}
	if (fd < 0)
		return err_set(err, -1, "cannot listen on %.*s: %s", STR_ARG(text),
			       rc ? gai_strerror(rc) : strerror(errno));
	*out = fd;
	return true;
}

static void put_sockaddr(struct buf *b, const struct sockaddr_storage *sa)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (sa->ss_family == AF_INET6) {
		const struct sockaddr_in6 *a = (const void *)sa;

		inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof(text));
		buf_printf(b, "[%s]:%d", text, ntohs(a->sin6_port));
	} else {
		const struct sockaddr_in *a = (const void *)sa;

		inet_ntop(AF_INET, &a->sin_addr, text, sizeof(text));
		buf_printf(b, "%s:%d", text, ntohs(a->sin_port));
	}
}

struct str http_in_address(const struct http_in *h, size_t i, struct arena *a)
{
	struct sockaddr_storage sa = {0};
	socklen_t n = sizeof(sa);
	struct buf b;

	buf_init(&b, 100);
	getsockname(h->servers[i].fd, (struct sockaddr *)&sa, &n);
	put_sockaddr(&b, &sa);

	struct str s = arena_str(a, buf_str(&b));

	buf_done(&b);
	return s;
}

int http_in_port(const struct http_in *h, size_t i)
{
	struct sockaddr_storage sa = {0};
	socklen_t n = sizeof(sa);

	getsockname(h->servers[i].fd, (struct sockaddr *)&sa, &n);
	return ntohs(sa.ss_family == AF_INET6
			     ? ((const struct sockaddr_in6 *)(const void *)&sa)->sin6_port
			     : ((const struct sockaddr_in *)(const void *)&sa)->sin_port);
}

bool http_in_tls(const struct http_in *h)
{
	return h->config && h->config->tls;
}

bool http_in_has_users(const struct http_in *h)
{
	return h->config && h->config->n_users > 0;
}

/* ---- connections --------------------------------------------------------------------------- */

void conn_deadline(struct timer *t, struct now now)
{
	struct conn *c = CONTAINER(t, struct conn, deadline);

	(void)now;
	if (c->request && c->request->state == REQUEST_HELD) {
		request_give_up(c->request);
		return;
	}
	shutdown(c->fd, SHUT_RDWR);
	if (c->request)
		request_resume(c->request); /* or MHD would never look */
}

static void conn_event(void *arg, struct MHD_Connection *mc, void **context,
		       enum MHD_ConnectionNotificationCode code)
{
	struct http_in *h = arg;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		struct conn *c = *context;

		if (!c)
			return;
		timer_stop(&h->o.loop->timers, &c->deadline);
		if (c->request)
			c->request->conn = NULL;
		free(c);
		*context = NULL;
		return;
	}

	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct conn *c = MEM_NEW(struct conn);
	unsigned dead_after = 30000;

	c->in = h;
	c->fd = i ? i->connect_fd : -1;
	if (c->fd >= 0)
		setsockopt(c->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_after, sizeof(dead_after));
	timer_set(&h->o.loop->timers, &c->deadline, TIMER_MONO, h->o.loop->now.mono + REQUEST_MS,
		  conn_deadline);
	*context = c;
	h->config_due = true;
}

/* ---- client certificates ------------------------------------------------------------------- */

static bool san_allowed(const struct web_config *c, const char *san, size_t n)
{
	for (size_t i = 0; i < c->n_client_sans; i++) {
		if (str_eq(c->client_sans[i], (struct str){san, n}))
			return true;
	}
	return false;
}

static bool cert_has_san(const struct web_config *c, const gnutls_datum_t *der)
{
	gnutls_x509_crt_t cert;
	bool ok = false;

	if (gnutls_x509_crt_init(&cert) < 0)
		return false;
	if (gnutls_x509_crt_import(cert, der, GNUTLS_X509_FMT_DER) >= 0) {
		char san[512];

		for (unsigned i = 0; !ok; i++) {
			size_t n = sizeof(san);
			int rc = gnutls_x509_crt_get_subject_alt_name(cert, i, san, &n, NULL);

			if (rc == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
				break;
			ok = rc >= 0 && san_allowed(c, san, n);
		}
	}
	gnutls_x509_crt_deinit(cert);
	return ok;
}

bool http_in_client_ok(struct http_in *h, struct MHD_Connection *mc)
{
	const struct web_config *c = h->config;
	const union MHD_ConnectionInfo *i;
	unsigned n = 0, status = 0;

	if (!c || !c->tls || c->client_auth == CLIENT_AUTH_NONE)
		return true;
	i = MHD_get_connection_info(mc, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (!i || !i->tls_session)
		return false;

	lazy_gnutls_load();

	gnutls_session_t session = i->tls_session;
	const gnutls_datum_t *certs = gnutls_certificate_get_peers(session, &n);

	if (!certs || !n)
		return c->client_auth == CLIENT_AUTH_IF_GIVEN;
	if (gnutls_certificate_verify_peers2(session, &status) < 0 || status)
		return false;
	return !c->n_client_sans || cert_has_san(c, &certs[0]);
}

/* ---- daemons ------------------------------------------------------------------------------- */

static void on_ready(struct loop_fd *f, struct now now, uint32_t events)
{
	struct mhd *m = CONTAINER(f, struct mhd, f);

	(void)now;
	(void)events;
	m->ready = true;
	m->spins = 0;
}

ATTR_PRINTF(2, 0) static void on_mhd_log(void *arg, const char *fmt, va_list ap)
{
	struct http_in *h = arg;
	char text[500];

	vsnprintf(text, sizeof(text), fmt, ap);
	log_put(h->o.log, LOG_LEVEL_DEBUG, "HTTP server", "error=%s",
		log_value(str_trim(str_of(text))));
}

static bool pem(struct mhd *m, struct str text, struct str file, struct str *out, struct err *err)
{
	*out = text;
	if (file.n && !file_read(file, CERT_BYTES, &m->arena, out, err))
		return false;
	*out = arena_str(&m->arena, *out);
	return true;
}

static struct MHD_OptionItem text_option(enum MHD_OPTION option, const char *text)
{
	union {
		const char *in;
		void *out;
	} p = {.in = text};

	return (struct MHD_OptionItem){option, 0, p.out};
}

/* MHD's options for TLS, into v (of 5); false: a certificate cannot be read. */
static bool tls_options(struct mhd *m, struct MHD_OptionItem *v, struct err *err)
{
	const struct web_config *c = m->server->in->config;
	struct str cert, key, ca;
	size_t n = 0;

	if (!pem(m, c->cert, c->cert_file, &cert, err) || !pem(m, c->key, c->key_file, &key, err) ||
	    !pem(m, c->client_ca, c->client_ca_file, &ca, err))
		return false;
	v[n++] = text_option(MHD_OPTION_HTTPS_MEM_CERT, cert.p);
	v[n++] = text_option(MHD_OPTION_HTTPS_MEM_KEY, key.p);
	v[n++] = text_option(MHD_OPTION_HTTPS_PRIORITIES, c->priorities);
	if (c->client_auth != CLIENT_AUTH_NONE)
		v[n++] = text_option(MHD_OPTION_HTTPS_MEM_TRUST, ca.p);
	v[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return true;
}

static struct MHD_Daemon *start_daemon(struct server *s, const struct MHD_OptionItem *tls)
{
	static const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	struct http_in *h = s->in;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
			 (tls ? MHD_USE_TLS : 0u);

	lazy_mhd_load();
	return MHD_start_daemon(flags, 0, NULL, NULL, request_handle, h, MHD_OPTION_EXTERNAL_LOGGER,
				on_mhd_log, h, MHD_OPTION_LISTEN_SOCKET, s->fd,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)h->o.limits->http_clients,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
				MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_URI_LOG_CALLBACK,
				request_begin, h, MHD_OPTION_NOTIFY_COMPLETED, request_end, h,
				MHD_OPTION_NOTIFY_CONNECTION, conn_event, h,
				MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY,
				tls ? tls : none, MHD_OPTION_END);
}

static void mhd_free(struct mhd *m)
{
	struct mhd **at = &m->server->mhds;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	loop_remove(m->server->in->o.loop, &m->f);
	MHD_stop_daemon(m->daemon);
	arena_done(&m->arena);
	free(m);
}

/* A daemon with the present configuration; the one in use retires. */
static bool mhd_start(struct server *s, struct err *err)
{
	struct http_in *h = s->in;
	struct mhd *m = MEM_NEW(struct mhd), *old = s->mhds;
	struct MHD_OptionItem tls[5];

	m->server = s;
	m->retired_at = MS_NONE;
	arena_init(&m->arena);
	if (http_in_tls(h) && !tls_options(m, tls, err)) {
		arena_done(&m->arena);
		free(m);
		return false;
	}
	if (old)
		MHD_quiesce_daemon(old->daemon);
	m->daemon = start_daemon(s, http_in_tls(h) ? tls : NULL);
	if (!m->daemon) {
		arena_done(&m->arena);
		free(m);
		return err_set(err, -1, "cannot start the web server%s",
			       http_in_tls(h) ? ": do certificate and key belong together?" : "");
	}
	if (old)
		old->retired_at = h->o.loop->now.mono;
	m->f = (struct loop_fd){.fd = MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_EPOLL_FD)
					      ->epoll_fd,
				.ready = on_ready};
	m->next = old;
	s->mhds = m;
	loop_add(h->o.loop, &m->f, EPOLLIN);
	return true;
}

/* ---- the web configuration ----------------------------------------------------------------- */

static uint64_t stamp_file(struct http_in *h, uint64_t hash, struct str path)
{
	struct file_stamp s;

	if (!path.n)
		return hash;

	char *p = mem_str(path);

	s = file_stamp(p);
	free(p);
	(void)h;
	hash = hash * 31 + (uint64_t)s.mtime_ns;
	hash = hash * 31 + (uint64_t)s.size;
	return hash * 31 + s.inode;
}

static uint64_t config_stamp(struct http_in *h)
{
	uint64_t hash = stamp_file(h, 1, h->o.web_config_file);

	if (http_in_tls(h)) {
		hash = stamp_file(h, hash, h->config->cert_file);
		hash = stamp_file(h, hash, h->config->key_file);
		hash = stamp_file(h, hash, h->config->client_ca_file);
	}
	return hash;
}

static bool read_config(struct http_in *h, struct web_config **out, struct diags *diags)
{
	struct arena a;
	struct str text;
	struct err err;
	bool ok = true;

	*out = NULL;
	if (!h->o.web_config_file.n)
		return true;
	arena_init(&a);
	if (file_read(h->o.web_config_file, h->o.limits->file_bytes, &a, &text, &err)) {
		ok = web_config_parse(text, h->o.web_config_file, h->o.limits, out, diags);
	} else {
		diags_add(diags, h->o.web_config_file, 0, 0, "%s", err.msg);
		ok = false;
	}
	arena_done(&a);
	return ok;
}

static void log_diags(struct http_in *h, const struct diags *diags)
{
	for (size_t i = 0; i < diags->n; i++)
		log_put(h->o.log, diags->v[i].warning ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR,
			"Web configuration", "file=%s line=%d column=%d error=%s",
			log_value(str_of(diags->v[i].file)), diags->v[i].line, diags->v[i].col,
			log_value(str_of(diags->v[i].msg)));
}

/* Takes a configuration into use; TLS needs new daemons. */
static bool apply_config(struct http_in *h, struct web_config *c, struct err *err)
{
	struct web_config *old = h->config;
	bool tls = (c && c->tls) || (old && old->tls);

	h->config = c;
	for (size_t i = 0; tls && i < h->n_servers; i++) {
		if (mhd_start(&h->servers[i], err))
			continue;
		h->config = old; /* the old certificate goes on */
		if (h->servers[i].mhds->retired_at == MS_NONE) {
			struct err again;

			if (!mhd_start(&h->servers[i], &again))
				log_put(h->o.log, LOG_LEVEL_ERROR, "Web server stopped", "error=%s",
					log_value(str_of(again.msg)));
		}
		return false;
	}
	web_config_free(old);
	return true;
}

static void reread_config(struct http_in *h)
{
	struct web_config *c;
	struct diags diags;
	struct err err;

	diags_init(&diags);
	if (read_config(h, &c, &diags)) {
		if (apply_config(h, c, &err)) {
			log_put(h->o.log, LOG_LEVEL_INFO, "Web configuration taken into use", NULL);
		} else {
			web_config_free(c);
			log_put(h->o.log, LOG_LEVEL_ERROR, "Web configuration refused", "error=%s",
				log_value(str_of(err.msg)));
		}
	}
	log_diags(h, &diags);
	diags_done(&diags);
	h->config_stamp = config_stamp(h);
}

void http_in_check_config(struct http_in *h)
{
	h->config_due = false;
	h->config_looked_at = h->o.loop->now.mono;
	if (h->o.web_config_file.n && config_stamp(h) != h->config_stamp)
		reread_config(h);
}

/* ---- life ---------------------------------------------------------------------------------- */

static bool open_all(struct http_in *h, struct err *err)
{
	for (size_t i = 0; i < h->o.n_addresses; i++) {
		struct server *s = &h->servers[i];

		s->in = h;
		if (!listen_on(h, h->o.addresses[i], &s->fd, err))
			return false;
		h->n_servers++;
		if (!mhd_start(s, err))
			return false;
	}
	return true;
}

bool http_in_new(const struct http_in_options *o, struct http_in **out, struct diags *diags,
		 struct err *err)
{
	struct http_in *h = MEM_NEW(struct http_in);

	h->o = *o;
	arena_init(&h->arena);
	TAILQ_INIT(&h->checking);
	TAILQ_INIT(&h->working);
	TAILQ_INIT(&h->held);
	TAILQ_INIT(&h->streams);
	h->servers = mem_alloc(sizeof(struct server) * (o->n_addresses + 1));
	h->auth = basic_auth_new(o->jobs);
	if (!read_config(h, &h->config, diags)) {
		http_in_free(h);
		return err_set(err, -1, "the web configuration is not valid");
	}
	h->config_stamp = config_stamp(h);
	if (!open_all(h, err)) {
		http_in_free(h);
		return false;
	}
	*out = h;
	return true;
}

void http_in_set_core(struct http_in *h, struct core *core)
{
	h->o.core = core;
}

void http_in_serve(struct http_in *h, struct web *web)
{
	h->web = web;
}

void http_in_changed(struct http_in *h)
{
	h->changed = true;
}

static void run_all(struct http_in *h)
{
	bool again = h->again;

	h->again = false;
	for (size_t i = 0; i < h->n_servers; i++) {
		for (struct mhd *m = h->servers[i].mhds; m; m = m->next) {
			MHD_UNSIGNED_LONG_LONG wait;
			bool due = MHD_get_timeout(m->daemon, &wait) == MHD_YES && wait == 0;

			if (!m->ready && !due && !again)
				continue;
			uint64_t steps = h->steps;
			bool ready = m->ready;

			m->ready = false;
			MHD_run(m->daemon);
			m->spins = ready || h->steps != steps ? 0 : m->spins + 1;
		}
	}
}

/* Old daemons go when they have nothing left; their connections have deadlines. */
static void retire(struct http_in *h)
{
	for (size_t i = 0; i < h->n_servers; i++) {
		struct mhd *next;

		for (struct mhd *m = h->servers[i].mhds; m; m = next) {
			next = m->next;
			if (m->retired_at == MS_NONE)
				continue;

			unsigned open =
				MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
					->num_connections;

			if (open == 0)
				mhd_free(m);
		}
	}
}

void http_in_run(struct http_in *h, struct now now)
{
	request_wake(h, now);
	run_all(h);
	if (h->config_due && now.mono - h->config_looked_at >= LOOK_AGAIN)
		http_in_check_config(h);
	retire(h);
}

ms_t http_in_wait(const struct http_in *h)
{
	bool news = h->changed && !TAILQ_EMPTY(&h->streams) && !timer_is_set(&h->stream_timer);
	ms_t wait = h->again || news || !TAILQ_EMPTY(&h->working) ? 0 : -1;

	for (size_t i = 0; i < h->n_servers; i++) {
		for (const struct mhd *m = h->servers[i].mhds; m; m = m->next) {
			MHD_UNSIGNED_LONG_LONG t;

			if (MHD_get_timeout(m->daemon, &t) != MHD_YES)
				continue;

			ms_t w = (ms_t)MIN(t, (MHD_UNSIGNED_LONG_LONG)MINUTE);

			if (w == 0 && m->spins >= SPINS_MOST)
				w = SPIN_WAIT;
			wait = wait < 0 ? w : MIN(wait, w);
		}
	}
	return wait;
}

void http_in_free(struct http_in *h)
{
	if (!h)
		return;
	h->closing = true;
	request_wake_all(h);
	for (int i = 0; i < 3; i++) {
		h->again = true;
		run_all(h);
	}
	for (size_t i = 0; i < h->n_servers; i++) {
		struct server *s = &h->servers[i];

		if (s->mhds)
			MHD_quiesce_daemon(s->mhds->daemon);
		while (s->mhds)
			mhd_free(s->mhds);
		close(s->fd);
	}
	timer_stop(&h->o.loop->timers, &h->stream_timer);
	basic_auth_free(h->auth);
	web_config_free(h->config);
	arena_done(&h->arena);
	free(h->servers);
	free(h);
}
