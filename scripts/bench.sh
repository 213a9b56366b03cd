#!/bin/sh
# Benchmarks: every micro-benchmark of $1/bench, then, where their folder is, the side-by-side ones
# against Debian's peers. Both print medians. About ten minutes; nothing else should run meanwhile.
#
# RUN     which of: micro eval saturate real latency start big faults (default: all but the last two)
# ONLY    programs, as the scripts name them (default: every one that is there)
# REPS    repetitions of each measurement (default 3)
# SHARED  the folder of the side-by-side benchmarks (default ../shared/bench)
# ROUSE   the program (default $1/rouse)
set -u
B=${1:-build/release}
RUN=${RUN:-micro eval saturate real latency start}
REPS=${REPS:-3}
SHARED=${SHARED:-../shared/bench}
ROUSE=$(readlink -f "${ROUSE:-$B/rouse}")
export ROUSE
failed=0

wanted() {
	case " $RUN " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

# Title, script, arguments. Its tables go to stdout as they are.
side() {
	printf '\n== %s\n' "$1"
	script=$2
	shift 2
	# rouse takes no alerts by POST yet: it is measured as an evaluator and as a whole, not as a router.
	python3 -B - "$SHARED" "$script" --quiet ${ONLY:+--only "$ONLY"} "$@" <<-'END' ||
		import importlib, sys
		sys.path.insert(0, sys.argv[1])
		sys.argv = sys.argv[2:]
		bench = importlib.import_module(sys.argv[0].removesuffix(".py"))
		getattr(bench, "ROUTERS", {}).pop("rouse", None)
		bench.main()
	END
		{ echo "$script failed"; failed=1; }
}

# A program that asks a Prometheus needs one: the fake of the side-by-side benchmarks.
with_prometheus() {
	if [ ! -d "$SHARED" ]; then
		echo "skipped: there is no $SHARED with a Prometheus to ask"
		return
	fi
	python3 -B -c 'import subprocess, sys
sys.path.insert(0, sys.argv[1])
from common import FakeProm
fake = FakeProm(series=(1,))
status = subprocess.run([sys.argv[2], fake.url]).returncode
fake.kill()
sys.exit(status)' "$SHARED" "$1"
}

if wanted micro; then
	for b in "$B"/bench/*; do
		name=${b##*/}
		case $name in *.d | *.o) continue ;; esac
		[ -x "$b" ] && [ -f "$b" ] || continue
		printf '\n== %s\n' "$name"
		case $name in
		http_out) with_prometheus "$b" ;;
		*) "$b" ;;
		esac || { echo "$name failed"; failed=1; }
	done
	if [ -x "$ROUSE" ]; then
		printf '\n== latency\n'
		tests/bench/latency.py || { echo "latency failed"; failed=1; }
		printf '\n== on call\n'
		tests/bench/oncall.py || { echo "oncall failed"; failed=1; }
	fi
fi

if [ ! -d "$SHARED" ]; then
	printf '\nskipped: the side-by-side benchmarks, there is no %s\n' "$SHARED"
	exit $failed
fi
if [ ! -x "$ROUSE" ]; then
	echo "there is no $ROUSE" >&2
	exit 1
fi
wanted eval && side "evaluation: 1,000 rules of 1 series every 5 s, 100 rules of 100 series every 15 s" \
	b1_eval.py --reps "$REPS" --case 1000,1,5,50 --case 100,100,15,50
wanted saturate && side "10,000 rules of 1 series each, every second" b1_eval.py --reps 1 --saturate
wanted real && side "real rules: what rouse costs itself and the Prometheus that it asks" b1_real.py --reps 1
wanted latency && side "from a flipped sample to the receiver" b3_latency.py --reps "$REPS" --holds 0
wanted start && side "start, idle, restart with 10,000 alerts" b5_startup.py --reps "$REPS" --idle-s 20
wanted big && side "one rule that returns 10,000 and 100,000 series" b2_bigresult.py --reps "$REPS"
wanted faults && side "kills and outages" b8_faults.py
exit $failed
