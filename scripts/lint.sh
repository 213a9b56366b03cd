#!/bin/sh
# Floors, include cycles, function length, formatting, and words that must not appear.
set -u
files=$(git ls-files '*.c' '*.h')
bad=0

check() {
	if ! "$@"; then
		bad=1
	fi
}

# shellcheck disable=SC2086
{
	check awk -f scripts/floors.awk $files
	check awk -f scripts/cycles.awk $files
	check awk -f scripts/length.awk $files
	if command -v clang-format >/dev/null; then
		check clang-format --dry-run -Werror $files
	else
		echo "clang-format is missing: formatting was not checked"
	fi
	for f in $files; do
		case $f in tests/*) continue ;; esac
		head -1 "$f" | grep -q '^/\*' || { echo "$f: no head that says what it is for"; bad=1; }
	done
	if grep -nE '<(time|sys/socket|sys/epoll|signal|pthread|unistd)\.h>' $(echo "$files" | tr ' ' '\n' | grep -vE '^(host|tests)/'); then
		echo "clocks, sockets, threads and signals live in host/"
		bad=1
	fi
}
exit $bad
