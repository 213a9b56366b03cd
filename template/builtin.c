/* The built-in functions: arguments arrive as Go's reflect.Value or interface{} would. */
#include "template/builtin.h"

#include <string.h>

#include "base/url.h"
#include "template/exec.h"
#include "template/gofmt.h"
#include "template/gorune.h"

const struct value_type TYPE_REFLECT = {.name = "reflect.Value", .kind = VALUE_ANY};

#define BUILTIN(name) \
	static enum template_outcome name(struct template_call *c, const struct value *args, \
					  size_t n, struct value *out)

static enum template_outcome done(struct value *out, struct value v)
{
	*out = v;
	return TEMPLATE_OK;
}

static struct value text_value(struct template_call *c, struct buf *b)
{
	struct value v = value_str(arena_str(c->arena, buf_str(b)));

	buf_done(b);
	return v;
}

/* Text that a function makes may be as long as what the whole template may write. */
static void text_init(struct template_call *c, struct buf *b)
{
	buf_init(b, c->exec->o->limits->template_bytes);
}

/* Cut text must not go unnoticed. */
static enum template_outcome text_done(struct template_call *c, struct buf *b, struct value *out)
{
	if (b->full) {
		buf_done(b);
		return template_fail(c, "result exceeds %zu bytes",
				     c->exec->o->limits->template_bytes);
	}
	return done(out, text_value(c, b));
}

/* ---- comparison ------------------------------------------------------------------------------ */

/* Kinds that compare with themselves; pointers are none. */
static enum value_kind basic_kind(struct value v)
{
	if (v.type && v.type->pointee)
		return VALUE_NONE;
	switch ((int)v.kind) {
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_FLOAT:
	case VALUE_STRING: return v.kind;
	default: return VALUE_NONE;
	}
}

static enum template_outcome incompatible(struct template_call *c, struct value a, struct value b)
{
	return template_fail(c, "incompatible types for comparison: %s and %s", value_type_name(a),
			     value_type_name(b));
}

static struct str shown(struct template_call *c, struct value v)
{
	struct buf b;

	text_init(c, &b);
	gofmt_printf(&b, STR("%s"), &v, 1, c->arena);
	return text_value(c, &b).s;
}

static bool same_object(struct value a, struct value b)
{
	if (a.type != b.type)
		return false;
	if (a.kind == VALUE_TIME && !a.type->pointee)
		return a.time->s == b.time->s && a.time->ns == b.time->ns &&
		       a.time->offset_s == b.time->offset_s && a.time->zone == b.time->zone;
	return a.kind == VALUE_INT ? a.i == b.i : a.object == b.object;
}

/* Values that are no basic kind: nil, pointers, structs; lists and maps do not compare. */
static enum template_outcome eq_other(struct template_call *c, struct value a, struct value b,
				      bool *out)
{
	bool same_kind =
		a.kind == b.kind || (a.type && b.type && a.type->pointee && b.type->pointee);

	if (!same_kind && a.kind != VALUE_NONE && b.kind != VALUE_NONE)
		return template_fail(c, "non-comparable types %.*s: %s, %s: %.*s",
				     STR_ARG(shown(c, a)), value_type_name(a), value_type_name(b),
				     STR_ARG(shown(c, b)));
	if (value_is_nil(a) || value_is_nil(b)) {
		*out = value_is_nil(a) == value_is_nil(b);
		return TEMPLATE_OK;
	}
	if (b.kind == VALUE_LIST || b.kind == VALUE_MAP || b.kind == VALUE_FUNC)
		return template_fail(c, "non-comparable type %.*s: %s", STR_ARG(shown(c, b)),
				     value_type_name(b));
	*out = same_object(a, b);
	return TEMPLATE_OK;
}

static enum template_outcome eq_one(struct template_call *c, struct value a, struct value b,
				    bool *out)
{
	enum value_kind ka = basic_kind(a), kb = basic_kind(b);

	*out = false;
	if (ka == VALUE_INT && kb == VALUE_UINT)
		*out = a.i >= 0 && (uint64_t)a.i == b.u;
	else if (ka == VALUE_UINT && kb == VALUE_INT)
		*out = b.i >= 0 && a.u == (uint64_t)b.i;
	else if (ka != kb && a.kind != VALUE_NONE && b.kind != VALUE_NONE)
		return incompatible(c, a, b);
	if (ka != kb)
		return TEMPLATE_OK;
	switch ((int)ka) {
	case VALUE_BOOL: *out = a.b == b.b; break;
	case VALUE_INT: *out = a.i == b.i; break;
	case VALUE_UINT: *out = a.u == b.u; break;
	case VALUE_FLOAT: *out = a.f == b.f; break;
	case VALUE_STRING: *out = str_eq(a.s, b.s); break;
	default: return eq_other(c, a, b, out);
	}
	return TEMPLATE_OK;
}

static enum template_outcome less(struct template_call *c, struct value a, struct value b,
				  bool *out)
{
	enum value_kind ka = basic_kind(a), kb = basic_kind(b);

	if (ka == VALUE_NONE || kb == VALUE_NONE)
		return template_fail(c, "invalid type for comparison");
	if (ka == VALUE_INT && kb == VALUE_UINT)
		*out = a.i < 0 || (uint64_t)a.i < b.u;
	else if (ka == VALUE_UINT && kb == VALUE_INT)
		*out = b.i >= 0 && a.u < (uint64_t)b.i;
	else if (ka != kb)
		return incompatible(c, a, b);
	else if (ka == VALUE_INT)
		*out = a.i < b.i;
	else if (ka == VALUE_UINT)
		*out = a.u < b.u;
	else if (ka == VALUE_FLOAT)
		*out = a.f < b.f;
	else if (ka == VALUE_STRING)
		*out = str_cmp(a.s, b.s) < 0;
	else
		return template_fail(c, "invalid type for comparison");
	return TEMPLATE_OK;
}

static enum template_outcome less_or_equal(struct template_call *c, const struct value *args,
					   bool *out)
{
	enum template_outcome o = less(c, args[0], args[1], out);

	return o != TEMPLATE_OK || *out ? o : eq_one(c, args[0], args[1], out);
}

BUILTIN(builtin_eq)
{
	bool equal = false;

	if (n < 2)
		return template_fail(c, "missing argument for comparison");
	for (size_t i = 1; i < n && !equal; i++) {
		enum template_outcome o = eq_one(c, args[0], args[i], &equal);

		if (o != TEMPLATE_OK)
			return o;
	}
	return done(out, value_bool(equal));
}

BUILTIN(builtin_ne)
{
	bool equal = false;
	enum template_outcome o = eq_one(c, args[0], args[1], &equal);

	(void)n;
	*out = value_bool(!equal);
	return o;
}

BUILTIN(builtin_lt)
{
	bool is = false;
	enum template_outcome o = less(c, args[0], args[1], &is);

	(void)n;
	*out = value_bool(is);
	return o;
}

BUILTIN(builtin_ge)
{
	bool is = false;
	enum template_outcome o = less(c, args[0], args[1], &is);

	(void)n;
	*out = value_bool(!is);
	return o;
}

BUILTIN(builtin_le)
{
	bool is = false;
	enum template_outcome o = less_or_equal(c, args, &is);

	(void)n;
	*out = value_bool(is);
	return o;
}

BUILTIN(builtin_gt)
{
	bool is = false;
	enum template_outcome o = less_or_equal(c, args, &is);

	(void)n;
	*out = value_bool(!is);
	return o;
}

BUILTIN(builtin_not)
{
	(void)c, (void)n;
	return done(out, value_bool(!value_truth(args[0])));
}

/* and, or, call are executed by eval.c; they never get here. */
BUILTIN(builtin_special)
{
	(void)args, (void)n, (void)out;
	return template_fail(c, "not callable");
}

/* ---- len, index, slice ----------------------------------------------------------------------- */

static enum template_outcome reflect_panic(struct template_call *c)
{
	return template_fail(c, "reflect: call of reflect.Value.Type on zero Value");
}

BUILTIN(builtin_len)
{
	struct value v;

	(void)n;
	if (args[0].kind == VALUE_NONE && !args[0].any)
		return reflect_panic(c);
	if (!value_indirect(args[0], &v))
		return template_fail(c, "len of nil pointer");
	if (v.kind == VALUE_STRING)
		return done(out, value_int((int64_t)v.s.n));
	if (v.kind == VALUE_LIST)
		return done(out, value_int((int64_t)v.list.n));
	if (v.kind == VALUE_MAP)
		return done(out, value_int((int64_t)value_map_len(v)));
	return template_fail(c, "len of type %s", value_type_name(v));
}

static enum template_outcome index_arg(struct template_call *c, struct value i, size_t cap,
				       size_t *out)
{
	if (i.any) /* slice does not look into interfaces */
		return template_fail(c, "cannot index slice/array with type %s", TYPE_ANY.name);
	if (i.kind == VALUE_NONE)
		return template_fail(c, "cannot index slice/array with nil");
	if ((i.kind != VALUE_INT && i.kind != VALUE_UINT) || i.type->pointee)
		return template_fail(c, "cannot index slice/array with type %s",
				     value_type_name(i));
	if (i.i < 0 || (uint64_t)i.i > cap)
		return template_fail(c, "index out of range: %lld", (long long)i.i);
	*out = (size_t)i.i;
	return TEMPLATE_OK;
}

static enum template_outcome index_sequence(struct template_call *c, struct value item,
					    struct value i, struct value *out)
{
	bool text = item.kind == VALUE_STRING;
	size_t len = text ? item.s.n : item.list.n, at = 0;
	enum template_outcome o = index_arg(c, i, len, &at);

	if (o != TEMPLATE_OK)
		return o;
	if (at == len)
		return template_fail(c, "reflect: %s index out of range",
				     text ? "string" : "slice");
	if (text)
		*out = value_as(&TYPE_UINT8, value_uint((unsigned char)item.s.p[at]));
	else
		*out = value_list_at(item, at);
	return TEMPLATE_OK;
}

static enum template_outcome index_map(struct template_call *c, struct value item, struct value key,
				       struct value *out)
{
	if (key.kind == VALUE_NONE)
		return template_fail(c, "value is nil; should be of type string");
	if (key.type != &TYPE_STRING)
		return template_fail(c, "value has type %s; should be string",
				     value_type_name(key));
	if (!value_map_get(item, key.s, c->arena, out))
		*out = value_zero(item.type->elem);
	return TEMPLATE_OK;
}

BUILTIN(builtin_index)
{
	struct value item = args[0];
	enum template_outcome o = TEMPLATE_OK;

	if (item.kind == VALUE_NONE)
		return template_fail(c, "index of untyped nil");
	for (size_t i = 1; i < n && o == TEMPLATE_OK; i++) {
		struct value at = args[i];

		at.any = false;
		if (!value_indirect(item, &item))
			return template_fail(c, "index of nil pointer");
		if (item.kind == VALUE_LIST || item.kind == VALUE_STRING)
			o = index_sequence(c, item, at, &item);
		else if (item.kind == VALUE_MAP)
			o = index_map(c, item, at, &item);
		else
			return template_fail(c, "can't index item of type %s",
					     value_type_name(item));
	}
	*out = item;
	return o;
}

static struct value cut(struct value v, size_t from, size_t to)
{
	if (v.kind == VALUE_STRING) {
		v.s = str_cut(v.s, from, to);
	} else if (v.list.n) {
		v.list.v += from;
		v.list.n = to - from;
	}
	return v;
}

BUILTIN(builtin_slice)
{
	struct value item;
	size_t idx[3] = {0}, len;

	if (args[0].kind == VALUE_NONE)
		return template_fail(c, "slice of untyped nil");
	if (!value_indirect(args[0], &item))
		return template_fail(c, "slice of nil pointer");
	if (n > 4)
		return template_fail(c, "too many slice indexes: %zu", n - 1);
	if (item.kind == VALUE_STRING && n == 4)
		return template_fail(c, "cannot 3-index slice a string");
	if (item.kind != VALUE_STRING && item.kind != VALUE_LIST)
		return template_fail(c, "can't slice item of type %s", value_type_name(item));
	len = item.kind == VALUE_STRING ? item.s.n : item.list.n;
	idx[1] = len;
	for (size_t i = 1; i < n; i++) {
		enum template_outcome o = index_arg(c, args[i], len, &idx[i - 1]);

		if (o != TEMPLATE_OK)
			return o;
	}
	if (idx[0] > idx[1])
		return template_fail(c, "invalid slice index: %zu > %zu", idx[0], idx[1]);
	if (n == 4 && idx[1] > idx[2])
		return template_fail(c, "invalid slice index: %zu > %zu", idx[1], idx[2]);
	return done(out, cut(item, idx[0], idx[1]));
}

/* ---- text ------------------------------------------------------------------------------------ */

BUILTIN(builtin_print)
{
	struct buf b;

	text_init(c, &b);
	gofmt_print(&b, args, n, c->arena);
	return text_done(c, &b, out);
}

BUILTIN(builtin_println)
{
	struct buf b;

	text_init(c, &b);
	gofmt_println(&b, args, n, c->arena);
	return text_done(c, &b, out);
}

BUILTIN(builtin_printf)
{
	struct buf b;

	text_init(c, &b);
	gofmt_printf(&b, args[0].s, args + 1, n - 1, c->arena);
	return text_done(c, &b, out);
}

/* The arguments as text: one string as it is, else as print shows them, nil as <no value>. */
static struct str args_text(struct template_call *c, const struct value *args, size_t n)
{
	struct value *shown_args;
	struct buf b;

	if (n == 1 && args[0].type == &TYPE_STRING)
		return args[0].s;
	shown_args = ARENA_ARRAY(c->arena, struct value, n);
	for (size_t i = 0; i < n; i++) {
		shown_args[i] = args[i];
		if (args[i].kind == VALUE_NONE)
			shown_args[i] = value_str(STR("<no value>"));
		else if (args[i].type->pointee && !args[i].type->string)
			value_indirect(args[i], &shown_args[i]);
	}
	text_init(c, &b);
	gofmt_print(&b, shown_args, n, c->arena);
	return text_value(c, &b).s;
}

void escape_html(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '\0': buf_adds(b, "\uFFFD"); break;
		case '"': buf_adds(b, "&#34;"); break;
		case '\'': buf_adds(b, "&#39;"); break;
		case '&': buf_adds(b, "&amp;"); break;
		case '<': buf_adds(b, "&lt;"); break;
		case '>': buf_adds(b, "&gt;"); break;
		default: buf_addc(b, s.p[i]);
		}
	}
}

static void escape_js_ascii(struct buf *b, char c)
{
	if (c == '\\' || c == '\'' || c == '"') {
		buf_addc(b, '\\');
		buf_addc(b, c);
	} else if ((c >= 0 && c < ' ') || strchr("<>&=", c)) {
		buf_printf(b, "\\u%04X", (unsigned)c);
	} else {
		buf_addc(b, c);
	}
}

void escape_js(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n;) {
		struct gorune r = gorune_first(str_from(s, i));

		if (r.r < 0x80)
			escape_js_ascii(b, s.p[i]);
		else if (gorune_is_print(r.r))
			buf_add(b, str_cut(s, i, i + (size_t)r.n));
		else
			buf_printf(b, "\\u%04X", (unsigned)r.r);
		i += (size_t)r.n;
	}
}

void escape_query(struct buf *b, struct str s)
{
	url_put_query(b, s);
}

static enum template_outcome escaped(struct template_call *c,
				     void (*escape)(struct buf *b, struct str s),
				     const struct value *args, size_t n, struct value *out)
{
	struct buf b;

	text_init(c, &b);
	escape(&b, args_text(c, args, n));
	return text_done(c, &b, out);
}

BUILTIN(builtin_html)
{
	return escaped(c, escape_html, args, n, out);
}

BUILTIN(builtin_js)
{
	return escaped(c, escape_js, args, n, out);
}

BUILTIN(builtin_urlquery)
{
	return escaped(c, escape_query, args, n, out);
}

#define REFLECT_1 .params = {&TYPE_REFLECT}, .n_params = 1
#define REFLECT_2 .params = {&TYPE_REFLECT, &TYPE_REFLECT}, .n_params = 2
#define REFLECT_MORE REFLECT_2, .variadic = true
#define ANY_MORE .params = {&TYPE_ANY}, .n_params = 1, .variadic = true

const struct template_func BUILTINS[] = {
	{"and", builtin_special, REFLECT_MORE, .builtin = BUILTIN_AND},
	{"or", builtin_special, REFLECT_MORE, .builtin = BUILTIN_OR},
	{"call", builtin_special, REFLECT_MORE, .builtin = BUILTIN_CALL},
	{"not", builtin_not, REFLECT_1, .builtin = BUILTIN_PLAIN},
	{"eq", builtin_eq, REFLECT_MORE, .builtin = BUILTIN_PLAIN},
	{"ne", builtin_ne, REFLECT_2, .builtin = BUILTIN_PLAIN},
	{"lt", builtin_lt, REFLECT_2, .builtin = BUILTIN_PLAIN},
	{"le", builtin_le, REFLECT_2, .builtin = BUILTIN_PLAIN},
	{"gt", builtin_gt, REFLECT_2, .builtin = BUILTIN_PLAIN},
	{"ge", builtin_ge, REFLECT_2, .builtin = BUILTIN_PLAIN},
	{"len", builtin_len, REFLECT_1, .builtin = BUILTIN_PLAIN},
	{"index", builtin_index, REFLECT_MORE, .builtin = BUILTIN_PLAIN},
	{"slice", builtin_slice, REFLECT_MORE, .builtin = BUILTIN_PLAIN},
	{"print", builtin_print, ANY_MORE, .builtin = BUILTIN_PLAIN},
	{"println", builtin_println, ANY_MORE, .builtin = BUILTIN_PLAIN},
	{"printf", builtin_printf, .params = {&TYPE_STRING, &TYPE_ANY}, .n_params = 2,
	 .variadic = true, .builtin = BUILTIN_PLAIN},
	{"html", builtin_html, ANY_MORE, .builtin = BUILTIN_PLAIN},
	{"js", builtin_js, ANY_MORE, .builtin = BUILTIN_PLAIN},
	{"urlquery", builtin_urlquery, ANY_MORE, .builtin = BUILTIN_PLAIN},
	{0},
};
