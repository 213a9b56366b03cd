/* Who may what: asking; config_access.c reads it. */
#include "evaluator/access.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/hash.h"

static const struct {
	const char *name;
	enum permit permit;
} PERMITS[] = {
	{"read", PERMIT_READ},	   {"respond", PERMIT_RESPOND}, {"alerts", PERMIT_ALERTS},
	{"events", PERMIT_EVENTS}, {"pings", PERMIT_PINGS},	{"admin", PERMIT_ADMIN},
};

unsigned permit_of(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(PERMITS); i++) {
		if (str_is(name, PERMITS[i].name))
			return PERMITS[i].permit;
	}
	return 0;
}

const char *permit_name(enum permit p)
{
	for (size_t i = 0; i < ARRAY_LEN(PERMITS); i++) {
		if (PERMITS[i].permit == p)
			return PERMITS[i].name;
	}
	return "nothing";
}

const struct access_token *access_token_find(const struct access *a, struct str secret)
{
	unsigned char sum[HASH_SHA256_BYTES];

	/* Of the sum a guesser learns nothing from how long the comparison takes. */
	hash_sha256(secret, sum);
	for (size_t i = 0; i < a->n_tokens; i++) {
		if (memcmp(a->tokens[i].secret.p, sum, sizeof(sum)) == 0)
			return &a->tokens[i];
	}
	return NULL;
}

bool access_address(struct str text, unsigned char out[16], bool *v4)
{
	static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	char buf[64];

	if (text.n >= sizeof(buf))
		return false;
	memcpy(buf, text.p, text.n);
	buf[text.n] = 0;
	*v4 = inet_pton(AF_INET, buf, out + 12) == 1;
	if (*v4)
		memcpy(out, mapped, sizeof(mapped));
	return *v4 || inet_pton(AF_INET6, buf, out) == 1;
}

bool access_trusts(const struct access *a, struct str address)
{
	unsigned char from[16];
	bool v4;

	if (!a->proxy_header.n || !access_address(address, from, &v4))
		return false;
	for (size_t i = 0; i < a->n_proxies; i++) {
		const struct access_net *n = &a->proxies[i];
		unsigned whole = n->bits / 8, rest = n->bits % 8;
		unsigned mask = 0xff00u >> rest & 0xff;

		if (memcmp(n->address, from, whole) == 0 &&
		    (!rest || !((n->address[whole] ^ from[whole]) & mask)))
			return true;
	}
	return false;
}

unsigned access_user_permits(const struct access *a, struct str user)
{
	for (size_t i = 0; i < a->n_users; i++) {
		if (str_eq(a->users[i].name, user))
			return a->users[i].permits;
	}
	return a->others;
}
