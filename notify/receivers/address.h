/*
 * Mail addresses and header fields: RFC 5322 lists, RFC 2047 words, folding. Whatever stands in a
 * value, no header can be added by it: control characters become blanks first.
 */
#ifndef NOTIFY_RECEIVERS_ADDRESS_H
#define NOTIFY_RECEIVERS_ADDRESS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"

struct address {
	struct str name; /* may be empty */
	struct str mail; /* local@domain */
};

/* "Ops <ops@a.org>, b@c.org": at least one. */
ATTR_CHECK bool address_list(struct str s, struct arena *a, struct address **out, size_t *n,
			     struct err *err);
/* "Name: value\r\n", folded at blanks; what is not ASCII becomes encoded words. */
void header_put(struct buf *b, struct str name, struct str value);
/* The same for a list of addresses: only names are encoded. */
void header_put_addresses(struct buf *b, const char *name, const struct address *v, size_t n);
/* A MIME part's body in quoted-printable, lines ended by CRLF, also the last. */
void quoted_printable(struct buf *b, struct str s);
/* "Mon, 02 Jan 2006 15:04:05 +0000" */
void header_put_date(struct buf *b, ms_t wall);
/* "x-team" to "X-Team", as Go's CanonicalMIMEHeaderKey; what is no header name stays. */
struct str header_canonical(struct arena *a, struct str name);
bool header_name_valid(struct str name);

#endif
