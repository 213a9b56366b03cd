#!/bin/sh
# Floors, include cycles, length and shape of functions, formatting, heads of files, and what only
# host/ may use. Prints what is wrong with its place; exit status 1 if anything is.
set -u
cd "$(dirname "$0")/.." || exit 2
files=$(git ls-files '*.c' '*.h' 2>/dev/null)
[ -n "$files" ] || files=$(find . -name build -prune -o -name '*.[ch]' -print | sed 's|^\./||')
ours=$(echo "$files" | grep -v '^tests/')
below=$(echo "$ours" | grep -v '^host/')
outside='aio|arpa/(ftp|telnet)|curl/.*|dirent|fcntl|ftw|glob|microhttpd|ares|netdb|netinet/.*|poll|pthread'
outside="$outside|sched|semaphore|signal|sys/.*|syslog|termios|threads|time|unistd"
calls='getenv|secure_getenv|fopen|freopen|fdopen|tmpfile|popen|system|remove|rename|random|setlocale|exit|_exit'
bad=0

check() {
	"$@" || bad=1
}

# `absent WHY PATTERN FILES`: no line of the files may have the pattern.
absent() {
	why=$1 pattern=$2
	shift 2
	if grep -HnE "$pattern" "$@"; then
		echo "$why"
		return 1
	fi
}

# shellcheck disable=SC2086
{
	check awk -f scripts/floors.awk $files
	check awk -f scripts/cycles.awk $files
	check awk -f scripts/length.awk $files
	check awk -f scripts/shape.awk $files
	if command -v clang-format >/dev/null; then
		check clang-format --dry-run -Werror $files
	else
		echo "clang-format is missing: formatting was not checked"
	fi
	for f in $ours; do
		head -1 "$f" | grep -q '^/\*' || { echo "$f: no head that says what it is for"; bad=1; }
	done
	check absent "clocks, sockets, files, threads and signals live in host/" "^# *include <($outside)\.h>" $below
	check absent "only host/ looks at the outside and ends the program" "(^|[^a-zA-Z0-9_>.])($calls)\(" $below
}
exit $bad
