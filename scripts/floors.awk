# awk -f floors.awk FILES: an include may point to a lower floor or stay in its folder, nowhere else.
BEGIN {
	n = split("base promql template rules store oncall notify evaluator web host tests", order, " ")
	for (i = 1; i <= n; i++)
		height[order[i]] = i
}
/^#include "/ {
	split($2, quoted, "\"")
	target = quoted[2]
	sub("/.*", "", target)
	here = FILENAME
	sub("/.*", "", here)
	if (target !~ /^[a-z]+$/ || quoted[2] !~ "/")
		next # generated
	if (!(target in height)) {
		printf "%s:%d: %s is in no folder of ours\n", FILENAME, FNR, quoted[2]
		bad = 1
	} else if (target != here && height[target] >= height[here]) {
		printf "%s:%d: %s stands on a lower floor than %s\n", FILENAME, FNR, here, target
		bad = 1
	}
}
END { exit bad }
