#!/bin/sh
# Prints the path of a Prometheus: the one that is installed, else Debian's package unpacked below
# the folder named as the first argument. The second argument names another program of the family:
# prometheus-node-exporter, prometheus-alertmanager, promtool, amtool. With a third argument, a file
# of the program's package (usr/share/doc/...): its path.
#
# Nothing is installed and no service is started. Needs apt's lists; where they are missing, they
# are fetched into the folder as well, so that no root is needed.
set -eu
dir=$(mkdir -p "$1" && cd "$1" && pwd)
prog=${2:-prometheus}
file=${3:-usr/bin/$prog}

case $prog in
prometheus | promtool) package=prometheus ;;
amtool) package=prometheus-alertmanager ;;
*) package=$prog ;;
esac

if [ $# -lt 3 ] && command -v "$prog" >/dev/null; then
	command -v "$prog"
	exit 0
fi
if [ $# -ge 3 ] && [ -e "/$file" ]; then
	echo "/$file"
	exit 0
fi

apt() {
	apt-get -qq -o APT::Sandbox::User="$(id -un)" "$@" >"$dir/apt.$$" 2>&1
}

# Downloads the package into the current folder.
download() {
	command -v apt-get >/dev/null || return 1
	apt download "$package" && return 0
	mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
	set -- -o Dir::State::Lists="$dir/apt/lists" -o Dir::Cache="$dir/apt/cache"
	apt "$@" update && apt "$@" download "$package"
}

# Two may be at this at once: each unpacks aside, the first one's folder stays.
if [ ! -e "$dir/$package/$file" ]; then
	aside=$(mktemp -d "$dir/unpack.XXXXXX")
	trap 'rm -rf "$aside" "$dir/apt.$$"' EXIT
	if ! (cd "$aside" && download && dpkg -x "$package"_*.deb unpacked); then
		echo "cannot get Debian's package $package" >&2
		[ ! -s "$dir/apt.$$" ] || tail -3 "$dir/apt.$$" >&2
		exit 1
	fi
	mv -T "$aside/unpacked" "$dir/$package" 2>/dev/null || [ -e "$dir/$package/$file" ]
fi
[ -e "$dir/$package/$file" ] || { echo "Debian's package $package has no $file" >&2; exit 1; }
echo "$dir/$package/$file"
