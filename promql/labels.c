/*
 * Label sets as runs of bytes. A length below 255 is one byte; otherwise 0xFF and three bytes,
 * little endian: that is how Prometheus's default build keeps its label sets in memory.
 */
#include "promql/labels.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/json.h"
#include "base/mem.h"
#include "promql/print.h"

#define LEN_LONG 0xFF /* three bytes of length follow */

/* Reads one length-prefixed string at *at; the set is known to be whole. */
static inline struct str take(const char *p, size_t *at)
{
	const unsigned char *u = (const unsigned char *)p + *at;
	size_t n = u[0], head = 1;

	if (__builtin_expect(n == LEN_LONG, 0)) {
		n = (size_t)u[1] | (size_t)u[2] << 8 | (size_t)u[3] << 16;
		head = 4;
	}
	*at += head + n;
	return (struct str){.p = (const char *)u + head, .n = n};
}

bool labels_next(struct labels ls, struct labels_iter *it, struct label *out)
{
	if (it->at >= ls.n)
		return false;
	out->name = take(ls.p, &it->at);
	out->value = take(ls.p, &it->at);
	return true;
}

size_t labels_count(struct labels ls)
{
	struct labels_iter it = {0};
	struct label l;
	size_t n = 0;

	while (labels_next(ls, &it, &l))
		n++;
	return n;
}

struct str labels_get(struct labels ls, struct str name)
{
	struct labels_iter it = {0};
	struct label l;

	while (labels_next(ls, &it, &l)) {
		int c = str_cmp(l.name, name);

		if (c == 0)
			return l.value;
		if (c > 0)
			break;
	}
	return STR("");
}

bool labels_eq(struct labels a, struct labels b)
{
	return str_eq(labels_bytes(a), labels_bytes(b));
}

int labels_cmp(struct labels a, struct labels b)
{
	struct labels_iter ia = {0}, ib = {0};
	struct label la, lb;

	for (;;) {
		bool more_a = labels_next(a, &ia, &la), more_b = labels_next(b, &ib, &lb);

		if (!more_a || !more_b)
			return (int)more_a - (int)more_b;

		int c = str_cmp(la.name, lb.name);

		if (c == 0)
			c = str_cmp(la.value, lb.value);
		if (c != 0)
			return c;
	}
}

uint64_t labels_hash(struct labels ls)
{
	return XXH64(ls.p, ls.n, 0);
}

#define FNV_OFFSET UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)
#define FNV_SEPARATOR 0xFF

static uint64_t fnv_add(uint64_t h, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * FNV_PRIME;
	return (h ^ FNV_SEPARATOR) * FNV_PRIME;
}

uint64_t labels_fingerprint(struct labels ls)
{
	struct labels_iter it = {0};
	struct label l;
	uint64_t h = FNV_OFFSET;

	while (labels_next(ls, &it, &l))
		h = fnv_add(fnv_add(h, l.name), l.value);
	return h;
}

struct labels labels_dup(struct arena *a, struct labels ls)
{
	char *p = arena_bytes(a, ls.n);

	if (ls.n)
		memcpy(p, ls.p, ls.n);
	return (struct labels){.p = p, .n = ls.n};
}

struct labels labels_heap(struct labels ls)
{
	return (struct labels){.p = mem_str(labels_bytes(ls)), .n = ls.n};
}

void labels_free(struct labels ls)
{
	free((char *)(uintptr_t)ls.p);
}

/* As take(), of bytes that nobody has checked. */
static bool take_checked(struct str bytes, size_t *at, struct str *out)
{
	const unsigned char *u = (const unsigned char *)bytes.p + *at;
	size_t left = bytes.n - *at;

	if (left < 1 || (u[0] == LEN_LONG && left < 4))
		return false;

	size_t n = u[0], head = 1;

	if (n == LEN_LONG) {
		n = (size_t)u[1] | (size_t)u[2] << 8 | (size_t)u[3] << 16;
		head = 4;
		if (n < LEN_LONG)
			return false;
	}
	if (left - head < n)
		return false;
	*out = (struct str){.p = (const char *)u + head, .n = n};
	*at += head + n;
	return true;
}

static bool encoding_valid(struct str bytes, bool may_be_empty)
{
	struct str last = {0};

	for (size_t at = 0; at < bytes.n;) {
		struct str name, value;

		if (!take_checked(bytes, &at, &name) || !take_checked(bytes, &at, &value))
			return false;
		if (name.n == 0 || (value.n == 0 && !may_be_empty) ||
		    (last.p && str_cmp(last, name) >= 0))
			return false;
		last = name;
	}
	return true;
}

bool labels_valid(struct str bytes)
{
	return encoding_valid(bytes, false);
}

bool annotations_valid(struct str bytes)
{
	return encoding_valid(bytes, true);
}

void labels_put(struct buf *b, struct labels ls, bool metric)
{
	struct labels_iter it = {0};
	struct label l;
	struct str name = metric ? labels_get(ls, STR(LABEL_NAME)) : STR("");
	bool bare = name.n && metric_name_legacy(name);
	const char *sep = "{";

	if (bare)
		buf_add(b, name);
	else if (name.n) {
		buf_addc(b, '{');
		promql_put_quoted(b, name);
		sep = ", ";
	}
	while (labels_next(ls, &it, &l)) {
		if (name.n && str_is(l.name, LABEL_NAME))
			continue;
		buf_adds(b, sep);
		promql_put_label_name(b, l.name);
		buf_addc(b, '=');
		promql_put_quoted(b, l.value);
		sep = ", ";
	}
	if (*sep == ',')
		buf_addc(b, '}');
	else if (!bare)
		buf_adds(b, "{}");
}

static void put_json(struct buf *b, struct labels ls, void (*put)(struct buf *, struct str))
{
	struct labels_iter it = {0};
	struct label l;
	char sep = '{';

	while (labels_next(ls, &it, &l)) {
		buf_addc(b, sep);
		put(b, l.name);
		buf_addc(b, ':');
		put(b, l.value);
		sep = ',';
	}
	buf_adds(b, sep == '{' ? "{}" : "}");
}

void labels_put_json(struct buf *b, struct labels ls)
{
	put_json(b, ls, json_put_str);
}

void labels_put_json_html(struct buf *b, struct labels ls)
{
	put_json(b, ls, json_put_str_html);
}

void labels_builder_init(struct labels_builder *lb)
{
	*lb = (struct labels_builder){0};
}

void labels_builder_done(struct labels_builder *lb)
{
	free(lb->v);
	labels_builder_init(lb);
}

void labels_builder_from(struct labels_builder *lb, struct labels base)
{
	struct labels_iter it = {0};
	struct label l;

	lb->n = 0;
	while (labels_next(base, &it, &l)) {
		lb->v = mem_reserve(lb->v, &lb->cap, lb->n + 1, sizeof(*lb->v));
		lb->v[lb->n++] = l;
	}
}

/* The position of name, or where it would have to go. */
static size_t builder_at(const struct labels_builder *lb, struct str name)
{
	size_t lo = 0, hi = lb->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (str_cmp(lb->v[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool builder_has(const struct labels_builder *lb, size_t at, struct str name)
{
	return at < lb->n && str_eq(lb->v[at].name, name);
}

void labels_builder_set(struct labels_builder *lb, struct str name, struct str value)
{
	size_t at = builder_at(lb, name);

	CHECK(name.n <= LABEL_MAX_BYTES && value.n <= LABEL_MAX_BYTES);
	if (value.n == 0 && !lb->keep_empty) {
		labels_builder_del(lb, name);
		return;
	}
	if (!builder_has(lb, at, name)) {
		lb->v = mem_reserve(lb->v, &lb->cap, lb->n + 1, sizeof(*lb->v));
		memmove(lb->v + at + 1, lb->v + at, (lb->n - at) * sizeof(*lb->v));
		lb->n++;
	}
	lb->v[at] = (struct label){.name = name, .value = value};
}

void labels_builder_del(struct labels_builder *lb, struct str name)
{
	size_t at = builder_at(lb, name);

	if (!builder_has(lb, at, name))
		return;
	lb->n--;
	memmove(lb->v + at, lb->v + at + 1, (lb->n - at) * sizeof(*lb->v));
}

struct str labels_builder_get(const struct labels_builder *lb, struct str name)
{
	size_t at = builder_at(lb, name);

	return builder_has(lb, at, name) ? lb->v[at].value : STR("");
}

static size_t encoded_size(struct str s)
{
	return s.n + (s.n < LEN_LONG ? 1 : 4);
}

static char *encode(char *p, struct str s)
{
	if (s.n < LEN_LONG) {
		*p++ = (char)s.n;
	} else {
		*p++ = (char)LEN_LONG;
		for (int shift = 0; shift < 24; shift += 8)
			*p++ = (char)(s.n >> shift & 0xFF);
	}
	if (s.n)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

struct labels labels_builder_build(const struct labels_builder *lb, struct arena *a)
{
	size_t size = 0;

	for (size_t i = 0; i < lb->n; i++)
		size += encoded_size(lb->v[i].name) + encoded_size(lb->v[i].value);

	char *bytes = arena_bytes(a, size), *p = bytes;

	for (size_t i = 0; i < lb->n; i++)
		p = encode(encode(p, lb->v[i].name), lb->v[i].value);
	return (struct labels){.p = bytes, .n = size};
}

struct labels labels_without_name(struct arena *a, struct labels ls)
{
	struct labels_builder lb;

	labels_builder_init(&lb);
	labels_builder_from(&lb, ls);
	labels_builder_del(&lb, STR(LABEL_NAME));

	struct labels out = labels_builder_build(&lb, a);

	labels_builder_done(&lb);
	return out;
}

static bool legacy(struct str s, bool colon)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
			     (colon && c == ':');

		if (!alpha && !(i > 0 && c >= '0' && c <= '9'))
			return false;
	}
	return s.n > 0;
}

bool label_name_legacy(struct str s)
{
	return legacy(s, false);
}

bool metric_name_legacy(struct str s)
{
	return legacy(s, true);
}

void labels_append(struct buf *b, struct str name, struct str value)
{
	char *p = buf_room(b, encoded_size(name) + encoded_size(value));

	if (p)
		encode(encode(p, name), value);
}
