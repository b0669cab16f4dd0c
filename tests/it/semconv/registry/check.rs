//! What serde cannot say of a registry: which fields each type of group must have, and that every name leads
//! somewhere, once. Reads no file; every fault is told, not the first alone.

use super::{AttributeEntry, AttributeType, Group, GroupType, InstrumentKind, Requirement, Stability, fault::Faults};
use serde_saphyr::Spanned;
use std::collections::{BTreeMap, BTreeSet};

/// What other groups may refer to.
#[derive(Default)]
struct Known<'a> {
    attributes: BTreeSet<&'a str>,
    entities: BTreeSet<&'a str>,
}

/// Adds every fault of these files.
pub(super) fn check(files: &[(String, Vec<Group>)], faults: &mut Faults) {
    let known = names(files, faults);
    rows(files, faults);
    for (name, groups) in files {
        for group in groups {
            for what in shape_faults(group) {
                faults.of(name, &group.id, what);
            }
            let mut seen = BTreeSet::new();
            for attribute in &group.attributes {
                attribute_faults(name, group, attribute, &known, faults);
                if let Some(to) = attribute.r#ref.as_ref().filter(|to| !seen.insert(to.value.as_str())) {
                    faults.of(name, to, "ref is there twice");
                }
            }
            for entity in &group.entity_associations {
                if !known.entities.contains(entity.value.as_str()) && !faults.unread.contains(&entity.value) {
                    faults.of(name, entity, "entity association leads nowhere");
                }
            }
        }
    }
}

/// Every name that is defined; those that are there twice are faults.
fn names<'a>(files: &'a [(String, Vec<Group>)], faults: &mut Faults) -> Known<'a> {
    let mut groups_seen = BTreeSet::new();
    let mut known = Known::default();
    for (name, groups) in files {
        for group in groups {
            if !groups_seen.insert(group.id.value.as_str()) {
                faults.of(name, &group.id, "group is there twice");
            }
            if group.r#type == GroupType::Entity {
                known.entities.extend(group.name.as_deref());
            }
            for id in group.attributes.iter().filter_map(|a| a.id.as_ref()) {
                if !known.attributes.insert(id.value.as_str()) {
                    faults.of(name, id, "attribute is defined twice");
                }
            }
        }
    }
    known
}

/// A row may be several instruments, but then of one family: `mco.operator.sync.duration` and `.errors`.
fn rows(files: &[(String, Vec<Group>)], faults: &mut Faults) {
    let mut families = BTreeMap::<u32, &str>::new();
    for (name, groups) in files {
        for group in groups {
            let (Some(row), Some(metric)) = (group.annotations.pointsman.row, group.metric_name.as_deref()) else { continue };
            let family = families.entry(row).or_insert_with(|| metric.rsplit_once('.').map_or(metric, |(parent, _)| parent));
            if !metric.strip_prefix(*family).is_some_and(|rest| rest.starts_with('.')) {
                faults.of(name, &group.id, &format!("row {row} belongs to {family}"));
            }
        }
    }
}

/// The fields a group of its type needs, or must not have.
fn shape_faults(group: &Group) -> Vec<&'static str> {
    let ours = &group.annotations.pointsman;
    let is = |t| group.r#type == t;
    let (metric, span, event, entity) = (is(GroupType::Metric), is(GroupType::Span), is(GroupType::Event), is(GroupType::Entity));
    let histogram = group.instrument == Some(InstrumentKind::Histogram);
    let id_of = |kind: &str, name: &Option<String>| name.as_ref().is_none_or(|n| group.id.value == format!("{kind}.{n}"));
    let rules = [
        (metric == group.metric_name.is_some(), "metric_name belongs to metrics, and each needs one"),
        (metric == group.instrument.is_some(), "instrument belongs to metrics, and each needs one"),
        (metric == group.unit.is_some(), "unit belongs to metrics, and each needs one"),
        (metric != group.entity_associations.is_empty(), "entity_associations belongs to metrics, and each needs some"),
        (metric == ours.level.is_some(), "annotations.pointsman.level belongs to metrics, and each needs one"),
        (metric != ours.components.is_empty(), "annotations.pointsman.components belongs to metrics, and each needs some"),
        (metric || ours.row.is_none(), "annotations.pointsman.row belongs to metrics"),
        (ours.row.is_none() || !ours.source.is_empty(), "a metric with a row needs annotations.pointsman.source"),
        (span == group.span_kind.is_some(), "span_kind belongs to spans, and each needs one"),
        (span == ours.name.is_some(), "annotations.pointsman.name belongs to spans, and each needs one"),
        ((event || entity) == group.name.is_some(), "name belongs to events and entities, and each needs one"),
        (is(GroupType::AttributeGroup) != group.stability.is_some(), "stability belongs to signals, and each needs one"),
        (histogram != ours.buckets.is_empty(), "annotations.pointsman.buckets belongs to histograms, and each needs some"),
        (ours.buckets.is_sorted_by(|a, b| a < b), "buckets must ascend"),
        (group.brief.ends_with('.'), "brief is a sentence and ends with a full stop"),
        (id_of("metric", &group.metric_name), "id must be metric.<metric_name>"),
        (!event || id_of("event", &group.name), "id must be event.<name>"),
        (!entity || id_of("entity", &group.name), "id must be entity.<name>"),
    ];
    rules.into_iter().filter(|(good, _)| !good).map(|(_, what)| what).collect()
}

fn attribute_faults(file: &str, group: &Group, attribute: &AttributeEntry, known: &Known<'_>, faults: &mut Faults) {
    match (&attribute.id, &attribute.r#ref) {
        (Some(id), None) if group.r#type == GroupType::AttributeGroup => definition_faults(file, id, attribute, faults),
        (None, Some(to)) if group.r#type != GroupType::AttributeGroup => {
            let entity = group.r#type == GroupType::Entity;
            let (metric, recommended) =
                (group.r#type == GroupType::Metric, attribute.requirement_level == Some(Requirement::Recommended));
            let there = known.attributes.contains(to.value.as_str()) || faults.unread.contains(&to.value);
            let rules = [
                (there, "ref leads nowhere"),
                (attribute.requirement_level.is_some(), "ref needs a requirement_level"),
                (attribute.r#type.is_none(), "type belongs to definitions"),
                (!(metric && recommended), "the attributes of a metric are required"),
                (entity == attribute.role.is_some(), "role belongs to refs of entities, and each needs one"),
            ];
            rules.iter().filter(|(good, _)| !good).for_each(|(_, what)| faults.of(file, to, what));
        }
        _ => faults.of(file, &group.id, "attribute groups define with id, signals use with ref"),
    }
}

fn definition_faults(file: &str, id: &Spanned<String>, attribute: &AttributeEntry, faults: &mut Faults) {
    let text = matches!(attribute.r#type, Some(AttributeType::String));
    let rules = [
        (attribute.r#type.is_some(), "attribute needs a type"),
        (attribute.brief.is_some(), "attribute needs a brief"),
        (attribute.stability.is_some(), "attribute needs a stability"),
        (!text || attribute.examples.is_some(), "a string needs examples"),
        (attribute.requirement_level.is_none(), "requirement_level belongs to refs"),
    ];
    rules.iter().filter(|(good, _)| !good).for_each(|(_, what)| faults.of(file, id, what));
    let Some(AttributeType::Enum(closed)) = &attribute.r#type else { return };
    let (mut ids, mut values) = (BTreeSet::new(), BTreeSet::new());
    for member in &closed.members {
        let stable = attribute.stability != Some(Stability::Stable) || member.stability == Stability::Stable;
        let rules = [
            (member.brief.is_some(), "member needs a brief"),
            (stable, "a stable attribute has stable members"),
            (ids.insert(member.id.value.as_str()), "member is there twice"),
            (values.insert(member.value.as_str()), "value is there twice"),
        ];
        rules.iter().filter(|(good, _)| !good).for_each(|(_, what)| faults.of(file, &member.id, what));
    }
}
