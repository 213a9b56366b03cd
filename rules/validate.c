/*
 * What makes a rule valid, in Prometheus's words and order (model/rulefmt), and the finished rule.
 *
 * Places are finer than upstream's: a label's mistake points at the label, a mistake in an
 * expression at the very byte inside the YAML text.
 */
#include <stdarg.h>

#include "base/mem.h"
#include "promql/parse.h"
#include "promql/print.h"
#include "rules/rule.h"

static struct str rule_name(const struct rule_draft *d)
{
	return d->alert.n > 0 ? d->alert : d->record;
}

bool rule_tell(const struct rule_draft *d, int line, int col, const char *fmt, ...)
{
	const struct fields *f = &d->reader->fields;
	char msg[1024];
	struct buf b;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	buf_init(&b, BUF_MAX_ANY);
	buf_adds(&b, "group ");
	promql_put_quoted(&b, d->group);
	buf_printf(&b, ", rule %d, ", d->number);
	promql_put_quoted(&b, rule_name(d));
	buf_printf(&b, ": %s", msg);
	diags_add(f->diags, f->file, line, col, "%s", buf_cstr(&b));
	buf_done(&b);
	return false;
}

bool rule_tell_text(const struct rule_draft *d, const char *what, const struct rule_text *t,
		    const char *why)
{
	struct buf name;

	buf_init(&name, BUF_MAX_ANY);
	promql_put_quoted(&name, t->name);
	rule_tell(d, t->line, t->col, "%s %s: %s", what, buf_cstr(&name), why);
	buf_done(&name);
	return false;
}

/* At a node, or at the rule if the key is not there. */
#define TELL_AT(d, at, ...) \
	rule_tell(d, (at) ? (at)->line : (d)->node->line, (at) ? (at)->col : (d)->node->col, \
		  __VA_ARGS__)

bool rule_label_name_ok(const struct rule_reader *r, struct str name)
{
	if (r->defaults->legacy_names)
		return label_name_legacy(name);
	return name.n > 0 && str_is_utf8(name);
}

static bool metric_name_ok(const struct rule_reader *r, struct str name)
{
	if (r->defaults->legacy_names)
		return metric_name_legacy(name);
	return name.n > 0 && str_is_utf8(name);
}

static bool check_kind(const struct rule_draft *d)
{
	if (d->record.n > 0 && d->alert.n > 0)
		return TELL_AT(d, d->record_node, "only one of 'record' and 'alert' must be set");
	if (d->record.n == 0 && d->alert.n == 0)
		return TELL_AT(d, d->record_node, "one of 'record' or 'alert' must be set");
	return true;
}

/* The error's byte in the expression, found again in the file. */
static bool tell_expr(const struct rule_draft *d, const struct err *err)
{
	const struct yaml_node *n = d->expr_node;
	int line = n->line, col = n->col;
	size_t at;
	struct buf b;

	if (err->pos >= 0 && yaml_source_of(&d->reader->source, n, (size_t)err->pos, &at))
		yaml_source_place(&d->reader->source, at, &line, &col);
	buf_init(&b, BUF_MAX_ANY);
	promql_error_put(&b, n->value, err);
	rule_tell(d, line, col, "could not parse expression: %s", buf_cstr(&b));
	buf_done(&b);
	return false;
}

static bool compile_expr(const struct rule_draft *d, struct rule *out)
{
	const struct rule_reader *r = d->reader;
	struct err err = {0};
	struct buf b;

	if (d->expr.n == 0)
		return TELL_AT(d, d->expr_node, "field 'expr' must be set in rule");
	if (!promql_parse(d->expr, r->promql, r->defaults->limits, r->fields.arena, &out->expr,
			  &err))
		return tell_expr(d, &err);
	buf_init(&b, BUF_MAX_ANY);
	promql_print(&b, out->expr);
	out->query = arena_str(r->fields.arena, buf_str(&b));
	buf_done(&b);
	out->expr_text = d->expr;
	return true;
}

static bool check_record(const struct rule_draft *d)
{
	const struct yaml_node *at = d->record_node;
	bool ok = true;

	if (d->record.n == 0)
		return true;
	if (d->annotation_map && d->annotation_map->n > 0)
		ok = TELL_AT(d, at, "invalid field 'annotations' in recording rule");
	if (d->hold != 0)
		ok = TELL_AT(d, at, "invalid field 'for' in recording rule");
	if (d->keep_firing_for != 0)
		ok = TELL_AT(d, at, "invalid field 'keep_firing_for' in recording rule");
	if (!metric_name_ok(d->reader, d->record))
		ok = TELL_AT(d, at, "invalid recording rule name: %.*s", STR_ARG(d->record));
	if (str_find_char(d->record, '{') >= 0 || str_find_char(d->record, '}') >= 0)
		ok = TELL_AT(d, at,
			     "braces present in the recording rule name; should it be in expr?: "
			     "%.*s",
			     STR_ARG(d->record));
	return ok;
}

bool rule_compile(const struct rule_draft *d, struct rule *out)
{
	bool ok = check_kind(d);

	*out = (struct rule){
		.alerting = d->alert.n > 0,
		.name = rule_name(d),
		.hold = d->hold,
		.keep_firing_for = d->keep_firing_for,
		.line = d->node->line,
		.col = d->node->col,
		.number = d->number,
	};
	ok &= compile_expr(d, out);
	ok &= check_record(d);
	return rule_texts_compile(d, out) && ok;
}
