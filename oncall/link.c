/* Signed links; see link.h. */
#include "oncall/link.h"

#include "base/base64.h"
#include "base/hash.h"
#include "base/num.h"
#include "oncall/inner.h"

#define META_KEY "link_key"
#define MAC_BYTES 16
#define ONCE_CHARS 11 /* of the signature's 22: who reads the timeline cannot make a link of it */

/* ---- the key ------------------------------------------------------------------------------- */
bool link_load_key(void *oncall, const struct val *v, size_t n)
{
	struct oncall *oc = oncall;

	CHECK(n == 2);
	if (!str_is(v[0].s, META_KEY) || v[1].s.n != sizeof(oc->link_key))
		return true;
	memcpy(oc->link_key, v[1].s.p, sizeof(oc->link_key));
	oc->has_link_key = true;
	return true;
}

void link_have_key(struct oncall *oc)
{
	if (oc->has_link_key)
		return;
	for (size_t i = 0; i < sizeof(oc->link_key); i += sizeof(uint64_t)) {
		uint64_t bits = oc->env.entropy(oc->env.arg);

		memcpy(oc->link_key + i, &bits, sizeof(bits));
	}
	oc->has_link_key = true;
	batch_add(oncall_batch(oc), ST_META_PUT, V_TEXT(STR(META_KEY)),
		  V_BLOB(((struct str){(const char *)oc->link_key, sizeof(oc->link_key)})));
}

/* ---- tokens -------------------------------------------------------------------------------- */
static void sign(const struct oncall *oc, struct str text, unsigned char out[HASH_SHA256_BYTES])
{
	struct str key = {(const char *)oc->link_key, sizeof(oc->link_key)};

	hash_hmac_sha256(key, text, out);
}

void link_put(struct buf *b, const struct oncall *oc, const struct link *l)
{
	unsigned char mac[HASH_SHA256_BYTES];
	struct arena a;
	struct str text, coded;

	arena_init(&a);
	text = arena_printf(&a, "%s %llu %lld %lld %.*s", answer_verb_name(l->verb),
			    (unsigned long long)l->incident, (long long)l->step,
			    (long long)l->expires, STR_ARG(l->person));
	sign(oc, text, mac);
	coded = base64_encode(text, BASE64_URL, &a);
	while (coded.n && coded.p[coded.n - 1] == '=')
		coded.n--;
	buf_add(b, coded);
	buf_addc(b, '.');
	coded = base64_encode((struct str){(const char *)mac, MAC_BYTES}, BASE64_URL, &a);
	while (coded.n && coded.p[coded.n - 1] == '=')
		coded.n--;
	buf_add(b, coded);
	arena_done(&a);
}

static struct str field(struct str *rest)
{
	ptrdiff_t at = str_find_char(*rest, ' ');
	struct str f = at < 0 ? *rest : str_cut(*rest, 0, (size_t)at);

	*rest = at < 0 ? STR("") : str_from(*rest, (size_t)at + 1);
	return f;
}

static bool decode(struct str text, struct arena *a, struct str *out)
{
	static const char pad[] = "==";
	struct str padded =
		arena_printf(a, "%.*s%.*s", STR_ARG(text), (int)((4 - text.n % 4) % 4 % 3), pad);

	return base64_decode(padded, BASE64_URL, a, out, NULL);
}

static bool same(const unsigned char *a, struct str b)
{
	unsigned char differ = 0;

	for (size_t i = 0; i < MAC_BYTES; i++)
		differ |= (unsigned char)(a[i] ^ (unsigned char)b.p[i]);
	return !differ;
}

enum link_result link_read(const struct oncall *oc, struct str token, ms_t wall, struct arena *a,
			   struct link *out)
{
	ptrdiff_t dot = str_find_char(token, '.');
	unsigned char mac[HASH_SHA256_BYTES];
	struct str text, given, rest;

	if (dot < 0 || token.n > LINK_MAX || !oc->has_link_key ||
	    !decode(str_cut(token, 0, (size_t)dot), a, &text) ||
	    !decode(str_from(token, (size_t)dot + 1), a, &given) || given.n != MAC_BYTES)
		return LINK_FORGED;
	sign(oc, text, mac);
	if (!same(mac, given))
		return LINK_FORGED;
	rest = text;
	if (!answer_verb_parse(field(&rest), &out->verb) ||
	    num_uint(field(&rest), 10, &out->incident) != NUM_OK ||
	    num_int(field(&rest), 10, &out->step) != NUM_OK ||
	    num_int(field(&rest), 10, &out->expires) != NUM_OK)
		return LINK_FORGED;
	out->person = arena_str(a, rest);
	return wall < out->expires ? LINK_GOOD : LINK_EXPIRED;
}

enum oncall_result link_use(struct oncall *oc, struct now now, const struct link *l,
			    struct str token, struct str means)
{
	struct str mac = str_from(token, (size_t)MAX(str_find_char(token, '.') + 1, 0));
	bool known = str_starts(l->person, "receiver/") ||
		     (oc->config && oncall_person(oc->config, l->person));
	struct answer a = {
		.verb = l->verb,
		.person = known ? l->person : STR(""), /* who has left is a stranger */
		.as = l->person,
		.means = means,
		.once = str_cut(mac, 0, MIN(mac.n, (size_t)ONCE_CHARS)),
		.seen = l->step,
	};

	return oncall_answer(oc, now, l->incident, &a);
}
