# Each target sets up what it needs in .venv first; PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
WORKERS ?= 2
# The lowest and the highest that are supported, for `make release`.
PYTHONS ?= python3.11 python3.13

VENV := .venv
PLACE := $(VENV)/place
RUN := $(VENV)/run.stamp
DEV := $(VENV)/dev.stamp
DOCS := $(VENV)/docs.stamp
RELEASE := $(VENV)/release.stamp
INSTALL := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

# A virtual environment holds absolute paths: one that came along in a copy is made anew.
ifneq ($(shell cat $(PLACE) 2>/dev/null),$(CURDIR))
$(shell rm -f $(RUN) $(DEV) $(DOCS) $(RELEASE) $(PLACE))
endif

.PHONY: run publish test test-all bench lint docs release clean scm

# dvc.lock has hashes of what came out where it was published. Networks differ in their last bits
# from one kind of processor to another, and then so does the lock: where nothing else was changed,
# that of this machine is kept in out, and the published one is put back.
OTHER_LOCK = test "$$(git status --porcelain 2>/dev/null)" = " M dvc.lock"

run: $(RUN) scm
	@if test -f out/dvc.lock && test -z "$$(git status --porcelain 2>/dev/null)"; then \
		cp out/dvc.lock dvc.lock; \
	fi
	$(VENV)/bin/dvc repro
	$(VENV)/bin/gmn report --show
	@if $(OTHER_LOCK); then cp dvc.lock out/dvc.lock && git checkout --quiet -- dvc.lock; fi

# The results that were made here become the published ones.
publish:
	cp out/results/metrics.json out/results/validation.json out/results/cost.json results/

# One thread a worker: several threads in each would fight over the cores.
test: lint
	OMP_NUM_THREADS=1 $(VENV)/bin/pytest -n $(WORKERS)

test-all: lint
	OMP_NUM_THREADS=1 $(VENV)/bin/pytest -n $(WORKERS) -m "long or not long"

# All benchmarks that need nothing but this machine, one after the other, on one thread each.
BENCHMARKS := compile_gpt2 compile_llama bind edge_index match_time symmetries units metanets step \
	nfn_formulation large_graphs zoo_factory scale weight_matching commands

bench: $(DEV)
	for name in $(BENCHMARKS); do \
		OMP_NUM_THREADS=1 $(VENV)/bin/python benchmarks/$$name.py || exit 1; \
	done
	$(VENV)/bin/python benchmarks/report.py

lint: $(DEV)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

# The pages in out/docs; the reference imports all packages.
docs: $(DOCS)
	$(VENV)/bin/sphinx-build -W --keep-going -q -b html docs out/docs
	@echo "out/docs/index.html"

# Nothing is uploaded: CONTRIBUTING.md says how.
release: $(RELEASE)
	rm -rf dist
	$(VENV)/bin/python -m build --outdir dist
	$(VENV)/bin/twine check --strict dist/*
	$(VENV)/bin/pytest -q tests/test_wheel.py tests/test_version.py
	./release.sh dist/*.whl $(PYTHONS)

clean:
	rm -rf $(VENV) out dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# DVC expects a git repository unless told that there is none.
scm: $(RUN)
	@for root in . experiments; do \
		cd $(CURDIR)/$$root; \
		if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then \
			if grep -qs no_scm .dvc/config.local; then $(CURDIR)/$(VENV)/bin/dvc config --local --unset core.no_scm; fi; \
		else \
			grep -qs no_scm .dvc/config.local || $(CURDIR)/$(VENV)/bin/dvc config --local core.no_scm true; \
		fi; \
	done

$(PLACE):
	$(PYTHON) -m venv --clear $(VENV)
	@printf '%s' "$(CURDIR)" > $@

$(RUN): pyproject.toml constraints.txt | $(PLACE)
	@echo "Installing graph-metanetworks into $(VENV) (a minute or two)"
	$(INSTALL) -e ".[pipelines]"
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(PLACE)
	@echo "Installing graph-metanetworks and its development tools into $(VENV) (a minute or two)"
	$(INSTALL) -e ".[pipelines,dev]"
	@touch $(RUN) $@

$(DOCS): pyproject.toml constraints.txt | $(PLACE)
	@echo "Installing Sphinx into $(VENV)"
	$(INSTALL) -e ".[docs]"
	@touch $@

$(RELEASE): pyproject.toml constraints.txt | $(DEV)
	$(INSTALL) -e ".[release]"
	@touch $@
