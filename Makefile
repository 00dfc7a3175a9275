# Two commands for a newcomer: `make demo` and `make test`.  Everything is installed into $(VENV).
#
#   make demo                  benchmark, a filtered photograph, and where the pictures are
#   make test                  all tests; ARGS="-k matmul -x" goes to pytest
#   make fuzz N=10000          random programs on every device; ARGS="--minutes 5 --seed 1"
#   make parity                every case without each optimisation in turn; ARGS="-k loops"
#   make lint                  ruff (lint and format) and mypy --strict
#   make docs                  write the generated pages of docs/ again
#   make wheel                 build a wheel into build/dist
#   make PYTHON=python3.12 VENV=.venv312 test      another Python, in its own environment
#
# GPUKERNEL_DEVICE=cpu (or gl) in the environment chooses the device for any of them.

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
OUT ?= out
N ?= 1000
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet

.PHONY: demo test fuzz parity lint format docs wheel clean

demo: $(VENV)/installed-bench
	@$(RUN) -m gpukernel info
	@$(RUN) -m benchmarks matmul conv2d --sizes 64,128,256 --repeat 3 --plot $(OUT)/benchmark.png
	@$(RUN) examples/conv.py --out $(OUT)
	@echo "The pictures are in $(abspath $(OUT)): start with contact_sheet.png and benchmark.png"

test: $(VENV)/installed-test
	$(RUN) -m pytest $(ARGS)

fuzz: $(VENV)/installed-test
	$(RUN) -m tests.fuzz --count $(N) $(ARGS)

parity: $(VENV)/installed-test
	GPUKERNEL_EVERY_OPTIMIZATION=1 $(RUN) -m pytest tests/parity/test_cases.py $(ARGS)

lint: $(VENV)/installed-dev
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

format: $(VENV)/installed-dev
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

docs: $(VENV)/installed-test
	$(RUN) docs/generate.py

wheel: $(VENV)/installed-dev
	rm -rf build/lib build/dist
	$(RUN) -m build --wheel --outdir build/dist .

clean:
	rm -rf $(VENV) build $(OUT) .pytest_cache .mypy_cache .ruff_cache

$(VENV)/installed-%: $(VENV)/created pyproject.toml
	$(PIP) --editable '.[$*]'
	@touch $@

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit("gpukernel needs Python 3.10 or newer, and $(PYTHON) is " \
	    + sys.version.split()[0] + ": use make PYTHON=..." if sys.version_info < (3, 10) else 0)'
	$(PYTHON) -m venv $(VENV)
	@touch $@

.PRECIOUS: $(VENV)/created $(VENV)/installed-bench $(VENV)/installed-test $(VENV)/installed-dev
