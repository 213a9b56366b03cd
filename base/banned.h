/* Functions nobody here may call: unsafe, locale-bound, or a hidden look at the outside.
 * host/ may look (design: it is the only folder with clock and environment). */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang's fortified headers make macros of these. */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok atoi atol atof srand gets

/* Not poisoned, for headers of libraries mention them: calling them warns, an error in CI. */
struct tm;
int rand(void) __attribute__((deprecated("take bytes from struct io")));
struct tm *gmtime(const __time_t *t) __attribute__((deprecated("base/time.h has civil_of")));
struct tm *localtime(const __time_t *t) __attribute__((deprecated("base/time.h has civil_of")));

#endif
