/* Signals: see signals.h. */
#include "host/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void on_signal(struct loop_fd *f, struct now now, uint32_t events)
{
	struct signals *s = CONTAINER(f, struct signals, f);
	struct signalfd_siginfo info;

	(void)events;
	while (read(f->fd, &info, sizeof(info)) == sizeof(info))
		s->got(s, now, (int)info.ssi_signo);
}

bool signals_init(struct signals *s, struct loop *l,
		  void (*got)(struct signals *s, struct now now, int number), struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	*s = (struct signals){.loop = l, .got = got};
	s->f = (struct loop_fd){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
				.ready = on_signal};
	if (s->f.fd < 0)
		return err_set(err, -1, "cannot listen for signals: %s", strerror(errno));
	loop_add(l, &s->f, EPOLLIN);
	return true;
}

void signals_done(struct signals *s)
{
	loop_remove(s->loop, &s->f);
	close(s->f.fd);
}
