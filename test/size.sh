#!/usr/bin/env bash
# Holds a binary to its size budget: test/size.sh BINARY
# test/size-budget.txt holds the budget in bytes for linux/amd64. Raise it on
# purpose, in the commit that needs it, and say why there.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:?binary}
budget=$(grep -v '^#' test/size-budget.txt)
size=$(wc -c <"$binary" | tr -d ' ')
awk -v s="$size" -v b="$budget" 'BEGIN { printf "size: %.2f MB of %.2f MB (%.0f %%)\n", s/1e6, b/1e6, 100*s/b }'
if [ "$size" -gt "$budget" ]; then
	echo "size: $binary has outgrown its budget by $((size - budget)) bytes" >&2
	exit 1
fi
