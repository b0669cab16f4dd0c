//! The file as it may be found: written by us, by another version, cut, grown, changed.

use super::{Cache, FILE, sha256};
use crate::views::tables::Tables;
use expect_test::{Expect, expect};
use std::{collections::BTreeSet, fs};

/// What is said of a file with this text.
fn check(text: Option<&str>, want: Expect) {
    let dir = tempfile::Builder::new().suffix(".dir").tempdir().expect("a temporary folder");
    if let Some(text) = text {
        fs::write(dir.path().join(FILE), text).expect("the folder is ours");
    }
    let (cache, saved) = Cache::open(Some(dir.path()));
    let fault =
        cache.fault().map(|fault| fault.message.rsplit_once(".dir/").map_or(&*fault.message, |(_, rest)| rest).to_owned());
    let (refused, generation) = (cache.health().refused(), cache.generation);
    let saved = if saved.is_some() { "used" } else { "not used" };
    want.assert_eq(&format!("{saved}, generation {generation}, {refused} refused, {}", fault.unwrap_or_default()));
}

fn empty() -> String {
    serde_json::to_string(&Tables::new(BTreeSet::new()).save()).expect("plain data")
}

fn file(format: u32, sum_of: &str, body: &str) -> String {
    format!("{{\"format\":{format},\"generation\":7,\"sha256\":\"{}\"}}\n{body}\n", sha256(sum_of.as_bytes()))
}

/// Scenario: no file, and a good one. Guarantees: neither is a fault.
#[test]
fn a_good_file_is_used() {
    check(None, expect!["not used, generation 0, 0 refused, "]);
    check(Some(&file(1, &empty(), &empty())), expect!["used, generation 7, 0 refused, "]);
}

/// Scenario: files that are empty, cut, changed, of another format, or well made but of another content. Guarantees: each
/// is refused, counted and told.
#[test]
fn what_is_not_whole_is_refused() {
    check(Some(""), expect!["not used, generation 0, 1 refused, views-cache.json: it is damaged: it has no head"]);
    check(
        Some("{\"format\":1}\n"),
        expect![
            "not used, generation 0, 1 refused, views-cache.json: it is damaged: missing field `generation` at line 1 column 12"
        ],
    );
    check(
        Some("garbage\n{}\n"),
        expect!["not used, generation 0, 1 refused, views-cache.json: it is damaged: expected value at line 1 column 1"],
    );
    let whole = file(1, &empty(), &empty());
    check(
        whole.get(..whole.len() - 9),
        expect!["not used, generation 0, 1 refused, views-cache.json: it is damaged: the checksum does not fit"],
    );
    check(
        Some(&file(1, &empty(), "{}")),
        expect!["not used, generation 0, 1 refused, views-cache.json: it is damaged: the checksum does not fit"],
    );
    check(
        Some(&file(2, &empty(), &empty())),
        expect!["not used, generation 0, 1 refused, views-cache.json: its format 2 is not known"],
    );
    check(
        Some(&file(1, "{}", "{}")),
        expect!["not used, generation 0, 1 refused, views-cache.json: it is damaged: missing field `views` at line 1 column 2"],
    );
}

/// Scenario: the same is written twice, then read by the next process. Guarantees: the disk is touched once; generations go
/// on.
#[test]
fn what_did_not_change_is_not_written_again() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let saved = Tables::new(BTreeSet::new()).save();
    let (mut cache, _) = Cache::open(Some(dir.path()));
    cache.write(&saved);
    cache.write(&saved);
    assert_eq!((cache.health().written(), cache.generation), (1, 1));
    let (mut next, read) = Cache::open(Some(dir.path()));
    next.write(&read.expect("it was written"));
    assert_eq!((next.health().written(), next.generation), (0, 1));
}
