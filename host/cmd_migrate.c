/*
 * rouse migrate: a rouse.yml out of prometheus.yml and alertmanager.yml, with a report of what
 * becomes of each part; and the silences of a running Alertmanager, into a running rouse.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/yaml.h"
#include "base/yaml_out.h"
#include "evaluator/config.h"
#include "host/commands.h"
#include "host/diag_text.h"
#include "host/files.h"
#include "host/prom_client.h"
#include "rules/rules.h"

struct migrate_options {
	struct str prometheus, output, from, to;
	bool force, dry_run;
};

static const struct flag flags[] = {
	FLAG_DEFAULT("prometheus", "URL", TEXT, struct migrate_options, prometheus,
		     "http://localhost:9090", "Where that Prometheus is."),
	FLAG("output", "FILE", TEXT, struct migrate_options, output,
	     "The file to write; default: rouse.yml in DIR."),
	FLAG("force", NULL, SWITCH, struct migrate_options, force,
	     "Write over a file that is there."),
	FLAG("dry-run", NULL, SWITCH, struct migrate_options, dry_run,
	     "Print the file instead of writing it."),
	FLAG("silences-from", "URL", TEXT, struct migrate_options, from,
	     "Take over the silences of this Alertmanager ..."),
	FLAG_DEFAULT("silences-to", "URL", TEXT, struct migrate_options, to,
		     "http://localhost:9095", "... into this rouse."),
};

struct migration {
	struct migrate_options o;
	struct limits limits;
	struct arena arena;
	struct str dir;
	struct str prom_text, am_text; /* as they are; empty: no such file */
	struct yaml_node *prom, *am;
	struct buf out;	   /* rouse.yml */
	struct buf report; /* what becomes of what, a line each */
};

static void say(struct migration *m, const char *mark, const char *fmt, ...) ATTR_PRINTF(3, 4);

static void say(struct migration *m, const char *mark, const char *fmt, ...)
{
	char text[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_printf(&m->report, "  %-8s %s\n", mark, text);
}

/* ---- reading ----------------------------------------------------------------------------- */
static struct str path_in(struct migration *m, const char *name)
{
	return arena_printf(&m->arena, "%.*s/%s%c", STR_ARG(m->dir), name, 0);
}

/* False: it is there and cannot be read. */
static bool read_file(struct migration *m, const char *name, struct str *text,
		      struct yaml_node **root, struct err *err)
{
	struct str path = path_in(m, name);
	struct stat st;
	bool more;

	path.n--; /* the terminator */
	if (stat(path.p, &st) && errno == ENOENT)
		return true;
	if (!file_read(path, m->limits.file_bytes, &m->arena, text, err))
		return err_prefix(err, "%.*s: ", STR_ARG(path));
	if (!yaml_parse(*text, &m->limits, &m->arena, root, &more, err))
		return err_prefix(err, "%.*s:%d:%d: ", STR_ARG(path), err->line, err->col);
	if (*root && (*root)->kind != YAML_MAP)
		return err_set(err, -1, "%.*s is no map", STR_ARG(path));
	return true;
}

static const struct yaml_node *get(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = map && map->kind == YAML_MAP ? yaml_get(map, key) : NULL;

	return n && n->kind != YAML_NULL ? n : NULL;
}

/* ---- prometheus.yml ---------------------------------------------------------------------- */
static void put_scalar(struct yaml_out *o, const char *key, struct str value)
{
	yaml_out_key(o, key);
	yaml_out_text(o, value);
}

static void put_labels(struct yaml_out *o, const struct yaml_node *labels)
{
	yaml_out_key(o, "external_labels");
	yaml_out_map(o);
	for (size_t i = 0; i < labels->n; i++) {
		yaml_out_text(o, labels->pairs[i].key->value);
		yaml_out_text(o, labels->pairs[i].value->value);
	}
	yaml_out_map_end(o);
}

/* From the globals of Prometheus to ours. */
static void put_prometheus(struct migration *m, struct yaml_out *o)
{
	static const struct {
		const char *theirs, *ours;
	} KEYS[] = {{"evaluation_interval", "evaluation_interval"},
		    {"rule_query_offset", "rule_query_offset"}};
	const struct yaml_node *global = get(m->prom, "global"), *n;

	yaml_out_key(o, "prometheus");
	yaml_out_map(o);
	put_scalar(o, "url", m->o.prometheus);
	for (size_t i = 0; i < ARRAY_LEN(KEYS); i++) {
		n = get(global, KEYS[i].theirs);
		if (!n)
			continue;
		put_scalar(o, KEYS[i].ours, n->value);
		say(m, "taken", "prometheus.yml:%d: global.%s: %.*s", n->line, KEYS[i].theirs,
		    STR_ARG(n->value));
	}
	n = get(global, "external_labels");
	if (n && n->kind == YAML_MAP && n->n) {
		put_labels(o, n);
		say(m, "taken", "prometheus.yml:%d: global.external_labels", n->line);
	}
	yaml_out_map_end(o);
}

static void put_rule_files(struct migration *m, struct yaml_out *o)
{
	const struct yaml_node *list = get(m->prom, "rule_files");

	if (!list || list->kind != YAML_LIST || !list->n)
		return;
	yaml_out_key(o, "rule_files");
	yaml_out_list(o);
	for (size_t i = 0; i < list->n; i++)
		yaml_out_text(o, list->items[i]->value);
	yaml_out_list_end(o);
	say(m, "taken", "prometheus.yml:%d: rule_files (%zu)", list->line, list->n);
	say(m, "to do",
	    "prometheus.yml:%d: take rule_files out of Prometheus (recording rules of other files "
	    "stay) when rouse has run for a while: as long as both evaluate them both fire",
	    list->line);
}

static void report_alerting(struct migration *m)
{
	const struct yaml_node *alerting = get(m->prom, "alerting");
	const struct yaml_node *relabel = get(alerting, "alert_relabel_configs");
	const struct yaml_node *managers = get(alerting, "alertmanagers");

	if (managers)
		say(m, "to do",
		    "prometheus.yml:%d: alerting.alertmanagers: rouse takes alerts at "
		    "/api/v2/alerts "
		    "as Alertmanager does; point it there until the rules are rouse's, then take "
		    "it "
		    "out",
		    managers->line);
	if (relabel)
		say(m, "LOST",
		    "prometheus.yml:%d: alert_relabel_configs: rouse has no relabelling of alerts; "
		    "write the labels into the rules, or match for them in routes",
		    relabel->line);
	if (get(m->prom, "remote_write"))
		say(m, "stays",
		    "remote_write is Prometheus's; ALERTS are written by rouse only with "
		    "prometheus.remote_write");
}

/* ---- alertmanager.yml -------------------------------------------------------------------- */
static void report_alertmanager(struct migration *m)
{
	static const char *const SECTIONS[] =
		{"global",    "route",		"receivers",	      "inhibit_rules",
		 "templates", "time_intervals", "mute_time_intervals"};
	const struct yaml_node *n;

	for (size_t i = 0; i < ARRAY_LEN(SECTIONS); i++) {
		n = get(m->am, SECTIONS[i]);
		if (n)
			say(m, "taken", "alertmanager.yml:%d: %s, as it is", n->line, SECTIONS[i]);
	}
	if (get(m->am, "tracing") || get(m->am, "event_recorder"))
		say(m, "stays", "tracing and event_recorder are read and do nothing");
	say(m, "better",
	    "what a receiver refuses for good goes to the root's receiver, and "
	    "RouseReceiverFailing fires; Alertmanager gives it up");
	say(m, "to do",
	    "start rouse with --web.external-url of your own; --cluster.* is not needed: "
	    "silences and alerts are on disk");
}

/* Where amtool finds its Alertmanager. */
static void report_amtool(struct migration *m)
{
	const char *home = getenv("HOME");
	struct str paths[] = {
		arena_printf(&m->arena, "%s/.config/amtool/config.yml", home ? home : ""),
		STR("/etc/amtool/config.yml"),
	};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct yaml_node *root = NULL;
		const struct yaml_node *url;
		struct str text;
		struct err err;
		bool more;

		if (!file_read(paths[i], m->limits.file_bytes, &m->arena, &text, &err) ||
		    !yaml_parse(text, &m->limits, &m->arena, &root, &more, &err))
			continue;
		url = get(root, "alertmanager.url");
		if (url)
			say(m, "to do",
			    "%.*s:%d: alertmanager.url is %.*s: let it be rouse's; before, "
			    "--silences-from %.*s takes over the silences",
			    STR_ARG(paths[i]), url->line, STR_ARG(url->value), STR_ARG(url->value));
	}
}

/* ---- rouse.yml --------------------------------------------------------------------------- */
/* Alertmanager's file follows as it stands, with its comments. */
static void write_config(struct migration *m)
{
	struct buf head;
	struct yaml_out *o;

	buf_adds(&m->out, "# Made by `rouse migrate`. Alertmanager's keys are as they were.\n");
	if (m->prom) {
		buf_init(&head, BUF_MAX_ANY);
		o = yaml_out_new(&head);
		yaml_out_map(o);
		put_prometheus(m, o);
		put_rule_files(m, o);
		yaml_out_map_end(o);
		if (yaml_out_end(o))
			buf_add(&m->out, buf_str(&head));
		yaml_out_free(o);
		buf_done(&head);
		report_alerting(m);
	}
	if (m->am) {
		buf_adds(&m->out, "\n# ---- alertmanager.yml ----\n");
		buf_add(&m->out,
			str_starts(m->am_text, "---\n") ? str_from(m->am_text, 4) : m->am_text);
		report_alertmanager(m);
		report_amtool(m);
	}
}

static bool store(struct migration *m, struct str path, struct err *err)
{
	char *z = mem_str(path);
	int fd = open(z, O_WRONLY | O_CREAT | O_CLOEXEC | (m->o.force ? O_TRUNC : O_EXCL), 0644);
	bool ok;

	if (fd < 0)
		err_set(err, -1, "%s: %s%s", z, strerror(errno),
			errno == EEXIST ? " (--force writes over it)" : "");
	ok = fd >= 0 && command_write(fd, buf_str(&m->out));
	if (fd >= 0 && (close(fd) || !ok))
		ok = err_set(err, -1, "%s: %s", z, strerror(errno));
	free(z);
	return ok;
}

/* As rouse will read it: what it says is what `rouse check` would say. */
static bool load(struct migration *m, struct str path)
{
	struct config_files files = files_for_config(&m->limits);
	struct config_args args = {.group_wait = MS_NONE};
	struct config *cfg = NULL;
	struct diags diags;
	struct buf b;
	bool ok;

	diags_init(&diags);
	ok = config_load(path, &args, &files, &m->limits, &cfg, &diags);
	buf_init(&b, BUF_MAX_ANY);
	diag_text_put_all(&b, &diags, m->limits.file_bytes);
	command_write(STDERR_FILENO, buf_str(&b));
	buf_done(&b);
	diags_done(&diags);
	if (ok && cfg->rules)
		say(m, "checked", "%zu rules in %zu groups, %zu receivers", cfg->rules->n_rules,
		    cfg->rules->n, cfg->notify ? cfg->notify->n_receivers : 0);
	config_free(cfg);
	return ok;
}

static int migrate_files(struct migration *m, struct err *err)
{
	struct str path = m->o.output;
	bool ok;

	if (!read_file(m, "prometheus.yml", &m->prom_text, &m->prom, err) ||
	    !read_file(m, "alertmanager.yml", &m->am_text, &m->am, err))
		return 1;
	if (!m->prom && !m->am) {
		err_set(err, -1, "there is neither prometheus.yml nor alertmanager.yml in %.*s",
			STR_ARG(m->dir));
		return 1;
	}
	write_config(m);
	if (m->o.dry_run) {
		command_write(STDOUT_FILENO, buf_str(&m->out));
		command_write(STDERR_FILENO, buf_str(&m->report));
		return 0;
	}
	if (!path.n) {
		path = path_in(m, "rouse.yml");
		path.n--;
	}
	if (!store(m, path, err))
		return 1;
	ok = load(m, path);
	printf("%s %.*s\n", ok ? "wrote" : "wrote (and it is refused as it is)", STR_ARG(path));
	fflush(stdout);
	command_write(STDOUT_FILENO, buf_str(&m->report));
	return ok ? 0 : 1;
}

/* ---- silences ---------------------------------------------------------------------------- */
static struct prom_client *client(struct migration *m, struct str url, struct err *err)
{
	struct prom_client_options o = {.url = url, .timeout = 30 * SECOND, .limits = &m->limits};

	return prom_client_new(&o, err);
}

/* One of Alertmanager's as a new one of ours; its id is another one. */
static bool post(struct migration *m, struct prom_client *to, json_t *s, struct err *err)
{
	struct prom_call c = {.method = "POST", .path = STR("/api/v2/silences")};
	char *text;
	bool ok;

	json_object_del(s, "id");
	json_object_del(s, "status");
	json_object_del(s, "updatedAt");
	text = json_dumps(s, JSON_COMPACT);
	c.json = str_of(text);
	ok = prom_client_call(to, &c, &m->arena, err);
	if (ok && c.status / 100 != 2)
		ok = err_set(err, -1, "a silence is refused: HTTP status %d: %.*s", c.status,
			     STR_ARG(str_trim(c.body)));
	free(text);
	return ok;
}

static int migrate_silences(struct migration *m, struct err *err)
{
	struct prom_call c = {.method = "GET", .path = STR("/api/v2/silences")};
	OWNED(prom_client) from = client(m, m->o.from, err);
	OWNED(prom_client) to = from ? client(m, m->o.to, err) : NULL;
	size_t i, n = 0;
	json_t *root, *s;
	bool ok = true;

	if (!to || !prom_client_call(from, &c, &m->arena, err))
		return 1;
	root = json_loadb(c.body.p, c.body.n, 0, NULL);
	if (!json_is_array(root)) {
		json_decref(root);
		err_set(err, -1, "%.*s answers no list of silences: is it an Alertmanager?",
			STR_ARG(m->o.from));
		return 1;
	}
	json_array_foreach(root, i, s)
	{
		const char *state =
			json_string_value(json_object_get(json_object_get(s, "status"), "state"));

		if (!ok || !state || strcmp(state, "expired") == 0)
			continue;
		ok = post(m, to, s, err);
		n += ok;
	}
	json_decref(root);
	printf("took over %zu silences\n", n);
	return ok ? 0 : 1;
}

/* ---- the command ------------------------------------------------------------------------- */
static int run(int argc, char **argv)
{
	struct migration m = {.dir = {0}};
	struct flag_texts words;
	struct err err = {0};
	int rc = 0;

	limits_default(&m.limits);
	arena_init(&m.arena);
	buf_init(&m.out, BUF_MAX_ANY);
	buf_init(&m.report, BUF_MAX_ANY);
	if (!flags_parse(&cmd_migrate, argc, argv, &m.arena, &m.o, &words, &err) ||
	    (!(words.n == 1 || (!words.n && m.o.from.n)) &&
	     !err_set(&err, -1,
		      "which folder? the one with prometheus.yml and alertmanager.yml"))) {
		rc = command_usage_error(&cmd_migrate, &err);
	} else {
		if (words.n) {
			m.dir = words.v[0];
			rc = migrate_files(&m, &err);
		}
		if (!rc && m.o.from.n)
			rc = migrate_silences(&m, &err);
		if (rc && err.msg[0])
			fprintf(stderr, "rouse migrate: %s\n", err.msg);
	}
	buf_done(&m.out);
	buf_done(&m.report);
	arena_done(&m.arena);
	return rc;
}

const struct command cmd_migrate = {
	.name = "migrate",
	.summary =
		"Makes rouse.yml out of prometheus.yml and alertmanager.yml; takes over silences.",
	.usage = "[FLAGS] DIR",
	.flags = flags,
	.n_flags = ARRAY_LEN(flags),
	.run = run,
};
