/* Cryptographic hashes, by GLib. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/base.h"

#define HASH_SHA256_BYTES 32

void hash_sha256(struct str s, unsigned char out[HASH_SHA256_BYTES]);
void hash_hmac_sha256(struct str key, struct str text, unsigned char out[HASH_SHA256_BYTES]);
#define HASH_SHA256_HEX (2 * HASH_SHA256_BYTES + 1)
void hash_sha256_hex(struct str s, char out[HASH_SHA256_HEX]); /* small letters, terminated */

#endif
