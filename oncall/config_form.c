/* `oncall.forms`: where people outside say that something is wrong. */
#include "base/yaml.h"
#include "oncall/config_inner.h"

#define TOKEN_MIN 16 /* characters */
#define RATE_DEFAULT 5
#define RATE_MAX 1000

struct form_draft {
	struct str policy, title, severity, token;
	bool show_titles;
	int64_t rate;
};

static const struct field FORM_FIELDS[] = {
	FIELD(TEXT, struct form_draft, policy),	     FIELD(TEXT, struct form_draft, title),
	FIELD(TEXT, struct form_draft, severity),    FIELD(TEXT, struct form_draft, token),
	FIELD(BOOL, struct form_draft, show_titles), FIELD(INT, struct form_draft, rate),
};

bool oncall_read_form(const struct oncall_reader *r, const struct yaml_pair *pair, struct form *out)
{
	struct form_draft d = {.title = STR("Something is wrong?"), .rate = RATE_DEFAULT};
	const struct fields *f = &r->fields;
	bool ok = oncall_read_name(r, pair->key, "form");

	ok &= FIELDS_READ(f, pair->value, "a form", FORM_FIELDS, &d);
	*out = (struct form){.name = pair->key->value,
			     .policy = d.policy,
			     .title = d.title,
			     .severity = d.severity,
			     .token = d.token,
			     .show_titles = d.show_titles,
			     .rate = (int)d.rate};
	if (!oncall_policy(r->config, d.policy))
		ok = oncall_unknown(r, pair->key, "policy", d.policy);
	if (d.token.n < TOKEN_MIN)
		ok = fields_error(f, pair->key,
				  "form %.*s needs a token of %d characters at least: it is a part "
				  "of its address",
				  STR_ARG(pair->key->value), TOKEN_MIN);
	if (d.rate < 1 || d.rate > RATE_MAX)
		ok = fields_error(f, pair->key, "rate: 1 to %d reports in ten minutes", RATE_MAX);
	for (const struct form *o = r->config->forms; o < out; o++) {
		if (d.token.n && str_eq(o->token, d.token))
			ok = fields_error(f, pair->key, "form %.*s has the token of form %.*s",
					  STR_ARG(pair->key->value), STR_ARG(o->name));
	}
	return ok;
}

const struct form *oncall_form(const struct oncall_config *c, struct str token)
{
	for (size_t i = 0; i < c->n_forms; i++) {
		struct str t = c->forms[i].token;
		unsigned char differ = t.n != token.n;

		for (size_t k = 0; k < MIN(t.n, token.n); k++)
			differ |= (unsigned char)(t.p[k] ^ token.p[k]);
		if (!differ)
			return &c->forms[i];
	}
	return NULL;
}
