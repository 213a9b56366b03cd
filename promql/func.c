/* The engine's functions by name: the tables of all func_*.c. */
#include <string.h>

#include "promql/eval.h"

const struct func *func_find(struct str name)
{
	static const struct func *const TABLES[] = {FUNCS_MATH,	     FUNCS_TIME,     FUNCS_LABEL,
						    FUNCS_INFO,	     FUNCS_RATE,     FUNCS_TREND,
						    FUNCS_OVER_TIME, FUNCS_HISTOGRAM};

	for (size_t i = 0; i < ARRAY_LEN(TABLES); i++) {
		for (const struct func *f = TABLES[i]; f->name; f++) {
			if (str_is(name, f->name))
				return f;
		}
	}
	return NULL;
}
