# Two commands on a fresh machine (Python 3.11 or newer, make):
#   make demo    the main job on the embedded simulator, no keys
#   make test    the tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test interop lint types bench docs clean

$(VENV)/.base: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kiwoomdata needs Python 3.11 or newer; try make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -e .
	touch $@

$(VENV)/.test: $(VENV)/.base
	$(PIP) install -e '.[test]'
	touch $@

demo: $(VENV)/.base
	$(BIN)/kiwoomdata demo

test: $(VENV)/.test
	$(BIN)/python -m pytest

interop: $(VENV)/.test
	$(PIP) install -e '.[interop]'
	$(BIN)/python -m pytest tests/interop/interop_checks.py
	$(BIN)/python -m pytest tests/test_docs.py -k "backtesting or mplfinance or vectorbt"

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

bench: $(VENV)/.test
	$(PIP) install -e '.[bench]'
	$(BIN)/python -m benchmarks

docs: $(VENV)/.test
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf $(VENV) docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
