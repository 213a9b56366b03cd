/*
 * Command line flags without a file. They are written down as a configuration and read like one,
 * so that both ways know the same checks and defaults.
 *
 * Defaults for people: pages are grouped by alertname, the first one waits 10 s (one outage raises
 * several alerts within an evaluation or two, and ten seconds turn them into one page; nobody is
 * late for ten seconds), changes and ends are told after at most a minute, a page is repeated
 * every four hours.
 */
#include "base/json.h"
#include "evaluator/config_inner.h"

static bool is_local(struct str smarthost)
{
	return str_starts(smarthost, "localhost:") || str_starts(smarthost, "127.") ||
	       str_starts(smarthost, "[::1]:");
}

bool config_args_page(const struct config_args *args)
{
	return args->discord.n > 0 || args->webhook.n > 0 || args->email.n > 0 || args->console;
}

static void put_entry(struct buf *b, const char *kind, const char *key, struct str value)
{
	if (value.n == 0)
		return;
	buf_printf(b, "    %s:\n      - %s: ", kind, key);
	json_put_str(b, value);
	buf_addc(b, '\n');
}

static void put_mail(struct buf *b, const struct config_args *args)
{
	if (args->email.n == 0)
		return;
	buf_adds(b, "global:\n  smtp_smarthost: ");
	json_put_str(b, args->smtp_smarthost);
	buf_adds(b, "\n  smtp_from: ");
	json_put_str(b, args->smtp_from.n > 0 ? args->smtp_from : args->email);
	/* A relay on this machine seldom has a certificate, and nothing leaves the machine. */
	if (is_local(args->smtp_smarthost))
		buf_adds(b, "\n  smtp_require_tls: false");
	buf_addc(b, '\n');
}

bool config_args_text(const struct config_args *args, struct arena *a, struct str *out,
		      struct diags *diags)
{
	ms_t wait = args->group_wait == MS_NONE ? 10 * SECOND : args->group_wait;
	struct buf b;

	if (args->email.n > 0 && args->smtp_smarthost.n == 0) {
		diags_add(diags, (struct str){0}, 0, 0,
			  "e-mail to %.*s needs a mail server: --smtp.smarthost=HOST:PORT, or a "
			  "configuration file with global.smtp_smarthost",
			  STR_ARG(args->email));
		return false;
	}
	buf_init(&b, BUF_MAX_ANY);
	put_mail(&b, args);
	buf_printf(&b,
		   "route:\n  receiver: default\n  group_by: [alertname]\n  group_wait: %lldms\n"
		   "  group_interval: 1m\n  repeat_interval: 4h\n",
		   (long long)wait);
	buf_adds(&b, "receivers:\n  - name: default\n");
	put_entry(&b, "discord_configs", "webhook_url", args->discord);
	put_entry(&b, "webhook_configs", "url", args->webhook);
	put_entry(&b, "email_configs", "to", args->email);
	if (args->email.n > 0)
		buf_adds(&b, "        send_resolved: true\n"
			     "        text: '{{ template \"email.default.text\" . }}'\n");
	if (args->console)
		buf_adds(&b, "    console_configs:\n      - {}\n");
	*out = arena_str(a, buf_str(&b));
	buf_done(&b);
	return true;
}
