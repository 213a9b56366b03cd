/* Compiling, matching, replacing. All memory of a struct regex is in one arena. */
#include "base/regex.h"

#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "base/regex_syntax.h"

#define MATCH_LIMIT 200000	   /* backtracking steps; then the breadth-first matcher */
#define MATCH_HEAP_KIB (64 * 1024) /* of backtracking frames */
#define DFA_WORKSPACE 4096	   /* ints; grown up to DFA_WORKSPACE_MAX */
#define DFA_WORKSPACE_MAX (1 << 22)

struct regex {
	struct str pattern;
	struct str *names; /* of the groups, from 1 */
	size_t groups;
	bool literal; /* the whole text must be one of choices: no matcher is needed */
	struct str *choices;
	size_t n_choices;
	pcre2_code *code;
	pcre2_match_context *context;
	struct arena own; /* only of a heap one */
};

static void *arena_malloc(size_t size, void *arena)
{
	return arena_alloc(arena, size);
}

static void arena_no_free(void *p, void *arena)
{
	(void)p;
	(void)arena;
}

static bool compile_code(struct regex *r, struct str pcre, struct arena *a, struct err *err)
{
	pcre2_general_context *g = pcre2_general_context_create(arena_malloc, arena_no_free, a);
	pcre2_compile_context *c = pcre2_compile_context_create(g);
	int code;
	PCRE2_SIZE at;

	pcre2_set_parens_nest_limit(c, REGEX_NESTING_MAX * 3 + 3);
	r->code = pcre2_compile((PCRE2_SPTR)pcre.p, pcre.n, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C,
				&code, &at, c);
	if (!r->code) {
		PCRE2_UCHAR why[128];

		pcre2_get_error_message(code, why, sizeof(why));
		return err_set(err, -1, "error parsing regexp: %s: `%.*s`", (const char *)why,
			       STR_ARG(str_cut(r->pattern, 0, 200)));
	}
	r->context = pcre2_match_context_create(g);
	pcre2_set_match_limit(r->context, MATCH_LIMIT);
	pcre2_set_heap_limit(r->context, MATCH_HEAP_KIB);
	return true;
}

static bool compile(struct regex *r, struct str pattern, unsigned flags, struct arena *a,
		    struct err *err)
{
	struct regex_syntax syntax;
	struct buf whole;

	if (!regex_syntax_read(pattern, flags & REGEX_DOTALL, a, &syntax, err))
		return false;
	r->pattern = arena_str(a, pattern);
	r->names = syntax.names;
	r->groups = syntax.groups;
	r->literal = syntax.literal && (flags & REGEX_ANCHORED);
	r->choices = syntax.choices;
	r->n_choices = syntax.n_choices;

	buf_init(&whole, BUF_MAX_ANY);
	buf_adds(&whole, flags & REGEX_ANCHORED ? "\\A(?:" : "");
	buf_add(&whole, buf_str(&syntax.pcre));
	buf_adds(&whole, flags & REGEX_ANCHORED ? ")\\z" : "");

	bool ok = compile_code(r, (struct str){.p = buf_cstr(&whole), .n = whole.n}, a, err);

	buf_done(&whole);
	buf_done(&syntax.pcre);
	return ok;
}

bool regex_compile(struct str pattern, unsigned flags, struct arena *a, struct regex **out,
		   struct err *err)
{
	struct regex *r = a ? ARENA_NEW(a, struct regex) : MEM_NEW(struct regex);

	if (!compile(r, pattern, flags, a ? a : &r->own, err)) {
		if (!a)
			regex_free(r);
		return false;
	}
	*out = r;
	return true;
}

void regex_free(struct regex *r)
{
	if (!r)
		return;
	arena_done(&r->own);
	free(r);
}

struct str regex_pattern(const struct regex *r)
{
	return r->pattern;
}

size_t regex_groups(const struct regex *r)
{
	return r->groups;
}

/* ---- matching ---------------------------------------------------------------------------------
 */

static bool gave_up(const struct regex *r, struct err *err)
{
	return err_set(err, -1, "regular expression `%.*s` takes too many steps on this text",
		       STR_ARG(str_cut(r->pattern, 0, 200)));
}

/* Whether there is a match at all, in a time that does not explode. */
static bool match_dfa(const struct regex *r, struct str text, bool *matched, struct err *err)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int code = PCRE2_ERROR_DFA_WSSIZE;

	for (size_t n = DFA_WORKSPACE; code == PCRE2_ERROR_DFA_WSSIZE && n <= DFA_WORKSPACE_MAX;
	     n *= 8) {
		int *space = mem_alloc(n * sizeof(*space));

		code = pcre2_dfa_match(r->code, (PCRE2_SPTR)text.p, text.n, 0,
				       PCRE2_NO_UTF_CHECK | PCRE2_DFA_SHORTEST, data, NULL, space,
				       n);
		free(space);
	}
	pcre2_match_data_free(data);
	if (code < 0 && code != PCRE2_ERROR_NOMATCH)
		return gave_up(r, err);
	*matched = code >= 0;
	return true;
}

/* One match from `at`; data holds the groups. */
static bool match_from(const struct regex *r, struct str text, size_t at, pcre2_match_data *data,
		       bool *matched, struct err *err)
{
	int code = pcre2_match(r->code, (PCRE2_SPTR)text.p, text.n, at, PCRE2_NO_UTF_CHECK, data,
			       r->context);

	if (code < 0 && code != PCRE2_ERROR_NOMATCH)
		return gave_up(r, err);
	*matched = code >= 0;
	return true;
}

/* The text as PCRE2 may see it: bytes that are no UTF-8 become U+FFFD, as Go reads them. */
static struct str sane(struct str text, struct buf *room)
{
	if (str_is_utf8(text))
		return text.p ? text : STR("");
	for (size_t i = 0; i < text.n;) {
		size_t n = 1;

		while (n < 4 && i + n <= text.n && !str_is_utf8(str_cut(text, i, i + n)))
			n++;
		if (i + n <= text.n && str_is_utf8(str_cut(text, i, i + n))) {
			buf_add(room, str_cut(text, i, i + n));
			i += n;
		} else {
			buf_adds(room, "\xEF\xBF\xBD");
			i++;
		}
	}
	return buf_str(room);
}

static bool literal_match(const struct regex *r, struct str text)
{
	for (size_t i = 0; i < r->n_choices; i++) {
		if (str_eq(r->choices[i], text))
			return true;
	}
	return false;
}

bool regex_match(const struct regex *r, struct str text, bool *matched, struct err *err)
{
	struct buf room;

	if (r->literal) {
		*matched = literal_match(r, text);
		return true;
	}
	buf_init(&room, BUF_MAX_ANY);
	text = sane(text, &room);

	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	bool ok = match_from(r, text, 0, data, matched, NULL) || match_dfa(r, text, matched, err);

	pcre2_match_data_free(data);
	buf_done(&room);
	return ok;
}

/* ---- replacing --------------------------------------------------------------------------------
 */

struct found {
	const struct regex *r;
	struct str text;
	const PCRE2_SIZE *groups; /* pairs of start and end */
};

static bool name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

/* The name after a `$`, braces off; *rest is what follows. False: the `$` is only a dollar. */
static bool take_name(struct str s, struct str *name, struct str *rest)
{
	bool brace = s.n && s.p[0] == '{';
	size_t from = brace, to = from;

	while (to < s.n && name_char(s.p[to]))
		to++;
	if (to == from || (brace && (to >= s.n || s.p[to] != '}')))
		return false;
	*name = str_cut(s, from, to);
	*rest = str_from(s, to + brace);
	return true;
}

/* The group that a number or name means; SIZE_MAX: none. */
static size_t group_of(const struct found *f, struct str name)
{
	size_t num = 0;

	for (size_t i = 0; i < name.n && num != SIZE_MAX; i++) {
		bool digit = name.p[i] >= '0' && name.p[i] <= '9' && num < 100000000;

		num = digit ? num * 10 + (size_t)(name.p[i] - '0') : SIZE_MAX;
	}
	if (num != SIZE_MAX && !(name.p[0] == '0' && name.n > 1))
		return num <= f->r->groups ? num : SIZE_MAX;
	for (size_t i = 0; i < f->r->groups; i++) {
		if (str_eq(f->r->names[i], name) && f->groups[2 * (i + 1)] != PCRE2_UNSET)
			return i + 1;
	}
	return SIZE_MAX;
}

static void expand(const struct found *f, struct str with, struct buf *out)
{
	struct str name;

	for (ptrdiff_t at; (at = str_find_char(with, '$')) >= 0;) {
		buf_add(out, str_cut(with, 0, (size_t)at));
		with = str_from(with, (size_t)at + 1);
		if (with.n && with.p[0] == '$') {
			buf_addc(out, '$');
			with = str_from(with, 1);
		} else if (!take_name(with, &name, &with)) {
			buf_addc(out, '$');
		} else {
			size_t g = group_of(f, name);

			if (g != SIZE_MAX && f->groups[2 * g] != PCRE2_UNSET)
				buf_add(out,
					str_cut(f->text, f->groups[2 * g], f->groups[2 * g + 1]));
		}
	}
	buf_add(out, with);
}

/* The length of the rune at `at`, 1 at the end. */
static size_t rune_width(struct str text, size_t at)
{
	size_t n = 1;

	while (at + n < text.n && ((unsigned char)text.p[at + n] & 0xC0) == 0x80)
		n++;
	return n;
}

static bool replace_all(const struct regex *r, struct str text, struct str with, struct buf *out,
			pcre2_match_data *data, struct err *err)
{
	const PCRE2_SIZE *g = pcre2_get_ovector_pointer(data);
	struct found f = {.r = r, .text = text, .groups = g};
	size_t last_end = 0;
	bool matched;

	for (size_t at = 0; at <= text.n;) {
		if (!match_from(r, text, at, data, &matched, err))
			return false;
		if (!matched)
			break;
		buf_add(out, str_cut(text, last_end, g[0]));
		/* not for an empty match right after another match */
		if (g[1] > last_end || g[0] == 0)
			expand(&f, with, out);
		last_end = g[1];
		at = MAX(last_end, at + rune_width(text, at));
	}
	buf_add(out, str_from(text, last_end));
	return true;
}

bool regex_replace(const struct regex *r, struct str text, struct str with, struct buf *out,
		   struct err *err)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(r->code, NULL);
	struct buf room;

	buf_init(&room, BUF_MAX_ANY);

	bool ok = replace_all(r, sane(text, &room), with, out, data, err);

	buf_done(&room);
	pcre2_match_data_free(data);
	return ok;
}

bool regex_expand(const struct regex *r, struct str text, struct str with, struct buf *out,
		  bool *matched, struct err *err)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(r->code, NULL);
	struct found f = {.r = r, .groups = pcre2_get_ovector_pointer(data)};
	struct buf room;

	buf_init(&room, BUF_MAX_ANY);
	f.text = sane(text, &room);

	bool ok = match_from(r, f.text, 0, data, matched, err);

	if (ok && *matched)
		expand(&f, with, out);
	buf_done(&room);
	pcre2_match_data_free(data);
	return ok;
}

void regex_quote(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] && strchr("\\.+*?()|[]{}^$", s.p[i]))
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
}
