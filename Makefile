# Two commands do everything: `make run` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
SOURCES := core connector rules webhooks ui app
COMPILE := $(BIN)/uv pip compile pyproject.toml --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --universal --python-version 3.11 --quiet

.PHONY: run test check types lint unit coverage faults weeks assets pictures lock clean

run: .venv/ready
	@if [ -f liaison.yaml ]; then $(BIN)/liaison serve; else $(BIN)/liaison demo; fi

test: check

check: .venv/ready lint types unit

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types:
	$(BIN)/mypy --no-error-summary

unit:
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile

coverage: .venv/ready  ## which lines no test reaches; takes half as long again as the tests themselves
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile --cov --cov-report=
	$(BIN)/coverage report --skip-covered --skip-empty --fail-under=85

faults: .venv/ready  ## the fault suite: about 15 minutes
	$(BIN)/python -m tests.faults --seconds 900 --seeds 3

.venv/ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Liaison needs Python 3.11 or later."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory venv-package
	$(PYTHON) -m venv .venv
	@# The lock is whole, so nothing is left to resolve: pip's resolver refuses it as soon as a package with extras has a newer release.
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	$(BIN)/pip check
	touch $@

# Debian ships Python without its venv part.
.PHONY: venv-package
venv-package:
	@echo "Python's venv module is missing: installing Debian's python3-venv."
	@SUDO=; [ "$$(id -u)" = 0 ] || SUDO=sudo; $$SUDO apt-get update -qq && $$SUDO apt-get install -y -qq python3-venv

weeks: .venv/ready  ## weeks of simulated tickets over changes of the clocks: about 15 minutes
	$(BIN)/python -m tests.simulation --seeds 5 --tickets 150

assets:  ## build the pages' scripts from ui/assets; needs Node, which running Liaison does not
	cd ui/assets && npm ci --silent && node build.mjs

pictures: .venv/ready  ## every page as a picture, into docs/pictures; needs Chromium, Node and npm
	$(BIN)/python -m tests.browser.pictures

lock:  ## renew both lock files; needs `pip install uv` in .venv
	$(COMPILE) --upgrade -o requirements.lock
	$(COMPILE) --upgrade --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .coverage .liaison
