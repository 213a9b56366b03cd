/* The storage folder: see storage.h. */
#include "host/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/time.h"
#include "store/store.h"

/* With its parents. */
static bool make_folder(char *path, struct err *err)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
	if (mkdir(path, 0750) < 0 && errno != EEXIST)
		return err_set(err, -1, "cannot make the folder %s: %s", path, strerror(errno));
	return true;
}

/* 1: locked, 0: by somebody else, -1: cannot be. */
static int lock_folder(const char *path, int *out, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	char text[32] = "";

	if (fd < 0) {
		err_set(err, -1, "cannot open %s: %s", path, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

		*out = fd;
		if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) < 0)
			text[0] = '\0'; /* only for people */
		return 1;
	}

	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	close(fd);
	err_set(err, -1,
		"another rouse%s%s is using the folder of %s: stop it, or give another "
		"--storage.path",
		*text ? " with process id " : "", text, path);
	return 0;
}

static void move_aside(struct arena *a, const char *db, const char *suffix, struct str time)
{
	struct str to = arena_printf(a, "%s.corrupt-%.*s%s", db, STR_ARG(time), suffix);
	struct str from = arena_printf(a, "%s%s", db, suffix);

	rename(from.p, to.p);
}

static struct str file_time(struct arena *a, ms_t wall)
{
	struct civil c = civil_of(wall);

	return arena_printf(a, "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, c.hour,
			    c.minute, c.second);
}

/* A damaged file makes room for a new one. */
static bool replace(struct storage *s, struct arena *a, const char *db, ms_t wall)
{
	struct store_options o = {0};
	struct str time = file_time(a, wall);
	struct err err;

	move_aside(a, db, "", time);
	move_aside(a, db, "-wal", time);
	move_aside(a, db, "-shm", time);
	if (!store_open(db, &o, &s->store, &err)) {
		err_set(&s->trouble, -1, "%s", err.msg);
		return false;
	}
	s->replaced = true;
	err_set(&s->trouble, -1,
		"%s was damaged: it was moved to %s.corrupt-%.*s and an empty one begun; what was "
		"pending, silenced or sent is forgotten",
		db, db, STR_ARG(time));
	return true;
}

static bool has(const struct err *e, const char *words)
{
	return strstr(e->msg, words) != NULL;
}

/* The store says in words what is wrong; three of its findings are told apart here. */
static bool open_store(struct storage *s, struct arena *a, const char *db, ms_t wall,
		       struct err *err)
{
	struct store_options o = {0};

	if (store_open(db, &o, &s->store, &s->trouble)) {
		s->trouble.msg[0] = '\0';
		return true;
	}
	if (has(&s->trouble, "newer rouse") || has(&s->trouble, "another program") ||
	    has(&s->trouble, "keeps it locked")) {
		*err = s->trouble;
		return false;
	}
	if (has(&s->trouble, "damaged"))
		replace(s, a, db, wall);
	return true;
}

static bool open_in(struct storage *s, struct arena *a, struct str folder, ms_t wall,
		    struct err *err)
{
	char *path = arena_cstr(a, folder);

	if (!make_folder(path, &s->trouble))
		return true;

	int locked = lock_folder(arena_printf(a, "%s/rouse.lock", path).p, &s->lock, &s->trouble);

	if (locked == 0)
		*err = s->trouble;
	if (locked <= 0)
		return locked < 0;
	return open_store(s, a, arena_printf(a, "%s/rouse.db", path).p, wall, err);
}

static void tell(const struct storage *s, struct log *log)
{
	if (s->replaced)
		log_put(log, LOG_LEVEL_ERROR, "The store was damaged", "error=%s",
			log_value(str_of(s->trouble.msg)));
	else if (!s->store)
		log_put(log, LOG_LEVEL_ERROR,
			"THE STORE CANNOT BE USED: pages go out, but a restart forgets everything",
			"error=%s", log_value(str_of(s->trouble.msg)));
}

void storage_replace(struct storage *s, struct str folder, struct log *log, ms_t wall)
{
	struct arena a;

	arena_init(&a);
	store_free(TAKE(s->store));
	replace(s, &a, arena_printf(&a, "%.*s/rouse.db", STR_ARG(folder)).p, wall);
	tell(s, log);
	arena_done(&a);
}

bool storage_open(struct storage *s, struct str folder, struct log *log, ms_t wall, struct err *err)
{
	struct arena a;

	*s = (struct storage){.lock = -1};
	arena_init(&a);

	bool ok = open_in(s, &a, folder, wall, err);

	if (ok)
		tell(s, log);
	arena_done(&a);
	if (!ok)
		storage_close(s);
	return ok;
}

void storage_close(struct storage *s)
{
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
}
