/* Functions nobody here may call: unsafe, locale-bound, or a hidden look at the outside.
 * host/ may look (design: it is the only folder with clock and environment). */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h> /* glib.h includes it: before its functions are poisoned */

/* clang's fortified headers make macros of these. */
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok gmtime localtime atoi atol atof srand gets

/* Not poisoned, for openssl has parameters of that name: calling it is the error. (clang wants that
 * said in the first declaration, which is the C library's; gcc is enough of a guard.) */
#ifndef __clang__
int rand(void) __attribute__((error("rand is banned: take bytes from struct io")));
#endif

#endif
