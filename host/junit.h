/* Results of rule unit tests as JUnit XML: a suite for each file, a case for each test group. */
#ifndef HOST_JUNIT_H
#define HOST_JUNIT_H

#include "base/buf.h"
#include "evaluator/unittest.h"

struct junit {
	struct buf suites;
};

void junit_init(struct junit *j);
void junit_done(struct junit *j);
/* r NULL: the file could not be used, diags says why. */
void junit_add(struct junit *j, struct str file, const struct unittest_result *r,
	       const struct diags *diags);
/* False with errno set. */
ATTR_CHECK bool junit_write(const struct junit *j, struct str path);

#endif
