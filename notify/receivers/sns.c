/*
 * sns_configs: Publish of AWS's query API, signed with Signature Version 4. Keys come from the
 * configuration; other ways to log in to AWS are not known.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/time.h"
#include "base/url.h"
#include "notify/receivers/kinds.h"

#define MESSAGE_MAX ((size_t)256 << 10)
#define SMS_MAX ((size_t)1600)
#define SUBJECT_MAX 100

struct sigv4 {
	struct str region, access_key, secret_key, profile, role_arn, external_id;
	bool use_fips_sts_endpoint;
};

struct sns {
	struct str api_url, topic_arn, target_arn, phone_number, subject, message;
	const struct yaml_node *sigv4_node, *attributes_node;
	struct sigv4 sigv4;
	struct kind_pair *attributes;
	size_t n_attributes;
};

static const struct field SIGV4_FIELDS[] = {
	FIELD(TEXT, struct sigv4, region),
	FIELD(TEXT, struct sigv4, access_key),
	FIELD(TEXT, struct sigv4, secret_key, .secret = true),
	FIELD(TEXT, struct sigv4, profile),
	FIELD(TEXT, struct sigv4, role_arn),
	FIELD(TEXT, struct sigv4, external_id),
	FIELD(BOOL, struct sigv4, use_fips_sts_endpoint),
};

static const struct field FIELDS[] = {
	FIELD(TEXT, struct sns, api_url),
	FIELD_AS(MAP, "sigv4", struct sns, sigv4_node, FIELD_SUB(SIGV4_FIELDS), .always = true),
	FIELD(TEXT, struct sns, topic_arn),
	FIELD(TEXT, struct sns, phone_number),
	FIELD(TEXT, struct sns, target_arn),
	FIELD(TEXT, struct sns, subject),
	FIELD(TEXT, struct sns, message),
	FIELD_AS(MAP, "attributes", struct sns, attributes_node),
};

static const struct sns DEFAULTS = {
	.subject = STR("{{ template \"sns.default.subject\" . }}"),
	.message = STR("{{ template \"sns.default.message\" . }}"),
};

/* ---- credentials ------------------------------------------------------------------------- */
static struct str env_of(const struct kind_entry *e, const char *name)
{
	struct str s = {0};

	return e->files->env && e->files->env(e->files->arg, str_of(name), e->fields.arena, &s)
		       ? s
		       : STR("");
}

/* "key = value": its value, if the line has that key. */
static bool is_setting(struct str line, const char *key, struct str *value)
{
	ptrdiff_t eq = str_find_char(line, '=');

	if (eq < 0 || !str_is(str_trim(str_cut(line, 0, (size_t)eq)), key))
		return false;
	*value = str_trim(str_from(line, (size_t)eq + 1));
	return true;
}

/* The profile's keys out of AWS's file of credentials. */
static void read_profile(struct str text, struct str profile, struct sigv4 *v)
{
	struct str region = {0};
	bool in = false;

	while (text.n) {
		ptrdiff_t end = str_find_char(text, '\n');
		struct str line = str_trim(end < 0 ? text : str_cut(text, 0, (size_t)end));

		if (str_starts(line, "[") && str_ends(line, "]"))
			in = str_eq(str_trim(str_cut(line, 1, line.n - 1)), profile);
		else if (in && !is_setting(line, "aws_access_key_id", &v->access_key) &&
			 !is_setting(line, "aws_secret_access_key", &v->secret_key))
			(void)is_setting(line, "region", &region);
		text = end < 0 ? STR("") : str_from(text, (size_t)end + 1);
	}
	if (!v->region.n)
		v->region = region;
}

/* Where no keys are written: the environment's, then those of a profile. They are read when the
 * configuration is. */
static void find_credentials(const struct kind_entry *e, struct sigv4 *v)
{
	struct str path = env_of(e, "AWS_SHARED_CREDENTIALS_FILE"), profile = v->profile, text;
	struct err err;

	if (!profile.n) {
		v->access_key = env_of(e, "AWS_ACCESS_KEY_ID");
		v->secret_key = env_of(e, "AWS_SECRET_ACCESS_KEY");
		profile = env_of(e, "AWS_PROFILE");
	}
	if (v->access_key.n && v->secret_key.n)
		return;
	if (!path.n && env_of(e, "HOME").n)
		path = arena_printf(e->fields.arena, "%.*s/.aws/credentials",
				    STR_ARG(env_of(e, "HOME")));
	if (path.n && e->files->read(e->files->arg, path, e->fields.arena, &text, &err))
		read_profile(text, profile.n ? profile : STR("default"), v);
}

static void warn(const struct kind_entry *e, const char *text)
{
	diags_warn(e->fields.diags, e->fields.file, e->node->line, e->node->col, "%s", text);
}

/* ---- configuration ----------------------------------------------------------------------- */
static bool check(const struct kind_entry *e, void *config)
{
	const struct fields *f = &e->fields;
	struct fields strict = *f;
	struct sns *c = config;

	strict.ignore_unknown = false;
	if (c->sigv4_node && !FIELDS_READ(&strict, c->sigv4_node, "sigv4", SIGV4_FIELDS, &c->sigv4))
		return false;
	if (!c->sigv4.access_key.n != !c->sigv4.secret_key.n)
		return fields_error(f, c->sigv4_node,
				    "must provide a AWS SigV4 Access key and Secret Key if "
				    "credentials are specified in the SigV4 config");
	/* Exactly one; as upstream, all three pass too. */
	if ((!c->target_arn.n == !c->topic_arn.n) == !c->phone_number.n)
		return fields_error(f, e->node,
				    "must provide either a Target ARN, Topic ARN, or Phone Number "
				    "for SNS config");
	if (!c->sigv4.access_key.n)
		find_credentials(e, &c->sigv4);
	if (!c->sigv4.access_key.n)
		warn(e, "sns: no keys in sigv4, in the environment (AWS_ACCESS_KEY_ID) or in AWS's "
			"file "
			"of credentials: requests are not signed");
	if (c->sigv4.role_arn.n)
		warn(e, "sns: role_arn is not assumed: the keys themselves must be allowed to "
			"publish");
	return kind_pairs(f, c->attributes_node, "attributes", &c->attributes, &c->n_attributes);
}

/* arn:aws:sns:REGION:... */
static struct str region_of(const struct sns *c)
{
	struct str arn = c->topic_arn.n ? c->topic_arn : c->target_arn;

	if (c->sigv4.region.n)
		return c->sigv4.region;
	for (int i = 0; i < 3; i++) {
		ptrdiff_t colon = str_find_char(arn, ':');

		arn = colon < 0 ? STR("") : str_from(arn, (size_t)colon + 1);
	}
	return str_cut(arn, 0, (size_t)MAX(str_find_char(arn, ':'), 0));
}

/* ---- the form ---------------------------------------------------------------------------- */
static void put(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, "%s%s=", b->n ? "&" : "", key);
	url_put_query(b, value);
}

static int by_name(const void *a, const void *b)
{
	const struct kind_pair *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static void put_attributes(struct buf *b, struct kind_texts *t, const struct sns *c, bool cut)
{
	struct kind_pair *v = ARENA_ARRAY(t->d->arena, struct kind_pair, c->n_attributes + 1);
	size_t n = 0;

	for (size_t i = 0; i < c->n_attributes; i++)
		v[n++] = (struct kind_pair){.name = kind_expand_next(t, "attribute name",
								     c->attributes[i].name),
					    .value = kind_expand_next(t, "attribute",
								      c->attributes[i].value)};
	if (cut)
		v[n++] = (struct kind_pair){STR("truncated"), STR("true")};
	qsort(v, n, sizeof(*v), by_name);
	for (size_t i = 0; i < n; i++) {
		char key[80];

		snprintf(key, sizeof(key), "MessageAttributes.entry.%zu.Name", i + 1);
		put(b, key, v[i].name);
		snprintf(key, sizeof(key), "MessageAttributes.entry.%zu.Value.DataType", i + 1);
		put(b, key, STR("String"));
		snprintf(key, sizeof(key), "MessageAttributes.entry.%zu.Value.StringValue", i + 1);
		put(b, key, v[i].value);
	}
}

static void put_form(struct buf *b, struct kind_texts *t, const struct sns *c)
{
	struct delivery *d = t->d;
	struct str topic = kind_expand(t, "topic_arn", c->topic_arn);
	struct str phone = kind_expand(t, "phone_number", c->phone_number);
	struct str target = kind_expand(t, "target_arn", c->target_arn);
	struct str text = d->plain ? kind_plain_text(d->arena, d->message, SMS_MAX)
				   : kind_expand(t, "message", c->message);
	struct str subject =
		d->plain ? kind_title(d->arena, d->message) : kind_expand(t, "subject", c->subject);
	struct str cut = kind_clip_bytes(d->arena, text, phone.n ? SMS_MAX : MESSAGE_MAX);

	put(b, "Action", STR("Publish"));
	put(b, "Message", cut);
	put_attributes(b, t, c, cut.p != text.p);
	if (str_ends(topic, ".fifo")) {
		put(b, "MessageDeduplicationId", kind_dedup_key(d));
		put(b, "MessageGroupId", kind_dedup_key(d));
	}
	if (phone.n)
		put(b, "PhoneNumber", phone);
	if (subject.n)
		put(b, "Subject", d->plain ? kind_clip(d->arena, subject, SUBJECT_MAX) : subject);
	if (target.n)
		put(b, "TargetArn", target);
	if (topic.n)
		put(b, "TopicArn", topic);
	put(b, "Version", STR("2010-03-31"));
}

/* ---- the signature ----------------------------------------------------------------------- */
struct mac {
	unsigned char v[HASH_SHA256_BYTES];
};

static struct mac hmac(struct str key, struct str text)
{
	struct mac m;

	hash_hmac_sha256(key, text, m.v);
	return m;
}

static struct str mac_str(const struct mac *m)
{
	return (struct str){.p = (const char *)m->v, .n = sizeof(m->v)};
}

static struct str sha256(struct arena *a, struct str s)
{
	char hex[HASH_SHA256_HEX];

	hash_sha256_hex(s, hex);
	return arena_str(a, str_of(hex));
}

/* Host and path of an address. */
static void split(struct str url, struct str *host, struct str *path)
{
	ptrdiff_t at = str_find(url, STR("://"));
	struct str rest = at < 0 ? url : str_from(url, (size_t)at + 3);
	ptrdiff_t slash = str_find_char(rest, '/');

	*host = slash < 0 ? rest : str_cut(rest, 0, (size_t)slash);
	*path = slash < 0 ? STR("/") : str_from(rest, (size_t)slash);
}

/* The credentials' part of the signature that changes once a day. */
static struct mac signing_key(struct arena *a, const struct sns *c, struct str day,
			      struct str region)
{
	struct str secret = arena_printf(a, "AWS4%.*s", STR_ARG(c->sigv4.secret_key));
	struct mac m = hmac(secret, day);

	m = hmac(mac_str(&m), region);
	m = hmac(mac_str(&m), STR("sns"));
	return hmac(mac_str(&m), STR("aws4_request"));
}

/* Adds the headers of Signature Version 4; all headers of the request are signed. */
static void sign(struct delivery *d, struct now now, const struct sns *c)
{
	static const char SIGNED[] = "amz-sdk-invocation-id;amz-sdk-request;content-length;"
				     "content-type;host;x-amz-date";
	struct arena *a = d->arena;
	struct civil t = civil_of(now.wall);
	struct str day = arena_printf(a, "%04d%02d%02d", t.year, t.month, t.day);
	struct str date =
		arena_printf(a, "%.*sT%02d%02d%02dZ", STR_ARG(day), t.hour, t.minute, t.second);
	struct str region = region_of(c), host, path, canonical, scope, text, id = d->key;
	struct str body = d->request.body;
	struct mac key, m;
	char hex[2 * HASH_SHA256_BYTES + 1];

	split(d->request.url, &host, &path);
	if (id.n >= 32)
		id = arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", id.p, id.p + 8, id.p + 12,
				  id.p + 16, id.p + 20);
	canonical = arena_printf(
		a,
		"POST\n%.*s\n\namz-sdk-invocation-id:%.*s\namz-sdk-request:attempt=1; max=3\n"
		"content-length:%zu\ncontent-type:application/x-www-form-urlencoded\nhost:%.*s\n"
		"x-amz-date:%.*s\n\n%s\n%.*s",
		STR_ARG(path), STR_ARG(id), body.n, STR_ARG(host), STR_ARG(date), SIGNED,
		STR_ARG(sha256(a, body)));
	scope = arena_printf(a, "%.*s/%.*s/sns/aws4_request", STR_ARG(day), STR_ARG(region));
	text = arena_printf(a, "AWS4-HMAC-SHA256\n%.*s\n%.*s\n%.*s", STR_ARG(date), STR_ARG(scope),
			    STR_ARG(sha256(a, canonical)));
	key = signing_key(a, c, day, region);
	m = hmac(mac_str(&key), text);
	for (size_t i = 0; i < sizeof(m.v); i++)
		snprintf(hex + 2 * i, 3, "%02x", m.v[i]);
	kind_header(d, "Amz-Sdk-Invocation-Id", id);
	kind_header(d, "Amz-Sdk-Request", STR("attempt=1; max=3"));
	kind_header(d, "X-Amz-Date", date);
	kind_header(d, "Authorization",
		    arena_printf(a,
				 "AWS4-HMAC-SHA256 Credential=%.*s/%.*s, SignedHeaders=%s, "
				 "Signature=%s",
				 STR_ARG(c->sigv4.access_key), STR_ARG(scope), SIGNED, hex));
}

static struct str address(struct kind_texts *t, const struct sns *c)
{
	struct str url = kind_expand(t, "api_url", c->api_url), region = region_of(c);

	return url.n ? url
		     : arena_printf(t->d->arena, "https://sns.%.*s.amazonaws.com/",
				    STR_ARG(region));
}

static enum deliver_result step(struct delivery *d, struct now now, const struct io_reply *reply)
{
	const struct sns *c = d->to->config;
	struct kind_texts t = {.d = d, .now = now};
	struct buf b;

	if (reply)
		return receiver_classify(d, now, reply);
	if (!c->sigv4.access_key.n)
		return kind_dead(d, DEAD_CREDENTIAL, "sigv4 has no access_key and secret_key");
	buf_init(&b, BUF_MAX_ANY);
	put_form(&b, &t, c);
	d->request.method = STR("POST");
	d->request.url = address(&t, c);
	d->request.body = arena_str(d->arena, buf_str(&b));
	d->request.config = d->to->http;
	buf_done(&b);
	kind_header(d, "Content-Type", STR("application/x-www-form-urlencoded"));
	sign(d, now, c);
	return t.failed && !d->plain ? DELIVER_PLAIN : DELIVER_REQUEST;
}

const struct receiver_kind RECEIVER_SNS = {
	.name = "sns",
	.config_key = "sns_configs",
	KIND_CONFIG(struct sns, FIELDS, &DEFAULTS),
	.send_resolved = true,
	.check = check,
	.step = step,
	.parallel = 4,
};
