/*
 * Base64 (RFC 4648) with padding, read as leniently as Go does: line ends are passed over, and the
 * bits behind the last byte need not be zero.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/arena.h"
#include "base/base.h"

enum base64_alphabet { BASE64_STANDARD, BASE64_URL };

struct str base64_encode(struct str bytes, enum base64_alphabet alphabet, struct arena *a);
/* False: not valid, *at is the offset that Go tells in its error; at may be NULL. */
ATTR_CHECK bool base64_decode(struct str text, enum base64_alphabet alphabet, struct arena *a,
			      struct str *out, size_t *at);

#endif
