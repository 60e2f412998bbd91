# Needs make, git and a Python >= 3.11; everything else is installed into .venv. `make test` also uses Go, when there
# is one, to install the reference (kustomize v5.8.1) outside the checkout.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.SUFFIXES:

VENV := .venv
BIN := $(VENV)/bin
DEMO := testdata/demo/overlays/prod
SOURCES := $(wildcard kbuild/*.py kbuild/*/*.py kbuild/*/*/*.py applier/*.py applier/*/*.py)
ARGS ?=

.PHONY: help demo dev test lint golden table bench conformance oracle oracle-latest clean \
  cluster cluster-programs test-cluster test-flux test-kind soak soak-agent bench-cluster bench-agent
.PHONY: yaml regexp fuzz-yaml coverage mutants

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The first interpreter that is new enough and can make an environment.
$(BIN)/python:
	@for candidate in $${PYTHON:-} python3.13 python3.12 python3.11 python3.14 python3; do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "using $$candidate ($$("$$candidate" -V))" >&2; \
	    exec "$$candidate" -m venv $(VENV); \
	  fi; \
	done; \
	echo "no Python >= 3.11 with venv was found (looked for python3.11 to python3.14 and python3);" \
	  "install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2; exit 1

$(VENV)/.installed: pyproject.toml kbuild/version.py | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml kbuild/version.py | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

# Every start without bytecode would compile the whole package again, and an environment may say that Python shall not
# write any.
$(VENV)/.compiled: $(SOURCES) | $(VENV)/.installed
	@$(BIN)/python -m compileall -q kbuild applier
	@touch $@

demo: $(VENV)/.compiled ## render the demo application (nothing but Python is needed)
	@$(BIN)/kbuild render $(DEMO)

oracle: $(VENV)/.installed-dev ## install the reference, kustomize v5.8.1, helm and sops into the user's cache (needs Go)
	@$(BIN)/python tools/install_oracle.py
	@$(BIN)/python tools/install_helm.py
	@$(BIN)/python tools/install_sops.py

oracle-latest: $(VENV)/.installed-dev ## install the version that `--compat latest` follows beside it (fetches a newer Go)
	@$(BIN)/python tools/install_oracle.py --latest

cluster-programs: $(VENV)/.installed-dev ## build the control plane for tests into the user's cache (needs Go, some minutes)
	@$(BIN)/python tools/install_cluster.py

cluster: cluster-programs ## start a real control plane on loopback ports; Ctrl-C stops it
	@exec $(BIN)/python tests/cluster/control_plane.py

dev: cluster-programs $(VENV)/.compiled ## a control plane and `kbuild dev` against it (ARGS: DIR --path deploy …); Ctrl-C ends both
	@$(BIN)/python tools/dev.py $(ARGS)

lint: $(VENV)/.installed-dev ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# Three at a time on two cores: tests on a control plane wait more than they work.
test: oracle cluster-programs lint $(VENV)/.compiled ## lint, types and all tests (ARGS: further arguments for pytest)
	@$(BIN)/python -m pytest -q -n 3 --dist loadgroup $(ARGS)

# Left out are what tests the applier alone, the contracts, hostile input (it is large, and measured by processes with
# limits), what only asks the reference again, and what traces lines itself.
COVERED := tests/golden tests/unit tests/property tests/differential
UNCOVERED := tests/unit/agent tests/unit/applier tests/unit/test_work.py tests/unit/test_mutants.py
coverage: oracle $(VENV)/.compiled ## branch coverage of kbuild/ by its tests, one figure (ARGS: further arguments for the report)
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m coverage run -m pytest -q -n 2 --dist loadgroup $(COVERED) $(addprefix --ignore ,$(UNCOVERED)) -k 'not today'
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report $(ARGS)

mutants: $(VENV)/.installed-dev $(VENV)/.compiled ## small changes of the code: how many the cases notice (ARGS: --every 10 --survivors)
	@$(BIN)/python tools/mutants.py $(ARGS)

test-cluster: cluster-programs $(VENV)/.compiled ## the applier's scenarios (KBUILD_TEST_KUBECONFIG: against that cluster)
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup tests/cluster tests/scenario $(ARGS)

test-flux: cluster-programs $(VENV)/.compiled ## Flux's own command line beside ours against the agent (builds it with Go, some minutes)
	@$(BIN)/python tools/install_flux.py
	@$(BIN)/python -m pytest -q tests/agent/test_flux_program.py $(ARGS)

soak: cluster-programs $(VENV)/.compiled ## every kill point, 200 fault runs and long fuzzing of the applier (an hour or so)
	@KBUILD_SOAK=1 $(BIN)/python -m pytest -q -n 2 --dist loadgroup tests/scenario $(ARGS)

soak-agent: cluster-programs $(VENV)/.compiled ## the agent for half an hour: commits, drift, faults, kills (ARGS: --minutes 5 --seed 7)
	@$(BIN)/python tests/agent/endurance.py $(ARGS)

bench-agent: cluster-programs $(VENV)/.compiled ## the agent's speed and memory on a real API server, as a table (ARGS: --slow)
	@$(BIN)/python benchmarks/agent.py $(ARGS)

test-kind: $(VENV)/.installed-dev $(VENV)/.compiled ## the same against a new kind cluster, where Docker runs
	@$(BIN)/python tools/test_on_kind.py $(ARGS)

golden: oracle ## write the expectations of testdata/golden again, from the reference
	@$(BIN)/python tools/regenerate_golden.py $(ARGS)

table: $(VENV)/.installed-dev ## write the table of what is supported in README.md and docs/behaviour.md again
	@$(BIN)/python tools/support_table.py

yaml: oracle ## write the expectations of testdata/yaml again, from the reference (ARGS: places, --check)
	@$(BIN)/python tools/regenerate_yaml.py $(ARGS)

fuzz-yaml: oracle ## random YAML: N builds beside the reference, TEXTS texts by both readers, from SEED
	@$(BIN)/python tools/fuzz_yaml.py --seed $(or $(SEED),1) --builds $(or $(N),2000) --texts $(or $(TEXTS),100000)

regexp: oracle ## write the expectations of testdata/regexp again, from the reference
	@$(BIN)/python tools/regenerate_regexp.py $(ARGS)

$(VENV)/.installed-bench: pyproject.toml kbuild/version.py | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

bench: oracle $(VENV)/.installed-bench $(VENV)/.compiled ## kbuild against the reference, as a table
	@$(BIN)/python benchmarks/run.py $(ARGS)

bench-cluster: cluster-programs $(VENV)/.compiled ## the applier against kubectl on a real API server, as a table
	@$(BIN)/python benchmarks/cluster.py $(ARGS)

fuzz: oracle $(VENV)/.compiled ## random trees against the reference (N: how many, SEED: which ones)
	@$(BIN)/python tools/fuzz.py -n $${N:-1000} --seed $${SEED:-1} --table $(ARGS)

fuzz-real: oracle $(VENV)/.compiled ## changed real inputs against the reference (N: how many, SEED: which ones; ARGS: folders)
	@$(BIN)/python tools/mutate_inputs.py -n $${N:-1000} --seed $${SEED:-1} $(ARGS)

conformance: $(VENV)/.compiled ## the shared conformance cases, where they are beside the checkout
	@$(BIN)/python "$${KBUILD_CONFORMANCE:-../shared/conformance}/run.py" --command '$(CURDIR)/$(BIN)/kbuild render' -j 2 $(ARGS)

clean: ## remove what make made in the checkout
	@rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
