/*
 * From libyaml's events to a tree. Nothing here recurses: open collections are frames on a heap
 * stack, finished children wait in one `pending` vector until their parent ends and takes them.
 *
 * An alias is the same node once more, not a copy, so a "billion laughs" file costs nothing but its
 * count: every use adds the size of what it stands for to the node budget and its height to the
 * depth, and the file is refused when either passes its limit. An alias to a collection that is
 * still open would be a circle and is refused.
 */
#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/num.h"

#define MOST_TAGS 1000 /* %TAG lines */
#define FEW_KEYS 16    /* up to here comparing each with each beats a hash map */

struct anchor {
	struct yaml_node *node;
	size_t size;   /* nodes in it; 0: still open */
	size_t height; /* levels of collections in it */
};

/* An open list or map. */
struct frame {
	struct yaml_node *node;
	struct anchor *anchor; /* NULL: none */
	size_t from;	       /* where its children begin in `pending` */
	size_t size, height;
};

struct builder {
	struct str text;
	const struct limits *limits;
	struct arena *arena;
	struct err *err;
	yaml_parser_t parser;
	struct map anchors;
	struct frame *frames;
	size_t depth, frames_cap;
	struct yaml_node **pending;
	size_t n_pending, pending_cap;
	size_t nodes;	  /* counted against the budget */
	size_t at_offset; /* a cursor over the text: where line at_line begins */
	size_t at_line;	  /* from 0 */
	struct yaml_node *root;
};

/* ---- errors ---------------------------------------------------------------------------------- */

/* What libyaml says, in which context (NULL: any), and what we say instead. */
struct trouble {
	const char *problem, *context;
	bool at_context; /* the mistake is where the construct began, not where it was noticed */
	const char *says;
	const char *since; /* "the list that began in" line N; NULL: not told */
};

#define SPACES "indent with spaces, YAML allows no tabs there"
#define INDENT \
	"the indentation fits nothing above: keys of one map and items of one list must start in " \
	"the same column"

static const struct trouble troubles[] = {
	{"found unexpected end of stream", "while scanning a quoted scalar", true,
	 "this quote is never closed", NULL},
	{"found unexpected document indicator", "while scanning a quoted scalar", true,
	 "this quote is not closed before the document ends", NULL},
	{"could not find expected ':'", NULL, true,
	 "expected \":\" and a space behind this key (or, if it goes on from the line above, more "
	 "indentation)",
	 NULL},
	{"mapping values are not allowed in this context", NULL, false,
	 "\":\" is not allowed here: put a value that holds \": \" in quotes, and start each key "
	 "on "
	 "a line of its own with the indentation of its neighbours",
	 NULL},
	{"mapping keys are not allowed in this context", NULL, false,
	 "a key is not allowed here: start it on a line of its own", NULL},
	{"block sequence entries are not allowed in this context", NULL, false,
	 "\"- \" is not allowed here: start the list on a line of its own", NULL},
	{"found a tab character that violates indentation", NULL, false, SPACES, NULL},
	{"found a tab character that violates intendation", NULL, false, SPACES, NULL},
	{"found a tab character where an indentation space is expected", NULL, false, SPACES, NULL},
	{"found a tab character where an intendation space is expected", NULL, false, SPACES, NULL},
	{"did not find expected key", "while parsing a block mapping", false, INDENT,
	 "the map that began in"},
	{"did not find expected '-' indicator", NULL, false, "expected \"- \" or less indentation",
	 "the list that began in"},
	{"did not find expected ',' or ']'", NULL, false, "expected \",\" or \"]\"",
	 "the list that was opened in"},
	{"did not find expected ',' or '}'", NULL, false, "expected \",\" or \"}\"",
	 "the map that was opened in"},
	{"did not find expected node content", NULL, false, "expected a value", NULL},
	{"did not find expected <document start>", NULL, false,
	 "this does not belong to what stands above: check the indentation", NULL},
	{"found unknown escape character", NULL, false,
	 "unknown escape in double quotes: write \\\\ for a backslash, or use single quotes", NULL},
	{"did not find expected hexdecimal number", NULL, false,
	 "expected hexadecimal digits behind \\x, \\u or \\U: write \\\\ for a backslash, or use "
	 "single quotes",
	 NULL},
	{"found invalid Unicode character escape code", NULL, false,
	 "this escape is no Unicode character", NULL},
	{"did not find expected alphabetic or numeric character", "while scanning an alias", true,
	 "a value that begins with \"*\" must be in quotes (it would be an alias)", NULL},
	{"did not find expected alphabetic or numeric character", "while scanning an anchor", true,
	 "a value that begins with \"&\" must be in quotes (it would be an anchor)", NULL},
	{"did not find expected comment or line break", NULL, false,
	 "behind \"|\" or \">\" the text must start on the next line", NULL},
	{"found an indentation indicator equal to 0", NULL, false,
	 "the indentation behind \"|\" or \">\" must be 1 to 9", NULL},
	{"found undefined tag handle", NULL, false,
	 "unknown tag: a value that begins with \"!\" must be in quotes", NULL},
	{"did not find expected tag URI", NULL, true,
	 "a value that begins with \"!\" must be in quotes (it would be a tag)", NULL},
	{"control characters are not allowed", NULL, false,
	 "control characters are not allowed in YAML: is this a text file?", NULL},
};

static size_t line_length(struct str s)
{
	ptrdiff_t n = str_find_char(s, '\n');

	return n < 0 ? s.n : (size_t)n;
}

/* Line and column (in characters) of a byte. */
static bool err_at_offset(struct err *err, struct str text, size_t at, const char *says)
{
	int line = 1, col = 1;

	for (size_t i = 0; i < MIN(at, text.n); i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '\n') {
			line++;
			col = 1;
		} else if ((c & 0xC0) != 0x80) {
			col++;
		}
	}
	return err_at(err, line, col, "%s", says);
}

static bool err_mark(struct builder *b, yaml_mark_t mark, const char *says)
{
	return err_at(b->err, (int)mark.line + 1, (int)mark.column + 1, "%s", says);
}

/* The rest of a line that libyaml counts from 0. */
static struct str line_text(struct builder *b, size_t line)
{
	while (b->at_line < line && b->at_offset < b->text.n) {
		size_t n = line_length(str_from(b->text, b->at_offset));

		b->at_offset = MIN(b->at_offset + n + 1, b->text.n);
		b->at_line++;
	}

	struct str rest = str_from(b->text, b->at_offset);

	return b->at_line == line ? str_cut(rest, 0, line_length(rest)) : (struct str){0};
}

/* "found character that cannot start any token": which one, and what to do about it. */
static bool err_bad_start(struct builder *b)
{
	yaml_mark_t mark = b->parser.problem_mark;
	const char *at = (const char *)b->parser.buffer.pointer;

	if (*at == '\t')
		return err_mark(b, mark, "a tab stands where a value could begin: " SPACES);
	return err_at(b->err, (int)mark.line + 1, (int)mark.column + 1,
		      "a value cannot begin with \"%c\": put it in quotes", *at);
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static const struct trouble *find_trouble(const char *problem, const char *context)
{
	for (size_t i = 0; i < ARRAY_LEN(troubles); i++) {
		const struct trouble *t = &troubles[i];

		if (same(t->problem, problem) && (!t->context || same(t->context, context)))
			return t;
	}
	return NULL;
}

static bool err_scanner(struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	const struct trouble *t = find_trouble(p->problem, p->context);

	CHECK(p->error != YAML_MEMORY_ERROR && p->error != YAML_NO_ERROR);
	if (p->error == YAML_READER_ERROR)
		return err_at_offset(b->err, b->text, p->problem_offset, t ? t->says : p->problem);
	if (same(p->problem, "found character that cannot start any token"))
		return err_bad_start(b);

	yaml_mark_t mark = t && t->at_context ? p->context_mark : p->problem_mark;
	int line = (int)mark.line + 1, col = (int)mark.column + 1;

	if (t && t->since)
		return err_at(b->err, line, col, "%s (in %s line %zu)", t->says, t->since,
			      p->context_mark.line + 1);
	if (t)
		return err_at(b->err, line, col, "%s", t->says);
	return err_at(b->err, line, col, "%s%s%s", p->problem, p->context ? " " : "",
		      p->context ? p->context : "");
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static bool charge(struct builder *b, yaml_mark_t mark, size_t nodes, size_t height)
{
	b->nodes += nodes;
	if (b->nodes > b->limits->yaml_nodes)
		return err_at(b->err, (int)mark.line + 1, (int)mark.column + 1,
			      "the file holds more than %zu values (aliases count each time they "
			      "are used)",
			      b->limits->yaml_nodes);
	if (b->depth + height > b->limits->yaml_depth)
		return err_at(b->err, (int)mark.line + 1, (int)mark.column + 1,
			      "nested deeper than %zu levels", b->limits->yaml_depth);
	return true;
}

static struct str str_of_yaml(struct arena *a, const yaml_char_t *s)
{
	return s ? arena_str(a, str_of((const char *)s)) : (struct str){0};
}

static struct yaml_node *node_new(struct builder *b, enum yaml_kind kind, yaml_mark_t mark,
				  const yaml_char_t *tag)
{
	struct yaml_node *n = ARENA_NEW(b->arena, struct yaml_node);

	n->kind = kind;
	n->line = (int)mark.line + 1;
	n->col = (int)mark.column + 1;
	n->tag = str_of_yaml(b->arena, tag);
	return n;
}

static struct anchor *anchor_new(struct builder *b, const yaml_char_t *name, struct yaml_node *n)
{
	if (!name)
		return NULL;

	struct anchor *a = ARENA_NEW(b->arena, struct anchor);

	a->node = n;
	map_put(&b->anchors, str_of((const char *)name), a);
	return a;
}

/* A finished node goes to its parent; the first one without a parent is the root. */
static void deliver(struct builder *b, struct yaml_node *n, size_t size, size_t height)
{
	if (!b->depth) {
		b->root = n;
		return;
	}

	struct frame *f = &b->frames[b->depth - 1];

	f->size += size;
	f->height = MAX(f->height, height + 1);
	b->pending = mem_reserve(b->pending, &b->pending_cap, b->n_pending + 1,
				 sizeof(struct yaml_node *));
	b->pending[b->n_pending++] = n;
}

static size_t leading_spaces(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] == ' ')
		n++;
	return n;
}

/* The first line of s that is not blank. */
static struct str first_text(struct str s)
{
	while (s.n) {
		struct str line = str_cut(s, 0, line_length(s));

		if (str_trim(line).n)
			return line;
		s = str_from(s, line.n + 1);
	}
	return s;
}

/* How far a block scalar's text is indented in the file: what the file has before its first line
 * less what the value still has. */
static int block_indent(struct builder *b, yaml_mark_t start, struct str value)
{
	struct str header = line_text(b, start.line);
	size_t from = MIN(b->at_offset + header.n + 1, b->text.n);
	struct str raw = first_text(str_from(b->text, from)), text = first_text(value);
	size_t have = leading_spaces(raw), kept = leading_spaces(text);

	return header.p && text.n && have >= kept ? (int)(have - kept) : 0;
}

static bool is_null_word(struct str s)
{
	return s.n == 0 || str_is(s, "~") || str_is(s, "null") || str_is(s, "Null") ||
	       str_is(s, "NULL");
}

static bool add_scalar(struct builder *b, const yaml_event_t *e)
{
	struct str value = {(const char *)e->data.scalar.value, e->data.scalar.length};
	yaml_scalar_style_t style = e->data.scalar.style;
	bool plain = style == YAML_PLAIN_SCALAR_STYLE || style == YAML_ANY_SCALAR_STYLE;

	if (!charge(b, e->start_mark, 1, 0))
		return false;

	struct yaml_node *n = node_new(b, YAML_SCALAR, e->start_mark, e->data.scalar.tag);
	struct anchor *a = anchor_new(b, e->data.scalar.anchor, n);

	if (a)
		a->size = 1;
	n->quoted = !plain;
	n->block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
	if (n->block)
		n->indent = block_indent(b, e->start_mark, value);
	if (plain && !n->tag.n && is_null_word(value))
		n->kind = YAML_NULL;
	else
		n->value = arena_str(b->arena, value);
	deliver(b, n, 1, 0);
	return true;
}

static bool add_alias(struct builder *b, const yaml_event_t *e)
{
	struct str name = str_of((const char *)e->data.alias.anchor);
	const struct anchor *a = map_get(&b->anchors, name);
	int line = (int)e->start_mark.line + 1, col = (int)e->start_mark.column + 1;

	if (!a)
		return err_at(b->err, line, col,
			      "unknown alias *%.*s: no anchor &%.*s stands before it (if no alias "
			      "is "
			      "meant, put the value in quotes)",
			      STR_ARG(str_cut(name, 0, 100)), STR_ARG(str_cut(name, 0, 100)));
	if (!a->size)
		return err_at(b->err, line, col, "anchor \"%.*s\" contains itself",
			      STR_ARG(str_cut(name, 0, 100)));
	if (!charge(b, e->start_mark, a->size, a->height))
		return false;
	deliver(b, a->node, a->size, a->height);
	return true;
}

static bool open_collection(struct builder *b, enum yaml_kind kind, const yaml_event_t *e,
			    const yaml_char_t *tag, const yaml_char_t *anchor)
{
	if (!charge(b, e->start_mark, 1, 1))
		return false;

	struct yaml_node *n = node_new(b, kind, e->start_mark, tag);

	b->frames = mem_reserve(b->frames, &b->frames_cap, b->depth + 1, sizeof(struct frame));
	b->frames[b->depth++] = (struct frame){.node = n,
					       .anchor = anchor_new(b, anchor, n),
					       .from = b->n_pending,
					       .size = 1,
					       .height = 1};
	return true;
}

static void finish(struct builder *b, const struct frame *f)
{
	if (f->anchor) {
		f->anchor->size = f->size;
		f->anchor->height = f->height;
	}
	b->n_pending = f->from;
	b->depth--;
	deliver(b, f->node, f->size, f->height);
}

static void close_list(struct builder *b)
{
	struct frame f = b->frames[b->depth - 1];
	size_t n = b->n_pending - f.from;

	f.node->n = n;
	f.node->items = ARENA_ARRAY(b->arena, struct yaml_node *, n);
	if (n)
		memcpy(f.node->items, b->pending + f.from, n * sizeof(struct yaml_node *));
	finish(b, &f);
}

/* ---- maps ------------------------------------------------------------------------------------ */

static bool is_merge(const struct yaml_node *key)
{
	return key->kind == YAML_SCALAR && !key->quoted && !key->tag.n && str_is(key->value, "<<");
}

static bool err_duplicate(struct builder *b, const struct yaml_node *key,
			  const struct yaml_node *first)
{
	return err_at(b->err, key->line, key->col,
		      "mapping key \"%.*s\" already defined at line %d",
		      STR_ARG(str_cut(key->value, 0, 100)), first->line);
}

static bool keys_unique_many(struct builder *b, const struct yaml_node *m)
{
	struct map seen;
	bool ok = true;

	map_init(&seen);
	for (size_t i = 0; i < m->n && ok; i++) {
		struct yaml_node *key = m->pairs[i].key;
		struct yaml_node *first = map_put(&seen, key->value, key);

		ok = !first || err_duplicate(b, key, first);
	}
	map_done(&seen);
	return ok;
}

static bool keys_unique(struct builder *b, const struct yaml_node *m)
{
	if (m->n > FEW_KEYS)
		return keys_unique_many(b, m);
	for (size_t i = 1; i < m->n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (str_eq(m->pairs[i].key->value, m->pairs[k].key->value))
				return err_duplicate(b, m->pairs[i].key, m->pairs[k].key);
		}
	}
	return true;
}

/* Puts the pairs of `from` behind those of the map whose keys `have` knows, but for known keys. */
static void merge_map(struct yaml_node *m, size_t *cap, struct map *have,
		      const struct yaml_node *from)
{
	for (size_t i = 0; i < from->n; i++) {
		if (map_get(have, from->pairs[i].key->value))
			continue;
		map_put(have, from->pairs[i].key->value, from->pairs[i].key);
		m->pairs = mem_reserve(m->pairs, cap, m->n + 1, sizeof(struct yaml_pair));
		m->pairs[m->n] = from->pairs[i];
		m->pairs[m->n++].seen = false;
	}
}

static bool merge_value(struct builder *b, struct yaml_node *m, size_t *cap, struct map *have,
			const struct yaml_node *value)
{
	bool list = value->kind == YAML_LIST;
	size_t n = list ? value->n : 1;

	for (size_t i = 0; i < n; i++) {
		const struct yaml_node *from = list ? value->items[i] : value;

		if (from->kind != YAML_MAP)
			return err_at(b->err, from->line, from->col,
				      "map merge requires map or sequence of maps as the value, "
				      "this is %s",
				      yaml_kind_name(from));
		merge_map(m, cap, have, from);
	}
	return true;
}

/* Takes "<<" (at pair `at`) out and what it names in: own keys win, then the first that has it. */
static bool merge(struct builder *b, struct yaml_node *m, size_t at)
{
	struct yaml_node grown = {.n = m->n - 1};
	const struct yaml_node *value = m->pairs[at].value;
	size_t cap = 0;
	struct map have;

	grown.pairs = mem_reserve(NULL, &cap, m->n, sizeof(struct yaml_pair));
	memcpy(grown.pairs, m->pairs, at * sizeof(struct yaml_pair));
	memcpy(grown.pairs + at, m->pairs + at + 1, (m->n - at - 1) * sizeof(struct yaml_pair));
	map_init(&have);
	for (size_t i = 0; i < grown.n; i++)
		map_put(&have, grown.pairs[i].key->value, grown.pairs[i].key);

	bool ok = merge_value(b, &grown, &cap, &have, value);

	if (ok) {
		m->n = grown.n;
		m->pairs = ARENA_ARRAY(b->arena, struct yaml_pair, grown.n);
		memcpy(m->pairs, grown.pairs, grown.n * sizeof(struct yaml_pair));
	}
	map_done(&have);
	free(grown.pairs);
	return ok;
}

static bool close_map(struct builder *b)
{
	struct frame f = b->frames[b->depth - 1];
	struct yaml_node *m = f.node, **kids = b->pending ? b->pending + f.from : NULL;

	m->n = (b->n_pending - f.from) / 2;
	m->pairs = ARENA_ARRAY(b->arena, struct yaml_pair, m->n);

	size_t merge_at = m->n;

	for (size_t i = 0; i < m->n; i++) {
		struct yaml_node *key = kids[2 * i];

		if (key->kind != YAML_SCALAR && key->kind != YAML_NULL)
			return err_at(b->err, key->line, key->col,
				      "%s cannot be a key: a template in braces must be in quotes",
				      yaml_kind_name(key));
		m->pairs[i] = (struct yaml_pair){.key = key, .value = kids[2 * i + 1]};
		if (is_merge(key))
			merge_at = i;
	}
	if (!keys_unique(b, m) || (merge_at < m->n && !merge(b, m, merge_at)))
		return false;
	finish(b, &f);
	return true;
}

/* ---- the document ---------------------------------------------------------------------------- */

static bool handle(struct builder *b, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT: return add_scalar(b, e);
	case YAML_ALIAS_EVENT: return add_alias(b, e);
	case YAML_SEQUENCE_START_EVENT:
		return open_collection(b, YAML_LIST, e, e->data.sequence_start.tag,
				       e->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return open_collection(b, YAML_MAP, e, e->data.mapping_start.tag,
				       e->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT: close_list(b); return true;
	case YAML_MAPPING_END_EVENT: return close_map(b);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT: return true;
	}
	return true;
}

/* Takes events up to and with one of the two types; *type says which it was. */
static bool read_until(struct builder *b, yaml_event_type_t a, yaml_event_type_t z,
		       yaml_event_type_t *type)
{
	do {
		yaml_event_t e;

		if (!yaml_parser_parse(&b->parser, &e))
			return err_scanner(b);
		*type = e.type;

		bool ok = handle(b, &e);

		yaml_event_delete(&e);
		if (!ok)
			return false;
	} while (*type != a && *type != z);
	return true;
}

static bool read_document(struct builder *b, bool *more)
{
	yaml_event_type_t type = YAML_NO_EVENT;

	if (!read_until(b, YAML_DOCUMENT_END_EVENT, YAML_STREAM_END_EVENT, &type))
		return false;
	if (type != YAML_STREAM_END_EVENT &&
	    !read_until(b, YAML_DOCUMENT_START_EVENT, YAML_STREAM_END_EVENT, &type))
		return false;
	*more = type == YAML_DOCUMENT_START_EVENT;
	return true;
}

/* The offset of the first byte that is no UTF-8. */
static size_t bad_utf8(struct str text)
{
	size_t i = 0, len = 1;

	for (; i < text.n; i += len) {
		unsigned char c = (unsigned char)text.p[i];

		len = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
		if (i + len > text.n || !str_is_utf8(str_cut(text, i, i + len)))
			break;
	}
	return i;
}

/* libyaml compares each %TAG line with all before it: 16 MB of them would take hours. (A thousand
 * are counted wherever they stand, so that no kind of line break hides them.) */
static bool tags_fit(struct str text, struct err *err)
{
	struct str rest = text;
	ptrdiff_t at;

	for (int n = 0; (at = str_find(rest, STR("%TAG"))) >= 0; n++) {
		rest = str_from(rest, (size_t)at + 1);
		if (n >= MOST_TAGS)
			return err_at_offset(err, text, (size_t)(rest.p - text.p),
					     "too many %TAG lines");
	}
	return true;
}

bool yaml_parse(struct str text, const struct limits *l, struct arena *a, struct yaml_node **root,
		bool *more, struct err *err)
{
	struct builder b = {.text = text, .limits = l, .arena = a, .err = err};

	if (text.n > l->file_bytes)
		return err_at(err, 0, 0, "the file is too large: %zu bytes, at most %zu are read",
			      text.n, l->file_bytes);
	if (!str_is_utf8(text))
		return err_at_offset(err, text, bad_utf8(text),
				     "this byte is not valid UTF-8: is this a text file?");
	if (!tags_fit(text, err))
		return false;
	CHECK(yaml_parser_initialize(&b.parser));
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)(text.p ? text.p : ""),
				     text.n);
	map_init(&b.anchors);

	bool others = false, ok = read_document(&b, &others);

	if (ok) {
		*root = b.root;
		*more = others;
	}
	map_done(&b.anchors);
	free(b.frames);
	free(b.pending);
	yaml_parser_delete(&b.parser);
	return ok;
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++) {
		if (str_is(map->pairs[i].key->value, key)) {
			map->pairs[i].seen = true;
			return map->pairs[i].value;
		}
	}
	return NULL;
}

bool yaml_is_str(const struct yaml_node *n, struct str *out)
{
	if (!n || n->kind != YAML_SCALAR)
		return false;
	*out = n->value;
	return true;
}

bool yaml_is_bool(const struct yaml_node *n, bool *out)
{
	static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
					  "on",	  "On",	  "ON",	  "y",	 "Y"};
	static const char *const no[] = {"false", "False", "FALSE", "no", "No", "NO",
					 "off",	  "Off",   "OFF",   "n",  "N"};

	if (!n || n->kind != YAML_SCALAR || n->quoted)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (str_is(n->value, yes[i]) || str_is(n->value, no[i])) {
			*out = str_is(n->value, yes[i]);
			return true;
		}
	}
	return false;
}

bool yaml_is_int(const struct yaml_node *n, int64_t *out)
{
	double d;
	int64_t v;

	if (!n || n->kind != YAML_SCALAR || n->quoted)
		return false;
	if (num_int(n->value, 0, &v) == NUM_OK) {
		*out = v;
		return true;
	}
	/* 1e3 and 10.0 are whole numbers too. */
	if (num_float(n->value, &d) != NUM_OK || !(d >= -0x1p53 && d <= 0x1p53) ||
	    (double)(int64_t)d != d)
		return false;
	*out = (int64_t)d;
	return true;
}

const char *yaml_kind_name(const struct yaml_node *n)
{
	if (!n || n->kind == YAML_NULL)
		return "nothing";
	return n->kind == YAML_LIST ? "a list" : n->kind == YAML_MAP ? "a map" : "text";
}

void yaml_unknown_keys(const struct yaml_node *map, const char *type, struct str file,
		       struct diags *diags)
{
	if (!map || map->kind != YAML_MAP)
		return;
	for (size_t i = 0; i < map->n; i++) {
		struct yaml_pair *p = &map->pairs[i];

		if (!p->seen)
			diags_add(diags, file, p->key->line, p->key->col,
				  "field %.*s not found in %s", STR_ARG(p->key->value), type);
		p->seen = false; /* an alias may bring the map to somebody else */
	}
}

struct yaml_node *yaml_copy(struct arena *a, const struct yaml_node *n)
{
	struct yaml_node *k = ARENA_NEW(a, struct yaml_node);

	*k = *n;
	k->value = arena_str(a, n->value);
	k->tag = arena_str(a, n->tag);
	if (n->kind == YAML_LIST)
		k->items = ARENA_ARRAY(a, struct yaml_node *, n->n);
	for (size_t i = 0; n->kind == YAML_LIST && i < n->n; i++)
		k->items[i] = yaml_copy(a, n->items[i]);
	if (n->kind == YAML_MAP)
		k->pairs = ARENA_ARRAY(a, struct yaml_pair, n->n);
	for (size_t i = 0; n->kind == YAML_MAP && i < n->n; i++)
		k->pairs[i] = (struct yaml_pair){.key = yaml_copy(a, n->pairs[i].key),
						 .value = yaml_copy(a, n->pairs[i].value)};
	return k;
}
