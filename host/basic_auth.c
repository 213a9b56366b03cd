/* Users and bcrypt: see basic_auth.h. */
#include "host/basic_auth.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"

#define PASSWORD_BYTES 1024
#define KEY_BYTES 32

/* Of nobody: an unknown user must take as long as a known one. */
#define NOBODY "$2y$10$abcdefghijklmnopqrstuu4T826PRnz0Hu6YlprUuxkZxOOj5Fw5S"

struct basic_auth {
	struct worker *jobs;
	struct map good; /* SHA-256 of what was right -> this */
	size_t open;
	bool closing; /* the last check frees it */
};

struct auth_check {
	struct job job;
	struct basic_auth *owner;
	void (*done)(void *arg, bool ok); /* NULL: dropped */
	void *arg;
	char *password, *hash;
	char key[KEY_BYTES];
	bool known, ok;
};

struct basic_auth *basic_auth_new(struct worker *jobs)
{
	struct basic_auth *b = MEM_NEW(struct basic_auth);

	b->jobs = jobs;
	map_init(&b->good);
	return b;
}

void basic_auth_free(struct basic_auth *b)
{
	if (!b)
		return;
	b->closing = true;
	if (b->open)
		return;
	map_done(&b->good);
	free(b);
}

bool basic_auth_split(struct str header, struct arena *a, struct str *user, struct str *password)
{
	struct str pair;

	if (header.n < 6 || strncasecmp(header.p, "Basic ", 6) != 0 ||
	    !base64_decode(str_trim(str_from(header, 6)), BASE64_STANDARD, a, &pair, NULL))
		return false;

	ptrdiff_t colon = str_find_char(pair, ':');

	if (colon < 0 || memchr(pair.p, 0, pair.n) || pair.n > PASSWORD_BYTES)
		return false;
	*user = str_cut(pair, 0, (size_t)colon);
	*password = str_from(pair, (size_t)colon + 1);
	return true;
}

static void make_key(struct str user, struct str hash, struct str password, char *key)
{
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	buf_add(&b, user);
	buf_addc(&b, '\0');
	buf_add(&b, hash);
	buf_addc(&b, '\0');
	buf_add(&b, password);
	hash_sha256(buf_str(&b), (unsigned char *)key);
	explicit_bzero(b.p, b.n);
	buf_done(&b);
}

static void run(struct job *j)
{
	struct auth_check *c = CONTAINER(j, struct auth_check, job);
	struct crypt_data *data = mem_alloc(sizeof(*data));
	const char *got = crypt_r(c->password, c->hash, data);
	unsigned differ = !got || strlen(got) != strlen(c->hash);

	for (size_t i = 0; !differ && got[i]; i++)
		differ |= (unsigned char)(got[i] ^ c->hash[i]);
	c->ok = c->known && !differ;
	explicit_bzero(data, sizeof(*data));
	free(data);
}

static void finished(struct job *j, struct now now)
{
	struct auth_check *c = CONTAINER(j, struct auth_check, job);
	struct basic_auth *b = c->owner;

	(void)now;
	b->open--;
	if (c->ok) {
		if (b->good.n >= AUTH_REMEMBERED)
			map_clear(&b->good);
		map_put(&b->good, (struct str){c->key, KEY_BYTES}, b);
	}
	if (c->done)
		c->done(c->arg, c->ok);
	explicit_bzero(c->password, strlen(c->password));
	free(c->password);
	free(c->hash);
	free(c);
	if (b->closing)
		basic_auth_free(b);
}

void basic_auth_drop(struct auth_check *check)
{
	if (check)
		check->done = NULL;
}

static const struct web_user *find_user(const struct web_config *c, struct str name)
{
	for (size_t i = 0; i < c->n_users; i++) {
		if (str_eq(c->users[i].name, name))
			return &c->users[i];
	}
	return NULL;
}

enum auth_result basic_auth_check(struct basic_auth *b, const struct web_config *c,
				  struct str header, void (*done)(void *arg, bool ok), void *arg,
				  struct auth_check **check)
{
	struct arena a;
	struct str user, password;
	char key[KEY_BYTES];

	*check = NULL;
	arena_init(&a);
	if (!basic_auth_split(header, &a, &user, &password)) {
		arena_done(&a);
		return AUTH_BAD;
	}

	const struct web_user *u = find_user(c, user);
	enum auth_result result = AUTH_BUSY;

	make_key(user, u ? u->hash : STR(NOBODY), password, key);
	if (u && map_get(&b->good, (struct str){key, KEY_BYTES})) {
		result = AUTH_GOOD;
	} else if (b->open < AUTH_OPEN) {
		struct auth_check *k = MEM_NEW(struct auth_check);

		*k = (struct auth_check){.job = {.run = run, .done = finished},
					 .owner = b,
					 .done = done,
					 .arg = arg,
					 .password = mem_str(password),
					 .hash = mem_str(u ? u->hash : STR(NOBODY)),
					 .known = u != NULL};
		memcpy(k->key, key, KEY_BYTES);
		b->open++;
		*check = k;
		worker_put(b->jobs, &k->job);
		result = AUTH_WAIT;
	}
	arena_done(&a);
	return result;
}
