/* Kind am-matchers: both syntaxes in three modes, matching, label names, fingerprints, durations.
 */
#include <inttypes.h>
#include <string.h>

#include "base/num.h"
#include "notify/matcher.h"
#include "tests/conformance/am_case.h"
#include "tests/conformance/conformance.h"

static const struct {
	const char *name;
	enum matcher_mode mode;
} MODES[] = {
	{"classic", MATCHERS_CLASSIC},
	{"utf8", MATCHERS_UTF8},
	{"fallback", MATCHERS_FALLBACK},
};

/* ---- parse --------------------------------------------------------------------------------- */
/* What differs, or NULL. */
static const char *compare(const json_t *want, const struct matcher *v, size_t n, struct arena *a)
{
	const json_t *list = json_object_get(want, "matchers"), *m;
	size_t i;

	if (n != json_array_size(list))
		return arena_printf(a, "%zu matchers%c", n, 0).p;
	json_array_foreach(list, i, m)
	{
		struct buf b;
		bool same;

		buf_init(&b, BUF_MAX_ANY);
		am_matcher_put(&b, &v[i]);
		same = str_eq(v[i].name, case_text(m, "name")) &&
		       str_eq(v[i].value, case_text(m, "value")) &&
		       str_is(case_text(m, "op"), match_op_text(v[i].op)) &&
		       str_eq(buf_str(&b), case_text(m, "string"));
		if (!same) {
			struct str text =
				arena_printf(a, "matcher %zu is %s%c", i, buf_cstr(&b), 0);

			buf_done(&b);
			return text.p;
		}
		buf_done(&b);
	}
	return NULL;
}

static const char *try_mode(const json_t *c, enum matcher_mode mode, const json_t *want,
			    struct arena *a)
{
	struct str input = case_text(c, "input");
	struct matcher single, *v = &single;
	struct err err = {0};
	size_t n = 1;
	bool ok;

	if (str_is(case_text(c, "parse"), "matchers"))
		ok = am_matchers_parse(mode, input, a, &v, &n, &err);
	else
		ok = am_matcher_parse(mode, input, a, &single, &err);
	if (ok != json_is_true(json_object_get(want, "ok")))
		return ok ? "is taken" : arena_printf(a, "is refused: %s%c", err.msg, 0).p;
	if (ok)
		return compare(want, v, n, a);
	/* What makes upstream crash has no error text. */
	if (json_object_get(want, "panic") || str_is(case_text(want, "error"), err.msg))
		return NULL;
	return arena_printf(a, "error: %s%c", err.msg, 0).p;
}

static void parse(struct tally *t, const char *name, const json_t *c)
{
	const json_t *modes = json_object_get(c, "modes");
	const char *wrong = NULL;
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(MODES) && !wrong; i++) {
		const json_t *want = json_object_get(modes, MODES[i].name);

		if (want)
			wrong = try_mode(c, MODES[i].mode, want, &a);
		if (wrong)
			case_fail(t, name, "%s: %.*s %s", MODES[i].name,
				  STR_ARG(case_text(c, "input")), wrong);
	}
	if (!wrong)
		case_pass(t);
	arena_done(&a);
}

/* ---- the other sections -------------------------------------------------------------------- */
static enum match_op op_of(struct str s)
{
	for (int op = MATCH_EQ; op <= MATCH_NRE; op++) {
		if (str_is(s, match_op_text((enum match_op)op)))
			return (enum match_op)op;
	}
	return MATCH_EQ;
}

static void match(struct tally *t, const char *name, const json_t *c)
{
	bool want = json_is_true(json_object_get(c, "match")), got = !want;
	struct matcher m;
	struct err err = {0};
	struct arena a;

	arena_init(&a);
	if (!am_matcher_init(&m, op_of(case_text(c, "op")), STR("x"), case_text(c, "pattern"), &a,
			     &err) ||
	    !matcher_test(&m, case_text(c, "value"), &got, &err))
		case_fail(t, name, "%s", err.msg);
	else if (got != want)
		case_fail(t, name, "%s", got ? "matches" : "does not match");
	else
		case_pass(t);
	arena_done(&a);
}

static void bad_regexp(struct tally *t, const char *name, const json_t *c)
{
	struct matcher m;
	struct err err = {0};
	struct arena a;
	bool ok;

	arena_init(&a);
	ok = am_matcher_init(&m, MATCH_RE, STR("x"), case_text(c, "pattern"), &a, &err);
	if (ok != json_is_true(json_object_get(c, "ok")))
		case_fail(t, name, "is %s", ok ? "taken" : "refused");
	else if (!ok && !str_is(case_text(c, "error"), err.msg))
		case_fail(t, name, "error: %s", err.msg);
	else
		case_pass(t);
	arena_done(&a);
}

static void label_name(struct tally *t, const char *name, const json_t *c)
{
	for (size_t i = 0; i < ARRAY_LEN(MODES); i++) {
		if (am_label_name_valid(MODES[i].mode, case_text(c, "name")) ==
		    json_is_true(json_object_get(c, MODES[i].name)))
			continue;
		case_fail(t, name, "mode %s answers otherwise", MODES[i].name);
		return;
	}
	case_pass(t);
}

static void fingerprint(struct tally *t, const char *name, const json_t *c)
{
	char text[20];
	struct buf set;
	const char *key;
	json_t *value;

	buf_init(&set, BUF_MAX_ANY);
	/* In order, as they stand in the case: empty values count here. */
	json_object_foreach(json_object_get(c, "labels"), key, value)
		labels_append(&set, str_of(key), str_of(json_string_value(value)));
	snprintf(text, sizeof(text), "%016" PRIx64,
		 labels_fingerprint(labels_of_bytes(buf_str(&set))));
	if (str_is(case_text(c, "fingerprint"), text))
		case_pass(t);
	else
		case_fail(t, name, "is %s", text);
	buf_done(&set);
}

static void duration(struct tally *t, const char *name, const json_t *c)
{
	struct err err = {0};
	struct buf b;
	ms_t d = 0;
	bool ok = num_duration(case_text(c, "input"), &d, &err);

	buf_init(&b, BUF_MAX_ANY);
	num_put_duration(&b, d);
	if (ok != json_is_true(json_object_get(c, "ok")))
		case_fail(t, name, "is %s", ok ? "taken" : "refused");
	else if (!ok && !str_is(case_text(c, "error"), err.msg))
		case_fail(t, name, "error: %s", err.msg);
	else if (ok && (d != json_integer_value(json_object_get(c, "ns")) / 1000000 ||
			!str_eq(case_text(c, "string"), buf_str(&b))))
		case_fail(t, name, "is %s", buf_cstr(&b));
	else
		case_pass(t);
	buf_done(&b);
}

void kind_am_matchers(struct tally *t, const char *path)
{
	json_t *root = am_file(path);

	am_cases(t, path, root, "parse", parse);
	am_cases(t, path, root, "match", match);
	am_cases(t, path, root, "bad_regexp", bad_regexp);
	am_cases(t, path, root, "label_name", label_name);
	am_cases(t, path, root, "fingerprint", fingerprint);
	am_cases(t, path, root, "duration", duration);
	json_decref(root);
}
