# awk -f shape.awk FILES: at most 6 parameters a function, at most 4 statements nested in each other.
# Works on formatted code: a statement's depth is its tabs, a function's `{` stands alone. A callback
# and its argument count as one, argc and argv too; what a library prescribes does not count.

# The commas of the last parentheses of a function's head.
function parameters(head,    i, depth, n, c) {
	if (head ~ /^enum MHD_Result /)
		return 0
	gsub(/_fn \*fn, void \*arg/, "_fn *fn", head)
	gsub(/int argc, char \*\*argv/, "char **argv", head)
	n = 1
	for (i = length(head); i > 0; i--) {
		c = substr(head, i, 1)
		if (c == ")")
			depth++
		else if (c == "(" && --depth == 0)
			return n
		else if (c == "," && depth == 1)
			n++
	}
	return n
}
function name(head) {
	sub(/\(.*/, "", head)
	return head
}
FNR == 1 { head = "" }
/^\{$/ {
	if (parameters(head) > 6) {
		printf "%s:%d: function of %d parameters: %s\n", FILENAME, FNR, parameters(head), name(head)
		bad = 1
	}
	head = ""
}
/^[a-zA-Z_]/ && !/[;:]$/ { head = head $0; next }
/^[ \t]/ && head != "" { sub(/^[ \t]+/, " "); head = head $0; next }
/[;}]$/ || /^$/ || /^#/ { head = "" }
/^\t\t\t\t\t+(if|for|while|switch|do|[a-z_]+_(for)?each) ?[({]/ {
	printf "%s:%d: nested more than 4 deep\n", FILENAME, FNR
	bad = 1
}
END { exit bad }
