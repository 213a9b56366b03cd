/* YAML maps into records by table; see fields.h. */
#include "base/fields.h"

#include <stdarg.h>

#include "base/num.h"

/* Words longer than this are not compared: nobody mistypes one into another. */
#define WORD_MAX 64

bool fields_error(const struct fields *f, const struct yaml_node *at, const char *fmt, ...)
{
	char msg[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	diags_add(f->diags, f->file, at ? at->line : 0, at ? at->col : 0, "%s", msg);
	return false;
}

/* How many letters must be put in, left out, changed or swapped with their neighbour. */
static size_t word_distance(struct str a, struct str b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b.n; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			size_t change = last[j - 1] + (a.p[i - 1] != b.p[j - 1]);
			size_t best = MIN(change, 1 + MIN(last[j], row[j - 1]));

			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
				best = MIN(best, before[j - 2] + 1);
			row[j] = best;
		}
		size_t *free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[b.n];
}

struct nearest {
	struct str name, best;
	size_t distance;
};

static void nearest_offer(struct nearest *n, struct str word)
{
	if (word.n == 0 || word.n > WORD_MAX || n->name.n > WORD_MAX)
		return;

	size_t d = word_distance(n->name, word);

	/* A third of a word may be wrong, not more: `fro` is `for`, `foo` is nothing. */
	if (d * 3 <= MAX(word.n, n->name.n) + 1 && d < n->distance) {
		n->best = word;
		n->distance = d;
	}
}

/* Cuts the first word off; empty at the end. */
static struct str next_word(struct str *words)
{
	ptrdiff_t blank = str_find_char(*words, ' ');
	struct str word = str_cut(*words, 0, blank < 0 ? words->n : (size_t)blank);

	*words = str_from(*words, word.n + 1);
	return word;
}

bool fields_has_word(const char *words, struct str word)
{
	struct str rest = str_of(words);

	while (rest.n > 0) {
		if (str_eq(next_word(&rest), word))
			return true;
	}
	return false;
}

struct str fields_nearest(struct str name, const char *words)
{
	struct nearest n = {.name = name, .distance = SIZE_MAX};
	struct str rest = str_of(words);

	while (rest.n > 0)
		nearest_offer(&n, next_word(&rest));
	return n.best;
}

static const struct field *field_of(const struct field *table, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++) {
		if (str_is(name, table[i].name))
			return &table[i];
	}
	return NULL;
}

static bool tell_unknown(const struct fields *f, const struct yaml_node *key, const char *type,
			 struct str near)
{
	if (near.n == 0)
		return fields_error(f, key, "field %.*s not found in %s", STR_ARG(key->value),
				    type);
	return fields_error(f, key, "field %.*s not found in %s; did you mean %.*s?",
			    STR_ARG(key->value), type, STR_ARG(near));
}

static struct str nearest_field(struct str name, const struct field *table, size_t n)
{
	struct nearest near = {.name = name, .distance = SIZE_MAX};

	for (size_t i = 0; i < n; i++)
		nearest_offer(&near, str_of(table[i].name));
	return near.best;
}

bool fields_unseen(const struct fields *f, const struct yaml_node *map, const char *type,
		   const char *words)
{
	bool ok = true;

	for (size_t i = 0; map && map->kind == YAML_MAP && i < map->n; i++) {
		const struct yaml_node *key = map->pairs[i].key;

		if (!map->pairs[i].seen)
			ok = tell_unknown(f, key, type, fields_nearest(key->value, words));
	}
	return ok;
}

static bool wrong_kind(const struct fields *f, const struct yaml_node *n, const char *what,
		       const char *wanted)
{
	if (n->kind == YAML_SCALAR)
		return fields_error(f, n, "field '%s' must be %s, found \"%.*s\"", what, wanted,
				    (int)MIN(n->value.n, 60), n->value.p);
	return fields_error(f, n, "field '%s' must be %s, found %s", what, wanted,
			    yaml_kind_name(n));
}

bool fields_text(const struct fields *f, const struct yaml_node *n, const char *what,
		 struct str *out)
{
	struct str s;

	if (n->kind == YAML_NULL) {
		*out = (struct str){0};
		return true;
	}
	if (!yaml_is_str(n, &s))
		return wrong_kind(f, n, what, "text");
	*out = arena_str(f->arena, s);
	return true;
}

static bool is_hex(struct str s, size_t at)
{
	return at < s.n && s.p[at] && strchr("0123456789abcdefABCDEF", s.p[at]);
}

static bool check_url_bytes(const struct fields *f, const struct yaml_node *n, const char *what,
			    struct str url)
{
	for (size_t i = 0; i < url.n; i++) {
		unsigned char c = (unsigned char)url.p[i];

		if (c <= ' ' || c == 0x7f)
			return fields_error(f, n, "field '%s': blank or control character in URL",
					    what);
		if (c == '%' && !(is_hex(url, i + 1) && is_hex(url, i + 2)))
			return fields_error(f, n, "field '%s': invalid URL escape \"%.*s\"", what,
					    STR_ARG(str_cut(url, i, i + 3)));
	}
	return true;
}

bool fields_url(const struct fields *f, const struct yaml_node *n, const char *what,
		struct str *out)
{
	struct str url, scheme, host;
	ptrdiff_t colon;

	if (!fields_text(f, n, what, &url))
		return false;
	*out = url;
	if (url.n == 0 || str_is(url, "<secret>"))
		return true;
	colon = str_find(url, STR("://"));
	scheme = str_cut(url, 0, colon < 0 ? 0 : (size_t)colon);
	host = str_from(url, scheme.n + strlen("://"));
	if (!str_is(scheme, "http") && !str_is(scheme, "https"))
		return fields_error(f, n,
				    "field '%s': unsupported scheme \"%.*s\" for URL, it must "
				    "begin "
				    "with http:// or https://",
				    what, STR_ARG(scheme));
	if (host.n == 0 || strchr("/:?#", host.p[0]))
		return fields_error(f, n, "field '%s': missing host for URL", what);
	return check_url_bytes(f, n, what, url);
}

bool fields_duration(const struct fields *f, const struct yaml_node *n, const char *what, ms_t *out)
{
	struct err err = {0};
	struct str s;

	if (!yaml_is_str(n, &s))
		return wrong_kind(f, n, what, "a duration like 5m");
	if (!num_duration(s, out, &err))
		return fields_error(f, n, "field '%s': %s", what, err.msg);
	return true;
}

static bool read_go_duration(const struct fields *f, const struct yaml_node *n, const char *what,
			     ms_t *out)
{
	struct err err = {0};
	struct str s;
	int64_t ns;

	if (!yaml_is_str(n, &s))
		return wrong_kind(f, n, what, "a duration like 10s");
	if (!num_go_duration(s, &ns, &err))
		return fields_error(f, n, "field '%s': %s", what, err.msg);
	if (ns < 0)
		return fields_error(f, n, "field '%s': a negative duration makes no sense here",
				    what);
	*out = ns / 1000000;
	return true;
}

bool fields_texts(const struct fields *f, const struct yaml_node *n, const char *what,
		  struct field_texts *out)
{
	struct field_texts t = {0};
	bool ok = true;

	if (n->kind != YAML_LIST)
		return wrong_kind(f, n, what, "a list of texts");
	t.v = ARENA_ARRAY(f->arena, struct str, n->n);
	for (; t.n < n->n; t.n++)
		ok &= fields_text(f, n->items[t.n], what, &t.v[t.n]);
	*out = t;
	return ok;
}

static bool read_node(const struct fields *f, const struct yaml_node *n, const struct field *fd,
		      const struct yaml_node **out)
{
	if (fd->kind == FIELD_LIST && n->kind != YAML_LIST)
		return wrong_kind(f, n, fd->name, "a list");
	if (fd->kind == FIELD_MAP && n->kind != YAML_MAP)
		return wrong_kind(f, n, fd->name, "a map");
	*out = n;
	return true;
}

static bool read_value(const struct fields *f, const struct yaml_node *n, const struct field *fd,
		       void *to)
{
	switch (fd->kind) {
	case FIELD_TEXT: return fields_text(f, n, fd->name, to);
	case FIELD_URL: return fields_url(f, n, fd->name, to);
	case FIELD_BOOL: return yaml_is_bool(n, to) || wrong_kind(f, n, fd->name, "true or false");
	case FIELD_INT: return yaml_is_int(n, to) || wrong_kind(f, n, fd->name, "a whole number");
	case FIELD_DURATION: return fields_duration(f, n, fd->name, to);
	case FIELD_GO_DURATION: return read_go_duration(f, n, fd->name, to);
	case FIELD_TEXTS: return fields_texts(f, n, fd->name, to);
	case FIELD_LIST:
	case FIELD_MAP:
	case FIELD_NODE: return read_node(f, n, fd, to);
	case FIELD_LATER: break;
	}
	return fields_error(f, n, "%s is not supported yet: remove it, or wait for a later version",
			    fd->name);
}

static bool read_pair(const struct fields *f, const struct yaml_pair *p, const struct field *fd,
		      char *record)
{
	const struct yaml_node *n = p->value;

	if (n->kind == YAML_NULL && fd->kind != FIELD_NODE)
		return true;
	if (fd->given > 0)
		memcpy(record + fd->given - 1, &(bool){true}, sizeof(bool));
	return read_value(f, n, fd, record + fd->at);
}

bool fields_read(const struct fields *f, const struct yaml_node *map, const char *type,
		 const struct field *table, size_t n, void *record)
{
	bool ok = true;

	if (!map || map->kind == YAML_NULL)
		return true;
	if (map->kind != YAML_MAP)
		return fields_error(f, map, "%s must be a map, found %s", type,
				    yaml_kind_name(map));
	for (size_t i = 0; i < map->n; i++) {
		struct yaml_pair *p = &map->pairs[i];
		const struct field *fd = field_of(table, n, p->key->value);

		if (fd) {
			p->seen = true;
			ok &= read_pair(f, p, fd, record);
		} else if (!f->ignore_unknown) {
			ok = tell_unknown(f, p->key, type, nearest_field(p->key->value, table, n));
		}
	}
	return ok;
}
