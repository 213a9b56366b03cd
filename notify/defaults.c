/*
 * The default templates: files of notify/templates/, which are part of the program.
 */
#include "notify/func.h"

#define EMBED(symbol, file) \
	__asm__(".pushsection .rodata\n" \
		".global templates_" #symbol "\n.hidden templates_" #symbol "\n" \
		".global templates_" #symbol "_end\n.hidden templates_" #symbol "_end\n" \
		"templates_" #symbol ":\n.incbin \"notify/templates/" file "\"\n" \
		"templates_" #symbol "_end:\n.byte 0\n" \
		".popsection\n"); \
	extern const char templates_##symbol[], templates_##symbol##_end[];

EMBED(default, "default.tmpl")
EMBED(email, "email.tmpl")
EMBED(rouse, "rouse.tmpl")

static struct str text_of(const char *from, const char *to)
{
	return (struct str){.p = from, .n = (size_t)(to - from)};
}

bool notify_parse_default_templates(struct template_set *ts, struct err *err)
{
	return template_set_parse(ts, STR("default.tmpl"),
				  text_of(templates_default, templates_default_end),
				  &notify_template_funcs, err) &&
	       template_set_parse(ts, STR("email.tmpl"),
				  text_of(templates_email, templates_email_end),
				  &notify_template_funcs, err) &&
	       template_set_parse(ts, STR("rouse.tmpl"),
				  text_of(templates_rouse, templates_rouse_end),
				  &notify_template_funcs, err);
}
