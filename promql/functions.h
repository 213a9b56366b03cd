/* The functions of PromQL: names and signatures. What they compute is the engine's business. */
#ifndef PROMQL_FUNCTIONS_H
#define PROMQL_FUNCTIONS_H

#include "promql/ast.h"

#define PROMQL_ARGS_MAX 5 /* types in a signature */

struct promql_function {
	const char *name;
	const char *args; /* a letter each: v(ector) m(atrix) s(calar) t(ext) */
	int variadic;	  /* 0: as many as args; n: the last may come 0 to n times; -1: any times */
	enum promql_type type;
	bool experimental;
};

/* NULL: there is none. Names are case-sensitive. */
const struct promql_function *promql_function_find(struct str name);
/* All of them, by name. */
const struct promql_function *promql_functions(size_t *n);
/* The type of argument i, the last one's for those that a variadic function repeats. */
enum promql_type promql_function_arg(const struct promql_function *f, size_t i);

#endif
