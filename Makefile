# spanhouse's tasks. `make help` lists them.
#
# `run`, `test` and `check` all use cargo's dev profile and the same features, so that the
# dependencies are built once: optimised a little (opt-level 1), which builds in a third of the
# time of a release. `make release` builds the binary to deploy.

CARGO ?= cargo
PYTHON ?= python3
SETUP := target/setup
CLIENTS := tests/clients

GATES := format-check spelling dependencies clippy docs

# What `make test` and `make check` build.
WHOLE := --workspace --features fail-points --locked

# The fixtures of the wire formats, when they lie beside the checkout. For tests alone: the server
# refuses variables SPANHOUSE_* that it does not know.
SPANHOUSE_FIXTURES ?= $(abspath $(wildcard ../shared/fixtures))
ifneq ($(strip $(SPANHOUSE_FIXTURES)),)
test crash: export SPANHOUSE_FIXTURES := $(SPANHOUSE_FIXTURES)
endif

.PHONY: help
help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.DEFAULT_GOAL := help

## Running

.PHONY: run
run: ## Build and start `spanhouse serve` (ARGS='--http 127.0.0.1:0' adds flags)
	$(CARGO) run --locked -- serve $(ARGS)

.PHONY: demo
demo: ## Send a small shop's live traffic to the server that `make run` started
	$(CARGO) run --locked -- demo $(ARGS)

.PHONY: release
release: ## Build the optimised binary, target/release/spanhouse
	$(CARGO) build --release --locked

## Proving

.PHONY: test
test: clients ## Set up the stock clients and run every test
	$(CARGO) test $(WHOLE)

.PHONY: check
check: $(GATES) ## All gates but the tests

# The gates, quick ones first; .ci/run times each.
.PHONY: list-gates
list-gates:
	@echo $(GATES)

.PHONY: crash
crash: ## Kill the server 1,000 times and look for lost or doubled spans (KILLS=n)
	SPANHOUSE_CRASH_KILLS=$(or $(KILLS),1000) $(CARGO) test $(WHOLE) --test it -- crash --nocapture

.PHONY: bench
bench: ## Run the benches (BENCH=name runs one)
	$(CARGO) bench --locked $(if $(BENCH),--bench $(BENCH))

# cargo-fuzz needs the nightly toolchain; it is built once, as no registry has it prebuilt.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
.PHONY: fuzz
fuzz: $(SETUP)/fuzz/bin/cargo-fuzz ## Fuzz each decoder for ten minutes (FUZZ_SECONDS=n, FUZZ_TARGETS='a b')
	set -e; for target in $(FUZZ_TARGETS); do \
		PATH="$(abspath $(SETUP))/fuzz/bin:$$PATH" $(CARGO) +nightly fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS); \
	done

$(SETUP)/fuzz/bin/cargo-fuzz:
	$(CARGO) install cargo-fuzz --locked --root $(SETUP)/fuzz

## Gates, one by one

.PHONY: format
format: ## Format all Rust code
	$(CARGO) fmt --all

.PHONY: format-check
format-check:
	$(CARGO) fmt --all -- --check

.PHONY: spelling
spelling: $(SETUP)/gates.stamp
	$(SETUP)/gates/bin/typos

# Licences, sources and unwanted crates; then dependencies that nothing uses.
.PHONY: dependencies
dependencies: $(SETUP)/gates.stamp
	$(CARGO) fetch --locked
	$(SETUP)/gates/bin/cargo-deny --offline --locked check bans licenses sources
	$(SETUP)/gates/bin/cargo-shear

.PHONY: clippy
clippy:
	$(CARGO) clippy $(WHOLE) --all-targets -- -D warnings

.PHONY: docs
docs:
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc $(WHOLE) --no-deps --document-private-items

## Set-up: everything lands under target/, but for npm's node_modules

.PHONY: clients
clients: $(SETUP)/python.stamp $(SETUP)/node.stamp ## Install the stock OpenTelemetry exporters that the tests use

# A virtual environment; Debian keeps the module for it in a package of its own.
define virtual_environment
mkdir -p $(SETUP)
$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	|| { apt-get update && apt-get install -y python3-venv; } \
	|| { echo 'install the Python module venv (Debian: python3-venv)' >&2; exit 1; }
$(PYTHON) -m venv --clear $(1)
endef

$(SETUP)/python.stamp: $(wildcard $(CLIENTS)/python/requirements.txt)
	$(call virtual_environment,$(SETUP)/python)
	$(if $<,$(SETUP)/python/bin/pip install --quiet --disable-pip-version-check -r $<)
	touch $@

$(SETUP)/node.stamp: $(wildcard $(CLIENTS)/node/package-lock.json)
	mkdir -p $(SETUP)
	$(if $<,cd $(CLIENTS)/node && npm ci --no-audit --no-fund --loglevel=error)
	touch $@

$(SETUP)/gates.stamp: .ci/gate-tools.txt
	$(call virtual_environment,$(SETUP)/gates)
	$(SETUP)/gates/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

.PHONY: clean
clean: ## Remove everything that was built or installed
	rm -rf target $(CLIENTS)/node/node_modules fuzz/target
