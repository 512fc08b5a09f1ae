# Needs git, make, Python >= 3.10 and a package index: each target makes what else it needs.

# The first of these that answers makes the environment; `make clean` before changing it.
PYTHON ?= python3.13 python3.12 python3.11 python3.10 python3
# `make oldest` prefers the oldest Python as well.
OLDEST_PYTHON ?= python3.10 $(PYTHON)
# Passed on to the demo or to pytest.
ARGS ?=

VENV := .venv
OLDEST := .venv-oldest
WHEEL := .venv-wheel

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Editable installs from pyproject.toml came with pip 21.3; newer ones are kept as they are.
PIP_INSTALL = -m pip install --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test servers torture lint format types docs generate site screenshots bench wheel smoke release-check api licenses oldest clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo '  ARGS="…" is passed on: make demo ARGS="--duration 10", make bench ARGS=--quick'

demo: $(VENV)/.installed ## Run a sample workload and serve its metrics
	@$(VENV)/bin/python -m otel_executor_metrics demo $(ARGS)

test: servers ## Run the tests
	@$(VENV)/bin/python -m pytest -m "not long" $(ARGS)

torture: servers ## Run the long trials
	@$(VENV)/bin/python -m pytest -m long -o faulthandler_timeout=1200 $(ARGS)

servers: $(VENV)/.installed-dev ## Find or build the real servers and the browser of the tests
	@$(VENV)/bin/python -m tests.support.servers

lint: $(VENV)/.installed-dev ## Check style and formatting
	$(VENV)/bin/python -m ruff check .
	$(VENV)/bin/python -m ruff format --check .

format: $(VENV)/.installed-dev ## Mend style and formatting
	$(VENV)/bin/python -m ruff check --fix .
	$(VENV)/bin/python -m ruff format .

types: $(VENV)/.installed-dev ## Check types, those of users' code (tests/typing) included
	$(VENV)/bin/python -m mypy

docs: generate ## Write the pages that are made from the code
	$(VENV)/bin/python scripts/settings_page.py

generate: $(VENV)/.installed-dev ## Write what is made from the catalogue: dashboard, rules, alerts
	$(VENV)/bin/python scripts/generated_files.py

site: $(VENV)/.installed-docs ## Build the pages of docs/ as a site, in build/site (Python 3.11)
	@# Never --quiet: it keeps warnings from being counted, and mkdocs.yml's strict from being so.
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/python -m mkdocs build

screenshots: $(VENV)/.installed-dev ## Draw docs/images/page-*.png anew, from a run of the demo
	@$(VENV)/bin/python -m tests.support.screenshots

bench: $(VENV)/.installed-dev ## Measure beside peers; write benchmarks/results.md and the plots
	@$(VENV)/bin/python -m benchmarks $(ARGS)

wheel: $(VENV)/.installed-dev ## Build wheel and sdist; import the wheel in an empty environment
	rm -rf dist $(WHEEL)
	$(VENV)/bin/python -m build --outdir dist
	@sh scripts/venv.sh $(WHEEL) $(VENV)/bin/python
	$(WHEEL)/bin/python $(PIP_INSTALL) dist/*.whl
	$(WHEEL)/bin/python -I scripts/check_dist.py dist .

smoke: wheel ## Record and scrape with the wheel, on every Python that is here
	@$(VENV)/bin/python scripts/release_check.py dist $(ARGS)

release-check: wheel ## The same, and the tests, with newest and oldest dependencies: takes an hour
	@$(VENV)/bin/python scripts/release_check.py dist --tests $(ARGS)

api: $(VENV)/.installed-dev ## Write down the public API: tests/goldens/public_api.txt
	$(VENV)/bin/python scripts/public_api.py

licenses: wheel ## Write down the licences of what users install
	$(WHEEL)/bin/python $(PIP_INSTALL) "$$(echo dist/*.whl)[all,dashboards]"
	$(VENV)/bin/python scripts/licenses.py $(WHEEL)/bin/python $(ARGS)

oldest: $(OLDEST)/.installed-dev ## Run the tests on the oldest dependencies admitted
	@$(OLDEST)/bin/python -m pytest -m "not real and not long" $(ARGS)

clean: ## Remove what the other targets made
	rm -rf $(VENV) $(OLDEST) $(WHEEL) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Editable, so only what the metadata is made from calls for installing again.
$(VENV)/.installed: pyproject.toml otel_executor_metrics/_version.py
	@sh scripts/venv.sh $(VENV) $(PYTHON)
	@echo "Installing into $(VENV)"
	@$(VENV)/bin/python $(PIP_INSTALL) 'pip>=21.3'
	@$(VENV)/bin/python $(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing development tools into $(VENV)"
	@$(VENV)/bin/python $(PIP_INSTALL) --editable '.[dev]'
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed-dev
	@echo "Installing what builds the site into $(VENV)"
	@$(VENV)/bin/python $(PIP_INSTALL) --editable '.[docs]'
	@touch $@

# Made anew, so that nothing newer stays in it from before.
$(OLDEST)/.installed-dev: $(VENV)/.installed-dev scripts/lower_bounds.py
	@rm -rf $(OLDEST)
	@sh scripts/venv.sh $(OLDEST) $(OLDEST_PYTHON)
	@$(VENV)/bin/python scripts/lower_bounds.py pyproject.toml > $(OLDEST)/constraints.txt
	@echo "Installing into $(OLDEST):" && cat $(OLDEST)/constraints.txt
	@$(OLDEST)/bin/python $(PIP_INSTALL) 'pip>=21.3'
	@$(OLDEST)/bin/python $(PIP_INSTALL) --constraint $(OLDEST)/constraints.txt --editable '.[dev]'
	@touch $@
