/*
 * Requests and data from nowhere: a first line "METHOD path?query", then text that stands in
 * labels, annotations and errors. Whatever both are, a page is well-formed, runs nothing that is
 * not ours, and JSON reads as JSON.
 */
#include <jansson.h>
#include <stdint.h>

#include "tests/unit/web_fake.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A C string in the arena: cut at the first NUL, never too long. */
static const char *text_of(struct core *c, struct str s)
{
	return arena_cstr(&c->arena, str_cut(s, 0, 4096));
}

static struct core *house(struct core *c, const char *text)
{
	struct fake_group *g = fake_group(c, text, text, MINUTE);
	struct fake_rule *r = fake_alerting(c, g, text, text, MINUTE);

	r->view.last_error = str_of(text);
	r->view.health = RULE_ERR;
	r->rule.labels = fake_labels(c, "l", text, NULL);
	fake_annotate(c, r, "a", text);
	for (enum alert_state s = ALERT_PENDING; s <= ALERT_FIRING; s++)
		fake_active(c, r, s, HOUR, fake_labels(c, "l", text, *text ? text : "x", "v", NULL),
			    fake_labels(c, "summary", text, "runbook_url", text, NULL))
			->because = str_of(text);
	fake_receiver(c, text, text);
	c->receivers[0].last_error = str_of(text);
	fake_delivery(c, OUTBOX_DEAD, text, HOUR)->error = str_of(text);
	return c;
}

static void look_at(const struct web_answer *ans)
{
	struct str type = fake_header(ans, "Content-Type");

	CHECK(ans->status >= 200 && ans->status < 600);
	if (str_starts(type, "text/html"))
		CHECK(*markup_error(ans->body) == '\0');
	if (str_starts(type, "application/json")) {
		json_t *j = json_loadb(ans->body.p, ans->body.n, 0, NULL);

		CHECK(j);
		json_decref(j);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = {.p = (const char *)data, .n = n};
	ptrdiff_t line = str_find_char(in, '\n'), space = str_find_char(in, ' ');

	if (line < 0 || space < 0 || space > line)
		return 0;

	struct core *c = fake_new();
	struct web *w = fake_web(c, "");
	struct arena a;
	const char *method = text_of(c, str_cut(in, 0, (size_t)space));
	const char *path = text_of(c, str_cut(in, (size_t)space + 1, (size_t)line));
	struct web_answer ans;

	arena_init(&a);
	house(c, text_of(c, str_from(in, (size_t)line + 1)));
	ans = fake_ask(w, &a, method, path);
	look_at(&ans);
	arena_done(&a);
	web_free(w);
	fake_free(c);
	return 0;
}
