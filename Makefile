# make run    serve on loopback with a demo account and sample messages (ONCE=1 ends after the samples)
# make test   every check and the test suite
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONSAFEPATH := 1

.PHONY: install install-dev run test check prove mutants fuzz bench docs lock clean

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: build.lock requirements.lock pyproject.toml | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r build.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements-dev.lock
	touch $@

run: install
	$(BIN)/bcc-gateway demo --samples fixtures/demo $(if $(ONCE),--once)

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	sh tests/machine.sh
	$(BIN)/pytest -n 3  # on two cores: much of it waits for processes and disks

prove: install-dev
	sh tests/machine.sh
	$(BIN)/pytest -m prove -s
	HYPOTHESIS_PROFILE=exploring $(BIN)/pytest -n 2 tests/core tests/storage tests/cli

# make mutants ONLY=relay    those whose name holds a word; tests/mutants/table.toml has them all
mutants: install-dev
	$(BIN)/python tests/mutants/run.py --only "$(ONLY)"

# make fuzz TARGET=dialogue MINUTES=30    CPython 3.11 only; tests/fuzz/targets.py names the targets
fuzz: install-dev
	PYTHONPATH=tests $(BIN)/python -m fuzz $(TARGET) --minutes $(or $(MINUTES),1) --corpus .fuzz/$(TARGET)

# make bench ARGS="--quick"    bench/peers.sh installs the servers beside it
bench: install-dev
	PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

# The pages of docs/ that are made from the code
docs: install-dev
	$(BIN)/python -m docs.generate

# Hashes only, no addresses: a lock must not say where a package came from.
lock:
	uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 --extra postgres pyproject.toml -o requirements.lock
	uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 -c requirements.lock --group dev -o requirements-dev.lock
	printf 'editables\nhatchling\nsetuptools\nwheel\n' | uv pip compile --quiet --generate-hashes --no-header --no-annotate --python-version 3.11 - -o build.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
