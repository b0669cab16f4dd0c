use super::Registry;
use expect_test::{Expect, expect};

const HEAD: &str = "groups:
- id: registry.x
  type: attribute_group
  brief: Some.
  attributes:
  - {id: x.a, type: string, stability: development, brief: A., examples: [b]}
- id: entity.x.thing
  type: entity
  name: x.thing
  stability: development
  brief: A thing.
  attributes: [{ref: x.a, role: identifying, requirement_level: required}]
";

const METRIC: &str = "- id: metric.x.m
  type: metric
  metric_name: x.m
  instrument: counter
  unit: \"1\"
  stability: development
  brief: M.
  entity_associations: [x.thing]
  annotations: {pointsman: {level: Debug, components: [c]}}
  attributes: [{ref: x.a, requirement_level: required}]
";

/// What the reader says of the sound file above, with each `from` replaced by its `to`, and `more` behind it.
fn check(edits: &[(&str, &str)], more: &str, want: &Expect) {
    let mut yaml = format!("{HEAD}{METRIC}");
    for (from, to) in edits {
        assert!(yaml.contains(from), "{from} is not in the file");
        yaml = yaml.replacen(from, to, 1);
    }
    let manifest = "name: x\ndescription: x\nschema_url: https://x/1\n";
    let texts = [("manifest", manifest.to_owned()), ("x", yaml + more)].map(|(name, text)| (name.to_owned(), text));
    let answer = match Registry::parse(&texts) {
        Ok(registry) => format!("{} groups", registry.files.iter().map(|(_, g)| g.len()).sum::<usize>()),
        Err(faults) => faults.join("\n"),
    };
    want.assert_eq(&answer);
}

/// Scenario: a sound file. Guarantees: it is read.
#[test]
fn a_sound_file_is_read() {
    check(&[], "", &expect!["3 groups"]);
    check(&[("groups:", "# Why.\n\ngroups:")], "\n# The end.\n", &expect!["3 groups"]);
}

/// Scenario: what Weaver's schema lets through. Guarantees: here it is a fault, with its place and a caret.
#[test]
fn the_reader_is_strict() {
    check(
        &[("counter", "countr")],
        "",
        &expect![[r#"
        x.yaml:16:15: unknown variant `countr`, expected one of counter, updowncounter, gauge, histogram
           16 |   instrument: countr
              |               ^"#]],
    );
    check(
        &[("brief: M.", "brief: M.\n  colour: red")],
        "",
        &expect![[r#"
        x.yaml:20:3: unknown field `colour`, expected one of id, type, brief, note, stability, metric_name, instrument, unit, span_kind, name, entity_associations, annotations, attributes
           20 |   colour: red
              |   ^"#]],
    );
    check(
        &[("level: Debug", "level: Loud")],
        "",
        &expect![[r#"
        x.yaml:21:36: unknown variant `Loud`, expected one of Essential, Standard, Detailed, Debug
           21 |   annotations: {pointsman: {level: Loud, components: [c]}}
              |                                    ^"#]],
    );
    check(
        &[("type: string", "type: strin")],
        "",
        &expect![[r#"
        x.yaml:6:15: unknown variant `strin`, expected one of string, int
            6 |   - {id: x.a, type: strin, stability: development, brief: A., examples: [b]}
              |               ^"#]],
    );
    check(
        &[("groups:", "groups: {}\nmore:")],
        "",
        &expect![[r#"
        x.yaml:1:9: expected sequence start
            1 | groups: {}
              |         ^"#]],
    );
}

/// Scenario: a group lacks what its type needs, or has what belongs to others. Guarantees: each is a fault of the group.
#[test]
fn every_group_has_what_its_type_needs() {
    check(
        &[("  unit: \"1\"\n", "")],
        "",
        &expect![[r#"
        x.yaml:13:7: metric.x.m: unit belongs to metrics, and each needs one
           13 | - id: metric.x.m
              |       ^"#]],
    );
    check(
        &[("level: Debug, ", "")],
        "",
        &expect![[r#"
        x.yaml:13:7: metric.x.m: annotations.pointsman.level belongs to metrics, and each needs one
           13 | - id: metric.x.m
              |       ^"#]],
    );
    check(
        &[("brief: M.", "brief: M")],
        "",
        &expect![[r#"
        x.yaml:13:7: metric.x.m: brief is a sentence and ends with a full stop
           13 | - id: metric.x.m
              |       ^"#]],
    );
    check(
        &[("metric_name: x.m", "metric_name: x.n")],
        "",
        &expect![[r#"
        x.yaml:13:7: metric.x.m: id must be metric.<metric_name>
           13 | - id: metric.x.m
              |       ^"#]],
    );
    check(
        &[(", components: [c]", "")],
        "",
        &expect![[r#"
        x.yaml:13:7: metric.x.m: annotations.pointsman.components belongs to metrics, and each needs some
           13 | - id: metric.x.m
              |       ^"#]],
    );
    check(
        &[("level: Debug", "row: 1, level: Debug")],
        "",
        &expect![[r#"
        x.yaml:13:7: metric.x.m: a metric with a row needs annotations.pointsman.source
           13 | - id: metric.x.m
              |       ^"#]],
    );
    check(
        &[("brief: M.", "brief: M.\n  span_kind: internal")],
        "",
        &expect![[r#"
        x.yaml:13:7: metric.x.m: span_kind belongs to spans, and each needs one
           13 | - id: metric.x.m
              |       ^"#]],
    );
}

/// Scenario: a histogram without buckets, or with buckets out of order. Guarantees: each is a fault.
#[test]
fn buckets_are_there_and_ascend() {
    check(
        &[("counter", "histogram")],
        "",
        &expect![[r#"
        x.yaml:13:7: metric.x.m: annotations.pointsman.buckets belongs to histograms, and each needs some
           13 | - id: metric.x.m
              |       ^"#]],
    );
    check(
        &[("level: Debug", "level: Debug, buckets: [2, 1]"), ("counter", "histogram")],
        "",
        &expect![[r#"
        x.yaml:13:7: metric.x.m: buckets must ascend
           13 | - id: metric.x.m
              |       ^"#]],
    );
}

/// Scenario: names that lead nowhere. Guarantees: each is a fault where it is used.
#[test]
fn every_name_leads_somewhere() {
    check(
        &[("attributes: [{ref: x.a, requirement_level: required}]", "attributes: [{ref: x.b, requirement_level: required}]")],
        "",
        &expect![[r#"
            x.yaml:22:22: x.b: ref leads nowhere
               22 |   attributes: [{ref: x.b, requirement_level: required}]
                  |                      ^"#]],
    );
    check(
        &[("entity_associations: [x.thing]", "entity_associations: [x.thing, x.thong]")],
        "",
        &expect![[r#"
        x.yaml:20:34: x.thong: entity association leads nowhere
           20 |   entity_associations: [x.thing, x.thong]
              |                                  ^"#]],
    );
    check(
        &[("  entity_associations: [x.thing]\n", "")],
        "",
        &expect![[r#"
        x.yaml:13:7: metric.x.m: entity_associations belongs to metrics, and each needs some
           13 | - id: metric.x.m
              |       ^"#]],
    );
}

/// Scenario: refs and definitions are mixed up. Guarantees: each is a fault.
#[test]
fn refs_and_definitions_are_told_apart() {
    let reference = "[{ref: x.a, requirement_level: required}]";
    check(
        &[(reference, "[{ref: x.a}]")],
        "",
        &expect![[r#"
        x.yaml:22:22: x.a: ref needs a requirement_level
           22 |   attributes: [{ref: x.a}]
              |                      ^"#]],
    );
    check(
        &[(reference, "[{ref: x.a, requirement_level: recommended}]")],
        "",
        &expect![[r#"
        x.yaml:22:22: x.a: the attributes of a metric are required
           22 |   attributes: [{ref: x.a, requirement_level: recommended}]
              |                      ^"#]],
    );
    check(
        &[(reference, "[{ref: x.a, role: descriptive, requirement_level: required}]")],
        "",
        &expect![[r#"
        x.yaml:22:22: x.a: role belongs to refs of entities, and each needs one
           22 |   attributes: [{ref: x.a, role: descriptive, requirement_level: required}]
              |                      ^"#]],
    );
    check(
        &[(reference, "[{id: x.c, type: int, stability: stable, brief: C.}]")],
        "",
        &expect![[r#"
        x.yaml:13:7: metric.x.m: attribute groups define with id, signals use with ref
           13 | - id: metric.x.m
              |       ^"#]],
    );
    check(
        &[(reference, "[{ref: x.a, requirement_level: required}, {ref: x.a, requirement_level: required}]")],
        "",
        &expect![[r#"
            x.yaml:22:63: x.a: ref is there twice
               22 |   attributes: [{ref: x.a, requirement_level: required}, {ref: x.a, requirement_level: required}]
                  |                                                               ^"#]],
    );
    check(
        &[("role: identifying, ", "")],
        "",
        &expect![[r#"
        x.yaml:12:22: x.a: role belongs to refs of entities, and each needs one
           12 |   attributes: [{ref: x.a, requirement_level: required}]
              |                      ^"#]],
    );
    check(
        &[(", examples: [b]", "")],
        "",
        &expect![[r#"
        x.yaml:6:10: x.a: a string needs examples
            6 |   - {id: x.a, type: string, stability: development, brief: A.}
              |          ^"#]],
    );
}

/// Scenario: things that are there twice. Guarantees: the second is the fault.
#[test]
fn nothing_is_there_twice() {
    check(
        &[],
        METRIC,
        &expect![[r#"
        x.yaml:23:7: metric.x.m: group is there twice
           23 | - id: metric.x.m
              |       ^"#]],
    );
    let again = "- id: registry.y\n  type: attribute_group\n  brief: Y.\n  attributes: [{id: x.a, type: int, stability: stable, brief: A.}]\n";
    check(
        &[],
        again,
        &expect![[r#"
        x.yaml:26:21: x.a: attribute is defined twice
           26 |   attributes: [{id: x.a, type: int, stability: stable, brief: A.}]
              |                     ^"#]],
    );
    let row = |name: &str| METRIC.replace("x.m", name).replace("level: Debug", "row: 7, source: [A], level: Debug");
    check(
        &[],
        &(row("x.pool.count") + &row("x.pool.errors") + &row("x.node.count")),
        &expect![[r#"
        x.yaml:43:7: metric.x.node.count: row 7 belongs to x.pool
           43 | - id: metric.x.node.count
              |       ^"#]],
    );
}

/// Scenario: a closed set with holes. Guarantees: a member without a brief, or one that is there twice, is a fault.
#[test]
fn every_member_is_told() {
    let closed = "- id: registry.y
  type: attribute_group
  brief: Y.
  attributes:
  - id: y.b
    stability: stable
    brief: B.
    type:
      members:
      - {id: one, value: one, stability: stable}
      - {id: two, value: one, brief: Two., stability: development}
      - {id: two, value: two, brief: Two., stability: stable}
";
    check(
        &[],
        closed,
        &expect![[r#"
        x.yaml:32:14: one: member needs a brief
           32 |       - {id: one, value: one, stability: stable}
              |              ^
        x.yaml:33:14: two: a stable attribute has stable members
           33 |       - {id: two, value: one, brief: Two., stability: development}
              |              ^
        x.yaml:33:14: two: value is there twice
           33 |       - {id: two, value: one, brief: Two., stability: development}
              |              ^
        x.yaml:34:14: two: member is there twice
           34 |       - {id: two, value: two, brief: Two., stability: stable}
              |              ^"#]],
    );
    check(
        &[],
        &closed.replace("value: two, brief", "valeu: two, brief"),
        &expect![[r#"
        x.yaml:34:19: unknown field `valeu`, expected one of id, value, brief, stability
           34 |       - {id: two, valeu: two, brief: Two., stability: stable}
              |                   ^"#]],
    );
}

/// Scenario: faults in many groups, and one group that cannot be read. Guarantees: all are told at once, and nobody is
/// blamed for a name that only the unread group would define.
#[test]
fn every_fault_is_told_at_once() {
    let edits = [("type: attribute_group", "type: attribute_grop"), ("  unit: \"1\"\n", ""), ("x.thing]", "x.thong]")];
    check(
        &edits,
        &METRIC.replace("counter", "countr"),
        &expect![[r#"
        x.yaml:3:9: unknown variant `attribute_grop`, expected one of attribute_group, metric, span, event, entity
            3 |   type: attribute_grop
              |         ^
        x.yaml:13:7: metric.x.m: unit belongs to metrics, and each needs one
           13 | - id: metric.x.m
              |       ^
        x.yaml:19:25: x.thong: entity association leads nowhere
           19 |   entity_associations: [x.thong]
              |                         ^
        x.yaml:25:15: unknown variant `countr`, expected one of counter, updowncounter, gauge, histogram
           25 |   instrument: countr
              |               ^"#]],
    );
}
