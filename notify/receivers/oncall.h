/* The configuration of an oncall integration, for notify/paging.c and notify/config_oncall.c. */
#ifndef NOTIFY_RECEIVERS_ONCALL_H
#define NOTIFY_RECEIVERS_ONCALL_H

#include "base/fields.h"

struct matcher;

struct oncall_target {
	struct str policy;
	struct field_texts urgent; /* as written */
	struct matcher *matchers;  /* an alert that all of them match is urgent */
	size_t n_matchers;
};

#endif
