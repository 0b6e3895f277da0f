#!/usr/bin/env bash
# Runs every test once, with the race detector where a C compiler is at hand:
# test/run.sh [go test flags]. What the suites with foreign clients need is
# fetched while the others run; skips are judged by test/allowed-skips.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null
go=${GO:-go}
flags=(-timeout 20m "$@")

test/needs.sh cc
race=()
if [ "$($go env CGO_ENABLED)" = 1 ] && { command -v cc || command -v gcc; } >/dev/null 2>&1; then
	race=(-race)
else
	echo "test: left out: the race detector (it needs cgo and a C compiler)"
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
{
	test/needs.sh npm azcli >"$scratch/needs" 2>&1
	touch "$scratch/needed"
} &
$go build -o "$scratch/judge" ./test/judge

mapfile -t all < <($go list ./...)
foreign=() own=()
for p in "${all[@]}"; do
	case $p in
	*/test/azcli | */test/clients | */test/oracle) foreign+=("$p") ;;
	*) own+=("$p") ;;
	esac
done

# go vet is a stage of its own in lint; here it would only run again.
suite() { $go test -vet=off "${race[@]}" -json "${flags[@]}" "$@"; }

outcome=0
{
	failed=0
	suite "${own[@]}" || failed=1
	while [ ! -e "$scratch/needed" ]; do sleep 0.2; done
	cat "$scratch/needs"
	suite "${foreign[@]}" || failed=1
	exit $failed
} | "$scratch/judge" -skips test/allowed-skips.txt || outcome=1
exit $outcome
