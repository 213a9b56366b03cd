/*
 * systemd's notify protocol (sd_notify(3)): READY, RELOADING, STOPPING, and WATCHDOG twice in
 * each period, from a timer of the loop: a loop that hangs does not send it.
 */
#ifndef HOST_NOTIFY_SOCKET_H
#define HOST_NOTIFY_SOCKET_H

#include "base/base.h"
#include "host/loop.h"

struct notify_socket {
	struct loop *loop;
	int fd;	       /* -1: nobody listens */
	ms_t watchdog; /* half the period; 0: none */
	struct timer timer;
};

void notify_socket_init(struct notify_socket *n, struct loop *l);
void notify_socket_done(struct notify_socket *n);
void notify_socket_ready(struct notify_socket *n, struct now now);
void notify_socket_reloading(struct notify_socket *n, struct now now);
void notify_socket_stopping(struct notify_socket *n);

#endif
