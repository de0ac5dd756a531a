# Each target sets up what it needs in .venv; a fresh machine wants only Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto
# Hostile attempts on the sandbox for `make bench` to try, if there are any.
ATTEMPTS ?= $(wildcard ../shared/sandbox/hostile.jsonl)

.PHONY: demo test lint bench clean

demo: $(VENV)/.installed
	$(BIN)/python examples/rollouts_to_data.py demo-output

test: lint
	$(BIN)/python -m pytest -n $(WORKERS)

lint: $(VENV)/.testing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/rollouts.py
	$(BIN)/python benchmarks/sandbox.py
	$(if $(ATTEMPTS),$(BIN)/python benchmarks/attempts.py $(ATTEMPTS))

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "trpg_env needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.testing: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[testing]'
	@touch $@ $(VENV)/.installed

$(VENV)/.bench: pyproject.toml $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) demo-output .mypy_cache .pytest_cache .ruff_cache .hypothesis
