/* Runbooks by their names, and commands as words; see runbook.h. */
#include "oncall/runbook.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define ARGV_MAX 100

/* ---- the set ------------------------------------------------------------------------------- */
struct runbooks *runbooks_new(void)
{
	struct runbooks *r = MEM_NEW(struct runbooks);

	arena_init(&r->arena);
	return r;
}

void runbooks_free(struct runbooks *r)
{
	if (!r)
		return;
	arena_done(&r->arena);
	free(r);
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
}

/* Letters and digits, in any case; the others only part them. */
static bool same_name(struct str a, struct str b)
{
	size_t i = 0, k = 0;

	for (;;) {
		while (i < a.n && !is_alnum(a.p[i]))
			i++;
		while (k < b.n && !is_alnum(b.p[k]))
			k++;
		if (i == a.n || k == b.n)
			return i == a.n && k == b.n;
		if (small(a.p[i++]) != small(b.p[k++]))
			return false;
	}
}

static const struct runbook *by_name(const struct runbooks *r, struct str name)
{
	bool any = false;

	for (size_t i = 0; i < name.n; i++)
		any |= is_alnum(name.p[i]);
	for (size_t i = 0; any && i < r->n; i++) {
		if (same_name(r->v[i].name, name))
			return &r->v[i];
	}
	return NULL;
}

void runbooks_parse(struct runbooks *r, const struct runbook_source *in, size_t n,
		    const struct limits *l, struct diags *diags)
{
	r->v = ARENA_ARRAY(&r->arena, struct runbook, MIN(n, l->runbooks) + 1);
	for (size_t i = 0; i < n; i++) {
		const struct runbook *other = by_name(r, in[i].name);

		if (r->n == l->runbooks) {
			diags_add(diags, in[i].file, 0, 0,
				  "there are more than %zu runbooks: this one and what follows are "
				  "left out",
				  l->runbooks);
			return;
		}
		if (!str_is_name(in[i].name)) {
			diags_add(diags, in[i].file, 0, 0,
				  "the name of a runbook has letters, digits, _ . - and nothing "
				  "else");
			continue;
		}
		if (other) {
			diags_add(diags, in[i].file, 0, 0, "it has the same name as %.*s",
				  STR_ARG(other->file));
			continue;
		}
		runbook_parse(&in[i], l, &r->arena, &r->v[r->n++], diags);
	}
}

const struct runbook *runbooks_get(const struct runbooks *r, struct str name)
{
	for (size_t i = 0; r && i < r->n; i++) {
		if (str_eq(r->v[i].name, name))
			return &r->v[i];
	}
	return NULL;
}

/* Of "https://wiki/runbooks/high-error-rate.md?x#y" the "high-error-rate". */
static struct str last_part(struct str s)
{
	size_t from;

	s = str_trim(s);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '?' || s.p[i] == '#')
			s.n = i;
	}
	while (s.n && s.p[s.n - 1] == '/')
		s.n--;
	for (from = s.n; from > 0 && s.p[from - 1] != '/'; from--)
		continue;
	s = str_from(s, from);
	return str_ends(s, ".md") ? str_cut(s, 0, s.n - 3) : s;
}

const struct runbook *runbooks_match(const struct runbooks *r, struct str annotation,
				     struct str alertname)
{
	const struct runbook *found;

	if (!r)
		return NULL;
	found = by_name(r, last_part(annotation));
	return found ? found : by_name(r, alertname);
}

/* ---- words --------------------------------------------------------------------------------- */
struct splitter {
	struct str line;
	size_t at;
	struct buf word;
	bool open; /* a word has begun, maybe an empty one in quotes */
	struct str why_not;
	struct arena *arena;
	struct str *argv;
	size_t n;
};

static void end_word(struct splitter *s)
{
	if (!s->open)
		return;
	if (s->n == ARGV_MAX)
		s->why_not = STR("it has too many words");
	else
		s->argv[s->n++] = arena_str(s->arena, buf_str(&s->word));
	buf_clear(&s->word);
	s->open = false;
}

static void needs_shell(struct splitter *s, char c)
{
	if (!s->why_not.n)
		s->why_not = arena_printf(s->arena, "%c needs a shell, and there is none", c);
}

/* Behind the opening quote; false: there is no closing one. */
static bool take_quoted(struct splitter *s, char quote)
{
	for (; s->at < s->line.n; s->at++) {
		char c = s->line.p[s->at];

		if (c == quote) {
			s->at++;
			return true;
		}
		if (quote == '"' && (c == '$' || c == '`'))
			needs_shell(s, c);
		if (quote == '"' && c == '\\' && s->at + 1 < s->line.n &&
		    strchr("\"\\$`", s->line.p[s->at + 1]))
			c = s->line.p[++s->at];
		buf_addc(&s->word, c);
	}
	return false;
}

/* What a shell would not take as it is. */
static bool is_special(const struct splitter *s, char c)
{
	if (strchr("|&;<>()$`*?[", c))
		return true;
	return !s->open && (c == '~' || c == '#');
}

static bool take(struct splitter *s)
{
	char c = s->line.p[s->at++];

	if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
		end_word(s);
		return true;
	}
	if (is_special(s, c))
		needs_shell(s, c);
	s->open = true;
	if (c == '\'' || c == '"')
		return take_quoted(s, c);
	if (c == '\\') {
		if (s->at == s->line.n)
			return false;
		c = s->line.p[s->at++];
	}
	buf_addc(&s->word, c);
	return true;
}

bool runbook_split(struct str line, struct arena *a, struct str **argv, size_t *n,
		   struct str *why_not)
{
	struct splitter s = {.line = line, .arena = a};
	bool ok = true;

	buf_init(&s.word, BUF_MAX_ANY);
	s.argv = ARENA_ARRAY(a, struct str, ARGV_MAX);
	while (ok && s.at < line.n)
		ok = take(&s);
	end_word(&s);
	buf_done(&s.word);
	if (!ok)
		return false;
	if (!s.n && !s.why_not.n)
		s.why_not = STR("there is no command in it");
	if (s.n && !s.argv[0].n)
		s.why_not = STR("the name of the program is empty");
	*argv = s.argv;
	*n = s.n;
	*why_not = s.why_not;
	return true;
}
