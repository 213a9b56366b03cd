/*
 * Commands; see exec_out.h. Input and output are files in memory: nobody blocks on a pipe, and a
 * command that says too much is cut by what is read of it.
 */
#include "host/exec_out.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/loop.h"

#define OUTPUT_MAX 4096	      /* bytes that are kept */
#define WRITTEN_MAX (1 << 20) /* bytes that may be written: beyond that writing fails */

extern char **environ;

struct exec_run {
	struct loop *loop;
	struct loop_fd f; /* the pidfd */
	pid_t pid;
	int output;
	exec_done *done;
	void *arg;
};

static void run_free(struct exec_run *x)
{
	if (x->f.fd >= 0) {
		loop_remove(x->loop, &x->f);
		close(x->f.fd);
	}
	if (x->output >= 0)
		close(x->output);
	free(x);
}

static void on_exit_of(struct loop_fd *f, struct now now, uint32_t events)
{
	struct exec_run *x = CONTAINER(f, struct exec_run, f);
	char text[OUTPUT_MAX + 64];
	int status = 0;
	ssize_t n;

	(void)now;
	(void)events;
	if (waitpid(x->pid, &status, WNOHANG) != x->pid)
		return;
	/* The command's descriptors share their place with ours: it is behind what was written. */
	n = MIN((ssize_t)lseek(x->output, 0, SEEK_CUR), (ssize_t)OUTPUT_MAX);
	n = MAX(pread(x->output, text, (size_t)MAX(n, (ssize_t)0), 0), (ssize_t)0);
	if (!WIFEXITED(status))
		n = snprintf(text, sizeof(text), "ended by signal %d (%s)", WTERMSIG(status),
			     strsignal(WTERMSIG(status)));
	x->done(x->arg, WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		(struct str){text, (size_t)n});
	run_free(x);
}

/* A file in memory with that in it, to be read from its beginning; -1: there is none. */
static int file_of(const char *name, struct str text)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	while (fd >= 0 && text.n) {
		ssize_t n = write(fd, text.p, text.n);

		if (n < 0) {
			close(fd);
			return -1;
		}
		text = str_from(text, (size_t)n);
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

/* What a command says goes into a file in memory that cannot grow; -1: there is none. */
static int output_file(void)
{
	int fd = memfd_create("output", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd >= 0 && (ftruncate(fd, WRITTEN_MAX) < 0 ||
			fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int spawn(pid_t *pid, char **argv, int input, int output)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	CHECK(!posix_spawn_file_actions_init(&files) && !posix_spawnattr_init(&attr));
	CHECK(!posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO) &&
	      !posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO) &&
	      !posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO) &&
	      !posix_spawn_file_actions_addclosefrom_np(&files, 3));
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						POSIX_SPAWN_SETPGROUP);
	rc = posix_spawnp(pid, argv[0], &files, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	return rc;
}

struct exec_run *exec_start(struct loop *l, const struct exec_command *c, exec_done *done,
			    void *arg, struct err *err)
{
	struct exec_run *x = MEM_NEW(struct exec_run);
	char **args = mem_alloc((c->n_argv + 1) * sizeof(*args));
	int in = file_of("input", c->input), rc;

	*x = (struct exec_run){.loop = l, .f = {.fd = -1}, .done = done, .arg = arg};
	x->output = output_file();
	for (size_t i = 0; i < c->n_argv; i++)
		args[i] = mem_str(c->argv[i]);
	rc = in < 0 || x->output < 0 ? errno : spawn(&x->pid, args, in, x->output);
	if (!rc) {
		x->f = (struct loop_fd){.fd = (int)syscall(SYS_pidfd_open, x->pid, 0),
					.ready = on_exit_of};
		CHECK(x->f.fd >= 0);
		loop_add(l, &x->f, EPOLLIN);
	} else {
		err_set(err, -1, "cannot run %s: %s", args[0], strerror(rc));
	}
	for (size_t i = 0; i < c->n_argv; i++)
		free(args[i]);
	free(args);
	if (in >= 0)
		close(in);
	if (!rc)
		return x;
	run_free(x);
	return NULL;
}

void exec_kill(struct exec_run *x)
{
	kill(-x->pid, SIGKILL);
	waitpid(x->pid, NULL, 0);
	run_free(x);
}
