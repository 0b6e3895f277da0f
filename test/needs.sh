#!/usr/bin/env bash
# Brings up what the tests need beyond Go: test/needs.sh [cc] [azcli] [npm] [duckdb]
# What cannot be had is named with its reason; the tests that need it are then
# left out, which is no failure. Nothing here asks questions or hangs.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
exec </dev/null
export DEBIAN_FRONTEND=noninteractive

missing() { echo "needs: left out: $*"; }
have() { command -v "$1" >/dev/null 2>&1; }

# debian NAME PACKAGE…: installs packages by apt, as root or with sudo that asks nothing.
debian() {
	local name=$1 sudo=()
	shift
	if ! have apt-get; then
		missing "$name cannot be had: no apt-get on this machine"
		return 1
	fi
	if [ "$(id -u)" != 0 ]; then
		if ! have sudo || ! sudo -n true 2>/dev/null; then
			missing "$name cannot be had: installing packages needs root"
			return 1
		fi
		sudo=(sudo -n)
	fi
	if [ -z "${updated:-}" ]; then
		updated=yes
		"${sudo[@]}" timeout 180 apt-get update -qq >/dev/null 2>&1 || echo "needs: apt-get update failed; trying with the lists at hand"
	fi
	if ! "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1; then
		missing "$name cannot be had: apt-get install $* failed"
		return 1
	fi
	echo "needs: installed $*"
}

need_cc() { have cc || have gcc || debian "a C compiler (for the race detector)" gcc libc6-dev; }

need_azcli() { have az || debian azure-cli azure-cli; }

# packages DIR WHAT: installs the npm packages of a folder as its lock file says.
packages() {
	local dir=$1 what=$2
	local ready=$dir/node_modules/.ready
	[ -e "$ready" ] && [ "$ready" -nt "$dir/package-lock.json" ] && return
	have npm || debian "npm" nodejs npm || return
	local log
	if log=$(timeout 600 npm ci --prefix "$dir" --no-audit --no-fund --no-progress 2>&1); then
		touch "$ready"
		echo "needs: installed the npm packages of $dir"
	else
		missing "$what cannot be had: $(grep -m1 -i 'error' <<<"$log" || echo "npm ci failed")"
	fi
}

need_npm() {
	packages test/clients "npm packages"
	packages test/oracle "npm packages"
}

# DuckDB is the yardstick of make bench-kql; no test needs it.
need_duckdb() { packages test/duckdb DuckDB; }

updated=
for need in "$@"; do
	case $need in
	cc | azcli | npm | duckdb) "need_$need" || true ;;
	*)
		echo "needs: unknown: $need" >&2
		exit 2
		;;
	esac
done
