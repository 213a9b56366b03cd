/* Kind am-timeinterval: reading time intervals, and whether they hold at an instant. */
#include <string.h>

#include "base/time.h"
#include "base/yaml.h"
#include "notify/interval.h"
#include "tests/conformance/am_case.h"
#include "tests/conformance/conformance.h"

static bool read_interval(struct str text, bool list, struct arena *a, struct diags *diags,
			  struct time_interval *out)
{
	/* Unknown keys are told by whoever reads the file; these cases leave them alone. */
	struct fields f = {.arena = a, .diags = diags, .ignore_unknown = true};
	struct yaml_node *root;
	struct limits l;
	struct err err = {0};
	bool more, ok = true;
	size_t n;

	limits_default(&l);
	if (!yaml_parse(text, &l, a, &root, &more, &err))
		return fields_error(&f, NULL, "%s", err.msg);
	if (list && root && root->kind != YAML_LIST)
		return fields_error(&f, root, "no list");
	n = list ? root->n : 1;
	out->periods = ARENA_ARRAY(a, struct period, n + 1);
	for (size_t i = 0; i < n; i++)
		ok &= period_read(&f, list ? root->items[i] : root, &out->periods[out->n++]);
	return ok;
}

static void check_instants(struct tally *t, const char *name, const struct time_interval *ti,
			   const json_t *instants)
{
	const json_t *x;
	size_t i;

	json_array_foreach(instants, i, x)
	{
		bool want = json_is_true(json_object_get(x, "contains"));
		struct str time = case_text(x, "time");
		ms_t wall;

		if (!time_rfc3339(time, &wall)) {
			case_fail(t, name, "%.*s is no time", STR_ARG(time));
			return;
		}
		if (time_interval_contains(ti, wall) != want) {
			case_fail(t, name, "at %.*s it %s", STR_ARG(time),
				  want ? "does not hold" : "holds");
			return;
		}
	}
	case_pass(t);
}

/* A range as the case's JSON has it, for weekdays and days alike. */
static bool same_ranges(const json_t *want, const struct ranges *r, const char *const *names)
{
	const json_t *x;
	size_t i;

	if (json_array_size(want) != r->n)
		return false;
	json_array_foreach(want, i, x)
	{
		char first[16], last[16], text[40];
		struct range g = r->v[i];

		snprintf(first, sizeof(first), "%d", g.first);
		snprintf(last, sizeof(last), "%d", g.last);
		snprintf(text, sizeof(text), g.first == g.last ? "%s" : "%s:%s",
			 names ? names[g.first] : first, names ? names[g.last] : last);
		if (strcmp(text, json_string_value(x)) != 0)
			return false;
	}
	return true;
}

static bool same_times(const json_t *want, const struct ranges *r)
{
	const json_t *x;
	size_t i;

	if (json_array_size(want) != r->n)
		return false;
	json_array_foreach(want, i, x)
	{
		char first[16], last[16];

		snprintf(first, sizeof(first), "%02d:%02d", r->v[i].first / 60, r->v[i].first % 60);
		snprintf(last, sizeof(last), "%02d:%02d", r->v[i].last / 60, r->v[i].last % 60);
		if (!str_is(case_text(x, "start_time"), first) ||
		    !str_is(case_text(x, "end_time"), last))
			return false;
	}
	return true;
}

static bool same_period(const json_t *want, const struct period *p)
{
	static const char *const DAYS[] = {"sunday",   "monday", "tuesday", "wednesday",
					   "thursday", "friday", "saturday"};
	struct str place = case_text(want, "location");

	if (str_is(place, "UTC") && !p->location.n)
		place = STR("");
	return same_times(json_object_get(want, "times"), &p->times) &&
	       same_ranges(json_object_get(want, "weekdays"), &p->weekdays, DAYS) &&
	       same_ranges(json_object_get(want, "days_of_month"), &p->days_of_month, NULL) &&
	       same_ranges(json_object_get(want, "months"), &p->months, NULL) &&
	       same_ranges(json_object_get(want, "years"), &p->years, NULL) &&
	       str_eq(place, p->location);
}

static void one(struct tally *t, const char *name, const json_t *c)
{
	const json_t *want = json_object_get(c, "json"), *x;
	struct time_interval ti = {0};
	struct diags diags;
	struct arena a;
	bool ok, same = true;
	size_t i;

	arena_init(&a);
	diags_init(&diags);
	ok = read_interval(case_text(c, "yaml"), json_is_true(json_object_get(c, "list")), &a,
			   &diags, &ti);
	json_array_foreach(want, i, x) same &= ok && i < ti.n && same_period(x, &ti.periods[i]);
	if (ok != json_is_true(json_object_get(c, "ok")))
		case_fail(t, name, "is %s: %s", ok ? "taken" : "refused", am_first_error(&diags));
	else if (ok && (!same || json_array_size(want) != ti.n))
		case_fail(t, name, "was read as something else");
	else if (ok)
		check_instants(t, name, &ti, json_object_get(c, "instants"));
	else
		case_pass(t);
	time_interval_done(&ti);
	diags_done(&diags);
	arena_done(&a);
}

void kind_am_timeinterval(struct tally *t, const char *path)
{
	json_t *root = am_file(path);

	am_cases(t, path, root, "cases", one);
	json_decref(root);
}
