# awk -f length.awk FILES: functions of at most 70 lines, files of at most 1200. The mean is printed.
FNR == 1 { inside = 0 }
/^[a-zA-Z_].*\)$/ || /^[a-zA-Z_ \t].*\)$/ { head = $0 }
/^\{$/ { start = FNR; inside = 1 }
/^\}$/ && inside {
	lines = FNR - start - 1
	total += lines
	functions++
	if (lines > 70) {
		printf "%s:%d: function of %d lines: %s\n", FILENAME, start, lines, head
		bad = 1
	}
	inside = 0
}
FNR == 1201 { printf "%s: more than 1200 lines\n", FILENAME; bad = 1 }
END {
	mean = functions ? total / functions : 0
	printf "%d functions, %.1f lines on average\n", functions, mean
	if (mean >= 25)
		bad = 1
	exit bad
}
