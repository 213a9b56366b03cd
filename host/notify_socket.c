/* systemd's notify protocol: see notify_socket.h. */
#include "host/notify_socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/num.h"

static void tell(struct notify_socket *n, const char *text)
{
	if (n->fd >= 0)
		(void)!send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void on_watchdog(struct timer *t, struct now now)
{
	struct notify_socket *n = CONTAINER(t, struct notify_socket, timer);

	tell(n, "WATCHDOG=1");
	timer_set(&n->loop->timers, t, TIMER_MONO, now.mono + n->watchdog, on_watchdog);
}

static int open_socket(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;

	if (n < 2 || n >= sizeof(a.sun_path) || (path[0] != '/' && path[0] != '@'))
		return -1;

	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(a.sun_path, path, n);
	if (path[0] == '@')
		a.sun_path[0] = '\0';
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a,
			       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void notify_socket_init(struct notify_socket *n, struct loop *l)
{
	uint64_t usec = 0, pid = 0;
	const char *p = getenv("WATCHDOG_PID");

	*n = (struct notify_socket){.loop = l, .fd = open_socket(getenv("NOTIFY_SOCKET"))};
	if (n->fd < 0 || num_uint(str_of(getenv("WATCHDOG_USEC")), 10, &usec) != NUM_OK)
		return;
	if (p && (num_uint(str_of(p), 10, &pid) != NUM_OK || pid != (uint64_t)getpid()))
		return;
	n->watchdog = MAX((ms_t)MIN(usec / 2000, (uint64_t)DAY), (ms_t)1);
}

void notify_socket_ready(struct notify_socket *n, struct now now)
{
	tell(n, "READY=1\nSTATUS=Evaluating rules");
	if (n->watchdog && !timer_is_set(&n->timer))
		on_watchdog(&n->timer, now);
}

void notify_socket_reloading(struct notify_socket *n, struct now now)
{
	char text[100];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)now.mono * 1000);
	tell(n, text);
}

void notify_socket_stopping(struct notify_socket *n)
{
	tell(n, "STOPPING=1");
}

void notify_socket_done(struct notify_socket *n)
{
	timer_stop(&n->loop->timers, &n->timer);
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}
