/*
 * Commands as receivers: argv without a shell, the input on stdin, what it says kept. In a process
 * group of its own, so that a time-out ends all of it.
 */
#ifndef HOST_EXEC_OUT_H
#define HOST_EXEC_OUT_H

#include "base/base.h"
#include "base/err.h"

struct exec_run;
struct loop;

/* How it went: `status` is the exit status, or -1 with the signal in `output`. */
typedef void exec_done(void *arg, int status, struct str output);

struct exec_command {
	const struct str *argv; /* the program's path first */
	size_t n_argv;
	struct str input;
};

/* NULL: it could not be started. The command may go after the call. `done` is called once from the
 * loop, unless exec_kill was called before; the record is gone after either. */
struct exec_run *exec_start(struct loop *l, const struct exec_command *c, exec_done *done,
			    void *arg, struct err *err);
void exec_kill(struct exec_run *x);

#endif
