# Everything a newcomer or a CI machine needs; each target does its own set-up.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
CLIENTS := curl default-jdk-headless git ruby wget
SYSTEM := apache2 chromium curl faketime haproxy iproute2 nftables nginx-light prometheus redis-server

.PHONY: run test check unit acceptance deep bench evasion mcp-evasion clients trust conformance garden faults crash drills cardinality day dashboards demo image clean

## Start the sidecar with its embedded store. ARGS are passed on to `sidegate serve`.
run: .venv/.run
	@exec $(BIN)/sidegate serve $(ARGS)

## A scripted agent against a local bank and mail server: pass, hold, crash, approve, replay, answer.
demo: .venv/.run
	@exec $(BIN)/python docs/examples/demo/demo.py

## All checks and all tests. Many tests wait for processes and clocks, so there is one worker more than CI has cores.
test: .venv/.dev .venv/.system
	@$(MAKE) --no-print-directory check
	$(BIN)/python -m pytest -n 3 --dist loadfile

## Style, types, import contracts.
check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: .venv/.dev .venv/.system
	$(BIN)/python -m pytest -m "not acceptance"

acceptance: .venv/.dev .venv/.system
	$(BIN)/python -m pytest -m acceptance

## The property tests with many more examples.
deep: .venv/.dev
	HYPOTHESIS_PROFILE=deep DIGEST_PAIRS=1000000 $(BIN)/python -m pytest --timeout 3600 tests/rules

## Our CPU per request against mitmdump's, interleaved in one run; judging; large bodies; streams.
bench: .venv/.dev .venv/.system
	$(BIN)/python -m tests.bench $(ARGS)

## Exact-byte attacks through the real sidecar. EVASIONS=FILE takes another file of the same format.
evasion: .venv/.dev .venv/.system
	$(BIN)/python -m tests.evasion $(if $(EVASIONS),--file $(EVASIONS)) $(ARGS)

## MCP messages with two readings to real servers, over HTTP and stdio. EVASIONS=FILE takes other payloads.
mcp-evasion: .venv/.dev .venv/.system
	$(BIN)/python -m tests.mcp_evasion $(if $(EVASIONS),--file $(EVASIONS)) $(ARGS)

## Every MCP client, era and carrier: held calls seen, approved, run once. Writes docs/clients.md.
clients: .venv/.dev .venv/.system
	$(BIN)/python -m tests.clients $(ARGS)

## HTTP clients under `sidegate exec`, with a namespace and without. Writes docs/trust.md.
trust: .venv/.dev .venv/.system
	tools/system.sh $(CLIENTS)
	$(BIN)/python -m tests.trust

## MCP's conformance suite, both sides and revisions: the same through the gate as direct, line by line.
conformance: .venv/.dev .venv/.system
	$(BIN)/python -m tests.conformance $(ARGS)

## Mutated requests through the real sidecar to real servers: `make garden ARGS="--requests 1000000 --resume FILE"`.
garden: .venv/.dev .venv/.system
	$(BIN)/python -m tests.garden $(ARGS)

## Raises, time-outs and kills planted in every step: nothing reaches an upstream without a verdict.
faults: .venv/.dev .venv/.system
	$(BIN)/python -m tests.faults $(ARGS)

## kill -9 at twenty points of a call's way: `CRASH_REPS=N`, ARGS="--resume FILE"; ARGS=failover for the store's, ARGS=audit for the audit trail's.
crash: .venv/.dev .venv/.system
	$(BIN)/python -m tests.crash $(ARGS)

## 1,000 drills over the real store, console, worker and replayer: `DRILLS=N`.
drills: .venv/.dev
	$(BIN)/python -m tests.drills

## A million distinct hosts, tools and sessions: the number of series and the memory stay what they are.
cardinality: .venv/.dev .venv/.system
	$(BIN)/python -m tests.cardinality $(ARGS)

## A scripted day in ten minutes, watched by a real Prometheus: `make day ARGS="--seconds 120"`.
day: .venv/.dev .venv/.system
	$(BIN)/python -m tests.day $(ARGS)

## Write Grafana's boards anew from their one source.
dashboards: .venv/.dev
	$(BIN)/python -m dashboards

## Build the container image without a Docker engine, and run it once.
image:
	tools/image.sh

clean:
	rm -rf .venv .bench .image .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/.made: .python-version
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 13))' \
		|| { echo "make: $(PYTHON) is older than Python 3.13: give a newer one as PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.run: .venv/.made requirements/run.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.run requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

.venv/.system: .venv/.made tools/system.sh
	tools/system.sh $(SYSTEM)
	@touch $@
