#!/bin/sh
# Prints the path of a Prometheus: the one that is installed, else Debian's package unpacked below
# the folder named as the argument. With a second argument, of another program of the family:
# prometheus-node-exporter, prometheus-alertmanager, promtool, amtool. Nothing is installed.
set -eu
dir=$1/debian
prog=${2:-prometheus}

if command -v "$prog" >/dev/null; then
	command -v "$prog"
	exit 0
fi
case $prog in
prometheus | promtool) package=prometheus ;;
amtool) package=prometheus-alertmanager ;;
*) package=$prog ;;
esac
if [ ! -x "$dir/usr/bin/$prog" ]; then
	mkdir -p "$dir"
	(cd "$dir" && apt-get download -qq "$package" >/dev/null && dpkg -x "$package"_*.deb . && rm -f "$package"_*.deb) || {
		echo "cannot get Debian's package $package" >&2
		exit 1
	}
fi
echo "$dir/usr/bin/$prog"
