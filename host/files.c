/* Files, globs, the environment, and secrets in files: see files.h. */
#include "host/files.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "host/when.h"

static bool read_fd(int fd, struct str path, struct buf *b, struct err *err)
{
	for (;;) {
		char block[16384];
		ssize_t n = read(fd, block, sizeof(block));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, -1, "cannot read %.*s: %s", STR_ARG(path),
				       strerror(errno));
		if (n == 0)
			return true;
		buf_add(b, (struct str){block, (size_t)n});
		if (b->full)
			return err_set(err, -1, "%.*s is too large: more than %zu bytes",
				       STR_ARG(path), b->max);
	}
}

bool file_read(struct str path, size_t max, struct arena *a, struct str *out, struct err *err)
{
	bool in = str_is(path, "-");
	int fd = in ? STDIN_FILENO : open(arena_cstr(a, path), O_RDONLY | O_CLOEXEC);
	struct buf b;

	if (fd < 0)
		return err_set(err, -1, "cannot open %.*s: %s", STR_ARG(path), strerror(errno));
	buf_init(&b, max);

	bool ok = read_fd(fd, in ? STR("standard input") : path, &b, err);

	if (ok)
		*out = arena_str(a, buf_str(&b));
	buf_done(&b);
	if (!in)
		close(fd);
	return ok;
}

static bool config_read(void *arg, struct str path, struct arena *a, struct str *out,
			struct err *err)
{
	const struct limits *l = arg;

	return file_read(path, l->file_bytes, a, out, err);
}

static bool config_glob(void *arg, struct str pattern, struct arena *a, struct str **out, size_t *n,
			struct err *err)
{
	glob_t g = {0};
	int rc = glob(arena_cstr(a, pattern), 0, NULL, &g);

	(void)arg;
	if (rc != 0 && rc != GLOB_NOMATCH)
		return err_set(err, -1, "cannot list %.*s: %s", STR_ARG(pattern),
			       rc == GLOB_NOSPACE ? "out of memory" : strerror(errno));
	*n = rc == 0 ? g.gl_pathc : 0;
	*out = ARENA_ARRAY(a, struct str, MAX(*n, (size_t)1));
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = arena_str(a, str_of(g.gl_pathv[i]));
	globfree(&g);
	return true;
}

static bool config_env(void *arg, struct str name, struct arena *a, struct str *out)
{
	const char *v = getenv(arena_cstr(a, name));

	(void)arg;
	if (v)
		*out = arena_str(a, str_of(v));
	return v != NULL;
}

struct config_files files_for_config(const struct limits *l)
{
	/* The functions only read through it. */
	union {
		const void *in;
		void *out;
	} arg = {.in = l};

	return (struct config_files){.read = config_read,
				     .glob = config_glob,
				     .env = config_env,
				     .now = when_now(),
				     .allow_exec =
					     true, /* for checks: it is the daemon who may not */
				     .arg = arg.out};
}

struct file_stamp file_stamp(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct file_stamp){0};
	return (struct file_stamp){
		.mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
		.size = st.st_size,
		.inode = st.st_ino,
		.there = true,
	};
}

bool file_stamp_eq(struct file_stamp a, struct file_stamp b)
{
	return a.mtime_ns == b.mtime_ns && a.size == b.size && a.inode == b.inode &&
	       a.there == b.there;
}

struct secret {
	struct file_stamp stamp;
	struct arena arena;
	struct str text;
};

void secrets_init(struct secrets *s)
{
	map_init(&s->by_path);
}

void secrets_done(struct secrets *s)
{
	map_each (&s->by_path, e) {
		struct secret *secret = e->value;

		arena_done(&secret->arena);
		free(secret);
	}
	map_done(&s->by_path);
}

bool secrets_get(struct secrets *s, struct str path, struct str *out, struct err *err)
{
	struct secret *secret = map_get(&s->by_path, path);

	if (!secret) {
		secret = MEM_NEW(struct secret);
		arena_init(&secret->arena);
		map_put(&s->by_path, path, secret);
	}

	char *cpath = mem_str(path);
	struct file_stamp stamp = file_stamp(cpath);

	free(cpath);
	if (!stamp.there || !file_stamp_eq(stamp, secret->stamp)) {
		struct str text;

		secret->stamp = (struct file_stamp){0};
		arena_clear(&secret->arena);
		if (!file_read(path, SECRET_BYTES, &secret->arena, &text, err))
			return false;
		secret->text = str_trim(text);
		secret->stamp = stamp;
	}
	*out = secret->text;
	return true;
}
