/* Cryptographic hashes, by GLib. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/base.h"

#define HASH_SHA256_BYTES 32

void hash_sha256(struct str s, unsigned char out[HASH_SHA256_BYTES]);

#endif
