/*
 * Mail through curl: one message, all its recipients or none. The HELO name travels in the URL's
 * path, as curl wants it. Until the last byte of the message has left nothing was accepted
 * (transfer.body_at tells), so a failure before is UNSENT.
 */
#include <string.h>

#include "base/num.h"
#include "host/transfer.h"

static size_t on_read(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct str s = str_cut(t->req.body, t->body_at, t->body_at + size * n);

	if (!t->call)
		return CURL_READFUNC_ABORT;
	if (s.n)
		memcpy(p, s.p, s.n);
	t->body_at += s.n;
	return s.n;
}

/* SMTP knows only CR LF. */
static struct str with_crlf(struct transfer *t, struct str s)
{
	char *p = arena_bytes(&t->arena, s.n * 2 + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n' && (i == 0 || s.p[i - 1] != '\r'))
			p[n++] = '\r';
		p[n++] = s.p[i];
	}
	return (struct str){p, n};
}

static char *address(struct transfer *t, struct str s)
{
	struct str a = str_starts(s, "<") ? s : arena_printf(&t->arena, "<%.*s>", STR_ARG(s));

	return arena_cstr(&t->arena, a);
}

static bool is_address(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	}
	return s.n > 0;
}

static bool add_recipients(struct transfer *t, struct err *err)
{
	const struct io_mail *m = t->req.mail;
	struct curl_slist **end = &t->rcpt;

	t->rcpt = NULL;
	for (size_t i = 0; i < m->n_to; i++) {
		if (!is_address(m->to[i]))
			return err_set(err, -1, "a recipient is no mail address");
		*end = ARENA_NEW(&t->arena, struct curl_slist);
		(*end)->data = address(t, m->to[i]);
		end = &(*end)->next;
	}
	if (!t->rcpt)
		return err_set(err, -1, "the mail has no recipient");
	return is_address(m->from) || err_set(err, -1, "the sender is no mail address");
}

static bool set_login(struct transfer *t, struct err *err)
{
	const struct io_mail *m = t->req.mail;
	bool cram = m->cram_secret.n || m->cram_secret_file.n;
	struct str secret = cram ? m->cram_secret : m->password;
	struct str file = cram ? m->cram_secret_file : m->password_file;
	CURL *c = t->easy.curl;

	if (!m->username.n)
		return true;
	if (file.n && !secrets_get(transfer_secrets(t), file, &secret, err))
		return false;
	SETOPT(c, CURLOPT_USERNAME, arena_cstr(&t->arena, m->username));
	SETOPT(c, CURLOPT_PASSWORD, arena_cstr(&t->arena, secret));
	if (m->auth_identity.n)
		SETOPT(c, CURLOPT_SASL_AUTHZID, arena_cstr(&t->arena, m->auth_identity));
	/* A password is no CRAM secret, even if curl would like that better. */
	SETOPT(c, CURLOPT_LOGIN_OPTIONS, cram ? "AUTH=CRAM-MD5" : "AUTH=PLAIN;AUTH=LOGIN");
	return true;
}

/* The last line stays, but for what is said after a refusal (to QUIT). */
void setup_mail_line(struct transfer *t, struct str line)
{
	int64_t code;

	if (line.n < 3 || num_int(str_cut(line, 0, 3), 10, &code) != NUM_OK)
		return;
	if (t->refused && code < 400)
		return;
	t->refused = code >= 400;
	t->status = (int)code;
	buf_clear(&t->body);
	buf_add(&t->body, line);
}

bool setup_mail(struct transfer *t, struct err *err)
{
	const struct io_mail *m = t->req.mail;
	struct str hello = m->hello.n ? m->hello : STR("localhost");
	const char *open = t->url.brackets ? "[" : "", *close = t->url.brackets ? "]" : "";
	struct str url =
		arena_printf(&t->arena, "%.*s://%s%.*s%s:%d/%.*s", STR_ARG(t->url.scheme), open,
			     STR_ARG(t->url.host), close, t->url.port, STR_ARG(hello));
	CURL *c = t->easy.curl;

	if (!add_recipients(t, err) || !set_login(t, err))
		return false;
	t->req.body = with_crlf(t, t->req.body);
	t->body_at = 0;
	t->refused = false;
	SETOPT(c, CURLOPT_URL, arena_cstr(&t->arena, url));
	SETOPT(c, CURLOPT_MAIL_FROM, address(t, m->from));
	SETOPT(c, CURLOPT_MAIL_RCPT, t->rcpt);
	SETOPT(c, CURLOPT_USE_SSL, (long)(m->require_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
	SETOPT(c, CURLOPT_UPLOAD, 1L);
	SETOPT(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->req.body.n);
	SETOPT(c, CURLOPT_READFUNCTION, on_read);
	SETOPT(c, CURLOPT_READDATA, t);
	return true;
}
