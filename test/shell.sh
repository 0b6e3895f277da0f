#!/usr/bin/env bash
# Checks the shell scripts: their syntax always, shellcheck where it is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts=()
while IFS= read -r file; do
	if head -n1 "$file" | grep -qE '^#!.*\b(ba)?sh$'; then scripts+=("$file"); fi
done < <(git ls-files -co --exclude-standard | grep -E '(\.sh$|^\.ci/)')
for file in "${scripts[@]}"; do
	if head -n1 "$file" | grep -q bash; then bash -n "$file"; else sh -n "$file"; fi
done
if command -v shellcheck >/dev/null 2>&1; then
	shellcheck "${scripts[@]}"
else
	echo "lint: left out: shellcheck (not installed)"
fi
