#!/bin/sh
# Holds the documentation to the program: scripts/doctest.sh ROUSE
#
# The fenced blocks of README.md and docs/*.md are taken in order, each page in a folder of its own:
#
#   ```yaml rouse.yml     is written to that name; `rouse check` must take it. So for rules.yml and
#                         every other name, but web.yml and web-*.yml, which a started rouse must take
#                         (--web.config.file), and prometheus.yml, which promtool must take.
#   ```text NAME          is written to that name, before all others.
#   ```console            lines `$ rouse ...` are run there and must print what follows; `...` stands
#                         for anything within a line, and alone in a line for any lines.
#                         `$ export NAME=value` holds for the whole page.
#   ```scenario           is played by the simulator beside ROUSE, if it is built.
#   ```sh                 is not run, but the flags of `rouse run` in it must exist.
#
# Then: flags, keys, receiver kinds, paths, metrics, self alerts and words of scenarios that the
# source has are documented, metrics that are documented are in the source, links lead somewhere.
# Prints a line for each failure and `N passed, N failed, N skipped` last; exit status 1 if any.
set -u
[ $# = 1 ] && [ -x "$1" ] || { echo "usage: doctest.sh ROUSE" >&2; exit 2; }
case $1 in /*) ROUSE=$1 ;; *) ROUSE=$PWD/$1 ;; esac
cd "$(dirname "$0")/.." || exit 2
ROOT=$PWD
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
mkdir "$T/bin"
ln -s "$ROUSE" "$T/bin/rouse"
PATH=$T/bin:$PATH
PAGES="README.md CONTRIBUTING.md $(echo docs/*.md)"
SOURCES="host evaluator notify web"
passed=0 failed=0 skipped=0

pass() { passed=$((passed + 1)); }
skip() { skipped=$((skipped + 1)); echo "SKIP $1"; }
fail() {
	failed=$((failed + 1))
	echo "FAIL $1"
	[ -z "${2-}" ] || sed 's/^/     | /' "$2"
}

# ---- blocks ------------------------------------------------------------------------------------

# Writes each block to $T/blocks/NNN, first line `LINE INFO`.
split() {
	rm -rf "$T/blocks"
	mkdir "$T/blocks"
	awk -v dir="$T/blocks" '
	/^```/ && !inside {
		inside = 1
		out = sprintf("%s/%03d", dir, ++n)
		print NR, substr($0, 4) > out
		next
	}
	/^```[ \t]*$/ { inside = 0; close(out); next }
	inside { print > out }' "$1"
}

# `matches EXPECTED ACTUAL`: both are files.
matches() {
	awk '
	function line(p, s,   parts, n, i, at) {
		n = split(p, parts, /\.\.\./)
		if (n <= 1)
			return p == s
		if (substr(s, 1, length(parts[1])) != parts[1])
			return 0
		s = substr(s, length(parts[1]) + 1)
		for (i = 2; i < n; i++) {
			at = index(s, parts[i])
			if (!at)
				return 0
			s = substr(s, at + length(parts[i]))
		}
		return length(s) >= length(parts[n]) && substr(s, length(s) - length(parts[n]) + 1) == parts[n]
	}
	function all(i, j) {
		if (i > wanted)
			return j > got
		if (want[i] == "...") {
			for (; j <= got + 1; j++)
				if (all(i + 1, j))
					return 1
			return 0
		}
		return j <= got && line(want[i], have[j]) && all(i + 1, j + 1)
	}
	FILENAME == ARGV[1] { want[++wanted] = $0; next }
	{ have[++got] = $0 }
	END {
		while (wanted && want[wanted] == "")
			wanted--
		while (got && have[got] == "")
			got--
		exit !all(1, 1)
	}' "$1" "$2"
}

# One `$ ...` command of a console block and what it must print ($T/want).
run_command() {
	where=$1 command=$2
	case $command in
	'export '*) return ;;
	rouse*) ;;
	*) skip "$where: $command"; return ;;
	esac
	(cd "$FOLDER" && . "$T/environment" && timeout 20 sh -c "$command") >"$T/got" 2>&1
	if matches "$T/want" "$T/got"; then
		pass
	else
		fail "$where: $command prints" "$T/got"
	fi
}

run_console() {
	page=$1 block=$2 at=$3 command= line=
	: >"$T/want"
	while IFS= read -r line || [ -n "$line" ]; do
		at=$((at + 1))
		case $line in
		'$ '*)
			[ -z "$command" ] || run_command "$page:$from" "$command"
			command=${line#\$ } from=$at
			: >"$T/want"
			;;
		*) printf '%s\n' "$line" >>"$T/want" ;;
		esac
	done <"$block"
	[ -z "$command" ] || run_command "$page:$from" "$command"
}

# A web configuration is read when a daemon starts.
check_web() {
	if grep -q cert_file "$FOLDER/$1" && [ ! -e "$FOLDER/tls.crt" ]; then
		command -v openssl >/dev/null || { skip "$2: openssl is missing"; return; }
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
			-keyout "$FOLDER/tls.key" -out "$FOLDER/tls.crt" 2>/dev/null
	fi
	(cd "$FOLDER" && exec rouse run --prometheus=http://127.0.0.1:9 --console --storage.path="$T/store" \
		--web.listen-address=127.0.0.1:0 --web.config.file="$1") >"$T/got" 2>&1 &
	daemon=$!
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
		grep -q 'msg="Ready"' "$T/got" && break
		kill -0 $daemon 2>/dev/null || break
		sleep 0.2
	done
	if grep -q 'msg="Ready"' "$T/got" && ! grep -q 'level=error' "$T/got"; then
		pass
	else
		fail "$2: $1 is refused" "$T/got"
	fi
	kill $daemon 2>/dev/null
	wait $daemon 2>/dev/null
	rm -rf "$T/store"
}

check_yaml() {
	name=$1 where=$2
	case $name in
	'') fail "$where: a yaml block without a name is not checked" ;;
	web.yml | web-*.yml) check_web "$name" "$where" ;;
	prometheus.yml)
		command -v promtool >/dev/null || { skip "$where: promtool is missing"; return; }
		if (cd "$FOLDER" && promtool check config --syntax-only "$name") >"$T/got" 2>&1; then
			pass
		else
			fail "$where: $name is refused" "$T/got"
		fi
		;;
	*)
		if (cd "$FOLDER" && . "$T/environment" && rouse check "$name") >"$T/got" 2>&1; then
			pass
		else
			fail "$where: $name is refused" "$T/got"
		fi
		;;
	esac
}

# The flags of `rouse run` in a shell block; lines that end in a backslash go on.
check_flags() {
	for flag in $(sed -e ':a' -e '/\\$/N; s/\\\n/ /; ta' "$2" | grep 'rouse run' | grep -oE -- '--[a-z.-]+'); do
		if grep -qE "^  $flag(=|\$|  )" "$T/run-help"; then
			pass
		else
			fail "$1: rouse run has no flag $flag"
		fi
	done
}

play() {
	sim=${ROUSE%/*}/sim
	[ -x "$sim" ] || { skip "$1: $sim is not built"; return; }
	if "$sim" scenario "$T/block" >"$T/got" 2>&1; then
		pass
	else
		fail "$1: the scenario fails" "$T/got"
	fi
}

write() {
	mkdir -p "$FOLDER/$(dirname "$1")"
	cp "$2" "$FOLDER/$1"
}

# Texts are there for the whole page: what they are for may be shown first.
write_texts() {
	for block in "$T"/blocks/*; do
		[ -e "$block" ] || continue
		read -r at language name <"$block"
		sed 1d "$block" >"$T/block"
		[ "$language" != text ] || [ -z "$name" ] || write "$name" "$T/block"
	done
}

check_blocks() {
	FOLDER=$T/page
	rm -rf "$FOLDER"
	mkdir "$FOLDER"
	{ echo :; sed -n 's/^\$ export /export /p' "$1"; } >"$T/environment"
	split "$1"
	write_texts
	for block in "$T"/blocks/*; do
		[ -e "$block" ] || continue
		read -r at language name <"$block"
		sed 1d "$block" >"$T/block"
		case $language in
		yaml)
			[ -z "$name" ] || write "$name" "$T/block"
			check_yaml "$name" "$1:$at"
			;;
		console) run_console "$1" "$T/block" "$at" ;;
		sh) check_flags "$1:$at" "$T/block" ;;
		scenario) play "$1:$at" ;;
		esac
	done
}

# ---- what is there is told, what is told is there ----------------------------------------------

# `told PAGE WHAT WORD...`: each word stands in the page, not as a part of a longer one.
# shellcheck disable=SC2086 # a page, or several
told() {
	page=$1 what=$2
	shift 2
	[ $# -gt 0 ] || fail "$what: none were found in the source"
	for word; do
		if grep -qE -- "(^|[^A-Za-z0-9_.-])$(printf %s "$word" | sed 's/[.[\*^$]/\\&/g')([^A-Za-z0-9_-]|\$)" $page; then
			pass
		else
			fail "$page does not tell of the $what $word"
		fi
	done
}

# shellcheck disable=SC2046,SC2086
check_inventory() {
	told docs/configuration.md flag $(grep -oE -- '^  --[a-z.-]+' "$T/run-help") \
		$(rouse fmt --help | grep -oE -- '^  --[a-z.-]+')
	for c in check test query backtest; do
		told "docs/$([ $c = check ] && echo lints || echo rules).md" flag \
			$(rouse $c --help | grep -oE -- '^  --[a-z.-]+')
	done
	told docs/lints.md lint $(rouse check --explain-lints | cut -d' ' -f1)
	# The table of lints: these names in this order with these reasons, and no others.
	rouse check --explain-lints | sed -E 's/^([a-z-]+) +/\1 /' >"$T/lints"
	if sed -nE 's/^\| `([a-z-]+)` \| ([^|]*) \|.*/\1 \2/p' docs/lints.md | diff "$T/lints" - >"$T/diff"; then
		pass
	else
		fail "docs/lints.md: its table differs from rouse check --explain-lints: $(cat "$T/diff")"
	fi
	told docs/configuration.md key $(sed -nE \
		's/^.*(PROMETHEUS\([A-Z]+, |struct (prometheus|endpoint)_draft, )([a-z_]+)\).*/\3/p' evaluator/config.c)
	told "docs/configuration.md docs/receivers.md" "receiver kind" $(sed -nE 's/^.*\.config_key = "([a-z_]+)".*/\1/p' notify/receivers/*.c)
	told docs/operations.md path $(sed -nE 's/^\t\{"(\/[^"]*)", .*/\1/p' web/route.c)
	told docs/operations.md metric $(grep -ohE '("|HELP |TYPE )rouse_[a-z_]*[a-z]\b' -r $SOURCES --include='*.c' |
		grep -oE 'rouse_[a-z_]+' | sort -u)
	told docs/operations.md "self alert" $(grep -ohE '"Rouse[A-Z][A-Za-z]+' -r $SOURCES --include='*.[ch]' | tr -d '"' | sort -u)
	told docs/testing.md "word of scenarios" $(sed -nE '/COMMANDS\[\]/,/^}/p' tests/sim/scenario.c | grep -oE '\{"[a-z]+"' | tr -d '{"')
	for metric in $(grep -ohE '`(rouse|prometheus|alertmanager|process)_[a-z_]+[`{]' docs/operations.md | tr -d '`{' | sort -u); do
		if grep -rqE "(\"|HELP |TYPE )$metric\\b" $SOURCES --include='*.c'; then
			pass
		else
			fail "docs/operations.md tells of the metric $metric, which the source does not have"
		fi
	done
}

# ---- links -------------------------------------------------------------------------------------

# The anchors of a page: its headings as GitHub names them.
anchors() {
	awk '/^```/ { code = !code } !code && /^#+ /' "$1" | sed -E 's/^#+ +//' |
		tr 'A-Z' 'a-z' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

check_links() {
	for link in $(awk '/^```/ { code = !code } !code' "$1" | grep -oE '\]\([^) ]+\)' | sed -E 's/^\]\((.*)\)$/\1/'); do
		case $link in http://* | https://* | mailto:*) continue ;; esac
		file=${link%%#*} anchor=
		case $link in *'#'*) anchor=${link#*#} ;; esac
		[ -z "$file" ] && file=$1 || file=$(dirname "$1")/$file
		if [ ! -e "$file" ]; then
			fail "$1: the link $link leads nowhere"
		elif [ -n "$anchor" ] && ! anchors "$file" | grep -qxF -- "$anchor"; then
			fail "$1: there is no heading for $link"
		else
			pass
		fi
	done
}

rouse run --help >"$T/run-help"
for p in $PAGES; do
	check_blocks "$p"
	cd "$ROOT" || exit 2
	check_links "$p"
done
check_inventory
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
