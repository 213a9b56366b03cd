# awk -f cycles.awk FILES: no header includes itself by way of others.
/^#include "/ {
	split($2, quoted, "\"")
	if (FILENAME ~ /\.h$/)
		edges[FILENAME] = edges[FILENAME] " " quoted[2]
}
function visit(f,    v, n, i) {
	if (state[f] == 1) {
		printf "%s: includes itself\n", f
		bad = 1
		return
	}
	if (state[f] == 2)
		return
	state[f] = 1
	n = split(edges[f], v, " ")
	for (i = 1; i <= n; i++)
		visit(v[i])
	state[f] = 2
}
END {
	for (f in edges)
		visit(f)
	exit bad
}
