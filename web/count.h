/*
 * How much fires, pends, fails: what events tell and pages begin with. One walk over all rules;
 * alerts are only looked at where a rule has some.
 */
#ifndef WEB_COUNT_H
#define WEB_COUNT_H

#include "base/base.h"

struct core;

struct count {
	size_t firing, pending;	       /* alerts */
	size_t rules, failing, groups; /* failing: whose last evaluation went wrong */
	ms_t last_evaluation;	       /* the newest; MS_NONE: none yet */
};

struct count count_all(const struct core *c);

#endif
