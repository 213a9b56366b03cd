/*
 * `tracing` and `event_recorder`: read and checked as Alertmanager does, so that its files load,
 * and not obeyed: rouse keeps its own history of what happened and why. The reader is told so.
 */
#include "base/fields_out.h"
#include "base/num.h"
#include "notify/config_inner.h"

/* ---- tracing ----------------------------------------------------------------------------- */
struct tracing_draft {
	struct str client_type, endpoint, compression, sampling_fraction;
	bool insecure;
	const struct yaml_node *tls_config, *headers;
	ms_t timeout;
};

/* A float, which the reader takes as text. */
static void put_number(struct yaml_out *o, const struct field *fd, const void *from)
{
	const struct yaml_node *n = from;
	struct buf b;
	double v;

	buf_init(&b, 64);
	yaml_out_key(o, fd->name);
	if (num_float(n->value, &v) == NUM_OK)
		num_put_float(&b, v, 'g', -1);
	else
		buf_add(&b, n->value);
	yaml_out_plain(o, buf_str(&b));
	buf_done(&b);
}

static const struct field TRACING_FIELDS[] = {
	FIELD(TEXT, struct tracing_draft, client_type),
	FIELD(TEXT, struct tracing_draft, endpoint),
	FIELD(TEXT, struct tracing_draft, sampling_fraction, .put = put_number),
	FIELD(BOOL, struct tracing_draft, insecure),
	FIELD(MAP, struct tracing_draft, tls_config),
	FIELD(MAP, struct tracing_draft, headers),
	FIELD(TEXT, struct tracing_draft, compression),
	FIELD(DURATION, struct tracing_draft, timeout),
};

static void warn(const struct config_reader *r, const struct yaml_node *node, const char *key)
{
	diags_warn(r->fields.diags, r->fields.file, node->line, node->col,
		   "%s is checked and not obeyed: rouse keeps the history of alerts and pages "
		   "itself",
		   key);
}

bool config_read_tracing(const struct config_reader *r, const struct yaml_node *node)
{
	const struct fields *f = &r->fields;
	struct tracing_draft d = {.client_type = STR("grpc")};

	if (!node || node->kind == YAML_NULL)
		return true;
	if (!FIELDS_READ(f, node, "tracing", TRACING_FIELDS, &d))
		return false;
	if (!fields_has_word("grpc http", d.client_type))
		return fields_error(f, yaml_get(node, "client_type"),
				    "expected tracing client type to be http or grpc, but got %.*s",
				    STR_ARG(d.client_type));
	if (!d.endpoint.n)
		return fields_error(f, node, "tracing endpoint must be set");
	if (d.compression.n && !str_is(d.compression, "gzip"))
		return fields_error(f, yaml_get(node, "compression"),
				    "invalid compression type %.*s provided, valid options: gzip",
				    STR_ARG(d.compression));
	warn(r, node, "tracing");
	return true;
}

/* ---- event_recorder ---------------------------------------------------------------------- */
struct recorder_draft {
	const struct yaml_node *file_outputs, *webhook_outputs, *kafka_outputs, *stdout_outputs;
};

struct file_draft {
	struct str path;
};

static const struct field FILE_FIELDS[] = {FIELD(TEXT, struct file_draft, path)};

struct webhook_draft {
	struct str url, url_file;
	const struct yaml_node *http_config;
	ms_t timeout, retry_backoff, batch_flush_interval;
	int64_t workers, max_retries, batch_max_events, batch_max_bytes;
	bool batch;
};

static const struct field WEBHOOK_FIELDS[] = {
	FIELD(URL, struct webhook_draft, url, .secret = true),
	FIELD(TEXT, struct webhook_draft, url_file),
	FIELD(MAP, struct webhook_draft, http_config),
	FIELD(DURATION, struct webhook_draft, timeout),
	FIELD(INT, struct webhook_draft, workers),
	FIELD(INT, struct webhook_draft, max_retries),
	FIELD(DURATION, struct webhook_draft, retry_backoff),
	FIELD(BOOL, struct webhook_draft, batch),
	FIELD(INT, struct webhook_draft, batch_max_events),
	FIELD(INT, struct webhook_draft, batch_max_bytes),
	FIELD(DURATION, struct webhook_draft, batch_flush_interval),
};

struct kafka_draft {
	struct field_texts brokers;
	struct str topic, client_id, format, acks, compression;
	int64_t buffer_size;
	const struct yaml_node *tls_config;
};

static const struct field KAFKA_FIELDS[] = {
	FIELD(TEXTS, struct kafka_draft, brokers),   FIELD(TEXT, struct kafka_draft, topic),
	FIELD(TEXT, struct kafka_draft, client_id),  FIELD(TEXT, struct kafka_draft, format),
	FIELD(TEXT, struct kafka_draft, acks),	     FIELD(TEXT, struct kafka_draft, compression),
	FIELD(INT, struct kafka_draft, buffer_size), FIELD(MAP, struct kafka_draft, tls_config),
};

static const struct field RECORDER_FIELDS[] = {
	FIELD(LIST, struct recorder_draft, file_outputs, FIELD_SUB(FILE_FIELDS)),
	FIELD(LIST, struct recorder_draft, webhook_outputs, FIELD_SUB(WEBHOOK_FIELDS)),
	FIELD(LIST, struct recorder_draft, kafka_outputs, FIELD_SUB(KAFKA_FIELDS)),
	FIELD(LIST, struct recorder_draft, stdout_outputs),
};

static bool read_files(const struct fields *f, const struct yaml_node *list)
{
	bool ok = true;

	for (size_t i = 0; list && i < list->n; i++) {
		struct file_draft d = {0};

		ok &= FIELDS_READ(f, list->items[i], "file_output", FILE_FIELDS, &d);
		if (ok && !d.path.n)
			ok = fields_error(f, list->items[i],
					  "event_recorder file output requires a path");
	}
	return ok;
}

static bool read_webhooks(const struct fields *f, const struct yaml_node *list)
{
	bool ok = true;

	for (size_t i = 0; list && i < list->n; i++) {
		struct webhook_draft d = {0};

		ok &= FIELDS_READ(f, list->items[i], "webhook_output", WEBHOOK_FIELDS, &d);
		if (ok && !d.url.n && !d.url_file.n)
			ok = fields_error(f, list->items[i],
					  "event_recorder webhook output requires a url");
	}
	return ok;
}

static bool read_kafka(const struct fields *f, const struct yaml_node *node)
{
	struct kafka_draft d = {.acks = STR("none"), .compression = STR("none")};

	d.format = STR("json");
	if (!FIELDS_READ(f, node, "kafka_output", KAFKA_FIELDS, &d))
		return false;
	if (!d.brokers.n)
		return fields_error(f, node,
				    "event_recorder kafka: at least one broker is required");
	if (!d.topic.n)
		return fields_error(f, node, "event_recorder kafka output requires a topic");
	if (!fields_has_word("json protobuf", d.format))
		return fields_error(f, yaml_get(node, "format"),
				    "event_recorder kafka: unknown format \"%.*s\", must be "
				    "\"json\" or \"protobuf\"",
				    STR_ARG(d.format));
	if (!fields_has_word("none leader all", d.acks))
		return fields_error(f, yaml_get(node, "acks"),
				    "event_recorder kafka: unknown acks \"%.*s\", must be "
				    "\"none\", \"leader\", or \"all\"",
				    STR_ARG(d.acks));
	return fields_has_word("none gzip snappy lz4 zstd", d.compression) ||
	       fields_error(f, yaml_get(node, "compression"),
			    "event_recorder kafka: unknown compression \"%.*s\"",
			    STR_ARG(d.compression));
}

bool config_read_event_recorder(const struct config_reader *r, const struct yaml_node *node)
{
	const struct fields *f = &r->fields;
	struct recorder_draft d = {0};
	bool ok;

	if (!node || node->kind == YAML_NULL)
		return true;
	ok = FIELDS_READ(f, node, "event_recorder", RECORDER_FIELDS, &d);
	ok &= read_files(f, d.file_outputs) & read_webhooks(f, d.webhook_outputs);
	for (size_t i = 0; d.kafka_outputs && i < d.kafka_outputs->n; i++)
		ok &= read_kafka(f, d.kafka_outputs->items[i]);
	if (ok)
		warn(r, node, "event_recorder");
	return ok;
}

void config_put_tracing(struct yaml_out *o, const struct yaml_node *node)
{
	yaml_out_map(o);
	if (!yaml_get(node, "client_type")) {
		yaml_out_key(o, "client_type");
		yaml_out_text(o, STR("grpc")); /* default */
	}
	fields_put_map(o, TRACING_FIELDS, ARRAY_LEN(TRACING_FIELDS), node);
	yaml_out_map_end(o);
}

void config_put_event_recorder(struct yaml_out *o, const struct yaml_node *node)
{
	yaml_out_map(o);
	fields_put_map(o, RECORDER_FIELDS, ARRAY_LEN(RECORDER_FIELDS), node);
	yaml_out_map_end(o);
}
