# CloudStream. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# Debug: a newcomer's first build takes four minutes instead of eight, and transcoding, the one heavy job, runs in
# C libraries that are optimised either way. Deployments and the bench build with `-c release`.
CONFIGURATION ?= debug
RUN_FLAGS ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Install what is missing, build, and serve `seed` at http://127.0.0.1:8080
	@scripts/install-packages build
	@swift build -c $(CONFIGURATION) --product app
	@exec "$$(swift build -c $(CONFIGURATION) --show-bin-path)/app" --profile seed $(RUN_FLAGS)

.PHONY: series-a
series-a: ## Install what is missing, build, and run `series-a` over real servers at http://127.0.0.1:8080
	@scripts/install-packages build
	@scripts/install-packages cluster
	@swift build -c $(CONFIGURATION) --product app
	@swift build -c $(CONFIGURATION) --product bench
	@exec "$$(swift build -c $(CONFIGURATION) --show-bin-path)/bench" stage up series-a $(RUN_FLAGS)

.PHONY: cluster
cluster: ## Start the servers of `series-a` alone, and leave them running (docs/cluster.md)
	@scripts/install-packages build
	@scripts/install-packages cluster
	@swift build -c $(CONFIGURATION) --product bench
	@"$$(swift build -c $(CONFIGURATION) --show-bin-path)/bench" cluster up series-a

.PHONY: cluster-down
cluster-down: ## Stop them, and remove what they kept
	@"$$(swift build -c $(CONFIGURATION) --show-bin-path)/bench" cluster down series-a

.PHONY: test
test: ## Install what is missing, build, and run every test with real programs
	@scripts/test

.PHONY: check
check: ## What needs no build: format, scripts, JSON, links, deploy
	@scripts/check

.PHONY: bench-seed
bench-seed: ## Measure `seed` against references in the same run; writes bench/results/
	@scripts/install-packages bench
	@scripts/bench-seed

.PHONY: bench-series-a
bench-series-a: ## Measure `series-a` over real servers against programs that do the same; writes bench/results/
	@scripts/install-packages bench
	@scripts/bench-series-a

.PHONY: bench
bench: bench-seed bench-series-a ## All benches

.PHONY: format
format: ## Format the sources in place
	@swift format --in-place --recursive --parallel Package.swift Sources Tests bench

.PHONY: clean
clean: ## Remove what was built; data stays
	@rm -rf .build bench/results
