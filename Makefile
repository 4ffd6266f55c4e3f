# marey's commands. Each sets up what it needs; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLANG ?= $(firstword $(notdir $(wildcard /usr/bin/clang++ /usr/bin/clang++-[0-9]*)) clang++)
export CMAKE_BUILD_PARALLEL_LEVEL ?= 2
export CARGO_BUILD_JOBS ?= 2
# Real recordings for tests, benchmarks and the demo, where they lie beside the checkout.
ifneq ($(wildcard ../shared/data),)
export MAREY_DATA ?= $(abspath ../shared/data)
endif

# nvcc 13.0 from its wheels, where the system has none: CUDA compiles on any machine.
NVCC_WHEELS := nvidia-cuda-nvcc==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-nvvm==13.0.88 \
               nvidia-cuda-runtime==13.0.96 nvidia-cuda-cccl==13.0.85
BUILD_FLAGS := -C cmake.define.CMAKE_CUDA_ARCHITECTURES=90

# $(call need,command,how to get it)
need = @command -v $(1) >/dev/null 2>&1 || { echo "make: '$(1)' is missing: $(2)" >&2; exit 1; }

.PHONY: help
help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: tools
tools:
	$(call need,$(PYTHON),install Python 3.10 or newer)
	$(call need,c++,install a C++ compiler: GCC 12 or Clang 15 or newer)
	$(call need,cargo,install Rust with rustup; or build without it: pip install . -C cmake.define.MAREY_RUST=OFF)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "make: Python $$($(PYTHON) -V | cut -d' ' -f2) is too old: install 3.10 or newer" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "make: Python's venv module is missing: install it (python3-venv on Debian)" >&2; exit 1; }

$(VENV)/.deps: pyproject.toml
	@$(MAKE) tools
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	if [ ! -e $(VENV)/.deps ]; then \
	  $(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"; \
	fi
	$(BIN)/python -m pip install --quiet --group build --group test --group lint --group bench --group docs
	if ! command -v nvcc >/dev/null && [ ! -e $(VENV)/cuda ]; then \
	  $(BIN)/python -m pip install --quiet --target $(VENV)/cuda $(NVCC_WHEELS); \
	fi
	touch $@

.PHONY: setup
setup: $(VENV)/.deps build  ## make .venv with the package built in it

.PHONY: build
build: $(VENV)/.deps  ## rebuild the native parts into .venv
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pip install --quiet --no-build-isolation --no-deps $(BUILD_FLAGS) \
	  -C build-dir=build/dev -e .

.PHONY: demo
demo: setup  ## run the main job on real ICU stays: run/report.html
	$(BIN)/python -m marey study p12 --out run

.PHONY: test
test: setup  ## all tests
	cd rust && CARGO_TARGET_DIR=../build/cargo cargo test --locked --quiet --workspace --exclude marey-py
	$(MAKE) fuzz-graph
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

.PHONY: fuzz
fuzz: $(VENV)/.deps  ## fuzz the native readers for a minute each (needs Clang with its runtime)
	@command -v $(CLANG) >/dev/null || { echo "make: '$(CLANG)' is missing: install Clang 14 or newer and its compiler-rt" >&2; exit 1; }
	PATH="$(abspath $(BIN)):$$PATH" cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=$(CLANG) -DMAREY_FUZZ=ON \
	  -DMAREY_RUST=OFF -DMAREY_TORCH=OFF -DMAREY_SANITIZE=address,undefined \
	  -DPython_EXECUTABLE=$(abspath $(BIN)/python) -Dpybind11_DIR="$$($(BIN)/python -m pybind11 --cmakedir)"
	$(BIN)/cmake --build build/fuzz --target fuzz_physionet2012 fuzz_wfdb fuzz_cwa
	$(BIN)/python csrc/fuzz/seeds_physionet2012.py build/fuzz/corpus
	build/fuzz/csrc/fuzz/fuzz_physionet2012 -max_total_time=60 -dict=csrc/fuzz/physionet2012.dict build/fuzz/corpus
	$(BIN)/python csrc/fuzz/seeds_wfdb.py build/fuzz/corpus-wfdb
	build/fuzz/csrc/fuzz/fuzz_wfdb -max_total_time=60 -dict=csrc/fuzz/wfdb.dict build/fuzz/corpus-wfdb
	$(BIN)/python csrc/fuzz/seeds_cwa.py build/fuzz/corpus-cwa
	build/fuzz/csrc/fuzz/fuzz_cwa -max_total_time=60 -max_len=3072 -dict=csrc/fuzz/cwa.dict build/fuzz/corpus-cwa
	cd rust && MAREY_FUZZ_CASES=100000 CARGO_TARGET_DIR=../build/cargo cargo test --locked --quiet -p marey-moo --lib evolve::tests
	$(MAKE) fuzz-graph FUZZ_SECONDS=60

# What cargo-fuzz builds with, on stable Rust: coverage counters, assertions and overflow checks.
SANCOV = level=4 inline-8bit-counters pc-table trace-compares
FUZZ_FLAGS = --cfg fuzzing -Cpasses=sancov-module $(SANCOV:%=-Cllvm-args=-sanitizer-coverage-%) \
  -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks
FUZZ_TARGET = $(shell rustc -vV | sed -n 's/host: //p')
FUZZ_SECONDS ?= 10
.PHONY: fuzz-graph
fuzz-graph:  ## fuzz graph construction, led by coverage, for FUZZ_SECONDS
	cd rust/fuzz && RUSTFLAGS="$(FUZZ_FLAGS)" CARGO_TARGET_DIR=../../build/fuzz/cargo \
	  cargo build --locked --quiet --release --target $(FUZZ_TARGET)
	mkdir -p build/fuzz/graphs
	build/fuzz/cargo/$(FUZZ_TARGET)/release/graph_construction -verbosity=0 -print_final_stats=1 -max_len=600 \
	  -max_total_time=$(FUZZ_SECONDS) build/fuzz/graphs

.PHONY: docs
docs: setup  ## the documentation site: site/index.html
	$(BIN)/sphinx-build -q -W --keep-going docs site

# The kernels' level under the sanitizers, beside base: this machine's best unless told otherwise.
LEVEL ?= $(shell $(BIN)/python -c 'from marey import _core; print(_core.best_isa())')

.PHONY: sanitize
sanitize: setup  ## the contract and the operations' tests with the C++ under ASan and UBSan (LEVEL=v3 for another level)
	test -x build/asan/venv/bin/python || $(BIN)/python -m venv --without-pip build/asan/venv
	$(BIN)/python -c 'import sys; print(*(p for p in sys.path if p.endswith("site-packages")), sep="\n")' \
	  > "$$(echo build/asan/venv/lib/python3*/site-packages)/outer.pth"
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --upgrade \
	  -C cmake.define.MAREY_SANITIZE=address,undefined -C cmake.define.MAREY_LEVELS=$(LEVEL) \
	  -C cmake.define.MAREY_CUDA=OFF -C build-dir=build/asan/cmake \
	  --target "$$(echo build/asan/venv/lib/python3*/site-packages)" .
	LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libubsan.so)" \
	  ASAN_OPTIONS=detect_leaks=0 MAREY_KEEP_MB=0 build/asan/venv/bin/python -m pytest -q -p no:cacheprovider -m "not slow" \
	  -n 2 --dist worksteal \
	  tests/contract/test_contract.py tests/ops tests/ecg tests/events tests/waveforms -k "not compile and not Triton and not triton"

.PHONY: bench
bench: setup  ## benchmarks beside their peers, one table (D=scan for one domain)
	$(BIN)/python benchmarks/compare.py $(D)

.PHONY: gpu-check
gpu-check:  ## where a GPU is: build without Rust and network, run every gpu test and benchmark
	$(PYTHON) benchmarks/gpu_check.py

.PHONY: lint
lint: setup  ## formatters, linters, type checkers, stubs against modules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	git ls-files '*.cpp' '*.hpp' '*.cu' '*.cuh' | xargs -r $(BIN)/clang-format --dry-run --Werror
	cd rust && cargo fmt --check
	cd rust && CARGO_TARGET_DIR=../build/cargo PYO3_PYTHON=$(abspath $(BIN)/python) \
	  cargo clippy --locked --quiet --workspace --all-targets -- -D warnings
	$(BIN)/python -m mypy.stubtest marey._core marey._rust --mypy-config-file pyproject.toml \
	  --allowlist tests/stubtest-allowed.txt
	$(BIN)/sphinx-build -q -W --keep-going docs site

.PHONY: format
format: $(VENV)/.deps  ## format every source
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .
	git ls-files '*.cpp' '*.hpp' '*.cu' '*.cuh' | xargs -r $(BIN)/clang-format -i
	cd rust && cargo fmt

.PHONY: clean
clean:  ## remove builds, keep .venv
	rm -rf build dist site run rust/target
