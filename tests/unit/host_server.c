/* A small TCP server in a thread. */
#include "tests/unit/host_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
	struct test_server *server;
	int fd;
};

static void *client_main(void *arg)
{
	struct client c = *(struct client *)arg;

	free(arg);
	c.server->serve(c.server, c.fd);
	close(c.fd);
	c.server->live--;
	return NULL;
}

static void *server_main(void *arg)
{
	struct test_server *s = arg;

	while (!s->stop) {
		struct pollfd p = {.fd = s->fd, .events = POLLIN};

		if (poll(&p, 1, 20) <= 0)
			continue;

		struct client *c = malloc(sizeof(*c));
		pthread_t t;

		*c = (struct client){s, accept(s->fd, NULL, NULL)};
		s->connections++;
		s->live++;
		pthread_create(&t, NULL, client_main, c);
		pthread_detach(t);
	}
	return NULL;
}

void test_server_start(struct test_server *s, void (*serve)(struct test_server *s, int fd),
		       void *arg)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);

	*s = (struct test_server){.serve = serve, .arg = arg, .lock = PTHREAD_MUTEX_INITIALIZER};
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(bind(s->fd, (struct sockaddr *)&a, n) == 0 && listen(s->fd, 16) == 0);
	getsockname(s->fd, (struct sockaddr *)&a, &n);
	s->port = ntohs(a.sin_port);
	pthread_create(&s->thread, NULL, server_main, s);
}

void test_server_stop(struct test_server *s)
{
	s->stop = true;
	pthread_join(s->thread, NULL);
	close(s->fd);
	while (s->live)
		usleep(1000);
}

size_t test_read_request(int fd, char *buf, size_t max)
{
	size_t n = 0, want = 0;

	while (n + 1 < max) {
		ssize_t got = read(fd, buf + n, max - 1 - n);
		char *end;

		if (got <= 0)
			return 0;
		n += (size_t)got;
		buf[n] = '\0';
		end = strstr(buf, "\r\n\r\n");
		if (!end)
			continue;
		if (!want) {
			char *length = strcasestr(buf, "content-length:");

			want = (size_t)(end + 4 - buf) +
			       (length && length < end ? strtoul(length + 15, NULL, 10) : 0);
		}
		if (n >= want)
			return n;
	}
	return n;
}

size_t test_read_line(int fd, char *buf, size_t max)
{
	size_t n = 0;

	while (n + 1 < max && read(fd, buf + n, 1) == 1) {
		if (buf[n++] == '\n')
			break;
	}
	buf[n] = '\0';
	return n;
}

void test_write(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n) {
		ssize_t w = send(fd, text, n, MSG_NOSIGNAL);

		if (w <= 0)
			return;
		text += w;
		n -= (size_t)w;
	}
}
