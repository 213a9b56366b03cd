/*
 * The default templates: Alertmanager's names, so that configurations written for it work, with
 * rouse's own words. The text ones say what upstream's say, in the same lines.
 */
#include "notify/func.h"

static const char TEXT[] =
	"{{ define \"__alertmanager\" }}Alertmanager{{ end }}"
	"{{ define \"__alertmanagerURL\" }}"
	"{{ .ExternalURL }}/#/alerts?receiver={{ urlquery .Receiver }}{{ end }}"
	"{{ define \"__description\" }}{{ end }}"

	/* [FIRING:2] group's values (what else all have in common) */
	"{{ define \"__subject\" -}}"
	"[{{ toUpper .Status }}{{ with .Alerts.Firing }}:{{ len . }}{{ end }}]"
	" {{ join \" \" .GroupLabels.SortedPairs.Values }} "
	"{{ if gt (len .CommonLabels) (len .GroupLabels) }}"
	"({{ join \" \" (.CommonLabels.Remove .GroupLabels.Names).Values }}){{ end }}"
	"{{ end }}"

	"{{ define \"__text_pairs\" }}{{ range .SortedPairs }}"
	" - {{ .Name }} = {{ .Value }}\n{{ end }}{{ end }}"
	"{{ define \"__text_alert_list\" }}{{ range . -}}"
	"Labels:\n{{ template \"__text_pairs\" .Labels }}"
	"Annotations:\n{{ template \"__text_pairs\" .Annotations }}"
	"Source: {{ .GeneratorURL }}\n{{ end }}{{ end }}"
	"{{ define \"__text_alerts\" }}\n"
	"{{ with .Alerts.Firing }}\nAlerts Firing:\n{{ template \"__text_alert_list\" . }}\n"
	"{{ end }}\n"
	"{{ with .Alerts.Resolved }}\nAlerts Resolved:\n{{ template \"__text_alert_list\" . }}\n"
	"{{ end }}\n{{ end }}"

	"{{ define \"discord.default.content\" }}{{ end }}"
	"{{ define \"discord.default.title\" }}{{ template \"__subject\" . }}{{ end }}"
	"{{ define \"discord.default.message\" }}{{ template \"__text_alerts\" . }}{{ end }}"

	"{{ define \"email.default.subject\" }}{{ template \"__subject\" . }}{{ end }}"
	"{{ define \"email.default.text\" }}{{ template \"__subject\" . }}\n"
	"{{ template \"__text_alerts\" . }}\n"
	"{{ .ExternalURL }}\n{{ end }}"

	"{{ define \"__html_pairs\" }}{{ range .SortedPairs }}"
	"<tr><td style=\"padding:2px 12px 2px 0;color:#666;vertical-align:top\">{{ .Name }}</td>"
	"<td style=\"padding:2px 0;vertical-align:top\">{{ .Value }}</td></tr>\n"
	"{{ end }}{{ end }}"
	"{{ define \"__html_alerts\" }}{{ range . }}"
	"<table style=\"border-collapse:collapse;margin:0 0 6px;font-size:14px\">\n"
	"{{ template \"__html_pairs\" .Annotations }}{{ template \"__html_pairs\" .Labels }}"
	"</table>\n<p style=\"margin:0 0 18px;font-size:13px;color:#666\">"
	"since {{ .StartsAt.Format \"2006-01-02 15:04:05 MST\" }}"
	"{{ if match \"^https?://\" .GeneratorURL }}"
	" &middot; <a href=\"{{ .GeneratorURL }}\">source</a>{{ end }}</p>\n"
	"{{ end }}{{ end }}"
	"{{ define \"email.default.html\" }}<!DOCTYPE html>\n"
	"<html><head><meta charset=\"utf-8\"><title>{{ template \"__subject\" . }}</title></head>\n"
	"<body style=\"margin:0;padding:16px;font-family:sans-serif;color:#222\">\n"
	"<div style=\"max-width:640px;margin:0 auto\">\n"
	"<h1 style=\"margin:0 0 16px;padding:12px;border-radius:4px;font-size:17px;color:#fff;"
	"background:{{ if .Alerts.Firing }}#b3261e{{ else }}#2e7d32{{ end }}\">"
	"{{ template \"__subject\" . }}</h1>\n"
	"{{ with .Alerts.Firing }}<h2 style=\"font-size:15px\">Firing ({{ len . }})</h2>\n"
	"{{ template \"__html_alerts\" . }}{{ end }}"
	"{{ with .Alerts.Resolved }}<h2 style=\"font-size:15px\">Resolved ({{ len . }})</h2>\n"
	"{{ template \"__html_alerts\" . }}{{ end }}"
	"<p style=\"font-size:13px\"><a href=\"{{ .ExternalURL }}\">rouse</a></p>\n"
	"</div></body></html>\n{{ end }}";

struct str notify_default_templates(void)
{
	return (struct str){.p = TEXT, .n = sizeof(TEXT) - 1};
}
