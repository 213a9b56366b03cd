#!/bin/sh
# Bad input on the command line: each case ends quickly with the status that is due and says what is
# wrong and where. `check` and `run` are given the same files; both refuse them with status 1.
# shellcheck disable=SC2016
set -u
ROUSE=${ROUSE:-build/release/rouse}
OUT=${OUT:-build}
mkdir -p "$OUT/e2e"
dir=$(mktemp -d "$OUT/e2e/badinput.XXXXXX") || exit 1
dir=$(cd "$dir" && pwd)
ROUSE=$(readlink -f "$ROUSE")
cd "$dir" || exit 1
passed=0 failed=0 skipped=0
trap 'rm -rf "$dir"' EXIT

bad() {
	failed=$((failed + 1))
	echo "FAILED   $1: $2"
	sed 's/^/    /' said | cut -c 1-300 | head -12
}

# name, exit status, pattern of what is said (extended, on stdout and stderr), command...
expect() {
	name=$1 status=$2 pattern=$3
	shift 3
	timeout -s KILL 10 "$@" >said 2>&1 </dev/null
	got=$?
	if [ "$got" != "$status" ]; then
		bad "$name" "exit status $got, not $status"
	elif ! grep -aqE -e "$pattern" said; then
		bad "$name" "says nothing like $pattern"
	elif grep -aqE 'AddressSanitizer|runtime error:|CHECK' said; then
		bad "$name" "crashes"
	else
		passed=$((passed + 1))
	fi
}

# A file that neither check nor run may take: name, file, pattern.
refuse() {
	expect "check $1" 1 "$3" "$ROUSE" check "$2"
	expect "run $1" 1 "$3" "$ROUSE" run --config.file="$2" --storage.path=data --web.listen-address=127.0.0.1:0
}

# A whole configuration whose `rest` is the text on stdin.
config() {
	cat >"$1"
	printf 'route: {receiver: team}\nreceivers: [{name: team, webhook_configs: [{url: "http://127.0.0.1:1/"}]}]\n' >>"$1"
}

# A rule file from stdin, and the configuration that names it.
rules() {
	mkdir -p "$1"
	cat >"$1/rules.yml"
	printf 'prometheus: {url: "http://127.0.0.1:1"}\nrule_files: [rules.yml]\n' | config "$1/rouse.yml"
	expect "check $1" 1 "$2" "$ROUSE" check "$1/rules.yml"
	refuse "$1 by the configuration" "$1/rouse.yml" "$2"
}

# ---- configuration files ------------------------------------------------------------------------
printf 'prometeus: {url: "http://x"}\n' | config unknown.yml
refuse "unknown key" unknown.yml 'unknown.yml:1:1: .*prometeus.*prometheus'
printf 'prometheus:\n  url: http://x\n  blind_after: often\n' | config type.yml
refuse "wrong type" type.yml 'type.yml:3:16: '
printf 'prometheus:\n  url: http://x\n  evaluation_interval: 15 sec\n' | config duration.yml
refuse "bad duration" duration.yml 'duration.yml:3:24: .*15 sec'
printf 'prometheus:\n  url: "ftp://x"\n' | config scheme.yml
refuse "not http" scheme.yml 'scheme.yml:2:8: '
printf 'route: {receiver: nobody}\nreceivers: [{name: team}]\n' >nobody.yml
refuse "unknown receiver" nobody.yml 'nobody.yml:1:[0-9]+: .*nobody'
printf 'route: {receiver: team}\nreceivers:\n- name: team\n  webhook_configs:\n  - url: "http://x"\n    tittle: a\n' >entry.yml
refuse "unknown key of a receiver" entry.yml 'entry.yml:6:5: .*tittle'
printf 'route: {receiver: team}\nreceivers:\n- name: team\n  discord_configs:\n  - webhook_url: "http://x/"\n    title: "{{ .Labels"\n' >template.yml
refuse "bad template in a receiver" template.yml 'template.yml:6:[0-9]+: .*unclosed action'
printf 'route: {receiver: team}\nreceivers:\n- name: team\n- name: team\n' >twice.yml
refuse "receiver twice" twice.yml 'twice.yml:4:[0-9]+: .*team.* not unique'
printf 'a: &a [x, *a]\nb: *nowhere\n' | config anchor.yml
refuse "anchor that is not there" anchor.yml 'anchor.yml:[12]:[0-9]+: '
printf 'prometheus:\n\turl: x\n' | config tab.yml
refuse "tab" tab.yml 'tab.yml:2:1: '
printf 'route: {receiver: team\n' >open.yml
refuse "not closed" open.yml 'open.yml:[12]:[0-9]+: '
printf 'global: {a: 1, a: 2}\n' | config key.yml
refuse "key twice" key.yml 'key.yml:1:16: .*a'
: >empty.yml
refuse "empty file" empty.yml 'empty.yml: '
printf 'prometheus: {url: "${env:ROUSE_NO_SUCH_NAME}"}\n' | config env.yml
refuse "unset variable" env.yml 'env.yml:1:[0-9]+: .*ROUSE_NO_SUCH_NAME'
refuse "missing file" nothing.yml 'cannot open nothing.yml: No such file'
refuse "folder" . 'irectory'
printf 'rule_files: [no/such/rules.yml]\nprometheus: {url: "http://x"}\n' | config norules.yml
refuse "missing rule file" norules.yml 'norules.yml:1:14: .*no/such/rules.yml'
head -c 100000 /dev/urandom >binary.yml
refuse "binary garbage" binary.yml 'binary.yml:[0-9]+:[0-9]+: '
printf '\0\1\2' >nul.yml
refuse "NUL" nul.yml 'nul.yml:1:1: '
truncate -s 100M big.yml
refuse "100 MB of nothing" big.yml 'big.yml is too large: more than'
yes -- '- a: [b, c]' | head -c 100000000 >long.yml
refuse "100 MB of YAML" long.yml 'long.yml is too large: more than'
rm -f long.yml big.yml
head -c 10000 /dev/zero | tr '\0' '[' >deep.yml
refuse "10,000 deep" deep.yml 'deep.yml:1:10[0-9]: .*deep'
{ for i in $(seq 0 9); do printf 'a%d: &a%d [' "$i" "$i"; for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ "$i" = 0 ] && printf 'x,' || printf '*a%d,' $((i - 1)); done; printf ']\n'; done; } | config laughs.yml
refuse "a billion laughs" laughs.yml 'laughs.yml:[0-9]+:[0-9]+: '

# A secret that cannot be read is refused, and its value is nowhere else.
printf 'route: {receiver: team}\nreceivers:\n- name: team\n  email_configs:\n  - {to: a@x, from: b@x, smarthost: "x:25", auth_username: u, auth_password_file: no-such-secret}\n' >secret.yml
refuse "missing secret" secret.yml 'secret.yml:5:[0-9]+: .*no-such-secret'
if [ "$(id -u)" != 0 ]; then
	echo hush >closed && chmod 0 closed
	sed 's/no-such-secret/closed/' secret.yml >closed.yml
	refuse "unreadable secret" closed.yml 'closed.yml:5:[0-9]+: .*ermission denied'
elif command -v setpriv >/dev/null && chmod 755 "$dir" && setpriv --reuid 65534 --clear-groups test -x "$ROUSE" -a -r "$dir/secret.yml"; then
	echo hush >closed && chmod 600 closed
	sed 's/no-such-secret/closed/' secret.yml >closed.yml
	expect "unreadable secret" 1 'closed.yml:5:[0-9]+: .*ermission denied' \
		setpriv --reuid 65534 --clear-groups "$ROUSE" check closed.yml
else
	echo "skipped  unreadable secret: root reads everything"
	skipped=$((skipped + 1))
fi

# ---- rule files ---------------------------------------------------------------------------------
rules expression 'rules.yml:5:22: .*unclosed left parenthesis' <<-'END'
	groups:
	- name: g
	  rules:
	  - alert: A
	    expr: sum(up == 0
END
rules "unknown rule key" 'rules.yml:6:5: .*fro.*for' <<-'END'
	groups:
	- name: g
	  rules:
	  - alert: A
	    expr: up
	    fro: 5m
END
rules "rule duration" 'rules.yml:6:10: .*5 minutes' <<-'END'
	groups:
	- name: g
	  rules:
	  - alert: A
	    expr: up
	    for: 5 minutes
END
rules "rule template" 'rules.yml:7:[0-9]+: .*nosuch' <<-'END'
	groups:
	- name: g
	  rules:
	  - alert: A
	    expr: up
	    annotations:
	      summary: "{{ nosuch $value }}"
END
rules "duplicate group" 'rules.yml:4:[0-9]+: .*g.*repeated' <<-'END'
	groups:
	- name: g
	  rules: []
	- name: g
	  rules: []
END
rules "two mistakes" 'rules.yml:5:[0-9]+: .*type' <<-'END'
	groups:
	- name: g
	  rules:
	  - alert: A
	    expr: rate(1)
	  - record: b
	    expr: up +
END
grep -q 'rules.yml:7:[0-9]*: ' said || bad "two mistakes" "only the first is told"
rules "deep expression" 'rules.yml:1:[0-9]+: .*nested too deeply' <<END
groups: [{name: g, rules: [{alert: A, expr: "$(head -c 10000 /dev/zero | tr '\0' '(')"}]}]
END
expect "all errors of all files" 1 'expression.rules.yml:5' "$ROUSE" check expression/rules.yml type.yml
grep -q 'type.yml:3:16' said || bad "all errors of all files" "the second file was not checked"

# ---- fmt and the command line -------------------------------------------------------------------
expect "fmt" 0 '^sum by \(a\) \(rate\(x\[5m\]\)\) / 2$' "$ROUSE" fmt --no-pretty 'sum(rate(x[300s]))by(a)/2'
expect "fmt, a place" 1 '^1:[0-9]+: parse error' "$ROUSE" fmt 'sum(up) by by'
grep -qE '^ +\^' said || bad "fmt, a place" "nothing is underlined"
expect "fmt, nothing" 1 'no expression' "$ROUSE" fmt ''
expect "fmt, binary" 1 'error' "$ROUSE" fmt "$(printf '\377\376')"
expect "fmt, deep" 1 'nested too deeply' "$ROUSE" fmt "$(head -c 10000 /dev/zero | tr '\0' '(')"
expect "fmt, deep by operators" 1 'nested too deeply' "$ROUSE" fmt -- "$(head -c 20000 /dev/zero | tr '\0' '-')1"
expect "no command" 2 'usage' "$ROUSE"
expect "unknown command" 2 'unknown command chekc, did you mean check' "$ROUSE" chekc
expect "unknown flag" 2 'unknown flag --config.fil, did you mean --config.file' "$ROUSE" run --config.fil=x
expect "flag without a value" 2 'config.file needs a value' "$ROUSE" run --config.file
expect "flag of a wrong kind" 2 'data.retention' "$ROUSE" run --config.file=x --data.retention=long
expect "one dash" 2 'two dashes' "$ROUSE" run -c x
expect "log level" 2 'log.level cannot be' "$ROUSE" run --config.file=x --log.level=loud
expect "nothing to do" 2 'nothing to do' "$ROUSE" run
expect "stray word" 2 'unexpected "x"' "$ROUSE" run --config.file=a x
expect "check without files" 2 'which files' "$ROUSE" check
expect "mail without a server" 1 'mail server' "$ROUSE" run --prometheus=http://127.0.0.1:1 --email=a@x \
	--storage.path=data --web.listen-address=127.0.0.1:0
expect "address that is none" 1 'listen' "$ROUSE" run --prometheus=http://127.0.0.1:1 --console --storage.path=data \
	--web.listen-address=127.0.0.1:http
expect "web configuration" 1 'web.yml:1:1: .*tls_config not found' sh -c \
	'echo "tls_config: {}" >web.yml; exec "$0" run --prometheus=http://127.0.0.1:1 --console --storage.path=data --web.listen-address=127.0.0.1:0 --web.config.file=web.yml' "$ROUSE"
expect "help" 0 'web.listen-address' "$ROUSE" run --help

# ---- and what is good is taken ------------------------------------------------------------------
printf 'prometheus: {url: "http://x"}\n' | config good.yml
expect "good" 0 'SUCCESS' "$ROUSE" check good.yml

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
