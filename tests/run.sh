#!/usr/bin/env bash
# Everything that can be checked, against real peers: bash tests/run.sh
# Builds what is missing into ~/.cache/pointsman (POINTSMAN_TOOLS and CARGO_TARGET_DIR say otherwise), and ends with the
# line "N passed, N failed". `bash tests/run.sh long` lists what takes too long for every day, and runs it where it is named.
set -uo pipefail
cd "$(dirname "$0")/.."

long_list() {
    cat <<'TEXT'
Long campaigns. `bash tests/run.sh long run` runs fuzz, mutate and soak one after the other; `long NAME...` runs those named:
  fuzz     every fuzz target for 10 minutes, three at once: bash tests/fuzz/run.sh 600
  mutate   a defect in each group of rules, which its cases must find: bash tests/mutate.sh
  soak     memory under churn, without scrapers and with them: cargo bench --bench bench -- --soak 600
  bench    all figures, beside the Collector, into tests/bench/RESULTS.md: cargo bench --bench bench -- --all --write
  million  1,000,000 series scraped by real Prometheus servers: POINTSMAN_SERIES=1000000 ... real::million
  frames   1,000,000 hostile HTTP/2 frames of each kind: POINTSMAN_FRAMES=1000000 cargo test --test it limits::http2
Started by hand:
  scrapes while 10,000 views come and change: POINTSMAN_VIEWS=10000 cargo test --test it hostile::views::t20
  longer overload, one part of the bench: cargo bench --bench bench -- --overload 60
  instruction budgets after a change that is meant, or with another compiler:
    cargo run --release -p pointsman-budgets -- --write
  what a watcher of 5,000 nodes costs, for each role (operator, controller, daemon):
    cargo build --release && python3 tests/bench/watchers.py target/release/pointsman daemon
  what one export of a watcher holds with Detailed metrics on and off:
    cargo build --release && python3 tests/bench/watchers.py target/release/pointsman daemon --levels
  what 10,000 agents with sessions cost; how soon 1,000 gates follow kubectl; what a call site costs:
    cargo bench --bench bench -- --agents 10000
    POINTSMAN_PROGRAM=target/release/pointsman POINTSMAN_TOOLS_BIN=$(bash tests/tools/build.sh) \
      cargo test --test it -- --include-ignored --nocapture real::swarm
    cargo test --release -p pointsman-instrument --lib -- --ignored --exact bound::tests::what_a_call_site_costs --nocapture
  1,000 renewals of certificates and authorities under load:
    POINTSMAN_ROTATIONS=1000 cargo test --test it -- --nocapture tls::rotation::certificates_rotate_under_load
  what TLS and access cost, with 10,000 senders and slow sockets; all of it, or one row:
    ulimit -n 20000 && POINTSMAN_TOOLS_BIN=$(bash tests/tools/build.sh) cargo bench --profile dist --bench bench -- --access
    cargo bench --profile dist --bench bench -- --access --only slow
  how soon each screen of the page opens with a million series:
    POINTSMAN_SERIES=1000000 cargo test --lib -- --nocapture first_views_are_quick
  every property with more cases:
    PROPTEST_CASES=100000 cargo test --workspace --lib
TEXT
}

usage() { echo "usage: bash tests/run.sh [long [run | NAME...]]" >&2; exit 2; }
campaigns=()
case "${1-} $#" in
" 0") ;;
"long 1") long_list; exit 0 ;;
"long 2") [ "$2" = run ] && campaigns=(fuzz mutate soak) || campaigns=("$2") ;;
long*) campaigns=("${@:2}") ;;
*) usage ;;
esac
for name in "${campaigns[@]}"; do
    case $name in fuzz | mutate | soak | bench | million | frames) ;; *) usage ;; esac
done

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
    for pair in cc:build-essential git:git flock:util-linux dpkg-deb:dpkg kill:procps curl:curl valgrind:valgrind \
        prlimit:util-linux nproc:coreutils strip:binutils openssl:openssl hexdump:bsdextrautils host:bind9-host chromium:chromium; do
        [ -n "$(type -P "${pair%%:*}")" ] || missing+=("${pair#*:}")
    done
    python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
    if [ ${#missing[@]} -gt 0 ]; then
        [ "$(id -u)" = 0 ] || { echo "install these first: ${missing[*]}"; return 1; }
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" || return 1
    fi
    for tool in cargo go python3 node npm; do
        command -v "$tool" >/dev/null || { echo "$tool is missing: Rust 1.95, Go 1.26, Python 3.11 and Node.js 20 are needed"; return 1; }
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

million() {
    cargo build --release --quiet --bin pointsman && POINTSMAN_SERIES=1000000 POINTSMAN_PROGRAM=$CARGO_TARGET_DIR/release/pointsman \
        cargo test --test it -- --include-ignored --nocapture real::million
}

# Runs the campaigns that were named, each whatever became of the one before, and ends with what became of them.
long_run() {
    local name status summary=""
    for name in "${campaigns[@]}"; do
        status=0
        case $name in
        fuzz) step fuzz bash tests/fuzz/run.sh 600 || status=$? ;;
        mutate) step mutate bash tests/mutate.sh || status=$? ;;
        soak) step soak cargo bench --bench bench -- --soak 600 || status=$? ;;
        bench) step bench cargo bench --bench bench -- --all --write || status=$? ;;
        million) step million million || status=$? ;;
        frames) step frames env POINTSMAN_FRAMES=1000000 cargo test --test it limits::http2 || status=$? ;;
        esac
        # A name that no test has is no success.
        case $name in million | frames) grep -qE '^test result: ok\. [1-9]' "$work/out" || status=1 ;; esac
        if [ "$status" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
        summary+=$(printf '%-8s %s' "$name" "$([ "$status" = 0 ] && echo fine || echo "FAILED ($status)")")$'\n'
    done
    printf '\n%s' "$summary"
    finish
}

step "what is needed" needs || { failed=$((failed + 1)); finish; }
[ ${#campaigns[@]} != 0 ] || check "formatting" cargo fmt --all --check
step "real peers" build_tools || { failed=$((failed + 1)); finish; }
POINTSMAN_TOOLS_BIN=$(tail -n 1 "$work/tools")
export POINTSMAN_TOOLS_BIN
[ ${#campaigns[@]} = 0 ] || long_run
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
