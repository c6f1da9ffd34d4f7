# Two commands on a fresh machine with python3 and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Build environments obey the pinned versions too.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt

.PHONY: help demo test slow test-all lint typecheck layers js js-checks pytest format messages samples clean

help:
	@echo "make demo      service circles of the synthetic sample county: map and tables in out/county"
	@echo "make test      everything that must hold: format, types, layers, tests, doctests, notebooks"
	@echo "make js        the page's scripts: types, lint, unit tests (needs node and npm; make test calls it)"
	@echo "make slow      the long proofs only"
	@echo "make test-all  both"
	@echo "make format    put the code into shape"
	@echo "make messages  bring the catalogue of sentences up to date"
	@echo "make samples   make the data files of the sample towns again"

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "geoplan needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 demo"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/user: $(VENV)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/dev: $(VENV)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $(VENV)/user $@

demo: $(VENV)/user
	$(BIN)/geoplan run sample_data/county --out out/county

test: lint typecheck layers js pytest

test-all: test slow

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

typecheck: $(VENV)/dev
	$(BIN)/mypy

layers: $(VENV)/dev
	$(BIN)/lint-imports

JS := tests/js/node_modules

# Node checks the page's scripts and is needed for nothing else; CI must have it.
js:
	@if command -v node >/dev/null && command -v npm >/dev/null; then $(MAKE) --no-print-directory js-checks; \
	elif [ -n "$$CI" ]; then echo "make js: CI needs node and npm, and they are not on the path"; exit 1; \
	else echo "make js: SKIPPED, the page's scripts are not checked: node and npm are not on the path"; fi

js-checks: $(JS)/installed
	cd tests/js && npm run --silent types && npm run --silent lint && npm run --silent unit

$(JS)/installed: tests/js/package.json
	cd tests/js && npm install --no-package-lock --no-fund --no-audit --loglevel=error
	@touch $@

pytest: $(VENV)/dev
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow"

slow: $(VENV)/dev
	$(BIN)/pytest -n 2 --dist loadgroup -m slow

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

messages: $(VENV)/dev
	$(BIN)/python -m geoplan.text.catalogue

samples: $(VENV)/user
	$(BIN)/python -c "from pathlib import Path; from geoplan.samples import SAMPLES, generate_sample; \
		[generate_sample(name, Path('sample_data') / name) for name in SAMPLES]"

clean:
	rm -rf $(VENV) out
