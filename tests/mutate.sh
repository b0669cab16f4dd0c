#!/usr/bin/env bash
# Deliberate defects, one at a time: bash tests/mutate.sh [GROUP...]
# Puts every row of tests/data/mutations.tsv (of these groups) into a copy of the sources, each asleep until it is named
# in MUTANT, builds the test binary once, and wakes one after the other. Each must make a case of its own group of rules
# fail, or a test that such a case names. Prints `group mutation -> failing cases`; fails if a defect lives, a row no
# longer applies, or the copy fails with all of them asleep.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf - -T - 2>/dev/null | tar -xf - -C "$work"

python3 - "$work" "$@" <<'PY'
import pathlib, sys
work, groups = pathlib.Path(sys.argv[1]), sys.argv[2:]
rows = [line.split("\t") for line in pathlib.Path("tests/data/mutations.tsv").read_text().splitlines()[1:]]
every = {row.split("\t")[0].split("-")[0] for row in pathlib.Path("tests/data/conformance/RULES.tsv").read_text().splitlines()[1:]}
if missing := every - {row[0] for row in rows}:
    sys.exit(f"no mutation for the rules {sorted(missing)}")
if unknown := set(groups) - every:
    sys.exit(f"no such rules: {sorted(unknown)}")
listed = []
for number, (group, file, old, new, why) in enumerate(rows, 1):
    if groups and group not in groups:
        continue
    path = work / file
    text = path.read_text()
    if text.count(old) != 1:
        sys.exit(f"{group} {number}: {old!r} stands {text.count(old)} times in {file}")
    wakes = f'std::env::var_os("MUTANT").is_some_and(|it| it == "{number}")'
    path.write_text(text.replace(old, f"(if {wakes} {{ {new} }} else {{ {old} }})"))
    listed.append(f"{number}\t{group}\t{why}")
rounds = work / "tests/it/conformance.rs"
rounds.write_text(rounds.read_text().replace("const ROUNDS: u64 = 20;", "const ROUNDS: u64 = 2;"))  # each row runs all of it
(work / "mutants").write_text("\n".join(listed) + "\n")
PY

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$HOME/.cache/pointsman/target} CARGO_PROFILE_DEV_DEBUG=0
export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost
(cd "$work" && cargo test --quiet --test it --no-run --message-format=json 2>"$work/build" ||
    { cat "$work/build" >&2; exit 1; }) | python3 -c '
import json, sys
built = [json.loads(line) for line in sys.stdin if line.startswith("{")]
built = {(it["target"]["name"], it["profile"]["test"]): it["executable"] for it in built if it.get("executable")}
print(built["it", True], built["pointsman", False])
' >"$work/binaries"
read -r tests program <"$work/binaries"
# Other builds in the same folder must not replace them meanwhile.
cp "$tests" "$work/it" && cp "$program" "$work/pointsman"
export POINTSMAN_PROGRAM=$work/pointsman
cases=$work/tests/data/conformance

# The cases of a group of rules, and the tests that they name.
cases_of() { (cd "$cases" && grep -lE "^rules:.*\b$1-[0-9]" ./*/case.yaml | cut -d/ -f2); }
tests_of() { (cd "$cases" && sed -n 's/^test: //p' $(cases_of "$1" | sed 's|$|/case.yaml|')); }

# run TEST...: runs tests of the copy, and keeps what they say.
run() {
    (cd "$work" && timeout 900 ./it "$@" >"$work/log" 2>&1) || true
    grep -q '^test result:' "$work/log" || { echo "the tests did not end:" >&2; tail -5 "$work/log" >&2; exit 1; }
}

# failing GROUP: which of its cases fail now. The tests that cases name run only if all that is data holds.
failing() {
    local case named data=(conformance::every_case_gives)
    [[ $1 != R[GHJVC] ]] || data+=(conformance::every_request_gets)
    run "${data[@]}"
    for case in $(cases_of "$1"); do
        ! grep -qE "^$case(:| \(seed)" "$work/log" || echo "$case"
    done | grep . && return
    mapfile -t named < <(tests_of "$1")
    [ ${#named[@]} -gt 0 ] || return 0
    run "${named[@]}"
    for case in $(cases_of "$1"); do
        named=$(sed -n 's/^test: //p' "$cases/$case/case.yaml")
        [ -z "$named" ] || ! grep -qE "^test .*\b$named \.\.\. FAILED" "$work/log" || echo "$case"
    done
}

fault=0
asleep=$(for group in $(cut -f2 "$work/mutants" | sort -u); do failing "$group"; done)
[ -z "$asleep" ] || { echo "these fail with every defect asleep: $asleep"; fault=1; }
while IFS=$'\t' read -r number group why; do
    found=$(export MUTANT=$number; failing "$group" | paste -sd' ')
    echo "$group $number $why -> ${found:-NONE: THE DEFECT LIVES}"
    [ -n "$found" ] || fault=1
done <"$work/mutants"
exit $fault
