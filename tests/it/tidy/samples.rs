//! Every rule against samples that break it and samples that do not.
//! A rule that cannot fail holds nothing.

use super::{Breach, OF_A_SOURCE, documents, tree::Source, versions, words};
use expect_test::{Expect, expect};
use std::fmt::Write;

fn text_of(breaches: impl IntoIterator<Item = Breach>) -> String {
    breaches.into_iter().fold(String::new(), |mut text, breach| {
        writeln!(text, "{breach}").expect("a string takes all");
        text
    })
}

const HEAD: &str = "//! What it is for.\n//! What it must not know.\n";

/// One source at `path`, judged by every rule that looks at one.
fn check(path: &str, code: &str, want: Expect) {
    let (crate_name, below) = match path.strip_prefix("src/").expect("a path of ours").split_once('/') {
        Some(("core", rest)) => ("pointsman_core", rest.to_owned()),
        Some(("instrument", rest)) => ("pointsman_instrument", rest.to_owned()),
        _ => ("pointsman", path.replacen("src/", "", 1)),
    };
    let module = below.trim_end_matches(".rs").split('/').filter(|name| *name != "lib").map(str::to_owned).collect();
    let is_test = path.ends_with("tests.rs");
    let source = Source::parse(path.to_owned(), format!("{HEAD}{code}"), module, is_test, crate_name);
    want.assert_eq(&text_of(OF_A_SOURCE.iter().flat_map(|rule| rule(&source))));
}

/// Scenario: functions and files at and over their sizes. Guarantees: the limit itself is fine, one more is not; `self`
/// and comments do not count.
#[test]
fn sizes_are_held_to_the_line() {
    let function = |lines: usize| format!("fn long() {{\n{}}}\n", "    step();\n".repeat(lines - 2));
    check("src/web.rs", &function(70), expect![""]);
    check(
        "src/web.rs",
        &function(71),
        expect![[r#"
        src/web.rs:3: FunctionLength: `long` has 71 lines, at most 70: split it by what it does
    "#]],
    );
    check(
        "src/web.rs",
        "fn f(a: A, b: A, c: A, d: A, e: A) {}\nimpl A { fn g(&self, a: A, b: A, c: A, d: A, e: A) {} }",
        expect![""],
    );
    check(
        "src/web.rs",
        "trait T { fn f(&self, a: A, b: A, c: A, d: A, e: A, f: A); }",
        expect![[r#"
        src/web.rs:3: Parameters: `f` has 6 parameters, at most 5: put what belongs together into a struct
    "#]],
    );
    check("src/web.rs", &"const A: u8 = 1;\n\n// why\n".repeat(500), expect![""]);
    check(
        "src/web.rs",
        &"const A: u8 = 1;\n".repeat(501),
        expect![[r#"
        src/web.rs:1: FileLength: 501 lines of code, at most 500: move a part that has a name of its own
    "#]],
    );
}

/// Scenario: heads, names and imports. Guarantees: two to six lines of `//!`, no `mod.rs`, no glob, also in tests.
#[test]
fn heads_names_and_imports_are_held() {
    check("src/web.rs", "//!\n//!\n//!\n//!\n", expect![""]);
    check(
        "src/web.rs",
        "//!\n//!\n//!\n//!\n//!\n",
        expect![[r#"
        src/web.rs:1: Head: open with 2 to 6 lines of `//!`, not 7: what the file is for, what it must not know
    "#]],
    );
    check(
        "src/web/mod.rs",
        "",
        expect![[r#"
        src/web/mod.rs:1: ModRs: call it `foo.rs` beside the folder `foo`
    "#]],
    );
    check(
        "src/web/tests.rs",
        "use super::*;\nuse std::{fmt::*, io};",
        expect![[r#"
        src/web/tests.rs:3: Glob: name what is imported, also in tests
        src/web/tests.rs:4: Glob: name what is imported, also in tests
    "#]],
    );
}

/// Scenario: modules that reach for what they may and may not know, by `use`, in code, in types, in macros and by way of
/// `super`. Guarantees: the table of the layout holds, whatever way is taken; tests and oneself are left alone.
#[test]
fn directions_hold_whatever_way_is_taken() {
    check(
        "src/traces/queue.rs",
        "use crate::traces::stats::Stats;\nuse super::target;\nuse pointsman_core::limits::A;\nuse tonic::Status;",
        expect![""],
    );
    check(
        "src/traces/queue.rs",
        "use crate::{ingest::Ingest, traces::A};\nuse super::super::app;\nfn f() -> axum::Router { kube::client() }",
        expect![[r#"
        src/traces/queue.rs:3: Direction: `traces` must not know `ingest`: take a value, a closure or a channel end from `app`
        src/traces/queue.rs:4: Direction: `traces` must not know `app`: take a value, a closure or a channel end from `app`
        src/traces/queue.rs:5: Direction: `traces` must not know `axum`: take a value, a closure or a channel end from `app`
        src/traces/queue.rs:5: Direction: `traces` must not know `kube`: take a value, a closure or a channel end from `app`
    "#]],
    );
    check(
        "src/core/state/store.rs",
        "use crate::{limits, model::A, view::plan::Plan};\nuse crate::expose::names;",
        expect![[r#"
        src/core/state/store.rs:4: Direction: `core/state` must not know `core/expose`: take a value, a closure or a channel end from `app`
    "#]],
    );
    check(
        "src/core/model/clock.rs",
        "fn f() { assert!(a, crate::state::B); tokio::select! {} }",
        expect![[r#"
        src/core/model/clock.rs:3: Direction: `core/model` must not know `core/state`: take a value, a closure or a channel end from `app`
        src/core/model/clock.rs:3: Direction: `core/model` must not know `tokio`: take a value, a closure or a channel end from `app`
    "#]],
    );
    check(
        "src/instrument/export.rs",
        "use pointsman_core::limits;",
        expect![[r#"
        src/instrument/export.rs:3: Direction: `instrument` must not know `core/limits`: take a value, a closure or a channel end from `app`
    "#]],
    );
    check("src/app/serve.rs", "use crate::{config, ingest};\nuse pointsman_core::state;", expect![""]);
    check("src/web/tests.rs", "use crate::{ingest, traces};", expect![""]);
    check(
        "src/novel.rs",
        "",
        expect![[r#"
        src/novel.rs:1: Direction: say in `directions.rs` whom `novel` may know
    "#]],
    );
}

/// Scenario: clocks, tasks and random numbers where they belong and where they do not. Guarantees: each has its place.
#[test]
fn time_tasks_and_chance_have_a_place_each() {
    let code = "fn f() { std::time::Instant::now(); tokio::spawn(g()); getrandom::u64(); info!(at = SystemTime::now()); }";
    check(
        "src/app/run.rs",
        code,
        expect![[r#"
        src/app/run.rs:3: Clock: take `now` as an argument; only app/clock.rs reads time
        src/app/run.rs:3: Clock: take `now` as an argument; only app/clock.rs reads time
        src/app/run.rs:3: Spawn: return the future, or hand it to app/tasks.rs, which owns every task and waits for it
        src/app/run.rs:3: Randomness: take a seed or a random number as an argument; only app/surroundings.rs makes them
    "#]],
    );
    check("src/app/clock.rs", "fn f() { Instant::now(); SystemTime::now(); }", expect![""]);
    check("src/app/tasks.rs", "fn f() { tokio::spawn(g()); tokio::task::spawn_blocking(h); }", expect![""]);
    check("src/app/surroundings.rs", "fn f() { getrandom::u64(); }", expect![""]);
}

/// Scenario: comments that leave work open, in any language. Guarantees: one kind never passes, the other only with a link.
#[test]
fn open_ends_are_found() {
    let (fix, later) = (concat!("FIX", "ME"), concat!("TO", "DO"));
    let text = format!("// {fix}: x\n# {later} y\n// {later}(https://example.com/issues/1): z\n{later}S and PRE{fix}\n");
    expect![[r#"
        a.sh:1: OpenEnd: mend it now, or write LATER(link to an issue)
        a.sh:2: OpenEnd: mend it now, or write LATER(link to an issue)
    "#]]
    .assert_eq(&text_of(words::open_ends_of("a.sh", &text)).replace(later, "LATER"));
}

/// Scenario: generated files with and without their mark, and a mark where nothing is generated. Guarantees: both are found.
#[test]
fn generated_files_say_so() {
    let cases = [
        ("otel/METRICS.md", "<!-- DO NOT EDIT: by a test -->\n"),
        ("otel/METRICS.md", "# Metrics\n"),
        ("src/web.rs", "// DO NOT EDIT: by hand\n"),
        ("src/web.rs", "//! Text that says DO NOT EDIT later.\n"),
    ];
    expect![[r#"
        otel/METRICS.md:1: Generated: head it with DO NOT EDIT and what renders it
        src/web.rs:1: Generated: compare it with what renders it in a test, and list it in `words.rs`
    "#]]
    .assert_eq(&text_of(cases.iter().filter_map(|(path, text)| words::generated_head_of(path, text))));
}

/// Scenario: links and commands, good and bad, within fences and code and without. Guarantees: only what a reader would
/// follow is held; each bad one is found at its line.
#[test]
fn documents_promise_only_what_exists() {
    let text = "\
[here](Cargo.toml) [there](src/README.md#code-map) [away](https://example.com/none#x)\n\
[gone](docs/gone.md) and `[code](nowhere)`\n\
```sh\n\
[fenced](nowhere)\n\
cargo run --release -- demo --speed 60 # --comment\n\
$ pointsman serve --listen=127.0.0.1:0 --nothing\n\
pointsman fly\n\
bash tests/none.sh\n\
pointsman --help\n\
```\n\
```text\n\
pointsman fly\n\
```\n\
[above](#a-code-of-x-1) [twice](#a-code-of-x-2) [no heading](src/README.md#x)\n\
## A `code` of [x](src/README.md)!\n\
## A code of x\n";
    let mut help = |verb: &str| match verb {
        "demo" => Some("  --speed N   pace".to_owned()),
        "serve" => Some("  --listen <ADDR>  the read side\n --nothing-else".to_owned()),
        _ => None,
    };
    let breaches = [documents::links("README.md", text), documents::commands("README.md", text, &mut help)].concat();
    expect![[r#"
        README.md:2: Link: `docs/gone.md` leads nowhere: mend the link
        README.md:14: Link: `#a-code-of-x-2` leads to no heading: mend the anchor
        README.md:14: Link: `src/README.md#x` leads to no heading: mend the anchor
        README.md:6: Command: `pointsman serve` has no --nothing
        README.md:7: Command: there is no `pointsman fly`
        README.md:8: Command: there is no script tests/none.sh
    "#]]
    .assert_eq(&text_of(breaches));
}

/// Scenario: a lock file with a version just below and at its floor, and with a crate that stays out. Guarantees: numbers
/// are compared as numbers.
#[test]
fn versions_are_held_to_their_floors() {
    let package = |name: &str, version: &str| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\n");
    let lock = [
        ("h2", "0.4.9"),
        ("h2", "0.4.16"),
        ("tokio", "1.44.2"),
        ("rustls", "0.23.5-beta.1"),
        ("ring", "0.17.14"),
        ("serde", "0.0.1"),
    ];
    let lock: String = lock.iter().map(|(name, version)| package(name, version)).collect();
    expect![[r#"
        Cargo.lock:2: Version: h2 0.4.9 has a known hole: at least 0.4.16
        Cargo.lock:14: Version: rustls 0.23.5-beta.1 has a known hole: at least 0.23.18
        Cargo.lock:18: Version: ring is unmaintained or unsound: find who brings it (cargo tree -i ring)
    "#]]
    .assert_eq(&text_of(versions::check_lock(&lock)));
}
