/*
 * Signals as events of the loop: SIGHUP reloads, SIGTERM and SIGINT end, SIGPIPE is ignored. They
 * are blocked before any thread starts, so that every thread inherits that.
 */
#ifndef HOST_SIGNALS_H
#define HOST_SIGNALS_H

#include "base/base.h"
#include "base/err.h"
#include "host/loop.h"

struct signals {
	struct loop *loop;
	struct loop_fd f;
	void (*got)(struct signals *s, struct now now, int number);
};

ATTR_CHECK bool signals_init(struct signals *s, struct loop *l,
			     void (*got)(struct signals *s, struct now now, int number),
			     struct err *err);
void signals_done(struct signals *s);

#endif
