# `make run` starts Argosy, `make test` proves it, `make` alone says what else there is.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TOOLS := $(VENV)/.installed-tools
CHAOS_ROUNDS ?= 50
LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --upgrade

.PHONY: help install tools run test bench chaos format lint types lock clean
.DEFAULT_GOAL := help

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{ printf "  make %-9s %s\n", $$1, $$2 }'

install: $(STAMP)  ## set up .venv with what a wallet needs to run; quick when nothing has changed

$(STAMP): requirements.lock pyproject.toml .ci/install
	@sh .ci/install $(VENV) requirements.lock
	@touch $(STAMP)

tools: $(TOOLS)

$(TOOLS): requirements-dev.lock $(STAMP)
	@sh .ci/install $(VENV) requirements-dev.lock
	@touch $(TOOLS)

run: install  ## a demo town on http://127.0.0.1:8080 (ARGOSY_PORT changes the port)
	@exec $(BIN)/argosy up --demo

test: tools  ## style, types and every test, browser included
	@sh .ci/chromium
	@sh .ci/redis
	@$(MAKE) --no-print-directory lint types
	@$(BIN)/python -m pytest

lint: tools
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .

types: tools
	@$(BIN)/mypy

bench: tools  ## the figures of the ledger and of whole payments
	@$(BIN)/argosy bench ledger
	@$(BIN)/argosy bench payments

chaos: tools  ## kill servers under load, fifty rounds (CHAOS_ROUNDS changes the number)
	@CHAOS_ROUNDS=$(CHAOS_ROUNDS) $(BIN)/python -m pytest -n 0 -m chaos

format: tools  ## bring the code into the house's form
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

lock:  ## take current releases into the lock (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv" >&2; exit 1; }
	@$(LOCK) pyproject.toml --extra console --group dev -o requirements-dev.lock
	@$(LOCK) pyproject.toml --extra console --group build -c requirements-dev.lock -o requirements.lock

clean:  ## remove .venv and caches; data in .argosy stays
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
