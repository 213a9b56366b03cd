/* libical at run time, by the name that its headers go with. */
#define ICAL_LIB_INSIDE
#include "oncall/ical_lib.h"

#include <dlfcn.h>
#include <string.h>

struct ical_lib ical_lib;

bool ical_lib_load(struct err *err)
{
#define ICAL_LIB_NAME(name) #name,
	static const char *const NAMES[] = {ICAL_LIB_FUNCTIONS(ICAL_LIB_NAME)};
	static bool loaded;
	void *library;

	_Static_assert(sizeof(ical_lib) == sizeof(NAMES), "one pointer a name");
	if (loaded)
		return true;
	library = dlopen("libical.so.3", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < ARRAY_LEN(NAMES); i++) {
		void *f = library ? dlsym(library, NAMES[i]) : NULL;

		if (!f)
			return err_set(err, -1,
				       "calendars are read with libical, which is not there "
				       "(the package libical3): %s",
				       dlerror());
		memcpy((char *)&ical_lib + i * sizeof(f), &f, sizeof(f));
	}
	loaded = true;
	ical_lib.icalerror_set_errors_are_fatal(0);
	return true;
}
