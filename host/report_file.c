/* Reports as files; see report_file.h. */
#include "host/report_file.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Runs git in the folder, quietly; whether it went well. */
static bool git(const char *folder, const char *const *more, size_t n)
{
	const char *argv[12] = {"git", "-C", folder};
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status, rc;

	for (size_t i = 0; i < n; i++)
		argv[3 + i] = more[i];
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(&pid, "git", &files, NULL, (char *const *)(const void *)argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (rc)
		return false;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool commit(const char *folder, const char *name, uint64_t id, struct arena *a,
		   struct err *err)
{
	const char *inside[] = {"rev-parse", "--is-inside-work-tree"};
	const char *add[] = {"add", "--", name};
	const char *message =
		arena_cstr(a, arena_printf(a, "Report incident #%llu", (unsigned long long)id));
	const char *record[] = {"commit", "-q", "-m", message, "--", name};

	if (!git(folder, inside, ARRAY_LEN(inside)))
		return true; /* no git there */
	return (git(folder, add, ARRAY_LEN(add)) && git(folder, record, ARRAY_LEN(record))) ||
	       err_set(err, -1,
		       "%s/%s is written, but git would not commit it: try git commit there",
		       folder, name);
}

bool report_file_write(struct str folder, uint64_t id, struct str text, struct arena *a,
		       struct err *err)
{
	const char *dir = arena_cstr(a, folder);
	const char *name =
		arena_cstr(a, arena_printf(a, "incident-%llu.md", (unsigned long long)id));
	const char *path = arena_cstr(a, arena_printf(a, "%s/%s", dir, name));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	bool ok;

	if (fd < 0 && errno == EEXIST)
		return err_set(err, -1,
			       "%s is there already, and may have been filled in: it is left "
			       "alone",
			       path);
	if (fd < 0)
		return err_set(err, -1, "cannot write %s: %s", path, strerror(errno));
	ok = write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
	ok &= close(fd) == 0;
	if (!ok) {
		err_set(err, -1, "cannot write %s: %s", path, strerror(errno));
		unlink(path);
		return false;
	}
	puts(path);
	return commit(dir, name, id, a, err);
}
