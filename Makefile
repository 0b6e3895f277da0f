# Everything one does to azptu. `make help` lists it.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
export VERSION

# Binaries, vet and lint share one build cache: no cgo, trimmed paths.
static = CGO_ENABLED=0 GOFLAGS="$${GOFLAGS:-} -trimpath"
packages = $$($(GO) list ./...)
sources = $$(git ls-files -co --exclude-standard '*.go')

.PHONY: bench-emulator bench-gateway bench-kql kql-conformance build test soak lint fmt fmt-check cross release bench fuzz-short man size clients clean help

build: ## the static binary bin/azptu
	packaging/build.sh bin/azptu

test: ## every test; brings up what it needs and says what it left out
	test/run.sh

soak: ## the long counts: every test with AZPTU_SOAK=1, then each fuzz target for half a minute
	AZPTU_SOAK=1 test/run.sh -timeout 120m
	test/fuzz.sh 30s

lint: bin/tools/staticcheck ## vet, staticcheck, shellcheck where it is installed
	$(static) $(GO) vet ./...
	$(static) bin/tools/staticcheck -checks 'all,-ST1000,-ST1003,-ST1005,-ST1016,-ST1020,-ST1021,-ST1022,-ST1023' ./...
	test/shell.sh

fmt: ## format every Go file
	gofmt -s -w $(sources)

fmt-check: ## name the Go files that are not formatted
	@unformatted=$$(gofmt -s -l $(sources)); if [ -n "$$unformatted" ]; then printf 'not formatted (make fmt):\n%s\n' "$$unformatted"; exit 1; fi

cross: ## two of the six targets, to see that they build
	packaging/build.sh dist/cross/azptu-darwin-arm64 darwin/arm64
	packaging/build.sh dist/cross/azptu-windows-amd64.exe windows/amd64

release: ## archives and checksums of all six targets in dist/
	$(GO) run ./packaging/release -version "$(VERSION)" -out dist

bench: ## every benchmark
	$(GO) test -run '^$$' -bench . -benchmem -timeout 60m $(packages)

bench-gateway: ## the gateway against a plain reverse proxy, in interleaved rounds
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 60m ./internal/gateway/bench

bench-emulator: ## the emulator: chat throughput beside an empty server, memory of 5,000 streams
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 20m ./internal/emulator/bench

bench-kql: ## the token-usage query over ten million generated rows, and DuckDB over the same
	test/needs.sh duckdb
	AZPTU_BENCH_ROWS=10000000 $(GO) test -run '^$$' -bench . -benchtime 5x -timeout 60m ./internal/calllog
	$(GO) test -run '^$$' -bench Token -timeout 60m ./internal/kql

kql-conformance: ## the engine against recorded answers of Kusto, by tag
	$(GO) test -run Conformance -v ./internal/kql

fuzz-short: ## each fuzz target for five seconds
	test/fuzz.sh 5s

man: build ## manual pages in dist/man
	rm -rf dist/man && mkdir -p dist/man
	bin/azptu help man --dir dist/man

size: build ## the binary's size against its budget
	test/size.sh bin/azptu

clients: ## the npm packages of test/clients
	test/needs.sh npm

clean: ## what the other targets left
	rm -rf bin dist test/*/node_modules

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

bin/tools/staticcheck: tools/go.mod tools/go.sum
	cd tools && $(GO) build -o ../bin/tools/ honnef.co/go/tools/cmd/staticcheck
