# Two commands do everything, set-up too: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo serve test nojit lint scan format docs bench pins clean

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(VENV)/core.done: requirements/core.txt pyproject.toml
	@echo "making the environment in $(VENV) (once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(INSTALL) --require-hashes -r requirements/core.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/service.done: requirements/service.txt $(VENV)/core.done
	@echo "adding what the service needs (once)"
	@$(INSTALL) --require-hashes -r requirements/service.txt
	@touch $@

$(VENV)/dev.done: requirements/dev.txt $(VENV)/core.done
	@echo "adding what the tests need (once)"
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@

$(VENV)/bench.done: requirements/bench.txt $(VENV)/dev.done
	@$(INSTALL) --require-hashes -r requirements/bench.txt
	@touch $@

demo: $(VENV)/core.done  ## make a town with known influence, score it, and show how well that recovers the truth
	@$(BIN)/swayrank demo

# The town lies in the environment's folder, so that `make clean` takes it away too.
$(VENV)/town/out/current: | $(VENV)/service.done
	@$(BIN)/swayrank generate town -n 10000 -o $(VENV)/town/town
	@$(BIN)/swayrank score $(VENV)/town/town/graph.csv $(VENV)/town/town/events.csv -o $(VENV)/town/out --quiet

serve: $(VENV)/town/out/current  ## make a town, score it, and serve it: a web page and REST on this machine
	@$(BIN)/swayrank serve $(VENV)/town/out

# Tests start many commands: with byte code kept, each compiles no source anew, whatever the environment says.
test: export PYTHONDONTWRITEBYTECODE =
test: $(VENV)/dev.done  ## run every test, the documentation's examples included
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

# A kernel can lean on compiled arithmetic without meaning to; as plain Python it shows. Small inputs only: it is slow.
nojit: $(VENV)/dev.done  ## run a small part of the tests with the kernels as plain Python
	@NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest tests/test_random.py tests/test_ids.py tests/test_graph.py \
		tests/test_graph_folder.py tests/test_centrality.py tests/test_propagation.py -k " \
		test_random or (test_ids and (every_kind or missing or either or folder_arrays or distinct_and)) \
		or (test_graph and not processes and not words) \
		or (test_centrality and (zoo or closed_forms or weighted_and or dangling)) \
		or (test_propagation and chain)"

lint: $(VENV)/dev.done  ## style, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

scan: $(VENV)/dev.done  ## look for vulnerable dependencies (where a service or advisory files tell) and for secrets
	@$(BIN)/python .ci/scan.py

format: $(VENV)/dev.done  ## put the code into shape
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

docs: $(VENV)/dev.done  ## write the command reference anew from --help
	@$(BIN)/python docs/make_cli_reference.py

bench: $(VENV)/bench.done  ## run the benchmarks beside their peers; results go to benchmarks/results
	@$(BIN)/python -m benchmarks

pins:  ## resolve the pinned requirements anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes pyproject.toml requirements/build.in -o requirements/core.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes pyproject.toml requirements/build.in --extra service --extra postgres -c requirements/core.txt -o requirements/service.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes pyproject.toml requirements/dev.in -c requirements/service.txt -o requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes pyproject.toml requirements/bench.in -c requirements/dev.txt -o requirements/bench.txt

clean:  ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
