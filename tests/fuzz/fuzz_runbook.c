/*
 * Markdown from nowhere as a runbook. Besides not crashing: no script, no frame, no image and no
 * handler comes out, links lead where they may, steps have names of their own, a command that can
 * be run has a program.
 */
#include <stdint.h>

#include "oncall/markdown.h"
#include "oncall/runbook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A tag that Markdown makes; everything else that begins with < would be the file's own. */
static bool is_ours(struct str tag)
{
	static const char *const ours[] = {"p",	 "h1",	   "h2",  "h3",	  "h4", "h5",
					   "h6", "ul",	   "ol",  "li",	  "em", "a",
					   "br", "strong", "pre", "code", "hr", "blockquote"};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		if (str_is(tag, ours[i]))
			return true;
	}
	return false;
}

static void check_attributes(struct str tag)
{
	ptrdiff_t href = str_find(tag, STR(" href=\""));

	CHECK(str_find(tag, STR(" on")) < 0 || str_find(tag, STR("=\"")) >= 0);
	if (href >= 0) {
		struct str url = str_from(tag, (size_t)href + 7);

		url = str_cut(url, 0, (size_t)MAX(str_find_char(url, '"'), 0));
		CHECK(markdown_link_ok(url));
	}
}

static void check_html(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		struct str tag = str_from(s, i + 1);
		size_t from = 0, to;

		CHECK((unsigned char)s.p[i] >= ' ' || s.p[i] == '\n' || s.p[i] == '\t');
		if (s.p[i] != '<')
			continue;
		CHECK(str_find_char(tag, '>') > 0);
		tag = str_cut(tag, 0, (size_t)str_find_char(tag, '>'));
		from = str_starts(tag, "/");
		for (to = from; to < tag.n && tag.p[to] != ' ' && tag.p[to] != '/'; to++)
			continue;
		CHECK(is_ours(str_cut(tag, from, to)));
		check_attributes(tag);
	}
}

static void check_step(const struct runbook *r, const struct runbook_step *s)
{
	CHECK(runbook_step(r, s->id) == s);
	check_html(s->before);
	check_html(s->html);
	CHECK(str_is_utf8(s->words));
	CHECK(s->kind == RUNBOOK_TEXT || s->code.n);
	if (s->kind == RUNBOOK_COMMAND)
		CHECK((s->n_argv && s->argv[0].n) == !s->why_not.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct runbook_source in = {STR("x"), STR("x.md"), {(const char *)data, n}};
	struct limits l;
	struct diags diags;
	struct runbook r;
	struct arena a;

	limits_default(&l);
	l.runbook_steps = 20;
	arena_init(&a);
	diags_init(&diags);
	runbook_parse(&in, &l, &a, &r, &diags);
	check_html(r.intro);
	check_html(r.rest);
	for (size_t s = 0; s < RUNBOOK_STAGES; s++) {
		check_html(r.stages[s].after);
		for (size_t i = 0; i < r.stages[s].n; i++)
			check_step(&r, &r.stages[s].steps[i]);
	}
	diags_done(&diags);
	arena_done(&a);
	return 0;
}
