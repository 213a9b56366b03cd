#!/bin/sh
# Runs every test and prints the totals as the last line: N passed, N failed, N skipped.
# Built programs are in $1 (build/release); $2.. are further build folders whose unit tests,
# scenarios and fuzz corpora run too (the sanitizer builds).
set -u
B=$1
shift
OUT=${B%/*}
LOGS=$OUT/test
SHARED=${ROUSE_CONFORMANCE:-../shared/conformance}
export ROUSE_CONFORMANCE="$SHARED"
mkdir -p "$LOGS"
passed=0 failed=0 skipped=0

# Reads a log and its exit status: a totals line, or cmocka's lines, or just the status.
totals() {
	awk -v status="$2" '
	/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { p = $1; f = $3; s = $5; line = 1 }
	/^\[       OK \]/ { ok++ } /^\[  SKIPPED \] [a-zA-Z]/ { sk++ }
	/^\[  FAILED  \] [a-zA-Z]/ { bad[$0] }
	END {
		if (!line) { p = ok + 0; s = sk + 0; f = 0; for (b in bad) f++ }
		if (status != 0 && f == 0) f = 1
		if (status == 0 && p + f + s == 0) p = 1
		print p + 0, f + 0, s + 0
	}' "$1"
}

run() {
	name=$1
	shift
	log=$LOGS/$(echo "$name" | tr '/ ' '__').log
	start=$(date +%s)
	"$@" >"$log" 2>&1
	status=$?
	set -- $(totals "$log" $status)
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
	printf '%-44s %6d passed %4d failed %4d skipped %4d s\n' "$name" "$1" "$2" "$3" $(($(date +%s) - start))
	if [ "$2" != 0 ]; then
		grep -aE 'FAIL|ERROR|rror:|CHECK|does not hold' "$log" | head -20
		tail -5 "$log"
	fi
}

skip() {
	skipped=$((skipped + 1))
	printf '%-44s skipped: %s\n' "$1" "$2"
}

kind() {
	if [ -e "$SHARED/$2" ]; then
		run "conformance $1" "$B/conformance" "$1" "$SHARED/$2"
	else
		skip "conformance $1" "no conformance data at $SHARED"
	fi
}

for d in "$B" "$@"; do
	mode=${d##*/}
	for u in "$d"/unit/*; do
		[ -x "$u" ] && case $u in *.d | *.o) ;; *) run "$mode unit ${u##*/}" "$u" ;; esac
	done
	run "$mode scenarios" "$d/sim" scenario tests/scenario/*.txt
	run "$mode crash at every effect" "$d/sim" crash
	run "$mode random worlds" "$d/sim" swarm 1 "${SWARM:-40}"
	run "$mode random teams" "$d/sim" people 1 "${TEAMS:-5}" 3
	for f in "$d"/fuzz/*; do
		name=${f##*/}
		[ -x "$f" ] && [ -d "tests/fuzz/corpus/$name" ] && run "$mode fuzz corpus $name" "$f" "tests/fuzz/corpus/$name"
	done
done

kind promql promql
kind promql-lex promql-lex.json
kind promql-parse promql-parse.json
kind promql-series promql-series.json
kind promql-pretty promql-pretty.json
kind rule-dependencies rule-dependencies.json
kind rule-scenarios rule-scenarios.json
kind rule-unit-tests rule-unit-tests
kind templates templates.json
kind rule-files rule-files
kind real-rules real-rules
kind am-inhibit am-inhibit.json
kind am-timeinterval am-timeinterval.json
kind am-matchers am-matchers.json
kind am-routing am-routing.json
kind am-config am-config
kind am-templates am-templates.json
kind am-payloads am-payloads.json
kind am-api am-api

for t in tests/e2e/*.sh tests/e2e/*.py; do
	[ -x "$t" ] && run "e2e ${t##*/}" env ROUSE="$B/rouse" OUT="$OUT" "$t"
done
run "documentation examples" scripts/doctest.sh "$B/rouse"
run "lint" scripts/lint.sh

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
