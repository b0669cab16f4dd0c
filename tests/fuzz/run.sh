#!/usr/bin/env bash
# Fuzzes the targets: builds all of them with the nightly compiler, runs each for SECONDS (default 600) over its committed corpus, and
# prints a table. Exit 1 when anything was found; the inputs are then under the build folder, `artifacts/TARGET`.
#
#   bash tests/fuzz/run.sh [SECONDS] [TARGET…]      FUZZ_JOBS=3 at once; FUZZ_KEEP=1 leaves the grown corpora for `minimise.sh`
set -euo pipefail
cd "$(dirname "$0")"
readonly VERSION=0.13.2
seconds=600
if [[ ${1:-} =~ ^[0-9]+$ ]]; then seconds=$1; shift; fi

# The tool is kept outside of the repository; where it is missing it is installed, or this fails.
tools=${XDG_CACHE_HOME:-$HOME/.cache}/pointsman/tools/cargo-fuzz
if [[ ! -x $tools/bin/cargo-fuzz ]]; then
    cargo install --quiet --locked --version "$VERSION" --root "$tools" cargo-fuzz
fi
export PATH=$tools/bin:$PATH RUSTUP_TOOLCHAIN=${FUZZ_TOOLCHAIN:-nightly}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-../../target}/fuzz
mkdir -p "$CARGO_TARGET_DIR"
work=$(cd "$CARGO_TARGET_DIR" && pwd)

# No sanitizer: everything of ours is safe Rust. Debug assertions and overflow checks are on.
cargo fuzz build --fuzz-dir . --sanitizer none
bin=$(find "$work" -maxdepth 2 -type d -name release | head -1)
mapfile -t targets < <(if (($#)); then printf '%s\n' "$@"; else cargo fuzz list --fuzz-dir .; fi)

# One target: new inputs go to the build folder, so that a run changes nothing that is committed.
run() {
    local target=$1 grown=$work/corpus/$1 artifacts=$work/artifacts/$1
    mkdir -p "$grown" "$artifacts"
    local words=()
    if [[ -f words/$target.dict ]]; then words=("-dict=words/$target.dict"); fi
    nice -n 19 "$bin/$target" "${words[@]}" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$artifacts/" "$grown" "corpus/$target" >"$work/$target.log" 2>&1 || echo "failed: exit $?" >>"$work/$target.log"
}
export -f run
export work bin seconds
printf '%s\n' "${targets[@]}" | xargs -P "${FUZZ_JOBS:-3}" -I{} bash -c 'run "$1"' _ {}

found=0
printf '| target | executions | corpus | crashes |\n| --- | --- | --- | --- |\n'
for target in "${targets[@]}"; do
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$target.log")
    files=$(find "corpus/$target" -type f | wc -l)
    # A log without its end is a run that did not end well, whatever it left behind.
    crashes=$(find "$work/artifacts/$target" -type f | wc -l)
    if grep -q '^failed' "$work/$target.log" || [[ -z $executions ]]; then crashes=$((crashes > 0 ? crashes : 1)); fi
    printf '| %s | %s | %s | %s |\n' "$target" "${executions:-0}" "$files" "$crashes"
    found=$((found + crashes))
done
((found == 0))
