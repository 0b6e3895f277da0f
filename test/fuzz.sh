#!/usr/bin/env bash
# Runs each fuzz target for a while: test/fuzz.sh [DURATION]
set -euo pipefail
cd "$(dirname "$0")/.."
duration=${1:-5s}
go=${GO:-go}
git grep -lE '^func Fuzz[A-Za-z0-9_]*\(' -- '*_test.go' | while read -r file; do
	dir=./$(dirname "$file")
	grep -oE '^func Fuzz[A-Za-z0-9_]*' "$file" | sed 's/^func //' | while read -r target; do
		echo "fuzz: $dir $target"
		$go test -run '^$' -fuzz "^$target\$" -fuzztime "$duration" -timeout 30m "$dir"
	done
done
