/* Libraries loaded at run time, by the names that their headers go with. */
#define LAZY_INSIDE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "host/lazy_curl.h"
#include "host/lazy_gnutls.h"
#include "host/lazy_mhd.h"

struct lazy_curl lazy_curl;
struct lazy_gnutls lazy_gnutls;
struct lazy_mhd lazy_mhd;

/* The table is an array of pointers to functions, in the order of the names. */
static void load(const char *file, const char *const *names, size_t n, void *table)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; library && i < n; i++) {
		void *f = dlsym(library, names[i]);

		if (!f)
			library = NULL;
		memcpy((char *)table + i * sizeof(f), &f, sizeof(f));
	}
	if (library)
		return;
	fprintf(stderr, "rouse: cannot load %s: %s\n", file, dlerror());
	exit(1);
}

#define LAZY_NAME(name) #name,
#define LAZY_LIBRARY(lib, LIB, file) \
	static void load_##lib(void) \
	{ \
		static const char *const NAMES[] = {LAZY_##LIB##_FUNCTIONS(LAZY_NAME)}; \
\
		_Static_assert(sizeof(lazy_##lib) == sizeof(NAMES), "one pointer a name"); \
		load(file, NAMES, ARRAY_LEN(NAMES), &lazy_##lib); \
	} \
\
	void lazy_##lib##_load(void) \
	{ \
		static pthread_once_t once = PTHREAD_ONCE_INIT; \
\
		pthread_once(&once, load_##lib); \
	}

LAZY_LIBRARY(curl, CURL, "libcurl.so.4")
LAZY_LIBRARY(gnutls, GNUTLS, "libgnutls.so.30")
LAZY_LIBRARY(mhd, MHD, "libmicrohttpd.so.12")
