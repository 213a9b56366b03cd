/* Markdown made harmless; see markdown.h. */
#include "oncall/markdown.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool scheme_ok(struct str scheme)
{
	static const char *const allowed[] = {"http", "https", "mailto"};

	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		if (scheme.n == strlen(allowed[i]) &&
		    strncasecmp(scheme.p, allowed[i], scheme.n) == 0)
			return true;
	}
	return false;
}

bool markdown_link_ok(struct str url)
{
	bool relative = true;

	for (size_t i = 0; i < url.n; i++) {
		if ((unsigned char)url.p[i] <= ' ' || url.p[i] == '\\' || url.p[i] == 0x7f)
			return false;
	}
	for (size_t i = 0; i < url.n && !strchr("/?#", url.p[i]); i++) {
		if (url.p[i] != ':')
			continue;
		relative = false;
		if (!scheme_ok(str_cut(url, 0, i)))
			return false;
		break;
	}
	/* "//host" is relative to the scheme only. */
	return url.n && !(relative && str_starts(url, "//"));
}

/* ---- making harmless ----------------------------------------------------------------------- */
static void move_children(cmark_node *from, cmark_node *to, bool before)
{
	for (cmark_node *c = cmark_node_first_child(from), *next; c; c = next) {
		next = cmark_node_next(c);
		cmark_node_unlink(c);
		CHECK(before ? cmark_node_insert_before(to, c) : cmark_node_append_child(to, c));
	}
}

static void replace(cmark_node *old, cmark_node *new)
{
	CHECK(cmark_node_insert_before(old, new));
	cmark_node_unlink(old);
	cmark_node_free(old);
}

static void replace_literal(cmark_node *node, cmark_node_type type)
{
	cmark_node *seen = cmark_node_new(type);

	cmark_node_set_literal(seen, cmark_node_get_literal(node));
	replace(node, seen);
}

static bool in_link(cmark_node *node)
{
	for (cmark_node *p = cmark_node_parent(node); p; p = cmark_node_parent(p)) {
		if (cmark_node_get_type(p) == CMARK_NODE_LINK ||
		    cmark_node_get_type(p) == CMARK_NODE_IMAGE)
			return true;
	}
	return false;
}

static void tame_link(cmark_node *node)
{
	struct str url = str_of(cmark_node_get_url(node));
	bool image = cmark_node_get_type(node) == CMARK_NODE_IMAGE;
	cmark_node *link;

	if (!markdown_link_ok(url) || in_link(node)) {
		move_children(node, node, true);
		cmark_node_unlink(node);
		cmark_node_free(node);
		return;
	}
	if (!image)
		return;
	link = cmark_node_new(CMARK_NODE_LINK);
	cmark_node_set_url(link, url.p);
	move_children(node, link, false);
	if (!cmark_node_first_child(link)) {
		cmark_node *text = cmark_node_new(CMARK_NODE_TEXT);

		cmark_node_set_literal(text, url.p);
		CHECK(cmark_node_append_child(link, text));
	}
	replace(node, link);
}

static void tame(cmark_node *root)
{
	cmark_iter *it = cmark_iter_new(root);
	cmark_event_type ev;

	/* A node may go when it has been left; leaves are entered only. */
	while ((ev = cmark_iter_next(it)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(it);
		cmark_node_type t = cmark_node_get_type(node);

		if (t == CMARK_NODE_HTML_BLOCK)
			replace_literal(node, CMARK_NODE_CODE_BLOCK);
		else if (t == CMARK_NODE_HTML_INLINE)
			replace_literal(node, CMARK_NODE_TEXT);
		else if (ev == CMARK_EVENT_EXIT && (t == CMARK_NODE_LINK || t == CMARK_NODE_IMAGE))
			tame_link(node);
	}
	cmark_iter_free(it);
}

cmark_node *markdown_read(struct str text)
{
	cmark_node *root = cmark_parse_document(text.p, text.n, CMARK_OPT_VALIDATE_UTF8);

	tame(root);
	cmark_consolidate_text_nodes(root);
	return root;
}

/* ---- out ----------------------------------------------------------------------------------- */
void markdown_put(struct buf *b, cmark_node *node)
{
	char *html = cmark_render_html(node, CMARK_OPT_DEFAULT);

	/* Half a tag would be worse than none. Three bytes may be needed for one. */
	if (3 * strlen(html) > b->max - b->n)
		b->full = true;
	/* Entities of Markdown can name control characters. */
	for (const char *p = html; *p && !b->full; p++) {
		unsigned char c = (unsigned char)*p;

		if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
			buf_adds(b, "\xef\xbf\xbd");
		else
			buf_addc(b, *p);
	}
	free(html);
}

static void put_flat(struct buf *b, const char *s)
{
	for (; s && *s; s++) {
		bool blank = (unsigned char)*s <= ' ' || *s == 0x7f;

		if (blank && (!b->n || b->p[b->n - 1] == ' '))
			continue;
		buf_addc(b, blank ? ' ' : *s);
	}
}

void markdown_put_words(struct buf *b, cmark_node *node)
{
	cmark_iter *it = cmark_iter_new(node);
	cmark_event_type ev;

	while ((ev = cmark_iter_next(it)) != CMARK_EVENT_DONE) {
		cmark_node *n = cmark_iter_get_node(it);
		cmark_node_type t = cmark_node_get_type(n);

		if (t == CMARK_NODE_TEXT || t == CMARK_NODE_CODE)
			put_flat(b, cmark_node_get_literal(n));
		else if (t == CMARK_NODE_SOFTBREAK || t == CMARK_NODE_LINEBREAK)
			put_flat(b, " ");
	}
	cmark_iter_free(it);
	if (b->n && b->p[b->n - 1] == ' ')
		b->n--;
}
