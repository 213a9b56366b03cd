/*
 * One runbook: what of its Markdown is a stage, a step, a query, a command. See runbook.h. The
 * blocks of the file are looked at in their order; whatever is no step is gathered as HTML until a
 * step or the end of the stage takes it.
 */
#include "oncall/runbook.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fields.h"
#include "base/mem.h"
#include "oncall/markdown.h"
#include "promql/parse.h"

#define STAGE_WORDS "triage diagnosis mitigation recovery"
#define WORDS_MAX 300 /* of a step, in bytes */
#define CODE_MAX 4096
#define HTML_MAX ((size_t)1 << 20) /* of a whole runbook */

const char *runbook_stage_name(enum runbook_stage_name s)
{
	static const char *const names[] = {
		[STAGE_TRIAGE] = "triage",
		[STAGE_DIAGNOSIS] = "diagnosis",
		[STAGE_MITIGATION] = "mitigation",
		[STAGE_RECOVERY] = "recovery",
	};

	return names[s];
}

const struct runbook_step *runbook_step(const struct runbook *r, struct str id)
{
	for (size_t s = 0; s < RUNBOOK_STAGES; s++) {
		for (size_t i = 0; i < r->stages[s].n; i++) {
			if (str_eq(r->stages[s].steps[i].id, id))
				return &r->stages[s].steps[i];
		}
	}
	return NULL;
}

/* ---- reading ------------------------------------------------------------------------------- */
enum place { PLACE_INTRO, PLACE_STAGE, PLACE_REST };

struct reader {
	const struct runbook_source *in;
	const struct limits *limits;
	struct arena *arena;
	struct runbook *out;
	struct diags *diags;
	enum place place;
	enum runbook_stage_name stage;
	int level; /* of the headings that are stages; 0: none seen */
	bool told_stray, titled;
	bool full; /* something makes more HTML than there may be */
	size_t cap[RUNBOOK_STAGES];
	struct buf prose;	   /* HTML that waits for its place */
	struct buf rest;	   /* that of headings that are no stage */
	struct runbook_step *last; /* what a block right behind the list belongs to, or NULL */
};

static void warn(struct reader *r, cmark_node *at, const char *what, struct str more)
{
	diags_warn(r->diags, r->in->file, cmark_node_get_start_line(at),
		   cmark_node_get_start_column(at), "%s%.*s", what, STR_ARG(more));
}

static struct str words_of(struct reader *r, cmark_node *node)
{
	struct buf b;
	struct str s;

	buf_init(&b, BUF_MAX_ANY);
	markdown_put_words(&b, node);
	s = arena_str(r->arena, buf_str(&b));
	buf_done(&b);
	return s;
}

static struct str take_prose(struct reader *r)
{
	struct str s = arena_str(r->arena, buf_str(&r->prose));

	r->full |= r->prose.full;
	buf_clear(&r->prose);
	return s;
}

/* What was gathered stays where the reading leaves. */
static void leave(struct reader *r)
{
	struct runbook *out = r->out;
	struct str s = take_prose(r);

	r->last = NULL;
	if (!s.n)
		return;
	switch (r->place) {
	case PLACE_INTRO: out->intro = s; break;
	case PLACE_REST: buf_add(&r->rest, s); break;
	case PLACE_STAGE: {
		struct str *after = &out->stages[r->stage].after;

		*after = arena_printf(r->arena, "%.*s%.*s", STR_ARG(*after), STR_ARG(s));
		break;
	}
	}
}

/* ---- headings ------------------------------------------------------------------------------ */
/* The next word of letters in small ones; empty at the end. */
static struct str next_word(struct str *s, char word[32])
{
	size_t n = 0;

	while (s->n && !((s->p[0] | 32) >= 'a' && (s->p[0] | 32) <= 'z'))
		*s = str_from(*s, 1);
	while (s->n && (s->p[0] | 32) >= 'a' && (s->p[0] | 32) <= 'z') {
		if (n < 31)
			word[n++] = (char)(s->p[0] | 32);
		*s = str_from(*s, 1);
	}
	return (struct str){word, n};
}

/* "Triage", "1. Triage", "Stage 2: Diagnosis". *only: its one word, as far as there is one. */
static bool is_stage(struct str heading, enum runbook_stage_name *stage, char only[32])
{
	char buffer[32];
	struct str word = next_word(&heading, buffer);

	*only = '\0';
	if (str_is(word, "stage") || str_is(word, "phase"))
		word = next_word(&heading, buffer);
	memcpy(only, buffer, word.n);
	only[word.n] = '\0';
	if (next_word(&heading, buffer).n) {
		*only = '\0';
		return false;
	}
	for (int i = 0; i < RUNBOOK_STAGES; i++) {
		if (strcmp(only, runbook_stage_name((enum runbook_stage_name)i)) == 0) {
			*stage = (enum runbook_stage_name)i;
			return true;
		}
	}
	return false;
}

static void no_stage(struct reader *r, cmark_node *node, struct str text, const char *word)
{
	struct str near = *word ? fields_nearest(str_of(word), STAGE_WORDS) : STR("");

	leave(r);
	r->place = PLACE_REST;
	r->told_stray = false;
	if (near.n)
		diags_warn(r->diags, r->in->file, cmark_node_get_start_line(node),
			   cmark_node_get_start_column(node),
			   "\"%.*s\" is no stage: did you mean %.*s?",
			   (int)MIN(text.n, (size_t)100), text.p, STR_ARG(near));
}

static void read_heading(struct reader *r, cmark_node *node)
{
	int level = cmark_node_get_heading_level(node);
	struct str text = words_of(r, node);
	enum runbook_stage_name stage;
	char word[32];

	r->last = NULL;
	if (is_stage(text, &stage, word)) {
		leave(r);
		r->place = PLACE_STAGE;
		r->stage = stage;
		r->level = r->level ? MIN(r->level, level) : level;
		return;
	}
	if (!r->titled && !r->level && level == 1) {
		r->titled = true;
		r->out->title = text;
		return;
	}
	if (r->level && level <= r->level)
		no_stage(r, node, text, word);
	markdown_put(&r->prose, node);
}

/* ---- queries and commands ------------------------------------------------------------------ */
static bool is_shell(struct str info)
{
	return str_is(info, "sh") || str_is(info, "console") || str_is(info, "command");
}

/* What a fenced block is for: the first word of its info. */
static enum runbook_step_kind kind_of(cmark_node *node)
{
	struct str info;
	ptrdiff_t blank;

	if (cmark_node_get_type(node) != CMARK_NODE_CODE_BLOCK)
		return RUNBOOK_TEXT;
	info = str_trim(str_of(cmark_node_get_fence_info(node)));
	blank = str_find_char(info, ' ');
	if (blank >= 0)
		info = str_cut(info, 0, (size_t)blank);
	if (str_is(info, "promql"))
		return RUNBOOK_QUERY;
	return is_shell(info) ? RUNBOOK_COMMAND : RUNBOOK_TEXT;
}

static void read_query(struct reader *r, struct runbook_step *s, cmark_node *node)
{
	struct promql_options o = promql_options_default();
	const struct expr *e;
	struct arena scratch;
	struct err err;

	arena_init(&scratch);
	if (promql_parse(s->code, &o, r->limits, &scratch, &e, &err))
		s->kind = RUNBOOK_QUERY;
	else
		diags_add(r->diags, r->in->file, cmark_node_get_start_line(node) + MAX(err.line, 1),
			  cmark_node_get_start_column(node) + MAX(err.col, 1) - 1, "query: %s",
			  err.msg);
	arena_done(&scratch);
}

/* The one command of a block: lines that a backslash joins, without comments, and where there are
 * prompts ("$ ") only what stands behind them. False: there is none, or more. */
static bool one_command(struct str text, struct buf *b, struct str *why_not)
{
	bool prompts = str_starts(text, "$ ") || str_find(text, STR("\n$ ")) >= 0;
	bool joined = false;
	size_t n = 0;

	while (text.n) {
		ptrdiff_t end = str_find_char(text, '\n');
		struct str line = str_trim(end < 0 ? text : str_cut(text, 0, (size_t)end));

		text = end < 0 ? STR("") : str_from(text, (size_t)end + 1);
		if (!joined &&
		    (!line.n || line.p[0] == '#' || (prompts && !str_starts(line, "$ "))))
			continue;
		if (!joined && prompts)
			line = str_trim(str_from(line, 2));
		n += !joined;
		joined = str_ends(line, "\\");
		if (n == 1)
			buf_add(b, joined ? str_cut(line, 0, line.n - 1) : line);
	}
	if (n != 1)
		*why_not = n ? STR("it is more than one command: put them into a script")
			     : STR("there is no command in it");
	return n == 1;
}

static void read_command(struct reader *r, struct runbook_step *s, cmark_node *node)
{
	struct buf b;

	s->kind = RUNBOOK_COMMAND;
	buf_init(&b, CODE_MAX);
	if (one_command(s->code, &b, &s->why_not) &&
	    !runbook_split(arena_str(r->arena, buf_str(&b)), r->arena, &s->argv, &s->n_argv,
			   &s->why_not)) {
		s->why_not = STR("its quotes do not match");
		diags_add(r->diags, r->in->file, cmark_node_get_start_line(node) + 1,
			  cmark_node_get_start_column(node),
			  "the quotes of the command do not match");
	} else if (s->why_not.n) {
		warn(r, node, "the command is shown, but rouse cannot run it: ", s->why_not);
	}
	if (s->why_not.n)
		s->n_argv = 0;
	buf_done(&b);
}

/* False: the block is text. */
static bool read_code(struct reader *r, struct runbook_step *s, cmark_node *node)
{
	enum runbook_step_kind kind = kind_of(node);
	struct str code;

	if (kind == RUNBOOK_TEXT)
		return false;
	code = str_trim(str_of(cmark_node_get_literal(node)));
	if (s->code.n || !code.n || code.n > CODE_MAX) {
		warn(r, node,
		     s->code.n ? "a step has one query or command: this one is text"
		     : code.n  ? "the block is too long: it is text"
			       : "the block is empty",
		     STR(""));
		return false;
	}
	s->code = arena_str(r->arena, code);
	if (kind == RUNBOOK_QUERY)
		read_query(r, s, node);
	else
		read_command(r, s, node);
	return s->kind != RUNBOOK_TEXT;
}

/* ---- steps --------------------------------------------------------------------------------- */
/* "[ ] " and "[x] " at the beginning of an item; NULL: it has no box. */
static cmark_node *box_of(cmark_node *item)
{
	cmark_node *p = cmark_node_first_child(item), *t;
	const char *s;

	if (!p || cmark_node_get_type(p) != CMARK_NODE_PARAGRAPH)
		return NULL;
	t = cmark_node_first_child(p);
	if (!t || cmark_node_get_type(t) != CMARK_NODE_TEXT)
		return NULL;
	s = cmark_node_get_literal(t);
	return s[0] == '[' && s[1] && strchr(" xX", s[1]) && s[2] == ']' && (s[3] == ' ' || !s[3])
		       ? t
		       : NULL;
}

static void remove_box(cmark_node *item)
{
	cmark_node *t = box_of(item);
	struct str rest;
	char *kept;

	if (!t)
		return;
	rest = str_from(str_of(cmark_node_get_literal(t)), 3);
	while (str_starts(rest, " "))
		rest = str_from(rest, 1);
	kept = mem_str(rest);
	cmark_node_set_literal(t, kept);
	free(kept);
}

static bool is_steps(cmark_node *list)
{
	if (cmark_node_get_list_type(list) == CMARK_ORDERED_LIST)
		return true;
	for (cmark_node *i = cmark_node_first_child(list); i; i = cmark_node_next(i)) {
		if (box_of(i))
			return true;
	}
	return false;
}

/* Once the step has its words and its code. */
static void name_step(struct reader *r, struct runbook_step *s)
{
	struct runbook_stage *st = &r->out->stages[s->stage];
	struct str what = arena_printf(r->arena, "%d\n%.*s\n%.*s", s->kind, STR_ARG(s->words),
				       STR_ARG(s->code));
	uint32_t hash = (uint32_t)(str_hash(what) >> 32);
	size_t same = 1;

	s->id = arena_printf(r->arena, "%s-%08x", runbook_stage_name(s->stage), hash);
	for (size_t i = 0; &st->steps[i] != s; i++)
		same += str_eq(str_cut(st->steps[i].id, 0, s->id.n), s->id);
	if (same > 1)
		s->id = arena_printf(r->arena, "%.*s-%zu", STR_ARG(s->id), same);
}

static struct runbook_step *new_step(struct reader *r, cmark_node *item)
{
	struct runbook_stage *st = &r->out->stages[r->stage];
	struct runbook_step *s;

	if (st->n == r->cap[r->stage]) {
		size_t cap = MAX(2 * st->n, (size_t)8);
		struct runbook_step *v = ARENA_ARRAY(r->arena, struct runbook_step, cap);

		if (st->n)
			memcpy(v, st->steps, st->n * sizeof(*v));
		st->steps = v;
		r->cap[r->stage] = cap;
	}
	s = &st->steps[st->n++];
	*s = (struct runbook_step){.stage = r->stage,
				   .before = take_prose(r),
				   .line = cmark_node_get_start_line(item),
				   .col = cmark_node_get_start_column(item)};
	r->out->n_steps++;
	return s;
}

static void read_step(struct reader *r, cmark_node *item)
{
	struct runbook_step *s = new_step(r, item);
	cmark_node *first = cmark_node_first_child(item);
	struct buf html;

	remove_box(item);
	if (first)
		s->words = words_of(r, first);
	s->words = str_cut(s->words, 0, MIN(s->words.n, (size_t)WORDS_MAX));
	while (s->words.n && !str_is_utf8(s->words))
		s->words.n--;
	buf_init(&html, HTML_MAX);
	for (cmark_node *c = first; c; c = cmark_node_next(c)) {
		if (!read_code(r, s, c))
			markdown_put(&html, c);
	}
	s->html = arena_str(r->arena, buf_str(&html));
	r->full |= html.full;
	buf_done(&html);
	if (!s->words.n)
		warn(r, item, "a step without words", STR(""));
	r->last = s;
}

static void read_list(struct reader *r, cmark_node *list)
{
	if (r->place != PLACE_STAGE) {
		if (!r->told_stray && box_of(cmark_node_first_child(list)))
			warn(r, list,
			     "steps outside of the stages (" STAGE_WORDS ") are text: nobody can "
			     "tick them",
			     STR(""));
		r->told_stray = true;
		markdown_put(&r->prose, list);
		return;
	}
	for (cmark_node *i = cmark_node_first_child(list); i; i = cmark_node_next(i)) {
		if (r->out->n_steps >= r->limits->runbook_steps) {
			diags_add(r->diags, r->in->file, cmark_node_get_start_line(i),
				  cmark_node_get_start_column(i),
				  "a runbook has at most %zu steps: what follows is text",
				  r->limits->runbook_steps);
			markdown_put(&r->prose, list);
			return;
		}
		read_step(r, i);
	}
}

static void read_block(struct reader *r, cmark_node *node)
{
	cmark_node_type t = cmark_node_get_type(node);
	struct runbook_step *last = TAKE(r->last);

	if (t == CMARK_NODE_HEADING)
		read_heading(r, node);
	else if (t == CMARK_NODE_LIST && is_steps(node))
		read_list(r, node);
	else if (!last || !read_code(r, last, node))
		markdown_put(&r->prose, node);
}

/* ---- the whole ----------------------------------------------------------------------------- */
/* False: it is told why the text is not read. */
static bool readable(const struct runbook_source *in, const struct limits *l, struct diags *diags)
{
	int line = 1;

	if (in->text.n > l->runbook_bytes) {
		diags_add(diags, in->file, 0, 0,
			  "a runbook has at most %zu bytes, this one has %zu", l->runbook_bytes,
			  in->text.n);
		return false;
	}
	for (size_t i = 0; i < in->text.n; i++) {
		unsigned char c = (unsigned char)in->text.p[i];

		line += c == '\n';
		if ((c < ' ' && !strchr("\t\r\n\f", c)) || c == 0x7f || !c) {
			diags_add(diags, in->file, line, 0, "a control character: this is no text");
			return false;
		}
	}
	if (!str_is_utf8(in->text)) {
		diags_add(diags, in->file, 0, 0, "the file is not UTF-8");
		return false;
	}
	return true;
}

static void finish(struct reader *r)
{
	struct runbook *out = r->out;

	leave(r);
	out->rest = arena_str(r->arena, buf_str(&r->rest));
	for (size_t s = 0; s < RUNBOOK_STAGES; s++) {
		for (size_t i = 0; i < out->stages[s].n; i++)
			name_step(r, &out->stages[s].steps[i]);
	}
	if (!r->level)
		diags_add(r->diags, r->in->file, 1, 1,
			  "no heading is a stage: \"## Triage\", \"## Diagnosis\", "
			  "\"## Mitigation\", \"## Recovery\" with steps (\"- [ ] ...\") below");
	else if (!out->n_steps)
		diags_warn(r->diags, r->in->file, 1, 1,
			   "the stages have no steps: write them as \"- [ ] ...\"");
	if (r->full || r->rest.full)
		diags_add(r->diags, r->in->file, 0, 0,
			  "it makes more than %zu bytes of HTML: not all of it is shown", HTML_MAX);
}

void runbook_parse(const struct runbook_source *in, const struct limits *l, struct arena *a,
		   struct runbook *out, struct diags *diags)
{
	struct reader r = {.in = in, .limits = l, .arena = a, .out = out, .diags = diags};
	cmark_node *root;

	*out = (struct runbook){.name = arena_str(a, in->name), .file = arena_str(a, in->file)};
	out->title = out->name;
	if (!readable(in, l, diags))
		return;
	buf_init(&r.prose, HTML_MAX);
	buf_init(&r.rest, HTML_MAX);
	root = markdown_read(in->text);
	for (cmark_node *n = cmark_node_first_child(root); n; n = cmark_node_next(n))
		read_block(&r, n);
	finish(&r);
	cmark_node_free(root);
	buf_done(&r.prose);
	buf_done(&r.rest);
}
