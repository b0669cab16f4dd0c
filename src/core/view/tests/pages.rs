//! The examples of the pages are run: the wrong one raises exactly its code, the right one nothing.

use crate::{
    fault::{
        Fault, Source,
        code::{Code, TABLE},
        pages::page,
    },
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Kind},
    },
    view::{
        facts::{Consumer, Facts, Read},
        lint,
        pattern::Pattern,
        plan::ViewSet,
        read::{Known, Object, text},
        report::Seen,
    },
};
use std::{collections::BTreeSet, fs, path::Path, sync::Arc};

const NOW: Wall = Wall::from_secs(1_767_261_600);

/// A cluster in which an alert reads a gauge and sums it by a label.
fn facts() -> Arc<Facts> {
    let read = Read { metric: Pattern::new("backlog_age"), labels: ["queue_name".into()].into(), since: None };
    let consumer = Consumer {
        kind: "PrometheusRule".into(),
        namespace: "default".into(),
        name: "queues".into(),
        entry: "alert BacklogOld".into(),
        reads: vec![read],
    };
    Arc::new(Facts { consumers: vec![Arc::new(consumer)], ..Facts::default() })
}

/// Every fault of a text: while reading it, of its objects together, and beside components that are there.
fn faults(yaml: &str, facts: Arc<Facts>) -> Vec<Fault> {
    let source = Arc::new(Source { name: "page.md".into(), text: yaml.into() });
    let mut faults = Vec::new();
    let (mut views, mut catalogues) = (Vec::new(), Vec::new());
    for read in text(&source, &Known { first_seen: &|_, _| NOW, namespace: "default" }) {
        faults.extend(read.faults);
        match read.object {
            Some(Object::View(view)) => views.push(view),
            Some(Object::Catalogue(catalogue)) => catalogues.push(catalogue),
            None => {}
        }
    }
    faults.extend(lint::views(&views, &catalogues));
    let component = |namespace: &str| ComponentKey { namespace: namespace.into(), workload: None, service: "checkout".into() };
    let stuck = Instrument { scope: "".into(), name: "backlog.age".into(), kind: Kind::Gauge, unit: "".into() };
    let seen: Vec<Seen> =
        ["default", "payments"].iter().map(|ns| Seen { component: component(ns), instruments: vec![stuck.clone()] }).collect();
    faults
        .extend(ViewSet::compile_with(views, catalogues, facts).reports(&seen, NOW).into_iter().flat_map(|report| report.faults));
    faults
}

/// The fenced blocks of a page, in order: (language, text).
fn fences(page: &str) -> Vec<(&str, &str)> {
    page.split("```").skip(1).step_by(2).filter_map(|block| block.split_once('\n')).collect()
}

/// Scenario: the page of every code. Guarantees: it is headed by its code, has a wrong and a right example and says why; the wrong
/// example of what a view can get wrong raises this code and no other, the right one raises none.
#[test]
fn every_page_shows_what_it_says() {
    for entry in &TABLE {
        let (id, page) = (entry.code.id(), page(entry.code));
        assert!(page.starts_with(&format!("# {id}: ")), "{id}");
        let parts = ["## Wrong", "## Right", "## Why"].map(|part| page.find(part).expect("the page has this part"));
        assert!(parts.is_sorted(), "{id}");
        let fences = fences(page);
        let [(wrong_language, wrong), (right_language, right)] = fences.as_slice() else { panic!("{id}: two examples") };
        assert_eq!(wrong_language, right_language, "{id}");
        if *wrong_language != "yaml" {
            assert!(entry.number >= 500, "{id}: the example of a view is YAML");
            continue;
        }
        let cluster = || if (401..=402).contains(&entry.number) { facts() } else { Arc::default() };
        let codes: BTreeSet<Code> = faults(wrong, cluster()).into_iter().map(|fault| fault.code).collect();
        assert_eq!(codes, BTreeSet::from([entry.code]), "{id}: the wrong example");
        assert_eq!(faults(right, cluster()), Vec::new(), "{id}: the right example");
    }
}

/// Scenario: the folder of pages. Guarantees: no page without a code.
#[test]
fn every_page_has_its_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors");
    let names = fs::read_dir(folder).expect("the pages are there").map(|entry| entry.expect("it lists").file_name());
    let on_disk: BTreeSet<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    let known: BTreeSet<String> = TABLE.iter().map(|entry| format!("{}.md", entry.code.id())).collect();
    assert_eq!(on_disk, known);
}
