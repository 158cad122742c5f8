# Troth: one obvious command each. A fresh machine needs Python 3.11 or newer, git and make; these rules install the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .build
ARGS ?=
.DEFAULT_GOAL := help

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMPS)/venv:
	@mkdir -p $(STAMPS)
	$(PYTHON) -c 'import sys; sys.exit("Troth needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

$(STAMPS)/run: $(STAMPS)/venv requirements/run.txt pyproject.toml
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

$(STAMPS)/dev: $(STAMPS)/run requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

$(STAMPS)/wire: $(STAMPS)/venv requirements/wire.txt $(wildcard tests/wire/package-lock.json)
	$(PYTHON) -m venv .venv-wire
	$(BIN)/uv pip install --quiet --python .venv-wire/bin/python --require-hashes -r requirements/wire.txt
	@sh scripts/install-system-tools
	cd tests/wire && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

install: $(STAMPS)/run ## install Troth into .venv (then: .venv/bin/troth)

demo: install ## a believable workspace with traffic on http://127.0.0.1:8000; ARGS=--once: the main job once, end to end
	@$(BIN)/troth demo $(ARGS)

test: $(STAMPS)/dev $(STAMPS)/wire ## format, lint, types, import contracts and all tests
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest $(ARGS)

lint: $(STAMPS)/dev ## format and fix what can be fixed
	$(BIN)/ruff format src tests bench
	$(BIN)/ruff check --fix src tests bench

bench: $(STAMPS)/dev ## measure, print a table, write bench-results/latest.json
	@command -v wrk >/dev/null || sh scripts/install-system-tools wrk
	$(BIN)/python -m bench

lock: $(STAMPS)/venv ## renew the locked requirements
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 pyproject.toml --group dev -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11 --group wire -o requirements/wire.txt

clean: ## remove what these rules made (not data directories)
	rm -rf $(VENV) .venv-wire $(STAMPS) tests/wire/node_modules bench-results

.PHONY: help install demo test lint bench lock clean
