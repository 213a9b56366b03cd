/* GLib's checksums. */
#include "base/hash.h"

#include <stdio.h>

#include <glib.h>

void hash_sha256(struct str s, unsigned char out[HASH_SHA256_BYTES])
{
	GChecksum *c = g_checksum_new(G_CHECKSUM_SHA256);
	gsize n = HASH_SHA256_BYTES;

	g_checksum_update(c, (const guchar *)s.p, (gssize)s.n);
	g_checksum_get_digest(c, out, &n);
	g_checksum_free(c);
}

void hash_hmac_sha256(struct str key, struct str text, unsigned char out[HASH_SHA256_BYTES])
{
	GHmac *h = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)key.p, key.n);
	gsize n = HASH_SHA256_BYTES;

	g_hmac_update(h, (const guchar *)text.p, (gssize)text.n);
	g_hmac_get_digest(h, out, &n);
	g_hmac_unref(h);
}

void hash_sha256_hex(struct str s, char out[HASH_SHA256_HEX])
{
	unsigned char raw[HASH_SHA256_BYTES];

	hash_sha256(s, raw);
	for (size_t i = 0; i < sizeof(raw); i++)
		snprintf(out + 2 * i, 3, "%02x", raw[i]);
}
