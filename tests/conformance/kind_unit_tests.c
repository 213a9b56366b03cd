/*
 * Kind rule-unit-tests: files of rule unit tests and whether they pass. A path is the folder, its
 * manifest, or one file, which must pass.
 */
#include "tests/conformance/conformance.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "evaluator/unittest.h"

struct unit_case {
	struct tally *tally;
	char name[1024];
	struct arena arena;
	struct limits limits;
	struct config_files files;
	struct unittest_options o;
};

static bool read_file(void *arg, struct str path, struct arena *a, struct str *out, struct err *err)
{
	struct stat st;
	char *text;

	(void)arg;
	if (stat(arena_cstr(a, path), &st) != 0)
		return err_set(err, -1, "cannot read %.*s", STR_ARG(path));
	text = file_read(arena_cstr(a, path), &out->n);
	*out = arena_str(a, (struct str){.p = text, .n = out->n});
	free(text);
	return true;
}

static bool glob_files(void *arg, struct str pattern, struct arena *a, struct str **out, size_t *n,
		       struct err *err)
{
	glob_t g = {0};
	int rc = glob(arena_cstr(a, pattern), 0, NULL, &g);

	(void)arg;
	(void)err;
	*n = rc == 0 ? g.gl_pathc : 0;
	*out = ARENA_ARRAY(a, struct str, *n + 1);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = arena_str(a, str_of(g.gl_pathv[i]));
	globfree(&g);
	return true;
}

static void case_init(struct unit_case *c, struct tally *t)
{
	c->tally = t;
	arena_init(&c->arena);
	limits_default(&c->limits);
	c->files = (struct config_files){.read = read_file, .glob = glob_files};
	c->o = (struct unittest_options){.limits = &c->limits,
					 .files = &c->files,
					 .promql = {true, true, true, true}};
	engine_options_default(&c->o.engine);
}

static void check(struct unit_case *c, struct str path, bool pass)
{
	struct unittest_result r = {0};
	const char *why = "";
	struct diags diags;
	struct str text;
	struct err err;
	bool ok;

	diags_init(&diags);
	ok = read_file(NULL, path, &c->arena, &text, &err) &&
	     unittest_run(path, text, &c->o, &c->arena, &diags, &r);
	for (size_t i = 0; ok && i < r.n_groups; i++) {
		if (r.groups[i].n_failures)
			why = arena_cstr(&c->arena, r.groups[i].failures[0].text);
	}
	if (!ok)
		why = diags.n ? diags.v[0].msg : "cannot be read";
	if ((ok && r.ok) == pass)
		case_pass(c->tally);
	else
		case_fail(c->tally, c->name, "%s %s", pass ? "should pass:" : "should fail", why);
	diags_done(&diags);
}

/* Only the groups that the patterns of `run` choose. */
static void check_run(struct unit_case *c, struct str path, const json_t *run)
{
	const json_t *patterns = json_object_get(run, "run"), *p;
	size_t i;

	c->o.run = ARENA_ARRAY(&c->arena, struct regex *, json_array_size(patterns));
	c->o.n_run = 0;
	json_array_foreach(patterns, i, p)
	{
		CHECK(regex_compile(str_of(json_string_value(p)), 0, &c->arena,
				    &c->o.run[c->o.n_run], NULL));
		c->o.n_run++;
	}
	check(c, path, json_is_true(json_object_get(run, "pass")));
	c->o.n_run = 0;
}

static void unit_case(struct tally *t, const char *manifest, const json_t *entry)
{
	const json_t *runs = json_object_get(entry, "run"), *run, *ignoring;
	const char *file = json_string_value(json_object_get(entry, "file"));
	const char *slash = strrchr(manifest, '/');
	struct unit_case c;
	struct str path;
	size_t i;

	case_init(&c, t);
	path = arena_printf(&c.arena, "%.*s%s", slash ? (int)(slash - manifest) + 1 : 0, manifest,
			    file);
	snprintf(c.name, sizeof(c.name), "%.*s", STR_ARG(path));
	check(&c, path, json_is_true(json_object_get(entry, "pass")));
	json_array_foreach(runs, i, run) check_run(&c, path, run);
	ignoring = json_object_get(entry, "pass_ignoring_unknown_fields");
	if (ignoring) {
		c.o.ignore_unknown_fields = true;
		check(&c, path, json_is_true(ignoring));
	}
	arena_done(&c.arena);
}

void kind_rule_unit_tests(struct tally *t, const char *path)
{
	struct str name = str_of(path);
	struct unit_case c;
	struct stat st;
	char manifest[4096];

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		snprintf(manifest, sizeof(manifest), "%s/manifest.json", path);
		json_cases(t, manifest, unit_case);
	} else if (str_ends(name, ".json")) {
		json_cases(t, path, unit_case);
	} else {
		case_init(&c, t);
		snprintf(c.name, sizeof(c.name), "%s", path);
		check(&c, name, true);
		arena_done(&c.arena);
	}
}
