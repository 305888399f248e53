# The verbs of this repository; `make` lists them. Works with GNU make 3.81 and any POSIX shell.

UV_VERSION := 0.13.9
BIN := .venv/bin
PYTHON := $(BIN)/python
INSTALLED := .venv/.installed
INSTALLED_TO_MEASURE := .venv/.installed-perf
INSTALLED_TO_MUTATE := .venv/.installed-mutation
INSTALLED_TO_FUZZ := .venv/.installed-fuzz
STEPS ?= 2000
SECONDS ?= 60

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(INSTALLED) ## install what is missing, into .venv

# Names on the path may be broken shims, so a program counts only when it runs. Where uv itself finds no Python that
# will do, the newest one that pyenv keeps is taken; where there is none either, uv downloads one. The second try is for
# networks whose certificates only the system knows; `--inexact` keeps what somebody has added by hand. Bytecode is made
# here, once, where a start would make it anew each time when the environment forbids Python to write any.
$(INSTALLED_TO_MEASURE): GROUPS := --group perf
$(INSTALLED_TO_MUTATE): GROUPS := --group mutation
$(INSTALLED_TO_FUZZ): GROUPS := --group fuzz
$(INSTALLED) $(INSTALLED_TO_MEASURE) $(INSTALLED_TO_MUTATE) $(INSTALLED_TO_FUZZ): uv.lock pyproject.toml .python-version
	@set -eu; \
	uv=uv; \
	if ! uv --version >/dev/null 2>&1; then \
	  uv=.tools/bin/uv; \
	  if [ "$$($$uv --version 2>/dev/null | cut -d ' ' -f 2)" != "$(UV_VERSION)" ]; then \
	    echo "installing uv $(UV_VERSION) into .tools"; \
	    rm -rf .tools; \
	    for python in python3 /usr/bin/python3 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.*/bin/python3; do \
	      if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1 && \
	        "$$python" -m venv .tools >/dev/null 2>&1; then break; fi; \
	      rm -rf .tools; \
	    done; \
	    if [ ! -x .tools/bin/pip ]; then echo "no Python 3 with venv and pip found, and no uv" >&2; exit 1; fi; \
	    .tools/bin/pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"; \
	  fi; \
	fi; \
	if [ -z "$${UV_PYTHON:-}" ] && ! $$uv python find >/dev/null 2>&1; then \
	  newest=0; \
	  for python in $$($$uv python find '>=3.12,<3.15' 2>/dev/null || true) \
	    "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.1[234]*/bin/python3; do \
	    version=$$("$$python" -c 'import sys; print("%d%03d%03d" % sys.version_info[:3])' 2>/dev/null || echo 0); \
	    if [ "$$version" -gt "$$newest" ]; then newest=$$version; UV_PYTHON=$$python; export UV_PYTHON; fi; \
	  done; \
	fi; \
	sync="$$uv sync --frozen --inexact --compile-bytecode --all-extras $(GROUPS)"; \
	$$sync || $$sync --system-certs
	@$(PYTHON) -m compileall -q domain application adapters entrypoints migrations
	@touch $@

.PHONY: run
run: $(INSTALLED) ## install what is missing, then start everything here, with a demonstration
	$(BIN)/tocsin up --demo

.PHONY: test
test: $(INSTALLED) ## every test, on embedded engines (ARGS= for pytest)
	$(PYTHON) -m pytest -n auto --dist worksteal $(if $(CI),--durations=40) $(ARGS)

.PHONY: test-fast
test-fast: $(INSTALLED) ## tests that need no engine and no process, while one writes
	$(PYTHON) -m pytest -q -m "not postgres and not process" tests/unit tests/property tests/contract $(ARGS)

.PHONY: check
check: fmt-check lint types migrations openapi-check test ## exactly what CI runs

.PHONY: fmt
fmt: $(INSTALLED) ## format the code and mend what can be mended
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: fmt-check
fmt-check: $(INSTALLED) ## is the code formatted?
	$(BIN)/ruff format --check .

.PHONY: lint
lint: $(INSTALLED) ## style, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/lint-imports

.PHONY: types
types: $(INSTALLED) ## do the types agree?
	$(BIN)/mypy

.PHONY: migrations
migrations: $(INSTALLED) ## do the migrations lead to the tables, and back, without long locks?
	$(PYTHON) -m tests.support.check_migrations

.PHONY: migration
migration: $(INSTALLED) ## write the next migration: m="what for"
	$(PYTHON) -m tests.support.new_migration "$(m)"

.PHONY: openapi
openapi: $(INSTALLED) ## write docs/openapi.json
	$(PYTHON) -m entrypoints.openapi

.PHONY: openapi-check
openapi-check: $(INSTALLED) ## is docs/openapi.json what the code says?
	$(PYTHON) -m entrypoints.openapi --check

.PHONY: simulate
simulate: $(INSTALLED) ## the whole system in virtual time: SEED= STEPS=
	$(PYTHON) -m tests.simulation.run $(if $(SEED),--seed $(SEED)) --steps $(STEPS)

.PHONY: fuzz
fuzz: $(INSTALLED_TO_FUZZ) ## nearly real bodies at every translator and every door: SECONDS= (ARGS=)
	$(PYTHON) -m tests.fuzz.run --seconds $(SECONDS) $(ARGS)

.PHONY: conformance
conformance: $(INSTALLED) ## does a server answer as its description says? SECONDS= (ARGS=)
	$(PYTHON) -m tests.conformance.run --seconds $(SECONDS) $(ARGS)

.PHONY: faults
faults: $(INSTALLED) ## kill real processes and count what was lost (ARGS=)
	$(PYTHON) -m tests.faults.run $(ARGS)

.PHONY: bench
bench: $(INSTALLED_TO_MEASURE) ## measure, and write one JSON and one table (ARGS=)
	$(PYTHON) -m tests.bench.run $(ARGS)

.PHONY: mutation
mutation: $(INSTALLED_TO_MUTATE) ## would a test notice if a rule were another? (ARGS= names, such as "domain.oncall.*")
	$(BIN)/mutmut run $(ARGS)
	$(PYTHON) -m tests.support.mutation_report

.PHONY: up
up: ## start everything in containers
	docker compose up --build --detach --wait

.PHONY: down
down: ## stop the containers; their data stay
	docker compose down
