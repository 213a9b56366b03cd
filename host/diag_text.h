/* Findings about files as text: file:line:column, the words, the source line underlined. */
#ifndef HOST_DIAG_TEXT_H
#define HOST_DIAG_TEXT_H

#include "base/buf.h"
#include "base/err.h"

/* Reads the files again to show the lines; one bigger than `max` is not shown. */
void diag_text_put_all(struct buf *b, const struct diags *diags, size_t max);

#endif
