# Switchboard's command surface. `make demo` shows the main job, `make test` passes the tests; both set up what they need.
SHELL := /bin/bash
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/switchboard
UV_VERSION := 0.13.8
UV := $(CACHE)/uv-$(UV_VERSION)/bin/uv
RUN := $(UV) run --frozen
export UV_PYTHON_DOWNLOADS := never
PY := operator/switchboard_operator bot-runtime/switchboard_runtime emulator/twilio_emulator twilio-transport/switchboard_twilio dev bench

.DEFAULT_GOAL := help
.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | sort | awk -F'\t' '{printf "  %-16s %s\n", $$1, $$2}'

# uv comes from a wheel with a pinned hash into the cache; everything else comes from uv.lock.
$(UV): | dev/bootstrap/uv.txt
	@echo "== installing uv $(UV_VERSION) into the cache"
	@python3 -c 'import venv, ensurepip' 2>/dev/null || { apt-get update -qq && apt-get install -y -qq python3-venv; }
	@rm -rf $(CACHE)/uv-$(UV_VERSION) && python3 -m venv $(CACHE)/uv-$(UV_VERSION)
	@$(CACHE)/uv-$(UV_VERSION)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r dev/bootstrap/uv.txt
	@touch $(UV)

.PHONY: setup
setup: $(UV) ## install the pinned Python packages into .venv
	@$(UV) sync --frozen --quiet

include dev/cluster.mk

.PHONY: demo
demo: setup ## the main job: YAML in, a signed WhatsApp message answered by the tenant's own pod
	@$(RUN) python -m dev.demo $(ARGS)

.PHONY: test
test: lint typecheck imports generated test-unit test-contract test-chart test-api test-e2e ## everything CI runs

.PHONY: lint typecheck imports generated
lint: setup ## ruff: style and format
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .

typecheck: setup ## mypy, strict
	@$(RUN) mypy $(PY) tests

imports: setup ## import-linter: one direction of imports
	@$(RUN) lint-imports --no-cache

generated: setup ## what is generated equals its source
	@$(RUN) python -m switchboard_operator.api.crdgen --out crds --check
	@$(RUN) python -m switchboard_operator.api.docgen --out docs/kinds --samples examples/samples --check
	@$(RUN) python -m switchboard_operator.reasondocs --out docs --check
	@$(RUN) python -m switchboard_runtime.store.migrations.generate --check

.PHONY: generate
generate: setup ## write the CRDs, reference pages and the schema of new SQLite files anew
	@$(RUN) python -m switchboard_operator.api.crdgen --out crds
	@$(RUN) python -m switchboard_operator.api.docgen --out docs/kinds --samples examples/samples
	@$(RUN) python -m switchboard_operator.reasondocs --out docs
	@$(RUN) python -m switchboard_runtime.store.migrations.generate
	@cp crds/*.yaml charts/switchboard/crds/

# Debian's own: a browser for the emulator's page, and a server for the runtime's store.
.PHONY: test-programs
test-programs:
	@command -v chromium >/dev/null && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
		echo "== installing chromium and postgresql"; apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core postgresql >/dev/null; }

.PHONY: test-unit test-contract test-chart test-api test-e2e
test-unit: setup ## pure functions and state machines; under a minute
	@$(RUN) pytest tests/unit -q

test-contract: setup test-programs ## the parts against one another and against Twilio's OpenAPI documents; the emulator's page in a browser
	@$(RUN) pytest tests/contract -q

test-chart: setup ## the Helm chart, rendered
	@$(RUN) pytest tests/chart -q

test-api: setup ## a real kube-apiserver, the operator in-process, the emulator
	@$(RUN) pytest tests/api -q

test-e2e: setup ## the demo's path on a real node
	@$(RUN) pytest tests/e2e -q --timeout 900

.PHONY: bench-emulator
bench-emulator: setup ## the emulator's speed beside a plain aiohttp handler
	@$(RUN) python -m bench.emulator $(ARGS)

.PHONY: bench-runtime
bench-runtime: setup ## the runtime beside plain aiohttp that stores nothing; its latency, memory and start
	@$(RUN) python -m bench.runtime $(ARGS)

.PHONY: chaos-runtime
chaos-runtime: setup test-programs ## the runtime under kill -9, a full disk, a database that crashes and Twilio at its worst
	@$(RUN) python -m dev.chaos $(ARGS)

.PHONY: format
format: setup ## ruff: format and mend
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

.PHONY: clean
clean: ## remove what the tools left in the checkout
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
