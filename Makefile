# Two commands do everything on a machine that has Python 3.11 or newer and make:
#   make demo    creates the environment, installs archscope, runs it on real networks
#   make test    linters, type checker, layering, tests
# and one more, for who changes what archscope needs:
#   make test-oldest    the tests in an environment with the oldest of every library that pyproject.toml allows
PYTHON ?= python3
VENV ?= .venv
OLDEST ?= .venv-oldest
BIN := $(VENV)/bin

.PHONY: demo test lint check test-oldest bench reports clean

demo: $(VENV)/.installed
	$(BIN)/archscope list inception
	$(BIN)/archscope shapes lenet5
	$(BIN)/archscope params inception_v4
	$(BIN)/archscope flops inception_v4 inception_resnet_v2

test: lint check

lint: $(VENV)/.test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: $(VENV)/.test-installed
	$(BIN)/python -m pytest -n auto

# What the versions of libraries can break: costs, shapes, every torchvision model, the command line, tables, charts, configurations.
test-oldest: $(OLDEST)/.installed
	$(OLDEST)/bin/python -m pytest -n auto tests/counts tests/training tests/zoo $(addprefix tests/test_,$(addsuffix .py,\
		torchvision every_operator shapes tracer supported sources cli plain_words budgets comparison charts diagnose hf))

bench: $(VENV)/.test-installed
	$(BIN)/python -m pip install -q --disable-pip-version-check '.[bench]'
	$(BIN)/python -m benchmarks

reports: $(VENV)/.installed
	$(BIN)/python -m reports

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	touch $@

$(VENV)/.test-installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test,lint]'
	touch $@ $(VENV)/.installed

# Made by the oldest Python, with constraints made from pyproject.toml.
$(OLDEST)/.installed: pyproject.toml tests/lower_bounds.py
	rm -rf $(OLDEST)
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python tests/lower_bounds.py > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/python -m pip install -q --disable-pip-version-check -c $(OLDEST)/constraints.txt -e '.[test]'
	touch $@

clean:
	rm -rf $(VENV) $(OLDEST) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
