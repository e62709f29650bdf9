# `make run` and `make test` need only Python 3.11+, git and make; packaging/setup.sh brings the rest.
PYTHON ?= python3
export PYTHON
.DEFAULT_GOAL := help
.PHONY: help run demo test faults bench lint lock clean
SETUP := @sh packaging/setup.sh
# `python -m`, since the scripts in .venv/bin break when a path is long or has a space.
PY := .venv/bin/python

help:
	@echo 'make run [ARGS="..."]  set up, then start the program'
	@echo 'make demo              set up, then start it on a dozen invented patients'
	@echo 'make test              set up, then all checks and tests'
	@echo 'make lint              set up, then the static checks alone'
	@echo 'make faults            set up, then every kind of fault, often (ARGS="flips 100" for one kind)'
	@echo 'make bench             set up, then the time measurements'
	@echo 'make lock              renew requirements*.txt from pyproject.toml (ARGS=--upgrade for newer)'
	@echo 'make clean             remove .venv and every cache'

run:
	$(SETUP) run
	@$(PY) main.py $(ARGS)

demo:
	$(SETUP) run
	@$(PY) main.py demo $(ARGS)

test: lint
	@QT_QPA_PLATFORM=offscreen $(PY) -m pytest -n 2 --dist worksteal $(ARGS)

lint:
	$(SETUP) test
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -c 'from importlinter.cli import lint_imports_command as main; main()' --no-logo

faults:
	$(SETUP) test
	@QT_QPA_PLATFORM=offscreen $(PY) -m tests.faults $(ARGS)

bench:
	$(SETUP) test
	@QT_QPA_PLATFORM=offscreen $(PY) -m tests.bench $(ARGS)

lock:
	$(SETUP) lock $(ARGS)

clean:
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
