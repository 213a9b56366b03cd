/* Reports of incidents as files, under git where the folder is. */
#ifndef HOST_REPORT_FILE_H
#define HOST_REPORT_FILE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"

/* Writes FOLDER/incident-ID.md and says its name on stdout; one that is there already is never
 * overwritten: people have filled it in. Where the folder is in a git work tree the file is
 * committed, alone. */
ATTR_CHECK bool report_file_write(struct str folder, uint64_t id, struct str text, struct arena *a,
				  struct err *err);

#endif
