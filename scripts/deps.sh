#!/bin/sh
# Installs what is missing for a target: `deps.sh build`, `deps.sh test` or `deps.sh demo`.
# Needs Debian's apt, and root or sudo when something is missing; otherwise it changes nothing.
# No service is started: Prometheus is unpacked below build/, not installed (scripts/prometheus.sh).
set -eu

BUILD="gcc make pkg-config libc6-dev libcurl4-openssl-dev libmicrohttpd-dev libjansson-dev libyaml-dev
libpcre2-dev libsqlite3-dev libc-ares-dev libxxhash-dev libssl-dev libcrypt-dev libglib2.0-dev
libsnappy-dev libprotobuf-c-dev libcmark-dev libical-dev tzdata"
TEST="$BUILD git libcmocka-dev clang clang-format libclang-rt-14-dev python3 python3-aiosmtpd curl openssl ca-certificates"
DEMO="$BUILD python3 curl ca-certificates"

case "${1:-build}" in
build) want=$BUILD ;;
test) want=$TEST ;;
demo) want=$DEMO ;;
*) echo "usage: deps.sh build|test|demo" >&2; exit 2 ;;
esac

missing=
for p in $want; do
	dpkg-query -W -f '${Status}\n' "$p" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "missing packages, and this is no Debian:$missing" >&2
	exit 1
fi
run=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { echo "as root, please: apt-get install$missing" >&2; exit 1; }
	run=sudo
fi
echo "installing:$missing"
$run env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null
# shellcheck disable=SC2086
$run env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
