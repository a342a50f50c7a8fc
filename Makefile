# What a newcomer types. `make run` and `make test` need nothing but Python 3.11 or newer.
# The system's own first: distributions build it to be fast, which a Python compiled on the machine,
# as pyenv does, is not: the same work takes it a quarter longer. One that can make a .venv, if any.
NAMES := python3.11 python3.12 python3.13
PYTHON ?= $(shell for able in ensurepip sys; do for p in $(NAMES:%=/usr/bin/%) $(NAMES) python3; do \
	$$p -c "import sys, $$able; sys.exit(sys.version_info < (3, 11))" 2>/dev/null && echo $$p && exit; done; done)
BIN := .venv/bin
# Each with a line in bench/README.md; the rest of that folder is what they are made of.
BENCHES := delivery people_import queue lists workflows content_safety
.DEFAULT_GOAL := help
.PHONY: help run test lint bench torture setup setup-dev python

help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 16

run: setup ## Set everything up and start web, worker and scheduler on PORT (8000)
	@$(BIN)/python -m tools.run --with-parent

test: setup-dev ## Set everything up and run every test, on SQLite and on PostgreSQL where it is there
	@$(BIN)/python -m tools.run_tests

torture: setup-dev ## The long fault runs, kills at every point; then all tests of a database on PostgreSQL
	@$(BIN)/python -m tools.run_tests --torture

bench: setup-dev ## Every benchmark, beside its peers, one after the other
	@failed=0; for each in $(BENCHES); do \
		echo "== bench.$$each"; $(BIN)/python -m bench.$$each || failed=1; \
	done; exit $$failed

lint: setup-dev ## What the linters, the types and the import contracts say
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

setup: python
	@$(PYTHON) -m tools.setup

setup-dev: python
	@$(PYTHON) -m tools.setup --dev

python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found. Install it, or name it: make run PYTHON=/path/to/python3.11"; exit 1; }
