/* YAML as Go writes it; see yaml_out.h. */
#include "base/yaml_out.h"

#include <stdlib.h>
#include <yaml.h>

#include "base/fields.h"
#include "base/mem.h"
#include "base/num.h"

struct yaml_out {
	yaml_emitter_t emitter;
	struct buf *to;
	bool failed;
};

static int write_out(void *data, unsigned char *bytes, size_t n)
{
	struct yaml_out *o = data;

	buf_add(o->to, (struct str){(const char *)bytes, n});
	return !o->to->full;
}

static void emit(struct yaml_out *o, yaml_event_t *event)
{
	/* The emitter frees the event, also when it fails. */
	if (o->failed)
		yaml_event_delete(event);
	else
		o->failed = !yaml_emitter_emit(&o->emitter, event);
}

struct yaml_out *yaml_out_new(struct buf *to)
{
	struct yaml_out *o = MEM_NEW(struct yaml_out);
	yaml_event_t e;

	o->to = to;
	CHECK(yaml_emitter_initialize(&o->emitter));
	yaml_emitter_set_output(&o->emitter, write_out, o);
	yaml_emitter_set_unicode(&o->emitter, 1);
	CHECK(yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING));
	emit(o, &e);
	CHECK(yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1));
	emit(o, &e);
	return o;
}

bool yaml_out_end(struct yaml_out *o)
{
	yaml_event_t e;

	CHECK(yaml_document_end_event_initialize(&e, 1));
	emit(o, &e);
	CHECK(yaml_stream_end_event_initialize(&e));
	emit(o, &e);
	return !o->failed;
}

void yaml_out_free(struct yaml_out *o)
{
	if (!o)
		return;
	yaml_emitter_delete(&o->emitter);
	free(o);
}

void yaml_out_map(struct yaml_out *o)
{
	yaml_event_t e;

	CHECK(yaml_mapping_start_event_initialize(&e, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
	emit(o, &e);
}

void yaml_out_map_end(struct yaml_out *o)
{
	yaml_event_t e;

	CHECK(yaml_mapping_end_event_initialize(&e));
	emit(o, &e);
}

static void start_list(struct yaml_out *o, yaml_sequence_style_t style)
{
	yaml_event_t e;

	CHECK(yaml_sequence_start_event_initialize(&e, NULL, NULL, 1, style));
	emit(o, &e);
}

void yaml_out_list(struct yaml_out *o)
{
	start_list(o, YAML_BLOCK_SEQUENCE_STYLE);
}

void yaml_out_flow_list(struct yaml_out *o)
{
	start_list(o, YAML_FLOW_SEQUENCE_STYLE);
}

void yaml_out_list_end(struct yaml_out *o)
{
	yaml_event_t e;

	CHECK(yaml_sequence_end_event_initialize(&e));
	emit(o, &e);
}

static void scalar(struct yaml_out *o, struct str s, yaml_scalar_style_t style)
{
	yaml_event_t e;

	/* The emitter asks for valid UTF-8, and so do all who read it. */
	if (!str_is_utf8(s))
		s = STR("?");
	CHECK(yaml_scalar_event_initialize(&e, NULL, NULL, (const yaml_char_t *)s.p, (int)s.n, 1, 1,
					   style));
	emit(o, &e);
}

/* 1:30 and 09:00 are numbers to the base of 60 in YAML 1.1. */
static bool is_sexagesimal(struct str s)
{
	ptrdiff_t colon = str_find_char(s, ':');

	return colon > 0 && strspn(s.p, "+-0123456789_:.") >= s.n && s.p[0] != ':' &&
	       s.p[0] != '_' && s.p[0] != '.' && s.p[s.n - 1] != ':';
}

static bool is_number(struct str s)
{
	double v;
	int64_t i;

	if (strspn(s.p, "+-.0123456789") == 0)
		return false;
	if (s.n > 2 && s.p[0] == '0' && strchr("xXobB", s.p[1]))
		return num_int(str_from(s, 2),
			       s.p[1] == 'o'	      ? 8
			       : strchr("xX", s.p[1]) ? 16
						      : 2,
			       &i) == NUM_OK;
	return num_float(s, &v) == NUM_OK;
}

/* 2006-01-02, and longer ones with a time. */
static bool is_timestamp(struct str s)
{
	size_t digits = MIN(strspn(s.p, "0123456789"), s.n);

	return digits == 4 && s.n >= 8 && s.p[4] == '-' &&
	       strspn(s.p, "0123456789-:.tTzZ+ ") >= s.n && str_find_char(str_from(s, 5), '-') > 0;
}

/* What a reader of YAML 1.1 takes for something else than text. */
static bool reads_as_other(struct str s)
{
	static const char WORDS[] =
		"y Y yes Yes YES n N no No NO true True TRUE false False FALSE on On ON off Off "
		"OFF ~ null Null NULL .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf "
		"-.INF <<";

	return s.n == 0 || fields_has_word(WORDS, s) || is_sexagesimal(s) || is_number(s) ||
	       is_timestamp(s);
}

void yaml_out_text(struct yaml_out *o, struct str s)
{
	char *z = mem_str(s); /* terminated, for the readers of digits */
	struct str t = {z, s.n};

	if (str_find_char(t, '\n') >= 0)
		scalar(o, t, YAML_LITERAL_SCALAR_STYLE);
	else if (reads_as_other(t))
		scalar(o, t, YAML_DOUBLE_QUOTED_SCALAR_STYLE);
	else
		scalar(o, t, YAML_PLAIN_SCALAR_STYLE);
	free(z);
}

void yaml_out_key(struct yaml_out *o, const char *key)
{
	yaml_out_text(o, str_of(key));
}

void yaml_out_plain(struct yaml_out *o, struct str s)
{
	scalar(o, s, YAML_PLAIN_SCALAR_STYLE);
}

void yaml_out_bool(struct yaml_out *o, bool v)
{
	yaml_out_plain(o, v ? STR("true") : STR("false"));
}
