/*
 * Deploy marks: what was changed when, told by those who change it (CI). An incident shows those
 * that came within an hour before it, and while it is open.
 */
#ifndef ONCALL_MARK_H
#define ONCALL_MARK_H

#include "base/base.h"

#define MARK_BEFORE HOUR
#define MARK_TITLE_MAX 300

struct batch;
struct incident;
struct oncall;

struct mark {
	uint64_t id;
	ms_t at;	 /* wall */
	struct str kind; /* "deploy" */
	struct str title, service, url, by;
};

/* Keeps a copy, texts cut at MARK_TITLE_MAX bytes; its id. The oldest of 5,000 goes, and what is
 * older than 90 days. */
uint64_t oncall_mark(struct oncall *oc, const struct mark *m);
/* Those in [from, to), newest first; fn returns false to stop. */
void oncall_marks(const struct oncall *oc, ms_t from, ms_t to,
		  bool (*fn)(void *arg, const struct mark *m), void *arg);
/* Those that an incident shows. */
void incident_marks(const struct incident *i, ms_t wall,
		    bool (*fn)(void *arg, const struct mark *m), void *arg);

#endif
