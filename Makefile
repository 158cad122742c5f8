# Troth: one obvious command each. A fresh machine needs Python 3.11 or newer, git and make; these rules install the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# When a step is done its stamp is newer than what it came from, so nothing is installed twice.
STAMPS := .build
CODE := src tests bench scripts
ARGS ?=
# Whatever the environment says: compiled modules are kept, or every process would compile a thousand of them anew when it starts.
unexport PYTHONDONTWRITEBYTECODE
# The tests of packages that run inside the test process and hold on either database.
ON_BOTH_DATABASES := tests/workspaces tests/people tests/consent tests/intake tests/segments tests/campaigns tests/messages tests/webhooks tests/content/test_email_template.py tests/content/test_library.py tests/api tests/pages tests/console tests/privacy/test_compaction.py
.DEFAULT_GOAL := help

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(STAMPS)/venv: scripts/make-venv
	@mkdir -p $(STAMPS)
	@sh scripts/make-venv $(PYTHON) $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv<1'
	@touch $@

$(STAMPS)/run: $(STAMPS)/venv requirements/run.txt pyproject.toml
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/run.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --editable .
	@touch $@

$(STAMPS)/dev: $(STAMPS)/run requirements/dev.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

$(STAMPS)/wire: $(STAMPS)/venv requirements/wire.txt
	@sh scripts/make-venv $(PYTHON) .venv-wire
	$(BIN)/uv pip install --quiet --compile-bytecode --python .venv-wire/bin/python --require-hashes -r requirements/wire.txt
	@touch $@

# Without npm there is no stamp: the step is tried again when npm may be there. Not `npm ci`, which in some versions refuses a lock when a
# registry leaves out optional packages of other systems; `npm install` takes the locked versions and checks their hashes as well.
$(STAMPS)/node: $(STAMPS)/venv tests/wire/package-lock.json tests/browser/package-lock.json
	@sh scripts/install-system-tools node
	@if command -v npm >/dev/null; then for folder in tests/wire tests/browser; do \
	  (cd $$folder && npm install --no-save --ignore-scripts --no-audit --no-fund --silent) || exit 1; done && touch $@; fi

install: $(STAMPS)/run ## install Troth into .venv (then: .venv/bin/troth)

demo: install ## a believable workspace with traffic on http://127.0.0.1:8000; ARGS=--once: the main job once, end to end
	@$(BIN)/troth demo $(ARGS)

test: $(STAMPS)/dev $(STAMPS)/wire $(STAMPS)/node ## format, lint, types, import contracts, all tests; ARGS go to pytest
	@sh scripts/install-system-tools chromium
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest $(ARGS)
	TROTH_TEST_DATABASE=postgresql $(BIN)/pytest $(ON_BOTH_DATABASES)

test-postgresql: $(STAMPS)/dev ## only the second half of `make test`: tests that hold on either database, on a real PostgreSQL
	TROTH_TEST_DATABASE=postgresql $(BIN)/pytest $(ON_BOTH_DATABASES) $(ARGS)

lint: $(STAMPS)/dev ## check style and import contracts
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/lint-imports

format: $(STAMPS)/dev ## format, and mend what can be mended
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

types: $(STAMPS)/dev ## check types
	$(BIN)/mypy

bench: $(STAMPS)/dev ## measure, print a table, write bench-results/latest.json; ARGS=console: only that part
	@sh scripts/install-system-tools wrk
	$(BIN)/python -m bench $(ARGS)

screenshots: $(STAMPS)/dev ## every page of the console in both themes at three widths, into screenshots/; ARGS=--readme: the picture of the README
	@sh scripts/install-system-tools chromium
	$(BIN)/python scripts/screenshots.py $(ARGS)

# For every system and Python version at once, hence --universal; what is locked stays unless it must change.
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11

lock: $(STAMPS)/venv ## renew the locked requirements (ARGS=--upgrade: to the newest)
	$(LOCK) $(ARGS) pyproject.toml -o requirements/run.txt
	$(LOCK) $(ARGS) pyproject.toml --group dev -o requirements/dev.txt
	$(LOCK) $(ARGS) --group wire -o requirements/wire.txt

clean: ## remove what these rules made (not data directories)
	rm -rf $(VENV) .venv-wire $(STAMPS) tests/wire/node_modules tests/browser/node_modules bench-results screenshots

.PHONY: help install demo test test-postgresql lint format types bench screenshots lock clean
