/*
 * Scripts of the PromQL engine's tests: blocks of `load` and `eval` as records. The format is that
 * of Prometheus's promqltest, see ../shared/conformance/promql.
 */
#ifndef TESTS_CONFORMANCE_EVAL_SCRIPT_H
#define TESTS_CONFORMANCE_EVAL_SCRIPT_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "promql/memory.h"
#include "promql/series_desc.h"

enum expect_kind { EXPECT_ANY, EXPECT_MSG, EXPECT_REGEX };

struct expectation {
	enum expect_kind kind;
	struct str text;
};

struct expectations {
	struct expectation *v;
	size_t n;
	bool none; /* no_warn, no_info */
};

struct eval_case {
	size_t line;
	struct str expr;
	bool range; /* else instant at `start` */
	ms_t start, end, step;
	bool ordered, fails;
	struct expectation fail;
	struct expectations warn, info;
	bool has_number, has_string;
	double number;
	struct str string;
	bool matrix; /* an instant query whose result is a range vector */
	struct series_desc *rows;
	size_t n_rows;
	ms_t rows_start, rows_step; /* time of value i of a row */
};

struct script {
	struct str text;
	size_t at, line;
	struct memory *store;
	struct arena arena; /* of the block at hand */
	struct str pushed;  /* a line read too many; p NULL: none */
};

/* Runs loads and clears up to the next eval and reads that. False: at the end, or err is set. */
bool script_next(struct script *s, struct eval_case *out, struct err *err);
/* Series of classic histograms also as native ones with custom buckets. */
void script_add_nhcb(struct memory *to, const struct memory *classic, struct arena *a);

#endif
