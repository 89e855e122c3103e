# What a person types. `make` alone lists it.
SHELL := /bin/bash
DB ?= sqlite
PORT ?= 8001
PYTHON := /usr/bin/python3

help:
	@echo 'make demo              real data, a database and KCK in front of it, at http://127.0.0.1:8001'
	@echo 'make demo DB=postgres  the same over PostgreSQL 15'
	@echo 'make demo CHECK=1      the same, checked; ends by itself'
	@echo 'make cluster           three nodes that share a store: Cassandra, PostgreSQL and KCK on 127.0.0.1, .2 and .3'
	@echo 'make cluster CHECK=1   the same, checked; ends by itself'
	@echo 'make test              every test'
	@echo 'make build             what users run: build/release/apps/kck'
	@echo 'make lint              format, clang-tidy and the include graph; ruff and mypy'
	@echo 'make format            clang-format over all sources'

setup:
	@tools/setup.sh

build: setup
	@tools/build.sh release kck

demo: build
	@$(PYTHON) examples/flights/demo.py --database $(DB) --port $(PORT) $(if $(CHECK),--check)

cluster: build
	@$(PYTHON) examples/flights/cluster.py $(if $(CHECK),--check)

test: setup
	@tools/build.sh dev
	@$(PYTHON) tools/run_tests.py

lint: setup
	@tools/build.sh dev
	@tools/lint.sh

format: setup
	@tools/lint.sh --format

.PHONY: help setup build demo cluster test lint format
