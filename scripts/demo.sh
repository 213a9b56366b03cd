#!/bin/sh
# `make demo`: one alert goes through the whole house, from a flipped sample to a page that arrives
# and is taken back. Everything runs on 127.0.0.1, on free ports, in a folder of its own below
# $OUT/demo, and is gone at the end. Takes about half a minute; exit status 0: all of it happened.
#
# ROUSE  the program (build/release/rouse)     OUT   where things are built (build)
# KEEP   not empty: stay until Ctrl-C          PYTHON  3.9 or newer, standard library only
set -eu
here=$(dirname "$0")
OUT=${OUT:-build}
export OUT ROUSE="${ROUSE:-$OUT/release/rouse}" KEEP="${KEEP:-}"

[ -x "$ROUSE" ] || { echo "there is no $ROUSE: run make first" >&2; exit 1; }
PYTHON=${PYTHON:-/usr/bin/python3}
[ -x "$PYTHON" ] || PYTHON=$(command -v python3) || { echo "the demo needs python3" >&2; exit 1; }
exec "$PYTHON" -B "$here/demo/story.py"
