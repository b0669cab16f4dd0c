//! Reads `otel/registry` strictly: unknown keys, missing units, misspelt instruments and refs that lead nowhere are
//! errors with file and line, all at once. Knows the form of the files, not what is made of them.

use serde::Deserialize;
use serde_saphyr::Spanned;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// A registry file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) groups: Vec<Group>,
}

/// `manifest.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) schema_url: String,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroupType {
    AttributeGroup,
    Metric,
    Span,
    Event,
    Entity,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum InstrumentKind {
    Counter,
    UpDownCounter,
    Gauge,
    Histogram,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stability {
    Development,
    Stable,
}

/// A group of any type; `check` knows which fields each type has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) id: Spanned<String>,
    pub(crate) r#type: GroupType,
    pub(crate) brief: String,
    pub(crate) note: Option<String>,
    pub(crate) stability: Option<Stability>,
    pub(crate) metric_name: Option<String>,
    pub(crate) instrument: Option<InstrumentKind>,
    pub(crate) unit: Option<String>,
    pub(crate) span_kind: Option<SpanKind>,
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) entity_associations: Vec<Spanned<String>>,
    #[serde(default)]
    pub(crate) annotations: Annotations,
    #[serde(default)]
    pub(crate) attributes: Vec<AttributeEntry>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SpanKind {
    Internal,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Annotations {
    #[serde(default)]
    pub(crate) pointsman: Ours,
}

/// What the generator needs beyond the conventions' own fields.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ours {
    /// Number in the list of what to know of the operator.
    pub(crate) row: Option<u32>,
    pub(crate) level: Option<Level>,
    /// Old names it stands for.
    #[serde(default)]
    pub(crate) legacy: Vec<String>,
    /// What it is read from.
    #[serde(default)]
    pub(crate) source: Vec<Source>,
    /// Nothing is sent until its source is configured.
    #[serde(default)]
    pub(crate) opt_in: bool,
    pub(crate) scope: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) limit: Option<usize>,
    #[serde(default)]
    pub(crate) components: Vec<String>,
    #[serde(default)]
    pub(crate) buckets: Vec<f64>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Essential,
    Standard,
    Detailed,
    Debug,
}

/// What a metric is read from.
#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// An object of the API.
    A,
    /// A node.
    N,
    /// A Kubernetes event.
    E,
    /// A line of a log.
    L,
    /// A scrape of the component.
    S,
    /// A report of the component.
    P,
}

/// A definition (`id`) or a use (`ref`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttributeEntry {
    pub(crate) id: Option<Spanned<String>>,
    pub(crate) r#ref: Option<Spanned<String>>,
    pub(crate) r#type: Option<AttributeType>,
    pub(crate) brief: Option<String>,
    pub(crate) stability: Option<Stability>,
    pub(crate) requirement_level: Option<Requirement>,
    pub(crate) role: Option<Role>,
    pub(crate) examples: Option<Vec<String>>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Requirement {
    Required,
    Recommended,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Identifying,
    Descriptive,
}

#[derive(Debug, Deserialize, Clone)]
#[serde(untagged)]
pub(crate) enum AttributeType {
    Plain(Plain),
    Enum(Members),
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Plain {
    String,
    Int,
}

#[derive(Debug, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct Members {
    pub(crate) members: Vec<Member>,
}

#[derive(Debug, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) value: String,
    pub(crate) brief: String,
    pub(crate) stability: Stability,
}

/// A registry without a fault.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) manifest: Manifest,
    /// (file name without its end, groups); up to the first `-` it is the module's name.
    pub(crate) files: Vec<(String, Vec<Group>)>,
}

impl Registry {
    /// Reads the folder, or says everything that is wrong with it.
    pub(crate) fn load(folder: &Path) -> Result<Self, Vec<String>> {
        let mut texts = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().and_then(|n| n.to_str()).expect("a name in UTF-8").to_owned();
            assert!(path.extension().is_some_and(|e| e == "yaml"), "{}: only *.yaml belongs here", path.display());
            texts.push((name, std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))));
        }
        texts.sort();
        Self::parse(&texts)
    }

    /// As [`Registry::load`], from texts: (file name without its end, text).
    pub(crate) fn parse(texts: &[(String, String)]) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut manifest = None;
        let mut files = Vec::new();
        for (name, text) in texts {
            if name == "manifest" {
                manifest = read::<Manifest>(name, text, &mut faults);
            } else if let Some(file) = read::<File>(name, text, &mut faults) {
                files.push((name.clone(), file.groups));
            }
        }
        check(&files, &mut faults);
        match (manifest, faults.is_empty()) {
            (Some(manifest), true) => Ok(Self { manifest, files }),
            _ => Err(faults),
        }
    }

    /// The definition of an attribute.
    pub(crate) fn attribute(&self, id: &str) -> &AttributeEntry {
        self.definitions().find(|(_, a)| a.id.as_ref().is_some_and(|i| i.value == id)).expect("every ref was checked").1
    }

    /// Every definition with its module, in file order.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = (&str, &AttributeEntry)> {
        self.files.iter().flat_map(|(module, groups)| {
            groups
                .iter()
                .filter(|g| g.r#type == GroupType::AttributeGroup)
                .flat_map(move |g| g.attributes.iter().map(move |a| (module.as_str(), a)))
        })
    }
}

fn read<T: for<'de> Deserialize<'de>>(name: &str, text: &str, faults: &mut Vec<String>) -> Option<T> {
    match serde_saphyr::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let line = error.location().map_or(0, |l| l.line());
            let what = error.without_snippet().to_string();
            let what = what.split(" at line ").next().unwrap_or_default();
            faults.push(format!("{name}.yaml:{line}: {what}"));
            None
        }
    }
}

/// What serde cannot say: which fields a type of group must have, and that every name leads somewhere, once.
fn check(files: &[(String, Vec<Group>)], faults: &mut Vec<String>) {
    let mut ids = BTreeSet::new();
    let mut defined = BTreeMap::new();
    for (name, groups) in files {
        for group in groups {
            if !ids.insert(group.id.value.as_str()) {
                faults.push(place(name, &group.id, "group is there twice"));
            }
            for id in group.attributes.iter().filter_map(|a| a.id.as_ref()) {
                if defined.insert(id.value.as_str(), name).is_some() {
                    faults.push(place(name, id, "attribute is defined twice"));
                }
            }
        }
    }
    for (name, groups) in files {
        for group in groups {
            let wrong = shape_faults(group);
            faults.extend(wrong.iter().map(|what| place(name, &group.id, what)));
            for attribute in &group.attributes {
                attribute_faults(name, group, attribute, &defined, faults);
            }
        }
    }
}

fn place(name: &str, at: &Spanned<String>, what: &str) -> String {
    format!("{name}.yaml:{}: {}: {what}", at.referenced.line(), at.value)
}

/// The fields a group of its type needs, or must not have.
fn shape_faults(group: &Group) -> Vec<&'static str> {
    let ours = &group.annotations.pointsman;
    let is = |t| group.r#type == t;
    let (metric, span, event, entity) = (is(GroupType::Metric), is(GroupType::Span), is(GroupType::Event), is(GroupType::Entity));
    let mut wrong = Vec::new();
    let mut must = |bad: bool, what| {
        if bad {
            wrong.push(what);
        }
    };
    must(metric != group.metric_name.is_some(), "metric_name belongs to metrics, and each needs one");
    must(metric != group.instrument.is_some(), "instrument belongs to metrics, and each needs one");
    must(metric != group.unit.is_some(), "unit belongs to metrics, and each needs one");
    must(metric != ours.level.is_some(), "annotations.pointsman.level belongs to metrics, and each needs one");
    must(metric == ours.components.is_empty(), "annotations.pointsman.components belongs to metrics, and each needs some");
    must(span != group.span_kind.is_some(), "span_kind belongs to spans, and each needs one");
    must(span != ours.name.is_some(), "annotations.pointsman.name belongs to spans, and each needs one");
    must((event || entity) != group.name.is_some(), "name belongs to events and entities, and each needs one");
    must(metric == group.entity_associations.is_empty(), "entity_associations belongs to metrics, and each needs some");
    must(!metric && ours.row.is_some(), "annotations.pointsman.row belongs to metrics");
    must(ours.row.is_some() && ours.source.is_empty(), "a metric with a row needs annotations.pointsman.source");
    must(is(GroupType::AttributeGroup) == group.stability.is_some(), "stability belongs to signals, and each needs one");
    let histogram = group.instrument == Some(InstrumentKind::Histogram);
    must(histogram == ours.buckets.is_empty(), "annotations.pointsman.buckets belongs to histograms, and each needs some");
    must(!ours.buckets.is_sorted_by(|a, b| a < b), "buckets must ascend");
    must(!group.brief.ends_with('.'), "brief is a sentence and ends with a full stop");
    let id_of = |kind: &str, name: &Option<String>| name.as_ref().is_none_or(|n| group.id.value == format!("{kind}.{n}"));
    must(!id_of("metric", &group.metric_name), "id must be metric.<metric_name>");
    must(event && !id_of("event", &group.name), "id must be event.<name>");
    must(entity && !id_of("entity", &group.name), "id must be entity.<name>");
    wrong
}

fn attribute_faults(
    file: &str,
    group: &Group,
    attribute: &AttributeEntry,
    defined: &BTreeMap<&str, &String>,
    faults: &mut Vec<String>,
) {
    let (at, what) = match (&attribute.id, &attribute.r#ref) {
        (Some(id), None) if group.r#type == GroupType::AttributeGroup => {
            let text = matches!(attribute.r#type, Some(AttributeType::Plain(Plain::String)));
            let what = match attribute {
                AttributeEntry { r#type: None, .. } => "attribute needs a type",
                AttributeEntry { brief: None, .. } => "attribute needs a brief",
                AttributeEntry { stability: None, .. } => "attribute needs a stability",
                AttributeEntry { examples: None, .. } if text => "a string needs examples",
                AttributeEntry { requirement_level: Some(_), .. } => "requirement_level belongs to refs",
                AttributeEntry { r#type: Some(AttributeType::Enum(e)), stability: Some(Stability::Stable), .. }
                    if e.members.iter().any(|m| m.stability != Stability::Stable) =>
                {
                    "a stable attribute has stable members"
                }
                _ => return,
            };
            (id, what)
        }
        (None, Some(to)) if group.r#type != GroupType::AttributeGroup => {
            let what = match attribute {
                _ if !defined.contains_key(to.value.as_str()) => "ref leads nowhere",
                AttributeEntry { requirement_level: None, .. } => "ref needs a requirement_level",
                AttributeEntry { r#type: Some(_), .. } => "type belongs to definitions",
                AttributeEntry { requirement_level: Some(Requirement::Recommended), .. } if group.r#type == GroupType::Metric => {
                    "the attributes of a metric are required"
                }
                _ if (group.r#type == GroupType::Entity) != attribute.role.is_some() => {
                    "role belongs to refs of entities, and each needs one"
                }
                _ => return,
            };
            (to, what)
        }
        _ => (&group.id, "attribute groups define with id, signals use with ref"),
    };
    faults.push(place(file, at, what));
}
