/* The folder of a Prometheus's data: its blocks, mapped into memory. */
#ifndef HOST_BLOCK_FILES_H
#define HOST_BLOCK_FILES_H

#include "base/err.h"
#include "promql/blocks.h"

struct block_files;

/* `path` is a folder of blocks (a data folder, a snapshot) or one block. What is only in
 * Prometheus's head and its log is not seen: the last two to three hours of a running one. */
ATTR_CHECK bool block_files_open(struct str path, struct block_files **out, struct err *err);
void block_files_close(struct block_files *f);
const struct series_source *block_files_source(const struct block_files *f);

#endif
