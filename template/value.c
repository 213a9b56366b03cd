/* Values: making them, reading maps, truth, Go's names for their types. */
#include "template/value.h"

#include <stdlib.h>
#include <string.h>

#include "template/gotime.h"

const struct value_type TYPE_ANY = {.name = "interface {}", .kind = VALUE_ANY};
const struct value_type TYPE_BOOL = {.name = "bool", .kind = VALUE_BOOL};
const struct value_type TYPE_INT = {.name = "int", .kind = VALUE_INT};
const struct value_type TYPE_INT64 = {.name = "int64", .kind = VALUE_INT};
const struct value_type TYPE_INT32 = {.name = "int32", .kind = VALUE_INT};
const struct value_type TYPE_UINT8 = {.name = "uint8", .kind = VALUE_UINT};
const struct value_type TYPE_UINT = {.name = "uint", .kind = VALUE_UINT};
const struct value_type TYPE_UINT64 = {.name = "uint64", .kind = VALUE_UINT};
const struct value_type TYPE_FLOAT64 = {.name = "float64", .kind = VALUE_FLOAT};
const struct value_type TYPE_STRING = {.name = "string", .kind = VALUE_STRING};
const struct value_type TYPE_STRINGS = {.name = "[]string",
					.kind = VALUE_LIST,
					.elem = &TYPE_STRING};
const struct value_type TYPE_ANYS = {.name = "[]interface {}",
				     .kind = VALUE_LIST,
				     .elem = &TYPE_ANY};
const struct value_type TYPE_STRING_MAP = {.name = "map[string]string",
					   .kind = VALUE_MAP,
					   .elem = &TYPE_STRING};
const struct value_type TYPE_ANY_MAP = {.name = "map[string]interface {}",
					.kind = VALUE_MAP,
					.elem = &TYPE_ANY};
static const struct value_type TYPE_FUNC = {.name = "func()", .kind = VALUE_FUNC};

struct value value_none(void)
{
	return (struct value){.kind = VALUE_NONE};
}

struct value value_bool(bool b)
{
	return (struct value){.kind = VALUE_BOOL, .type = &TYPE_BOOL, .b = b};
}

struct value value_int(int64_t i)
{
	return (struct value){.kind = VALUE_INT, .type = &TYPE_INT, .i = i};
}

struct value value_int64(int64_t i)
{
	return (struct value){.kind = VALUE_INT, .type = &TYPE_INT64, .i = i};
}

struct value value_uint(uint64_t u)
{
	return (struct value){.kind = VALUE_UINT, .type = &TYPE_UINT, .u = u};
}

struct value value_uint64(uint64_t u)
{
	return (struct value){.kind = VALUE_UINT, .type = &TYPE_UINT64, .u = u};
}

struct value value_float(double f)
{
	return (struct value){.kind = VALUE_FLOAT, .type = &TYPE_FLOAT64, .f = f};
}

struct value value_str(struct str s)
{
	return (struct value){.kind = VALUE_STRING, .type = &TYPE_STRING, .s = s};
}

struct value value_duration(int64_t ns)
{
	return (struct value){.kind = VALUE_INT, .type = &TYPE_DURATION, .i = ns};
}

struct value value_time(struct arena *a, struct value_time t)
{
	struct value_time *copy = ARENA_NEW(a, struct value_time);

	*copy = t;
	return (struct value){.kind = VALUE_TIME, .type = &TYPE_TIME, .time = copy};
}

struct value value_time_ms(struct arena *a, ms_t wall)
{
	ms_t ms = wall % SECOND + (wall % SECOND < 0 ? SECOND : 0);

	if (wall == MS_NONE)
		return value_time(a, (struct value_time){.s = VALUE_TIME_ZERO_S});
	return value_time(a, (struct value_time){.s = (wall - ms) / SECOND,
						 .ns = (int32_t)ms * 1000000});
}

struct value value_list(const struct value_type *type, const struct value *v, size_t n)
{
	CHECK(type->kind == VALUE_LIST);
	return (struct value){.kind = VALUE_LIST, .type = type, .list = {.v = v, .n = n}};
}

struct value value_object(const struct value_type *type, const void *data)
{
	CHECK(type->kind == VALUE_OBJECT);
	return (struct value){.kind = VALUE_OBJECT, .type = type, .object = data};
}

struct value value_map(const struct value_type *type, const struct value_map_ops *ops,
		       const void *data)
{
	CHECK(type->kind == VALUE_MAP);
	return (struct value){.kind = VALUE_MAP, .type = type, .map = {.ops = ops, .data = data}};
}

struct value value_func(const struct template_func *f)
{
	return (struct value){.kind = VALUE_FUNC, .type = &TYPE_FUNC, .func = f};
}

struct value value_as(const struct value_type *type, struct value v)
{
	CHECK(type->kind == v.kind);
	v.type = type;
	return v;
}

/* ---- maps made of pairs ---------------------------------------------------------------------- */

struct pairs {
	const struct value_pair *v;
	size_t n;
};

static bool pairs_get(const void *data, struct str key, struct arena *a, struct value *out)
{
	const struct pairs *p = data;
	size_t lo = 0, hi = p->n;

	(void)a;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = str_cmp(p->v[mid].key, key);

		if (c == 0) {
			*out = p->v[mid].value;
			return true;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

static size_t pairs_len(const void *data)
{
	return ((const struct pairs *)data)->n;
}

static bool pairs_next(const void *data, size_t *at, struct arena *a, struct str *key,
		       struct value *out)
{
	const struct pairs *p = data;

	(void)a;
	if (*at >= p->n)
		return false;
	*key = p->v[*at].key;
	*out = p->v[(*at)++].value;
	return true;
}

static const struct value_map_ops pairs_ops = {pairs_get, pairs_len, pairs_next};

static int pair_cmp(const void *a, const void *b)
{
	return str_cmp(((const struct value_pair *)a)->key, ((const struct value_pair *)b)->key);
}

struct value value_pairs(struct arena *a, const struct value_type *type,
			 const struct value_pair *pairs, size_t n)
{
	struct value_pair *v = ARENA_ARRAY(a, struct value_pair, n);
	struct pairs *p = ARENA_NEW(a, struct pairs);

	/* The last of equal keys counts: an earlier one is replaced before sorting. */
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < p->n && !str_eq(v[k].key, pairs[i].key))
			k++;
		v[k] = pairs[i];
		p->n += k == p->n;
	}
	if (p->n)
		qsort(v, p->n, sizeof(*v), pair_cmp);
	p->v = v;
	return value_map(type, &pairs_ops, p);
}

/* What is read out of a map or list of interfaces says so. */
static struct value element(const struct value_type *type, struct value v)
{
	v.any = type->elem && type->elem->kind == VALUE_ANY;
	return v;
}

bool value_map_get(struct value m, struct str key, struct arena *a, struct value *out)
{
	if (!m.map.ops || !m.map.ops->get(m.map.data, key, a, out))
		return false;
	*out = element(m.type, *out);
	return true;
}

size_t value_map_len(struct value m)
{
	return m.map.ops ? m.map.ops->len(m.map.data) : 0;
}

bool value_map_next(struct value m, size_t *at, struct arena *a, struct str *key, struct value *out)
{
	if (!m.map.ops || !m.map.ops->next(m.map.data, at, a, key, out))
		return false;
	*out = element(m.type, *out);
	return true;
}

struct value value_list_at(struct value list, size_t i)
{
	CHECK(i < list.list.n);
	return element(list.type, list.list.v[i]);
}

/* ---- questions ------------------------------------------------------------------------------- */

bool value_is_nil(struct value v)
{
	switch ((int)v.kind) {
	case VALUE_NONE: return true;
	case VALUE_MAP: return !v.map.ops;
	case VALUE_OBJECT: return !v.object;
	case VALUE_TIME: return !v.time;
	case VALUE_LIST: return !v.list.v && !v.list.n;
	default: return false;
	}
}

bool value_truth(struct value v)
{
	if (v.type && v.type->pointee)
		return !value_is_nil(v);
	switch (v.kind) {
	case VALUE_BOOL: return v.b;
	case VALUE_INT: return v.i != 0;
	case VALUE_UINT: return v.u != 0;
	case VALUE_FLOAT: return v.f != 0;
	case VALUE_STRING: return v.s.n > 0;
	case VALUE_LIST: return v.list.n > 0;
	case VALUE_MAP: return value_map_len(v) > 0;
	case VALUE_OBJECT:
	case VALUE_TIME: return true;
	case VALUE_FUNC: return v.func;
	case VALUE_NONE:
	case VALUE_ANY: break;
	}
	return false;
}

struct value value_zero(const struct value_type *type)
{
	static const struct value_time zero_time = {.s = VALUE_TIME_ZERO_S};
	struct value v = {.kind = type->kind, .type = type};

	if (type->kind == VALUE_ANY)
		return (struct value){.kind = VALUE_NONE, .any = true};
	if (type->kind == VALUE_TIME && !type->pointee)
		v.time = &zero_time;
	return v;
}

const char *value_type_name(struct value v)
{
	return v.type ? v.type->name : "<nil>";
}
