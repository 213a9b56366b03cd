/*
 * The embedded files. The assembler includes them, relative to the root of the source, where the
 * Makefile runs the compiler.
 */
#include "web/asset.h"

#include "web/answer.h"

#define EMBED(symbol, file) \
	__asm__(".pushsection .rodata\n" \
		".global asset_" #symbol "\n.hidden asset_" #symbol "\n" \
		".global asset_" #symbol "_end\n.hidden asset_" #symbol "_end\n" \
		"asset_" #symbol ":\n.incbin \"web/assets/" file "\"\n" \
		"asset_" #symbol "_end:\n.byte 0\n" \
		".popsection\n"); \
	extern const char asset_##symbol[], asset_##symbol##_end[];

EMBED(style, "style.css")
EMBED(app, "app.js")
EMBED(icon_calm, "calm.svg")
EMBED(icon_pending, "pending.svg")
EMBED(icon_firing, "firing.svg")

static const struct asset {
	const char *name, *type;
	const char *from, *to;
} assets[] = {
	{"style.css", "text/css; charset=utf-8", asset_style, asset_style_end},
	{"app.js", "text/javascript; charset=utf-8", asset_app, asset_app_end},
	{"calm.svg", "image/svg+xml", asset_icon_calm, asset_icon_calm_end},
	{"pending.svg", "image/svg+xml", asset_icon_pending, asset_icon_pending_end},
	{"firing.svg", "image/svg+xml", asset_icon_firing, asset_icon_firing_end},
};

static const struct asset *find(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(assets); i++) {
		if (str_is(name, assets[i].name))
			return &assets[i];
	}
	return NULL;
}

static struct str content(const struct asset *a)
{
	return (struct str){.p = a->from, .n = (size_t)(a->to - a->from)};
}

static struct str hash(struct arena *a, const struct asset *asset)
{
	return arena_printf(a, "%016llx", (unsigned long long)str_hash(content(asset)));
}

void asset_put_url(struct buf *b, const char *name)
{
	const struct asset *a = find(str_of(name));

	CHECK(a);
	buf_printf(b, "assets/%s?v=%016llx", name, (unsigned long long)str_hash(content(a)));
}

void asset_serve(struct exchange *x)
{
	const struct asset *a = find(str_from(x->path, sizeof("/assets/") - 1));

	CHECK(a); /* the route table names them one by one */

	struct str version = hash(x->arena, a);
	struct str etag = arena_printf(x->arena, "\"%.*s\"", STR_ARG(version));
	bool named = str_eq(exchange_param(x, "v"), version);
	struct io_header h[] = {
		{STR("ETag"), etag},
		{STR("Cache-Control"),
		 named ? STR("public, max-age=31536000, immutable") : STR("no-cache")},
	};
	bool same = str_find(exchange_header(x, "if-none-match"), etag) >= 0;

	if (!same)
		buf_add(&x->body, content(a));
	answer_body_with(x, same ? 304 : 200, a->type, h, ARRAY_LEN(h));
}
