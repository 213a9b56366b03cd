/*
 * What a template sees: Go's values as far as text/template can tell them apart. A value is a
 * small record passed by copy; what it points to lives in an arena (or longer, when the caller
 * says so). Every value carries its Go type, because Go's error texts, %T and comparisons name it.
 *
 * VALUE_NONE is Go's invalid value: no data, a missing key of a map of interfaces. It prints as
 * "<no value>".
 */
#ifndef TEMPLATE_VALUE_H
#define TEMPLATE_VALUE_H

#include "base/arena.h"
#include "base/base.h"

struct template_call;
struct template_func;
struct value;

enum value_kind {
	VALUE_NONE,
	VALUE_BOOL,
	VALUE_INT, /* every signed integer kind, time.Duration included */
	VALUE_UINT,
	VALUE_FLOAT,
	VALUE_STRING,
	VALUE_LIST,
	VALUE_MAP,    /* keys are strings */
	VALUE_OBJECT, /* a struct, or a pointer to one: fields and methods by name */
	VALUE_TIME,   /* time.Time */
	VALUE_FUNC,
	VALUE_ANY, /* only as type of a parameter or element: interface{} */
};

/* A field of an object; one of type interface{} answers a value whose `any` is set. */
struct value_field {
	const char *name;
	struct value (*get)(const void *data, struct arena *a);
};

/*
 * A Go type. Tables of them are static and belong to those who use them. `methods` ends with a
 * row without a name; a method is a function whose first argument is the receiver.
 */
struct value_type {
	const char *name; /* "int", "[]string", "template.queryResult", "*template.sample" */
	enum value_kind kind;
	const struct value_type *elem;	  /* of a list or map */
	const struct value_type *pointee; /* of a pointer: what it points to */
	const struct value_field *fields; /* of an object, in order; ends with a row without name */
	const struct template_func *methods; /* NULL: none */
	/* fmt.Stringer: the text that %v and %s print; NULL: none. */
	struct str (*string)(struct value v, struct arena *a);
};

/* How a map is read without being built: callbacks over `data`. */
struct value_map_ops {
	bool (*get)(const void *data, struct str key, struct arena *a, struct value *out);
	size_t (*len)(const void *data);
	/* Pairs in key order; *at is 0 at first; false: no more. */
	bool (*next)(const void *data, size_t *at, struct arena *a, struct str *key,
		     struct value *out);
};

struct value_list {
	const struct value *v;
	size_t n;
};

/* An instant with nanoseconds, shown in a zone. The zero value is not Go's zero time: that is
 * VALUE_TIME_ZERO_S seconds. */
struct value_time {
	int64_t s; /* since the Unix epoch */
	int32_t ns;
	int32_t offset_s; /* of the zone, east positive */
	const char *zone; /* its abbreviation; NULL: UTC */
};
#define VALUE_TIME_ZERO_S ((int64_t)-62135596800)

struct value {
	enum value_kind kind;
	bool any; /* it was read out of an interface{}: messages then name that type */
	const struct value_type *type; /* NULL for VALUE_NONE */
	union {
		bool b;
		int64_t i;
		uint64_t u;
		double f;
		struct str s;
		struct value_list list;
		struct {
			const struct value_map_ops *ops; /* NULL: a nil map */
			const void *data;
		} map;
		const void *object; /* NULL: a nil pointer */
		const struct value_time *time;
		const struct template_func *func;
	};
};

/* Go's own types. */
extern const struct value_type TYPE_ANY, TYPE_BOOL, TYPE_INT, TYPE_INT64, TYPE_INT32, TYPE_UINT8,
	TYPE_UINT, TYPE_UINT64, TYPE_FLOAT64, TYPE_STRING, TYPE_STRINGS, TYPE_ANYS, TYPE_STRING_MAP,
	TYPE_ANY_MAP, TYPE_TIME, TYPE_TIME_PTR, TYPE_DURATION, TYPE_DURATION_PTR, TYPE_MONTH,
	TYPE_WEEKDAY;

struct value value_none(void);
struct value value_bool(bool b);
struct value value_int(int64_t i); /* int */
struct value value_int64(int64_t i);
struct value value_uint(uint64_t u); /* uint */
struct value value_uint64(uint64_t u);
struct value value_float(double f);
struct value value_str(struct str s); /* borrowed */
struct value value_duration(int64_t ns);
struct value value_time(struct arena *a, struct value_time t);
struct value value_time_ms(struct arena *a, ms_t wall); /* UTC; MS_NONE is Go's zero time */
struct value value_list(const struct value_type *type, const struct value *v,
			size_t n); /* borrowed */
struct value value_object(const struct value_type *type, const void *data);
struct value value_map(const struct value_type *type, const struct value_map_ops *ops,
		       const void *data);
struct value value_func(const struct template_func *f);
/* The same value as one of another type of the same kind (a named string, int64 ...). */
struct value value_as(const struct value_type *type, struct value v);

/* A map made of pairs; they are copied and sorted, the last of equal keys counts. */
struct value_pair {
	struct str key;
	struct value value;
};
struct value value_pairs(struct arena *a, const struct value_type *type,
			 const struct value_pair *pairs, size_t n);

bool value_map_get(struct value m, struct str key, struct arena *a, struct value *out);
size_t value_map_len(struct value m);
bool value_map_next(struct value m, size_t *at, struct arena *a, struct str *key,
		    struct value *out);

/* The i-th element; i < n. */
struct value value_list_at(struct value list, size_t i);

/* Go's truth for if, with, and, or, not: false, 0, "", empty list or map, nil. */
bool value_truth(struct value v);
/* What a map of such elements answers for a missing key (missingkey=zero). */
struct value value_zero(const struct value_type *type);
/* The name of the type for messages; "<nil>" for VALUE_NONE. */
const char *value_type_name(struct value v);
/* Is there nothing behind it: VALUE_NONE, a nil pointer or map? */
bool value_is_nil(struct value v);

#endif
