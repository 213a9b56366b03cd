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

struct str fields_nearest(struct str name, const char *words)
{
	struct nearest n = {.name = name, .distance = SIZE_MAX};
	struct str rest = str_of(words);

	while (rest.n > 0) {
		ptrdiff_t blank = str_find_char(rest, ' ');
		size_t end = blank < 0 ? rest.n : (size_t)blank;

		nearest_offer(&n, str_cut(rest, 0, end));
		rest = str_from(rest, end + 1);
	}
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

static void tell_unknown(const struct fields *f, const struct yaml_node *key, const char *type,
			 const struct field *table, size_t n)
{
	struct nearest near = {.name = key->value, .distance = SIZE_MAX};

	for (size_t i = 0; i < n; i++)
		nearest_offer(&near, str_of(table[i].name));
	if (near.best.n > 0)
		fields_error(f, key, "field %.*s not found in %s; did you mean %.*s?",
			     STR_ARG(key->value), type, STR_ARG(near.best));
	else
		fields_error(f, key, "field %.*s not found in %s", STR_ARG(key->value), type);
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

		p->seen = true;
		if (fd) {
			ok &= read_pair(f, p, fd, record);
		} else if (!f->ignore_unknown) {
			tell_unknown(f, p->key, type, table, n);
			ok = false;
		}
	}
	return ok;
}
