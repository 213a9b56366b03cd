/* The snapshot that is told: order, common sets, JSON. */
#include "notify/message.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"

struct message *message_new(void)
{
	struct message *m = MEM_NEW(struct message);

	arena_init(&m->arena);
	return m;
}

void message_free(struct message *m)
{
	if (!m)
		return;
	arena_done(&m->arena);
	free(m);
}

const char *message_status(const struct message *m)
{
	return message_resolved(m) ? "resolved" : "firing";
}

/* ---- order ------------------------------------------------------------------------------- */
/* A label that is there comes before one that is not. */
static int compare_label(struct labels a, struct labels b, struct str name)
{
	struct str x = labels_get(a, name), y = labels_get(b, name);

	if (!x.n || !y.n)
		return (x.n == 0) - (y.n == 0);
	return str_cmp(x, y);
}

/* As upstream: the smaller set first, then by the first name that differs. */
static int compare_sets(struct labels a, struct labels b)
{
	size_t na = labels_count(a), nb = labels_count(b);
	struct labels_iter ia = {0}, ib = {0};
	struct label x, y;

	if (na != nb)
		return na < nb ? -1 : 1;
	while (labels_next(a, &ia, &x) && labels_next(b, &ib, &y)) {
		int c = str_cmp(x.name, y.name);

		if (c)
			return -c; /* the first name of both is missing in one: that one is less */
		c = str_cmp(x.value, y.value);
		if (c)
			return c;
	}
	return 0;
}

struct labels labels_with(struct labels ls, const char *name, struct str value, struct arena *a)
{
	struct labels_builder lb;
	struct labels out;

	labels_builder_init(&lb);
	lb.keep_empty = true;
	labels_builder_from(&lb, ls);
	labels_builder_set(&lb, str_of(name), value);
	out = labels_builder_build(&lb, a);
	labels_builder_done(&lb);
	return out;
}

int message_order(struct labels a, struct labels b)
{
	int c = compare_label(a, b, STR("job"));

	if (!c)
		c = compare_label(a, b, STR("instance"));
	return c ? c : compare_sets(a, b);
}

static int compare_alerts(const void *pa, const void *pb)
{
	const struct message_alert *a = pa, *b = pb;

	return message_order(a->labels, b->labels);
}

/* ---- common sets ------------------------------------------------------------------------- */
static bool in_all(const struct message *m, struct label l, bool annotations)
{
	for (size_t i = 1; i < m->n; i++) {
		const struct message_alert *a = &m->alerts[i];

		if (!str_eq(labels_get(annotations ? a->annotations : a->labels, l.name), l.value))
			return false;
	}
	return true;
}

static struct labels common(const struct message *m, bool annotations, struct arena *a)
{
	struct labels_builder lb;
	struct labels_iter it = {0};
	struct label l;

	if (!m->n)
		return (struct labels){.p = ""};

	struct labels first = annotations ? m->alerts[0].annotations : m->alerts[0].labels;

	labels_builder_init(&lb);
	lb.keep_empty = annotations;
	while (labels_next(first, &it, &l)) {
		if (in_all(m, l, annotations))
			labels_builder_set(&lb, l.name, l.value);
	}

	struct labels out = labels_builder_build(&lb, a);

	labels_builder_done(&lb);
	return out;
}

static void sum_up(struct message *m, struct arena *a)
{
	m->n_firing = 0;
	for (size_t i = 0; i < m->n; i++)
		m->n_firing += !m->alerts[i].resolved;
	m->common_labels = common(m, false, a);
	m->common_annotations = common(m, true, a);
}

void message_finish(struct message *m)
{
	if (m->n)
		qsort(m->alerts, m->n, sizeof(*m->alerts), compare_alerts);
	sum_up(m, &m->arena);
}

struct message *message_head(const struct message *m, size_t max, struct arena *a)
{
	struct message *head = ARENA_NEW(a, struct message);

	*head = *m;
	head->arena = (struct arena){0};
	head->n = MIN(m->n, max);
	sum_up(head, a);
	return head;
}

/* ---- JSON -------------------------------------------------------------------------------- */
static void put_key(struct buf *b, const char *key)
{
	buf_printf(b, ",\"%s\":", key);
}

static void put_alert(struct buf *b, const struct message_alert *a)
{
	buf_adds(b, "{\"labels\":");
	labels_put_json(b, a->labels);
	put_key(b, "annotations");
	labels_put_json(b, a->annotations);
	put_key(b, "starts_at");
	num_put_int(b, a->starts_at);
	if (a->resolved) {
		put_key(b, "ends_at");
		num_put_int(b, a->ends_at);
	}
	put_key(b, "url");
	json_put_str(b, a->generator_url);
	buf_addc(b, '}');
}

static void put_page(struct buf *b, const struct message_page *p)
{
	put_key(b, "page");
	buf_printf(b, "{\"incident\":%llu,\"step\":%lld,\"waiting\":%s,\"token\":",
		   (unsigned long long)p->incident, (long long)p->step,
		   p->waiting ? "true" : "false");
	json_put_str(b, p->token);
	buf_addc(b, '}');
}

void message_put(struct buf *b, const struct message *m)
{
	buf_adds(b, "{\"receiver\":");
	json_put_str(b, m->receiver);
	put_key(b, "group_key");
	json_put_str(b, m->group_key);
	put_key(b, "reason");
	json_put_str(b, m->reason);
	put_key(b, "external_url");
	json_put_str(b, m->external_url);
	put_key(b, "group_labels");
	labels_put_json(b, m->group_labels);
	if (m->route_labels.n) {
		put_key(b, "route_labels");
		labels_put_json(b, m->route_labels);
	}
	put_key(b, "at");
	num_put_int(b, m->at);
	put_key(b, "self_only");
	buf_adds(b, m->self_only ? "true" : "false");
	if (m->anew)
		buf_adds(b, ",\"anew\":true");
	if (m->page.incident)
		put_page(b, &m->page);
	put_key(b, "alerts");
	buf_addc(b, '[');
	for (size_t i = 0; i < m->n; i++) {
		if (i)
			buf_addc(b, ',');
		put_alert(b, &m->alerts[i]);
	}
	buf_adds(b, "]}");
}

static struct str text_of(struct arena *a, const json_t *object, const char *key)
{
	const json_t *v = json_object_get(object, key);

	if (!json_is_string(v))
		return STR("");
	return arena_str(a, (struct str){.p = json_string_value(v), .n = json_string_length(v)});
}

static struct labels labels_of(struct arena *a, json_t *object, const char *key)
{
	json_t *map = json_object_get(object, key), *v;
	struct labels_builder lb;
	const char *name;

	labels_builder_init(&lb);
	lb.keep_empty = true; /* as it was written */
	json_object_foreach(map, name, v)
	{
		if (json_is_string(v))
			labels_builder_set(&lb, str_of(name),
					   (struct str){.p = json_string_value(v),
							.n = json_string_length(v)});
	}

	struct labels out = labels_builder_build(&lb, a);

	labels_builder_done(&lb);
	return out;
}

static struct message_alert alert_of(struct arena *a, json_t *object)
{
	const json_t *end = json_object_get(object, "ends_at");
	struct message_alert al = {
		.labels = labels_of(a, object, "labels"),
		.annotations = labels_of(a, object, "annotations"),
		.starts_at = json_integer_value(json_object_get(object, "starts_at")),
		.ends_at = end ? json_integer_value(end) : MS_NONE,
		.generator_url = text_of(a, object, "url"),
		.resolved = end != NULL,
	};

	al.hash = labels_hash(al.labels);
	return al;
}

static struct message_page page_of(struct arena *a, const json_t *page)
{
	return (struct message_page){
		.incident = (uint64_t)json_integer_value(json_object_get(page, "incident")),
		.step = json_integer_value(json_object_get(page, "step")),
		.waiting = json_is_true(json_object_get(page, "waiting")),
		.token = text_of(a, page, "token"),
	};
}

static void read_message(json_t *root, struct message *m)
{
	struct arena *a = &m->arena;
	json_t *alerts = json_object_get(root, "alerts");

	m->receiver = text_of(a, root, "receiver");
	m->group_key = text_of(a, root, "group_key");
	m->reason = text_of(a, root, "reason");
	m->external_url = text_of(a, root, "external_url");
	m->group_labels = labels_of(a, root, "group_labels");
	m->route_labels = labels_of(a, root, "route_labels");
	m->at = json_integer_value(json_object_get(root, "at"));
	m->self_only = json_is_true(json_object_get(root, "self_only"));
	m->anew = json_is_true(json_object_get(root, "anew"));
	m->page = page_of(a, json_object_get(root, "page"));
	m->n = json_array_size(alerts);
	m->alerts = ARENA_ARRAY(a, struct message_alert, m->n + 1);
	for (size_t i = 0; i < m->n; i++)
		m->alerts[i] = alert_of(a, json_array_get(alerts, i));
	message_finish(m);
}

bool message_parse(struct str json, struct message **out, struct err *err)
{
	json_error_t e;
	json_t *root = json_loadb(json.p, json.n, JSON_ALLOW_NUL, &e);

	if (!json_is_object(root)) {
		json_decref(root);
		return err_set(err, -1, "a stored message cannot be read: %s",
			       root ? "no object" : e.text);
	}
	*out = message_new();
	read_message(root, *out);
	json_decref(root);
	return true;
}

static struct message *message_copy(const struct message *m)
{
	struct message *copy = NULL;
	struct buf b;

	buf_init(&b, BUF_MAX_ANY);
	message_put(&b, m);
	CHECK(message_parse(buf_str(&b), &copy, NULL));
	buf_done(&b);
	return copy;
}

struct message *message_without(const struct message *m, struct hashes known)
{
	struct message *copy = message_copy(m);
	size_t n = 0;

	for (size_t i = 0; i < copy->n; i++) {
		if (!copy->alerts[i].resolved || hashes_has(known, copy->alerts[i].hash))
			copy->alerts[n++] = copy->alerts[i];
	}
	copy->n = n;
	message_finish(copy);
	return copy;
}

/* ---- title ------------------------------------------------------------------------------- */
/* Values of a set, alertname's first, one blank between; leaves out what is in `but`. */
static void put_values(struct buf *b, struct labels ls, struct labels but)
{
	struct labels_iter it = {0};
	struct label l;
	struct str name = labels_get(ls, STR(LABEL_ALERTNAME));
	bool any = false;

	if (name.n && !labels_get(but, STR(LABEL_ALERTNAME)).n) {
		buf_add(b, name);
		any = true;
	}
	while (labels_next(ls, &it, &l)) {
		if (str_is(l.name, LABEL_ALERTNAME) || labels_get(but, l.name).n)
			continue;
		if (any)
			buf_addc(b, ' ');
		buf_add(b, l.value);
		any = true;
	}
}

void message_put_title(struct buf *b, const struct message *m)
{
	size_t at;

	if (m->n_firing)
		buf_printf(b, "[FIRING:%zu] ", m->n_firing);
	else
		buf_adds(b, "[RESOLVED] ");
	put_values(b, m->group_labels, (struct labels){0});
	if (labels_count(m->common_labels) <= labels_count(m->group_labels))
		return;
	buf_adds(b, " (");
	at = b->n;
	put_values(b, m->common_labels, m->group_labels);
	if (b->n == at)
		b->n -= 2;
	else
		buf_addc(b, ')');
}
