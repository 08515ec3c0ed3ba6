# make run   sets up .venv and opens the app        (make run ARGS="--server.port 8601")
# make test  sets up .venv and runs every check     (make test ARGS="-k cache"); make lint those that are no tests
# make audit asks for known vulnerabilities of the pinned packages (fails where there are some, or nobody can be asked)
# make fuzz  tries thousands of damaged inputs of each kind (make fuzz ARGS="--kinds FITS --inputs 500")
# make docs  makes the API reference, docs/_build/index.html
# make bench measures speeds; make models DATA=folder trains the shipped models anew
.DELETE_ON_ERROR:
.PHONY: run test setup lint audit fuzz docs bench models clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

run: $(VENV)/.app
	$(BIN)/python -m streamlit run app.py $(ARGS)

test: $(VENV)/.dev lint
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/python tools/check_docstrings.py

audit: $(VENV)/.dev
	$(BIN)/python -m tools.audit

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz --verbose $(ARGS)

# A page is made for each module that there is now, so those of modules that are gone go first.
docs: $(VENV)/.dev
	rm -rf docs/api/modules
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs/api docs/_build

setup: $(VENV)/.dev

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.preprocessing
	$(BIN)/python -m benchmarks.pages

# Trained on the lent light curves by the plan of benchmarks/segment_models.json: hours, and goes on where it was stopped.
MODELS := tess-2min tess-200s tess-10min tess-30min kepler k2 kepler-binned
models: $(MODELS:%=models/%-v3/card.json)

models/%-v3/card.json: | $(VENV)/.dev
	$(BIN)/python -m benchmarks.segment_models train $* --lent $(DATA) --out models/.segment-models --seeds 2 $(ARGS)
	mkdir -p models/$*-v3
	cd models/.segment-models/$*-v3 && cp model.keras progress.jsonl card.json ../../$*-v3/

$(VENV)/.app: requirements.txt tools/setup_venv.sh
	bash tools/setup_venv.sh $(VENV) requirements.txt "$(PYTHON)"
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt tools/setup_venv.sh
	bash tools/setup_venv.sh $(VENV) requirements-dev.txt "$(PYTHON)"
	@touch $@ $(VENV)/.app

clean:
	rm -rf $(VENV)
