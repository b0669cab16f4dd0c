#!/usr/bin/env bash
# Takes over what runs have found: each corpus anew, as few and as small files as reach the same code, within what a repository should
# hold. Files whose names say what they once found stay.
#
#   bash tests/fuzz/minimise.sh [TARGET…]
set -euo pipefail
cd "$(dirname "$0")"
readonly FILES=290 BYTES=480000
work=$(cd "${CARGO_TARGET_DIR:-../../target}/fuzz" && pwd)
bin=$(find "$work" -maxdepth 2 -type d -name release | head -1)
if (($# == 0)); then set -- $(ls targets | sed 's/\.rs$//'); fi
for target in "$@"; do
    merged=$work/merged/$target
    rm -rf "$merged"
    mkdir -p "$merged" "corpus/$target" "$work/corpus/$target"
    "$bin/$target" -merge=1 -timeout=25 "$merged" "corpus/$target" "$work/corpus/$target" >"$work/$target.merge.log" 2>&1
    find "corpus/$target" -type f ! -name 'found-*' -delete
    # The smallest first, until the corpus is as large as it may be.
    find "$merged" -type f -printf '%s %p\n' | sort -n | head -n "$FILES" | awk -v max="$BYTES" '{ sum += $1; if (sum <= max) print $2 }' |
        xargs -r cp -t "corpus/$target"
    printf '%s: %s files, %s bytes\n' "$target" "$(find "corpus/$target" -type f | wc -l)" "$(du -bs "corpus/$target" | cut -f1)"
done
