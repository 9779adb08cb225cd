# spanhouse's tasks. `make help` lists them.
#
# `run`, `test` and `check` all use cargo's dev profile, and what the query engine is made of has the
# same features in all of them (tests/it/house/features.rs), so that it is built once: optimised a
# little (opt-level 1), which builds in a third of the time of a release. `make release` builds the
# binary to deploy.

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

# A folder with requirements.txt has a virtual environment of its name, one with package-lock.json
# has node_modules; python/requirements-x.txt are exporters that exclude those beside them.
VIRTUAL_ENVIRONMENTS := $(patsubst $(CLIENTS)/%/requirements.txt,%,$(wildcard $(CLIENTS)/*/requirements.txt)) \
	$(patsubst $(CLIENTS)/python/requirements-%.txt,python-%,$(wildcard $(CLIENTS)/python/requirements-*.txt))
NODE_MODULES := $(patsubst %/package-lock.json,%/node_modules/.package-lock.json,$(wildcard $(CLIENTS)/*/package-lock.json))

.PHONY: clients
clients: $(VIRTUAL_ENVIRONMENTS:%=$(SETUP)/%.stamp) $(NODE_MODULES) ## Install the stock clients that the tests use

# A virtual environment; Debian keeps the module for it in a package of its own.
define virtual_environment
mkdir -p $(SETUP)
$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	|| { apt-get update && apt-get install -y python3-venv; } \
	|| { echo 'install the Python module venv (Debian: python3-venv)' >&2; exit 1; }
$(PYTHON) -m venv --clear $(1)
endef

# A virtual environment with what a file requires, and its stamp.
define required
$(call virtual_environment,$(SETUP)/$(1))
$(SETUP)/$(1)/bin/pip install --quiet --disable-pip-version-check -r $<
touch $@
endef

$(SETUP)/%.stamp: $(CLIENTS)/%/requirements.txt
	$(call required,$*)

$(SETUP)/python-%.stamp: $(CLIENTS)/python/requirements-%.txt
	$(call required,python-$*)

$(SETUP)/gates.stamp: .ci/gate-tools.txt
	$(call required,gates)

$(CLIENTS)/%/node_modules/.package-lock.json: $(CLIENTS)/%/package-lock.json
	cd $(CLIENTS)/$* && npm ci --no-audit --no-fund --loglevel=error
	touch $@

## Set-up of the clients in Go and Java, which a machine may lack: then their tests say so. With
## SPANHOUSE_CLIENTS=all, as in .ci/run, to lack them is a failure.

clients: $(SETUP)/go.stamp $(SETUP)/java.stamp

# Whether a command tells this version or a newer one.
has = $(shell printf '%s\n' '$(1)' "$$($(2) 2>/dev/null)" | sort --version-sort --check=quiet && echo yes)
HAS_GO = $(call has,go1.26,GOTOOLCHAIN=local go env GOVERSION)
HAS_JAVA = $(and $(call has,javac 17,javac -version),$(shell command -v mvn 2>&1))

define not_tested
@echo 'Clients in $(1) are not tested: $(2).' >&2; test '$(SPANHOUSE_CLIENTS)' != all
endef

# Not optimised, which takes two thirds of the time: they run for milliseconds.
define go_clients
mkdir -p $(SETUP)
cd $(CLIENTS)/go && GOTOOLCHAIN=local CGO_ENABLED=0 go build -gcflags='all=-N -l' -ldflags='-s -w' -o $(abspath $(SETUP))/go/clients .
touch $@
endef

$(SETUP)/go.stamp: $(wildcard $(CLIENTS)/go/*)
	$(if $(HAS_GO),$(go_clients),$(call not_tested,Go,install Go 1.26 or newer (Debian: golang-go from backports)))

# Maven fetches only; the agent is kept off the class path by its scope.
define java_clients
rm -rf $(SETUP)/java
mkdir -p $(SETUP)/java
mvn --quiet --batch-mode --no-transfer-progress --file $< \
	dependency:copy-dependencies -DoutputDirectory=$(abspath $(SETUP))/java/lib
javac -encoding UTF-8 -Xlint:all,-try -cp '$(SETUP)/java/lib/compile/*' -d $(SETUP)/java/classes $(filter %.java,$^)
touch $@
endef

$(SETUP)/java.stamp: $(CLIENTS)/java/pom.xml $(wildcard $(CLIENTS)/java/src/*)
	$(if $(HAS_JAVA),$(java_clients),$(call not_tested,Java,install a JDK 17 or newer and Maven (Debian: default-jdk-headless and maven)))

## Set-up of Prometheus and its Alertmanager, of which Debian has packages. Installing them starts
## nothing: policy-rc.d says no, where there is none that says otherwise.

.PHONY: prometheus
clients: prometheus
prometheus: ## Install Prometheus and Alertmanager, where the machine has apt-get and we are root
	$(if $(call missing,prometheus prometheus-alertmanager),$(install_prometheus))

missing = $(strip $(foreach program,$(1),$(if $(shell command -v $(program) 2>&1),,$(program))))

define install_prometheus
@command -v apt-get >/dev/null && test "$$(id -u)" = 0 \
	|| { echo 'Prometheus and Alertmanager are not tested: install both (Debian: prometheus, prometheus-alertmanager).' >&2; \
		test '$(SPANHOUSE_CLIENTS)' != all; exit; }; \
	set -e; policy=/usr/sbin/policy-rc.d; \
	if ! test -e $$policy; then \
		printf '#!/bin/sh\nexit 101\n' >$$policy; chmod +x $$policy; trap "rm -f $$policy" EXIT; \
	fi; \
	apt-get update && apt-get install -y --no-install-recommends prometheus prometheus-alertmanager
endef

.PHONY: clean
clean: ## Remove everything that was built or installed
	rm -rf target $(CLIENTS)/*/node_modules fuzz/target
