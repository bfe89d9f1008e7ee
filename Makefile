# Two commands on a fresh machine (Python 3.11 or newer, make):
#   make demo    the main job on the embedded simulator, no keys
#   make test    the tests; make quick: those that need no sockets, in less than a minute
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
# CI sets it to "-c .ci/pins.txt", for a run of today and one of next year to try the same; `make pins` writes that.
PINS ?=
# The tests start hundreds of processes: none of them should compile the package again.
unexport PYTHONDONTWRITEBYTECODE
# Tests run side by side where they do not measure time.
SIDE := -n auto --maxprocesses 4 --dist worksteal
# What goes by the machine's date, and what needs little beside the package.
DATED := tests/test_calendar.py tests/test_cli.py tests/test_docs.py tests/test_doctor.py tests/questions tests/recording \
	tests/lake
CORE := tests/rest $(wildcard tests/stream/test_session*.py) tests/stream/test_feeds.py tests/test_arguments.py \
	tests/test_errors.py tests/test_folders.py tests/test_frames.py tests/test_kinds.py tests/test_present.py

.PHONY: demo test quick prove mutants ahead lowest interop lint types bench bench-peers package versions audit pins docs catalogs clean

$(VENV)/.base: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kiwoomdata needs Python 3.11 or newer; try make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install $(PINS) -e '.[pandas,plot]'
	touch $@

$(VENV)/.test: $(VENV)/.base
	$(PIP) install $(PINS) -e '.[test]'
	touch $@

demo: $(VENV)/.base
	$(BIN)/kiwoomdata demo

test: $(VENV)/.test
	$(BIN)/python -m pytest $(SIDE) -m "not alone"
	$(BIN)/python -m pytest -m alone

quick: $(VENV)/.test
	$(BIN)/python -m pytest $(SIDE) -m "not slow"

# On a clock that is a year ahead.
ahead: $(VENV)/.test
	$(BIN)/python -m tests.shifted +365d $(SIDE) -m "not alone" $(DATED)

# With the lowest versions that pyproject.toml allows; what they lean on is the newest, and says so.
lowest: .venv-lowest/.made
	.venv-lowest/bin/python -m pytest -W ignore::DeprecationWarning $(SIDE) $(CORE)

.venv-lowest/.made: pyproject.toml .ci/lowest.py
	test -x .venv-lowest/bin/python || $(PYTHON) -m venv .venv-lowest
	$(PYTHON) .ci/lowest.py pandas plot excel redis > .venv-lowest/lowest.txt
	.venv-lowest/bin/python -m pip --disable-pip-version-check -q install -r .venv-lowest/lowest.txt \
		pytest pytest-timeout pytest-xdist hypothesis
	touch $@

interop: $(VENV)/.test
	$(PIP) install $(PINS) -e '.[interop]'
	$(BIN)/python -m pytest tests/interop/interop_checks.py tests/interop/mcp_checks.py
	$(BIN)/python -m pytest tests/test_docs.py -k "backtesting or mplfinance or vectorbt"

# Ten thousand schedules of faults, in half an hour on two cores; the report is build/prove/prove.md.
prove: $(VENV)/.test
	-$(PIP) install -e '.[fuzz]'
	$(BIN)/python -m tests.prove

# Whether the tests notice small changes of the code: a seeded sample, for an hour or two.
mutants: $(VENV)/.test
	$(PIP) install -e '.[mutants]'
	$(BIN)/python -m tests.mutants

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

bench: $(VENV)/.test
	$(PIP) install -e '.[bench]'
	$(BIN)/python -m benchmarks

# Beside other packages, each in an environment of its own; writes a page of the docs.
bench-peers: $(VENV)/.test
	$(PIP) install -e '.[bench]'
	$(BIN)/python -m benchmarks.peers

# What users install: built twice, checked, installed, tried; and the licences of what comes with it.
package: $(VENV)/.test
	$(PIP) install build twine pip-licenses
	$(BIN)/python .ci/package.py

# The core tests on every Python that is here; make versions PYTHONS="python3.13 ..." names them.
versions:
	$(PYTHON) .ci/versions.py $(CORE) -- $(PYTHONS)

# From a fresh environment, as it writes all that is installed.
pins: $(VENV)/.test
	$(PIP) install -e '.[interop,site]'
	{ sed -n 1p .ci/pins.txt; $(BIN)/python -m pip freeze --exclude-editable; } > .ci/pins.new
	mv .ci/pins.new .ci/pins.txt

# Known holes of what is installed; needs the registry's own list of them.
audit: $(VENV)/.test
	$(PIP) install pip-audit
	$(BIN)/python -m pip_audit --skip-editable

# Written whole (-a): of pages that are not written again, Sphinx loses the words of search_words.py.
docs: $(VENV)/.test
	$(BIN)/python -m sphinx -a -W --keep-going -b html docs docs/_build/html
	$(BIN)/python -m sphinx -a -W --keep-going -b html -D language=ko docs docs/_build/html/ko

# The built site, and JupyterLab with a chart that moves, in a real browser.
.PHONY: site
site: docs
	$(PIP) install $(PINS) -e '.[site]'
	$(BIN)/python -m pytest -rs tests/site/site_checks.py tests/site/lab_checks.py

# After a change of an English page: what docs/locale/ko then lacks is translated by hand.
catalogs: $(VENV)/.test
	$(BIN)/python docs/catalogs.py

clean:
	rm -rf $(VENV) .venv-lowest docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
