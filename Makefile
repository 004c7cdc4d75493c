# The two commands of the README are `run` and `test`. Each installs what it needs; nothing is installed twice.

export LANNER_CACHE ?= $(HOME)/.cache/lanner
CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TARGET_DIR
# What counts instructions, where scripts/setup.sh puts it.
export GUNGRAUN_RUNNER ?= $(LANNER_CACHE)/bin/gungraun-runner

# Tests against real parts: each file or folder here is one.
# Building Kubernetes takes minutes, so that its test is asked for by name.
REAL := $(addprefix --test ,$(filter-out kubernetes,$(basename $(notdir $(wildcard integration-tests/tests/*)))))

.NOTPARALLEL:
.PHONY: run build test test-crash test-k8s test-kernels check unit integration bench fuzz bless clean

run: build
	@exec "$(CARGO_TARGET_DIR)/release/lanner" $(ARGS)

build:
	@scripts/setup.sh build
	cargo build --release --bin lanner

# Formatting, lints, and every test. All of it selects the whole workspace: fewer packages would want their
# dependencies with other features, and build them again.
test:
	@scripts/setup.sh build test
	@$(MAKE) --no-print-directory check unit integration

check:
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets -- -D warnings

# All that needs no server and no container.
unit:
	cargo test --workspace --exclude lanner-integration-tests

# Real servers, real containers, the real kernel: one test at a time, since each starts its own.
integration:
	cargo test --quiet --workspace --no-run
	LANNER_BIN="$(CARGO_TARGET_DIR)/debug/lanner" cargo test --workspace $(REAL) -- --test-threads=1

# Kills it at hundreds of random moments; `CRASH_SEED`, which is printed, has the same ones come again.
test-crash: export CRASH_RUNS ?= 300
test-crash:
	@scripts/setup.sh build test
	cargo test --workspace --test crash -- --nocapture

# A shell in a pod, by a real API server; building Kubernetes takes minutes, the first time.
test-k8s:
	@scripts/setup.sh build test kubernetes
	cargo build --workspace --bin lanner
	LANNER_BIN="$(CARGO_TARGET_DIR)/debug/lanner" cargo test --workspace --test kubernetes -- --nocapture

# The live source's tests on other kernels, under QEMU: the kernels of Debian's releases, by the beginnings of their versions.
KERNELS ?= 6.1 6.12 7
test-kernels:
	@scripts/setup.sh build kernels
	@scripts/kernels.sh $(KERNELS)

# The rule engine by itself, in time and in instructions; then all of it on a machine that works.
bench:
	@scripts/setup.sh build bench
	cargo bench -p lanner-rules
	cargo build --release --bin lanner
	LANNER_BIN="$(CARGO_TARGET_DIR)/release/lanner" cargo bench --workspace --bench cost

# Each parser on whatever the fuzzer makes up, for so many seconds each.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
fuzz:
	@scripts/setup.sh build fuzz
	@for target in $(FUZZ_TARGETS); do \
	    mkdir -p fuzz/corpus/$$target && echo "fuzzing $$target for $(FUZZ_SECONDS) s" && \
	    RUSTUP_TOOLCHAIN=nightly "$(LANNER_CACHE)/bin/cargo-fuzz" fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	        -dict=fuzz/dictionary -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	        -print_final_stats=1 || exit 1; \
	done

# Writes the pages of docs/ and the snapshots again.
bless:
	LANNER_BLESS=1 cargo test -p lanner-event -p lanner-config -p lanner-outputs

clean:
	cargo clean
