//! The registry is the only place where a name is typed: these tests read it strictly, render what is made from it,
//! and compare. `UPDATE_EXPECT=1 cargo test --test it semconv` writes the files.

mod registry;
mod render;

use expect_test::{Expect, expect};
use pointsman_instrument::semconv;
use registry::Registry;
use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The registry of this repository; every fault in it fails the test.
pub(crate) fn load() -> Registry {
    Registry::load(&root().join("otel/registry")).unwrap_or_else(|faults| panic!("{}", faults.join("\n")))
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
            && kind.starts_with(|c: char| c.is_ascii_uppercase())
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
    let rows: BTreeSet<_> = with.iter().filter_map(|g| g.annotations.pointsman.row).collect();
    assert_eq!(rows, (1..=ROWS).collect());
    let own = |name: &&str| name.starts_with("mco.");
    let without: Vec<_> = without.iter().filter_map(|g| g.metric_name.as_deref()).filter(own).collect();
    assert_eq!(without, ["mco.node.update.phase.unobserved"]);
}

fn parse(yaml: &str) -> Result<Registry, Vec<String>> {
    let manifest = "name: x\ndescription: x\nschema_url: https://x/1\n";
    Registry::parse(&[("manifest".to_owned(), manifest.to_owned()), ("mco".to_owned(), yaml.to_owned())])
}

fn check(yaml: &str, want: &Expect) {
    let answer = match parse(yaml) {
        Ok(registry) => format!("{} groups", registry.files.iter().map(|(_, g)| g.len()).sum::<usize>()),
        Err(faults) => faults.join("\n"),
    };
    want.assert_eq(&answer);
}

const ATTRIBUTES: &str = "groups:
- id: registry.x
  type: attribute_group
  brief: Some.
  attributes: [{id: x.a, type: string, stability: development, brief: A., examples: [b]}]
";

fn metric(rest: &str) -> String {
    format!(
        "{ATTRIBUTES}- id: metric.x.m\n  type: metric\n  metric_name: x.m\n  stability: development\n  brief: M.\n  entity_associations: [e]\n{rest}\n"
    )
}

const GOOD: &str = "  annotations: {pointsman: {level: Debug, components: [c]}}\n  instrument: counter\n  unit: \"1\"";

/// Scenario: what Weaver's schema lets through. Guarantees: here it is a fault, with its line.
#[test]
fn the_reader_is_strict() {
    check(&metric(GOOD), &expect!["2 groups"]);
    check(
        &metric(&GOOD.replace("counter", "countr")),
        &expect!["mco.yaml:13: unknown variant `countr`, expected one of counter, updowncounter, gauge, histogram"],
    );
    check(
        &metric(&GOOD.replace("  unit: \"1\"", "")),
        &expect!["mco.yaml:6: metric.x.m: unit belongs to metrics, and each needs one"],
    );
    check(
        &metric(&format!("{GOOD}\n  attributes: [{{ref: x.b, requirement_level: required}}]")),
        &expect!["mco.yaml:15: x.b: ref leads nowhere"],
    );
    check(&metric(&format!("{GOOD}\n  attributes: [{{ref: x.a}}]")), &expect!["mco.yaml:15: x.a: ref needs a requirement_level"]);
    check(
        &metric(&format!("{GOOD}\n  attributes: [{{id: x.c, type: int, stability: stable, brief: C.}}]")),
        &expect!["mco.yaml:6: metric.x.m: attribute groups define with id, signals use with ref"],
    );
    check(
        &metric(&GOOD.replace("level: Debug", "level: Loud")),
        &expect!["mco.yaml:12: unknown variant `Loud`, expected one of Essential, Standard, Detailed, Debug"],
    );
    check(
        &metric(&GOOD.replace("level: Debug, ", "")),
        &expect!["mco.yaml:6: metric.x.m: annotations.pointsman.level belongs to metrics, and each needs one"],
    );
    check(
        &metric(&GOOD.replace("counter", "histogram")),
        &expect!["mco.yaml:6: metric.x.m: annotations.pointsman.buckets belongs to histograms, and each needs some"],
    );
    check(
        &metric(&format!("{GOOD}\n  span_kind: internal")),
        &expect!["mco.yaml:6: metric.x.m: span_kind belongs to spans, and each needs one"],
    );
    check(&ATTRIBUTES.replace(", examples: [b]", ""), &expect!["mco.yaml:5: x.a: a string needs examples"]);
    let twice = ATTRIBUTES.replace("groups:\n", "");
    check(
        &format!("{ATTRIBUTES}{twice}"),
        &expect![[r#"
        mco.yaml:6: registry.x: group is there twice
        mco.yaml:9: x.a: attribute is defined twice"#]],
    );
}

/// Scenario: a key that no version of the form knows. Guarantees: it is a fault, not ignored.
#[test]
fn unknown_keys_are_refused() {
    let faults = parse(&metric(&format!("{GOOD}\n  colour: red"))).expect_err("an unknown key");
    assert!(faults[0].starts_with("mco.yaml:15: unknown field `colour`"), "{faults:?}");
}
