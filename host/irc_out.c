/* The dialogue; see irc_out.h. RFC 2812, and SASL PLAIN as IRCv3 has it. */
#include "host/irc_out.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/buf.h"
#include "base/mem.h"
#include "host/lazy_curl.h"
#include "host/transfer.h"

#define LINE_MAX_BYTES 400 /* of a text: 512 with all that the server puts around it */
#define LINES_MAX 12
#define BURST 4	    /* lines at once; then one in two seconds, or the server cuts us off */
#define NICKS_MAX 5 /* tries, each with one more _ */
#define REPLY_LINE 4096

struct talk {
	struct irc_talk *t;
	CURL *curl;
	curl_socket_t fd;
	ms_t until; /* mono */
	struct buf in;
	char line[REPLY_LINE]; /* the last one, without its end */
	char nick[64];
	int nicks;
};

static ms_t mono(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ms_t)ts.tv_sec * SECOND + ts.tv_nsec / 1000000;
}

static bool fail(struct talk *k, const char *fmt, ...) ATTR_PRINTF(2, 3);

static bool fail(struct talk *k, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(k->t->error, sizeof(k->t->error), fmt, ap);
	va_end(ap);
	return false;
}

/* ---- bytes ------------------------------------------------------------------------------- */
static bool wait_for(struct talk *k, short events)
{
	struct pollfd p = {.fd = k->fd, .events = events};
	ms_t left = k->until - mono();

	if (left <= 0 || poll(&p, 1, (int)left) <= 0)
		return fail(k, "the IRC server %.*s did not answer in time", STR_ARG(k->t->host));
	return true;
}

static bool put_line(struct talk *k, const char *fmt, ...) ATTR_PRINTF(2, 3);

static bool put_line(struct talk *k, const char *fmt, ...)
{
	char text[1024];
	size_t n, at = 0;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text) - 2, fmt, ap);
	va_end(ap);
	n = strlen(text);
	memcpy(text + n, "\r\n", 2);
	n += 2;
	while (at < n) {
		size_t sent = 0;
		CURLcode rc = curl_easy_send(k->curl, text + at, n - at, &sent);

		if (rc == CURLE_AGAIN && !wait_for(k, POLLOUT))
			return false;
		if (rc != CURLE_OK && rc != CURLE_AGAIN)
			return fail(k, "the connection to the IRC server broke");
		at += sent;
	}
	return true;
}

/* The next line, into k->line. */
static bool get_line(struct talk *k)
{
	for (;;) {
		struct str s = buf_str(&k->in);
		ptrdiff_t end = str_find_char(s, '\n');
		char bytes[2048];
		size_t n = 0;
		CURLcode rc;

		if (end >= 0) {
			char *rest = mem_str(str_from(s, (size_t)end + 1));

			snprintf(k->line, sizeof(k->line), "%.*s", (int)end, s.p);
			k->line[strcspn(k->line, "\r")] = 0;
			buf_clear(&k->in);
			buf_adds(&k->in, rest);
			free(rest);
			return true;
		}
		rc = curl_easy_recv(k->curl, bytes, sizeof(bytes), &n);
		if (rc == CURLE_AGAIN && !wait_for(k, POLLIN))
			return false;
		if ((rc != CURLE_OK && rc != CURLE_AGAIN) || (rc == CURLE_OK && !n))
			return fail(k, "the IRC server closed the connection%s%s",
				    k->line[0] ? " after: " : "", k->line);
		buf_add(&k->in, (struct str){bytes, n});
		if (k->in.full)
			return fail(k, "the IRC server sends lines without an end");
	}
}

/* ---- what lines mean --------------------------------------------------------------------- */
/* ":server 001 nick :Welcome": the word after the prefix; its number, or 0. */
static const char *command_of(const char *line)
{
	const char *p = line;

	if (*p == '@') { /* tags */
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	if (*p == ':') {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	return p;
}

static bool is_command(const char *line, const char *word)
{
	const char *p = command_of(line);
	size_t n = strlen(word);

	return strncmp(p, word, n) == 0 && (p[n] == ' ' || !p[n]);
}

static int numeric_of(const char *line)
{
	const char *p = command_of(line);

	return strspn(p, "0123456789") == 3 ? (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0')
					    : 0;
}

/* Refusals after which nothing helps: passwords, bans, channels that are closed to us. */
static bool is_refusal(int n)
{
	static const int REFUSALS[] = {401, 403, 404, 405, 432, 437, 442, 461, 464, 465,
				       471, 473, 474, 475, 476, 477, 489, 904, 905, 906};

	for (size_t i = 0; i < ARRAY_LEN(REFUSALS); i++) {
		if (REFUSALS[i] == n)
			return true;
	}
	return false;
}

static bool next_nick(struct talk *k)
{
	size_t n = strlen(k->nick);

	if (++k->nicks > NICKS_MAX || n + 1 >= sizeof(k->nick))
		return fail(k, "the nick %.*s is taken", STR_ARG(k->t->nick));
	memcpy(k->nick + n, "_", 2);
	return put_line(k, "NICK %s", k->nick);
}

/* Reads until the command (a word or a number) comes; answers PING, and refusals end it. */
static bool until(struct talk *k, const char *word)
{
	for (;;) {
		int n;

		if (!get_line(k))
			return false;
		n = numeric_of(k->line);
		if (is_command(k->line, word))
			return true;
		if (is_command(k->line, "PING")) {
			const char *what = command_of(k->line) + 4;

			if (!put_line(k, "PONG%s", what))
				return false;
		} else if (n == 433) {
			if (!next_nick(k))
				return false;
		} else if (is_refusal(n)) {
			k->t->numeric = n;
			return fail(k, "the IRC server refuses: %s", command_of(k->line));
		} else if (is_command(k->line, "ERROR")) {
			return fail(k, "the IRC server ends it: %s", command_of(k->line));
		}
	}
}

/* ---- the dialogue ------------------------------------------------------------------------ */
static bool log_in_sasl(struct talk *k)
{
	const struct irc_talk *t = k->t;
	struct buf plain;
	struct arena a;
	struct str coded;
	bool ok;

	if (!t->sasl_password.n)
		return true;
	if (!until(k, "CAP") || !strstr(k->line, "ACK"))
		return t->error[0] ? false : fail(k, "the IRC server has no SASL: %s", k->line);
	buf_init(&plain, BUF_MAX_ANY);
	arena_init(&a);
	buf_addc(&plain, 0);
	buf_add(&plain, t->sasl_user);
	buf_addc(&plain, 0);
	buf_add(&plain, t->sasl_password);
	coded = base64_encode(buf_str(&plain), BASE64_STANDARD, &a);
	ok = put_line(k, "AUTHENTICATE PLAIN") && until(k, "AUTHENTICATE") &&
	     put_line(k, "AUTHENTICATE %.*s", STR_ARG(coded)) && until(k, "903") &&
	     put_line(k, "CAP END");
	buf_done(&plain);
	arena_done(&a);
	return ok;
}

static bool log_in(struct talk *k)
{
	const struct irc_talk *t = k->t;

	snprintf(k->nick, sizeof(k->nick), "%.*s", STR_ARG(t->nick));
	return (!t->sasl_password.n || put_line(k, "CAP REQ :sasl")) &&
	       (!t->password.n || put_line(k, "PASS :%.*s", STR_ARG(t->password))) &&
	       put_line(k, "NICK %s", k->nick) && put_line(k, "USER %s 0 * :rouse", k->nick) &&
	       log_in_sasl(k) && until(k, "001");
}

static bool is_channel(struct str name)
{
	return name.n && strchr("#&+!", name.p[0]);
}

static bool join(struct talk *k)
{
	const struct irc_talk *t = k->t;

	return !is_channel(t->channel) ||
	       (put_line(k, "JOIN %.*s%s%.*s", STR_ARG(t->channel), t->channel_key.n ? " " : "",
			 STR_ARG(t->channel_key)) &&
		until(k, "366"));
}

/* The longest head of s that fits and does not cut a character. */
static size_t piece_of(struct str s)
{
	size_t n = MIN(s.n, (size_t)LINE_MAX_BYTES);

	while (n < s.n && n > 1 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	return n;
}

static bool say_line(struct talk *k, struct str line, int *lines)
{
	while (line.n && *lines < LINES_MAX) {
		size_t n = piece_of(line);

		if (*lines >= BURST)
			usleep(2000000);
		k->t->spoke = true;
		if (!put_line(k, "PRIVMSG %.*s :%.*s", STR_ARG(k->t->channel), (int)n, line.p))
			return false;
		line = str_from(line, n);
		++*lines;
	}
	return true;
}

static bool say(struct talk *k)
{
	struct str rest = k->t->text;
	int lines = 0;

	while (rest.n) {
		ptrdiff_t end = str_find_char(rest, '\n');
		struct str line = str_trim(end < 0 ? rest : str_cut(rest, 0, (size_t)end));

		if (line.n && !say_line(k, line, &lines))
			return false;
		rest = end < 0 ? STR("") : str_from(rest, (size_t)end + 1);
	}
	/* It answers in order: after this it has read all of it. */
	return put_line(k, "PING :rouse") && until(k, "PONG") && put_line(k, "QUIT :told");
}

static bool connect_to(struct talk *k)
{
	const struct irc_talk *t = k->t;
	char url[600], error[CURL_ERROR_SIZE] = "";
	bool six = str_find_char(t->host, ':') >= 0;
	CURLcode rc;

	snprintf(url, sizeof(url), "%s://%s%.*s%s:%d", t->tls ? "https" : "http", six ? "[" : "",
		 STR_ARG(t->host), six ? "]" : "", t->port);
	SETOPT(k->curl, CURLOPT_URL, url);
	SETOPT(k->curl, CURLOPT_CONNECT_ONLY, 1L);
	SETOPT(k->curl, CURLOPT_NOSIGNAL, 1L);
	SETOPT(k->curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
	SETOPT(k->curl, CURLOPT_TIMEOUT_MS, (long)t->timeout);
	SETOPT(k->curl, CURLOPT_ERRORBUFFER, error);
	setup_tls(k->curl, &t->tls_config);
	rc = curl_easy_perform(k->curl);
	SETOPT(k->curl, CURLOPT_ERRORBUFFER, NULL);
	if (rc != CURLE_OK)
		return fail(k, "cannot connect to the IRC server %.*s: %s", STR_ARG(t->host),
			    error[0] ? error : curl_easy_strerror(rc));
	return curl_easy_getinfo(k->curl, CURLINFO_ACTIVESOCKET, &k->fd) == CURLE_OK;
}

void irc_say(struct irc_talk *t)
{
	struct talk k = {.t = t, .until = mono() + t->timeout};

	lazy_curl_load();
	k.curl = curl_easy_init();
	CHECK(k.curl);
	buf_init(&k.in, REPLY_LINE * 4);
	t->ok = connect_to(&k) && log_in(&k) && join(&k) && say(&k);
	buf_done(&k.in);
	curl_easy_cleanup(k.curl);
}
