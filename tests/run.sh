#!/usr/bin/env bash
# Everything that can be checked, against real peers: bash tests/run.sh
# Builds what is missing into ~/.cache/pointsman (POINTSMAN_TOOLS and CARGO_TARGET_DIR say otherwise), and ends with the
# line "N passed, N failed". `bash tests/run.sh long` lists what takes too long for every day.
set -uo pipefail
cd "$(dirname "$0")/.."

if [ "${1-}" = long ]; then
    cat <<'TEXT'
Long campaigns, each started by hand:
  the bench beside the Collector, which writes tests/bench/RESULTS.md:
    POINTSMAN_TOOLS_BIN=$(bash tests/tools/build.sh collector) cargo bench --bench bench -- \
      --series 10000,100000 --protocols grpc,http --peers pointsman,collector --rounds 4 --cpu-seconds 5 --write
  what a watcher of 5,000 nodes costs, for each role (operator, controller, daemon):
    cargo build --release && python3 tests/bench/watchers.py target/release/pointsman daemon
  what one export of a watcher holds with Detailed metrics on and off:
    cargo build --release && python3 tests/bench/watchers.py target/release/pointsman daemon --levels
  what 10,000 agents with sessions cost; how soon 1,000 gates follow kubectl; what a call site costs:
    cargo bench --bench bench -- --agents 10000
    POINTSMAN_PROGRAM=target/release/pointsman POINTSMAN_TOOLS_BIN=$(bash tests/tools/build.sh) \
      cargo test --test it -- --include-ignored --nocapture real::swarm
    cargo test --release -p pointsman-instrument --lib -- --ignored --exact bound::tests::what_a_call_site_costs --nocapture
  every property with more cases:
    PROPTEST_CASES=100000 cargo test --workspace --lib
TEXT
    exit 0
fi
[ $# = 0 ] || { echo "usage: bash tests/run.sh [long]" >&2; exit 2; }

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${POINTSMAN_TARGET:-$HOME/.cache/pointsman/target}}
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
# Senders must reach loopback whatever proxy the registries need.
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
# Property tests draw the same cases every day, so that a red run is about the change; another number draws others.
export PROPTEST_RNG_SEED=${PROPTEST_RNG_SEED:-20261122}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# step NAME COMMAND...: shows and keeps the output; a failing step counts once, and the run goes on.
step() {
    local name=$1 started=$SECONDS status
    shift
    printf '\n==== %s  (%d s since start)\n' "$name" "$SECONDS"
    "$@" 2>&1 | tee "$work/out"
    status=${PIPESTATUS[0]}
    printf -- '---- %s: %s in %d s\n' "$name" "$([ "$status" = 0 ] && echo fine || echo "FAILED ($status)")" $((SECONDS - started))
    return "$status"
}

check() { step "$@" || failed=$((failed + 1)); }

# tests NAME COMMAND...: adds up the "test result" lines; a run that fails without naming a failed test counts as one.
tests() {
    local status=0 p f
    step "$@" || status=$?
    p=$(awk '/^test result:/ {n += $4} END {print n + 0}' "$work/out")
    f=$(awk '/^test result:/ {n += $6} END {print n + 0}' "$work/out")
    [ "$status" != 0 ] && [ "$f" = 0 ] && f=1
    passed=$((passed + p)) failed=$((failed + f))
}

finish() {
    printf '\n%s passed, %s failed\n' "$passed" "$failed"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
    exit
}

# What the scripts and builds call, and the Debian package that has it.
needs() {
    local missing=() pair
    for pair in cc:build-essential git:git flock:util-linux dpkg-deb:dpkg kill:procps curl:curl valgrind:valgrind; do
        [ -n "$(type -P "${pair%%:*}")" ] || missing+=("${pair#*:}")
    done
    python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
    if [ ${#missing[@]} -gt 0 ]; then
        [ "$(id -u)" = 0 ] || { echo "install these first: ${missing[*]}"; return 1; }
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" || return 1
    fi
    for tool in cargo go python3; do
        command -v "$tool" >/dev/null || { echo "$tool is missing: Rust 1.95, Go 1.26 and Python 3.11 are needed"; return 1; }
    done
    cargo --version && go version && python3 --version
}

build_tools() {
    bash tests/tools/build.sh >"$work/tools" || return 1
    tail -n 1 "$work/tools"
}

# Every test that is ignored by default has to have run, by name.
all_real_ran() {
    local missing
    grep -E '^real::.*: test$' "$work/real" | sed 's/: test$//' | sort >"$work/want"
    grep -E '^test real::.* \.\.\. (ok|FAILED)' "$work/it" | awk '{print $2}' | sort >"$work/ran"
    missing=$(comm -23 "$work/want" "$work/ran")
    echo "$(wc -l <"$work/want") tests need a real peer, $(wc -l <"$work/ran") ran"
    [ -s "$work/want" ] && [ -z "$missing" ] || { echo "not run: $missing"; return 1; }
}

step "what is needed" needs || { failed=$((failed + 1)); finish; }
check "formatting" cargo fmt --all --check
step "real peers" build_tools || { failed=$((failed + 1)); finish; }
POINTSMAN_TOOLS_BIN=$(tail -n 1 "$work/tools")
export POINTSMAN_TOOLS_BIN
check "clippy" cargo clippy --workspace --all-targets --quiet -- -D warnings
# Whatever a test renders or scrapes from here on is kept for the judges.
export POINTSMAN_JUDGE_DIR=$work/scrapes
mkdir -p "$POINTSMAN_JUDGE_DIR"
tests "unit tests" cargo test --workspace --lib --bins
tests "documentation tests" cargo test --workspace --doc
check "the example operator builds" cargo build --quiet --example operator
check "instruction budgets" cargo run --release --quiet -p pointsman-budgets
tests "whole-process tests, with real peers" timeout 2400 cargo test --test it -- --include-ignored
cp "$work/out" "$work/it"
cargo test --quiet --test it -- --ignored --list >"$work/real" 2>/dev/null
check "every test with a real peer ran" all_real_ran
check "the judges refuse what is wrong" "$POINTSMAN_TOOLS_BIN/python" tests/tools/judge/judge.py --self-test
check "the judges read every scrape" "$POINTSMAN_TOOLS_BIN/python" tests/tools/judge/judge.py "$POINTSMAN_JUDGE_DIR"
finish
