#!/usr/bin/env bash
# Builds one static, stripped binary: packaging/build.sh OUTPUT [GOOS/GOARCH]
set -euo pipefail
cd "$(dirname "$0")/.."
output=${1:?output file}
target=${2:-}
if [ -n "$target" ]; then
	export GOOS=${target%/*} GOARCH=${target#*/}
fi
version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo devel)}
version=${version#v}
mkdir -p "$(dirname "$output")"
CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -trimpath" ${GO:-go} build \
	-ldflags "-s -w -X main.version=$version" \
	-o "$output" ./cmd/azptu
