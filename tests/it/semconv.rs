//! The registry is the only place where a name is typed: these tests read it strictly, render what is made from it,
//! and compare. `UPDATE_EXPECT=1 cargo test --test it semconv` writes the files.

mod coverage;
mod registry;
mod render;

use pointsman_instrument::semconv;
use registry::Registry;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The registry of this repository; every fault in it fails the test.
pub(crate) fn load() -> Registry {
    Registry::load(&root().join("otel/registry")).unwrap_or_else(|faults| panic!("{}", faults.join("\n")))
}

/// The values of a closed set, by the label that it becomes; none where any text may stand.
pub(crate) fn members(label: &str) -> BTreeSet<String> {
    let registry = load();
    let of_label = |entry: &&registry::AttributeEntry| entry.id.as_ref().is_some_and(|id| id.value.replace('.', "_") == label);
    let found = registry.definitions().map(|(_, entry)| entry).find(of_label);
    match found.and_then(|entry| entry.r#type.as_ref()) {
        Some(registry::AttributeType::Enum(set)) => set.members.iter().map(|member| member.value.clone()).collect(),
        _ => BTreeSet::new(),
    }
}

/// Scenario: the registry or a template changed. Guarantees: what is made from them is as it would be made now.
#[test]
fn generated_files_are_fresh() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut stale = String::new();
    for (path, text) in render::files(&load(), root()) {
        let file = root().join(&path);
        if fs::read_to_string(&file).ok().as_deref() == Some(text.as_str()) {
            continue;
        }
        if update {
            fs::create_dir_all(file.parent().expect("a path below the repository")).expect("make the folder");
            fs::write(&file, text).expect("write the file");
        } else {
            writeln!(stale, "{path}").expect("a string takes everything");
        }
    }
    assert!(stale.is_empty(), "stale, run UPDATE_EXPECT=1 cargo test --test it semconv:\n{stale}");
}

/// Scenario: a file lies beside the generated ones. Guarantees: nothing there is left from a name that is gone.
#[test]
fn nothing_generated_is_left_over() {
    let made: BTreeSet<_> = render::files(&load(), root()).into_iter().map(|(path, _)| path).collect();
    for folder in ["src/instrument/semconv", "otel/catalog"] {
        for entry in fs::read_dir(root().join(folder)).expect("the folder is there") {
            let name = entry.expect("an entry").file_name().into_string().expect("a name in UTF-8");
            let path = format!("{folder}/{name}");
            assert!(made.contains(&path), "{path} is not generated: delete it");
        }
    }
}

/// Scenario: two metrics translate to one Prometheus name. Guarantees: ours never do.
#[test]
fn prometheus_names_are_unique() {
    let mut seen = BTreeSet::new();
    for line in fs::read_to_string(root().join("otel/METRICS.md")).expect("METRICS.md").lines() {
        let mut cells = line.split('|').map(str::trim);
        if let (Some(""), Some(family), Some(_), Some(kind)) = (cells.next(), cells.next(), cells.next(), cells.next())
            && ["Counter", "UpDownCounter", "Gauge", "Histogram"].contains(&kind)
        {
            assert!(seen.insert(family.to_owned()), "{family} is there twice");
        }
    }
    let known = [semconv::legacy::METRICS.len(), semconv::mco::METRICS.len(), semconv::pointsman::METRICS.len()];
    assert_eq!(seen.len(), known.iter().sum::<usize>());
}

/// How many rows the list of what to know of the operator has.
const ROWS: u32 = 97;

/// Scenario: a row of the list is forgotten, or one too many is made up. Guarantees: each is there, in one instrument
/// or more; what has no row is named here.
#[test]
fn every_row_is_declared() {
    let registry = load();
    let metrics = registry.files.iter().flat_map(|(_, groups)| groups).filter(|g| g.metric_name.is_some());
    let (with, without): (Vec<_>, Vec<_>) = metrics.partition(|g| g.annotations.pointsman.row.is_some());
    let mut rows = BTreeMap::<u32, usize>::new();
    with.iter().filter_map(|g| g.annotations.pointsman.row).for_each(|row| *rows.entry(row).or_default() += 1);
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), (1..=ROWS).collect::<Vec<_>>());
    let several: Vec<_> = rows.into_iter().filter(|(_, instruments)| *instruments > 1).collect();
    assert_eq!(several, [(24, 2), (57, 3), (64, 2), (94, 4), (95, 4)]);
    let own = |name: &&str| name.starts_with("mco.");
    let without: Vec<_> = without.iter().filter_map(|g| g.metric_name.as_deref()).filter(own).collect();
    assert_eq!(without, ["mco.node.update.phase.unobserved"]);
}
